//! How far each workload of each user has come.

use chrono::{DateTime, TimeDelta, Utc};

use super::job::{Job, Service, User};
use super::status::JobStatus;
use crate::odata::page::Listed;
use crate::settings::{Settings, span};

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
