//! How jobs and their users look from outside.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::settings::{EchoResources, Settings};
use crate::state::job::{Job, Reason, Service};
use crate::state::outcome;
use crate::state::workload::{Seat, workload_status};

/// The properties of a job that can be selected.
pub(crate) const JOB_PROPERTIES: [&str; 15] = [
    "id",
    "displayName",
    "jobType",
    "status",
    "message",
    "completeAfterDateTime",
    "sourceTenantId",
    "targetTenantId",
    "exchangeSettings",
    "resources",
    "resourceType",
    "workloads",
    "createdBy",
    "createdDateTime",
    "lastUpdatedDateTime",
];

/// The properties of a job that can be sorted by.
pub(crate) const JOB_ORDERS: [&str; 7] = [
    "id",
    "displayName",
    "status",
    "jobType",
    "completeAfterDateTime",
    "createdDateTime",
    "lastUpdatedDateTime",
];

/// The properties of a user that can be selected.
pub(crate) const USER_PROPERTIES: [&str; 4] =
    ["id", "taskType", "lastUpdatedDateTime", "currentStatus"];

/// The properties of a user that can be sorted by.
pub(crate) const USER_ORDERS: [&str; 1] = ["id"];

/// Seven digits after the comma, as the service writes the time of creation.
fn precise(at: DateTime<Utc>) -> String {
    format!(
        "{}.{:07}Z",
        at.format("%Y-%m-%dT%H:%M:%S"),
        at.timestamp_subsec_nanos() / 100
    )
}

/// Applies the chosen casing to a status.
pub(crate) fn cased(status: &str, settings: &Settings) -> String {
    let mut letters = status.chars();
    match letters.next() {
        Some(first) if settings.capitalised_statuses => {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        }
        _ => status.to_owned(),
    }
}

/// The job as every operation answers it; `created` for the answer to its creation.
pub(crate) fn job(job: &Job, settings: &Settings, created: bool) -> Value {
    let echo = match settings.echo_resources {
        EchoResources::OnCreate => created,
        EchoResources::Always => true,
        EchoResources::Never => false,
    };
    let resources: Vec<String> = if echo {
        job.users.iter().map(|user| user.id.to_string()).collect()
    } else {
        Vec::new()
    };
    let exchange = job.exchange_settings.as_ref().map(
        |(endpoint, domain)| json!({"sourceEndpoint": endpoint, "targetDeliveryDomain": domain}),
    );
    json!({
        "id": job.id,
        "displayName": job.display_name,
        "jobType": if job.is_migration { "migrate" } else { "validate" },
        "status": cased(job.status.as_str(), settings),
        "message": job.message,
        "completeAfterDateTime": job.complete_after.text(),
        "sourceTenantId": job.source_tenant_id,
        "targetTenantId": job.target_tenant_id,
        "exchangeSettings": exchange,
        "resources": resources,
        "resourceType": if echo { job.resource_type.as_str() } else { "users" },
        "workloads": job.workloads,
        "createdBy": job.created_by,
        "createdDateTime": precise(job.created),
        "lastUpdatedDateTime": job.updated.to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}

/// The task of a user as the service answers it.
pub(crate) fn user(job: &Job, seat: &Seat<'_>, settings: &Settings, now: DateTime<Utc>) -> Value {
    let current: Vec<Value> = job
        .services
        .iter()
        .map(|service| {
            let status = workload_status(job, seat, service, settings, now);
            let errors = match status {
                "invalid" | "failed" | "error" => vec![error(seat, service)],
                _ => Vec::new(),
            };
            json!({
                "service": service.as_str(),
                "status": cased(status, settings),
                "message": "",
                "errors": errors,
            })
        })
        .collect();
    let updated = seat
        .user
        .cancelled_at
        .unwrap_or(job.updated)
        .max(job.created);
    json!({
        "id": seat.user.id.to_string(),
        "lastUpdatedDateTime": updated.to_rfc3339_opts(SecondsFormat::Secs, true),
        "currentStatus": current,
    })
}

fn error(seat: &Seat<'_>, service: Service) -> Value {
    let user = seat.user;
    // What has happened is kept with the user; what just happens is still only chosen.
    let chosen = || outcome::of(seat.outcomes, service.as_str())?.failure(service);
    if let Some(failure) = user.failure(service).cloned().or_else(chosen) {
        return json!({"code": failure.code, "message": failure.message});
    }
    let (code, message) = match user.reason {
        Reason::Chosen => (
            "SANDBOX-001",
            format!("The {} of the user was made to fail.", service.as_str()),
        ),
        Reason::UnknownUser => (
            "SANDBOX-002",
            "The target tenant has no user with this object id.".to_owned(),
        ),
        Reason::OtherBatch => (
            "CTM-002",
            "The user is already in another batch.".to_owned(),
        ),
        Reason::MeetingAlone => (
            "SANDBOX-003",
            "Meetings can't move unless Teams and Exchange move with them.".to_owned(),
        ),
    };
    json!({"code": code, "message": message})
}
