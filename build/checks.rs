//! What the generator would stumble over without naming the place.

use serde_json::Value;

use crate::lowering::{Result, unlowered};
use crate::walk::walk;

/// Refuses a spec that the generator cannot read, at the place where it goes wrong.
pub fn check(document: &Value) -> Result<()> {
    version(document)?;
    references(document)?;
    types(document)
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
