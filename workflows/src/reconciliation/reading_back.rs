//! Acting once, and reading back if the answer is lost.

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tracing::debug;

use super::lifecycle::Action;
use super::policy::ReadBack;
use super::resolved::{Resolved, Sighting};
use super::sharepoint_task::{SharePointTask, SharePointTaskCreation};
use super::subject::{Creation, Job, Subject, User};
use super::verdict::Verdict;
use crate::Workflows;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCreate, CrossTenantMigrationTask,
    SharePointMigrationTask, SharePointMigrationTaskParameters,
};
use msgraph_migrations::{
    CancelOutcome, Client, DeleteOutcome, Error, ErrorKind, Response, StartOutcome,
};

impl Workflows {
    /// Sends actions whose lost answers are replaced by reading the state.
    ///
    /// Nothing else about the client changes, and its own methods stay as they are.
    #[must_use]
    pub fn reading_back(&self, policy: ReadBack) -> ReadingBack<'_> {
        ReadingBack {
            client: self.client(),
            policy,
        }
    }
}

/// Actions whose lost answers are replaced by reading the state; see [`Workflows::reading_back`].
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

type Outcome<T, S> = Result<Resolved<T, Sighting<<S as Subject>::State>>, Error>;

impl ReadingBack<'_> {
    /// Reads, acts once, and reads back if the answer is lost.
    ///
    /// Boxed, because three calls within one future make it large.
    pub(super) fn resolve<'f, S, T>(
        &'f self,
        subject: S,
        action: impl Future<Output = Result<T, Error>> + Send + 'f,
    ) -> BoxFuture<'f, Outcome<T, S>>
    where
        S: Subject + Send + 'f,
        T: Send + 'f,
    {
        Box::pin(self.settle(subject, action))
    }

    async fn settle<S: Subject, T>(
        &self,
        subject: S,
        action: impl Future<Output = Result<T, Error>>,
    ) -> Outcome<T, S> {
        let before = if subject.is_findable() {
            Some(subject.read(self.client).await)
        } else {
            None
        };
        let error = match action.await {
            Ok(answer) => return Ok(Resolved::Answered(answer)),
            Err(error) if !error.may_have_taken_effect() => return Err(error),
            Err(error) => error,
        };
        debug!(%error, "the answer is lost, reading back");
        let lost = Instant::now();
        let left = || self.policy.settle_within.saturating_sub(lost.elapsed());
        let (before, mut failed) = match before {
            Some(Ok(state)) => (Some(state), None),
            Some(Err(error)) => (None, Some(error)),
            None => {
                return Ok(Resolved::Unknown {
                    last_seen: None,
                    error,
                    reading: None,
                });
            }
        };
        let mut last_seen = None;
        for reading in 0..self.policy.max_reads {
            let wait = self.policy.wait(reading);
            if wait > left() {
                break;
            }
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            match tokio::time::timeout(left(), subject.read(self.client)).await {
                Ok(Ok(state)) => match subject.judge(before.as_ref(), &state) {
                    Verdict::TookEffect => return Ok(Resolved::TookEffect { state, error }),
                    Verdict::RuledOut => return Ok(Resolved::RuledOut { state, error }),
                    Verdict::Undecided => last_seen = Some(state),
                },
                Ok(Err(failure)) => {
                    debug!(error = %failure, "reading back failed");
                    let is_hopeless = failure.kind() == ErrorKind::InvalidRequest;
                    failed = Some(failure);
                    if is_hopeless {
                        break;
                    }
                }
                Err(_) => {
                    debug!("the reading was not finished within the time to settle");
                    break;
                }
            }
        }
        Ok(Resolved::Unknown {
            last_seen,
            error,
            reading: failed,
        })
    }
}
