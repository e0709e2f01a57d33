//! Waiting for one job.

use futures_core::Stream;
use tokio::time::Instant;

use super::ends::{
    Awaited, CancellationEnd, DeletionEnd, JobEnd, MigrationEnd, Stage, ValidationEnd,
};
use super::observation::JobObservation;
use super::options::WaitOptions;
use super::watch::{Subject, Watch};
use crate::Workflows;
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use msgraph_migrations::{Client, DateTimeOffset, Error, GetOptions};

/// Waiting for a job, given by its id or its display name.
///
/// After the first reading the id counts, so that another job that gets the name later is not taken
/// for this one.
impl Workflows {
    /// Watches a job: its first state, each change, a stall, and last how the wait ended.
    ///
    /// The stream ends after [`Observation::Ended`](super::Observation::Ended), or after its first
    /// error: 404 when there is no such job, any refusal that is not passing, or the last of too many
    /// failures in a row.
    pub fn watch_job(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> impl Stream<Item = Result<JobObservation, Error>> + Send + use<> {
        let subject = JobSubject::new(self.client.clone(), awaited);
        Watch::new(subject, job, options, options.ends_at()).into_stream()
    }

    /// Waits for whatever `awaited` says.
    ///
    /// # Errors
    ///
    /// 404 when there is no such job, any refusal that is not passing, or the last of too many failures
    /// in a row.
    pub async fn wait_for_job(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> Result<JobEnd, Error> {
        self.wait_until(job, awaited, options, options.ends_at(), Known::Nothing)
            .await
    }

    /// Waits for the end of a validation that has been started.
    ///
    /// # Errors
    ///
    /// As [`wait_for_job`](Self::wait_for_job).
    pub async fn wait_for_validation(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<ValidationEnd, Error> {
        self.wait_for_job(job, Awaited::Validation, options)
            .await
            .map(ValidationEnd::of)
    }

    /// Waits for the end of a migration that has been started.
    ///
    /// # Errors
    ///
    /// As [`wait_for_job`](Self::wait_for_job).
    pub async fn wait_for_migration(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<MigrationEnd, Error> {
        self.wait_for_job(job, Awaited::Migration, options)
            .await
            .map(MigrationEnd::of)
    }

    /// Waits for the end of a cancellation that was accepted.
    ///
    /// # Errors
    ///
    /// As [`wait_for_job`](Self::wait_for_job).
    pub async fn wait_for_cancellation(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<CancellationEnd, Error> {
        self.wait_for_job(job, Awaited::Cancellation, options)
            .await
            .map(CancellationEnd::of)
    }

    /// Waits for the end of a deletion that was accepted.
    ///
    /// The documents do not say whether a deleted job is still shown, so both are an end. They speak of
    /// 48 hours and of thirty days.
    ///
    /// # Errors
    ///
    /// As [`wait_for_job`](Self::wait_for_job), but 404 is an end.
    pub async fn wait_for_deletion(
        &self,
        job: &str,
        options: &WaitOptions,
    ) -> Result<DeletionEnd, Error> {
        self.wait_for_job(job, Awaited::Deletion, options)
            .await
            .map(DeletionEnd::of)
    }

    /// Waits until `deadline`.
    pub(crate) async fn wait_until(
        &self,
        job: &str,
        awaited: Awaited,
        options: &WaitOptions,
        deadline: Option<Instant>,
        known: Known<'_>,
    ) -> Result<JobEnd, Error> {
        let mut subject = JobSubject::new(self.client.clone(), awaited);
        let exists = match known {
            Known::Nothing => false,
            Known::Exists => true,
            Known::Since(job) => {
                subject.known = last_updated(job);
                true
            }
        };
        let mut watch = Watch::new(subject, job, options, deadline);
        if exists {
            watch = watch.known();
        }
        watch.finish(|observation| options.show(observation)).await
    }
}

/// Reads a job whose status can be told.
pub(crate) async fn read_job(client: &Client, job: &str) -> Result<Job, Error> {
    let response = client.get_job(job, GetOptions::new()).await?;
    if response.value().status.is_none() {
        return Err(response.into_unreadable("the answer does not tell the status of the job"));
    }
    Ok(response.into_value())
}

/// What is known of a job before it is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Known<'a> {
    Nothing,
    /// It is there, so that it is gone if it cannot be found.
    Exists,
    /// It was like this, so that an older state tells nothing.
    Since(&'a Job),
}

struct JobSubject {
    client: Client,
    awaited: Awaited,
    /// When the job was last updated by what the start of an action answered, in whole seconds.
    known: Option<i64>,
}

impl JobSubject {
    fn new(client: Client, awaited: Awaited) -> Self {
        Self {
            client,
            awaited,
            known: None,
        }
    }
}

impl Subject for JobSubject {
    type State = Job;

    async fn read(&self, key: &str) -> Result<Job, Error> {
        read_job(&self.client, key).await
    }

    fn stage(&self, job: &Job) -> Stage {
        stage(self.awaited, job)
    }

    fn is_same(before: &Job, after: &Job) -> bool {
        is_same(before, after)
    }

    fn id(job: &Job) -> Option<&str> {
        job.id.as_deref().filter(|id| !id.is_empty())
    }

    fn is_outdated(&self, job: &Job) -> bool {
        matches!((last_updated(job), self.known), (Some(read), Some(known)) if read < known)
    }

    fn may_be_absent(&self) -> bool {
        self.awaited == Awaited::Deletion
    }
}

pub(crate) fn stage(awaited: Awaited, job: &Job) -> Stage {
    job.status
        .as_ref()
        .map_or(Stage::UnderWay, |status| awaited.stage(status))
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

/// In whole seconds: the documents' samples give some times with seven more digits and some without.
fn last_updated(job: &Job) -> Option<i64> {
    let time = job.last_updated_date_time.as_ref()?.to_utc()?;
    Some(time.timestamp())
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

    #[test]
    fn a_time_that_cannot_be_read_makes_nothing_outdated() {
        for (text, expected) in [
            ("2026-11-20T09:30:12.9Z", Some(1_795_167_012)),
            ("2026-11-20T09:30:12Z", Some(1_795_167_012)),
            ("some day", None),
        ] {
            let job = job(&format!(r#"{{"lastUpdatedDateTime":"{text}"}}"#));
            assert_eq!(last_updated(&job), expected, "{text}");
        }
        assert_eq!(last_updated(&Job::default()), None);
    }
}
