//! `xtmig users …`

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use msgraph_migrations::models::{
    CrossTenantMigrationServiceStatus as Status, CrossTenantMigrationTask as User,
};
use msgraph_migrations::{Client, Error, GetOptions, ListOptions, Refusal};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions, RunStopped};

use super::cancellation::{Bucket, Cancelled, conclude};
use super::{jobs, rows, user_input};
use crate::arguments::UsersCommand;
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure, exit_of};
use crate::output::Output;

/// How long a run sits out that the service or the token source cannot be used.
const MAX_OUTAGE: Duration = Duration::from_secs(20);

pub async fn run(
    client: &Client,
    command: UsersCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        UsersCommand::List { job, problems } => list(client, &job, problems, output).await,
        UsersCommand::Show { job, users } => show(client, &job, &users, output).await,
        UsersCommand::Cancel {
            job,
            users,
            confirmation,
        } => {
            let users = user_input::users(&users)?;
            let found = jobs::read(client, &job).await?;
            let name = found.display_name.as_deref().unwrap_or(&job);
            output.say(&format!("About to cancel {} users of {name}.", users.len()));
            confirm(&confirmation, users.len(), name, output)?;
            cancel(client, &job, users, output).await
        }
    }
}

async fn list(
    client: &Client,
    job: &str,
    only_problems: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    let mut users = client.users(job, ListOptions::new()).boxed();
    while let Some(user) = users.try_next().await.map_err(|error| {
        Failure::of_call(
            format!("the users of {job} cannot be listed"),
            &error,
            "repeat",
        )
    })? {
        Output::left_out(user.id.as_deref().unwrap_or("A user"), user.deviations());
        // What could not be read may be a problem.
        if !only_problems || has_problem(&user) || !user.deviations().is_empty() {
            found.push(rows::user(&user));
        }
    }
    output.rows(&found, "There are no such users.")?;
    Ok(Exit::Done)
}

async fn show(
    client: &Client,
    job: &str,
    users: &[String],
    output: &mut Output,
) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for user in users {
        let answer = client.get_user(job, user, GetOptions::new()).await;
        let answer = answer.map_err(|error| {
            Failure::of_call(format!("{user} cannot be read"), &error, "repeat")
        })?;
        Output::left_out(user, answer.deviations());
        found.push(answer.into_value());
    }
    output.rows(&found.iter().map(rows::user).collect::<Vec<_>>(), "")?;
    for user in &found {
        for workload in &user.current_status {
            let service = workload.service.as_deref().unwrap_or("a workload");
            let message = workload.message.as_deref().filter(|text| !text.is_empty());
            let errors = workload.errors.iter().map(|error| {
                let code = error.code.as_deref().unwrap_or("no code");
                format!(
                    "{code}: {}",
                    error.message.as_deref().unwrap_or("no message")
                )
            });
            for text in message.map(str::to_owned).into_iter().chain(errors) {
                let id = user.id.as_deref().unwrap_or("a user");
                output.say(&format!("{id}, {service}: {text}"));
            }
        }
    }
    Ok(Exit::Done)
}

async fn cancel(
    client: &Client,
    job: &str,
    users: Vec<String>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    // Whoever sits before a screen does not want to wait out what takes long.
    let options = BulkOptions::new().max_outage(MAX_OUTAGE);
    let mut run = Workflows::new(client.clone()).cancel_users(job, users.clone(), options);
    let mut all: Vec<Cancelled> = Vec::new();
    loop {
        let item = match run.try_next().await {
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(stopped) => {
                all.extend(unsent(&users, &all, &stopped));
                break;
            }
        };
        let (bucket, reason, exit) = match item.outcome {
            Ok(BulkCancelOutcome::Accepted(_)) => {
                (Bucket::BeingCancelled, "accepted".to_owned(), None)
            }
            Ok(BulkCancelOutcome::AlreadyCancelled(refusal)) => {
                (already(&refusal), refusal.to_string(), None)
            }
            Ok(BulkCancelOutcome::Confirmed(_)) => (
                Bucket::BeingCancelled,
                "accepted and read back".to_owned(),
                None,
            ),
            Ok(BulkCancelOutcome::FoundCancelled(lost)) => {
                (Bucket::BeingCancelled, lost.to_string(), None)
            }
            Ok(BulkCancelOutcome::NotInJob(refusal)) => (
                Bucket::GoesOn,
                format!("not in this job: {refusal}"),
                Some(Exit::NotFound),
            ),
            Ok(BulkCancelOutcome::Conflict(refusal)) => (
                if is_over(&refusal) {
                    Bucket::OverAlready
                } else {
                    Bucket::GoesOn
                },
                refusal.to_string(),
                None,
            ),
            Err(error) if error.may_have_taken_effect() => {
                read_back(client, job, &item.input, &error).await
            }
            Err(error) => (Bucket::GoesOn, error.to_string(), Some(exit_of(&error))),
        };
        all.push(Cancelled {
            name: item.input,
            bucket,
            reason,
            exit,
        });
    }
    conclude(
        &all,
        |user| format!("xtmig users show --job '{job}' {user}"),
        output,
    )
}

/// Those who were not sent when a run stopped.
fn unsent(users: &[String], sent: &[Cancelled], stopped: &RunStopped) -> Vec<Cancelled> {
    let sent: HashSet<&str> = sent.iter().map(|one| one.name.as_str()).collect();
    let why = stopped.error();
    users
        .iter()
        .filter(|user| !sent.contains(user.as_str()))
        .map(|user| Cancelled {
            name: user.clone(),
            bucket: Bucket::GoesOn,
            reason: why.map_or_else(|| stopped.to_string(), ToString::to_string),
            exit: Some(why.map_or(Exit::Unexpected, exit_of)),
        })
        .collect()
}

/// Looks what became of a cancellation whose answer was lost.
async fn read_back(
    client: &Client,
    job: &str,
    user: &str,
    lost: &Error,
) -> (Bucket, String, Option<Exit>) {
    match client.get_user(job, user, GetOptions::new()).await {
        Ok(answer) if has_all(answer.value(), &[Status::Cancelled]) => (
            Bucket::Cancelled,
            "the answer was lost, and the user reads as cancelled".to_owned(),
            None,
        ),
        Ok(answer) if has_all(answer.value(), &[Status::Cancelled, Status::PendingCancel]) => (
            Bucket::BeingCancelled,
            "the answer was lost, and the user reads as being cancelled".to_owned(),
            None,
        ),
        _ => (Bucket::Unknown, lost.to_string(), None),
    }
}

fn already(refusal: &Refusal) -> Bucket {
    match refusal.current_status().map(Status::from) {
        Some(Status::Cancelled) => Bucket::Cancelled,
        _ => Bucket::BeingCancelled,
    }
}

fn is_over(refusal: &Refusal) -> bool {
    matches!(
        refusal.current_status().map(Status::from),
        Some(Status::Completed | Status::Failed)
    )
}

fn has_all(user: &User, statuses: &[Status]) -> bool {
    !user.current_status.is_empty()
        && user.current_status.iter().all(|workload| {
            workload
                .status
                .as_ref()
                .is_some_and(|status| statuses.contains(status))
        })
}

fn has_problem(user: &User) -> bool {
    user.current_status.iter().any(|workload| {
        !workload.errors.is_empty()
            || matches!(
                workload.status,
                Some(Status::Invalid | Status::Failed | Status::Error)
            )
    })
}
