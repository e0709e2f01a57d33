//! Reading a state before and after an action: what is read, and how often.

use std::future::Future;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tracing::debug;

use super::ReadingBack;
use super::judgement::{self, Verdict};
use super::lifecycle::{self, Action};
use super::resolved::{Resolved, Sighting};
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCreate, CrossTenantMigrationJobStatus,
    CrossTenantMigrationTask,
};
use msgraph_migrations::{Client, Error, ErrorKind, GetOptions, Refusal, Response};

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

/// Something whose state tells what became of an action.
pub(super) trait Subject: Sync {
    /// What a reading finds.
    type State: Send + Sync;

    /// Whether there is anything to find it by.
    fn is_findable(&self) -> bool {
        true
    }

    /// Reads the state; 404 by the service itself is one.
    fn read(
        &self,
        client: &Client,
    ) -> impl Future<Output = Result<Sighting<Self::State>, Error>> + Send;

    /// What the state before, none if it could not be read, and now tells about the action.
    fn judge(&self, before: Option<&Sighting<Self::State>>, now: &Sighting<Self::State>)
    -> Verdict;
}

/// A job that is validated, migrated, cancelled or deleted.
pub(super) struct Job<'a> {
    job: &'a str,
    action: Action,
}

impl<'a> Job<'a> {
    pub(super) fn new(job: &'a str, action: Action) -> Self {
        Self { job, action }
    }
}

impl Subject for Job<'_> {
    type State = CrossTenantMigrationJob;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        sighting(client.get_job(self.job, GetOptions::new()).await)
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        match before.and_then(Sighting::present) {
            Some(before) => lifecycle::judge_job(self.action, before, now),
            None => Verdict::Undecided,
        }
    }
}

/// A job that is created, found by its display name.
pub(super) struct Creation<'a> {
    pub(super) job: &'a CrossTenantMigrationJobCreate,
}

impl Subject for Creation<'_> {
    type State = CrossTenantMigrationJob;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        let found = client.get_job(&self.job.display_name, GetOptions::new());
        sighting(found.await)
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        judgement::judge_creation(self.job, before, now)
    }
}

/// A user of a job who is cancelled.
pub(super) struct User<'a> {
    pub(super) job: &'a str,
    pub(super) user: &'a str,
}

impl Subject for User<'_> {
    type State = CrossTenantMigrationTask;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        let user = client
            .get_user(self.job, self.user, GetOptions::new())
            .await;
        let user = match user {
            Err(error) if error.refusal().is_some_and(Refusal::is_not_found) => error,
            user => return sighting(user),
        };
        // Only if the job is there and is not being deleted is it the user who is missing.
        let job = client.get_job(self.job, GetOptions::new()).await;
        match sighting(job)?.into_present() {
            Some(CrossTenantMigrationJob {
                status: Some(status),
                ..
            }) if !matches!(
                status,
                CrossTenantMigrationJobStatus::PendingDelete
                    | CrossTenantMigrationJobStatus::Deleted
                    | CrossTenantMigrationJobStatus::UnknownFutureValue
                    | CrossTenantMigrationJobStatus::Unknown(_)
            ) =>
            {
                Ok(Sighting::Absent)
            }
            _ => Err(user),
        }
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        match before.and_then(Sighting::present) {
            Some(before) => judgement::judge_user(before, now),
            None => Verdict::Undecided,
        }
    }
}

/// What an answer to a reading shows.
pub(super) fn sighting<T>(answer: Result<Response<T>, Error>) -> Result<Sighting<T>, Error> {
    match answer {
        Ok(response) => Ok(Sighting::Present(response.into_value())),
        Err(error) if error.refusal().is_some_and(Refusal::is_not_found) => Ok(Sighting::Absent),
        Err(error) => Err(error),
    }
}
