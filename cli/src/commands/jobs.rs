//! `xtmig jobs …`, of which what takes longer has files of its own.

use msgraph_migrations::DeleteOutcome;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobCreate,
    CrossTenantMigrationJobStatus as Status, ExchangeOnlineCrossTenantMigrationSettings,
};
use msgraph_migrations_workflows::jobs::{CancelVerdict, TooLate};

use super::cancellation::{Bucket, Cancelled, conclude};
use super::session::{Session, Settled, name_of, read_back};
use super::{postpone, report, rows, starting, to_end, user_input, watch};
use crate::arguments::{CreateArguments, JobsCommand};
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::suggestion::{command, command_on, job_option};

pub async fn run(session: &mut Session<'_>, command: JobsCommand) -> Result<Exit, Failure> {
    match command {
        JobsCommand::List { status } => list(session, &status).await,
        JobsCommand::Show { jobs } => show(session, &jobs).await,
        JobsCommand::Create(arguments) => create(session, arguments).await,
        JobsCommand::Validate { job } => starting::validate(session, &job).await,
        JobsCommand::Migrate { job, confirmation } => {
            let found = session.look_up(&job).await?;
            session.announce("start the migration of", &[&found]);
            confirm(&confirmation, 1, name_of(&found, &job), session.output)?;
            starting::migrate(session, &job).await
        }
        JobsCommand::Update {
            job,
            complete_after,
            confirmation,
        } => postpone::to(session, &job, complete_after, &confirmation).await,
        JobsCommand::Cancel { jobs, confirmation } => {
            let found = session.look_up_all(&jobs).await?;
            session.announce(
                "cancel",
                &found.iter().map(|(_, job)| job).collect::<Vec<_>>(),
            );
            let typed = match found.as_slice() {
                [(name, one)] => name_of(one, name).to_owned(),
                several => format!("{} jobs", several.len()),
            };
            confirm(&confirmation, found.len(), &typed, session.output)?;
            let jobs: Vec<_> = found.into_iter().map(|(name, _)| name).collect();
            cancel(session, &jobs).await
        }
        JobsCommand::Delete { job, confirmation } => {
            let found = session.look_up(&job).await?;
            session.announce("delete, with its data,", &[&found]);
            confirm(&confirmation, 1, name_of(&found, &job), session.output)?;
            delete(session, &job).await
        }
        JobsCommand::Watch(arguments) => watch::run(session, arguments).await,
        JobsCommand::Run(arguments) => to_end::run(session, arguments).await,
        JobsCommand::Report(arguments) => report::run(session, &arguments).await,
    }
}

async fn list(session: &mut Session<'_>, wanted: &[String]) -> Result<Exit, Failure> {
    let wanted: Vec<Status> = wanted
        .iter()
        .map(|text| Status::from(text.as_str()))
        .collect();
    let zone = session.output.zone();
    for status in &wanted {
        if let Status::Unknown(word) = status {
            let known: Vec<_> = Status::DOCUMENTED.iter().map(Status::as_str).collect();
            session.output.say(&format!(
                "no document names the status {word}; they name {}",
                known.join(", ")
            ));
        }
    }
    let jobs = session.jobs().await?;
    // One whose status could not be read may be among those that are wanted.
    let is_wanted = |job: &Job| {
        wanted.is_empty()
            || job
                .status
                .as_ref()
                .is_none_or(|status| wanted.contains(status))
    };
    let found: Vec<_> = jobs
        .iter()
        .filter(|job| is_wanted(job))
        .map(|job| rows::job(job, zone))
        .collect();
    session.output.rows(&found, "There are no such jobs.")?;
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_>, names: &[String]) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for name in names {
        found.push(session.job(name).await?);
    }
    let zone = session.output.zone();
    let shown: Vec<_> = found.iter().map(|job| rows::job(job, zone)).collect();
    session.output.rows(&shown, "")?;
    for job in &found {
        let name = name_of(job, "the job");
        if let Some(message) = job.message.as_deref().filter(|text| !text.is_empty()) {
            session.output.say(&format!("{name}: {message}"));
        }
        if let Some(meaning) = job.status.as_ref().and_then(Status::meaning) {
            session.output.say(&format!("{name}: {meaning}"));
        }
    }
    Ok(Exit::Done)
}

/// The job that the command line describes.
pub fn new_job(arguments: CreateArguments) -> Result<CrossTenantMigrationJobCreate, Failure> {
    if arguments.name.contains(char::is_control) || arguments.name.trim().is_empty() {
        return Err(Failure::usage("such a name cannot be used; nothing was sent")
            .because("it is empty or holds a character that controls the terminal, and nobody could name the job by it")
            .next("choose another name"));
    }
    let users = user_input::users(&arguments.users)?;
    let mut job = CrossTenantMigrationJobCreate::of_users(
        arguments.name,
        arguments.source_tenant,
        arguments.complete_after,
        users,
    )
    .workloads(arguments.workloads);
    if let (Some(endpoint), Some(domain)) =
        (arguments.source_endpoint, arguments.target_delivery_domain)
    {
        job = job.exchange_settings(
            ExchangeOnlineCrossTenantMigrationSettings::new()
                .source_endpoint(endpoint)
                .target_delivery_domain(domain),
        );
    }
    Ok(job)
}

async fn create(session: &mut Session<'_>, arguments: CreateArguments) -> Result<Exit, Failure> {
    let job = new_job(arguments)?;
    let name = &job.display_name;
    let what = format!("the creation of {name}");
    let read_back = session.workflows.reading_back(read_back());
    let resolved = Interruption::take_over()
        .or_leave(&what, &look(name), read_back.create_job(&job))
        .await?;
    let created = match session.settled(&what, name, resolved)? {
        Settled::Answered(response) => Some(response.into_value()),
        Settled::TookEffect(state) => state,
    };
    if let Some(created) = created {
        let row = rows::job(&created, session.output.zone());
        session.output.rows(&[row], "")?;
    }
    session.output.say(&format!(
        "created, and nothing moves yet; next: {}",
        command_on("jobs validate", name)
    ));
    Ok(Exit::Done)
}

async fn delete(session: &mut Session<'_>, job: &str) -> Result<Exit, Failure> {
    let what = format!("the deletion of {job}");
    let read_back = session.workflows.reading_back(read_back());
    let resolved = Interruption::take_over()
        .or_leave(&what, &look(job), read_back.delete_job(job))
        .await?;
    match session.settled(&what, job, resolved)? {
        Settled::Answered(DeleteOutcome::Accepted(_)) | Settled::TookEffect(_) => {
            session.output.say(&format!(
                "the deletion of {job} was accepted; it takes hours to days"
            ));
            Ok(Exit::Done)
        }
        Settled::Answered(DeleteOutcome::NotFinal(refusal)) => Err(Failure::new(
            Exit::Refused,
            format!("{job} was not deleted, since it is not over"),
        )
        .because(&refusal)
        .next(format!("cancel it or wait for its end: {}", look(job)))),
    }
}

/// The command that shows a job.
fn look(job: &str) -> String {
    command_on("jobs show", job)
}

async fn cancel(session: &mut Session<'_>, jobs: &[String]) -> Result<Exit, Failure> {
    let interruption = Interruption::take_over();
    let mut all = Vec::new();
    for job in jobs {
        if interruption.is_requested() {
            all.push(Cancelled::not_sent(job.clone()));
            continue;
        }
        let cancelled = tokio::select! {
            cancelled = session.workflows.cancel_and_confirm(job, None) => cancelled,
            () = interruption.insisted() => {
                all.push(Cancelled::left(job.clone()));
                continue;
            }
        };
        all.push(match cancelled {
            Ok(report) => Cancelled {
                name: job.clone(),
                bucket: bucket(&report.verdict),
                reason: report.verdict.to_string(),
                next: next(job, &report.verdict),
                exit: None,
            },
            Err(error) => Cancelled::failed(job.clone(), &error),
        });
    }
    conclude(&all, look, session.output)
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

/// What can still be done about a job that goes on.
fn next(job: &str, verdict: &CancelVerdict) -> Option<String> {
    match verdict {
        CancelVerdict::TooLate {
            why: TooLate::CuttingOver,
            ..
        } => Some(format!(
            "nothing of it can be cancelled any more; see how it ends: {}",
            command_on("jobs watch", job)
        )),
        CancelVerdict::TooLate { .. } => Some(format!(
            "single users may still be cancelled until their mailboxes are finalized: {}",
            command(&format!("users cancel {} USER…", job_option(job)))
        )),
        CancelVerdict::Refused { .. } => Some(format!(
            "see its state, and cancel it again when that has changed: {}",
            look(job)
        )),
        _ => None,
    }
}

fn is_cancelled(job: &Job) -> bool {
    job.status == Some(Status::Cancelled)
}
