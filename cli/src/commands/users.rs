//! `xtmig users …`

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    CrossTenantMigrationServiceStatus as Status, CrossTenantMigrationTask as User,
};
use msgraph_migrations::{GetOptions, ListOptions};

use super::session::Session;
use super::{rows, users_cancel};
use crate::arguments::UsersCommand;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::Progress;

pub async fn run(session: &mut Session<'_>, command: UsersCommand) -> Result<Exit, Failure> {
    match command {
        UsersCommand::List { job, problems } => list(session, &job, problems).await,
        UsersCommand::Show { job, users } => show(session, &job, &users).await,
        UsersCommand::Cancel {
            job,
            users,
            record,
            confirmation,
        } => users_cancel::run(session, &job, &users, &record, &confirmation).await,
    }
}

async fn list(session: &mut Session<'_>, job: &str, only_problems: bool) -> Result<Exit, Failure> {
    let progress = Progress::new(session.output, "users read:", None);
    let mut found = Vec::new();
    let mut users = Box::pin(session.client().users(job, ListOptions::new()));
    while let Some(user) = users.try_next().await.map_err(|error| {
        Failure::of_call(
            format!("the users of {job} cannot be listed"),
            &error,
            "repeat",
        )
    })? {
        progress.step();
        Output::left_out(user.id.as_deref().unwrap_or("A user"), user.deviations());
        // What could not be read may be a problem.
        if !only_problems || has_problem(&user) || !user.deviations().is_empty() {
            found.push(rows::user(&user));
        }
    }
    drop(progress);
    session.output.rows(&found, "There are no such users.")?;
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_>, job: &str, users: &[String]) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for user in users {
        let answer = session
            .client()
            .get_user(job, user, GetOptions::new())
            .await;
        let answer = answer.map_err(|error| {
            Failure::of_call(format!("{user} cannot be read"), &error, "repeat")
        })?;
        Output::left_out(user, answer.deviations());
        found.push(answer.into_value());
    }
    let shown: Vec<_> = found.iter().map(rows::user).collect();
    session.output.rows(&shown, "")?;
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
                session.output.say(&format!("{id}, {service}: {text}"));
            }
        }
    }
    Ok(Exit::Done)
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
