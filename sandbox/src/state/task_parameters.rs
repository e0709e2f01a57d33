//! What a SharePoint task is asked to move.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::operation::TaskSource;

/// The parameters of a task, checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Parameters {
    /// As they were sent, completed by what the service found out.
    pub(crate) json: Map<String, Value>,
    pub(crate) kind: TaskSource,
    pub(crate) preferred_start: Option<DateTime<Utc>>,
    pub(crate) latest_start: Option<DateTime<Utc>>,
    pub(crate) validate_only: bool,
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
