//! Reads a wave file: its text against the published schema, so that every mistake is found at once and with its place.

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::format::{SCHEMA, Wave};
use super::mistakes::Mistakes;
use crate::exit::Failure;

/// A place in a file: line and column, from 1.
pub type Place = (usize, usize);

/// Where each value of a file stands, by its JSON pointer.
#[derive(Clone, Debug, Default)]
pub struct Places {
    values: BTreeMap<String, Place>,
    keys: BTreeMap<String, Place>,
}

impl Places {
    /// The place of a value; of what is not there, that of the table around it.
    pub fn of(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.values.get(pointer) {
                return *place;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return (1, 1),
            }
        }
    }

    fn of_key(&self, pointer: &str) -> Place {
        let place = self.keys.get(pointer).copied();
        place.unwrap_or_else(|| self.of(pointer))
    }
}

/// What a text holds, if all of it can be read; mistakes go to `mistakes`.
pub fn read(
    text: &str,
    file: &Path,
    mistakes: &mut Mistakes,
) -> Result<Option<(Wave, Places)>, Failure> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or((1, 1), |span| place(text, span.start));
        mistakes.add(file, place, error.message());
    }
    let mut places = Places::default();
    places.values.insert(String::new(), (1, 1));
    let json = object(table.get_ref(), "", text, &mut places);
    if !errors.is_empty() {
        // What stands around it cannot be told from what was meant.
        return Ok(None);
    }
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::unexpected("the schema of wave files cannot be used", error)
    };
    let schema: Value = serde_json::from_str(SCHEMA).map_err(|error| unusable(&error))?;
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .map_err(|error| unusable(&error))?;
    let before = mistakes.len();
    for error in validator.iter_errors(&json) {
        explain(&error, &schema, &places, file, mistakes);
    }
    if mistakes.len() > before {
        return Ok(None);
    }
    match serde_json::from_value(json) {
        Ok(wave) => Ok(Some((wave, places))),
        // The schema is made from the types, so that it finds all that they would not take.
        Err(error) => {
            mistakes.add(file, (1, 1), error);
            Ok(None)
        }
    }
}

fn explain(
    error: &ValidationError<'_>,
    schema: &Value,
    places: &Places,
    file: &Path,
    mistakes: &mut Mistakes,
) {
    let pointer = error.instance_path().as_str();
    let at = places.of(pointer);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = known_keys(schema, pointer);
            for key in unexpected {
                let at = places.of_key(&child(pointer, key));
                mistakes.add(file, at, format!("there is no key {key} here; {known}"));
            }
        }
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            mistakes.add(file, at, format!("the key {property} is missing"));
        }
        ValidationErrorKind::Format { format } if format == "date-time" => mistakes.add(
            file,
            at,
            format!(
                "{} is no time with a zone; write it like 2026-12-12T20:00:00Z",
                error.instance()
            ),
        ),
        ValidationErrorKind::Pattern { pattern } if pattern.starts_with("^[0-9A-Fa-f]") => {
            let text = error.instance();
            mistakes.add(file, at, format!("{text} is no id of a tenant (a GUID)"));
        }
        ValidationErrorKind::Pattern { .. } => {
            let text = error.instance();
            let why = "a name neither begins nor ends with a space, and holds no control character";
            mistakes.add(file, at, format!("{text} is no name: {why}"));
        }
        ValidationErrorKind::Type {
            kind: TypeKind::Single(wanted),
        } => mistakes.add(
            file,
            at,
            format!("{} is wanted here, not {}", wanted, error.instance()),
        ),
        ValidationErrorKind::Maximum { limit } if pointer == "/batch-size" => mistakes.add(
            file,
            at,
            format!(
                "{} users are more than the {limit} that a job may have",
                error.instance()
            ),
        ),
        ValidationErrorKind::UniqueItems => {
            mistakes.add(file, at, "one of these is named twice");
        }
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::Enum { .. } => {
            let known = known_values(schema, pointer);
            let text = error.instance();
            mistakes.add(file, at, format!("{text} is not known here; {known}"));
        }
        _ => mistakes.add(file, at, error),
    }
}

fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The schema of the value that a pointer leads to.
fn schema_of<'a>(schema: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut at = schema;
    for part in pointer.split('/').skip(1) {
        at = followed(schema, at);
        at = if part.parse::<usize>().is_ok() {
            at.get("items")?
        } else {
            at.get("properties")?.get(part)?
        };
    }
    Some(followed(schema, at))
}

/// What a reference, also one among others with null, leads to.
fn followed<'a>(schema: &'a Value, at: &'a Value) -> &'a Value {
    let any = at.get("anyOf").and_then(Value::as_array);
    let at = any.and_then(|any| any.first()).unwrap_or(at);
    let reference = at.get("$ref").and_then(Value::as_str);
    let found = reference.and_then(|reference| schema.pointer(reference.trim_start_matches('#')));
    found.unwrap_or(at)
}

fn known_keys(schema: &Value, pointer: &str) -> String {
    let properties = schema_of(schema, pointer).and_then(|at| at.get("properties"));
    let known = properties.and_then(Value::as_object);
    let known: Vec<_> = known
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect();
    format!("there are {}", known.join(", "))
}

/// The values that an enumeration has.
fn known_values(schema: &Value, pointer: &str) -> String {
    let options = schema_of(schema, pointer)
        .and_then(|at| at.get("oneOf").or_else(|| at.get("enum")))
        .and_then(Value::as_array);
    let known: Vec<_> = options
        .into_iter()
        .flatten()
        .filter_map(|option| option.get("const").unwrap_or(option).as_str())
        .collect();
    format!("there are {}", known.join(", "))
}

/// The line and column of a byte.
pub fn place(text: &str, byte: usize) -> Place {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
    )
}

fn object(table: &DeTable<'_>, pointer: &str, text: &str, places: &mut Places) -> Value {
    let mut object = Map::new();
    for (key, value) in table {
        let pointer = child(pointer, key.get_ref());
        let at = place(text, key.span().start);
        places.keys.insert(pointer.clone(), at);
        let value = value_of(value, &pointer, text, places);
        object.insert(key.get_ref().to_string(), value);
    }
    Value::Object(object)
}

fn value_of(value: &Spanned<DeValue<'_>>, pointer: &str, text: &str, places: &mut Places) -> Value {
    let at = place(text, value.span().start);
    places.values.insert(pointer.to_owned(), at);
    match value.get_ref() {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => {
            match i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()) {
                Ok(number) => json!(number),
                Err(_) => json!(number.to_string()),
            }
        }
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => json!(number),
            _ => json!(number.as_str()),
        },
        DeValue::Boolean(is) => json!(is),
        DeValue::Datetime(time) => json!(time.to_string()),
        DeValue::Array(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                let pointer = format!("{pointer}/{index}");
                value_of(item, &pointer, text, places)
            });
            Value::Array(items.collect())
        }
        DeValue::Table(table) => object(table, pointer, text, places),
    }
}
