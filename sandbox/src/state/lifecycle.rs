//! How a job moves from status to status as time passes.

use chrono::{DateTime, Utc};

use super::job::{Job, Reason, Service, Services};
use super::outcome::UserOutcome;
use super::status::JobStatus;
use crate::clock::latest;
use crate::settings::{CompleteAfterGates, Settings, span};

/// When the job leaves its status by the passing of time, if it does.
pub(crate) fn due(job: &Job, settings: &Settings) -> Option<DateTime<Utc>> {
    if job.stalled {
        return None;
    }
    let timings = &settings.timings;
    let gate = settings.complete_after_gates;
    let after = |seconds| {
        job.entered
            .checked_add_signed(span(seconds))
            .map_or_else(latest, |due| due.min(latest()))
    };
    let due = match job.status {
        JobStatus::ValidateSubmitted => after(timings.validate_submitted),
        JobStatus::ValidateProcessing => after(timings.validate_processing),
        JobStatus::ValidateInProgress => after(timings.validate_in_progress),
        JobStatus::Processing if gate == CompleteAfterGates::Processing => {
            after(timings.processing).max(job.complete_after.at)
        }
        JobStatus::Processing => after(timings.processing),
        JobStatus::InProgress => after(timings.synchronising).max(job.complete_after.at),
        JobStatus::CuttingOver => after(timings.cutting_over),
        JobStatus::PendingCancel => after(timings.cancelling),
        JobStatus::PendingDelete => after(timings.deleting),
        JobStatus::Submitted
        | JobStatus::Approved
        | JobStatus::AdminActionRequired
        | JobStatus::ValidatePassed
        | JobStatus::ValidateFailed
        | JobStatus::Completed
        | JobStatus::CompletedWithErrors
        | JobStatus::Failed
        | JobStatus::Cancelled
        | JobStatus::Deleted => return None,
    };
    Some(due.max(job.floor))
}

/// What stands around a user when a job is judged.
pub(crate) struct Circumstances<'a> {
    /// What was chosen for the user.
    pub(crate) outcome: Option<&'a UserOutcome>,
    /// Whether another active batch holds the user.
    pub(crate) taken: bool,
}

/// Moves the job on to the status that is due at `at`; `circumstances` has an entry for each user.
pub(crate) fn step(job: &mut Job, at: DateTime<Utc>, circumstances: &[Circumstances<'_>]) {
    let next = match job.status {
        JobStatus::ValidateSubmitted => JobStatus::ValidateProcessing,
        JobStatus::ValidateProcessing => {
            check(job, circumstances);
            JobStatus::ValidateInProgress
        }
        JobStatus::ValidateInProgress => {
            let failed = job.remaining().any(|user| !user.invalid.is_empty());
            if failed {
                JobStatus::ValidateFailed
            } else {
                job.validated_at = Some(at);
                JobStatus::ValidatePassed
            }
        }
        JobStatus::Processing => JobStatus::InProgress,
        JobStatus::InProgress => {
            plan(job, circumstances);
            JobStatus::CuttingOver
        }
        JobStatus::CuttingOver => conclude(job),
        JobStatus::PendingCancel => JobStatus::Cancelled,
        JobStatus::PendingDelete => JobStatus::Deleted,
        JobStatus::Submitted
        | JobStatus::Approved
        | JobStatus::AdminActionRequired
        | JobStatus::ValidatePassed
        | JobStatus::ValidateFailed
        | JobStatus::Completed
        | JobStatus::CompletedWithErrors
        | JobStatus::Failed
        | JobStatus::Cancelled
        | JobStatus::Deleted => return,
    };
    job.enter(next, at, false);
    if let Some(message) = message(next) {
        message.clone_into(&mut job.message);
    }
}

/// Finds what each user lacks.
pub(crate) fn check(job: &mut Job, circumstances: &[Circumstances<'_>]) {
    let services = job.services;
    let meeting_alone = services.contains(Service::Meeting)
        && !(services.contains(Service::Teams) && services.contains(Service::Exchange));
    for (user, around) in job.users.iter_mut().zip(circumstances) {
        let chosen = around.outcome;
        let (reason, invalid): (_, Services) = if chosen.is_some_and(|outcome| outcome.unknown) {
            (Reason::UnknownUser, services)
        } else if around.taken {
            (Reason::OtherBatch, services)
        } else if let Some(outcome) = chosen.filter(|outcome| outcome.invalid) {
            let concerned = |service: &Service| outcome.concerns(service.as_str());
            (Reason::Chosen, services.iter().filter(concerned).collect())
        } else if meeting_alone {
            (
                Reason::MeetingAlone,
                [Service::Meeting].into_iter().collect(),
            )
        } else {
            (user.reason, Services::default())
        };
        user.reason = reason;
        user.invalid = invalid;
    }
}

/// Decides, as the cutover begins, which workloads of which users this attempt will not move.
pub(crate) fn plan(job: &mut Job, circumstances: &[Circumstances<'_>]) {
    let services = job.services;
    let attempt = job.attempts;
    for (user, around) in job.users.iter_mut().zip(circumstances) {
        let chosen = around.outcome;
        let (reason, fails): (_, Services) = if chosen.is_some_and(|outcome| outcome.unknown) {
            (Reason::UnknownUser, services)
        } else if around.taken {
            (Reason::OtherBatch, services)
        } else if let Some(outcome) = chosen.filter(|outcome| attempt <= outcome.failing_attempts) {
            let concerned = |service: &Service| outcome.concerns(service.as_str());
            (Reason::Chosen, services.iter().filter(concerned).collect())
        } else {
            (user.reason, Services::default())
        };
        let moved = user.completed;
        user.reason = reason;
        user.failed = fails
            .iter()
            .filter(|service| !moved.contains(*service))
            .collect();
    }
}

/// Ends an attempt: what was not planned to fail is migrated for good. Returns what became of the job.
pub(crate) fn conclude(job: &mut Job) -> JobStatus {
    let services = job.services;
    let mut failed = 0_usize;
    let mut completed = 0_usize;
    for user in job
        .users
        .iter_mut()
        .filter(|user| user.cancelled_at.is_none())
    {
        let fails = user.failed;
        user.completed = services
            .iter()
            .filter(|service| !fails.contains(*service))
            .collect();
        failed += fails.iter().count();
        completed += user.completed.iter().count();
    }
    match (failed, completed) {
        (0, _) => JobStatus::Completed,
        (_, 0) => JobStatus::Failed,
        _ => JobStatus::CompletedWithErrors,
    }
}

/// What the job says of itself in a status that it reached.
pub(crate) fn message(status: JobStatus) -> Option<&'static str> {
    Some(match status {
        JobStatus::ValidateProcessing => "Validation is being set up.",
        JobStatus::ValidateInProgress => "Prerequisites are being checked.",
        JobStatus::ValidatePassed => "Validation has completed successfully with no failures.",
        JobStatus::ValidateFailed => {
            "Validation found prerequisites that aren't met; see the users for details."
        }
        JobStatus::InProgress => "Mailboxes are synchronizing.",
        JobStatus::CuttingOver => "Mailboxes are cutting over.",
        JobStatus::Completed => {
            "The batch and all of its users have been successfully migrated with no failures."
        }
        JobStatus::CompletedWithErrors => {
            "The batch is finished, but some users weren't fully migrated."
        }
        JobStatus::Failed => "No user of the batch was migrated.",
        JobStatus::Cancelled => "The batch was cancelled.",
        JobStatus::Deleted => "The data of the batch is deleted.",
        _ => return None,
    })
}
