//! `xtmig jobs run`: a job from its creation to its end, from wherever it stands.

use std::sync::Arc;
use std::time::Duration;

use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobCreate as NewJob,
    CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{CallOptions, DateTimeOffset, GetOptions};
use msgraph_migrations_workflows::jobs::{JobRunEnd, JobStep, MigrateOptions, StepEnd, StepGuard};
use tokio::time::timeout;

use super::jobs::new_job;
use super::report::summary;
use super::session::{Session, is_described, read_back, status_of};
use super::{rows, watch};
use crate::arguments::RunArguments;
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure, exit_of, exit_of_end};
use crate::interruption::{Interruption, UnderWay, left};
use crate::output::{Output, counted};
use crate::suggestion::{command, command_on};

/// For how long it is read, after Ctrl-C, where the job stands.
const LAST_LOOK: Duration = Duration::from_secs(5);

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
    let stop = Arc::new(Stop {
        interruption: Interruption::take_over(),
        under_way: UnderWay::default(),
    });
    let mut options = MigrateOptions::new()
        .wait(&wait)
        .read_back(read_back())
        .guard(Arc::clone(&stop) as Arc<dyn StepGuard>);
    if arguments.retry_failed {
        options = options.retry_failed();
    }
    let name = &job.display_name;
    let look = command_on("jobs show", name);
    let work = session.workflows.migrate_job_to_end(&job, &options);
    let ended = stop.interruption.or_stop(&stop.under_way, work).await;
    let run = match ended.transpose() {
        Ok(Some(run)) if !matches!(run.end, JobRunEnd::NotAllowed(_)) => run,
        // Ctrl-C, before or while a step was asked for.
        Ok(_) => return stopped(session, &stop, name, &look).await,
        Err(error) => {
            let what = format!("{name} was not seen to its end");
            return Err(Failure::of_call(what, &error, &look));
        }
    };
    session.output.rows(&[summary(&run.report)], "")?;
    session.output.say(&match &run.end {
        JobRunEnd::DeadlinePassed => not_in_time(name, run.report.job.as_ref()),
        end => format!("{name}: {end}"),
    });
    let exit = exit_of_end(&run.end);
    if exit != Exit::Done {
        session.output.say(&format!(
            "next: {}",
            match &run.end {
                JobRunEnd::DeadlinePassed =>
                    format!("{look}; to go on, run the same command again"),
                JobRunEnd::Gone => command("jobs list"),
                _ => command_on("problems", name),
            }
        ));
    }
    Ok(exit)
}

/// Where the time to watch is over; what has not begun does not go on by itself.
fn not_in_time(name: &str, job: Option<&Job>) -> String {
    let Some(job) = job else {
        return format!("{name}: the time to watch is over, and it was NOT CREATED");
    };
    let goes_on = match &job.status {
        Some(Status::Submitted | Status::ValidatePassed) => "and waits to be started",
        _ => "and goes on by itself",
    };
    format!(
        "{name}: the time to watch is over; it is {} {goes_on}",
        status_of(job)
    )
}

/// Lets no request through after Ctrl-C, and knows which are under way.
struct Stop {
    interruption: Interruption,
    under_way: UnderWay,
}

impl StepGuard for Stop {
    fn allow(&self, step: JobStep, _: Option<&Job>) -> Option<CallOptions> {
        if self.interruption.is_requested() {
            return None;
        }
        self.under_way.sent(called(step));
        Some(CallOptions::new())
    }

    fn ended(&self, step: JobStep, _: StepEnd<'_>) {
        self.under_way.settled(called(step));
    }
}

fn called(step: JobStep) -> &'static str {
    match step {
        JobStep::Create => "its creation",
        JobStep::Validate => "its validation",
        JobStep::Migrate => "its migration",
    }
}

/// After Ctrl-C: the job goes on by itself, and whoever did not wait does not know what became of the last step.
async fn stopped(
    session: &Session<'_>,
    stop: &Stop,
    name: &str,
    look: &str,
) -> Result<Exit, Failure> {
    if let Some(step) = stop.under_way.names().first() {
        return Err(left(&format!("{name}: {step}"), look));
    }
    tell_where_it_stands(session, name, look).await;
    Ok(Exit::Interrupted)
}

/// What was sent before Ctrl-C shows in where the job stands.
async fn tell_where_it_stands(session: &Session<'_>, name: &str, look: &str) {
    let found = timeout(LAST_LOOK, session.client().get_job(name, GetOptions::new())).await;
    session.output.say(&match found {
        Ok(Ok(job)) => format!(
            "no longer watched; {name} is {} now, and what was started GOES ON by itself: {look}",
            status_of(job.value())
        ),
        Ok(Err(error)) if exit_of(&error) == Exit::NotFound => {
            format!("there is no job {name} so far; one that was just being created can still appear: {look}")
        }
        _ => format!(
            "no longer watched; where {name} stands could not be read, and what was started GOES ON by itself: {look}"
        ),
    });
    session
        .output
        .say("to go on from wherever it stands, run the same command again");
}

fn announce(job: &NewJob, output: &Output) {
    let users = job.resources.len();
    let time: &DateTimeOffset = &job.complete_after_date_time;
    output.say(&format!(
        "About to create, validate and migrate {} ({}, cutover {}), from {}",
        job.display_name,
        counted(users, "user"),
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
