//! How jobs and their users look from outside.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::model::{Job, Reason, Service, User};
use super::status::JobStatus;
use crate::odata::page::Listed;
use crate::settings::{EchoResources, Settings, span};

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

/// A date without trailing zeros, as callers send it.
pub(crate) fn date(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

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
        "completeAfterDateTime": date(job.complete_after),
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

/// A user together with its place in the job, which decides when its turn comes.
pub(crate) struct Seat<'a> {
    pub(crate) place: usize,
    pub(crate) user: &'a User,
}

impl Listed for Seat<'_> {
    fn sequence(&self) -> u64 {
        self.place as u64
    }

    fn sort_key(&self, property: &str) -> Option<String> {
        (property == "id").then(|| self.user.id.to_string())
    }
}

/// The task of a user as the service answers it.
pub(crate) fn user(job: &Job, seat: &Seat<'_>, settings: &Settings, now: DateTime<Utc>) -> Value {
    let current: Vec<Value> = job
        .services
        .iter()
        .map(|service| {
            let status = workload_status(job, seat, service, settings, now);
            let errors = match status {
                "invalid" | "failed" => vec![error(seat.user, service)],
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

fn error(user: &User, service: Service) -> Value {
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

/// How far the turn of a user has come within the present stage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Waiting,
    Now,
    Over,
}

/// Users take turns, so that a stage shows all of its documented statuses.
fn turn(job: &Job, place: usize, stage: TimeDelta, now: DateTime<Utc>) -> Turn {
    let users = i64::try_from(job.users.len().max(1)).unwrap_or(i64::MAX);
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let passed = (now - job.entered).num_milliseconds().max(0);
    let share = stage.num_milliseconds().max(1).saturating_div(users).max(1);
    match passed / share {
        turn if turn < place => Turn::Waiting,
        turn if turn == place => Turn::Now,
        _ => Turn::Over,
    }
}

/// The status of one workload of one user, by the table of the admin guide.
pub(crate) fn workload_status(
    job: &Job,
    seat: &Seat<'_>,
    service: Service,
    settings: &Settings,
    now: DateTime<Utc>,
) -> &'static str {
    let user = seat.user;
    let timings = &settings.timings;
    if user.completed.contains(service) {
        return "completed";
    }
    if let Some(at) = user.cancelled_at {
        let over = job.status == JobStatus::Cancelled || now - at >= span(timings.cancelling);
        return if over { "cancelled" } else { "pendingCancel" };
    }
    let verdict = if user.invalid.contains(service) {
        "invalid"
    } else {
        "valid"
    };
    let is_exchange = service == Service::Exchange;
    match job.before_deletion.unwrap_or(job.status) {
        JobStatus::Submitted
        | JobStatus::Approved
        | JobStatus::AdminActionRequired
        | JobStatus::ValidateSubmitted
        | JobStatus::ValidateProcessing
        | JobStatus::Processing => "notStarted",
        JobStatus::ValidateInProgress => {
            match turn(job, seat.place, span(timings.validate_in_progress), now) {
                Turn::Waiting => "notStarted",
                Turn::Now => "inProgress",
                Turn::Over => verdict,
            }
        }
        JobStatus::ValidatePassed | JobStatus::ValidateFailed => verdict,
        // Only mailboxes move before the cutover; the others have prepared what they need.
        JobStatus::InProgress => match turn(job, seat.place, span(timings.synchronising), now) {
            Turn::Waiting | Turn::Now if is_exchange => "syncing",
            _ => "synced",
        },
        JobStatus::CuttingOver if user.failed.contains(service) => "synced",
        JobStatus::CuttingOver => {
            cutting_over(job, seat, is_exchange, span(timings.cutting_over), now)
        }
        JobStatus::Completed => "completed",
        JobStatus::CompletedWithErrors | JobStatus::Failed => "failed",
        JobStatus::PendingCancel => "pendingCancel",
        // A deletion always has a status before it, so the last two are never looked at here.
        JobStatus::Cancelled | JobStatus::PendingDelete | JobStatus::Deleted => "cancelled",
    }
}

/// Mailboxes cut over in the first half, each followed by the other workloads of its user in the second.
fn cutting_over(
    job: &Job,
    seat: &Seat<'_>,
    is_exchange: bool,
    stage: TimeDelta,
    now: DateTime<Utc>,
) -> &'static str {
    let half = stage / 2;
    let shifted = if is_exchange { now } else { now - half };
    match turn(job, seat.place, half, shifted) {
        _ if !is_exchange && now - job.entered < half => "synced",
        Turn::Waiting => "synced",
        Turn::Now if is_exchange => "finalizing",
        Turn::Now => "inProgress",
        Turn::Over => "completed",
    }
}
