//! Reading JSON that does not quite match the documents.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A part of an answer that contradicts the documents and was left out of the typed value.
///
/// The raw text of the answer still has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deviation {
    /// Where the part stands: a JSON pointer into the answer.
    pub pointer: String,
    /// What is odd about it.
    pub reason: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}",
            if self.pointer.is_empty() {
                "/"
            } else {
                &self.pointer
            },
            self.reason
        )
    }
}

/// A value, and what had to be left out to read it.
pub(crate) struct Read<T> {
    pub value: T,
    pub deviations: Vec<Deviation>,
}

/// Reads null where the documents promise a list.
pub(crate) fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an object, taking it out of the `{"value": …}` that early documents wrap it in.
pub(crate) fn read_object<T: DeserializeOwned>(text: &[u8]) -> Result<Read<T>, serde_json::Error> {
    let mut json: Value = serde_json::from_slice(text)?;
    if let Some(inner) = json.get_mut("value").filter(|inner| inner.is_object()) {
        json = inner.take();
    }
    read(json, |_, _| ())
}

/// Reads a collection whose items are in `value`; an item that is odd loses only its odd part.
pub(crate) fn read_collection<T, Item>(text: &[u8]) -> Result<Read<T>, serde_json::Error>
where
    T: DeserializeOwned,
    Item: DeserializeOwned,
{
    read(serde_json::from_slice(text)?, |json, deviations| {
        let Some(items) = json.get_mut("value").and_then(Value::as_array_mut) else {
            return;
        };
        let mut index = 0;
        items.retain_mut(|item| {
            let kept = repair::<Item>(item, &format!("/value/{index}"), deviations).is_ok();
            index += 1;
            kept
        });
    })
}

/// Reads `json`; only if that fails, cleans its parts by `clean` and then leaves out what is still
/// odd.
fn read<T: DeserializeOwned>(
    mut json: Value,
    clean: impl FnOnce(&mut Value, &mut Vec<Deviation>),
) -> Result<Read<T>, serde_json::Error> {
    if !json.is_object() {
        return Err(serde::de::Error::custom("expected an object"));
    }
    if let Ok(value) = T::deserialize(&json) {
        return Ok(Read {
            value,
            deviations: Vec::new(),
        });
    }
    let mut deviations = Vec::new();
    clean(&mut json, &mut deviations);
    let value = repair(&mut json, "", &mut deviations)?;
    Ok(Read { value, deviations })
}

/// Leaves out of `json` one odd part after the other until it can be read.
fn repair<T: DeserializeOwned>(
    json: &mut Value,
    prefix: &str,
    deviations: &mut Vec<Deviation>,
) -> Result<T, serde_json::Error> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&*json) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let mut steps = Vec::new();
        for segment in error.path() {
            match segment {
                serde_path_to_error::Segment::Seq { index } => steps.push(index.to_string()),
                serde_path_to_error::Segment::Map { key } => steps.push(key.clone()),
                serde_path_to_error::Segment::Enum { .. }
                | serde_path_to_error::Segment::Unknown => break,
            }
        }
        // Each round removes a part, so this ends; an object that is odd as a whole cannot be
        // helped.
        let removed = remove(json, &steps);
        let mut pointer = prefix.to_owned();
        for step in &steps {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        }
        deviations.push(Deviation {
            pointer,
            reason: error.inner().to_string(),
        });
        if !removed {
            return Err(error.into_inner());
        }
    }
}

fn remove(json: &mut Value, steps: &[String]) -> bool {
    let Some((last, parents)) = steps.split_last() else {
        return false;
    };
    let mut parent = json;
    for step in parents {
        let child = match parent {
            Value::Object(members) => members.get_mut(step),
            Value::Array(items) => step
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get_mut(index)),
            _ => None,
        };
        let Some(child) = child else { return false };
        parent = child;
    }
    match parent {
        Value::Object(members) => members.remove(last).is_some(),
        Value::Array(items) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
