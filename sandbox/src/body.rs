//! Reads what the bodies of all operations have in common.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::answer::GraphError;
use crate::clock::latest;

/// Refuses properties that the type does not have; annotations pass.
pub(crate) fn check_names(body: &Map<String, Value>, known: &[&str]) -> Result<(), GraphError> {
    match body
        .keys()
        .find(|name| !name.contains('@') && !known.contains(&name.as_str()))
    {
        Some(name) => Err(GraphError::bad_request(format!(
            "The type has no property '{name}'."
        ))),
        None => Ok(()),
    }
}

pub(crate) fn object(body: &Value) -> Result<&Map<String, Value>, GraphError> {
    body.as_object()
        .ok_or_else(|| GraphError::bad_request("The request body isn't a JSON object."))
}

/// Reads JSON, whatever tool wrote the byte order mark before it.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// How many digits of a second's fraction a point in time was written with, nine at most.
pub(crate) fn fraction_digits(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    let (_, fraction) = text.split_once('.').unwrap_or_default();
    fraction
        .bytes()
        .take_while(u8::is_ascii_digit)
        .take(9)
        .count()
}

/// Reads a point in time that lies within the years that every answer can show.
///
/// A leap second is none: the services that keep these dates know minutes of sixty seconds alone.
pub(crate) fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc3339(value.as_str()?)
        .ok()?
        .with_timezone(&Utc);
    if date.timestamp_subsec_nanos() >= 1_000_000_000 {
        return None;
    }
    (date <= latest() && date >= DateTime::<Utc>::UNIX_EPOCH).then_some(date)
}
