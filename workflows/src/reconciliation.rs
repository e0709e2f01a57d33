//! Finding out by reading what became of an action whose answer was lost.
//!
//! When a connection dies after an action was sent, the action may have taken effect or not, and
//! sending it again could double it. [`Client::reading_back`] is for whoever wants the question
//! settled: it notes the state before the action, sends the action once, and, only if the answer is
//! lost, reads the state until it tells. It never sends an action again, and it never guesses: what
//! the documents do not make certain is [`Resolved::Unknown`].
//!
//! ```
//! use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved};
//! use msgraph_migrations::{CancelOutcome, Error};
//! use msgraph_migrations_workflows::Workflows;
//!
//! # async fn example(workflows: &Workflows) -> Result<(), Error> {
//! match workflows.reading_back(ReadBack::default()).cancel_job("Alderwood wave 3").await? {
//!     Resolved::Answered(CancelOutcome::Accepted(_)) => println!("being cancelled"),
//!     Resolved::Answered(refused) => println!("{refused}"),
//!     Resolved::TookEffect { state, .. } => println!("being cancelled, as seen: {state:?}"),
//!     Resolved::RuledOut { state, .. } => println!("not cancelled by this request: {state:?}"),
//!     Resolved::Unknown { last_seen, error, .. } => {
//!         println!("look at the job before anything else; last seen {last_seen:?}: {error}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod judgement;
mod lifecycle;
mod reading;
mod resolved;
mod sharepoint;

use std::time::Duration;

pub use resolved::{Resolved, Sighting};

use crate::Workflows;
use lifecycle::Action;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCreate, CrossTenantMigrationTask,
    SharePointMigrationTask, SharePointMigrationTaskParameters,
};
use msgraph_migrations::{CancelOutcome, Client, DeleteOutcome, Error, Response, StartOutcome};
use reading::{Creation, Job, User};
use sharepoint::{SharePointTask, SharePointTaskCreation};

/// How often and for how long a state is read back.
///
/// The first reading follows the lost answer at once, the others after waits that double. A reading
/// that fails is one of them; each is a call of its own, repeated as the client's
/// [`RetryPolicy`](msgraph_migrations::RetryPolicy) says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadBack {
    /// The most readings after a lost answer; 8 unless set, and 0 never reads back.
    pub max_reads: u32,
    /// The wait before the second reading; 1 s unless set.
    pub first_wait: Duration,
    /// The longest wait; 30 s unless set.
    pub max_wait: Duration,
    /// When to give up, counted from the lost answer; 2 min unless set.
    pub settle_within: Duration,
}

impl Default for ReadBack {
    fn default() -> Self {
        Self {
            max_reads: 8,
            first_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(30),
            settle_within: Duration::from_mins(2),
        }
    }
}

impl ReadBack {
    /// Reads at most this often.
    #[must_use]
    pub fn max_reads(mut self, reads: u32) -> Self {
        self.max_reads = reads;
        self
    }

    /// Sets the wait before the second reading.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Gives up this long after the answer was lost.
    #[must_use]
    pub fn settle_within(mut self, time: Duration) -> Self {
        self.settle_within = time;
        self
    }

    /// How long to wait before reading number `reading`, counting from 0.
    fn wait(&self, reading: u32) -> Duration {
        match reading.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => self
                .first_wait
                .saturating_mul(2_u32.saturating_pow(doublings))
                .min(self.max_wait),
        }
    }
}

impl Workflows {
    /// Sends actions whose lost answers are replaced by reading the state.
    ///
    /// Nothing else about the client changes, and its own methods stay as they are.
    #[must_use]
    pub fn reading_back(&self, policy: ReadBack) -> ReadingBack<'_> {
        ReadingBack {
            client: &self.client,
            policy,
        }
    }
}

/// Actions whose lost answers are replaced by reading the state; see [`Client::reading_back`].
///
/// Each method reads the state once, sends the action as the method of the same name of [`Client`]
/// does, and reads the state back only when the error says
/// [`may_have_taken_effect`](Error::may_have_taken_effect). If the first reading fails, the action is
/// sent all the same, because a cancellation cannot wait; a lost answer then mostly stays
/// [`Unknown`](Resolved::Unknown). Dropping the future stops reading and sends nothing more.
///
/// # Errors
///
/// Every method fails as the method of [`Client`] does when the action certainly had no effect.
#[derive(Clone, Debug)]
pub struct ReadingBack<'a> {
    client: &'a Client,
    policy: ReadBack,
}

type OfJob<T> = Result<Resolved<T, Sighting<CrossTenantMigrationJob>>, Error>;
type OfUser<T> = Result<Resolved<T, Sighting<CrossTenantMigrationTask>>, Error>;
type OfTask<T> = Result<Resolved<T, Sighting<SharePointMigrationTask>>, Error>;

#[expect(
    clippy::missing_errors_doc,
    reason = "the errors are those of all methods and stand at the type"
)]
impl ReadingBack<'_> {
    /// Cancels a job, as [`Client::cancel_job`] does.
    ///
    /// It took effect when the job is `pendingCancel` or `cancelled` and was neither before; it is ruled
    /// out when the job was cutting over, at its end, or being cancelled already.
    pub async fn cancel_job(&self, job: &str) -> OfJob<CancelOutcome> {
        self.resolve(Job::new(job, Action::Cancel), self.client.cancel_job(job))
            .await
    }

    /// Starts the validation of a job, as [`Client::validate_job`] does.
    ///
    /// It took effect when the job is in a status that only a validation leads to from where it was. A
    /// job that was `validateFailed` and is so again stays unknown: its `lastUpdatedDateTime` also
    /// changes for other reasons. An older guide says that a validation begins by itself after a
    /// creation; that counts as what was asked for.
    pub async fn validate_job(&self, job: &str) -> OfJob<StartOutcome> {
        self.resolve(
            Job::new(job, Action::Validate),
            self.client.validate_job(job),
        )
        .await
    }

    /// Starts the migration of a job, as [`Client::migrate_job`] does.
    ///
    /// It took effect when the job is in a status that only a migration leads to from where it was.
    pub async fn migrate_job(&self, job: &str) -> OfJob<StartOutcome> {
        self.resolve(Job::new(job, Action::Migrate), self.client.migrate_job(job))
            .await
    }

    /// Deletes a job, as [`Client::delete_job`] does.
    ///
    /// It took effect when the job is `pendingDelete`, `deleted` or gone, and was there before.
    pub async fn delete_job(&self, job: &str) -> OfJob<DeleteOutcome> {
        self.resolve(Job::new(job, Action::Delete), self.client.delete_job(job))
            .await
    }

    /// Creates a job, as [`Client::create_job`] does, and finds it by its display name.
    ///
    /// It took effect when there is a job of that name with what was asked for, and there was none
    /// before. It is ruled out when the name was taken before, or is taken by a job from another tenant:
    /// names are unique.
    pub async fn create_job(
        &self,
        job: &CrossTenantMigrationJobCreate,
    ) -> OfJob<Response<CrossTenantMigrationJob>> {
        self.resolve(Creation { job }, self.client.create_job(job))
            .await
    }

    /// Cancels one user of a job, as [`Client::cancel_user`] does.
    ///
    /// It took effect when the workloads of the user are `pendingCancel` or `cancelled`, as far as they
    /// are not at their end, and none was before, or when the user is no longer in the job. It is ruled
    /// out when the user was cancelled or completed already, or the mailbox was being finalised.
    pub async fn cancel_user(&self, job: &str, user: &str) -> OfUser<CancelOutcome> {
        self.resolve(User { job, user }, self.client.cancel_user(job, user))
            .await
    }

    /// Cancels a SharePoint task, as [`Client::cancel_sharepoint_task`] does.
    ///
    /// It took effect when the task is `cancelled` and was `notStarted`; it is ruled out when the task
    /// was further, or has started or completed since.
    pub async fn cancel_sharepoint_task(&self, task: &str) -> OfTask<CancelOutcome> {
        self.resolve(
            SharePointTask { task },
            self.client.cancel_sharepoint_task(task),
        )
        .await
    }

    /// Creates a SharePoint task, as [`Client::create_sharepoint_task`] does, and finds it by its source.
    ///
    /// It took effect when there is a task for the source with the target that was asked for, and there
    /// was none before. Everything else stays unknown: which of several tasks for one source the service
    /// returns is not documented, a user named by id alone cannot be looked up, and a task that only
    /// validates leaves nothing to be found.
    pub async fn create_sharepoint_task(
        &self,
        parameters: impl Into<SharePointMigrationTaskParameters> + Send,
    ) -> OfTask<Response<SharePointMigrationTask>> {
        let parameters = parameters.into();
        let action = self.client.create_sharepoint_task(parameters.clone());
        let parameters = &parameters;
        self.resolve(SharePointTaskCreation { parameters }, action)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_double_up_to_the_longest() {
        let policy = ReadBack::default().max_wait(Duration::from_secs(10));
        let waits: Vec<u64> = (0..7).map(|n| policy.wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 10, 10]);
        assert_eq!(policy.wait(u32::MAX), Duration::from_secs(10));
    }
}
