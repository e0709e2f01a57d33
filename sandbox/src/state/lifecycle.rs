//! How a job moves from status to status as time passes.

use chrono::{DateTime, Utc};

use super::job::{Job, Reason, Service, Services};
use super::outcome::{self, FailsAs, UserOutcome};
use super::status::JobStatus;
use super::workload::{self, Settled};
use crate::clock::latest;
use crate::settings::{CompleteAfterGates, Settings, span};

/// When the job leaves its status by the passing of time, if it does.
pub(crate) fn due(job: &Job, settings: &Settings, seed: u64) -> Option<DateTime<Utc>> {
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
        JobStatus::CuttingOver => after(timings.cutting_over)
            .max(workload::last_end(job, settings, seed).unwrap_or(job.entered)),
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
    pub(crate) outcomes: &'a [UserOutcome],
    /// Whether another active batch holds the user.
    pub(crate) taken: bool,
}

/// Moves the job on to the status that is due at `at`; `circumstances` has an entry for each user.
pub(crate) fn step(job: &mut Job, at: DateTime<Utc>, circumstances: &[Circumstances<'_>]) {
    let next = match job.status {
        // Nobody is left to validate or to migrate.
        JobStatus::ValidateSubmitted
        | JobStatus::ValidateProcessing
        | JobStatus::ValidateInProgress
        | JobStatus::Processing
        | JobStatus::InProgress
            if job.remaining().next().is_none() =>
        {
            JobStatus::PendingCancel
        }
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
        JobStatus::Processing => {
            job.running_since = Some(at);
            JobStatus::InProgress
        }
        JobStatus::InProgress => {
            plan(job, circumstances);
            job.cutting_since = Some(at);
            JobStatus::CuttingOver
        }
        JobStatus::CuttingOver => conclude(job, circumstances),
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
    say(job);
}

/// Keeps what has happened to users, so that nothing that changes later undoes it.
pub(crate) fn keep(job: &mut Job, settled: Vec<Settled>) {
    for one in settled {
        let Some(user) = job.users.get_mut(one.index) else {
            continue;
        };
        if user.begun_at.is_none() {
            user.begun_at = one.begun_at;
        }
        if workload::has_begun(one.status) {
            user.begun.insert(one.service);
        }
        match one.status {
            "completed" => user.completed.insert(one.service),
            "forceComplete" => {
                user.completed.insert(one.service);
                user.forced.insert(one.service);
            }
            "failed" => {
                user.failed.insert(one.service);
                user.note(one.failure);
            }
            "error" => {
                user.failed.insert(one.service);
                user.errored.insert(one.service);
                user.note(one.failure);
            }
            // What has only begun is not decided yet.
            _ => {}
        }
    }
}

/// The job says of itself what its status means.
pub(crate) fn say(job: &mut Job) {
    let cancelled = job
        .users
        .iter()
        .filter(|user| user.cancelled_at.is_some())
        .count();
    let escaped = job.users.iter().filter(|user| user.escaped).count();
    let is_all = cancelled == job.users.len() && cancelled > 0;
    let message = match job.status {
        JobStatus::PendingCancel if is_all => {
            "Every user of the batch was cancelled, so the batch is being cancelled.".to_owned()
        }
        JobStatus::Cancelled if is_all => {
            "The batch was cancelled, as every user of it.".to_owned()
        }
        JobStatus::Cancelled if escaped > 0 => format!(
            "The batch was cancelled, except for the users whose cutover had begun: {escaped}."
        ),
        JobStatus::Completed if cancelled > 0 => format!(
            "The batch is finished with no failures; users who were cancelled and not migrated: {cancelled}."
        ),
        status => match message(status) {
            Some(message) => message.to_owned(),
            None => return,
        },
    };
    job.message = message;
}

/// Finds what each user lacks.
pub(crate) fn check(job: &mut Job, circumstances: &[Circumstances<'_>]) {
    let services = job.services;
    let meeting_alone = services.contains(Service::Meeting)
        && !(services.contains(Service::Teams) && services.contains(Service::Exchange));
    for (user, around) in job.users.iter_mut().zip(circumstances) {
        user.failures = None;
        let is_unknown = around.outcomes.iter().any(|outcome| outcome.unknown);
        let mut invalid = Services::default();
        let mut reason = user.reason;
        if is_unknown || around.taken {
            reason = if is_unknown {
                Reason::UnknownUser
            } else {
                Reason::OtherBatch
            };
            invalid = services;
        } else {
            for service in services.iter() {
                let chosen = outcome::of(around.outcomes, service.as_str());
                if let Some(chosen) = chosen.filter(|outcome| outcome.invalid) {
                    reason = Reason::Chosen;
                    invalid.insert(service);
                    user.note(chosen.failure(service));
                }
            }
            if invalid.is_empty() && meeting_alone {
                reason = Reason::MeetingAlone;
                invalid.insert(Service::Meeting);
            }
        }
        user.reason = reason;
        user.invalid = invalid;
    }
}

/// Decides, as the cutover begins, which workloads of which users this attempt will not move.
pub(crate) fn plan(job: &mut Job, circumstances: &[Circumstances<'_>]) {
    let services = job.services;
    let attempt = job.attempts;
    for (user, around) in job.users.iter_mut().zip(circumstances) {
        let is_unknown = around.outcomes.iter().any(|outcome| outcome.unknown);
        let mut doomed = Services::default();
        if is_unknown || around.taken {
            user.reason = if is_unknown {
                Reason::UnknownUser
            } else {
                Reason::OtherBatch
            };
            doomed = services.without(user.begun);
        } else {
            for service in services.iter() {
                let chosen = outcome::of(around.outcomes, service.as_str());
                if let Some(chosen) = chosen.filter(|outcome| outcome.fails_in(attempt)) {
                    user.reason = Reason::Chosen;
                    doomed.insert(service);
                    user.note(chosen.failure(service));
                    if chosen.fails_as == FailsAs::Error {
                        user.errored.insert(service);
                    }
                }
            }
        }
        user.doomed = doomed.without(user.completed).without(user.failed);
    }
}

/// Ends an attempt: what was not planned to fail is migrated for good. Returns what became of the job.
pub(crate) fn conclude(job: &mut Job, circumstances: &[Circumstances<'_>]) -> JobStatus {
    let services = job.services;
    let mut failed = 0_usize;
    let mut completed = 0_usize;
    for (index, user) in job.users.iter_mut().enumerate() {
        if user.cancelled_at.is_some() {
            continue;
        }
        let outcomes = circumstances
            .get(index)
            .map_or(&[][..], |around| around.outcomes);
        user.failed = user.failed.union(user.doomed).without(user.completed);
        user.errored = user.errored.without(user.completed);
        user.doomed = Services::default();
        for service in services.without(user.failed).without(user.completed).iter() {
            user.completed.insert(service);
            if outcome::of(outcomes, service.as_str()).is_some_and(UserOutcome::is_forced) {
                user.forced.insert(service);
            }
        }
        failed += user.failed.iter().count();
        completed += user.completed.iter().count();
    }
    match (failed, completed) {
        (0, 0) => JobStatus::Cancelled,
        (0, _) => JobStatus::Completed,
        (_, 0) => JobStatus::Failed,
        _ => JobStatus::CompletedWithErrors,
    }
}

/// What the job says of itself in a status that it reached.
fn message(status: JobStatus) -> Option<&'static str> {
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
        JobStatus::PendingCancel => "The cancellation of the batch is being processed.",
        JobStatus::PendingDelete => "The deletion of the batch is being processed.",
        JobStatus::Cancelled => "The batch was cancelled.",
        JobStatus::Deleted => "The data of the batch is deleted.",
        _ => return None,
    })
}
