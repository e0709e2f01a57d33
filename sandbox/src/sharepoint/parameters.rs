//! What a SharePoint task is asked to move.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::answer::GraphError;
use crate::jobs::create::{check_names, instant, object};
use crate::route::{TaskSource, missing_parameter};

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

/// The parameters of a task, checked.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    /// As they were sent, completed by what the service found out.
    pub(crate) json: Map<String, Value>,
    pub(crate) kind: TaskSource,
    pub(crate) preferred_start: Option<DateTime<Utc>>,
    pub(crate) latest_start: Option<DateTime<Utc>>,
    pub(crate) validate_only: bool,
}

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
        .ok_or_else(|| missing_parameter(name))
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
        None | Some(Value::Null) => return Err(missing_parameter(property)),
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
    Err(missing_parameter(&format!(
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
        None | Some(Value::Null) => return Err(missing_parameter("parameters")),
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

impl Parameters {
    fn of_identity(&self, property: &str, name: &str) -> Option<&str> {
        self.json.get(property)?.get(name)?.as_str()
    }

    /// The source's user principal name and object id, as far as they are given.
    pub(crate) fn source_user(&self) -> (Option<&str>, Option<&str>) {
        let part = |name| self.of_identity("sourceUserIdentity", name);
        (part("userPrincipalName"), part("id"))
    }

    /// What the task is found by.
    pub(crate) fn source(&self) -> Option<&str> {
        match self.kind {
            TaskSource::UserPrincipalName => self.source_user().0,
            TaskSource::SiteUrl => self.json.get("sourceSiteUrl")?.as_str(),
            TaskSource::GroupMailNickname => {
                self.of_identity("sourceGroupIdentity", "mailNickname")
            }
        }
    }

    /// What the text about a missing trust calls the partner: the target as far as it is given.
    pub(crate) fn partner(&self) -> &str {
        [
            "targetOrganizationHost",
            "targetSiteUrl",
            "targetOrganizationId",
        ]
        .iter()
        .find_map(|name| self.json.get(*name)?.as_str())
        .unwrap_or("of the default geography")
    }

    /// Adds a user principal name that the service looked up by id.
    pub(crate) fn resolve(&mut self, property: &str, principal_name: &str) {
        if let Some(Value::Object(identity)) = self.json.get_mut(property) {
            let unset = identity.get("userPrincipalName").is_none_or(Value::is_null);
            if unset {
                identity.insert("userPrincipalName".into(), json!(principal_name));
            }
        }
    }

    /// A `null` geography stands for the default one, which the answer names.
    pub(crate) fn name_geography(&mut self) {
        if self
            .json
            .get("targetDataLocationCode")
            .is_some_and(Value::is_null)
        {
            self.json
                .insert("targetDataLocationCode".into(), json!("EUR"));
        }
        // The other properties that were sent as `null` are as good as absent.
        self.json.retain(|_, value| !value.is_null());
    }
}
