//! Carrying a migration on from wherever it stands.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::end::{JobRun, JobRunEnd};
use super::guard::{Guarded, JobGoal, JobStep, StepGuard};
use super::start::Run;
use crate::Workflows;
use crate::reading::{Reading, is_not_found, read_job};
use crate::reconciliation::{ReadBack, Resolved, Sighting};
use crate::waiting::{Awaited, Event, Known, PollBudget, WaitEnd, WaitOptions};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobCreate as NewJob,
    CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{Error, Refusal, StartOutcome};

/// How many times a request whose answer was lost is sent again, when the state shows that it had no
/// effect and that a second one could not double it.
const MAX_REPEATS: u32 = 3;

/// How to see a job through to the end.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MigrateOptions {
    /// How to wait.
    pub wait: WaitOptions,
    /// How to read back what became of a request whose answer was lost.
    pub read_back: ReadBack,
    /// Whether a validation or migration that has failed, also in part, before this call is tried
    /// again; false unless set.
    pub retry_failed: bool,
    /// How far the job is seen through; to the end of its migration unless set.
    pub goal: JobGoal,
    guard: Guarded,
}

impl MigrateOptions {
    /// Waits and reads back by the defaults, and retries nothing that has failed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how to wait.
    #[must_use]
    pub fn wait(mut self, options: &WaitOptions) -> Self {
        self.wait = options.clone();
        self
    }

    /// Sets how to read back what became of a request whose answer was lost.
    #[must_use]
    pub fn read_back(mut self, policy: ReadBack) -> Self {
        self.read_back = policy;
        self
    }

    /// Tries again, once, what has failed before this call.
    #[must_use]
    pub fn retry_failed(mut self) -> Self {
        self.retry_failed = true;
        self
    }

    /// Sees the job through only so far; a job that is beyond is left as it is.
    #[must_use]
    pub fn up_to(mut self, goal: JobGoal) -> Self {
        self.goal = goal;
        self
    }

    /// Asks `guard` before each request that changes something, and tells it what became of it.
    #[must_use]
    pub fn guard(mut self, guard: Arc<dyn StepGuard>) -> Self {
        self.guard = Guarded(Some(guard));
        self
    }
}

impl Workflows {
    /// **Migrates**: creates the job if there is none of its display name, validates it, migrates it,
    /// and reports on each user, from whatever status the job is in.
    ///
    /// It can be called again at any time, after any crash, also while another process waits for the
    /// same job: what was done is not done again, and what is under way is waited for. It sends a
    /// request only where the status of the job asks for it. A validation that has expired is asked for
    /// again. A validation or a migration that failed is not tried again unless
    /// [`MigrateOptions::retry_failed`] is set, and then once. A job that was cancelled or deleted stays
    /// so.
    ///
    /// If an answer is lost, the state is read back. A request is sent again only when the job still
    /// stands where it stood and the documents make the service refuse a second one: names are unique,
    /// and validation and migration start from one status only. The retry of a migration is never sent
    /// again.
    ///
    /// The job under the name is taken for the one that is meant if it comes from the same source
    /// tenant; its users and date are not compared.
    ///
    /// # Errors
    ///
    /// When a request is refused for another reason than the job's status, when its answer is lost and
    /// reading back does not tell, and when asking fails for longer than the options tolerate;
    /// [`Error::operation`] says at which step. Calling again goes on from there.
    pub async fn migrate_job_to_end(
        &self,
        job: &NewJob,
        options: &MigrateOptions,
    ) -> Result<JobRun, Error> {
        let name = &job.display_name;
        let run = Run::new(self, name, name, &options.wait);
        let mut journey = Journey {
            new_job: job,
            options,
            budget: PollBudget::new(&options.wait, run.deadline),
            run,
            created: None,
            may_retry: options.retry_failed,
            has_revalidated: false,
            has_started: false,
            repeats: 0,
        };
        let end = Box::pin(journey.go()).await?;
        Ok(journey.run.report(end).await)
    }
}

struct Journey<'a> {
    new_job: &'a NewJob,
    options: &'a MigrateOptions,
    budget: PollBudget,
    run: Run<'a>,
    /// When the job was created by this call.
    created: Option<Instant>,
    may_retry: bool,
    has_revalidated: bool,
    /// Whether something was started after the date that is known of the job.
    has_started: bool,
    repeats: u32,
}

/// What a request starts.
struct Started {
    /// The status that it leads to.
    status: Status,
    /// What a conflict means.
    refused: fn(Refusal) -> JobRunEnd,
    /// Whether the service refuses a second one.
    is_safe_to_repeat: bool,
}

/// What follows a step.
enum Next {
    /// The job is in this state, or was when it was last seen.
    At(Box<Job>),
    End(JobRunEnd),
}

impl Journey<'_> {
    async fn go(&mut self) -> Result<JobRunEnd, Error> {
        let mut next = self.find_or_create().await?;
        loop {
            let job = match next {
                Next::End(end) => return Ok(end),
                Next::At(job) => *job,
            };
            info!(job = job.id, status = ?job.status, "going on");
            if let Some(id) = job.id.as_deref().filter(|id| !id.is_empty()) {
                id.clone_into(&mut self.run.key);
            }
            self.run.job = Some(job.clone());
            next = self.step(job).await?;
        }
    }

    async fn step(&mut self, job: Job) -> Result<Next, Error> {
        let status = job.status.clone();
        let goal = self.options.goal;
        if goal.is_reached(status.as_ref()) {
            return Ok(Next::End(JobRunEnd::Reached(goal)));
        }
        match status {
            Some(Status::Submitted) => self.validate(job).await,
            Some(Status::ValidatePassed) => self.migrate(job).await,
            Some(Status::ValidateFailed) if self.take_retry() => self.validate(job).await,
            Some(Status::CompletedWithErrors | Status::Failed)
                if goal > JobGoal::Validated && self.take_retry() =>
            {
                self.migrate(job).await
            }
            Some(
                Status::ValidateFailed
                | Status::Completed
                | Status::CompletedWithErrors
                | Status::Failed
                | Status::Cancelled
                | Status::PendingDelete
                | Status::Deleted,
            ) => Ok(Next::End(JobRunEnd::of(&job))),
            Some(Status::Processing | Status::InProgress | Status::CuttingOver) => {
                self.wait(&job, Awaited::Migration).await
            }
            Some(Status::PendingCancel) => self.wait(&job, Awaited::Cancellation).await,
            // Being validated, or in a status that nobody has described and that may lead anywhere.
            _ => self.wait(&job, Awaited::Validation).await,
        }
    }

    /// Something that failed before this call may be tried again once; what fails in it may not.
    fn take_retry(&mut self) -> bool {
        std::mem::take(&mut self.may_retry)
    }

    async fn find_or_create(&mut self) -> Result<Next, Error> {
        let client = self.run.workflows.client();
        loop {
            let found = Box::pin(read_job(client, &self.new_job.display_name)).await;
            match found {
                Ok(Reading::Present(job)) if is_from_another_tenant(self.new_job, &job) => {
                    self.run.job = Some(job);
                    return Ok(Next::End(JobRunEnd::NameTaken));
                }
                Ok(Reading::Present(job)) => return Ok(Next::At(Box::new(job))),
                Ok(Reading::Absent(_)) => {
                    if let Some(next) = self.create().await? {
                        return Ok(next);
                    }
                }
                Err(error) => {
                    self.budget.tolerate(error)?;
                }
            }
            if !self.budget.until_next().await {
                return Ok(Next::End(JobRunEnd::DeadlinePassed));
            }
        }
    }

    /// Creates the job; none when the name is to be looked for again.
    async fn create(&mut self) -> Result<Option<Next>, Error> {
        let read_back = self.options.read_back.clone();
        let guard = &self.options.guard;
        let step = JobStep::Create;
        let Some(workflows) = guard.allow(self.run.workflows, step, None) else {
            return Ok(Some(Next::End(JobRunEnd::NotAllowed(step))));
        };
        let created = workflows
            .reading_back(read_back)
            .create_job(self.new_job)
            .await;
        guard.created(&created);
        let job = match created {
            Ok(Resolved::Answered(response)) => response.into_value(),
            Ok(Resolved::TookEffect { state, .. }) => match state.into_present() {
                Some(job) => job,
                None => return Ok(None),
            },
            // A name is unique, so that a second request cannot create a second job.
            Ok(Resolved::Unknown {
                last_seen: Some(_),
                error,
                ..
            }) => return self.repeat(error).map(|()| None),
            Ok(Resolved::RuledOut { error, .. } | Resolved::Unknown { error, .. }) => {
                return Err(error);
            }
            // Another has just created it, or a replica that lags did not show it.
            Err(error) if error.has_code("duplicateDisplayNameJob") => {
                return self.repeat(error).map(|()| None);
            }
            Err(error) => return self.budget.tolerate(error).map(|_| None),
        };
        self.created = Some(Instant::now());
        // What creation starts differs between the documents, and an answer may leave its status out.
        Ok(Some(Next::At(Box::new(job))))
    }

    async fn validate(&mut self, job: Job) -> Result<Next, Error> {
        let guard = &self.options.guard;
        let step = JobStep::Validate;
        let Some(workflows) = guard.allow(self.run.workflows, step, Some(&job)) else {
            return Ok(Next::End(JobRunEnd::NotAllowed(step)));
        };
        let read_back = workflows.reading_back(self.options.read_back.clone());
        let started = read_back.validate_job(&self.run.key).await;
        guard.started(step, &started);
        let what = Started {
            status: Status::ValidateSubmitted,
            refused: JobRunEnd::ValidationNotStarted,
            is_safe_to_repeat: true,
        };
        self.follow(job, started, what).await
    }

    async fn migrate(&mut self, job: Job) -> Result<Next, Error> {
        let guard = &self.options.guard;
        let step = JobStep::Migrate;
        let Some(workflows) = guard.allow(self.run.workflows, step, Some(&job)) else {
            return Ok(Next::End(JobRunEnd::NotAllowed(step)));
        };
        let read_back = workflows.reading_back(self.options.read_back.clone());
        let started = read_back.migrate_job(&self.run.key).await;
        guard.started(step, &started);
        if let Ok(Resolved::Answered(StartOutcome::ValidationExpired(refusal))) = started {
            return self.revalidate(job, refusal).await;
        }
        let what = Started {
            status: Status::Processing,
            refused: JobRunEnd::MigrationNotStarted,
            is_safe_to_repeat: job.status == Some(Status::ValidatePassed),
        };
        self.follow(job, started, what).await
    }

    /// Asks for the validation that a refusal says has expired; no document says that it may be had.
    async fn revalidate(&mut self, job: Job, expired: Refusal) -> Result<Next, Error> {
        if std::mem::replace(&mut self.has_revalidated, true) {
            return Ok(Next::End(JobRunEnd::ValidationExpired(expired)));
        }
        match self.validate(job).await? {
            Next::End(JobRunEnd::ValidationNotStarted(_)) => {
                Ok(Next::End(JobRunEnd::ValidationExpired(expired)))
            }
            next => Ok(next),
        }
    }

    /// What follows the request to start something for a job that was as `before`.
    async fn follow(
        &mut self,
        before: Job,
        started: Result<Resolved<StartOutcome, Sighting<Job>>, Error>,
        what: Started,
    ) -> Result<Next, Error> {
        match started {
            Ok(Resolved::Answered(StartOutcome::Started(response))) => {
                let mut job = response.into_value();
                // An answer may leave out what its page promises, or have no body at all.
                job.id = job.id.or(before.id);
                job.status = job.status.or(Some(what.status));
                if job.last_updated_date_time.is_none() {
                    job.last_updated_date_time = before.last_updated_date_time;
                    self.has_started = true;
                }
                Ok(Next::At(Box::new(job)))
            }
            Ok(Resolved::Answered(
                StartOutcome::InvalidStatus(refusal)
                | StartOutcome::Undetermined(refusal)
                | StartOutcome::ValidationExpired(refusal),
            )) => self.explain(&before, refusal, what.refused).await,
            Ok(Resolved::TookEffect { state, error } | Resolved::RuledOut { state, error }) => {
                match state.into_present() {
                    Some(job) => Ok(Next::At(Box::new(job))),
                    None => Err(error),
                }
            }
            Ok(Resolved::Unknown {
                last_seen: Some(Sighting::Present(now)),
                error,
                ..
            }) if what.is_safe_to_repeat && now.status == before.status => {
                self.repeat(error)?;
                Ok(Next::At(Box::new(now)))
            }
            Ok(Resolved::Unknown { error, .. }) => Err(error),
            Err(error) if is_not_found(&error) && self.is_just_created() => {
                // A replica that lags does not know the job yet, and did nothing.
                sleep(self.options.wait.min_interval.max(Duration::from_millis(1))).await;
                Ok(Next::At(Box::new(before)))
            }
            Err(error) => {
                self.budget.tolerate(error)?;
                if self.budget.until_next().await {
                    Ok(Next::At(Box::new(before)))
                } else {
                    Ok(Next::End(JobRunEnd::DeadlinePassed))
                }
            }
        }
    }

    /// After a conflict: goes on if the job is no longer where it was, and ends if it is.
    async fn explain(
        &mut self,
        before: &Job,
        refusal: Refusal,
        refused: fn(Refusal) -> JobRunEnd,
    ) -> Result<Next, Error> {
        let client = self.run.workflows.client();
        let now = Box::pin(read_job(client, &self.run.key)).await?.present()?;
        if now.status == before.status {
            self.run.job = Some(now);
            return Ok(Next::End(refused(refusal)));
        }
        Ok(Next::At(Box::new(now)))
    }

    fn is_just_created(&self) -> bool {
        let lag = self.options.wait.gone_after;
        self.created.is_some_and(|created| created.elapsed() < lag)
    }

    /// Allows a request to be sent again, a few times.
    fn repeat(&mut self, error: Error) -> Result<(), Error> {
        self.repeats += 1;
        if self.repeats > MAX_REPEATS {
            return Err(error);
        }
        Ok(())
    }

    /// Waits until the job is somewhere else than `job`.
    async fn wait(&mut self, job: &Job, awaited: Awaited) -> Result<Next, Error> {
        let has_started = std::mem::take(&mut self.has_started);
        let known = if has_started {
            Known::After
        } else {
            Known::Since
        };
        let mut watch = self.run.workflows.watch_until(
            &self.run.key,
            awaited,
            self.run.options,
            self.run.deadline,
            known(job),
        );
        while let Some(seen) = watch.try_next().await? {
            match seen.event {
                Event::First(job) | Event::Changed(job)
                    if job.status == Some(Status::Submitted) =>
                {
                    return Ok(Next::At(Box::new(job)));
                }
                Event::Ended(WaitEnd::Reached(job) | WaitEnd::Elsewhere(job)) => {
                    return Ok(Next::At(Box::new(job)));
                }
                Event::Ended(end) => return Ok(Next::End(self.run.end(end))),
                _ => {}
            }
        }
        Ok(Next::End(JobRunEnd::DeadlinePassed))
    }
}

fn is_from_another_tenant(new_job: &NewJob, job: &Job) -> bool {
    let tenant = |text: &str| uuid::Uuid::try_parse(text.trim()).ok();
    let found = job.source_tenant_id.as_deref().and_then(tenant);
    match (tenant(&new_job.source_tenant_id), found) {
        (Some(meant), Some(found)) => meant != found,
        _ => false,
    }
}
