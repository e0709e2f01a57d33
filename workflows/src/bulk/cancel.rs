//! Many cancellations of users and of SharePoint tasks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::each::{Called, Task, each};
use super::engine::Verdict;
use super::options::BulkOptions;
use super::trouble::{Signal, StopReason};
use super::{Bulk, BulkItem};
use crate::Workflows;
use crate::reading::{Reading, is_not_found, read_job, read_task, read_user};
use crate::reconciliation::ReadBack;
use msgraph_migrations::models::{
    CrossTenantMigrationCancelResponse, CrossTenantMigrationServiceStatus,
    CrossTenantMigrationTask, SharePointMigrationTask, SharePointMigrationTaskStatus,
};
use msgraph_migrations::{
    CancelOutcome, Client, Error, FinalStatus, Refusal, Response, operations,
};

/// For how long a job that was seen counts as being there.
const SIGHTING_HOLDS: Duration = Duration::from_secs(10);

/// How the service took one cancellation of many.
///
/// Beside [`CancelOutcome`], this knows what was cancelled before, so that a list can be worked through
/// twice.
#[derive(Clone, Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
pub enum BulkCancelOutcome {
    /// The service accepted it; see [`CancelOutcome::Accepted`].
    ///
    /// With [`BulkOptions::confirm`] this means that it was not seen to take effect in time.
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
    /// 409 for another reason, or for one that could not be found out: **the migration continues**,
    /// unless it is over. See the other endings of [`CancelOutcome`].
    Conflict(Refusal),
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
            Self::NotInJob(_) | Self::Conflict(_) => false,
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

/// Many cancellations. Nothing is sent before the stream is polled.
impl Workflows {
    /// Cancels many users of a job, each with its own outcome.
    ///
    /// An error of one user keeps nobody else from being cancelled. Where an error
    /// [may have taken effect](Error::may_have_taken_effect), use [`BulkOptions::confirm`], or run
    /// again: whoever is cancelled already is reported as such. Nothing is sent twice by itself.
    ///
    /// A 409 that does not name the user's status is followed by reading the user, and a 404 by reading
    /// the job.
    ///
    /// Dropping the stream sends nothing more; what was on its way may take effect and is not in the
    /// [`Record`](super::Record).
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// use msgraph_migrations_workflows::Workflows;
    /// use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions, RunStopped};
    ///
    /// # async fn example(workflows: &Workflows, users: Vec<String>) -> Result<(), RunStopped> {
    /// let mut run = workflows.cancel_users("Alderwood wave 3", users, BulkOptions::new());
    /// while let Some(user) = run.try_next().await? {
    ///     match user.outcome {
    ///         Ok(outcome) if outcome.is_settled() => {}
    ///         Ok(BulkCancelOutcome::Conflict(refusal)) => println!("{} goes on: {refusal}", user.input),
    ///         Ok(_) => {}
    ///         Err(error) => println!("{} is not known to be cancelled: {error}", user.input),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_users<U: Into<String>>(
        &self,
        job: &str,
        users: impl IntoIterator<Item = U>,
        options: BulkOptions,
    ) -> Bulk<BulkCancelItem> {
        let task = Task {
            action: &operations::CANCEL_USER,
            job: Some(job.to_owned()),
            name: Clone::clone,
            verdict,
        };
        let canceller = Arc::new(Canceller {
            client: self.client().clone(),
            job: job.to_owned(),
            confirm: options.confirm.clone(),
            max_repeats: options.max_repeats,
            job_seen: Mutex::new(None),
        });
        let users = users.into_iter().map(Into::into).collect();
        each(self, task, users, options, move |user| {
            let canceller = Arc::clone(&canceller);
            async move { canceller.cancel_user(user).await }
        })
    }

    /// Cancels many SharePoint tasks, each with its own outcome.
    ///
    /// It behaves as [`cancel_users`](Self::cancel_users) does. A 409 that does not name the task's status
    /// is followed by reading the task.
    pub fn cancel_sharepoint_tasks<T: Into<String>>(
        &self,
        tasks: impl IntoIterator<Item = T>,
        options: BulkOptions,
    ) -> Bulk<BulkCancelItem> {
        let task = Task {
            action: &operations::CANCEL_SHAREPOINT_TASK,
            job: None,
            name: Clone::clone,
            verdict,
        };
        let (client, confirm) = (self.client().clone(), options.confirm.clone());
        let tasks = tasks.into_iter().map(Into::into).collect();
        each(self, task, tasks, options, move |id: String| {
            let (client, confirm) = (client.clone(), confirm.clone());
            async move {
                let outcome = cancel_task(&client, &id, confirm.as_ref()).await;
                Called::new(id, outcome)
            }
        })
    }
}

fn verdict(outcome: &BulkCancelOutcome) -> Verdict {
    if outcome.is_settled() {
        Verdict::Done
    } else {
        Verdict::NotDone
    }
}

struct Canceller {
    client: Client,
    job: String,
    confirm: Option<ReadBack>,
    max_repeats: u32,
    job_seen: Mutex<Option<Instant>>,
}

impl Canceller {
    async fn cancel_user(&self, user: String) -> Called<String, BulkCancelOutcome> {
        let mut repeats = 0..self.max_repeats;
        loop {
            let sent = Box::pin(self.client.cancel_user(&self.job, &user)).await;
            if sent.is_ok() {
                self.see_job();
            }
            let outcome = match sent {
                Ok(CancelOutcome::Undetermined(refusal)) => Ok(self.explain(&user, refusal).await),
                Ok(outcome) => {
                    let outcome = determined(outcome);
                    Ok(match &self.confirm {
                        Some(policy) => self.confirm(&user, outcome, policy).await,
                        None => outcome,
                    })
                }
                Err(error) if error.may_have_taken_effect() => match &self.confirm {
                    Some(policy) if self.is_seen_cancelled(&user, policy).await => {
                        Ok(BulkCancelOutcome::FoundCancelled(Arc::new(error)))
                    }
                    Some(_) if repeats.next().is_some() => continue,
                    _ => Err(error),
                },
                Err(error) if is_not_found(&error) => return self.missing(user, error).await,
                Err(error) => Err(error),
            };
            return Called::new(user, outcome);
        }
    }

    /// A 404 is about the user or about the job; only the job itself tells which.
    async fn missing(&self, user: String, error: Error) -> Called<String, BulkCancelOutcome> {
        if !self.has_seen_job() {
            match Box::pin(read_job(&self.client, &self.job)).await {
                Ok(Reading::Present(_)) => self.see_job(),
                Ok(Reading::Absent(_)) => {
                    let mut called = Called::new(user, Err(error));
                    if let Err(error) = &called.outcome {
                        let reason = StopReason::NoSuchJob(Arc::clone(error));
                        called.signal = Some(Signal::Denied(reason));
                    }
                    return called;
                }
                Err(_) => return Called::new(user, Err(error)),
            }
        }
        let outcome = match error.refusal().cloned() {
            Some(refusal) => Ok(BulkCancelOutcome::NotInJob(refusal)),
            None => Err(error),
        };
        Called::new(user, outcome)
    }

    async fn explain(&self, user: &str, refusal: Refusal) -> BulkCancelOutcome {
        // A status that is named but says nothing is none that stops.
        if refusal.current_status().is_some() {
            return conflict(false, refusal);
        }
        match Box::pin(read_user(&self.client, &self.job, user)).await {
            Ok(Reading::Present(user)) => conflict(is_wholly_cancelled(&user), refusal),
            Ok(Reading::Absent(_)) => BulkCancelOutcome::NotInJob(refusal),
            // When the user cannot be read either, nothing says that the migration stops.
            Err(_) => conflict(false, refusal),
        }
    }

    async fn confirm(
        &self,
        user: &str,
        outcome: BulkCancelOutcome,
        policy: &ReadBack,
    ) -> BulkCancelOutcome {
        match outcome {
            BulkCancelOutcome::Accepted(response) if self.is_seen_cancelled(user, policy).await => {
                BulkCancelOutcome::Confirmed(response)
            }
            outcome => outcome,
        }
    }

    async fn is_seen_cancelled(&self, user: &str, policy: &ReadBack) -> bool {
        let read = || async {
            match Box::pin(read_user(&self.client, &self.job, user)).await {
                Ok(Reading::Present(user)) => is_as_far_cancelled_as_can_be(&user),
                // The job is there, and the user who was is no longer in it.
                Ok(Reading::Absent(_)) => true,
                Err(_) => false,
            }
        };
        read_until(policy, read).await
    }

    fn see_job(&self) {
        *self.job_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn has_seen_job(&self) -> bool {
        let seen = *self.job_seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| seen.elapsed() < SIGHTING_HOLDS)
    }
}

async fn cancel_task(
    client: &Client,
    task: &str,
    confirm: Option<&ReadBack>,
) -> Result<BulkCancelOutcome, Error> {
    let is_cancelled = |task: &SharePointMigrationTask| {
        task.status == Some(SharePointMigrationTaskStatus::Cancelled)
    };
    let read = || async {
        let reading = Box::pin(read_task(client, task)).await;
        matches!(reading, Ok(Reading::Present(task)) if is_cancelled(&task))
    };
    match Box::pin(client.cancel_sharepoint_task(task)).await {
        Ok(CancelOutcome::Undetermined(refusal)) => Ok(conflict(read().await, refusal)),
        Ok(outcome) => Ok(match (determined(outcome), confirm) {
            (BulkCancelOutcome::Accepted(response), Some(policy))
                if read_until(policy, read).await =>
            {
                BulkCancelOutcome::Confirmed(response)
            }
            (outcome, _) => outcome,
        }),
        Err(error) if error.may_have_taken_effect() => match confirm {
            Some(policy) if read_until(policy, read).await => {
                Ok(BulkCancelOutcome::FoundCancelled(Arc::new(error)))
            }
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Reads until it is as hoped for, as often and as long as the policy says.
async fn read_until<F: Future<Output = bool>>(policy: &ReadBack, read: impl Fn() -> F) -> bool {
    let start = Instant::now();
    for reading in 0..policy.max_reads {
        let wait = policy.wait(reading);
        if wait > policy.settle_within.saturating_sub(start.elapsed()) {
            return false;
        }
        tokio::time::sleep(wait).await;
        if read().await {
            return true;
        }
    }
    false
}

fn is_cancelling(status: &CrossTenantMigrationServiceStatus) -> bool {
    matches!(
        status,
        CrossTenantMigrationServiceStatus::Cancelled
            | CrossTenantMigrationServiceStatus::PendingCancel
    )
}

fn is_wholly_cancelled(user: &CrossTenantMigrationTask) -> bool {
    !user.current_status.is_empty()
        && user
            .current_status
            .iter()
            .all(|workload| workload.status.as_ref().is_some_and(is_cancelling))
}

/// Whether all is cancelled that was not over before.
fn is_as_far_cancelled_as_can_be(user: &CrossTenantMigrationTask) -> bool {
    let statuses = || {
        user.current_status
            .iter()
            .map(|workload| workload.status.as_ref())
    };
    statuses().any(|status| status.is_some_and(is_cancelling))
        && statuses().all(|status| {
            status.is_some_and(|status| {
                is_cancelling(status)
                    || matches!(
                        status,
                        CrossTenantMigrationServiceStatus::Completed
                            | CrossTenantMigrationServiceStatus::Failed
                    )
            })
        })
}

pub(super) fn conflict(is_cancelled: bool, refusal: Refusal) -> BulkCancelOutcome {
    if is_cancelled {
        BulkCancelOutcome::AlreadyCancelled(refusal)
    } else {
        BulkCancelOutcome::Conflict(refusal)
    }
}

fn determined(outcome: CancelOutcome) -> BulkCancelOutcome {
    match outcome {
        CancelOutcome::Accepted(answer) => BulkCancelOutcome::Accepted(answer),
        CancelOutcome::AlreadyBeingCancelled(refusal)
        | CancelOutcome::AlreadyFinal {
            status: FinalStatus::Cancelled,
            refusal,
        } => BulkCancelOutcome::AlreadyCancelled(refusal),
        CancelOutcome::AlreadyFinal { refusal, .. }
        | CancelOutcome::TooLate { refusal, .. }
        | CancelOutcome::Undetermined(refusal) => BulkCancelOutcome::Conflict(refusal),
    }
}
