//! Which actions a job allows.

use chrono::{DateTime, Utc};

use super::job::Job;
use super::status::JobStatus;
use crate::settings::{CancelInProgress, Settings};

/// Whether the job, or one of its users, can be cancelled at `now`.
pub(crate) fn can_cancel(job: &Job, settings: &Settings, now: DateTime<Utc>) -> bool {
    match job.status {
        JobStatus::Submitted
        | JobStatus::ValidateSubmitted
        | JobStatus::ValidateProcessing
        | JobStatus::ValidateInProgress
        | JobStatus::ValidatePassed
        | JobStatus::ValidateFailed
        // Nothing is documented for these two; they are neither in progress nor terminal.
        | JobStatus::Approved
        | JobStatus::AdminActionRequired => true,
        JobStatus::Processing | JobStatus::InProgress => match settings.cancel_in_progress {
            CancelInProgress::Never => false,
            CancelInProgress::UntilCompleteAfter => now < job.complete_after.at,
            CancelInProgress::UntilCuttingOver => true,
        },
        JobStatus::CuttingOver
        | JobStatus::Completed
        | JobStatus::CompletedWithErrors
        | JobStatus::Failed
        | JobStatus::Cancelled
        | JobStatus::PendingCancel
        | JobStatus::PendingDelete
        | JobStatus::Deleted => false,
    }
}

/// Whether the job can be deleted.
pub(crate) fn can_delete(status: JobStatus, settings: &Settings) -> bool {
    match status {
        JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => true,
        JobStatus::CompletedWithErrors => settings.delete_completed_with_errors,
        _ => false,
    }
}
