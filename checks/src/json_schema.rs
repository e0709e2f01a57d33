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
    components: Value,
    translation: Translation,
}

/// How schemas are translated.
#[derive(Clone, Copy, Debug)]
struct Translation {
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
        Self::translated(document, Translation { closed: false })
    }

    /// The same schemas, which refuse members that they do not declare, but for control information of `OData`.
    ///
    /// # Errors
    ///
    /// Names what cannot be translated.
    pub fn closed(document: &Value) -> Result<Self, String> {
        Self::translated(document, Translation { closed: true })
    }

    fn translated(document: &Value, translation: Translation) -> Result<Self, String> {
        let mut open = Map::new();
        let mut closed = Map::new();
        for (name, schema) in members(&document["components"]["schemas"]) {
            let translated = translation.part(schema)?;
            if translation.closed {
                let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
                closed.insert(name.to_owned(), closing(schema, reference));
            }
            open.insert(name.to_owned(), translated);
        }
        Ok(Self {
            components: json!({ "components": { "schemas": open }, "closed": closed }),
            translation,
        })
    }

    /// A validator for a schema of this specification, formats included.
    ///
    /// # Errors
    ///
    /// Names what cannot be translated.
    pub fn validator(&self, schema: &Value) -> Result<Validator, String> {
        let mut root = self.components.clone();
        root["allOf"] = json!([self.translation.whole(schema)?]);
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

/// Whether a schema describes objects that have no other members than those that are declared.
fn is_closed_object(schema: &Value) -> bool {
    let is_object = schema["type"] == "object"
        || schema.get("properties").is_some()
        || schema.get("allOf").is_some();
    is_object && schema.get("additionalProperties").is_none()
}

/// What a schema was translated to, closed if it describes an object.
fn closing(schema: &Value, mut translated: Value) -> Value {
    if is_closed_object(schema) {
        translated["unevaluatedProperties"] = json!(false);
    }
    translated
}

impl Translation {
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
        let translated = self.part(schema)?;
        Ok(if self.closed {
            closing(schema, translated)
        } else {
            translated
        })
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
        if self.closed && is_closed_object(schema) {
            // Control information of OData may stand in any object.
            converted.insert("patternProperties".to_owned(), json!({ "@odata\\.": true }));
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
