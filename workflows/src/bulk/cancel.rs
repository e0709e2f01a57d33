//! Many cancellations.

use std::collections::BTreeSet;

use super::engine::{Ends, Engine, Plan, Unit, Verdict};
use super::options::{BulkOptions, Progress};
use super::record::Record;
use super::{Bulk, BulkItem};
use crate::Workflows;
use msgraph_migrations::models::{
    CrossTenantMigrationCancelResponse, CrossTenantMigrationServiceStatus,
    CrossTenantMigrationTask, SharePointMigrationTaskStatus,
};
use msgraph_migrations::{
    CancelOutcome, Error, FinalStatus, GetOptions, Operation, Refusal, Response, operations,
};

/// How the service took one cancellation of many.
///
/// Beside [`CancelOutcome`], this knows what was cancelled before, so that a list can be worked through
/// twice.
#[derive(Clone, Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per call to the service; a box would only get in the way of matching"
)]
pub enum BulkCancelOutcome {
    /// The service accepted it; see [`CancelOutcome::Accepted`].
    Accepted(Response<CrossTenantMigrationCancelResponse>),
    /// 409, and the reason is that it is cancelled or being cancelled already.
    AlreadyCancelled(Refusal),
    /// 409 for another reason, or for one that could not be found out: **the migration continues**,
    /// unless it is over. See [`CancelOutcome`].
    Conflict(Refusal),
}

impl BulkCancelOutcome {
    /// Whether it is cancelled or being cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Accepted(_) | Self::AlreadyCancelled(_) => true,
            Self::Conflict(_) => false,
        }
    }
}

/// What a run over many cancellations hands over, with the id that was given.
pub type BulkCancelItem = BulkItem<String, Result<BulkCancelOutcome, Error>>;

/// Many cancellations. Nothing is sent before the stream is polled.
impl Workflows {
    /// Cancels many users of a job, each with its own outcome.
    ///
    /// An error of one user keeps nobody else from being cancelled. Where an error
    /// [may have taken effect](Error::may_have_taken_effect), read the user back, or run again: whoever
    /// is cancelled already is reported as such. Nothing is sent twice by itself.
    ///
    /// A 409 that does not name the user's status is followed by reading the user.
    ///
    /// Dropping the stream sends nothing more; what was on its way may take effect and is not in the
    /// [`Record`].
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use msgraph_migrations_workflows::Workflows;
    /// use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions};
    ///
    /// # async fn example(workflows: &Workflows, users: Vec<String>) {
    /// let mut run = workflows.cancel_users("Alderwood wave 3", users, BulkOptions::new());
    /// while let Some(user) = run.next().await {
    ///     match user.outcome {
    ///         Ok(BulkCancelOutcome::Accepted(_) | BulkCancelOutcome::AlreadyCancelled(_)) => {}
    ///         Ok(BulkCancelOutcome::Conflict(refusal)) => println!("{} goes on: {refusal}", user.input),
    ///         Err(error) => println!("{} is not known to be cancelled: {error}", user.input),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn cancel_users<U: Into<String>>(
        &self,
        job: &str,
        users: impl IntoIterator<Item = U>,
        options: BulkOptions,
    ) -> Bulk<BulkCancelItem> {
        let scope = scope(&operations::CANCEL_USER, job);
        let (workflows, job) = (self.clone(), job.to_owned());
        cancel_many(scope, users, options, move |user| {
            let (workflows, job) = (workflows.clone(), job.clone());
            async move {
                let outcome = match workflows.client.cancel_user(&job, &user).await {
                    Ok(CancelOutcome::Undetermined(refusal)) => {
                        Ok(workflows.judge_user(&job, &user, refusal).await)
                    }
                    other => other.map(determined),
                };
                (user, outcome)
            }
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
        let scope = scope(&operations::CANCEL_SHAREPOINT_TASK, "");
        let workflows = self.clone();
        cancel_many(scope, tasks, options, move |task| {
            let workflows = workflows.clone();
            async move {
                let outcome = match workflows.client.cancel_sharepoint_task(&task).await {
                    Ok(CancelOutcome::Undetermined(refusal)) => {
                        Ok(workflows.judge_task(&task, refusal).await)
                    }
                    other => other.map(determined),
                };
                (task, outcome)
            }
        })
    }

    async fn judge_user(&self, job: &str, user: &str, refusal: Refusal) -> BulkCancelOutcome {
        // A status that is named but says nothing is none that stops. When the user cannot be read either,
        // nothing says that the migration stops.
        let is_cancelled = refusal.current_status().is_none()
            && self
                .client
                .get_user(job, user, GetOptions::new())
                .await
                .is_ok_and(|answer| is_wholly_cancelled(answer.value()));
        conflict(is_cancelled, refusal)
    }

    async fn judge_task(&self, task: &str, refusal: Refusal) -> BulkCancelOutcome {
        let answer = self
            .client
            .get_sharepoint_task(task, GetOptions::new())
            .await;
        let is_cancelled = answer.is_ok_and(|answer| {
            answer.value().status == Some(SharePointMigrationTaskStatus::Cancelled)
        });
        conflict(is_cancelled, refusal)
    }
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

fn conflict(is_cancelled: bool, refusal: Refusal) -> BulkCancelOutcome {
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

/// Under what a record keeps what is done.
fn scope(operation: &Operation, within: &str) -> String {
    format!("{} {within}", operation.id)
}

fn cancel_many<I, F>(
    scope: String,
    ids: impl IntoIterator<Item = I>,
    options: BulkOptions,
    cancel: impl Fn(String) -> F + Send + 'static,
) -> Bulk<BulkCancelItem>
where
    I: Into<String>,
    F: Future<Output = (String, Result<BulkCancelOutcome, Error>)> + Send + 'static,
{
    let done = options
        .record
        .as_ref()
        .map(|record| record.within(&scope))
        .unwrap_or_default();
    let mut progress = Progress::default();
    let mut units = std::collections::VecDeque::new();
    for (place, id) in ids.into_iter().map(Into::into).enumerate() {
        progress.total += 1;
        if done.contains(&id) {
            progress.skipped += 1;
            continue;
        }
        units.push_back(Unit {
            places: vec![place],
            // Whoever is listed twice is not asked for twice at once.
            keys: BTreeSet::from([id.clone()]),
            work: (place, id),
        });
    }
    let plan = Plan {
        units,
        concurrency: options.concurrency,
        order: options.order,
        progress,
        report: options.report,
    };
    let record = options.record;
    Bulk::new(Engine::new(plan, move |(place, id): (usize, String)| {
        let (cancelling, record, scope) = (cancel(id), record.clone(), scope.clone());
        Box::pin(async move {
            let (id, outcome) = cancelling.await;
            vec![end(place, id, outcome, record.as_ref(), &scope)]
        })
    }))
}

fn end(
    place: usize,
    id: String,
    outcome: Result<BulkCancelOutcome, Error>,
    record: Option<&Record>,
    scope: &str,
) -> <Ends<BulkCancelItem> as IntoIterator>::Item {
    let verdict = match &outcome {
        Ok(outcome) if outcome.is_cancelled() => Verdict::Done,
        Ok(_) => Verdict::NotDone,
        Err(_) => Verdict::Failed,
    };
    if let (Verdict::Done, Some(record)) = (verdict, record) {
        record.add(scope, id.clone());
    }
    let item = BulkItem {
        place,
        input: id,
        outcome,
    };
    (item, verdict)
}
