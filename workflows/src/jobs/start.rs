//! Validating and migrating, from the request to the end.

use tokio::time::Instant;

use super::end::{JobRun, JobRunEnd};
use crate::Workflows;
use crate::reading::{Reading, read_job};
use crate::reports::{Report, UserReport};
use crate::waiting::{Awaited, JobEnd, Known, WaitEnd, WaitOptions};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{Error, Refusal, StartOutcome};

/// Jobs from the request to the end.
///
/// Each request that starts something is sent once. If its answer is lost, the job is read back, and
/// the wait begins if it shows that the request took effect.
impl Workflows {
    /// Validates a job, waits for the end, and reports what each user lacks.
    ///
    /// A job that is being validated already is waited for.
    ///
    /// # Errors
    ///
    /// Those of [`validate_job`](msgraph_migrations::Client::validate_job) and of
    /// [`wait_for_validation`](Self::wait_for_validation).
    pub async fn validate_and_wait(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<JobRun, Error> {
        let mut run = Run::new(self, job, job, options);
        let end = match run.start_validation().await? {
            Start::Refused(end) => end,
            Start::UnderWay(known) => {
                let end = run.wait(Awaited::Validation, known.as_deref()).await?;
                run.end(end)
            }
        };
        Ok(run.report(end).await)
    }

    /// Migrates a validated job or retries one that failed, waits for the end, and reports on each user.
    ///
    /// A job that is being migrated already is waited for.
    ///
    /// # Errors
    ///
    /// Those of [`migrate_job`](msgraph_migrations::Client::migrate_job) and of
    /// [`wait_for_migration`](Self::wait_for_migration).
    pub async fn migrate_and_wait(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<JobRun, Error> {
        let mut run = Run::new(self, job, job, options);
        let end = run.migrate().await?;
        Ok(run.report(end).await)
    }
}

pub(super) struct Run<'a> {
    pub workflows: &'a Workflows,
    asked_for: &'a str,
    /// The id if it is known, else the name.
    pub key: String,
    pub options: &'a WaitOptions,
    pub deadline: Option<Instant>,
    pub job: Option<Job>,
}

/// Whether there is something to wait for.
enum Start {
    /// The job is on its way, and was so in this state.
    UnderWay(Option<Box<Job>>),
    Refused(JobRunEnd),
}

impl<'a> Run<'a> {
    pub fn new(
        workflows: &'a Workflows,
        asked_for: &'a str,
        key: &str,
        options: &'a WaitOptions,
    ) -> Self {
        Self {
            workflows,
            asked_for,
            key: key.to_owned(),
            options,
            deadline: options.ends_at(),
            job: None,
        }
    }

    async fn start_validation(&mut self) -> Result<Start, Error> {
        let outcome = Box::pin(self.workflows.client().validate_job(&self.key)).await;
        let done = |job: &Job| is_validating(job) || has_status(job, &Status::ValidatePassed);
        self.judge(
            outcome,
            is_validating,
            done,
            JobRunEnd::ValidationNotStarted,
        )
        .await
    }

    async fn migrate(&mut self) -> Result<JobRunEnd, Error> {
        let outcome = Box::pin(self.workflows.client().migrate_job(&self.key)).await;
        let done = |job: &Job| is_migrating(job) || has_status(job, &Status::Completed);
        let start = self
            .judge(outcome, is_migrating, done, JobRunEnd::MigrationNotStarted)
            .await?;
        match start {
            Start::Refused(end) => Ok(end),
            Start::UnderWay(known) => {
                let end = self.wait(Awaited::Migration, known.as_deref()).await?;
                Ok(self.end(end))
            }
        }
    }

    /// Says whether there is something to wait for: after a conflict if the job `is_under_way`, and
    /// after an answer that was lost if it shows that the request is `done`.
    async fn judge(
        &mut self,
        outcome: Result<StartOutcome, Error>,
        is_under_way: impl Fn(&Job) -> bool,
        is_done: impl Fn(&Job) -> bool,
        refused: impl FnOnce(Refusal) -> JobRunEnd,
    ) -> Result<Start, Error> {
        let end = match outcome {
            Ok(StartOutcome::Started(response)) => {
                return Ok(Start::UnderWay(Some(Box::new(response.into_value()))));
            }
            Ok(StartOutcome::InvalidStatus(refusal) | StartOutcome::Undetermined(refusal)) => {
                refused(refusal)
            }
            Ok(StartOutcome::ValidationExpired(refusal)) => JobRunEnd::ValidationExpired(refusal),
            Err(lost) if lost.may_have_taken_effect() => {
                return match Box::pin(read_job(self.workflows.client(), &self.key)).await {
                    Ok(Reading::Present(job)) if is_done(&job) => {
                        Ok(Start::UnderWay(Some(Box::new(job))))
                    }
                    _ => Err(lost),
                };
            }
            Err(error) => return Err(error),
        };
        let job = Box::pin(read_job(self.workflows.client(), &self.key))
            .await?
            .present()?;
        if is_under_way(&job) {
            return Ok(Start::UnderWay(Some(Box::new(job))));
        }
        self.job = Some(job);
        Ok(Start::Refused(end))
    }

    pub async fn wait(&self, awaited: Awaited, known: Option<&Job>) -> Result<JobEnd, Error> {
        let known = known.map_or(Known::Exists, Known::Since);
        self.workflows
            .watch_until(&self.key, awaited, self.options, self.deadline, known)
            .await
    }

    pub fn end(&mut self, end: JobEnd) -> JobRunEnd {
        let (last, end) = match end {
            WaitEnd::Reached(job) | WaitEnd::Elsewhere(job) => {
                let end = JobRunEnd::of(&job);
                (Some(job), end)
            }
            WaitEnd::Gone(last) => (last, JobRunEnd::Gone),
            WaitEnd::DeadlinePassed(last) => (last, JobRunEnd::DeadlinePassed),
        };
        // A wait that saw nothing knows no more than was known before.
        self.job = last.or(self.job.take());
        end
    }

    pub async fn report(self, end: JobRunEnd) -> JobRun {
        let users = if matches!(
            end,
            JobRunEnd::Gone
                | JobRunEnd::DeadlinePassed
                | JobRunEnd::Reached(_)
                | JobRunEnd::NotAllowed(_)
        ) {
            UserReport::default()
        } else {
            let id = self.job.as_ref().and_then(|job| job.id.as_deref());
            let key = id.filter(|id| !id.is_empty()).unwrap_or(&self.key);
            Box::pin(self.workflows.report_users(key, self.options)).await
        };
        JobRun {
            end,
            report: Report {
                asked_for: self.asked_for.to_owned(),
                job: self.job,
                users,
            },
        }
    }
}

fn has_status(job: &Job, status: &Status) -> bool {
    job.status.as_ref() == Some(status)
}

fn is_validating(job: &Job) -> bool {
    matches!(
        job.status,
        Some(Status::ValidateSubmitted | Status::ValidateProcessing | Status::ValidateInProgress)
    )
}

fn is_migrating(job: &Job) -> bool {
    matches!(
        job.status,
        Some(Status::Processing | Status::InProgress | Status::CuttingOver)
    )
}
