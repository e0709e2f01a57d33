//! Many cancellations of users and of SharePoint tasks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Bulk;
use super::cancel_outcome::{BulkCancelItem, BulkCancelOutcome, determined, undetermined, verdict};
use super::each::{Called, Entry, Reader, Task, each};
use super::options::BulkOptions;
use super::read_together::{ReadCancellations, is_cancelling};
use super::trouble::{Signal, StopReason};
use crate::Workflows;
use crate::reading::{Reading, is_not_found, read_job, read_task, read_user};
use msgraph_migrations::models::{CrossTenantMigrationTask, SharePointMigrationTaskStatus};
use msgraph_migrations::{CancelOutcome, Client, Error, Refusal, operations};

/// For how long a job that was seen counts as being there.
const SIGHTING_HOLDS: Duration = Duration::from_secs(10);

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
    ///         Ok(BulkCancelOutcome::TooLate { status, .. }) => println!("{} goes on: {status}", user.input),
    ///         Ok(other) => println!("{} was not cancelled: {other:?}", user.input),
    ///         Err(error) => println!("{} is not known to be cancelled: {error}", user.input),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_users<'a, U: Into<String> + 'a>(
        &self,
        job: &str,
        users: impl IntoIterator<Item = U, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkCancelItem> {
        let task = Task {
            action: &operations::CANCEL_USER,
            job: Some(job.to_owned()),
            name: Clone::clone,
            verdict,
        };
        let canceller = Arc::new(Canceller {
            client: self.client().clone(),
            job: job.to_owned(),
            confirmed: Confirmed::of(&options),
            job_seen: Mutex::new(None),
        });
        let reader = reader(self.client(), Some(job), &options);
        let users = users.into_iter().map(Into::into);
        each(self, task, users, options, reader, move |user: String| {
            let canceller = Arc::clone(&canceller);
            async move { canceller.cancel_user(&user).await }
        })
    }

    /// Cancels many SharePoint tasks, each with its own outcome.
    ///
    /// It behaves as [`cancel_users`](Self::cancel_users) does. A 409 that does not name the task's status
    /// is followed by reading the task.
    pub fn cancel_sharepoint_tasks<'a, T: Into<String> + 'a>(
        &self,
        tasks: impl IntoIterator<Item = T, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkCancelItem> {
        let task = Task {
            action: &operations::CANCEL_SHAREPOINT_TASK,
            job: None,
            name: Clone::clone,
            verdict,
        };
        let (client, confirmed) = (self.client().clone(), Confirmed::of(&options));
        let reader = reader(self.client(), None, &options);
        let tasks = tasks.into_iter().map(Into::into);
        each(self, task, tasks, options, reader, move |id: String| {
            let client = client.clone();
            async move { confirmed.call(cancel_task(&client, &id).await) }
        })
    }
}

/// What reads back, if the options ask for it.
fn reader(
    client: &Client,
    job: Option<&str>,
    options: &BulkOptions,
) -> impl FnOnce(Entry) -> Option<Reader<String, BulkCancelOutcome>> + Send + 'static {
    let together = ReadCancellations::new(client, job, options);
    move |entry| Some(Box::new(together?.recording(entry)) as Reader<_, _>)
}

/// Which cancellations are read back.
#[derive(Clone, Copy)]
struct Confirmed {
    accepted: bool,
    lost: bool,
}

impl Confirmed {
    fn of(options: &BulkOptions) -> Self {
        let lost = options.confirm.is_some();
        Self {
            accepted: lost && options.confirms_accepted,
            lost,
        }
    }

    fn call(self, outcome: Result<BulkCancelOutcome, Error>) -> Called<BulkCancelOutcome> {
        let is_to_be_read = match &outcome {
            Ok(outcome) => self.accepted && matches!(outcome, BulkCancelOutcome::Accepted(_)),
            Err(error) => self.lost && error.may_have_taken_effect(),
        };
        Called {
            is_to_be_read,
            ..Called::new(outcome)
        }
    }
}

struct Canceller {
    client: Client,
    job: String,
    confirmed: Confirmed,
    job_seen: Mutex<Option<Instant>>,
}

impl Canceller {
    async fn cancel_user(&self, user: &str) -> Called<BulkCancelOutcome> {
        let sent = Box::pin(self.client.cancel_user(&self.job, user)).await;
        if sent.is_ok() {
            self.see_job();
        }
        let outcome = match sent {
            Ok(CancelOutcome::Undetermined(refusal)) => Ok(self.explain(user, refusal).await),
            Ok(outcome) => Ok(determined(outcome)),
            Err(error) if is_not_found(&error) => return self.missing(error).await,
            Err(error) => Err(error),
        };
        self.confirmed.call(outcome)
    }

    /// A 404 is about the user or about the job; only the job itself tells which.
    async fn missing(&self, error: Error) -> Called<BulkCancelOutcome> {
        if !self.has_seen_job() {
            match Box::pin(read_job(&self.client, &self.job)).await {
                Ok(Reading::Present(_)) => self.see_job(),
                Ok(Reading::Absent(_)) => {
                    let mut called = Called::new(Err(error));
                    if let Err(error) = &called.outcome {
                        let reason = StopReason::NoSuchJob(Arc::clone(error));
                        called.signal = Some(Signal::Denied(reason));
                    }
                    return called;
                }
                Err(_) => return Called::new(Err(error)),
            }
        }
        Called::new(match error.refusal().cloned() {
            Some(refusal) => Ok(BulkCancelOutcome::NotInJob(refusal)),
            None => Err(error),
        })
    }

    async fn explain(&self, user: &str, refusal: Refusal) -> BulkCancelOutcome {
        // A status that is named but says nothing is none that stops.
        if refusal.current_status().is_some() {
            return undetermined(false, refusal);
        }
        match Box::pin(read_user(&self.client, &self.job, user)).await {
            Ok(Reading::Present(user)) => undetermined(is_wholly_cancelled(&user), refusal),
            Ok(Reading::Absent(_)) => BulkCancelOutcome::NotInJob(refusal),
            // When the user cannot be read either, nothing says that the migration stops.
            Err(_) => undetermined(false, refusal),
        }
    }

    fn see_job(&self) {
        *self.job_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn has_seen_job(&self) -> bool {
        let seen = *self.job_seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| seen.elapsed() < SIGHTING_HOLDS)
    }
}

async fn cancel_task(client: &Client, task: &str) -> Result<BulkCancelOutcome, Error> {
    let outcome = Box::pin(client.cancel_sharepoint_task(task)).await?;
    let CancelOutcome::Undetermined(refusal) = outcome else {
        return Ok(determined(outcome));
    };
    let reading = Box::pin(read_task(client, task)).await;
    let is_cancelled = matches!(
        reading,
        Ok(Reading::Present(task))
            if task.status == Some(SharePointMigrationTaskStatus::Cancelled)
    );
    Ok(undetermined(is_cancelled, refusal))
}

fn is_wholly_cancelled(user: &CrossTenantMigrationTask) -> bool {
    !user.current_status.is_empty()
        && user
            .current_status
            .iter()
            .all(|workload| workload.status.as_ref().is_some_and(is_cancelling))
}
