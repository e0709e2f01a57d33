//! Reading JSON that does not quite match the documents.
//!
//! Text is read straight into its type. Only where that fails, or where a member at the top makes it doubtful
//! what the text is, it is read into a tree and looked at part by part.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::models::mending::mend;
use crate::models::mismatch;
use crate::models::one_line::OneLine;
use crate::models::top_level::{self, TopLevel};

/// A part of an answer that contradicts the documents and was left out of the typed value.
///
/// The raw text of the answer still has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deviation {
    /// Where the part stands: a JSON pointer into the answer as it came.
    pub pointer: String,
    /// What is odd about it.
    pub reason: String,
}

/// Pointer and reason, on one line of at most 500 characters or so.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = match &*self.pointer {
            "" => "/",
            pointer => pointer,
        };
        write!(
            f,
            "{}: {}",
            OneLine(pointer, 250),
            OneLine(&self.reason, 250)
        )
    }
}

/// A value, and what had to be left out to read it.
#[derive(Debug)]
pub(crate) struct Read<T> {
    pub value: T,
    pub deviations: Vec<Deviation>,
}

/// Why a text has no value of its type.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is an object that holds an error.
    Error,
    /// It is no JSON, nor the beginning of any.
    NotJson(serde_json::Error),
    /// It is JSON that breaks off.
    Incomplete(serde_json::Error),
    /// It is JSON, and no object.
    NotAnObject,
    /// It is something like an object, and what cannot be done without cannot be read.
    Unusable(String),
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
pub(crate) fn read_object<T: DeserializeOwned>(text: &[u8]) -> Result<Read<T>, Unread> {
    let mut top = TopLevel::default();
    if let Ok(value) = top_level::read(text, &mut top)
        && top.values == 0
        && (top.errors == 0 || (top.documents("error") && top.has_more_than_error))
    {
        return Ok(Read {
            value,
            deviations: Vec::new(),
        });
    }
    let (mut members, mut deviations) = object(text, &top)?;
    // A property beside it shows that this is the object itself.
    let is_property = |name: &String| !name.starts_with('@') && top.documents(name);
    if !members.keys().any(is_property) {
        match members.remove("value") {
            Some(Value::Object(inner)) => return fit(inner, "/value", deviations),
            Some(_) if !top.documented.is_empty() => deviations.push(Deviation {
                pointer: "/value".to_owned(),
                reason: "expected an object".to_owned(),
            }),
            _ => {}
        }
    }
    fit(members, "", deviations)
}

/// Reads a collection whose items are in `value`; an item that is odd loses only its odd part.
///
/// A list that is not there, or may not be the whole one, is not read at all: it would look like an empty or
/// a finished one.
pub(crate) fn read_collection<T: DeserializeOwned>(text: &[u8]) -> Result<Read<T>, Unread> {
    const NEXT_LINK: &str = "@odata.nextLink";
    let mut top = TopLevel::default();
    if let Ok(value) = top_level::read(text, &mut top)
        && top.values == 1
        && !top.value_is_null
        && (top.next_links == 0 || top.documents(NEXT_LINK))
        && top.errors == 0
    {
        return Ok(Read {
            value,
            deviations: Vec::new(),
        });
    }
    let (members, deviations) = object(text, &top)?;
    let unusable = |reason: &str| Err(Unread::Unusable(reason.to_owned()));
    match members.get("value") {
        Some(Value::Array(_)) => {}
        Some(_) => return unusable("`value` is not a list"),
        None => return unusable("there is no list in `value`"),
    }
    // A tree keeps one of two members of the same name, and not necessarily the one that was meant.
    match top_level::survey(text) {
        Ok(all) if all.values > 1 => return unusable("there are several lists in `value`"),
        Ok(all) if all.next_links > 1 => return unusable("there are several next links"),
        _ => {}
    }
    if !matches!(
        members.get(NEXT_LINK),
        None | Some(Value::Null | Value::String(_))
    ) {
        return unusable("the next link is not a string, so that the list may go on");
    }
    fit(members, "", deviations)
}

/// Reads an answer of which nothing is expected, and so nothing is kept.
pub(crate) fn read_nothing(text: &[u8]) -> Result<Read<()>, Unread> {
    #[derive(Deserialize)]
    struct Nothing {}

    read_object::<Nothing>(text).map(|read| Read {
        value: (),
        deviations: read.deviations,
    })
}

/// The members of the object that `text` is, unless it is an error.
fn object(text: &[u8], top: &TopLevel) -> Result<(Map<String, Value>, Vec<Deviation>), Unread> {
    let (json, mut deviations) = tree(text)?;
    let Value::Object(members) = json else {
        return Err(Unread::NotAnObject);
    };
    // A task tells in `error` why it failed; an answer that tells nothing else is no task.
    if !top.documents("error") || !members.keys().any(|name| top.is_more_than_error(name)) {
        match members.get("error") {
            Some(Value::Object(_)) => return Err(Unread::Error),
            Some(Value::String(code)) if !code.is_empty() => return Err(Unread::Error),
            None | Some(Value::Null) => {}
            Some(_) => deviations.push(Deviation {
                pointer: "/error".to_owned(),
                reason: "an error that says nothing".to_owned(),
            }),
        }
    }
    Ok((members, deviations))
}

fn tree(text: &[u8]) -> Result<(Value, Vec<Deviation>), Unread> {
    let error = match serde_json::from_slice(text) {
        Ok(json) => return Ok((json, Vec::new())),
        Err(error) => error,
    };
    let is_like_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
    if error.is_eof() {
        return Err(Unread::Incomplete(error));
    }
    if !is_like_json {
        return Err(Unread::NotJson(error));
    }
    let mended = mend(text).and_then(|mended| {
        let mut json = serde_json::from_str(&mended.text).ok()?;
        let deviations = mended.unmark(&mut json);
        Some((json, deviations))
    });
    mended.ok_or_else(|| Unread::Unusable(error.to_string()))
}

/// Reads what fits into the type and leaves out what does not; `prefix` is where the members stand.
fn fit<T: DeserializeOwned>(
    members: Map<String, Value>,
    prefix: &str,
    mut deviations: Vec<Deviation>,
) -> Result<Read<T>, Unread> {
    let unusable = |error: serde_json::Error| Unread::Unusable(error.to_string());
    let mut json = Value::Object(members);
    let mismatches = mismatch::find::<T>(&json).map_err(unusable)?;
    mismatch::remove(&mut json, &mismatches);
    deviations.extend(mismatches.into_iter().map(|mismatch| Deviation {
        pointer: format!("{prefix}{}", mismatch.pointer()),
        reason: mismatch.reason,
    }));
    let value = T::deserialize(json).map_err(unusable)?;
    Ok(Read { value, deviations })
}
