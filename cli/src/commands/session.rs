//! What commands share that talk to the service.

use std::time::Duration;

use chrono::Utc;
use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{Client, Error, ErrorKind, GetOptions, ListOptions};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved, Sighting};

use super::rows;
use crate::connection::Connection;
use crate::deadlines::{is_due, present};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::suggestion::command_on;

/// For how long a lost answer is read back.
const SETTLE_WITHIN: Duration = Duration::from_secs(20);

/// One run of a command.
#[derive(Debug)]
pub struct Session<'a> {
    pub workflows: Workflows,
    pub connection: Connection,
    pub output: &'a mut Output,
}

impl<'a> Session<'a> {
    /// Sends through `client`, which may be another than that of the connection.
    pub fn new(connection: Connection, client: Client, output: &'a mut Output) -> Self {
        Self {
            workflows: Workflows::new(client),
            connection,
            output,
        }
    }

    pub fn client(&self) -> &Client {
        self.workflows.client()
    }

    /// Reads a job.
    pub async fn job(&self, job: &str) -> Result<Job, Failure> {
        let found = self
            .client()
            .get_job(job, GetOptions::new())
            .await
            .map_err(|error| Failure::of_call(format!("{job} cannot be read"), &error, "repeat"))?;
        Output::left_out(job, found.deviations());
        Ok(found.into_value())
    }

    /// Reads a job that something is to be done with; where nothing is sent, nothing is known of it.
    pub async fn look_up(&self, job: &str) -> Result<Job, Failure> {
        let found = self.job(job).await;
        if self.output.is_muted() {
            return Ok(found.unwrap_or_else(|_| {
                let mut unknown = Job::default();
                unknown.display_name = Some(job.to_owned());
                unknown
            }));
        }
        found
    }

    /// Reads jobs that something is to be done with, each once however it was named.
    pub async fn look_up_all(&self, jobs: &[String]) -> Result<Vec<(String, Job)>, Failure> {
        let mut found: Vec<(String, Job)> = Vec::new();
        for job in jobs {
            let state = self.look_up(job).await?;
            let is_known = found
                .iter()
                .any(|(name, known)| match (&known.id, &state.id) {
                    (Some(known), Some(id)) => known.eq_ignore_ascii_case(id),
                    _ => name.eq_ignore_ascii_case(job),
                });
            if !is_known {
                found.push((job.clone(), state));
            }
        }
        Ok(found)
    }

    /// Reads the list of jobs.
    pub async fn jobs(&self) -> Result<Vec<Job>, Failure> {
        let mut found = Vec::new();
        let mut jobs = Box::pin(self.client().jobs(ListOptions::new()));
        while let Some(job) = jobs
            .try_next()
            .await
            .map_err(|error| Failure::of_call("the jobs cannot be listed", &error, "repeat"))?
        {
            Output::left_out(name_of(&job, "A job"), job.deviations());
            found.push(job.into_value());
        }
        Ok(found)
    }

    /// What became of an action on a job whose answer may have been lost.
    pub fn settled<T>(
        &self,
        what: &str,
        job: &str,
        resolved: Result<Resolved<T, Sighting<Job>>, Error>,
    ) -> Result<Settled<T>, Failure> {
        let look = command_on("jobs show", job);
        match resolved {
            Ok(Resolved::Answered(answer)) => Ok(Settled::Answered(answer)),
            Ok(Resolved::TookEffect { state, .. }) => {
                self.output
                    .say("the answer was lost; reading back shows that it took effect");
                Ok(Settled::TookEffect(state.into_present()))
            }
            Ok(Resolved::RuledOut { error, .. }) => {
                Err(Failure::new(Exit::Refused, format!("{what} had no effect"))
                    .because(format!(
                        "the answer was lost; reading back shows it: {error}"
                    ))
                    .next(look))
            }
            Ok(Resolved::Unknown { error, .. }) => Err(Failure::new(
                Exit::Unknown,
                format!("whether {what} took effect is UNKNOWN"),
            )
            .because(error)
            .next(format!("to find out: {look}"))),
            Err(error) => Err(Failure::of_call(
                format!("{what} was not accepted"),
                &error,
                &look,
            )),
        }
    }

    /// Says what is about to be touched.
    pub fn announce(&self, what: &str, jobs: &[&Job]) {
        self.output.say(&format!("About to {what}:"));
        for job in jobs {
            let status = status_of(job);
            let cutover = match &job.complete_after_date_time {
                Some(time) => {
                    format!(", cutover {}", rows::when(Some(time), self.output.zone()))
                }
                None => String::new(),
            };
            let tenant = job
                .target_tenant_id
                .as_deref()
                .unwrap_or("the calling tenant");
            self.output.say(&format!(
                "  {} ({status}{cutover}), into {tenant}",
                name_of(job, "a job without a name")
            ));
        }
        let now = present(jobs.iter().copied(), Utc::now());
        if jobs.iter().any(|job| is_due(job, now)) {
            self.output
                .say("  The cutover is due: mailboxes that have cut over stay moved.");
        }
    }
}

/// How a lost answer is read back.
pub fn read_back() -> ReadBack {
    ReadBack::default().settle_within(SETTLE_WITHIN)
}

/// What is known of an action.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per command; a box would only get in the way of matching"
)]
pub enum Settled<T> {
    /// The service answered.
    Answered(T),
    /// The answer was lost, and the state shows that it took effect.
    TookEffect(Option<Job>),
}

/// Whether a call was only described, as `--what-if` asks.
pub fn is_described(error: &Error) -> bool {
    error.kind() == ErrorKind::DescribedOnly
}

/// The display name of a job.
pub fn name_of<'a>(job: &'a Job, otherwise: &'a str) -> &'a str {
    job.display_name.as_deref().unwrap_or(otherwise)
}

/// The status of a job, for people.
pub fn status_of(job: &Job) -> &str {
    job.status
        .as_ref()
        .map_or("of unknown status", Status::as_str)
}
