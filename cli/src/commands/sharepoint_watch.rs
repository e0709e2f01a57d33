//! `xtmig sharepoint watch`: one line per change of a task.

use futures_util::StreamExt;
use msgraph_migrations::models::{
    SharePointMigrationTask as Task, SharePointMigrationTaskStatus as Status,
};
use msgraph_migrations_workflows::waiting::{Event, WaitEnd};

use super::rows;
use super::session::Session;
use super::sharepoint::not_read;
use super::watch::wait_options;
use crate::arguments::{Format, Pace};
use crate::exit::{Exit, Failure};
use crate::output::{Row, nobody_reads};
use crate::suggestion::command;

pub async fn run(
    session: &mut Session<'_>,
    tasks: Vec<String>,
    pace: &Pace,
) -> Result<Exit, Failure> {
    if !matches!(session.output.format(), Format::Table | Format::Jsonl) {
        return Err(
            Failure::usage("a watch has no end of which a whole could be made")
                .because("it tells each change as it comes")
                .next("use --output jsonl, or leave --output out"),
        );
    }
    let zone = session.output.zone();
    let mut seen = session
        .workflows
        .watch_sharepoint_tasks(tasks, &wait_options(pace));
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut exits = Vec::new();
    loop {
        let next = tokio::select! {
            next = seen.next() => next,
            Ok(()) = &mut interrupted => {
                session.output.say("no longer watched; what has started GOES ON by itself");
                return Ok(Exit::Interrupted);
            }
        };
        if nobody_reads() {
            return Ok(Exit::Interrupted);
        }
        let observation = match next {
            None => break,
            Some(Ok(observation)) => observation,
            Some(Err(error)) => return Err(not_read("that is watched", &error)),
        };
        let task = observation.state();
        let (event, text) = told(&observation.event);
        if let Event::Ended(end) = &observation.event {
            exits.push(exit(end));
        }
        let status = task
            .and_then(|task| task.status.as_ref())
            .map(Status::as_str);
        let now = chrono::Utc::now();
        if session.output.is_table() {
            let line = format!("{}  {}: {text}\n", zone.clock(now), observation.asked_for);
            crate::output::put(line.as_bytes())?;
        } else {
            let row = Row::new()
                .with("time", now.to_rfc3339())
                .with("task", observation.asked_for.as_str())
                .with("event", event)
                .with("status", rows::text_of(status))
                .with("text", text);
            session.output.rows(&[row], "")?;
        }
    }
    if exits.contains(&Exit::NotFound) {
        session.output.say(&format!(
            "look for a task that is not there by its source: {}",
            command("sharepoint find")
        ));
    }
    Ok(match exits.as_slice() {
        [] => Exit::Done,
        [first, rest @ ..] if rest.iter().all(|exit| exit == first) => *first,
        _ => Exit::Partly,
    })
}

fn told(event: &Event<Task>) -> (&'static str, String) {
    let status = |task: &Task| {
        task.status
            .as_ref()
            .map_or("of unknown status", Status::as_str)
            .to_owned()
    };
    match event {
        Event::First(task) => ("first", format!("is {}", status(task))),
        Event::Changed(task) | Event::AdminActionRequired(task) => {
            ("changed", format!("is now {}", status(task)))
        }
        Event::Stalled { state, .. } => ("stalled", format!("STALLED, it is {}", status(state))),
        Event::Outage { error, .. } => (
            "outage",
            format!("cannot be read, and is tried again: {error}"),
        ),
        Event::Recovered { .. } => ("recovered", "can be read again".to_owned()),
        Event::Ended(end) => {
            let text = match end {
                WaitEnd::Reached(task) | WaitEnd::Elsewhere(task) => {
                    match task
                        .error
                        .as_ref()
                        .and_then(|error| error.message.as_deref())
                    {
                        Some(message) => format!("over: {} ({message})", status(task)),
                        None => format!("over: {}", status(task)),
                    }
                }
                WaitEnd::Gone(Some(_)) => "is no longer there".to_owned(),
                WaitEnd::Gone(None) => "is not there".to_owned(),
                WaitEnd::DeadlinePassed(_) => "no longer watched, and GOES ON by itself".to_owned(),
            };
            ("ended", text)
        }
        _ => ("changed", "something happened that is not known".to_owned()),
    }
}

fn exit(end: &WaitEnd<Task>) -> Exit {
    match end {
        WaitEnd::Reached(task) if task.status == Some(Status::Failed) => Exit::Refused,
        WaitEnd::Reached(_) => Exit::Done,
        WaitEnd::Elsewhere(_) => Exit::Refused,
        WaitEnd::Gone(_) => Exit::NotFound,
        WaitEnd::DeadlinePassed(_) => Exit::TryLater,
    }
}
