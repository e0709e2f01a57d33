//! Reads the description of a job to create, and says what is wrong with it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::answer::GraphError;
use crate::body::{check_names, fraction_digits, instant, object};
use crate::settings::{PastCompleteAfter, Settings};
use crate::state::job::{Date, Service, Services};

/// A job that is to be created.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub(crate) display_name: String,
    pub(crate) complete_after: Date,
    pub(crate) source_tenant_id: String,
    pub(crate) exchange_settings: Option<(String, String)>,
    pub(crate) workloads: Vec<String>,
    pub(crate) services: Services,
    pub(crate) resource_type: String,
    pub(crate) users: Vec<Uuid>,
}

/// The properties that a caller may send; the read-only ones are accepted and ignored, as Graph does.
pub(super) const KNOWN: [&str; 16] = [
    "id",
    "displayName",
    "jobType",
    "sourceTenantId",
    "targetTenantId",
    "completeAfterDateTime",
    "status",
    "message",
    "createdDateTime",
    "lastUpdatedDateTime",
    "createdBy",
    "exchangeSettings",
    "workloads",
    "resourceType",
    "resources",
    "users",
];

fn bad(message: impl Into<String>) -> GraphError {
    GraphError::bad_request(message)
}

fn missing(property: &str) -> GraphError {
    bad(format!("The property '{property}' is required."))
}

fn invalid(property: &str, expected: &str) -> GraphError {
    bad(format!("The value of '{property}' isn't {expected}."))
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, GraphError> {
    match body.get(name) {
        None | Some(Value::Null) => Err(missing(name)),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        Some(_) => Err(invalid(name, "a text with something in it")),
    }
}

/// Reads a point in time and holds it against the clock.
pub(crate) fn complete_after(
    value: &Value,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Date, GraphError> {
    const NAME: &str = "completeAfterDateTime";
    let date = instant(value)
        .ok_or_else(|| invalid(NAME, "a date and time by ISO 8601 with its offset"))?;
    if settings.past_complete_after == PastCompleteAfter::Refuse && date <= now {
        return Err(GraphError::bad_argument(
            "minThresholdFailed",
            NAME,
            "completeAfterDateTime must be greater than the current time.",
        ));
    }
    Ok(Date {
        at: date,
        digits: fraction_digits(value),
    })
}

/// Reads the body of a creation.
pub(crate) fn read(
    body: &Value,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<NewJob, GraphError> {
    let body = object(body)?;
    check_names(body, &KNOWN)?;
    let display_name = text(body, "displayName")?.to_owned();
    let date = body
        .get("completeAfterDateTime")
        .ok_or_else(|| missing("completeAfterDateTime"))?;
    let source_tenant_id = text(body, "sourceTenantId")?;
    if Uuid::try_parse(source_tenant_id).is_err() {
        return Err(invalid("sourceTenantId", "a GUID"));
    }
    let resource_type = text(body, "resourceType")?;
    if !resource_type.eq_ignore_ascii_case("Users") {
        return Err(invalid("resourceType", "'Users', the only type there is"));
    }
    let (workloads, services) = workloads(body.get("workloads"), settings)?;
    let exchange_settings = exchange_settings(body.get("exchangeSettings"))?;
    if exchange_settings.is_none() && services.contains(Service::Exchange) {
        return Err(bad(
            "The property 'exchangeSettings' is required when Exchange is among the workloads.",
        ));
    }
    let users = users(body.get("resources"), settings)?;
    let complete_after = complete_after(date, settings, now)?;
    Ok(NewJob {
        display_name,
        complete_after,
        source_tenant_id: source_tenant_id.to_owned(),
        exchange_settings,
        workloads,
        services,
        resource_type: resource_type.to_owned(),
        users,
    })
}

fn workloads(
    value: Option<&Value>,
    settings: &Settings,
) -> Result<(Vec<String>, Services), GraphError> {
    const EXPECTED: &str = "a list of Teams, Exchange, ODSP and Meeting, each at most once";
    let names = match value {
        None | Some(Value::Null) => return Ok((Vec::new(), Service::ALL.into_iter().collect())),
        Some(Value::Array(names)) if names.is_empty() => {
            return Ok((Vec::new(), Service::ALL.into_iter().collect()));
        }
        Some(Value::Array(names)) => names,
        Some(_) => return Err(invalid("workloads", EXPECTED)),
    };
    let mut services = Services::default();
    let mut given = Vec::new();
    for name in names {
        let name = name
            .as_str()
            .ok_or_else(|| invalid("workloads", EXPECTED))?;
        let service = Service::parse(name)
            .filter(|service| *service != Service::Meeting || settings.accept_meeting_workload)
            .filter(|service| !services.contains(*service))
            .ok_or_else(|| invalid("workloads", EXPECTED))?;
        services.insert(service);
        given.push(name.to_owned());
    }
    Ok((given, services))
}

fn exchange_settings(value: Option<&Value>) -> Result<Option<(String, String)>, GraphError> {
    let settings = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(settings)) => settings,
        Some(_) => return Err(invalid("exchangeSettings", "an object")),
    };
    check_names(settings, &["sourceEndpoint", "targetDeliveryDomain"])?;
    let endpoint = text(settings, "sourceEndpoint")?.to_owned();
    Ok(Some((
        endpoint,
        text(settings, "targetDeliveryDomain")?.to_owned(),
    )))
}

fn users(value: Option<&Value>, settings: &Settings) -> Result<Vec<Uuid>, GraphError> {
    const EXPECTED: &str = "a list of object ids (GUIDs) with at least one entry";
    let ids = match value {
        None | Some(Value::Null) => return Err(missing("resources")),
        Some(Value::Array(ids)) if !ids.is_empty() => ids,
        Some(_) => return Err(invalid("resources", EXPECTED)),
    };
    let mut seen = HashSet::new();
    let mut users = Vec::with_capacity(ids.len().min(settings.max_users_per_job));
    for id in ids {
        let id = id
            .as_str()
            .and_then(|id| Uuid::try_parse(id).ok())
            .ok_or_else(|| invalid("resources", EXPECTED))?;
        if !seen.insert(id) {
            return Err(GraphError::bad_argument(
                "duplicateResource",
                "resources",
                format!("The user {id} is in resources more than once."),
            ));
        }
        users.push(id);
    }
    if users.len() > settings.max_users_per_job {
        return Err(GraphError::bad_argument(
            "maxThresholdFailed",
            "resources",
            format!(
                "A job can have {} users at most.",
                settings.max_users_per_job
            ),
        ));
    }
    Ok(users)
}
