//! Rules that the documents state and that are better broken here than at the service.
//!
//! Only rules on which all documents agree: the largest number of users in a job, or a cutover in
//! the past, is the service's to judge.

use crate::client::odata;
use crate::models::date_time::DateTimeOffset;
use crate::models::{
    CrossTenantMigrationJobCreate, SharePointGroupIdentityMappingDeltaItem,
    SharePointMigrationTaskParameters, SharePointUserIdentityMappingDeltaItem,
};

/// What is wrong with an argument, or nothing.
pub(crate) type Check = Result<(), String>;

/// The most items that one change of identity mappings takes.
pub const MAX_MAPPINGS: usize = 50;

pub(crate) fn segment(name: &str, value: &str) -> Check {
    odata::refuse_segment(value).map_or(Ok(()), |reason| Err(format!("{name} {reason}")))
}

pub(crate) fn literal(name: &str, value: &str) -> Check {
    odata::refuse_literal(value).map_or(Ok(()), |reason| Err(format!("{name} {reason}")))
}

pub(crate) fn job(job: &CrossTenantMigrationJobCreate) -> Check {
    for (name, value) in [
        ("displayName", job.display_name.as_str()),
        (
            "completeAfterDateTime",
            job.complete_after_date_time.as_str(),
        ),
        ("sourceTenantId", job.source_tenant_id.as_str()),
        ("resourceType", job.resource_type.as_str()),
    ] {
        filled(name, value)?;
    }
    if job.resources.is_empty() {
        return Err("resources is empty, and a job needs users".to_owned());
    }
    job.resources
        .iter()
        .try_for_each(|user| filled("an item of resources", user))
}

pub(crate) fn complete_after(time: &DateTimeOffset) -> Check {
    filled("completeAfterDateTime", time.as_str())
}

pub(crate) fn task(parameters: &SharePointMigrationTaskParameters) -> Check {
    let (start, latest_start) = match parameters {
        SharePointMigrationTaskParameters::User(user) => (
            &user.preferred_start_date_time,
            &user.preferred_latest_start_date_time,
        ),
        SharePointMigrationTaskParameters::Site(site) => (
            &site.preferred_start_date_time,
            &site.preferred_latest_start_date_time,
        ),
        SharePointMigrationTaskParameters::Group(group) => (
            &group.preferred_start_date_time,
            &group.preferred_latest_start_date_time,
        ),
        SharePointMigrationTaskParameters::Other(object) => {
            return match object
                .get("@odata.type")
                .and_then(serde_json::Value::as_str)
            {
                Some(kind) if !kind.is_empty() => Ok(()),
                _ => Err("parameters has no @odata.type, which says what to move".to_owned()),
            };
        }
    };
    // A time that cannot be read is left to the service.
    let start = start.as_ref().and_then(DateTimeOffset::to_utc);
    let latest_start = latest_start.as_ref().and_then(DateTimeOffset::to_utc);
    match (start, latest_start) {
        (Some(start), Some(latest_start)) if latest_start <= start => {
            Err("preferredLatestStartDateTime is not later than preferredStartDateTime".to_owned())
        }
        _ => Ok(()),
    }
}

impl SharePointUserIdentityMappingDeltaItem {
    /// Whether [`update_user_mappings`](crate::Client::update_user_mappings) would send this item.
    ///
    /// # Errors
    ///
    /// What is wrong with it, when it names no source user.
    pub fn check(&self) -> Result<(), String> {
        user_mappings(std::slice::from_ref(self))
    }
}

impl SharePointGroupIdentityMappingDeltaItem {
    /// Whether [`update_group_mappings`](crate::Client::update_group_mappings) would send this item.
    ///
    /// # Errors
    ///
    /// What is wrong with it, when it names no source group.
    pub fn check(&self) -> Result<(), String> {
        group_mappings(std::slice::from_ref(self))
    }
}

pub(crate) fn user_mappings(items: &[SharePointUserIdentityMappingDeltaItem]) -> Check {
    mappings(items, "sourceUserIdentity", |item| {
        [
            item.source_user_identity.user_principal_name.as_deref(),
            item.source_user_identity.id.as_deref(),
        ]
    })
}

pub(crate) fn group_mappings(items: &[SharePointGroupIdentityMappingDeltaItem]) -> Check {
    mappings(items, "sourceGroupIdentity", |item| {
        [item.source_group_identity.id.as_deref(), None]
    })
}

fn mappings<T>(items: &[T], key: &str, identity: impl Fn(&T) -> [Option<&str>; 2]) -> Check {
    if items.is_empty() {
        return Err("there is no mapping to change".to_owned());
    }
    if items.len() > MAX_MAPPINGS {
        return Err(format!(
            "{} mappings are more than the {MAX_MAPPINGS} that one request takes",
            items.len()
        ));
    }
    let nameless = |item| {
        identity(item)
            .into_iter()
            .flatten()
            .all(|name| name.trim().is_empty())
    };
    match items.iter().position(nameless) {
        Some(index) => Err(format!("mapping {index} names nobody in {key}")),
        None => Ok(()),
    }
}

fn filled(name: &str, value: &str) -> Check {
    if value.trim().is_empty() {
        Err(format!("{name} is empty"))
    } else {
        Ok(())
    }
}
