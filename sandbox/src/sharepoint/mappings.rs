//! The operations on identity maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::ROOT;
use crate::answer::{Answer, GraphError};
use crate::body::{check_names, object};
use crate::call::Call;
use crate::odata::page;
use crate::operation::MappingKind;
use crate::state::State;
use crate::state::mapping_store::mapping_id;

/// How many items one request may change, by the pages of both updates.
const MAX_ITEMS: usize = 50;

/// The names that differ between the two maps.
struct Shape {
    collection: &'static str,
    source: &'static str,
    target: &'static str,
    key: &'static str,
    kind: &'static str,
    kinds: &'static [&'static str],
    data: &'static str,
    data_property: &'static str,
}

fn shape(kind: MappingKind) -> Shape {
    match kind {
        MappingKind::User => Shape {
            collection: "crossOrganizationUserMappings",
            source: "sourceUserIdentity",
            target: "targetUserIdentity",
            key: "userPrincipalName",
            kind: "userType",
            kinds: &["none", "regularUser", "adminUser", "guestUser"],
            data: "targetUserMigrationData",
            data_property: "email",
        },
        MappingKind::Group => Shape {
            collection: "crossOrganizationGroupMappings",
            source: "sourceGroupIdentity",
            target: "targetGroupIdentity",
            key: "id",
            kind: "groupType",
            kinds: &["none", "regularGroup", "m365Group"],
            data: "targetGroupMigrationData",
            data_property: "mailNickname",
        },
    }
}

impl Shape {
    fn properties(&self) -> [&'static str; 7] {
        [
            "id",
            "sourceOrganizationId",
            "deleted",
            self.kind,
            self.source,
            self.target,
            self.data,
        ]
    }
}

fn bad(message: impl Into<String>) -> GraphError {
    GraphError::bad_request(message)
}

/// One change of a delta, checked.
enum Change {
    Remove {
        key: String,
    },
    Put {
        key: String,
        properties: Map<String, Value>,
    },
}

pub(crate) fn get(
    state: &State,
    call: &Call<'_>,
    kind: MappingKind,
    key: &str,
) -> Result<Answer, GraphError> {
    let shape = shape(kind);
    let select = call.query.for_one()?;
    let mapping = state
        .mappings
        .of(kind)
        .get(&key.to_lowercase())
        .ok_or_else(|| {
            GraphError::not_found(format!("There is no mapping of the source '{key}'."))
        })?;
    let body = Value::Object(Map::clone(mapping));
    let mut body = page::select(body, select.as_deref(), &shape.properties())?;
    let collection = format!("{ROOT}/{}", shape.collection);
    let mut context = call.entity_context(&collection, select.as_deref());
    if state.settings.staging_context && kind == MappingKind::Group {
        context = context.replacen("/beta/", "/stagingbeta/", 1);
    }
    if let Value::Object(body) = &mut body {
        body.insert("@odata.context".into(), json!(context));
    }
    Ok(Answer::json(200, body))
}

pub(crate) fn update(
    state: &mut State,
    call: &Call<'_>,
    kind: MappingKind,
) -> Result<Answer, GraphError> {
    let shape = shape(kind);
    let body = object(call.json()?)?;
    check_names(body, &["value"])?;
    // The samples write `@context`, the standard `@odata.context`.
    let context = body.get("@context").or_else(|| body.get("@odata.context"));
    if context.and_then(Value::as_str) != Some("#$delta") {
        return Err(bad(
            "The request body needs '@context' with the value '#$delta'.",
        ));
    }
    let items = body
        .get("value")
        .and_then(Value::as_array)
        .ok_or_else(|| bad("The request body needs 'value' with a list of mappings."))?;
    if items.len() > MAX_ITEMS {
        return Err(bad(format!(
            "The list has {} mappings; one request can change {MAX_ITEMS} at most.",
            items.len()
        )));
    }
    // Everything is checked before anything is changed: a request takes effect as a whole or not at all.
    let mut draft: BTreeMap<String, Option<Map<String, Value>>> = BTreeMap::new();
    let mut answers = Vec::with_capacity(items.len());
    let (mut put, mut removed) = (0_usize, 0_usize);
    for (position, item) in items.iter().enumerate() {
        let change = read(&shape, item).map_err(|error| {
            bad(format!(
                "The mapping at position {position}: {}",
                error.message
            ))
        })?;
        match change {
            Change::Remove { key } => {
                let lower = key.to_lowercase();
                let stored = draft.get(&lower).map_or(
                    state.mappings.of(kind).contains_key(&lower),
                    Option::is_some,
                );
                removed += usize::from(stored);
                draft.insert(lower, None);
                let mut answer = Map::new();
                answer.insert("id".into(), json!(mapping_id(kind, &key)));
                answer.insert(shape.source.into(), json!({ shape.key: key }));
                if !state.settings.mapping_answer_without_deleted {
                    answer.insert("deleted".into(), json!({"state": "deleted"}));
                }
                answers.push(Value::Object(answer));
            }
            Change::Put { key, properties } => {
                let lower = key.to_lowercase();
                let before = match draft.get(&lower) {
                    Some(drafted) => drafted.clone(),
                    None => state
                        .mappings
                        .of(kind)
                        .get(&lower)
                        .map(|own| Map::clone(own)),
                };
                let mut mapping = before.unwrap_or_default();
                mapping.extend(properties);
                complete(&shape, &mut mapping).map_err(|error| {
                    bad(format!(
                        "The mapping at position {position}: {}",
                        error.message
                    ))
                })?;
                mapping.insert("id".into(), json!(mapping_id(kind, &key)));
                answers.push(Value::Object(mapping.clone()));
                draft.insert(lower, Some(mapping));
                put += 1;
            }
        }
    }
    let stored = state.mappings.of_mut(kind);
    for (key, mapping) in draft {
        match mapping {
            Some(mapping) => stored.insert(key, Arc::new(mapping)),
            None => stored.remove(&key),
        };
    }
    let body = json!({
        "@odata.context": call.context(&format!("{ROOT}/{}/$delta", shape.collection)),
        "value": answers,
    });
    let answer = Answer::json(200, body);
    Ok(match (put, removed) {
        (0, 0) => answer,
        _ => answer.changing(format!(
            "{}: {put} put, {removed} removed",
            shape.collection
        )),
    })
}

/// A new mapping has to say from where and to whom.
fn complete(shape: &Shape, mapping: &mut Map<String, Value>) -> Result<(), GraphError> {
    for name in ["sourceOrganizationId", shape.target] {
        if mapping.get(name).is_none_or(Value::is_null) {
            return Err(bad(format!("the property '{name}' is required.")));
        }
    }
    // The type is never null by the metadata, whose default is the first member.
    if mapping.get(shape.kind).is_none_or(Value::is_null) {
        mapping.insert(shape.kind.into(), json!("none"));
    }
    Ok(())
}

fn identity_text(
    item: &Map<String, Value>,
    property: &str,
    name: &str,
) -> Result<Option<String>, GraphError> {
    let identity = match item.get(property) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(identity)) => identity,
        Some(_) => return Err(bad(format!("the value of '{property}' isn't an object."))),
    };
    match identity.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(bad(format!(
            "the value of '{property}/{name}' isn't a text."
        ))),
    }
}

fn read(shape: &Shape, item: &Value) -> Result<Change, GraphError> {
    let item = item
        .as_object()
        .ok_or_else(|| bad("it isn't a JSON object."))?;
    check_names(item, &shape.properties())?;
    let key = identity_text(item, shape.source, shape.key)?
        .filter(|key| !key.trim().is_empty())
        .ok_or_else(|| {
            bad(format!(
                "the property '{}/{}' is required.",
                shape.source, shape.key
            ))
        })?;
    for (property, name) in [
        (shape.source, "id"),
        (shape.source, "displayName"),
        (shape.target, "id"),
        (shape.target, "displayName"),
        (shape.target, shape.key),
        (shape.data, shape.data_property),
    ] {
        identity_text(item, property, name)?;
    }
    if item.contains_key("@removed") {
        return Ok(Change::Remove { key });
    }
    if let Some(organization) = item.get("sourceOrganizationId") {
        let id = organization
            .as_str()
            .and_then(|id| uuid::Uuid::try_parse(id).ok());
        if id.is_none() {
            return Err(bad("the value of 'sourceOrganizationId' isn't a GUID."));
        }
    }
    match item.get(shape.kind) {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if shape.kinds.contains(&kind.as_str()) => {}
        Some(_) => {
            return Err(bad(format!(
                "the value of '{}' isn't one of {}.",
                shape.kind,
                shape.kinds.join(", ")
            )));
        }
    }
    let writable = |name: &String| {
        ![String::from("id"), "deleted".into()].contains(name) && !name.contains('@')
    };
    let properties = item
        .iter()
        .filter(|(name, value)| writable(name) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(Change::Put { key, properties })
}
