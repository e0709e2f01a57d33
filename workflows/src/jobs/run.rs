//! Validating and migrating, from the request to the end.

use tokio::time::Instant;

use super::report::{JobRunEnd, Report};
use crate::Workflows;
use crate::waiting::{Awaited, JobEnd, Known, WaitEnd, WaitOptions, read_job};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobCreate,
    CrossTenantMigrationJobStatus as Status,
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
    /// Those of [`validate_job`](Self::validate_job) and of
    /// [`wait_for_validation`](Self::wait_for_validation).
    pub async fn validate_and_wait(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<Report, Error> {
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
    /// Those of [`migrate_job`](Self::migrate_job) and of
    /// [`wait_for_migration`](Self::wait_for_migration).
    pub async fn migrate_and_wait(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<Report, Error> {
        let mut run = Run::new(self, job, job, options);
        let end = run.migrate().await?;
        Ok(run.report(end).await)
    }

    /// Creates a job, validates it, migrates it if that passes, and reports on each user.
    ///
    /// It makes no difference whether the service starts the validation, or even the migration, by
    /// itself when the job is created. A validation that fails ends the run with a report; to go on
    /// once the cause is removed, use [`validate_and_wait`](Self::validate_and_wait) and
    /// [`migrate_and_wait`](Self::migrate_and_wait).
    ///
    /// # Errors
    ///
    /// Those of [`create_job`](Self::create_job), [`validate_job`](Self::validate_job),
    /// [`migrate_job`](Self::migrate_job) and [`wait_for_job`](Self::wait_for_job);
    /// [`Error::operation`] says at which step. After the first step the job exists, under its display
    /// name.
    pub async fn run(
        &self,
        new_job: &CrossTenantMigrationJobCreate,
        options: &WaitOptions,
    ) -> Result<Report, Error> {
        let deadline = options.ends_at();
        let created = Box::pin(self.client.create_job(new_job))
            .await?
            .into_value();
        let name = &new_job.display_name;
        let id = created.id.clone().filter(|id| !id.is_empty());
        let mut run = Run::new(self, name, id.as_deref().unwrap_or(name), options);
        run.deadline = deadline;
        let needs_validation = is_waiting(&created);
        run.job = Some(created);
        let known = if needs_validation {
            match run.start_fresh_validation().await? {
                Start::Refused(end) => return Ok(run.report(end).await),
                Start::UnderWay(known) => known,
            }
        } else {
            None
        };
        let validated = run.wait(Awaited::Validation, known.as_deref()).await?;
        let end = match validated {
            WaitEnd::Reached(job) if job.status == Some(Status::ValidatePassed) => {
                run.job = Some(job);
                run.migrate().await?
            }
            // Somebody or the service itself went on to migrate, so there is nothing left to start.
            WaitEnd::Elsewhere(job) => {
                run.job = Some(job);
                let end = run.wait(Awaited::Migration, None).await?;
                run.end(end)
            }
            end @ (WaitEnd::Reached(_) | WaitEnd::Gone(_) | WaitEnd::DeadlinePassed(_)) => {
                run.end(end)
            }
        };
        Ok(run.report(end).await)
    }
}

struct Run<'a> {
    workflows: &'a Workflows,
    asked_for: &'a str,
    /// The id if it is known, else the name.
    key: String,
    options: &'a WaitOptions,
    deadline: Option<Instant>,
    job: Option<Job>,
}

/// Whether there is something to wait for.
enum Start {
    /// The job is on its way, with the job as the start answered it.
    UnderWay(Option<Box<Job>>),
    Refused(JobRunEnd),
}

impl<'a> Run<'a> {
    fn new(
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
        let outcome = Box::pin(self.workflows.client.validate_job(&self.key)).await;
        let done = |job: &Job| is_validating(job) || has_status(job, &Status::ValidatePassed);
        self.judge(
            outcome,
            is_validating,
            done,
            JobRunEnd::ValidationNotStarted,
        )
        .await
    }

    /// The same for a job of our own, which went its way by itself if validation cannot be started.
    async fn start_fresh_validation(&mut self) -> Result<Start, Error> {
        let outcome = Box::pin(self.workflows.client.validate_job(&self.key)).await;
        let has_begun = |job: &Job| !is_waiting(job);
        self.judge(
            outcome,
            has_begun,
            has_begun,
            JobRunEnd::ValidationNotStarted,
        )
        .await
    }

    async fn migrate(&mut self) -> Result<JobRunEnd, Error> {
        let outcome = Box::pin(self.workflows.client.migrate_job(&self.key)).await;
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
            Ok(StartOutcome::InvalidStatus(refusal) | StartOutcome::Conflict(refusal)) => {
                refused(refusal)
            }
            Ok(StartOutcome::ValidationExpired(refusal)) => JobRunEnd::ValidationExpired(refusal),
            Err(lost) if lost.may_have_taken_effect() => {
                return match Box::pin(read_job(&self.workflows.client, &self.key)).await {
                    Ok(job) if is_done(&job) => Ok(Start::UnderWay(None)),
                    _ => Err(lost),
                };
            }
            Err(error) => return Err(error),
        };
        let job = Box::pin(read_job(&self.workflows.client, &self.key)).await?;
        let is_under_way = is_under_way(&job);
        self.job = Some(job);
        Ok(if is_under_way {
            Start::UnderWay(None)
        } else {
            Start::Refused(end)
        })
    }

    async fn wait(&self, awaited: Awaited, known: Option<&Job>) -> Result<JobEnd, Error> {
        let known = known.map_or(Known::Exists, Known::Since);
        self.workflows
            .wait_until(&self.key, awaited, self.options, self.deadline, known)
            .await
    }

    fn end(&mut self, end: JobEnd) -> JobRunEnd {
        let (last, end) = match end {
            WaitEnd::Reached(job) | WaitEnd::Elsewhere(job) => {
                let end = end_of(&job);
                (Some(job), end)
            }
            WaitEnd::Gone(last) => (last, JobRunEnd::Gone),
            WaitEnd::DeadlinePassed(last) => (last, JobRunEnd::DeadlinePassed),
        };
        // A wait that saw nothing knows no more than was known before.
        self.job = last.or(self.job.take());
        end
    }

    async fn report(self, end: JobRunEnd) -> Report {
        let mut report = Report {
            asked_for: self.asked_for.to_owned(),
            end,
            job: self.job,
            users: 0,
            problems: Vec::new(),
            users_unread: None,
        };
        if !matches!(report.end, JobRunEnd::Gone | JobRunEnd::DeadlinePassed) {
            let id = report.job.as_ref().and_then(|job| job.id.as_deref());
            let key = id.filter(|id| !id.is_empty()).unwrap_or(&self.key);
            let collected = Box::pin(self.workflows.collect_problems(key, self.options)).await;
            report.users = collected.users;
            report.problems = collected.problems;
            report.users_unread = collected.unread;
        }
        report
    }
}

fn end_of(job: &Job) -> JobRunEnd {
    match &job.status {
        Some(Status::ValidatePassed) => JobRunEnd::ValidationPassed,
        Some(Status::ValidateFailed) => JobRunEnd::ValidationFailed,
        Some(Status::Completed) => JobRunEnd::Completed,
        Some(Status::CompletedWithErrors) => JobRunEnd::CompletedWithErrors,
        Some(Status::Failed) => JobRunEnd::Failed,
        Some(Status::Cancelled) => JobRunEnd::Cancelled,
        _ => JobRunEnd::Elsewhere,
    }
}

fn has_status(job: &Job, status: &Status) -> bool {
    job.status.as_ref() == Some(status)
}

/// Whether a new job may still have to be told to begin; one of unknown status may.
fn is_waiting(job: &Job) -> bool {
    matches!(
        job.status,
        None | Some(
            Status::Submitted
                | Status::Approved
                | Status::AdminActionRequired
                | Status::UnknownFutureValue
                | Status::Unknown(_)
        )
    )
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
