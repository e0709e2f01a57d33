//! The public items of generated code, and how a change of them feels to callers.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item as SynItem, Visibility};

/// How a change feels to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Code that compiled may not compile, or mean something else.
    Breaking,
    /// A value that the code states is another one.
    Value,
    /// There is more than before.
    Additive,
}

impl Effect {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Value => "value",
            Self::Additive => "additive",
        }
    }
}

/// A changed item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub path: String,
    /// How it was declared; empty when it is new.
    pub before: String,
    /// How it is declared; empty when it is gone.
    pub after: String,
}

/// A public item as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its declaration without documentation and body.
    signature: String,
    /// The value of a constant.
    value: String,
    /// Whether callers must expect more of its kind beside it.
    open: bool,
}

/// The public items of public modules, by path.
///
/// What stands at the root of the generated file is not passed on by the library.
///
/// # Errors
/// Fails when the text is no Rust.
pub fn public(text: &str) -> Result<BTreeMap<String, Declared>, String> {
    let file =
        syn::parse_file(text).map_err(|error| format!("the generated code is no Rust: {error}"))?;
    let mut found = BTreeMap::new();
    for item in &file.items {
        if let SynItem::Mod(module) = item
            && is_public(&module.vis)
            && let Some((_, items)) = &module.content
        {
            let name = match module.ident.to_string().as_str() {
                "types" => "models".to_owned(),
                other => other.to_owned(),
            };
            if name != "prelude" {
                collect(items, &name, &mut found);
            }
        }
    }
    Ok(found)
}

fn collect(items: &[SynItem], path: &str, found: &mut BTreeMap<String, Declared>) {
    let mut add = |path: String, signature: String, value: String, open: bool| {
        found.insert(
            path,
            Declared {
                signature,
                value,
                open,
            },
        );
    };
    for item in items {
        match item {
            SynItem::Struct(item) if is_public(&item.vis) => {
                let place = format!("{path}::{}", item.ident);
                let open = has(&item.attrs, "non_exhaustive");
                let kind = if open {
                    "#[non_exhaustive] pub struct"
                } else {
                    "pub struct"
                };
                add(
                    place.clone(),
                    format!("{kind} {}", item.ident),
                    String::new(),
                    true,
                );
                derives(&item.attrs, &place, &mut add);
                fields(&item.fields, &place, open, &mut add);
            }
            SynItem::Enum(item) if is_public(&item.vis) => {
                let place = format!("{path}::{}", item.ident);
                let open = has(&item.attrs, "non_exhaustive");
                let kind = if open {
                    "#[non_exhaustive] pub enum"
                } else {
                    "pub enum"
                };
                add(
                    place.clone(),
                    format!("{kind} {}", item.ident),
                    String::new(),
                    true,
                );
                derives(&item.attrs, &place, &mut add);
                for variant in &item.variants {
                    let signature = format!(
                        "{}{}",
                        variant.ident,
                        tidy(&variant.fields.to_token_stream().to_string())
                    );
                    add(
                        format!("{place}::{}", variant.ident),
                        signature,
                        String::new(),
                        open,
                    );
                }
            }
            SynItem::Const(item) if is_public(&item.vis) => {
                let signature = format!("pub const {}: {}", item.ident, written(&item.ty));
                add(
                    format!("{path}::{}", item.ident),
                    signature,
                    written(&item.expr),
                    true,
                );
            }
            SynItem::Type(item) if is_public(&item.vis) => {
                let signature = format!("pub type {} = {}", item.ident, written(&item.ty));
                add(
                    format!("{path}::{}", item.ident),
                    signature,
                    String::new(),
                    true,
                );
            }
            SynItem::Fn(item) if is_public(&item.vis) => {
                add(
                    format!("{path}::{}", item.sig.ident),
                    written(&item.sig),
                    String::new(),
                    true,
                );
            }
            SynItem::Impl(block) => implementations(block, path, &mut add),
            SynItem::Mod(module) if is_public(&module.vis) => {
                if let Some((_, inner)) = &module.content {
                    let mut nested = BTreeMap::new();
                    collect(inner, &format!("{path}::{}", module.ident), &mut nested);
                    for (path, declared) in nested {
                        add(path, declared.signature, declared.value, declared.open);
                    }
                }
            }
            _ => {}
        }
    }
}

fn implementations(
    block: &syn::ItemImpl,
    path: &str,
    add: &mut impl FnMut(String, String, String, bool),
) {
    let target = written(&block.self_ty);
    if let Some((implemented, _)) = &block.trait_ {
        let name = written(implemented);
        add(
            format!("{path}::{target} as {name}"),
            format!("impl {name} for {target}"),
            String::new(),
            true,
        );
        return;
    }
    for member in &block.items {
        match member {
            ImplItem::Fn(method) if is_public(&method.vis) => {
                add(
                    format!("{path}::{target}::{}", method.sig.ident),
                    written(&method.sig),
                    String::new(),
                    true,
                );
            }
            ImplItem::Const(constant) if is_public(&constant.vis) => {
                let signature = format!("pub const {}: {}", constant.ident, written(&constant.ty));
                add(
                    format!("{path}::{target}::{}", constant.ident),
                    signature,
                    written(&constant.expr),
                    true,
                );
            }
            _ => {}
        }
    }
}

fn fields(
    fields: &Fields,
    place: &str,
    open: bool,
    add: &mut impl FnMut(String, String, String, bool),
) {
    for (number, field) in fields.iter().enumerate() {
        if !is_public(&field.vis) {
            continue;
        }
        let name = field
            .ident
            .as_ref()
            .map_or_else(|| number.to_string(), ToString::to_string);
        let signature = format!("pub {name}: {}", written(&field.ty));
        add(format!("{place}::{name}"), signature, String::new(), open);
    }
}

fn derives(
    attributes: &[Attribute],
    place: &str,
    add: &mut impl FnMut(String, String, String, bool),
) {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
    {
        let Ok(list) = attribute.meta.require_list() else {
            continue;
        };
        for name in list.tokens.to_string().split(',') {
            let name = tidy(name);
            if !name.is_empty() {
                add(
                    format!("{place} as {name}"),
                    format!("#[derive({name})]"),
                    String::new(),
                    true,
                );
            }
        }
    }
}

/// What changed, breaking first.
pub fn changes(
    old: &BTreeMap<String, Declared>,
    new: &BTreeMap<String, Declared>,
) -> Vec<(Effect, Item)> {
    let mut changes = Vec::new();
    for (path, before) in old {
        let Some(after) = new.get(path) else {
            changes.push((Effect::Breaking, changed(path, &before.signature, "")));
            continue;
        };
        if before.signature != after.signature {
            changes.push((
                Effect::Breaking,
                changed(path, &before.signature, &after.signature),
            ));
        } else if before.value != after.value {
            changes.push((Effect::Value, changed(path, &before.value, &after.value)));
        }
    }
    for (path, after) in new.iter().filter(|(path, _)| !old.contains_key(*path)) {
        let parent = path.rsplit_once("::").map_or("", |(parent, _)| parent);
        // More in something that callers take apart completely stops their code from compiling.
        let closed = !after.open && old.contains_key(parent);
        let effect = if closed {
            Effect::Breaking
        } else {
            Effect::Additive
        };
        changes.push((effect, changed(path, "", &after.signature)));
    }
    changes.sort_by(|one, other| (one.0, &one.1.path).cmp(&(other.0, &other.1.path)));
    changes
}

fn changed(path: &str, before: &str, after: &str) -> Item {
    Item {
        path: path.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}

fn written(tokens: &impl ToTokens) -> String {
    tidy(&tokens.to_token_stream().to_string())
}

/// Tokens as somebody would write them.
pub fn tidy(tokens: &str) -> String {
    let mut text = tokens.split_whitespace().collect::<Vec<_>>().join(" ");
    for (loose, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" :", ":"),
        ("::std::option::", ""),
        ("::std::string::", ""),
        ("::std::vec::", ""),
        (" <", "<"),
    ] {
        text = text.replace(loose, tight);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Effect, changes, public};

    const OLD: &str = "pub mod types {
        #[non_exhaustive] #[derive(Clone, Debug)] pub struct Job { pub id: String, pub gone: u8 }
        #[derive(Clone)] pub struct Pair { pub left: u8 }
        #[non_exhaustive] pub enum Status { Done }
        pub enum Answer { Yes }
    }
    pub mod operations { pub const GET: &[u16] = &[200]; }
    pub struct Client;";

    #[test]
    fn a_change_is_judged_by_what_callers_feel() {
        let cases = [
            (
                ", pub gone: u8 }",
                " }",
                "models::Job::gone",
                Effect::Breaking,
            ),
            (
                "pub id: String",
                "pub id: u64",
                "models::Job::id",
                Effect::Breaking,
            ),
            (
                "pub id: String",
                "pub id: String, pub more: u8",
                "models::Job::more",
                Effect::Additive,
            ),
            (
                "pub left: u8",
                "pub left: u8, pub right: u8",
                "models::Pair::right",
                Effect::Breaking,
            ),
            (
                "Status { Done",
                "Status { Done, Lost",
                "models::Status::Lost",
                Effect::Additive,
            ),
            (
                "Answer { Yes",
                "Answer { Yes, No",
                "models::Answer::No",
                Effect::Breaking,
            ),
            (
                "Status { Done",
                "Status { Lost",
                "models::Status::Done",
                Effect::Breaking,
            ),
            (
                "(Clone, Debug)",
                "(Clone)",
                "models::Job as Debug",
                Effect::Breaking,
            ),
            (
                "(Clone)]",
                "(Clone, Copy)]",
                "models::Pair as Copy",
                Effect::Additive,
            ),
            ("&[200]", "&[200, 409]", "operations::GET", Effect::Value),
        ];
        let old = public(OLD).expect("Rust");
        for (from, to, path, effect) in cases {
            let new = public(&OLD.replacen(from, to, 1)).expect("Rust");
            let found = changes(&old, &new);
            assert!(
                found
                    .iter()
                    .any(|(found, item)| *found == effect && item.path == path),
                "{from} to {to}: {found:?}"
            );
            let sorted = found.windows(2).all(|pair| pair[0].0 <= pair[1].0);
            assert!(sorted, "breaking first: {found:?}");
        }
    }

    #[test]
    fn what_the_library_does_not_pass_on_is_left_out() {
        let old = public(OLD).expect("Rust");
        let new = public(&OLD.replace("pub struct Client;", "")).expect("Rust");
        assert_eq!(changes(&old, &new), []);
    }
}
