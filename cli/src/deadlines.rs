//! What of a job is next, until when it can be cancelled, and what needs somebody. Pure.
//!
//! From the admin guide's table of what is allowed in which status, of June 2026, and the page on migrating: a
//! validation is good for seven days.

use chrono::{DateTime, TimeDelta, Utc};
use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};

/// For how long a validation that passed is good.
const VALIDATION_HOLDS: TimeDelta = TimeDelta::days(7);

/// Whether a job can still be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellable {
    /// It can, and no document sets an end to that before the migration starts.
    Yes,
    /// It can until mailboxes cut over, which may begin at this time.
    Until(DateTime<Utc>),
    /// It is too late: mailboxes cut over.
    TooLate,
    /// There is nothing to cancel.
    Over,
    /// No document tells.
    Unknown,
}

/// Something that ends at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub time: DateTime<Utc>,
    pub what: &'static str,
}

/// The time of the cutover.
pub fn cutover(job: &Job) -> Option<DateTime<Utc>> {
    utc(job.complete_after_date_time.as_ref())
}

/// The present, as far as the jobs tell: a service whose clock is ahead, as a simulator's, has changed them by then.
pub fn present<'a>(jobs: impl IntoIterator<Item = &'a Job>, clock: DateTime<Utc>) -> DateTime<Utc> {
    jobs.into_iter()
        .filter_map(|job| utc(job.last_updated_date_time.as_ref()))
        .fold(clock, std::cmp::max)
}

/// Whether the cutover may begin or has begun.
pub fn is_due(job: &Job, now: DateTime<Utc>) -> bool {
    cutover(job).is_some_and(|time| time <= now)
}

/// Whether the job can still be cancelled, as it is at `now`.
pub fn cancellable(job: &Job, now: DateTime<Utc>) -> Cancellable {
    match job.status {
        Some(
            Status::Submitted
            | Status::ValidateSubmitted
            | Status::ValidateProcessing
            | Status::ValidateInProgress
            | Status::ValidatePassed
            | Status::ValidateFailed,
        ) => Cancellable::Yes,
        Some(Status::Processing | Status::InProgress) => match cutover(job) {
            Some(time) if time > now => Cancellable::Until(time),
            Some(_) => Cancellable::TooLate,
            None => Cancellable::Unknown,
        },
        Some(Status::CuttingOver) => Cancellable::TooLate,
        Some(
            Status::Completed
            | Status::CompletedWithErrors
            | Status::Failed
            | Status::Cancelled
            | Status::PendingCancel
            | Status::PendingDelete
            | Status::Deleted,
        ) => Cancellable::Over,
        // Nobody has described what `approved` and `adminActionRequired` allow, or what comes later.
        _ => Cancellable::Unknown,
    }
}

/// What happens next to the job at a known time.
pub fn next_deadline(job: &Job, now: DateTime<Utc>) -> Option<Deadline> {
    let deadline = |time, what| Some(Deadline { time, what });
    match job.status {
        Some(Status::ValidatePassed) => {
            // The time at which it passed is told nowhere; nothing changed the job since it was last updated.
            let passed = utc(job.last_updated_date_time.as_ref())?;
            deadline(passed + VALIDATION_HOLDS, "the validation expires")
        }
        Some(Status::Processing | Status::InProgress) => match cutover(job) {
            Some(time) if time > now => {
                deadline(time, "last moment to cancel, the cutover may begin")
            }
            Some(time) => deadline(time, "the cutover may have begun"),
            None => None,
        },
        _ => None,
    }
}

/// What of the job somebody should look at, and what to do.
pub fn attention(job: &Job, now: DateTime<Utc>) -> Option<(&'static str, &'static str)> {
    match job.status {
        Some(Status::AdminActionRequired) => Some(("an administrator has to act", "jobs show")),
        Some(Status::Failed) => Some(("it failed", "problems")),
        Some(Status::CompletedWithErrors) => Some(("some users were not migrated", "problems")),
        Some(Status::ValidateFailed) => Some(("its validation failed", "problems")),
        Some(Status::ValidatePassed) => match next_deadline(job, now) {
            Some(deadline) if deadline.time <= now => {
                Some(("its validation has expired", "jobs validate"))
            }
            _ => Some(("it waits to be migrated", "jobs migrate")),
        },
        Some(Status::Unknown(_)) => Some(("no document explains its status", "jobs show")),
        None => Some(("its status could not be read", "jobs show")),
        _ => None,
    }
}

/// Whether the job is over and nobody has to look at it.
pub fn is_settled(job: &Job) -> bool {
    matches!(
        job.status,
        Some(Status::Completed | Status::Cancelled | Status::PendingDelete | Status::Deleted)
    )
}

pub fn utc(time: Option<&DateTimeOffset>) -> Option<DateTime<Utc>> {
    time.and_then(DateTimeOffset::to_utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(status: &str) -> Job {
        let json = format!(
            r#"{{"status":"{status}","completeAfterDateTime":"2026-12-12T20:00:00Z",
                "lastUpdatedDateTime":"2026-12-01T08:00:00Z"}}"#
        );
        serde_json::from_str(&json).expect("a job")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn every_documented_status_tells_whether_it_can_be_cancelled() {
        let cutover = at("2026-12-12T20:00:00Z");
        let (before, after) = (at("2026-12-12T19:59:59Z"), cutover);
        for status in Status::DOCUMENTED {
            let expected = match status.as_str() {
                "processing" | "inProgress" => (Cancellable::Until(cutover), Cancellable::TooLate),
                "cuttingOver" => (Cancellable::TooLate, Cancellable::TooLate),
                "approved" | "adminActionRequired" | "unknownFutureValue" => {
                    (Cancellable::Unknown, Cancellable::Unknown)
                }
                "submitted" | "validateSubmitted" | "validateProcessing" | "validateInProgress"
                | "validatePassed" | "validateFailed" => (Cancellable::Yes, Cancellable::Yes),
                _ => (Cancellable::Over, Cancellable::Over),
            };
            let job = job(status.as_str());
            let found = (cancellable(&job, before), cancellable(&job, after));
            assert_eq!(found, expected, "{status}");
        }
        assert_eq!(cancellable(&job("wound up"), before), Cancellable::Unknown);
    }

    #[test]
    fn a_job_that_was_changed_later_than_now_tells_that_it_is_later() {
        let changed = at("2026-12-01T08:00:00Z");
        for (clock, expected) in [
            ("2026-12-01T07:00:00Z", changed),
            ("2026-12-02T07:00:00Z", at("2026-12-02T07:00:00Z")),
        ] {
            assert_eq!(
                present([&job("inProgress"), &Job::default()], at(clock)),
                expected
            );
        }
    }

    #[test]
    fn a_validation_expires_after_seven_days_and_wants_somebody_before_and_after() {
        let job = job("validatePassed");
        let now = at("2026-12-07T08:00:00Z");
        let deadline = next_deadline(&job, now).expect("a deadline");
        assert_eq!(deadline.time, at("2026-12-08T08:00:00Z"));
        assert_eq!(
            attention(&job, now).map(|(_, next)| next),
            Some("jobs migrate")
        );
        let late = at("2026-12-08T08:00:00Z");
        assert_eq!(
            attention(&job, late).map(|(_, next)| next),
            Some("jobs validate")
        );
    }
}
