//! Starting a validation or a migration.

use msgraph_migrations::StartOutcome;
use msgraph_migrations::models::CrossTenantMigrationJob as Job;

use super::rows;
use super::session::{Session, Settled, read_back};
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::suggestion::command_on;

/// Starts the validation of a job.
pub async fn validate(session: &mut Session<'_>, job: &str) -> Result<Exit, Failure> {
    let what = format!("the validation of {job}");
    let read_back = session.workflows.reading_back(read_back());
    let resolved = Interruption::take_over()
        .or_leave(&what, &look(job), read_back.validate_job(job))
        .await?;
    let settled = session.settled(&what, job, resolved)?;
    started(session, job, "validation", settled)
}

/// Starts the migration of a job, or its retry.
pub async fn migrate(session: &mut Session<'_>, job: &str) -> Result<Exit, Failure> {
    let what = format!("the migration of {job}");
    let read_back = session.workflows.reading_back(read_back());
    let resolved = Interruption::take_over()
        .or_leave(&what, &look(job), read_back.migrate_job(job))
        .await?;
    let settled = session.settled(&what, job, resolved)?;
    started(session, job, "migration", settled)
}

/// The command that shows what became of it.
fn look(job: &str) -> String {
    command_on("jobs show", job)
}

fn started(
    session: &mut Session<'_>,
    job: &str,
    what: &str,
    settled: Settled<StartOutcome>,
) -> Result<Exit, Failure> {
    let look = look(job);
    let refused = |why: String, next: String| {
        Failure::new(
            Exit::Refused,
            format!("the {what} of {job} was not started"),
        )
        .because(why)
        .next(next)
    };
    let state: Option<Job> = match settled {
        Settled::Answered(StartOutcome::Started(response)) => Some(response.into_value()),
        Settled::TookEffect(state) => state,
        Settled::Answered(StartOutcome::ValidationExpired(refusal)) => {
            return Err(refused(
                refusal.to_string(),
                format!(
                    "validate it again: {}; if that is refused too, create a new job",
                    command_on("jobs validate", job)
                ),
            ));
        }
        Settled::Answered(
            StartOutcome::InvalidStatus(refusal) | StartOutcome::Undetermined(refusal),
        ) => {
            return Err(refused(
                refusal.to_string(),
                format!("see its status: {look}"),
            ));
        }
    };
    if let Some(state) = state {
        let row = rows::job(&state, session.output.zone());
        session.output.rows(&[row], "")?;
    }
    session.output.say(&format!(
        "the {what} was started and goes on by itself; see how far it is: {look}"
    ));
    Ok(Exit::Done)
}
