//! What the library's hand-written methods return.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use quote::ToTokens;
use syn::{
    Attribute, GenericArgument, ImplItem, ImplItemFn, Item, ItemEnum, PathArguments, ReturnType,
    Type, Visibility,
};

/// A source file.
pub struct Source {
    /// Where it lies, from the project's root.
    pub path: String,
    /// What stands in it.
    pub file: syn::File,
}

/// A public method of the client.
#[derive(Clone, Debug)]
pub struct Method {
    /// What it gives on success.
    pub returns: String,
    /// The file that it stands in.
    pub file: String,
    /// The constants of the operations that it names.
    pub operations: Vec<String>,
}

/// Every source file below a folder of the project.
///
/// # Errors
/// Fails when a source file is no Rust.
pub fn sources(root: &Path, folder: &str) -> Result<Vec<Source>, String> {
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let file =
                syn::parse_file(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            let path = path.strip_prefix(root).unwrap_or(&path);
            files.push(Source {
                path: path.display().to_string(),
                file,
            });
        }
    }
    Ok(files)
}

/// The public methods of the client, by name.
pub fn of_client(sources: &[Source]) -> BTreeMap<String, Method> {
    let mut found = BTreeMap::new();
    for (path, method) in client_methods(sources) {
        if matches!(method.vis, Visibility::Public(_)) && method.sig.asyncness.is_some() {
            let body = method.block.to_token_stream().to_string();
            let operations = body.split("operations ::").skip(1).filter_map(|rest| {
                let end = |letter: char| {
                    !letter.is_ascii_uppercase() && !letter.is_ascii_digit() && letter != '_'
                };
                let name = rest.trim_start().split(end).next()?;
                (!name.is_empty()).then(|| name.to_owned())
            });
            found.insert(
                method.sig.ident.to_string(),
                Method {
                    returns: success(&method.sig.output),
                    file: path.to_owned(),
                    operations: operations.collect(),
                },
            );
        }
    }
    found
}

fn client_methods(sources: &[Source]) -> impl Iterator<Item = (&str, &ImplItemFn)> {
    sources.iter().flat_map(|source| {
        let blocks = source.file.items.iter().filter_map(|item| match item {
            Item::Impl(block) if block.trait_.is_none() && written(&block.self_ty) == "Client" => {
                Some(&block.items)
            }
            _ => None,
        });
        blocks.flatten().filter_map(|member| match member {
            ImplItem::Fn(method) => Some((source.path.as_str(), method)),
            _ => None,
        })
    })
}

/// The public methods of the client that are marked as deprecated.
pub fn deprecated_methods(sources: &[Source]) -> BTreeSet<String> {
    client_methods(sources)
        .filter(|(_, method)| {
            method
                .attrs
                .iter()
                .any(|attribute| attribute.path().is_ident("deprecated"))
        })
        .map(|(_, method)| method.sig.ident.to_string())
        .collect()
}

/// The public enums whose names end in `Outcome`, with the files that they stand in.
fn outcome_types(sources: &[Source]) -> impl Iterator<Item = (&str, &ItemEnum)> {
    sources.iter().flat_map(|source| {
        source.file.items.iter().filter_map(|item| match item {
            Item::Enum(item)
                if matches!(item.vis, Visibility::Public(_))
                    && item.ident.to_string().ends_with("Outcome") =>
            {
                Some((source.path.as_str(), item))
            }
            _ => None,
        })
    })
}

/// A variant of an outcome.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What its documentation and that of the whole outcome say.
    pub documentation: String,
    /// The file that it stands in.
    pub file: String,
}

/// The variants of each outcome.
pub fn outcomes(sources: &[Source]) -> BTreeMap<String, Vec<Variant>> {
    outcome_types(sources)
        .map(|(path, item)| {
            let whole = documentation(&item.attrs);
            let variants = item.variants.iter().map(|variant| Variant {
                name: variant.ident.to_string(),
                documentation: format!("{whole}\n{}", documentation(&variant.attrs)),
                file: path.to_owned(),
            });
            (item.ident.to_string(), variants.collect())
        })
        .collect()
}

/// What each outcome holds of successful answers: `T` of every `Response<T>`.
pub fn payloads(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    outcome_types(sources)
        .map(|(_, item)| {
            let fields = item.variants.iter().flat_map(|variant| &variant.fields);
            let payloads = fields.filter_map(|field| {
                let written = written(&field.ty);
                let inner = written.strip_prefix("Response<")?.strip_suffix('>')?;
                Some(inner.to_owned())
            });
            (item.ident.to_string(), payloads.collect())
        })
        .collect()
}

fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .map(|attribute| attribute.to_token_stream().to_string());
    lines.collect::<Vec<_>>().join("\n")
}

/// `T` of `Result<T, Error>`.
fn success(output: &ReturnType) -> String {
    let ReturnType::Type(_, returned) = output else {
        return "()".to_owned();
    };
    let inner = match returned.as_ref() {
        Type::Path(path) => path.path.segments.last().and_then(|segment| {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                return None;
            };
            (segment.ident == "Result")
                .then(|| arguments.args.first())
                .flatten()
        }),
        _ => None,
    };
    match inner {
        Some(GenericArgument::Type(inner)) => written(inner),
        _ => written(returned),
    }
}

fn written(tokens: &impl ToTokens) -> String {
    tidy(&tokens.to_token_stream().to_string())
}

/// Tokens as somebody would write them.
fn tidy(tokens: &str) -> String {
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
