//! Many jobs, and many SharePoint tasks to create.

use std::sync::Arc;

use super::each::{Called, Task, each};
use super::engine::Verdict;
use super::options::BulkOptions;
use super::{Bulk, BulkItem};
use crate::Workflows;
use crate::reconciliation::{ReadBack, Resolved, Sighting};
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
    pub fn create_jobs(
        &self,
        jobs: impl IntoIterator<Item = NewJob>,
        options: BulkOptions,
    ) -> Bulk<BulkJobItem<NewJob, Response<Job>>> {
        let task = Task {
            action: &operations::CREATE_JOB,
            job: None,
            name: |job: &NewJob| job.display_name.clone(),
            verdict: |outcome| resolved(outcome, |_| true),
        };
        let (workflows, policy) = (self.clone(), options.read_back.clone());
        let jobs = jobs.into_iter().collect();
        each(self, task, jobs, options, move |job: NewJob| {
            let (workflows, policy) = (workflows.clone(), policy.clone());
            async move {
                let created = workflows.reading_back(policy).create_job(&job).await;
                Called::new(job, created)
            }
        })
    }

    /// Starts the validation of many jobs.
    pub fn validate_jobs<J: Into<String>>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        options: BulkOptions,
    ) -> Bulk<BulkJobItem<String, StartOutcome>> {
        self.act(
            &operations::VALIDATE_JOB,
            jobs,
            options,
            |outcome| {
                resolved(outcome, |outcome| {
                    matches!(outcome, StartOutcome::Started(_))
                })
            },
            |workflows, policy, _, job| {
                Box::pin(async move {
                    let outcome = workflows.reading_back(policy).validate_job(&job).await;
                    Called::new(job, outcome)
                })
            },
        )
    }

    /// **Starts the migration** of many jobs that are validated, or retries those that failed.
    pub fn migrate_jobs<J: Into<String>>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        options: BulkOptions,
    ) -> Bulk<BulkJobItem<String, StartOutcome>> {
        self.act(
            &operations::MIGRATE_JOB,
            jobs,
            options,
            |outcome| {
                resolved(outcome, |outcome| {
                    matches!(outcome, StartOutcome::Started(_))
                })
            },
            |workflows, policy, _, job| {
                Box::pin(async move {
                    let outcome = workflows.reading_back(policy).migrate_job(&job).await;
                    Called::new(job, outcome)
                })
            },
        )
    }

    /// Cancels many jobs.
    pub fn cancel_jobs<J: Into<String>>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        options: BulkOptions,
    ) -> Bulk<BulkJobItem<String, CancelOutcome>> {
        self.act(
            &operations::CANCEL_JOB,
            jobs,
            options,
            |outcome| {
                resolved(outcome, |outcome| {
                    matches!(outcome, CancelOutcome::Accepted(_))
                })
            },
            |workflows, policy, max_repeats, job| {
                Box::pin(async move {
                    let mut repeats = 0..max_repeats;
                    loop {
                        let reading_back = workflows.reading_back(policy.clone());
                        let outcome = reading_back.cancel_job(&job).await;
                        match &outcome {
                            Ok(Resolved::Unknown {
                                last_seen: Some(Sighting::Present(_)),
                                ..
                            }) if repeats.next().is_some() => {}
                            _ => return Called::new(job, outcome),
                        }
                    }
                })
            },
        )
    }

    /// Deletes many jobs.
    pub fn delete_jobs<J: Into<String>>(
        &self,
        jobs: impl IntoIterator<Item = J>,
        options: BulkOptions,
    ) -> Bulk<BulkJobItem<String, DeleteOutcome>> {
        self.act(
            &operations::DELETE_JOB,
            jobs,
            options,
            |outcome| {
                resolved(outcome, |outcome| {
                    matches!(outcome, DeleteOutcome::Accepted(_))
                })
            },
            |workflows, policy, _, job| {
                Box::pin(async move {
                    let outcome = workflows.reading_back(policy).delete_job(&job).await;
                    Called::new(job, outcome)
                })
            },
        )
    }

    /// Creates many SharePoint tasks, on the source tenant.
    ///
    /// With a [`Record`](super::Record), a task whose parameters are the same as those of one that was
    /// created is left out.
    pub fn create_sharepoint_tasks(
        &self,
        tasks: impl IntoIterator<Item = SharePointMigrationTaskParameters>,
        options: BulkOptions,
    ) -> Bulk<BulkTaskItem> {
        let task = Task {
            action: &operations::CREATE_SHAREPOINT_TASK,
            job: None,
            // What cannot be written cannot be sent either, which the call will say.
            name: |task| serde_json::to_string(task).unwrap_or_default(),
            verdict: |outcome| resolved(outcome, |_| true),
        };
        let (workflows, policy) = (self.clone(), options.read_back.clone());
        let tasks = tasks.into_iter().collect();
        each(
            self,
            task,
            tasks,
            options,
            move |task: SharePointMigrationTaskParameters| {
                let (workflows, policy) = (workflows.clone(), policy.clone());
                async move {
                    let reading_back = workflows.reading_back(policy);
                    let created = reading_back.create_sharepoint_task(task.clone()).await;
                    Called::new(task, created)
                }
            },
        )
    }

    fn act<J: Into<String>, T: Send + Unpin + 'static>(
        &self,
        action: &'static Operation,
        jobs: impl IntoIterator<Item = J>,
        options: BulkOptions,
        verdict: fn(&Resolved<T, Sighting<Job>>) -> Verdict,
        call: fn(Self, ReadBack, u32, String) -> Calling<T>,
    ) -> Bulk<BulkJobItem<String, T>> {
        let task = Task {
            action,
            job: None,
            name: Clone::clone,
            verdict,
        };
        let (workflows, policy) = (self.clone(), options.read_back.clone());
        let max_repeats = options.max_repeats;
        let jobs = jobs.into_iter().map(Into::into).collect();
        each(self, task, jobs, options, move |job: String| {
            call(workflows.clone(), policy.clone(), max_repeats, job)
        })
    }
}

type Calling<T> =
    futures_util::future::BoxFuture<'static, Called<String, Resolved<T, Sighting<Job>>>>;

fn resolved<T, S>(outcome: &Resolved<T, S>, is_done: impl FnOnce(&T) -> bool) -> Verdict {
    match outcome {
        Resolved::Answered(answer) if is_done(answer) => Verdict::Done,
        Resolved::TookEffect { .. } => Verdict::Done,
        Resolved::Answered(_) | Resolved::RuledOut { .. } | Resolved::Unknown { .. } => {
            Verdict::NotDone
        }
    }
}
