//! What the generator would stumble over without naming the place.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::document::step;
use crate::lowering::{Result, unlowered};
use crate::walk::walk;

/// Refuses a spec that the generator cannot read, at the place where it goes wrong.
pub fn check(document: &Value) -> Result<()> {
    version(document)?;
    references(document)?;
    types(document)?;
    enum_members(document)?;
    names(document)
}

/// Refuses another version of OpenAPI than the generator reads.
fn version(document: &Value) -> Result<()> {
    match document["openapi"].as_str() {
        Some(version) if version.starts_with("3.0.") => Ok(()),
        _ => unlowered("/openapi", "the generator reads OpenAPI 3.0 only"),
    }
}

/// Refuses a `$ref` that leads nowhere, because the generator panics on it.
fn references(document: &Value) -> Result<()> {
    let mut dangling = Vec::new();
    walk(document, "", &mut |pointer, value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let found = target
                .strip_prefix('#')
                .and_then(|place| document.pointer(place));
            if found.is_none() {
                dangling.push((pointer.to_owned(), target.to_owned()));
            }
        }
    });
    match dangling.pop() {
        None => Ok(()),
        Some((pointer, target)) => unlowered(pointer, format!("`{target}` does not exist")),
    }
}

/// Refuses a schema type that OpenAPI lacks, because the generator panics on it without naming the place.
fn types(document: &Value) -> Result<()> {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    let mut unknown = Vec::new();
    walk(document, "", &mut |pointer, value| {
        if let Some(name) = value.get("type").and_then(Value::as_str)
            && !pointer.contains("/securitySchemes/")
            && !TYPES.contains(&name)
        {
            unknown.push((format!("{pointer}/type"), name.to_owned()));
        }
    });
    match unknown.pop() {
        None => Ok(()),
        Some((pointer, name)) => unlowered(pointer, format!("`{name}` is no type of OpenAPI 3.0")),
    }
}

/// Refuses members of an enum that become no variant of their own, because the compiler would name a line of
/// generated code and not of the spec.
fn enum_members(document: &Value) -> Result<()> {
    for (name, schema) in schemas(document) {
        let mut variants = BTreeMap::from([("unknown".to_owned(), "the variant for all others")]);
        for (index, member) in schema["enum"].as_array().into_iter().flatten().enumerate() {
            let pointer = format!("/components/schemas/{}/enum/{index}", step(name));
            let Some(member) = member.as_str() else {
                return unlowered(pointer, format!("{member} is no text"));
            };
            let variant = member.to_upper_camel_case();
            if syn::parse_str::<syn::Ident>(&variant).is_err() {
                return unlowered(
                    pointer,
                    format!("`{member}` becomes no name of a Rust variant"),
                );
            }
            // Members are read whatever their capitals.
            if let Some(other) = variants.insert(variant.to_lowercase(), member) {
                let same = format!("`{member}` cannot be told apart from {other}");
                return unlowered(pointer, same);
            }
        }
    }
    Ok(())
}

/// Refuses schemas and properties whose Rust names are the same.
fn names(document: &Value) -> Result<()> {
    let mut types = BTreeMap::new();
    for (name, schema) in schemas(document) {
        let pointer = format!("/components/schemas/{}", step(name));
        if let Some(other) = types.insert(name.to_upper_camel_case(), name) {
            return unlowered(
                pointer,
                format!("`{name}` and `{other}` become one Rust type"),
            );
        }
        let mut fields = BTreeMap::new();
        for property in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys())
        {
            if let Some(other) = fields.insert(property.to_snake_case(), property) {
                let pointer = format!("{pointer}/properties/{}", step(property));
                let same = format!("`{property}` and `{other}` become one field");
                return unlowered(pointer, same);
            }
        }
    }
    Ok(())
}

fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
}
