//! Answers that are expected to come in more than one way.
//!
//! Each enum is exhaustive on purpose: a program that starts or stops a migration handles every
//! case, or does not compile. Anything else, including 404, is an [`Error`](crate::Error).
//!
//! Every outcome is shown (`Display`) as one line for people, which names method and path, and is
//! written (`Serialize`) as an object with `outcome` and `answer`.

#![expect(
    clippy::large_enum_variant,
    reason = "one value per call to the service; a box would only get in the way of matching"
)]

use std::fmt;

use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::{CrossTenantMigrationCancelResponse, CrossTenantMigrationJob};

/// How the service took a request to cancel.
///
/// All but the first are 409, told apart by the status that the message names. What the message does
/// not tell is [`Undetermined`](Self::Undetermined), and never guessed; no request is sent to find out.
/// A message about a user names one status, also when the user has several workloads.
#[derive(Clone, Debug)]
#[must_use = "a cancellation that was refused can mean that the migration continues"]
pub enum CancelOutcome {
    /// The service accepted it.
    ///
    /// 202 (or 200, in the first draft) for a job or a user means that the cancellation is being
    /// carried out: poll to see its end. 204 for a SharePoint task means that it is cancelled.
    Accepted(Response<CrossTenantMigrationCancelResponse>),
    /// It was asked for before, and is being carried out: poll to see its end.
    AlreadyBeingCancelled(Refusal),
    /// It is over, and there is nothing left to cancel.
    ///
    /// **Not always the end that was wanted**: `completed` says that it was moved.
    AlreadyFinal {
        /// The end that it came to.
        status: FinalStatus,
        /// The answer.
        refusal: Refusal,
    },
    /// It is too late, and **the migration continues**.
    TooLate {
        /// How far it has come.
        status: RunningStatus,
        /// The answer.
        refusal: Refusal,
    },
    /// It was not cancelled, and the answer does not tell whether **the migration continues**.
    ///
    /// The message names no status, one that is not documented, or one that could be cancelled. Read
    /// the state to learn more.
    Undetermined(Refusal),
}

/// A status that a migration does not leave by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FinalStatus {
    /// `cancelled`
    Cancelled,
    /// `completed`: it was moved.
    Completed,
    /// `completedWithErrors`: some users were moved, others not.
    CompletedWithErrors,
    /// `failed`
    Failed,
    /// `pendingDelete`: it was final before, and its data is being deleted.
    PendingDelete,
    /// `deleted`: it was final before, and its data is gone.
    Deleted,
}

/// A status of a migration that goes on and can no longer be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunningStatus {
    /// `processing`, of a job.
    Processing,
    /// `inProgress`
    InProgress,
    /// `cuttingOver`, of a job.
    CuttingOver,
    /// `syncing`, of a user.
    Syncing,
    /// `synced`, of a user.
    Synced,
    /// `finalizing`, of a user.
    Finalizing,
}

/// How the service took a request to validate or to migrate a job.
#[derive(Clone, Debug)]
#[must_use = "a job that was not started does nothing"]
pub enum StartOutcome {
    /// 200: started. The job as it is now; poll it to see the end.
    Started(Response<CrossTenantMigrationJob>),
    /// 409: the status of the job does not allow it, and nothing was started.
    ///
    /// [`Refusal::current_status`] names the status when the message does.
    InvalidStatus(Refusal),
    /// 409: the validation passed more than seven days ago, and nothing was started.
    ValidationExpired(Refusal),
    /// 409 for a reason that the answer does not tell; nothing was started.
    Undetermined(Refusal),
}

/// How the service took a request to delete a job.
#[derive(Clone, Debug)]
#[must_use = "a job that was not deleted keeps its data"]
pub enum DeleteOutcome {
    /// 202: it will be deleted, within 48 hours or within 30 days, depending on the page.
    Accepted(Response<()>),
    /// 409: the job has not reached a final status and stays as it is.
    NotFinal(Refusal),
}

impl CancelOutcome {
    /// The answer, unless the cancellation was accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Accepted(_) => None,
            Self::AlreadyBeingCancelled(refusal)
            | Self::AlreadyFinal { refusal, .. }
            | Self::TooLate { refusal, .. }
            | Self::Undetermined(refusal) => Some(refusal),
        }
    }

    /// The acceptance, or the refusal whatever its reason.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn into_result(self) -> Result<Response<CrossTenantMigrationCancelResponse>, Refusal> {
        match self {
            Self::Accepted(response) => Ok(response),
            Self::AlreadyBeingCancelled(refusal)
            | Self::AlreadyFinal { refusal, .. }
            | Self::TooLate { refusal, .. }
            | Self::Undetermined(refusal) => Err(refusal),
        }
    }
}

impl FinalStatus {
    /// The status as the service writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completedWithErrors",
            Self::Failed => "failed",
            Self::PendingDelete => "pendingDelete",
            Self::Deleted => "deleted",
        }
    }
}

impl RunningStatus {
    /// The status as the service writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::InProgress => "inProgress",
            Self::CuttingOver => "cuttingOver",
            Self::Syncing => "syncing",
            Self::Synced => "synced",
            Self::Finalizing => "finalizing",
        }
    }
}

impl fmt::Display for FinalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for RunningStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
