//! Many jobs, and many SharePoint tasks to create.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::each::{Called, Entry, Reader, Task, each};
use super::engine::Verdict;
use super::options::BulkOptions;
use super::{Bulk, BulkItem};
use crate::Workflows;
use crate::reconciliation::{ReadingBack, Resolved, Sighting};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobCreate as NewJob,
    SharePointMigrationTask, SharePointMigrationTaskParameters,
};
use msgraph_migrations::{
    CancelOutcome, DeleteOutcome, Error, Operation, Response, StartOutcome, operations,
};

/// What a run over jobs hands over; an answer that was lost was read back.
pub type BulkJobItem<I, T> = BulkItem<I, Result<Resolved<T, Sighting<Job>>, Arc<Error>>>;

/// What a run that creates SharePoint tasks hands over; an answer that was lost was read back.
pub type BulkTaskItem = BulkItem<
    SharePointMigrationTaskParameters,
    Result<
        Resolved<Response<SharePointMigrationTask>, Sighting<SharePointMigrationTask>>,
        Arc<Error>,
    >,
>;

/// Many jobs, given by id or display name, each with its own outcome. Nothing is sent before the stream
/// is polled.
///
/// Each request is sent once, and if its answer is lost, the state is read back as by
/// [`reading_back`](Self::reading_back). With a [`Record`](super::Record), a job for which the action is
/// done is left out.
impl Workflows {
    /// Creates many jobs.
    pub fn create_jobs<'a>(
        &self,
        jobs: impl IntoIterator<Item = NewJob, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkJobItem<NewJob, Response<Job>>> {
        let task = Task {
            action: &operations::CREATE_JOB,
            job: None,
            name: |job: &NewJob| job.display_name.clone(),
            verdict,
        };
        let (workflows, policy) = (self.clone(), options.read_back.clone());
        let jobs = jobs.into_iter();
        each(self, task, jobs, options, alone, move |job: NewJob| {
            let (workflows, policy) = (workflows.clone(), policy.clone());
            async move { Called::new(workflows.reading_back(policy).create_job(&job).await) }
        })
    }

    /// Starts the validation of many jobs.
    pub fn validate_jobs<'a, J: Into<String> + 'a>(
        &self,
        jobs: impl IntoIterator<Item = J, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkJobItem<String, StartOutcome>> {
        self.act(&operations::VALIDATE_JOB, jobs, options, 0, |job, sent| {
            Box::pin(sent.validate_job(job))
        })
    }

    /// **Starts the migration** of many jobs that are validated, or retries those that failed.
    pub fn migrate_jobs<'a, J: Into<String> + 'a>(
        &self,
        jobs: impl IntoIterator<Item = J, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkJobItem<String, StartOutcome>> {
        self.act(&operations::MIGRATE_JOB, jobs, options, 0, |job, sent| {
            Box::pin(sent.migrate_job(job))
        })
    }

    /// Cancels many jobs.
    pub fn cancel_jobs<'a, J: Into<String> + 'a>(
        &self,
        jobs: impl IntoIterator<Item = J, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkJobItem<String, CancelOutcome>> {
        let repeats = options.max_repeats;
        self.act(
            &operations::CANCEL_JOB,
            jobs,
            options,
            repeats,
            |job, sent| Box::pin(sent.cancel_job(job)),
        )
    }

    /// Deletes many jobs.
    pub fn delete_jobs<'a, J: Into<String> + 'a>(
        &self,
        jobs: impl IntoIterator<Item = J, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkJobItem<String, DeleteOutcome>> {
        self.act(&operations::DELETE_JOB, jobs, options, 0, |job, sent| {
            Box::pin(sent.delete_job(job))
        })
    }

    /// Creates many SharePoint tasks, on the source tenant.
    ///
    /// With a [`Record`](super::Record), a task whose parameters are the same as those of one that was
    /// created is left out.
    pub fn create_sharepoint_tasks<'a>(
        &self,
        tasks: impl IntoIterator<Item = SharePointMigrationTaskParameters, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, BulkTaskItem> {
        let task = Task {
            action: &operations::CREATE_SHAREPOINT_TASK,
            job: None,
            // What cannot be written cannot be sent either, which the call will say.
            name: |task| serde_json::to_string(task).unwrap_or_default(),
            verdict,
        };
        let (workflows, policy) = (self.clone(), options.read_back.clone());
        let tasks = tasks.into_iter();
        each(
            self,
            task,
            tasks,
            options,
            alone,
            move |task: SharePointMigrationTaskParameters| {
                let (workflows, policy) = (workflows.clone(), policy.clone());
                async move {
                    let sent = workflows.reading_back(policy);
                    Called::new(sent.create_sharepoint_task(task).await)
                }
            },
        )
    }

    /// Sends an action on each job, again up to so many times if it is seen to have had no effect.
    fn act<'a, J: Into<String> + 'a, T: IsDone + Send + Sync + Unpin + 'static>(
        &self,
        action: &'static Operation,
        jobs: impl IntoIterator<Item = J, IntoIter: Send + 'a>,
        options: BulkOptions,
        max_repeats: u32,
        send: Action<T>,
    ) -> Bulk<'a, BulkJobItem<String, T>> {
        let task = Task {
            action,
            job: None,
            name: Clone::clone,
            verdict,
        };
        let (workflows, policy) = (self.clone(), options.read_back.clone());
        let jobs = jobs.into_iter().map(Into::into);
        each(self, task, jobs, options, alone, move |job: String| {
            let (workflows, policy) = (workflows.clone(), policy.clone());
            async move {
                let reading_back = workflows.reading_back(policy);
                for _ in 0..max_repeats {
                    match send(&job, &reading_back).await {
                        Ok(Resolved::Unknown {
                            last_seen: Some(Sighting::Present(_)),
                            ..
                        }) => {}
                        outcome => return Called::new(outcome),
                    }
                }
                Called::new(send(&job, &reading_back).await)
            }
        })
    }
}

/// One action on a job, whose lost answer is replaced by reading the job.
type Action<T> = for<'f> fn(&'f str, &'f ReadingBack<'f>) -> BoxFuture<'f, Result<OfJob<T>, Error>>;

type OfJob<T> = Resolved<T, Sighting<Job>>;

/// Each item is read back by itself.
fn alone<I, O>(_: Entry) -> Option<Reader<I, O>> {
    None
}

/// Whether an answer says that what was asked for is done.
trait IsDone {
    fn is_done(&self) -> bool;
}

impl IsDone for StartOutcome {
    fn is_done(&self) -> bool {
        matches!(self, Self::Started(_))
    }
}

impl IsDone for CancelOutcome {
    fn is_done(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

impl IsDone for DeleteOutcome {
    fn is_done(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

/// What was created is there.
impl<T> IsDone for Response<T> {
    fn is_done(&self) -> bool {
        true
    }
}

fn verdict<T: IsDone, S>(outcome: &Resolved<T, S>) -> Verdict {
    match outcome {
        Resolved::Answered(answer) if answer.is_done() => Verdict::Done,
        Resolved::TookEffect { .. } => Verdict::Done,
        Resolved::Answered(_) | Resolved::RuledOut { .. } | Resolved::Unknown { .. } => {
            Verdict::NotDone
        }
    }
}
