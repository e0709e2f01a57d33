//! Whether the parts of the spec fit together: what the generator would stumble over without naming the place.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::document::{Document, step};
use crate::lowering::{Result, misnamed, unlowered};
use crate::walk::walk;

/// Refuses a spec whose parts do not fit together, at the place where it goes wrong.
pub fn check(document: &Document) -> Result<()> {
    references(&document.value)?;
    operations(document)?;
    path_parameters(&document.value)?;
    required_properties(&document.value)?;
    enums(&document.value)?;
    names(document)
}

/// Refuses a `$ref` that leads nowhere, to another kind of thing or round in a circle, because the generator panics on
/// it.
fn references(document: &Value) -> Result<()> {
    let mut wrong = Ok(());
    walk(document, "", &mut |pointer, value| {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else {
            return;
        };
        let fault = match target.strip_prefix('#') {
            None => Some(format!("`{target}` lies outside of this file")),
            Some(place) if document.pointer(place).is_none() => {
                Some(format!("`{target}` does not exist"))
            }
            Some(place) => kind_of_target(pointer)
                .filter(|kind| place.split('/').nth(2) != Some(kind))
                .map(|kind| format!("`{target}` is none of {kind}"))
                .or_else(|| circle(document, place)),
        };
        if let Some(fault) = fault.filter(|_| wrong.is_ok()) {
            wrong = unlowered(format!("{pointer}/$ref"), fault);
        }
    });
    wrong
}

/// The part of `components` that a reference at this place has to lead to, when the place tells.
fn kind_of_target(pointer: &str) -> Option<&'static str> {
    let mut steps = pointer.rsplit('/');
    let (last, before) = (steps.next()?, steps.next()?);
    Some(match (before, last) {
        ("parameters", _) => "parameters",
        ("responses", _) => "responses",
        ("headers", _) => "headers",
        ("examples", _) => "examples",
        ("properties" | "allOf" | "oneOf", _)
        | (_, "schema" | "items" | "additionalProperties") => "schemas",
        _ => return None,
    })
}

/// Whether references follow one another without end, or a schema is made of itself.
fn circle(document: &Value, start: &str) -> Option<String> {
    let mut open = vec![start.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(place) = open.pop() {
        let value = document.pointer(&place)?;
        let parts = value["allOf"].as_array().into_iter().flatten();
        for next in std::iter::once(value).chain(parts) {
            let Some(next) = next["$ref"]
                .as_str()
                .and_then(|target| target.strip_prefix('#'))
            else {
                continue;
            };
            if next == start {
                return Some(format!("`#{start}` leads back to itself"));
            }
            if seen.insert(next.to_owned()) {
                open.push(next.to_owned());
            }
        }
    }
    None
}

/// Refuses two operations that become one method.
fn operations(document: &Document) -> Result<()> {
    let mut found: Vec<_> = each(&document.value)
        .map(|(path, method, operation)| {
            let pointer = format!("/paths/{}/{method}/operationId", step(path));
            let id = operation["operationId"].as_str().unwrap_or_default();
            (document.place(&pointer), pointer, id)
        })
        .collect();
    // The later one of two is the one too many.
    found.sort();
    let mut methods = BTreeMap::new();
    for ((line, _), pointer, id) in found {
        let name = id.to_snake_case();
        if syn::parse_str::<syn::Ident>(&name).is_err() {
            return unlowered(pointer, format!("`{id}` becomes no name of a Rust method"));
        }
        if let Some((other, line)) = methods.insert(name, (id, line)) {
            return unlowered(
                pointer,
                format!("`{id}` and `{other}` of line {line} become one method"),
            );
        }
    }
    Ok(())
}

/// Refuses a path whose placeholders and parameters differ.
fn path_parameters(document: &Value) -> Result<()> {
    let mut templates = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let pointer = format!("/paths/{}", step(path));
        let mut pieces = path.split('{');
        let mut template = pieces.next().unwrap_or_default().to_owned();
        let mut placeholders = Vec::new();
        for piece in pieces {
            let Some((name, rest)) = piece.split_once('}') else {
                return unlowered(pointer, "a placeholder does not end");
            };
            placeholders.push(name);
            template.push_str("{}");
            template.push_str(rest);
        }
        if let Some(other) = templates.insert(template, path) {
            return unlowered(pointer, format!("matches the same requests as {other}"));
        }
        for (_, method, operation) in each(document).filter(|(other, ..)| *other == path) {
            let mut given = BTreeSet::new();
            for (place, holder) in [
                (pointer.clone(), item),
                (format!("{pointer}/{method}"), operation),
            ] {
                let listed = holder["parameters"].as_array().into_iter().flatten();
                for (index, parameter) in listed.enumerate() {
                    let parameter = parameter["$ref"]
                        .as_str()
                        .and_then(|target| document.pointer(target.strip_prefix('#')?))
                        .unwrap_or(parameter);
                    let place = format!("{place}/parameters/{index}");
                    let name = parameter["name"].as_str().unwrap_or_default();
                    let kind = parameter["in"].as_str().unwrap_or_default();
                    if !given.insert((kind.to_owned(), name.to_owned())) {
                        return unlowered(place, format!("`{name}` is a parameter twice"));
                    }
                    if kind == "path" && !placeholders.contains(&name) {
                        return unlowered(place, format!("the path has no placeholder {{{name}}}"));
                    }
                }
            }
            for name in &placeholders {
                if !given.contains(&("path".to_owned(), (*name).to_owned())) {
                    return unlowered(
                        format!("{pointer}/{method}"),
                        format!("the placeholder {{{name}}} of the path has no parameter"),
                    );
                }
            }
        }
    }
    Ok(())
}

/// Refuses a required property that is none, which would be asked for and never be there.
fn required_properties(document: &Value) -> Result<()> {
    for (name, schema) in schemas(document) {
        let pointer = format!("/components/schemas/{}", step(name));
        let mut known = BTreeSet::new();
        let mut open = vec![schema];
        while let Some(schema) = open.pop() {
            let properties = schema["properties"].as_object();
            known.extend(
                properties
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.as_str()),
            );
            open.extend(schema["allOf"].as_array().into_iter().flatten());
            open.extend(
                schema["$ref"]
                    .as_str()
                    .and_then(|target| document.pointer(target.strip_prefix('#')?)),
            );
        }
        for (index, required) in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let required = required.as_str().unwrap_or_default();
            if !known.contains(required) {
                let place = format!("{pointer}/required/{index}");
                return unlowered(place, format!("`{required}` is none of the properties"));
            }
        }
    }
    Ok(())
}

/// Refuses enums whose members become no variant of their own, because the compiler would name a line of generated code
/// and not of the spec, and enums that have no name.
fn enums(document: &Value) -> Result<()> {
    let mut nameless = Ok(());
    walk(document, "", &mut |pointer, value| {
        // A constant needs no type of its own.
        let many = value["enum"]
            .as_array()
            .is_some_and(|members| members.len() > 1);
        let steps = pointer.matches('/').count();
        if many && nameless.is_ok() && !(pointer.starts_with("/components/schemas/") && steps == 3)
        {
            nameless = unlowered(
                format!("{pointer}/enum"),
                "an enum needs a schema of its own, from which its type has the name",
            );
        }
    });
    nameless?;
    for (name, schema) in schemas(document) {
        let pointer = format!("/components/schemas/{}", step(name));
        let members: Vec<&Value> = schema["enum"].as_array().into_iter().flatten().collect();
        let described = schema["x-ms-enum"]["values"]
            .as_array()
            .into_iter()
            .flatten();
        for (index, value) in described.enumerate() {
            if !members.contains(&&value["value"]) {
                return unlowered(
                    format!("{pointer}/x-ms-enum/values/{index}/value"),
                    format!("{} is no member of the enum", value["value"]),
                );
            }
        }
        let mut variants = BTreeMap::from([("unknown".to_owned(), "the variant for all others")]);
        for (index, member) in members.into_iter().enumerate() {
            let pointer = format!("{pointer}/enum/{index}");
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
fn names(document: &Document) -> Result<()> {
    let mut found: Vec<_> = schemas(&document.value)
        .map(|(name, schema)| (format!("/components/schemas/{}", step(name)), name, schema))
        .collect();
    found.sort_by_key(|(pointer, ..)| document.place(pointer));
    let mut types = BTreeMap::new();
    for (pointer, name, schema) in found {
        if let Some(other) = types.insert(name.to_upper_camel_case(), name) {
            return misnamed(
                pointer,
                format!("`{name}` and `{other}` become one Rust type"),
            );
        }
        let properties = schema["properties"].as_object().into_iter();
        let mut properties: Vec<_> = properties
            .flat_map(|all| all.keys())
            .map(|property| (format!("{pointer}/properties/{}", step(property)), property))
            .collect();
        properties.sort_by_key(|(pointer, _)| document.place(pointer));
        let mut fields = BTreeMap::new();
        for (pointer, property) in properties {
            if let Some(other) = fields.insert(property.to_snake_case(), property) {
                let same = format!("`{property}` and `{other}` become one field");
                return misnamed(pointer, same);
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

/// Every operation: its path, its method and itself.
fn each(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods
            .filter(|(method, _)| {
                !matches!(method.as_str(), "parameters" | "summary" | "description")
            })
            .map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}
