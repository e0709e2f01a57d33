//! Validators for what the specification describes.
//!
//! The specification is written in a dialect of JSON Schema: `nullable`, references that hide their siblings,
//! discriminators. It is translated here, and a keyword that the translation does not know is an error, so that no
//! statement of the specification goes unchecked.

pub use jsonschema::Validator;
pub use jsonschema::error::{ValidationError, ValidationErrorKind};

use jsonschema::Draft;
use serde_json::{Map, Value, json};

/// Where closed schemas stand in the translated document; `/components/schemas` has them open.
pub const CLOSED: &str = "/closed/";

/// The schemas of a specification, translated.
#[derive(Debug)]
pub struct Schemas {
    /// As the specification has them.
    written: Value,
    /// As a validator takes them.
    translated: Value,
    closed: bool,
}

/// How schemas are translated.
#[derive(Clone, Copy, Debug)]
struct Translation<'a> {
    /// The schemas of the specification, by name.
    written: &'a Value,
    /// Whether a member that no schema declares is a fault.
    closed: bool,
}

impl Schemas {
    /// The schemas below `components` of an OpenAPI document, which allow members that they do not declare.
    ///
    /// # Errors
    ///
    /// Names what cannot be translated.
    pub fn of(document: &Value) -> Result<Self, String> {
        Self::translated(document, false)
    }

    /// The same schemas, which refuse members that they do not declare, but for control information of `OData`.
    ///
    /// # Errors
    ///
    /// Names what cannot be translated.
    pub fn closed(document: &Value) -> Result<Self, String> {
        Self::translated(document, true)
    }

    fn translated(document: &Value, closed: bool) -> Result<Self, String> {
        let written = document["components"]["schemas"].clone();
        let translation = Translation {
            written: &written,
            closed,
        };
        let mut open = Map::new();
        let mut shut = Map::new();
        for (name, schema) in members(&written) {
            open.insert(name.to_owned(), translation.part(schema)?);
            let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
            shut.insert(name.to_owned(), translation.closing(schema, reference));
        }
        let translated = json!({ "components": { "schemas": open }, "closed": shut });
        Ok(Self {
            written,
            translated,
            closed,
        })
    }

    /// A validator for a schema of this specification, formats included.
    ///
    /// # Errors
    ///
    /// Names what cannot be translated.
    pub fn validator(&self, schema: &Value) -> Result<Validator, String> {
        let translation = Translation {
            written: &self.written,
            closed: self.closed,
        };
        let mut root = self.translated.clone();
        root["allOf"] = json!([translation.whole(schema)?]);
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .map_err(|error| format!("{schema} is no JSON Schema: {error}"))
    }
}

/// The places where a value contradicts a schema, as JSON pointers, with what is wrong there.
#[must_use]
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

impl Translation<'_> {
    /// The members that a schema declares, inherited ones included; nothing when it allows any other, or is no object.
    fn declared(self, schema: &Value) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut is_object = false;
        let mut open = vec![(schema, 0)];
        while let Some((schema, depth)) = open.pop() {
            if schema.get("additionalProperties").is_some() || depth > 16 {
                return None;
            }
            if let Some(target) = schema["$ref"]
                .as_str()
                .and_then(|target| target.strip_prefix("#/components/schemas/"))
            {
                open.push((&self.written[target], depth + 1));
            }
            is_object |= schema["type"] == "object" || schema.get("properties").is_some();
            names.extend(members(&schema["properties"]).map(|(name, _)| name.to_owned()));
            let parts = schema["allOf"].as_array().into_iter().flatten();
            open.extend(parts.map(|part| (part, depth + 1)));
        }
        is_object.then_some(names)
    }

    /// What a schema was translated to, closed if it describes an object.
    ///
    /// The names stand beside it: what a part of `allOf` declares would not count where another of its rules is broken.
    fn closing(self, schema: &Value, mut translated: Value) -> Value {
        if let Some(names) = self.declared(schema).filter(|_| self.closed) {
            for name in names {
                if translated["properties"].get(&name).is_none() {
                    translated["properties"][name] = json!(true);
                }
            }
            // Control information of OData may stand in any object.
            translated["patternProperties"] = json!({ "@odata\\.": true });
            translated["additionalProperties"] = json!(false);
        }
        translated
    }

    /// A schema by itself.
    fn whole(self, schema: &Value) -> Result<Value, String> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            // In `OpenAPI` 3.0 nothing beside a reference counts.
            let closed = reference
                .strip_prefix("#/components/schemas/")
                .filter(|_| self.closed)
                .map(|name| format!("#{CLOSED}{name}"));
            return Ok(json!({ "$ref": closed.as_deref().unwrap_or(reference) }));
        }
        Ok(self.closing(schema, self.part(schema)?))
    }

    /// A schema that another one may go on from.
    fn part(self, schema: &Value) -> Result<Value, String> {
        if let Some(reference) = schema.get("$ref") {
            return Ok(json!({ "$ref": reference }));
        }
        let mut converted = Map::new();
        for (keyword, value) in members(schema) {
            match keyword {
                "type" | "required" | "enum" | "pattern" | "minLength" | "maxLength"
                | "minItems" | "maxItems" | "minimum" | "maximum" | "uniqueItems" => {
                    converted.insert(keyword.to_owned(), value.clone());
                }
                "items" | "not" => {
                    converted.insert(keyword.to_owned(), self.whole(value)?);
                }
                "additionalProperties" => {
                    let value = if value.is_boolean() {
                        value.clone()
                    } else {
                        self.whole(value)?
                    };
                    converted.insert(keyword.to_owned(), value);
                }
                "properties" => {
                    let properties = members(value)
                        .map(|(name, property)| Ok((name.to_owned(), self.whole(property)?)))
                        .collect::<Result<Map<_, _>, String>>()?;
                    converted.insert(keyword.to_owned(), properties.into());
                }
                "allOf" => {
                    converted.insert(keyword.to_owned(), every(value, |part| self.part(part))?);
                }
                "anyOf" => {
                    converted.insert(keyword.to_owned(), every(value, |one| self.whole(one))?);
                }
                // The discriminator names the one alternative that counts, and so the place of a fault inside it.
                "oneOf" if schema.get("discriminator").is_none() => {
                    converted.insert(keyword.to_owned(), every(value, |one| self.whole(one))?);
                }
                "oneOf" => {
                    let rules = self.by_discriminator(value, &schema["discriminator"])?;
                    converted.insert("allOf".to_owned(), rules);
                }
                "format" => insert_format(&mut converted, value)?,
                "nullable" | "discriminator" | "title" | "description" | "example" | "default"
                | "externalDocs" | "readOnly" | "writeOnly" | "deprecated" => {}
                extension if extension.starts_with("x-") => {}
                unknown => {
                    return Err(format!(
                        "the translation to JSON Schema does not know `{unknown}` of {schema}"
                    ));
                }
            }
        }
        if schema.get("nullable") != Some(&Value::Bool(true)) {
            return Ok(converted.into());
        }
        // A second type keeps the place of a fault; an enum or a combination would still refuse null.
        if !["enum", "allOf", "anyOf", "oneOf", "not"]
            .iter()
            .any(|keyword| schema.get(keyword).is_some())
        {
            converted["type"] = json!([schema["type"], "null"]);
            return Ok(converted.into());
        }
        Ok(json!({ "if": { "not": { "type": "null" } }, "then": converted }))
    }

    fn by_discriminator(
        self,
        alternatives: &Value,
        discriminator: &Value,
    ) -> Result<Value, String> {
        let property = discriminator["propertyName"]
            .as_str()
            .ok_or_else(|| format!("{discriminator} names no property"))?;
        let mapping: Vec<_> = members(&discriminator["mapping"]).collect();
        let references: Vec<_> = mapping
            .iter()
            .map(|(_, reference)| json!({ "$ref": reference }))
            .collect();
        let listed = alternatives.as_array().cloned().unwrap_or_default();
        if listed.len() != references.len() || !listed.iter().all(|one| references.contains(one)) {
            return Err(format!(
                "the mapping of {discriminator} leads to other schemas than {alternatives}"
            ));
        }
        let keys: Vec<_> = mapping.iter().map(|(key, _)| *key).collect();
        let mut rules =
            vec![json!({ "required": [property], "properties": { property: { "enum": keys } } })];
        for ((key, _), reference) in mapping.iter().zip(&references) {
            rules.push(json!({
                "if": { "required": [property], "properties": { property: { "const": key } } },
                "then": self.whole(reference)?
            }));
        }
        Ok(rules.into())
    }
}

fn every(
    schemas: &Value,
    translate: impl Fn(&Value) -> Result<Value, String>,
) -> Result<Value, String> {
    schemas
        .as_array()
        .into_iter()
        .flatten()
        .map(translate)
        .collect()
}

fn insert_format(schema: &mut Map<String, Value>, format: &Value) -> Result<(), String> {
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
        Some("double" | "float") => {}
        Some("uuid" | "date-time" | "date" | "uri") => {
            schema.insert("format".to_owned(), format.clone());
        }
        _ => {
            return Err(format!(
                "the translation to JSON Schema does not know the format {format}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Schemas, faults};
    use serde_json::{Value, json};

    fn document() -> Value {
        json!({ "components": { "schemas": {
            "crate": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": { "type": "string", "format": "uuid" },
                    "label": { "type": "string", "nullable": true },
                    "state": { "$ref": "#/components/schemas/state" },
                    "cargo": { "$ref": "#/components/schemas/anyCargo" }
                }
            },
            "heavyCrate": {
                "allOf": [
                    { "$ref": "#/components/schemas/crate" },
                    { "type": "object", "properties": { "tons": { "type": "integer", "format": "int32" } } }
                ]
            },
            "state": { "type": "string", "nullable": true, "enum": ["open", "shut"] },
            "anyCargo": {
                "oneOf": [{ "$ref": "#/components/schemas/tea" }],
                "discriminator": { "propertyName": "kind", "mapping": { "t": "#/components/schemas/tea" } }
            },
            "tea": { "type": "object", "properties": { "kind": { "type": "string" } } },
            "anything": { "type": "object", "additionalProperties": true }
        } } })
    }

    const ID: &str = "3d8f1a60-52c7-4e9b-8a14-c07b6e2d95f3";

    #[test]
    fn the_translation_says_what_the_dialect_says() {
        let schemas = Schemas::of(&document()).expect("schemas");
        let closed = Schemas::closed(&document()).expect("schemas");
        let cases = [
            // Schema, value, where it is wrong when members may be undeclared, and when not.
            (
                "crate",
                json!({ "id": ID, "label": null, "state": null }),
                "",
                "",
            ),
            ("crate", json!({}), "/", "/"),
            ("crate", json!({ "id": "x" }), "/id", "/id"),
            (
                "crate",
                json!({ "id": ID, "state": "ajar" }),
                "/state",
                "/state",
            ),
            ("crate", json!({ "id": ID, "more": 1 }), "", "/"),
            (
                "crate",
                json!({ "id": ID, "@odata.etag": 1, "label@odata.type": 1 }),
                "",
                "",
            ),
            ("heavyCrate", json!({ "id": ID, "tons": 3 }), "", ""),
            (
                "heavyCrate",
                json!({ "id": ID, "tons": 3_000_000_000_i64 }),
                "/tons",
                "/tons",
            ),
            ("heavyCrate", json!({ "id": ID, "pounds": 3 }), "", "/"),
            (
                "crate",
                json!({ "id": ID, "cargo": { "kind": "t" } }),
                "",
                "",
            ),
            (
                "crate",
                json!({ "id": ID, "cargo": { "kind": "t", "leaf": 1 } }),
                "",
                "/cargo",
            ),
            (
                "crate",
                json!({ "id": ID, "cargo": { "kind": "oil" } }),
                "/cargo/kind",
                "/cargo/kind",
            ),
            ("anything", json!({ "more": 1 }), "", ""),
        ];
        for (name, value, open_fault, closed_fault) in cases {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
            for (schemas, expected) in [(&schemas, open_fault), (&closed, closed_fault)] {
                let validator = schemas.validator(&schema).expect("a validator");
                let found = faults(&validator, &value);
                let first = found.first().map(|(place, _)| place.as_str());
                let expected = match expected {
                    "" => None,
                    "/" => Some(""),
                    other => Some(other),
                };
                assert_eq!(first, expected, "{name} {value}: {found:?}");
            }
        }
    }

    #[test]
    fn what_the_translation_does_not_know_is_an_error() {
        for schema in [
            json!({ "type": "string", "format": "colour" }),
            json!({ "type": "string", "contentEncoding": "base64" }),
        ] {
            let document = json!({ "components": { "schemas": { "odd": schema } } });
            assert!(Schemas::of(&document).is_err());
        }
    }
}
