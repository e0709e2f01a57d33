//! What the documents call deprecated is deprecated in Rust.
//!
//! The generator passes `deprecated: true` over. Methods of operations are written by hand, so only types, fields
//! and variants are marked here; `cargo xtask regenerate` asks for the mark on a method.

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;
use syn::{Attribute, Item, ItemMod, parse_quote};

/// Marks types, fields and variants, and lets the generated code itself go on using them.
pub fn mark(file: &mut syn::File, spec: &Value) -> Result<(), String> {
    let mut marked = 0;
    let mut wanted = 0;
    for (name, schema) in spec["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let type_name = name.to_upper_camel_case();
        let whole = note(schema);
        let parts = deprecated_parts(schema);
        wanted += usize::from(whole.is_some()) + parts.len();
        if whole.is_none() && parts.is_empty() {
            continue;
        }
        for item in types(file)? {
            let (ident, attributes) = match item {
                Item::Struct(item) => (item.ident.to_string(), &mut item.attrs),
                Item::Enum(item) => (item.ident.to_string(), &mut item.attrs),
                Item::Type(item) => (item.ident.to_string(), &mut item.attrs),
                _ => continue,
            };
            if ident != type_name {
                continue;
            }
            if let Some(whole) = &whole {
                attributes.push(attribute(whole));
                marked += 1;
            }
            marked += mark_parts(item, &parts);
        }
    }
    if wanted > 0 {
        for item in &mut file.items {
            match item {
                Item::Mod(item) => item.attrs.push(parse_quote!(#[allow(deprecated)])),
                Item::Impl(item) => item.attrs.push(parse_quote!(#[allow(deprecated)])),
                _ => {}
            }
        }
    }
    if marked < wanted {
        return Err(format!(
            "{wanted} things are deprecated, but only {marked} of them were found in the generated code"
        ));
    }
    Ok(())
}

/// The deprecated properties and members of a schema: name and note.
fn deprecated_parts(schema: &Value) -> Vec<(String, String)> {
    let all_of = schema["allOf"].as_array().into_iter().flatten();
    let mut parts: Vec<(String, String)> = std::iter::once(schema)
        .chain(all_of)
        .filter_map(|part| part["properties"].as_object())
        .flatten()
        .filter_map(|(name, property)| Some((name.clone(), note(property)?)))
        .collect();
    let members = schema["x-ms-enum"]["values"].as_array();
    parts.extend(
        members
            .into_iter()
            .flatten()
            .filter_map(|member| Some((member["value"].as_str()?.to_owned(), note(member)?))),
    );
    parts
}

fn mark_parts(item: &mut Item, parts: &[(String, String)]) -> usize {
    let mut marked = 0;
    for (name, note) in parts {
        match item {
            Item::Struct(item) => {
                for field in &mut item.fields {
                    let written = field.ident.as_ref().map(ToString::to_string);
                    let written = written.unwrap_or_default();
                    if written.trim_start_matches("r#").trim_end_matches('_')
                        == name.to_snake_case()
                    {
                        field.attrs.push(attribute(note));
                        marked += 1;
                    }
                }
            }
            Item::Enum(item) => {
                for variant in &mut item.variants {
                    if variant.ident == name.to_upper_camel_case() {
                        variant.attrs.push(attribute(note));
                        marked += 1;
                    }
                }
            }
            _ => {}
        }
    }
    marked
}

/// What the spec says of the end of a thing, when it is deprecated.
fn note(of: &Value) -> Option<String> {
    (of["deprecated"] == true).then(|| {
        of["x-ms-deprecation"]["description"]
            .as_str()
            .unwrap_or("The documents call it deprecated.")
            .trim()
            .to_owned()
    })
}

fn attribute(note: &str) -> Attribute {
    parse_quote!(#[deprecated(note = #note)])
}

fn types(file: &mut syn::File) -> Result<&mut Vec<Item>, String> {
    file.items
        .iter_mut()
        .find_map(|item| match item {
            Item::Mod(ItemMod {
                ident,
                content: Some((_, items)),
                ..
            }) if ident == "types" => Some(items),
            _ => None,
        })
        .ok_or_else(|| "the generated code has no module of types".to_owned())
}
