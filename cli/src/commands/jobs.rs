//! `xtmig jobs …`

use chrono::Utc;
use futures_util::{StreamExt, TryStreamExt};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobCreate,
    CrossTenantMigrationJobStatus as Status, ExchangeOnlineCrossTenantMigrationSettings,
};
use msgraph_migrations::{
    Client, DateTimeOffset, DeleteOutcome, Error, GetOptions, ListOptions, StartOutcome,
};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::CancelVerdict;

use super::cancellation::{Bucket, Cancelled, conclude};
use super::{rows, user_input};
use crate::arguments::{CreateArguments, JobsCommand};
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure, exit_of};
use crate::output::Output;

pub async fn run(
    client: &Client,
    command: JobsCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        JobsCommand::List { status } => list(client, &status, output).await,
        JobsCommand::Show { jobs } => show(client, &jobs, output).await,
        JobsCommand::Create(arguments) => create(client, arguments, output).await,
        JobsCommand::Validate { job } => {
            let outcome = client.validate_job(&job).await;
            started(&job, "validation", outcome, output)
        }
        JobsCommand::Migrate { job, confirmation } => {
            let found = read(client, &job).await?;
            announce("start the migration of", &[&found], output);
            confirm(&confirmation, 1, &name_of(&found, &job), output)?;
            let outcome = client.migrate_job(&job).await;
            started(&job, "migration", outcome, output)
        }
        JobsCommand::Postpone {
            job,
            time,
            confirmation,
        } => {
            let found = read(client, &job).await?;
            announce("move the cutover of", &[&found], output);
            output.say(&format!("to {}", rows::when(Some(&time), output.zone())));
            confirm(&confirmation, 1, &name_of(&found, &job), output)?;
            postpone(client, &job, time, output).await
        }
        JobsCommand::Cancel { jobs, confirmation } => {
            let mut found = Vec::new();
            for job in &jobs {
                found.push(read(client, job).await?);
            }
            announce("cancel", &found.iter().collect::<Vec<_>>(), output);
            let typed = match found.as_slice() {
                [one] => name_of(one, &jobs[0]),
                several => format!("{} jobs", several.len()),
            };
            confirm(&confirmation, found.len(), &typed, output)?;
            cancel(client, &jobs, output).await
        }
        JobsCommand::Delete { job, confirmation } => {
            let found = read(client, &job).await?;
            announce("delete, with its data,", &[&found], output);
            confirm(&confirmation, 1, &name_of(&found, &job), output)?;
            delete(client, &job, output).await
        }
    }
}

async fn list(client: &Client, wanted: &[String], output: &mut Output) -> Result<Exit, Failure> {
    let zone = output.zone();
    let wanted: Vec<Status> = wanted
        .iter()
        .map(|text| Status::from(text.as_str()))
        .collect();
    let mut found = Vec::new();
    let mut jobs = client.jobs(ListOptions::new()).boxed();
    while let Some(job) = jobs
        .try_next()
        .await
        .map_err(|error| Failure::of_call("the jobs cannot be listed", &error, "repeat"))?
    {
        Output::left_out(&name_of(&job, "A job"), job.deviations());
        // One whose status could not be read may be among those that are wanted.
        let is_wanted = match &job.status {
            Some(status) => wanted.contains(status),
            None => true,
        };
        if wanted.is_empty() || is_wanted {
            found.push(rows::job(&job, zone));
        }
    }
    output.rows(&found, "There are no such jobs.")?;
    Ok(Exit::Done)
}

async fn show(client: &Client, names: &[String], output: &mut Output) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for name in names {
        found.push(read(client, name).await?);
    }
    let zone = output.zone();
    output.rows(
        &found
            .iter()
            .map(|job| rows::job(job, zone))
            .collect::<Vec<_>>(),
        "",
    )?;
    for job in &found {
        if let Some(message) = job.message.as_deref().filter(|text| !text.is_empty()) {
            output.say(&format!("{}: {message}", name_of(job, "the job")));
        }
        if let Some(meaning) = job.status.as_ref().and_then(Status::meaning) {
            output.say(&format!("{}: {meaning}", name_of(job, "the job")));
        }
    }
    Ok(Exit::Done)
}

async fn create(
    client: &Client,
    arguments: CreateArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let users = user_input::users(&arguments.users)?;
    let mut job = CrossTenantMigrationJobCreate::of_users(
        arguments.name,
        arguments.source_tenant,
        arguments.complete_after,
        users,
    );
    job = job.workloads(arguments.workloads);
    if let (Some(endpoint), Some(domain)) =
        (arguments.source_endpoint, arguments.target_delivery_domain)
    {
        job = job.exchange_settings(
            ExchangeOnlineCrossTenantMigrationSettings::new()
                .source_endpoint(endpoint)
                .target_delivery_domain(domain),
        );
    }
    let created = client.create_job(&job).await.map_err(|error| {
        let look = format!("xtmig jobs show '{}'", job.display_name);
        Failure::of_call(
            format!("{} was not created", job.display_name),
            &error,
            &look,
        )
    })?;
    output.rows(&[rows::job(created.value(), output.zone())], "")?;
    output.say(&format!(
        "created, and nothing moves yet; next: xtmig jobs validate '{}'",
        job.display_name
    ));
    Ok(Exit::Done)
}

fn started(
    job: &str,
    what: &str,
    outcome: Result<StartOutcome, Error>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let refused = |why: String, next: String| {
        Failure::new(
            Exit::Refused,
            format!("the {what} of {job} was not started"),
        )
        .because(why)
        .next(next)
    };
    match outcome {
        Ok(StartOutcome::Started(response)) => {
            output.rows(&[rows::job(response.value(), output.zone())], "")?;
            output.say(&format!(
                "the {what} was started and goes on by itself; see how far it is: xtmig jobs show '{job}'"
            ));
            Ok(Exit::Done)
        }
        Ok(StartOutcome::ValidationExpired(refusal)) => Err(refused(
            refusal.to_string(),
            format!(
                "validate it again: xtmig jobs validate '{job}'; if that is refused too, create a new job"
            ),
        )),
        Ok(StartOutcome::InvalidStatus(refusal) | StartOutcome::Conflict(refusal)) => Err(refused(
            refusal.to_string(),
            format!("see its status: xtmig jobs show '{job}'"),
        )),
        Err(error) => Err(Failure::of_call(
            format!("the {what} of {job} was not seen to start"),
            &error,
            &format!("xtmig jobs show '{job}'"),
        )),
    }
}

async fn postpone(
    client: &Client,
    job: &str,
    time: DateTimeOffset,
    output: &mut Output,
) -> Result<Exit, Failure> {
    client.update_job(job, time).await.map_err(|error| {
        let look = format!("xtmig jobs show '{job}'");
        Failure::of_call(format!("the cutover of {job} was not moved"), &error, &look)
    })?;
    output.say(&format!("the cutover of {job} was moved"));
    Ok(Exit::Done)
}

async fn delete(client: &Client, job: &str, output: &mut Output) -> Result<Exit, Failure> {
    match client.delete_job(job).await {
        Ok(DeleteOutcome::Accepted(_)) => {
            output.say(&format!(
                "the deletion of {job} was accepted; it takes hours to days"
            ));
            Ok(Exit::Done)
        }
        Ok(DeleteOutcome::NotFinal(refusal)) => Err(Failure::new(
            Exit::Refused,
            format!("{job} was not deleted, since it is not over"),
        )
        .because(&refusal)
        .next(format!(
            "cancel it or wait for its end: xtmig jobs show '{job}'"
        ))),
        Err(error) => Err(Failure::of_call(
            format!("the deletion of {job} was not accepted"),
            &error,
            &format!("xtmig jobs show '{job}'"),
        )),
    }
}

async fn cancel(client: &Client, jobs: &[String], output: &mut Output) -> Result<Exit, Failure> {
    let workflows = Workflows::new(client.clone());
    let mut all = Vec::new();
    for job in jobs {
        let (bucket, reason, exit) = match workflows.cancel_and_confirm(job, None).await {
            Ok(report) => (bucket(&report.verdict), report.verdict.to_string(), None),
            Err(error) if error.may_have_taken_effect() => {
                (Bucket::Unknown, error.to_string(), None)
            }
            Err(error) => (Bucket::GoesOn, error.to_string(), Some(exit_of(&error))),
        };
        all.push(Cancelled {
            name: job.clone(),
            bucket,
            reason,
            exit,
        });
    }
    conclude(&all, |job| format!("xtmig jobs show '{job}'"), output)
}

fn bucket(verdict: &CancelVerdict) -> Bucket {
    match verdict {
        CancelVerdict::Accepted(_) | CancelVerdict::AlreadyBeingCancelled { .. } => {
            Bucket::BeingCancelled
        }
        CancelVerdict::FoundCancelling { state, .. } if is_cancelled(state) => Bucket::Cancelled,
        CancelVerdict::FoundCancelling { .. } => Bucket::BeingCancelled,
        CancelVerdict::FoundRemoved { .. } => Bucket::Cancelled,
        CancelVerdict::AlreadyFinal { state, .. } if is_cancelled(state) => Bucket::Cancelled,
        CancelVerdict::AlreadyFinal { .. } | CancelVerdict::AlreadyRemoved { .. } => {
            Bucket::OverAlready
        }
        CancelVerdict::TooLate { .. } | CancelVerdict::Refused { .. } => Bucket::GoesOn,
        CancelVerdict::Unexplained { .. } => Bucket::Unknown,
    }
}

fn is_cancelled(job: &Job) -> bool {
    job.status == Some(Status::Cancelled)
}

/// Reads a job that something is to be done with.
pub async fn read(client: &Client, job: &str) -> Result<Job, Failure> {
    let found = client
        .get_job(job, GetOptions::new())
        .await
        .map_err(|error| Failure::of_call(format!("{job} cannot be read"), &error, "repeat"))?;
    Output::left_out(job, found.deviations());
    Ok(found.into_value())
}

/// Says what is about to be touched.
fn announce(what: &str, jobs: &[&Job], output: &Output) {
    output.say(&format!("About to {what}:"));
    for job in jobs {
        let status = job
            .status
            .as_ref()
            .map_or("of unknown status", Status::as_str);
        let cutover = match &job.complete_after_date_time {
            Some(time) => format!(", cutover {}", rows::when(Some(time), output.zone())),
            None => String::new(),
        };
        let tenant = job
            .target_tenant_id
            .as_deref()
            .unwrap_or("the calling tenant");
        output.say(&format!(
            "  {} ({status}{cutover}), into {tenant}",
            name_of(job, "a job without a name")
        ));
    }
    if jobs.iter().any(|job| is_due(job)) {
        output.say("  The cutover is due: mailboxes that have cut over stay moved.");
    }
}

fn is_due(job: &Job) -> bool {
    let time = job.complete_after_date_time.as_ref();
    time.and_then(DateTimeOffset::to_utc)
        .is_some_and(|time| time <= Utc::now())
}

fn name_of(job: &Job, otherwise: &str) -> String {
    job.display_name
        .clone()
        .unwrap_or_else(|| otherwise.to_owned())
}
