//! `xtmig jobs run`: a job from its creation to its end, from wherever it stands.

use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::CrossTenantMigrationJobCreate as NewJob;
use msgraph_migrations_workflows::jobs::{JobRunEnd, MigrateOptions};

use super::jobs::new_job;
use super::report::summary;
use super::session::{Session, is_described, read_back};
use super::{rows, watch};
use crate::arguments::RunArguments;
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::suggestion::{command, quoted};

pub async fn run(session: &mut Session<'_>, arguments: RunArguments) -> Result<Exit, Failure> {
    let job = new_job(arguments.job)?;
    announce(&job, session.output);
    confirm(
        &arguments.confirmation,
        job.resources.len(),
        &job.display_name,
        session.output,
    )?;
    if session.output.is_muted() {
        return describe(session, &job).await;
    }
    let zone = session.output.zone();
    let is_quiet = session.output.is_quiet();
    let wait = watch::wait_options(&arguments.pace).on_observation(move |seen| {
        if !is_quiet {
            Output::tell(&watch::line(seen, zone));
        }
    });
    let mut options = MigrateOptions::new().wait(&wait).read_back(read_back());
    if arguments.retry_failed {
        options = options.retry_failed();
    }
    let name = &job.display_name;
    let look = command(&format!("jobs show {}", quoted(name)));
    let ended = tokio::select! {
        ended = session.workflows.migrate_job_to_end(&job, &options) => ended,
        Ok(()) = tokio::signal::ctrl_c() => {
            session.output.say(&format!(
                "no longer watched; what was started GOES ON by itself: {look}"
            ));
            session.output.say("to go on from wherever it stands, run the same command again");
            return Ok(Exit::Interrupted);
        }
    };
    let run = ended.map_err(|error| {
        Failure::of_call(format!("{name} was not seen to its end"), &error, &look)
    })?;
    session.output.rows(&[summary(&run.report)], "")?;
    session.output.say(&format!("{name}: {}", run.end));
    let exit = exit(&run.end);
    if exit != Exit::Done {
        session.output.say(&format!(
            "next: {}",
            match &run.end {
                JobRunEnd::DeadlinePassed => look,
                _ => command(&format!("problems {}", quoted(name))),
            }
        ));
    }
    Ok(exit)
}

fn announce(job: &NewJob, output: &Output) {
    let users = job.resources.len();
    let time: &DateTimeOffset = &job.complete_after_date_time;
    output.say(&format!(
        "About to create, validate and migrate {} ({users} users, cutover {}), from {}",
        job.display_name,
        rows::when(Some(time), output.zone()),
        job.source_tenant_id
    ));
}

/// The requests that change something, of a job that is not there yet.
async fn describe(session: &Session<'_>, job: &NewJob) -> Result<Exit, Failure> {
    let client = session.client();
    for described in [
        client.create_job(job).await.err(),
        client.validate_job(&job.display_name).await.err(),
        client.migrate_job(&job.display_name).await.err(),
    ] {
        if let Some(error) = described.filter(|error| !is_described(error)) {
            return Err(Failure::of_call("the requests cannot be made", &error, ""));
        }
    }
    Ok(Exit::Done)
}

fn exit(end: &JobRunEnd) -> Exit {
    match end {
        JobRunEnd::Completed | JobRunEnd::ValidationPassed | JobRunEnd::Reached(_) => Exit::Done,
        JobRunEnd::CompletedWithErrors => Exit::Partly,
        JobRunEnd::ValidationFailed
        | JobRunEnd::Failed
        | JobRunEnd::Cancelled
        | JobRunEnd::Elsewhere
        | JobRunEnd::ValidationNotStarted(_)
        | JobRunEnd::MigrationNotStarted(_)
        | JobRunEnd::ValidationExpired(_)
        | JobRunEnd::NameTaken
        | JobRunEnd::NotAllowed(_) => Exit::Refused,
        JobRunEnd::Gone => Exit::NotFound,
        JobRunEnd::DeadlinePassed => Exit::TryLater,
    }
}
