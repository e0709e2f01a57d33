//! Reads what a SharePoint task is asked to move.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::answer::GraphError;
use crate::body::{check_names, instant, object};
use crate::operation::TaskSource;
use crate::state::task_parameters::Parameters;

const USER: &str = "#microsoft.graph.sharePointUserMigrationTaskParameters";
const SITE: &str = "#microsoft.graph.sharePointSiteMigrationTaskParameters";
const GROUP: &str = "#microsoft.graph.sharePointGroupMigrationTaskParameters";

/// The properties that all three kinds have.
const COMMON: [&str; 8] = [
    "sourceSiteUrl",
    "targetSiteUrl",
    "targetOrganizationId",
    "targetOrganizationHost",
    "targetDataLocationCode",
    "preferredStartDateTime",
    "preferredLatestStartDateTime",
    "validateOnly",
];

fn bad(message: impl Into<String>) -> GraphError {
    GraphError::bad_request(message)
}

fn text<'a>(json: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, GraphError> {
    match json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(bad(format!("The value of '{name}' isn't a text."))),
    }
}

fn required<'a>(json: &'a Map<String, Value>, name: &str) -> Result<&'a str, GraphError> {
    text(json, name)?
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| GraphError::missing_parameter(name))
}

fn date(json: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, GraphError> {
    match json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => instant(value).map(Some).ok_or_else(|| {
            bad(format!(
                "The value of '{name}' isn't a date and time by ISO 8601 with its offset."
            ))
        }),
    }
}

/// Checks one of the identities: an object of which one of `names` identifies somebody.
fn identity(json: &Map<String, Value>, property: &str, names: &[&str]) -> Result<(), GraphError> {
    let identity = match json.get(property) {
        None | Some(Value::Null) => return Err(GraphError::missing_parameter(property)),
        Some(Value::Object(identity)) => identity,
        Some(_) => return Err(bad(format!("The value of '{property}' isn't an object."))),
    };
    for name in [
        "id",
        "displayName",
        "userPrincipalName",
        "ipAddress",
        "mailNickname",
    ] {
        text(identity, name)?;
    }
    for name in names {
        if text(identity, name)?.is_some_and(|value| !value.trim().is_empty()) {
            return Ok(());
        }
    }
    Err(GraphError::missing_parameter(&format!(
        "{property}/{}",
        names.first().unwrap_or(&"id")
    )))
}

/// Reads the body of a creation.
pub(crate) fn read(body: &Value) -> Result<Parameters, GraphError> {
    let body = object(body)?;
    check_names(
        body,
        &[
            "id",
            "parameters",
            "status",
            "error",
            "startedDateTime",
            "lastUpdatedDateTime",
            "finishedDateTime",
        ],
    )?;
    let json = match body.get("parameters") {
        None | Some(Value::Null) => return Err(GraphError::missing_parameter("parameters")),
        Some(Value::Object(json)) => json,
        Some(_) => return Err(bad("The value of 'parameters' isn't an object.")),
    };
    let (kind, own): (_, &[&str]) = match required(json, "@odata.type")? {
        USER => (
            TaskSource::UserPrincipalName,
            &["sourceUserIdentity", "targetUserIdentity"],
        ),
        SITE => (TaskSource::SiteUrl, &[]),
        GROUP => (
            TaskSource::GroupMailNickname,
            &["sourceGroupIdentity", "targetGroupIdentity"],
        ),
        other => {
            return Err(bad(format!(
                "The type '{other}' isn't one of a task's parameters."
            )));
        }
    };
    let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    check_names(json, &known)?;
    for name in &COMMON[..5] {
        text(json, name)?;
    }
    match kind {
        TaskSource::UserPrincipalName => {
            for property in own {
                identity(json, property, &["userPrincipalName", "id"])?;
            }
        }
        TaskSource::GroupMailNickname => {
            for property in own {
                identity(json, property, &["mailNickname"])?;
            }
        }
        TaskSource::SiteUrl => {
            required(json, "sourceSiteUrl")?;
            required(json, "targetSiteUrl")?;
        }
    }
    if let Some(id) = text(json, "targetOrganizationId")?
        && uuid::Uuid::try_parse(id).is_err()
    {
        return Err(bad("The value of 'targetOrganizationId' isn't a GUID."));
    }
    let validate_only = match json.get("validateOnly") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(only)) => *only,
        Some(_) => return Err(bad("The value of 'validateOnly' isn't true or false.")),
    };
    let preferred_start = date(json, "preferredStartDateTime")?;
    let latest_start = date(json, "preferredLatestStartDateTime")?;
    if let (Some(start), Some(latest)) = (preferred_start, latest_start)
        && latest <= start
    {
        return Err(bad(
            "preferredLatestStartDateTime must be greater than preferredStartDateTime.",
        ));
    }
    Ok(Parameters {
        json: json.clone(),
        kind,
        preferred_start,
        latest_start,
        validate_only,
    })
}
