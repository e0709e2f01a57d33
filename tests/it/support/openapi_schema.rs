//! The specification, and JSON Schema validators for what it describes.
//!
//! The specification is written in a dialect of JSON Schema: `nullable`, references that hide their siblings,
//! discriminators. It is translated here, and a keyword that the translation does not know is an error, so that
//! no statement of the specification goes unchecked.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// `openapi/cross-tenant-migration.yaml`.
pub struct Specification {
    document: Value,
    json_schemas: Value,
}

/// One operation of the specification.
pub struct Operation<'a> {
    pub id: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    /// The path item, with what its operations share.
    pub item: &'a Value,
    pub definition: &'a Value,
}

impl Specification {
    pub fn read() -> Self {
        let document = super::spec::spec();
        let json_schemas = members(&document["components"]["schemas"])
            .map(|(name, schema)| (name.to_owned(), to_json_schema(schema)))
            .collect::<Map<_, _>>()
            .into();
        Self {
            document,
            json_schemas,
        }
    }

    pub fn document(&self) -> &Value {
        &self.document
    }

    pub fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, item) in members(&self.document["paths"]) {
            for (method, definition) in members(item) {
                if METHODS.contains(&method) {
                    let id = definition["operationId"].as_str();
                    operations.push(Operation {
                        id: id.unwrap_or_else(|| panic!("{method} {path} has no operationId")),
                        method,
                        path,
                        item,
                        definition,
                    });
                }
            }
        }
        operations
    }

    /// Follows references until something else stands there.
    pub fn follow<'a>(&'a self, mut node: &'a Value) -> &'a Value {
        while let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            node = self
                .at(reference)
                .unwrap_or_else(|| panic!("nothing stands at {reference}"));
        }
        node
    }

    /// What a JSON pointer of the form `#/components/…` leads to.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer.strip_prefix('#')?)
    }

    /// The schema of a JSON body, when there is one.
    pub fn body_schema<'a>(&'a self, holder: &'a Value) -> Option<&'a Value> {
        self.follow(holder)
            .pointer("/content/application~1json/schema")
    }

    /// The named examples of a JSON body.
    pub fn body_examples<'a>(&'a self, holder: &'a Value) -> Vec<(&'a str, &'a Value)> {
        members(&self.follow(holder)["content"]["application/json"]["examples"])
            .map(|(name, example)| (name, &self.follow(example)["value"]))
            .collect()
    }

    /// A validator for a schema of this specification, formats included.
    pub fn validator(&self, schema: &Value) -> Validator {
        let mut root = to_json_schema(schema);
        root["components"] = json!({ "schemas": self.json_schemas });
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .unwrap_or_else(|error| panic!("{schema} is no JSON Schema: {error}"))
    }
}

/// The places where a value contradicts a schema, as JSON pointers, with what is wrong there.
pub fn faults(validator: &Validator, value: &Value) -> Vec<(String, String)> {
    validator
        .iter_errors(value)
        .map(|error| (error.instance_path().to_string(), error.to_string()))
        .collect()
}

/// The members of an object; none of anything else.
pub fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, member)| (name.as_str(), member))
}

fn to_json_schema(schema: &Value) -> Value {
    // In `OpenAPI` 3.0 nothing beside a reference counts.
    if let Some(reference) = schema.get("$ref") {
        return json!({ "$ref": reference });
    }
    let mut converted = Map::new();
    for (keyword, value) in members(schema) {
        match keyword {
            "type" | "required" | "enum" | "pattern" | "minLength" | "maxLength" | "minItems"
            | "maxItems" | "minimum" | "maximum" | "uniqueItems" => {
                converted.insert(keyword.to_owned(), value.clone());
            }
            "items" | "not" => {
                converted.insert(keyword.to_owned(), to_json_schema(value));
            }
            "additionalProperties" => {
                let value = if value.is_boolean() {
                    value.clone()
                } else {
                    to_json_schema(value)
                };
                converted.insert(keyword.to_owned(), value);
            }
            "properties" => {
                let properties = members(value)
                    .map(|(name, property)| (name.to_owned(), to_json_schema(property)));
                converted.insert(keyword.to_owned(), Value::Object(properties.collect()));
            }
            "allOf" | "anyOf" => {
                converted.insert(keyword.to_owned(), every(value));
            }
            // The discriminator names the one alternative that counts, and so the place of a fault inside it.
            "oneOf" if schema.get("discriminator").is_none() => {
                converted.insert(keyword.to_owned(), every(value));
            }
            "oneOf" => {
                converted.insert(
                    "allOf".to_owned(),
                    by_discriminator(value, &schema["discriminator"]),
                );
            }
            "format" => insert_format(&mut converted, value),
            "nullable" | "discriminator" | "title" | "description" | "example" | "default"
            | "externalDocs" | "readOnly" | "writeOnly" | "deprecated" => {}
            extension if extension.starts_with("x-") => {}
            unknown => {
                panic!("the conversion to JSON Schema does not know `{unknown}` of {schema}")
            }
        }
    }
    if schema.get("nullable") != Some(&Value::Bool(true)) {
        return converted.into();
    }
    // A second type keeps the place of a fault; an enum or a combination would still refuse null.
    if !["enum", "allOf", "anyOf", "oneOf", "not"]
        .iter()
        .any(|keyword| schema.get(keyword).is_some())
    {
        converted["type"] = json!([schema["type"], "null"]);
        return converted.into();
    }
    json!({ "anyOf": [{ "type": "null" }, converted] })
}

fn every(schemas: &Value) -> Value {
    schemas
        .as_array()
        .into_iter()
        .flatten()
        .map(to_json_schema)
        .collect()
}

fn by_discriminator(alternatives: &Value, discriminator: &Value) -> Value {
    let property = discriminator["propertyName"]
        .as_str()
        .expect("a discriminator names a property");
    let mapping: Vec<_> = members(&discriminator["mapping"]).collect();
    let references: Vec<_> = mapping
        .iter()
        .map(|(_, reference)| json!({ "$ref": reference }))
        .collect();
    let listed = alternatives.as_array().cloned().unwrap_or_default();
    assert!(
        listed.len() == references.len() && listed.iter().all(|one| references.contains(one)),
        "the mapping of {discriminator} leads to other schemas than {alternatives}"
    );
    let keys: Vec<_> = mapping.iter().map(|(key, _)| *key).collect();
    let mut rules =
        vec![json!({ "required": [property], "properties": { property: { "enum": keys } } })];
    rules.extend(mapping.iter().map(|(key, reference)| {
        json!({
            "if": { "required": [property], "properties": { property: { "const": key } } },
            "then": { "$ref": reference }
        })
    }));
    rules.into()
}

fn insert_format(schema: &mut Map<String, Value>, format: &Value) {
    match format.as_str() {
        // JSON Schema has no sizes of integers.
        Some("int32") => {
            schema.entry("minimum").or_insert(i32::MIN.into());
            schema.entry("maximum").or_insert(i32::MAX.into());
        }
        Some("int64") => {
            schema.entry("minimum").or_insert(i64::MIN.into());
            schema.entry("maximum").or_insert(i64::MAX.into());
        }
        Some("uuid" | "date-time") => {
            schema.insert("format".to_owned(), format.clone());
        }
        _ => panic!("the conversion to JSON Schema does not know the format {format}"),
    }
}
