//! How far a job is seen through, and who may stop a request before it is sent.

use std::fmt;
use std::sync::Arc;

use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{CallOptions, Error, Response, StartOutcome};

use crate::Workflows;
use crate::reconciliation::{Resolved, Sighting};

/// A request that seeing a job through sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobStep {
    /// Creates the job.
    Create,
    /// Starts its validation.
    Validate,
    /// Starts its migration, or the retry of one.
    Migrate,
}

/// How far a job is seen through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobGoal {
    /// Until it is there.
    Created,
    /// Until its validation has ended.
    Validated,
    /// Until its migration was started.
    Migrating,
    /// Until its migration has ended.
    #[default]
    Migrated,
}

impl JobGoal {
    /// Whether nothing is left to be done for a job in this status, besides what its end tells.
    pub(super) fn is_reached(self, status: Option<&Status>) -> bool {
        let is_migrating = matches!(
            status,
            Some(Status::Processing | Status::InProgress | Status::CuttingOver)
        );
        match self {
            Self::Created => true,
            Self::Validated => is_migrating || status == Some(&Status::ValidatePassed),
            Self::Migrating => is_migrating,
            Self::Migrated => false,
        }
    }
}

/// Somebody who is asked before each request of a job that is seen through, and told what became of it.
///
/// Readings are not asked for. Neither method may block for long: the job is not read meanwhile.
pub trait StepGuard: Send + Sync {
    /// The options by which the request is sent; none if it may not be sent.
    ///
    /// It is asked also before a request is sent again, with the job as it was last read; none before a
    /// creation. A request that is not allowed ends the run with
    /// [`JobRunEnd::NotAllowed`](super::JobRunEnd::NotAllowed).
    fn allow(&self, step: JobStep, job: Option<&Job>) -> Option<CallOptions>;

    /// What became of a request that was allowed.
    fn ended(&self, step: JobStep, end: StepEnd<'_>);
}

/// What became of a request.
#[derive(Clone, Copy)]
pub enum StepEnd<'a> {
    /// The service accepted it; the job as far as the answer tells.
    Done(&'a Job),
    /// No answer came, and the state shows that what was asked for has happened.
    FoundDone(Option<&'a Job>),
    /// It had no effect, and why.
    NotDone(&'a dyn fmt::Display),
    /// No answer came, and the state does not tell.
    Unknown(&'a dyn fmt::Display),
}

impl fmt::Debug for StepEnd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(job) => f.debug_tuple("Done").field(job).finish(),
            Self::FoundDone(job) => f.debug_tuple("FoundDone").field(job).finish(),
            Self::NotDone(why) => write!(f, "NotDone({why})"),
            Self::Unknown(why) => write!(f, "Unknown({why})"),
        }
    }
}

/// The guard of a run, if it has one.
#[derive(Clone, Default)]
pub(super) struct Guarded(pub Option<Arc<dyn StepGuard>>);

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "guarded" } else { "free" })
    }
}

impl Guarded {
    /// What a request is sent by; none if it may not be sent.
    pub fn allow(
        &self,
        workflows: &Workflows,
        step: JobStep,
        job: Option<&Job>,
    ) -> Option<Workflows> {
        match &self.0 {
            None => Some(workflows.clone()),
            Some(guard) => guard
                .allow(step, job)
                .map(|options| Workflows::new(workflows.client().with(options))),
        }
    }

    pub fn created(&self, end: &Result<Resolved<Response<Job>, Sighting<Job>>, Error>) {
        self.ended(JobStep::Create, end, |answer| StepEnd::Done(answer.value()));
    }

    pub fn started(
        &self,
        step: JobStep,
        end: &Result<Resolved<StartOutcome, Sighting<Job>>, Error>,
    ) {
        self.ended(step, end, |answer| match answer {
            StartOutcome::Started(response) => StepEnd::Done(response.value()),
            StartOutcome::InvalidStatus(refusal)
            | StartOutcome::Undetermined(refusal)
            | StartOutcome::ValidationExpired(refusal) => StepEnd::NotDone(refusal),
        });
    }

    fn ended<T>(
        &self,
        step: JobStep,
        end: &Result<Resolved<T, Sighting<Job>>, Error>,
        answered: impl Fn(&T) -> StepEnd<'_>,
    ) {
        if let Some(guard) = &self.0 {
            guard.ended(
                step,
                match end {
                    Ok(Resolved::Answered(answer)) => answered(answer),
                    Ok(Resolved::TookEffect { state, .. }) => StepEnd::FoundDone(state.present()),
                    Ok(Resolved::RuledOut { error, .. }) | Err(error) => StepEnd::NotDone(error),
                    Ok(Resolved::Unknown { error, .. }) => StepEnd::Unknown(error),
                },
            );
        }
    }
}
