//! Answers that are expected to come in more than one way.
//!
//! Each enum is exhaustive on purpose: a program that starts or stops a migration handles every
//! case, or does not compile. Anything else, including 404, is an [`Error`](crate::Error).

#![expect(
    clippy::large_enum_variant,
    reason = "one value per call to the service; a box would only get in the way of matching"
)]

use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::{CrossTenantMigrationCancelResponse, CrossTenantMigrationJob};

/// How the service took a request to cancel.
#[derive(Clone, Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
pub enum CancelOutcome {
    /// The service accepted it.
    ///
    /// 202 (or 200, in the first draft) for a job or a user means that the cancellation is being
    /// carried out: poll to see its end. 204 for a SharePoint task means that it is cancelled.
    Accepted(Response<CrossTenantMigrationCancelResponse>),
    /// 409: it cannot be cancelled, and **the migration continues**.
    ///
    /// Too late, or already over: read the state to learn which.
    Conflict(Refusal),
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
    Conflict(Refusal),
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
