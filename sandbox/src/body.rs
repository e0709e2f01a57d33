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

/// Reads a point in time that lies within the years that every answer can show.
pub(crate) fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc3339(value.as_str()?)
        .ok()?
        .with_timezone(&Utc);
    (date <= latest() && date >= DateTime::<Utc>::UNIX_EPOCH).then_some(date)
}
