//! Why a cancellation was refused, as far as the message tells.
//!
//! No document gives a code for the reasons, so that the documented words have to do: "current status
//! is" and the status, for jobs and users, and "because the task is" for SharePoint tasks.

use crate::answers::outcome::{CancelOutcome, FinalStatus, RunningStatus};
use crate::answers::refusal::Refusal;
use crate::models::{
    CrossTenantMigrationJobStatus as JobStatus, CrossTenantMigrationServiceStatus as UserStatus,
    SharePointMigrationTaskStatus as TaskStatus,
};

/// Where a migration stands that cannot be cancelled.
#[derive(Clone, Copy)]
enum Standing {
    BeingCancelled,
    Final(FinalStatus),
    Running(RunningStatus),
}

/// How the cancellation of a job was refused.
pub(super) fn of_job(refusal: Refusal) -> CancelOutcome {
    let standing = status_named_after(&refusal, "urrent status is ").and_then(job);
    outcome(standing, refusal)
}

/// How the cancellation of a user was refused.
pub(super) fn of_user(refusal: Refusal) -> CancelOutcome {
    let standing = status_named_after(&refusal, "urrent status is ").and_then(user);
    outcome(standing, refusal)
}

/// How the cancellation of a SharePoint task was refused.
pub(super) fn of_task(refusal: Refusal) -> CancelOutcome {
    // "because the task is in progress" is what the documents have.
    let standing = status_named_after(&refusal, "because the task is ")
        .or_else(|| status_named_after(&refusal, "urrent status is "))
        .and_then(|status| task(&status.replace(' ', "")));
    outcome(standing, refusal)
}

fn outcome(standing: Option<Standing>, refusal: Refusal) -> CancelOutcome {
    match standing {
        Some(Standing::BeingCancelled) => CancelOutcome::AlreadyBeingCancelled(refusal),
        Some(Standing::Final(status)) => CancelOutcome::AlreadyFinal { status, refusal },
        Some(Standing::Running(status)) => CancelOutcome::TooLate { status, refusal },
        None => CancelOutcome::Undetermined(refusal),
    }
}

/// All that a message says after `words`, up to the end of the sentence.
///
/// More than a status, such as "not completed" or "completed for some", is no status, rather than half
/// understood.
fn status_named_after<'a>(refusal: &'a Refusal, words: &str) -> Option<&'a str> {
    let (_, rest) = refusal.whole_message()?.rsplit_once(words)?;
    let rest = rest.split_once(" TraceId:").map_or(rest, |(rest, _)| rest);
    let rest = rest.split_once(". ").map_or(rest, |(rest, _)| rest);
    Some(rest.trim().trim_end_matches('.'))
}

fn job(status: &str) -> Option<Standing> {
    Some(match JobStatus::from(status) {
        JobStatus::PendingCancel => Standing::BeingCancelled,
        JobStatus::Cancelled => Standing::Final(FinalStatus::Cancelled),
        JobStatus::Completed => Standing::Final(FinalStatus::Completed),
        JobStatus::CompletedWithErrors => Standing::Final(FinalStatus::CompletedWithErrors),
        JobStatus::Failed => Standing::Final(FinalStatus::Failed),
        JobStatus::PendingDelete => Standing::Final(FinalStatus::PendingDelete),
        JobStatus::Deleted => Standing::Final(FinalStatus::Deleted),
        JobStatus::CuttingOver => Standing::Running(RunningStatus::CuttingOver),
        // These two can be cancelled until `completeAfterDateTime`, which then has passed.
        JobStatus::Processing => Standing::Running(RunningStatus::Processing),
        JobStatus::InProgress => Standing::Running(RunningStatus::InProgress),
        // A job that does not migrate yet can be cancelled, and of these two no page says anything.
        JobStatus::Submitted
        | JobStatus::ValidateSubmitted
        | JobStatus::ValidateProcessing
        | JobStatus::ValidateInProgress
        | JobStatus::ValidatePassed
        | JobStatus::ValidateFailed
        | JobStatus::Approved
        | JobStatus::AdminActionRequired
        | JobStatus::UnknownFutureValue
        | JobStatus::Unknown(_) => return None,
    })
}

fn user(status: &str) -> Option<Standing> {
    Some(match UserStatus::from(status) {
        UserStatus::PendingCancel => Standing::BeingCancelled,
        UserStatus::Cancelled => Standing::Final(FinalStatus::Cancelled),
        UserStatus::Completed => Standing::Final(FinalStatus::Completed),
        UserStatus::Failed => Standing::Final(FinalStatus::Failed),
        UserStatus::InProgress => Standing::Running(RunningStatus::InProgress),
        UserStatus::Syncing => Standing::Running(RunningStatus::Syncing),
        UserStatus::Synced => Standing::Running(RunningStatus::Synced),
        UserStatus::Finalizing => Standing::Running(RunningStatus::Finalizing),
        // Not begun, or of a meaning that no page gives.
        UserStatus::NotStarted
        | UserStatus::Valid
        | UserStatus::Invalid
        | UserStatus::Error
        | UserStatus::ForceComplete
        | UserStatus::UnknownFutureValue
        | UserStatus::Unknown(_) => return None,
    })
}

fn task(status: &str) -> Option<Standing> {
    Some(match TaskStatus::from(status) {
        TaskStatus::Cancelled => Standing::Final(FinalStatus::Cancelled),
        TaskStatus::Completed => Standing::Final(FinalStatus::Completed),
        TaskStatus::Failed => Standing::Final(FinalStatus::Failed),
        TaskStatus::InProgress => Standing::Running(RunningStatus::InProgress),
        TaskStatus::NotStarted | TaskStatus::UnknownFutureValue | TaskStatus::Unknown(_) => {
            return None;
        }
    })
}
