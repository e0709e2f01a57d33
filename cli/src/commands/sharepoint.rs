//! `xtmig sharepoint …`: moves of single sites.

use msgraph_migrations::models::{
    GroupIdentity, SharePointGroupMigrationTaskParameters, SharePointMigrationTask as Task,
    SharePointMigrationTaskParameters as Parameters, SharePointMigrationTaskStatus as Status,
    SharePointSiteMigrationTaskParameters, SharePointUserMigrationTaskParameters, UserIdentity,
};
use msgraph_migrations::{Error, GetOptions};
use msgraph_migrations_workflows::jobs::CancelVerdict;
use msgraph_migrations_workflows::reconciliation::{Resolved, Sighting};

use super::cancellation::{Bucket, Cancelled, conclude};
use super::session::{Session, read_back};
use super::{rows, sharepoint_watch, user_input};
use crate::arguments::{Confirmation, NewTask, SharepointCommand, Source};
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::output::{Output, Row, counted};
use crate::suggestion::{command, command_on, quoted};

pub async fn run(session: &mut Session<'_>, command: SharepointCommand) -> Result<Exit, Failure> {
    match command {
        SharepointCommand::Create(new) => create(session, new).await,
        SharepointCommand::Show { tasks } => show(session, &tasks).await,
        SharepointCommand::Find(source) => find(session, &source).await,
        SharepointCommand::Cancel {
            tasks,
            confirmation,
        } => cancel(session, &tasks, &confirmation).await,
        SharepointCommand::Watch { tasks, pace } => {
            sharepoint_watch::run(session, tasks, &pace).await
        }
    }
}

impl Source {
    /// The option that names it, and its name.
    fn named(&self) -> (&'static str, &str) {
        match (&self.user, &self.site, &self.group) {
            (Some(user), _, _) => ("user", user),
            (_, Some(site), _) => ("site", site),
            (_, _, Some(group)) => ("group", group),
            (None, None, None) => ("user", ""),
        }
    }
}

fn parameters(new: &NewTask) -> Parameters {
    macro_rules! common {
        ($parameters:expr) => {{
            let mut parameters = $parameters;
            parameters.target_organization_host = new.target_host.clone();
            parameters.target_organization_id = new.target_tenant.clone();
            parameters.preferred_start_date_time = new.start.clone();
            parameters.preferred_latest_start_date_time = new.latest_start.clone();
            parameters.validate_only = new.validate_only.then_some(true);
            parameters.into()
        }};
    }
    match new.source.named() {
        ("site", site) => common!(
            SharePointSiteMigrationTaskParameters::new()
                .source_site_url(site)
                .target_site_url(new.to.as_str())
        ),
        ("group", group) => common!(
            SharePointGroupMigrationTaskParameters::new()
                .source_group_identity(GroupIdentity::of_mail_nickname(group))
                .target_group_identity(GroupIdentity::of_mail_nickname(new.to.as_str()))
        ),
        (_, user) => common!(
            SharePointUserMigrationTaskParameters::new()
                .source_user_identity(UserIdentity::of_user_principal_name(user))
                .target_user_identity(UserIdentity::of_user_principal_name(new.to.as_str()))
        ),
    }
}

async fn create(session: &mut Session<'_>, new: NewTask) -> Result<Exit, Failure> {
    let (kind, source) = new.source.named();
    let look = command(&format!("sharepoint find --{kind}={}", quoted(source)));
    if !new.validate_only {
        let start = match &new.start {
            Some(_) => rows::when(new.start.as_ref(), session.output.zone()),
            None => "as soon as the service gets to it".to_owned(),
        };
        session.output.say(&format!(
            "About to move the content of {kind} {source} to {}, {start}.",
            new.to
        ));
        session
            .output
            .say("It can be cancelled only until it starts.");
        confirm(&new.confirmation, 1, source, session.output)?;
    }
    let what = format!("the move of {source}");
    let read_back = session.workflows.reading_back(read_back());
    let created = Interruption::take_over()
        .or_leave(
            &what,
            &look,
            read_back.create_sharepoint_task(parameters(&new)),
        )
        .await?;
    let task = match created {
        Ok(Resolved::Answered(answer)) => {
            Output::left_out(source, answer.deviations());
            answer.into_value()
        }
        Ok(Resolved::TookEffect {
            state: Sighting::Present(task),
            ..
        }) => {
            session
                .output
                .say("the answer was lost; reading back shows that it took effect");
            task
        }
        Ok(other) => {
            return Err(Failure::new(
                Exit::Unknown,
                format!("whether {what} was created is UNKNOWN"),
            )
            .because(other)
            .next(format!("to find out: {look}")));
        }
        Err(error) => {
            return Err(Failure::of_call(
                format!("{what} was not created"),
                &error,
                &look,
            ));
        }
    };
    session.output.rows(&[row(&task)], "")?;
    match (&task.id, new.validate_only) {
        (_, true) => session.output.say("only checked; nothing moves"),
        (Some(id), false) => session.output.say(&format!(
            "created; see how far it is: {}",
            command_on("sharepoint watch", id)
        )),
        (None, false) => session
            .output
            .say(&format!("created; see how far it is: {look}")),
    }
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_>, tasks: &[String]) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for task in tasks {
        found.push(row(&read(session, task).await?));
    }
    session.output.rows(&found, "")?;
    Ok(Exit::Done)
}

async fn read(session: &Session<'_>, task: &str) -> Result<Task, Failure> {
    let answer = session
        .client()
        .get_sharepoint_task(task, GetOptions::new())
        .await
        .map_err(|error| not_read(task, &error))?;
    Output::left_out(task, answer.deviations());
    Ok(answer.into_value())
}

/// Why a task cannot be read.
pub fn not_read(what: &str, error: &Error) -> Failure {
    let failure = Failure::of_call(format!("the task {what} cannot be read"), error, "repeat");
    if failure.exit == Exit::NotFound {
        return failure.next("tasks are in the source tenant: check --profile, and the name");
    }
    failure
}

async fn find(session: &mut Session<'_>, source: &Source) -> Result<Exit, Failure> {
    let client = session.client();
    let options = GetOptions::new();
    let (kind, name) = source.named();
    let found = match kind {
        "site" => {
            client
                .get_sharepoint_task_by_source_site_url(name, options)
                .await
        }
        "group" => {
            client
                .get_sharepoint_task_by_source_group_mail_nickname(name, options)
                .await
        }
        _ => {
            client
                .get_sharepoint_task_by_source_user_principal_name(name, options)
                .await
        }
    };
    let answer = found.map_err(|error| not_read(&format!("of {name}"), &error))?;
    Output::left_out(name, answer.deviations());
    session.output.rows(&[row(answer.value())], "")?;
    Ok(Exit::Done)
}

async fn cancel(
    session: &mut Session<'_>,
    tasks: &[String],
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let tasks = &user_input::named(tasks, None, None)?;
    session.output.say(&format!(
        "About to cancel {}:",
        counted(tasks.len(), "task")
    ));
    for task in tasks {
        let found = match read(session, task).await {
            Err(_) if session.output.is_muted() => continue,
            found => found?,
        };
        let status = found
            .status
            .as_ref()
            .map_or("of unknown status", Status::as_str);
        session
            .output
            .say(&format!("  {task} ({status}), {}", source_of(&found)));
    }
    let typed = match tasks.as_slice() {
        [one] => one.clone(),
        several => format!("{} tasks", several.len()),
    };
    confirm(confirmation, tasks.len(), &typed, session.output)?;
    let interruption = Interruption::take_over();
    let mut all = Vec::new();
    for task in tasks {
        if interruption.is_requested() {
            all.push(Cancelled::not_sent(task.clone()));
            continue;
        }
        let report = tokio::select! {
            report = session.workflows.cancel_sharepoint_task_and_confirm(task, None) => report,
            () = interruption.insisted() => {
                all.push(Cancelled::left(task.clone()));
                continue;
            }
        };
        all.push(match report {
            Ok(report) => Cancelled {
                name: task.clone(),
                bucket: bucket(&report.verdict),
                reason: report.verdict.to_string(),
                next: None,
                exit: None,
            },
            Err(error) => Cancelled::failed(task.clone(), &error),
        });
    }
    let look = |task: &str| command_on("sharepoint show", task);
    conclude(&all, look, session.output)
}

fn bucket(verdict: &CancelVerdict<Task>) -> Bucket {
    let is_cancelled = |task: &Task| task.status == Some(Status::Cancelled);
    match verdict {
        // The service answers 204 once the task is cancelled; there is no state in between.
        CancelVerdict::Accepted(_) | CancelVerdict::FoundCancelling { .. } => Bucket::Cancelled,
        CancelVerdict::AlreadyBeingCancelled { .. } => Bucket::BeingCancelled,
        CancelVerdict::AlreadyFinal { state, .. } if is_cancelled(state) => Bucket::Cancelled,
        CancelVerdict::AlreadyFinal { .. } | CancelVerdict::AlreadyRemoved { .. } => {
            Bucket::OverAlready
        }
        CancelVerdict::TooLate { .. } | CancelVerdict::Refused { .. } => Bucket::GoesOn,
        // No document says of tasks that cancelling removes them.
        CancelVerdict::FoundRemoved { .. } | CancelVerdict::Unexplained { .. } => Bucket::Unknown,
    }
}

fn source_of(task: &Task) -> String {
    let text = match &task.parameters {
        Some(Parameters::User(user)) => user.source_user_identity.as_ref().and_then(|source| {
            source
                .user_principal_name
                .as_deref()
                .or(source.id.as_deref())
        }),
        Some(Parameters::Group(group)) => group
            .source_group_identity
            .as_ref()
            .and_then(|source| source.mail_nickname.as_deref()),
        Some(Parameters::Site(site)) => site.source_site_url.as_deref(),
        _ => None,
    };
    text.unwrap_or("of unknown source").to_owned()
}

fn kind_of(task: &Task) -> &'static str {
    match &task.parameters {
        Some(Parameters::User(_)) => "user",
        Some(Parameters::Group(_)) => "group",
        Some(Parameters::Site(_)) => "site",
        _ => "unknown",
    }
}

/// A task on one line.
fn row(task: &Task) -> Row {
    let error = task.error.as_ref();
    let time = |time: &Option<msgraph_migrations::DateTimeOffset>| {
        rows::text_of(
            time.as_ref()
                .map(msgraph_migrations::DateTimeOffset::as_str),
        )
    };
    Row::new()
        .with("id", rows::text_of(task.id.as_deref()))
        .with("kind", kind_of(task))
        .with("source", source_of(task))
        .with(
            "status",
            rows::text_of(task.status.as_ref().map(Status::as_str)),
        )
        .with(
            "code",
            rows::text_of(error.and_then(|error| error.code.as_deref())),
        )
        .with(
            "message",
            rows::text_of(error.and_then(|error| error.message.as_deref())),
        )
        .beside("started", time(&task.started_date_time))
        .beside("lastUpdated", time(&task.last_updated_date_time))
        .beside("finished", time(&task.finished_date_time))
        .beside("parameters", serde_json::json!(task.parameters))
}
