//! The shape of an OpenAPI 3.0 document, as far as this spec makes use of it.
//!
//! What the generator drops without a word, or refuses at a parent of the culprit, is refused here at the place where it
//! stands. A keyword that this project never needed is refused too: whoever adds it sees that nothing reads it yet.

use serde_json::{Map, Value};

use crate::document::step;
use crate::lowering::{Result, misnamed, unlowered};

const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];
const PLACES: [&str; 4] = ["cookie", "header", "path", "query"];
const JSON: &str = "application/json";
const UNREAD: &str = "OpenAPI 3.0 or this project has no such member here";

/// Refuses what is no OpenAPI 3.0, at the place where it goes wrong.
pub fn check(document: &Value) -> Result<()> {
    object(document, "")?;
    match document.get("openapi").map(Value::as_str) {
        Some(Some(version)) if version.starts_with("3.0.") => {}
        _ => return unlowered("/openapi", "the generator reads OpenAPI 3.0 only"),
    }
    members(
        document,
        "",
        &["openapi", "info", "paths", "components"],
        &["externalDocs", "security", "servers", "tags"],
    )?;
    let info = &document["info"];
    members(
        info,
        "/info",
        &["title", "version"],
        &["description", "contact", "license", "termsOfService"],
    )?;
    text(info, "/info", "title")?;
    text(info, "/info", "version")?;
    components(&document["components"])?;
    let schemes = &document["components"]["securitySchemes"];
    for (path, item) in inside(document, "", "paths")? {
        path_item(path, item, schemes)?;
    }
    Ok(())
}

fn components(components: &Value) -> Result<()> {
    const PLACE: &str = "/components";
    members(
        components,
        PLACE,
        &["schemas"],
        &[
            "examples",
            "headers",
            "parameters",
            "requestBodies",
            "responses",
            "securitySchemes",
        ],
    )?;
    for (name, one) in inside(components, PLACE, "schemas")? {
        schema(one, &format!("{PLACE}/schemas/{}", step(name)))?;
    }
    for (name, one) in inside(components, PLACE, "parameters")? {
        parameter(one, &format!("{PLACE}/parameters/{}", step(name)))?;
    }
    for (name, one) in inside(components, PLACE, "responses")? {
        response(one, &format!("{PLACE}/responses/{}", step(name)))?;
    }
    for (name, one) in inside(components, PLACE, "headers")? {
        header(one, &format!("{PLACE}/headers/{}", step(name)))?;
    }
    for (name, one) in inside(components, PLACE, "requestBodies")? {
        request_body(one, &format!("{PLACE}/requestBodies/{}", step(name)))?;
    }
    Ok(())
}

fn path_item(path: &str, item: &Value, schemes: &Value) -> Result<()> {
    let place = format!("/paths/{}", step(path));
    if !path.starts_with('/') {
        return unlowered(place, "a path begins with a slash");
    }
    let optional = [&METHODS[..], &["description", "parameters", "summary"]].concat();
    members(item, &place, &[], &optional)?;
    let shared = list(item, &place, "parameters")?;
    for (index, one) in shared.iter().enumerate() {
        parameter(one, &format!("{place}/parameters/{index}"))?;
    }
    for method in METHODS {
        if let Some(one) = item.get(method) {
            operation(one, &format!("{place}/{method}"), schemes)?;
        }
    }
    Ok(())
}

fn operation(operation: &Value, place: &str, schemes: &Value) -> Result<()> {
    members(
        operation,
        place,
        &["operationId", "responses"],
        &[
            "deprecated",
            "description",
            "externalDocs",
            "parameters",
            "requestBody",
            "security",
            "summary",
            "tags",
        ],
    )?;
    text(operation, place, "operationId")?;
    switch(operation, place, "deprecated")?;
    for (index, one) in list(operation, place, "parameters")?.iter().enumerate() {
        parameter(one, &format!("{place}/parameters/{index}"))?;
    }
    if let Some(body) = operation.get("requestBody") {
        request_body(body, &format!("{place}/requestBody"))?;
    }
    let responses = inside(operation, place, "responses")?;
    if responses.is_empty() {
        return unlowered(
            format!("{place}/responses"),
            "an operation answers something",
        );
    }
    for (status, one) in responses {
        let place = format!("{place}/responses/{}", step(status));
        if !is_status(status) {
            return unlowered(
                place,
                format!("`{status}` is no status: 100 to 599, 1XX to 5XX or default"),
            );
        }
        response(one, &place)?;
    }
    for (index, one) in list(operation, place, "security")?.iter().enumerate() {
        let place = format!("{place}/security/{index}");
        for name in object(one, &place)?.keys() {
            if schemes.get(name).is_none() {
                return misnamed(
                    format!("{place}/{}", step(name)),
                    format!("there is no security scheme `{name}`"),
                );
            }
        }
    }
    Ok(())
}

fn is_status(status: &str) -> bool {
    let range = status
        .strip_suffix("XX")
        .is_some_and(|class| matches!(class, "1" | "2" | "3" | "4" | "5"));
    let number = status.len() == 3 && status.parse().is_ok_and(|code| (100..600).contains(&code));
    status == "default" || range || number
}

fn parameter(parameter: &Value, place: &str) -> Result<()> {
    if is_reference(parameter, place)? {
        return Ok(());
    }
    members(
        parameter,
        place,
        &["name", "in", "schema"],
        &[
            "deprecated",
            "description",
            "example",
            "examples",
            "explode",
            "required",
            "style",
        ],
    )?;
    let name = text(parameter, place, "name")?;
    let kind = text(parameter, place, "in")?;
    if !PLACES.contains(&kind) {
        return unlowered(
            format!("{place}/in"),
            format!("`{kind}` is none of {}", PLACES.join(", ")),
        );
    }
    for one in ["deprecated", "explode", "required"] {
        switch(parameter, place, one)?;
    }
    if kind == "path" && parameter.get("required") != Some(&Value::Bool(true)) {
        return unlowered(
            place,
            format!("the parameter `{name}` of a path needs `required: true`"),
        );
    }
    schema(&parameter["schema"], &format!("{place}/schema"))
}

fn request_body(body: &Value, place: &str) -> Result<()> {
    if is_reference(body, place)? {
        return Ok(());
    }
    members(body, place, &["content"], &["description", "required"])?;
    switch(body, place, "required")?;
    content(body, place)
}

fn response(response: &Value, place: &str) -> Result<()> {
    if is_reference(response, place)? {
        return Ok(());
    }
    members(
        response,
        place,
        &["description"],
        &["content", "headers", "links"],
    )?;
    text(response, place, "description")?;
    for (name, one) in inside(response, place, "headers")? {
        header(one, &format!("{place}/headers/{}", step(name)))?;
    }
    content(response, place)
}

fn header(header: &Value, place: &str) -> Result<()> {
    if is_reference(header, place)? {
        return Ok(());
    }
    members(
        header,
        place,
        &["schema"],
        &["deprecated", "description", "example", "required"],
    )?;
    schema(&header["schema"], &format!("{place}/schema"))
}

fn content(holder: &Value, place: &str) -> Result<()> {
    for (media, one) in inside(holder, place, "content")? {
        let place = format!("{place}/content/{}", step(media));
        if media != JSON {
            return unlowered(
                place,
                format!("the client reads and writes {JSON} only, not `{media}`"),
            );
        }
        members(one, &place, &["schema"], &["example", "examples"])?;
        schema(&one["schema"], &format!("{place}/schema"))?;
    }
    Ok(())
}

fn schema(schema: &Value, place: &str) -> Result<()> {
    if is_reference(schema, place)? {
        return Ok(());
    }
    for keyword in ["not", "anyOf"] {
        if schema.get(keyword).is_some() {
            return misnamed(
                format!("{place}/{keyword}"),
                format!("no type can be generated for `{keyword}`"),
            );
        }
    }
    members(
        schema,
        place,
        &[],
        &[
            "additionalProperties",
            "allOf",
            "default",
            "deprecated",
            "description",
            "discriminator",
            "enum",
            "example",
            "externalDocs",
            "format",
            "items",
            "maxItems",
            "maxLength",
            "maximum",
            "minItems",
            "minLength",
            "minimum",
            "nullable",
            "oneOf",
            "pattern",
            "properties",
            "readOnly",
            "required",
            "title",
            "type",
            "uniqueItems",
            "writeOnly",
        ],
    )?;
    for one in ["deprecated", "nullable", "readOnly", "writeOnly"] {
        switch(schema, place, one)?;
    }
    kind(schema, place)?;
    if let Some(listed) = schema.get("enum") {
        let pointer = format!("{place}/enum");
        if listed.as_array().is_none_or(Vec::is_empty) {
            return unlowered(pointer, "an enum is a list of at least one member");
        }
    }
    for (name, one) in inside(schema, place, "properties")? {
        self::schema(one, &format!("{place}/properties/{}", step(name)))?;
    }
    if let Some(items) = schema.get("items") {
        self::schema(items, &format!("{place}/items"))?;
    }
    if let Some(rest) = schema
        .get("additionalProperties")
        .filter(|rest| !rest.is_boolean())
    {
        self::schema(rest, &format!("{place}/additionalProperties"))?;
    }
    for keyword in ["allOf", "oneOf"] {
        for (index, one) in list(schema, place, keyword)?.iter().enumerate() {
            self::schema(one, &format!("{place}/{keyword}/{index}"))?;
        }
    }
    union(schema, place)
}

/// Type and format, which belong together.
fn kind(schema: &Value, place: &str) -> Result<()> {
    let formats: &[&str] = match schema.get("type").map(Value::as_str) {
        Some(Some("array")) if schema.get("items").is_none() => {
            return unlowered(place, "an array needs `items`");
        }
        None | Some(Some("array" | "boolean" | "object")) => &[],
        Some(Some("integer")) => &["int32", "int64"],
        Some(Some("number")) => &["double", "float"],
        Some(Some("string")) => &["date", "date-time", "uri", "uuid"],
        Some(Some(name)) => {
            return unlowered(
                format!("{place}/type"),
                format!("`{name}` is no type of OpenAPI 3.0"),
            );
        }
        Some(None) => return unlowered(format!("{place}/type"), "a type is one name"),
    };
    match schema.get("format").map(Value::as_str) {
        None => Ok(()),
        Some(Some(format)) if formats.contains(&format) => Ok(()),
        Some(format) => unlowered(
            format!("{place}/format"),
            format!(
                "`{}` is no format of this type; known are {}",
                format.unwrap_or_default(),
                if formats.is_empty() {
                    "none".to_owned()
                } else {
                    formats.join(", ")
                }
            ),
        ),
    }
}

/// A union is told apart by a discriminator that knows each of its members.
fn union(schema: &Value, place: &str) -> Result<()> {
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else {
        return match schema.get("discriminator") {
            None => Ok(()),
            Some(_) => unlowered(
                format!("{place}/discriminator"),
                "a discriminator belongs beside `oneOf`",
            ),
        };
    };
    let Some(discriminator) = schema.get("discriminator") else {
        return unlowered(
            format!("{place}/oneOf"),
            "a union needs a `discriminator` with a mapping beside it",
        );
    };
    let pointer = format!("{place}/discriminator");
    members(discriminator, &pointer, &["propertyName", "mapping"], &[])?;
    text(discriminator, &pointer, "propertyName")?;
    let mapping = inside(discriminator, &pointer, "mapping")?;
    for (index, branch) in branches.iter().enumerate() {
        if !mapping.values().any(|target| *target == branch["$ref"]) {
            return unlowered(
                format!("{place}/oneOf/{index}"),
                "the mapping of the discriminator does not know this member",
            );
        }
    }
    for (value, target) in mapping {
        if !branches.iter().any(|branch| branch["$ref"] == *target) {
            return unlowered(
                format!("{pointer}/mapping/{}", step(value)),
                "`oneOf` does not list this member",
            );
        }
    }
    Ok(())
}

/// Whether something else is meant; nothing beside a reference counts.
fn is_reference(value: &Value, place: &str) -> Result<bool> {
    match value.get("$ref") {
        None => Ok(false),
        Some(Value::String(_)) => match object(value, place)?.keys().find(|key| *key != "$ref") {
            None => Ok(true),
            Some(other) => misnamed(
                format!("{place}/{}", step(other)),
                format!("`{other}` counts for nothing beside `$ref`"),
            ),
        },
        Some(_) => unlowered(format!("{place}/$ref"), "a reference is text"),
    }
}

/// Refuses an object that lacks a member, or has one that nothing reads.
fn members(value: &Value, place: &str, required: &[&str], optional: &[&str]) -> Result<()> {
    let found = object(value, place)?;
    for name in found.keys() {
        if !name.starts_with("x-")
            && !required.contains(&name.as_str())
            && !optional.contains(&name.as_str())
        {
            return misnamed(
                format!("{place}/{}", step(name)),
                format!("{UNREAD}: `{name}`"),
            );
        }
    }
    match required.iter().find(|name| !found.contains_key(**name)) {
        None => Ok(()),
        Some(name) => unlowered(place, format!("`{name}` is missing")),
    }
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>> {
    match value.as_object() {
        Some(found) => Ok(found),
        None => unlowered(
            place,
            format!("has to be an object, and is {}", kind_of(value)),
        ),
    }
}

/// The members of a member; none when it is not there.
fn inside<'a>(value: &'a Value, place: &str, name: &str) -> Result<&'a Map<String, Value>> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match value.get(name) {
        None => Ok(&NONE),
        Some(inner) => object(inner, &format!("{place}/{}", step(name))),
    }
}

/// The items of a member; none when it is not there.
fn list<'a>(value: &'a Value, place: &str, name: &str) -> Result<&'a [Value]> {
    match value.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => unlowered(
            format!("{place}/{}", step(name)),
            format!("has to be a list, and is {}", kind_of(other)),
        ),
    }
}

fn text<'a>(value: &'a Value, place: &str, name: &str) -> Result<&'a str> {
    match &value[name] {
        Value::String(text) => Ok(text),
        other => unlowered(
            format!("{place}/{}", step(name)),
            format!("has to be text, and is {}", kind_of(other)),
        ),
    }
}

fn switch(value: &Value, place: &str, name: &str) -> Result<()> {
    match value.get(name) {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(other) => unlowered(
            format!("{place}/{}", step(name)),
            format!("has to be true or false, and is {}", kind_of(other)),
        ),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
