//! What came of one cancellation of many.

use std::sync::Arc;

use super::BulkItem;
use super::engine::Verdict;
use msgraph_migrations::models::CrossTenantMigrationCancelResponse;
use msgraph_migrations::{CancelOutcome, Error, FinalStatus, Refusal, Response, RunningStatus};

/// How the service took one cancellation of many.
///
/// Beside [`CancelOutcome`], this knows what was cancelled before, so that a list can be worked through
/// twice.
#[derive(Clone, Debug)]
#[must_use = "a cancellation that was refused can mean that the migration continues"]
pub enum BulkCancelOutcome {
    /// The service accepted it; see [`CancelOutcome::Accepted`].
    ///
    /// With [`BulkOptions::confirm`](crate::bulk::BulkOptions::confirm) this means that it was not seen to take
    /// effect in time.
    Accepted(Response<CrossTenantMigrationCancelResponse>),
    /// The service accepted it, and it was then read back as cancelled or about to be.
    Confirmed(Response<CrossTenantMigrationCancelResponse>),
    /// The answer was lost, and it was then read back as cancelled or about to be: by this request, or
    /// by another.
    FoundCancelled(Arc<Error>),
    /// 409, and the reason is that it is cancelled or being cancelled already.
    AlreadyCancelled(Refusal),
    /// The job is there, and the user is not in it: cancelled and then removed, as one guide says of
    /// users who are cancelled, or never in it.
    NotInJob(Refusal),
    /// It is over in another way, and there is nothing left to cancel; see [`CancelOutcome::AlreadyFinal`].
    AlreadyFinal {
        /// The end that it came to, never `cancelled`.
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
    /// It was not cancelled, and it could not be told whether **the migration continues**.
    Undetermined(Refusal),
}

impl BulkCancelOutcome {
    /// Whether it is cancelled or being cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Accepted(_)
            | Self::Confirmed(_)
            | Self::FoundCancelled(_)
            | Self::AlreadyCancelled(_) => true,
            Self::NotInJob(_)
            | Self::AlreadyFinal { .. }
            | Self::TooLate { .. }
            | Self::Undetermined(_) => false,
        }
    }

    /// Whether nothing is left to cancel: it is cancelled, or the job does not have the user.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_cancelled() || matches!(self, Self::NotInJob(_))
    }
}

/// What a run over many cancellations hands over, with the id that was given.
pub type BulkCancelItem = BulkItem<String, Result<BulkCancelOutcome, Arc<Error>>>;

pub(super) fn verdict(outcome: &BulkCancelOutcome) -> Verdict {
    if outcome.is_settled() {
        Verdict::Done
    } else {
        Verdict::NotDone
    }
}

/// A refusal that tells no reason, with what reading the state said beside it.
pub(super) fn undetermined(is_cancelled: bool, refusal: Refusal) -> BulkCancelOutcome {
    if is_cancelled {
        BulkCancelOutcome::AlreadyCancelled(refusal)
    } else {
        BulkCancelOutcome::Undetermined(refusal)
    }
}

pub(super) fn determined(outcome: CancelOutcome) -> BulkCancelOutcome {
    match outcome {
        CancelOutcome::Accepted(answer) => BulkCancelOutcome::Accepted(answer),
        CancelOutcome::AlreadyBeingCancelled(refusal)
        | CancelOutcome::AlreadyFinal {
            status: FinalStatus::Cancelled,
            refusal,
        } => BulkCancelOutcome::AlreadyCancelled(refusal),
        CancelOutcome::AlreadyFinal { status, refusal } => {
            BulkCancelOutcome::AlreadyFinal { status, refusal }
        }
        CancelOutcome::TooLate { status, refusal } => {
            BulkCancelOutcome::TooLate { status, refusal }
        }
        CancelOutcome::Undetermined(refusal) => BulkCancelOutcome::Undetermined(refusal),
    }
}
