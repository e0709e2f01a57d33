//! Waiting for one job.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::ends::{
    Awaited, CancellationEnd, DeletionEnd, JobEnd, MigrationEnd, Stage, ValidationEnd,
    is_cancelled_job,
};
use super::observation::JobObservation;
use super::options::WaitOptions;
use super::poll::{Found, Poll, Source, Target};
use super::watch::{EndOf, Watch, only};
use crate::Workflows;
use crate::reading::read_job;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{Client, DateTimeOffset, Error};

/// Waiting for a job, given by its id or its display name.
///
/// After the first reading the id counts, so that another job that gets the name later is not taken
/// for this one. Readings that are older than one seen before are those of a replica that lags, and
/// are passed over for [`WaitOptions::max_lag`].
///
/// A watch fails with 404 when there is no such job, with any refusal that is not passing, or with the
/// last failure of an outage that lasted longer than [`WaitOptions::max_outage`].
impl Workflows {
    /// Watches a job, or waits for it, until what `awaited` says.
    pub fn watch_job(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> Watch<Job, JobEnd> {
        self.watch_until(job, awaited, options, options.ends_at(), Known::Nothing)
    }

    /// Waits for the end of a validation that has been started.
    pub fn wait_for_validation(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Watch<Job, ValidationEnd> {
        self.watch_as(job, Awaited::Validation, options, |ends| {
            ValidationEnd::of(only(ends))
        })
    }

    /// Waits for the end of a migration that has been started.
    pub fn wait_for_migration(&self, job: &str, options: &WaitOptions) -> Watch<Job, MigrationEnd> {
        self.watch_as(job, Awaited::Migration, options, |ends| {
            MigrationEnd::of(only(ends))
        })
    }

    /// Waits for the end of a cancellation that was accepted.
    pub fn wait_for_cancellation(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Watch<Job, CancellationEnd> {
        self.watch_as(job, Awaited::Cancellation, options, |ends| {
            CancellationEnd::of(only(ends), is_cancelled_job)
        })
    }

    /// Waits for the end of a deletion that was accepted; 404 is an end too.
    ///
    /// The documents do not say whether a deleted job is still shown, so both are an end. They speak of
    /// 48 hours and of thirty days.
    pub fn wait_for_deletion(&self, job: &str, options: &WaitOptions) -> Watch<Job, DeletionEnd> {
        self.watch_as(job, Awaited::Deletion, options, |ends| {
            DeletionEnd::of(only(ends))
        })
    }

    fn watch_as<E>(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
        conclude: fn(Vec<EndOf<Job>>) -> E,
    ) -> Watch<Job, E> {
        Watch::new(
            self.poll_job(job, awaited, options, options.ends_at(), Known::Nothing),
            conclude,
        )
    }

    /// Waits until `deadline`.
    pub(crate) fn watch_until(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
        deadline: Option<Instant>,
        known: Known<'_>,
    ) -> Watch<Job, JobEnd> {
        Watch::one(self.poll_job(job, awaited, options, deadline, known))
    }

    fn poll_job(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
        deadline: Option<Instant>,
        known: Known<'_>,
    ) -> Poll<JobSource> {
        let source = JobSource {
            client: self.client().clone(),
            awaited,
            options: options.clone(),
        };
        let poll = Poll::new(source, vec![job.to_owned()], options, deadline);
        match known {
            Known::Nothing => poll,
            Known::Exists => poll.known(),
            Known::Since(job) => poll.known_as(job, 0),
            Known::After(job) => poll.known_as(job, 1),
        }
    }
}

/// What is known of a job before it is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Known<'a> {
    Nothing,
    /// It is there, so that it is gone if it cannot be found.
    Exists,
    /// It was like this, so that an older state tells nothing.
    Since(&'a Job),
    /// It was like this before something changed it, so that this state tells nothing either.
    After(&'a Job),
}

struct JobSource {
    client: Client,
    awaited: Awaited,
    options: WaitOptions,
}

impl Source for JobSource {
    type State = Job;

    async fn read(&self, targets: &[Target], found: &mut Found<Job>) -> Result<(), Error> {
        for target in targets {
            found.push((target.index, read_job(&self.client, target.key()).await?));
        }
        Ok(())
    }

    fn stage(&self, job: &Job) -> Stage {
        stage(self.awaited, job)
    }

    fn is_same(before: &Job, after: &Job) -> bool {
        is_same(before, after)
    }

    fn id(job: &Job) -> Option<&str> {
        id(job)
    }

    fn last_updated(job: &Job) -> Option<DateTime<Utc>> {
        last_updated(job)
    }

    fn needs_admin(job: &Job) -> bool {
        needs_admin(job)
    }

    fn awaits_absence(&self) -> bool {
        self.awaited == Awaited::Deletion
    }

    fn must_exist(&self) -> bool {
        true
    }

    fn show(&self, observation: &JobObservation) {
        self.options.show(observation);
    }
}

pub(crate) fn stage(awaited: Awaited, job: &Job) -> Stage {
    job.status
        .as_ref()
        .map_or(Stage::UnderWay, |status| awaited.stage(status))
}

pub(crate) fn id(job: &Job) -> Option<&str> {
    job.id.as_deref().filter(|id| !id.is_empty())
}

pub(crate) fn last_updated(job: &Job) -> Option<DateTime<Utc>> {
    job.last_updated_date_time.as_ref()?.to_utc()
}

pub(crate) fn needs_admin(job: &Job) -> bool {
    job.status == Some(Status::AdminActionRequired)
}

/// Compares what tells of progress; lists and workloads come in other capitals from time to time.
pub(crate) fn is_same(before: &Job, after: &Job) -> bool {
    before.status == after.status
        && before.message == after.message
        && before.job_type == after.job_type
        && is_same_time(
            before.last_updated_date_time.as_ref(),
            after.last_updated_date_time.as_ref(),
        )
        && is_same_time(
            before.complete_after_date_time.as_ref(),
            after.complete_after_date_time.as_ref(),
        )
}

pub(crate) fn is_same_time(
    before: Option<&DateTimeOffset>,
    after: Option<&DateTimeOffset>,
) -> bool {
    let time = |text: Option<&DateTimeOffset>| text.and_then(DateTimeOffset::to_utc);
    before == after || (time(before).is_some() && time(before) == time(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(json: &str) -> Job {
        serde_json::from_str(json).expect("a job")
    }

    #[test]
    fn a_change_of_anything_that_tells_of_progress_is_a_change() {
        let before = job(
            r#"{"id":"a","status":"inProgress","message":"m","jobType":"migrate","workloads":["Teams"],
                "lastUpdatedDateTime":"2026-11-20T09:30:12Z","completeAfterDateTime":"2026-12-12T20:00:00Z"}"#,
        );
        for (name, value, is_change) in [
            ("status", "cuttingOver", true),
            ("status", "awaitingReview", true),
            ("status", "InProgress", false),
            ("message", "n", true),
            ("jobType", "validate", true),
            ("lastUpdatedDateTime", "2026-11-20T09:30:13Z", true),
            ("lastUpdatedDateTime", "2026-11-20T09:30:12.000Z", false),
            ("completeAfterDateTime", "2026-12-13T20:00:00Z", true),
            ("createdBy", "somebody@harborlane.example", false),
        ] {
            let mut after = serde_json::to_value(&before).expect("JSON");
            after[name] = value.into();
            let after: Job = serde_json::from_value(after).expect("a job");
            assert_eq!(!is_same(&before, &after), is_change, "{name}: {value}");
        }
    }
}
