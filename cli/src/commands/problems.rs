//! `xtmig problems`: who has one, and what the codes mean.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;
use msgraph_migrations_workflows::reports::Report;

use super::report::{problem_rows, whole};
use super::session::{Session, name_of};
use crate::error_codes::explain;
use crate::exit::{Exit, Failure, told};
use crate::output::{Row, counted};
use crate::progress::Progress;
use crate::suggestion::{command, command_on};

/// How many jobs are read at once: most of the time is spent waiting, and the limit of the service is shared.
const AT_ONCE: usize = 4;

pub async fn run(session: &mut Session<'_>, jobs: &[String]) -> Result<Exit, Failure> {
    let jobs = if jobs.is_empty() {
        with_users(session).await?
    } else {
        jobs.to_vec()
    };
    let reports = read(session, &jobs).await?;
    if !session.output.is_table() {
        let rows: Vec<_> = reports.iter().flat_map(problem_rows).collect();
        session.output.rows(&rows, "")?;
        tell_what_is_missing(&reports, session);
        return Ok(whole(&reports));
    }
    let rows = by_code(&reports);
    let is_whole = reports.iter().all(|report| report.users.is_complete());
    let none = if is_whole {
        "No user has a problem."
    } else {
        "No problem was found, but not everybody could be read."
    };
    session.output.rows(&rows, none)?;
    for report in &reports {
        let users = report.users.with_problems();
        if users > 0 {
            session.output.say(&format!(
                "{}: {users} of {}; all of them: {}",
                report.asked_for,
                counted(report.users.read, "user"),
                command_on("problems -o csv", &report.asked_for)
            ));
        }
    }
    tell_what_is_missing(&reports, session);
    Ok(whole(&reports))
}

fn tell_what_is_missing(reports: &[Report], session: &Session<'_>) {
    for report in reports {
        if !report.users.is_complete() {
            let why = match &report.users.broke_off {
                Some(error) => format!(": {}", told(error)),
                None => String::new(),
            };
            session.output.say(&format!(
                "{}: NOT ALL users could be read, so that there may be more problems{why}",
                report.asked_for
            ));
        }
    }
}

/// Reads what became of the users of jobs.
pub async fn read(session: &Session<'_>, jobs: &[String]) -> Result<Vec<Report>, Failure> {
    let progress = Progress::new(session.output, "reading users of jobs", Some(jobs.len()));
    let options = super::report::reading();
    let reading = jobs.iter().map(async |job| {
        let report = session.workflows.report(job, &options).await;
        progress.step();
        report.map_err(|error| {
            Failure::of_call(
                format!("{job} cannot be read"),
                &error,
                &command("jobs list"),
            )
        })
    });
    stream::iter(reading).buffered(AT_ONCE).try_collect().await
}

/// The jobs whose users may have problems: nothing went wrong in one that has not begun or went well.
async fn with_users(session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let jobs = session.jobs().await?;
    Ok(jobs
        .iter()
        .filter(|job| {
            !matches!(
                job.status,
                Some(
                    Status::Submitted
                        | Status::Completed
                        | Status::Cancelled
                        | Status::PendingDelete
                        | Status::Deleted
                )
            )
        })
        .map(|job| {
            let id = job.id.as_deref().unwrap_or_default();
            name_of(job, id).to_owned()
        })
        .collect())
}

/// A line for each code of each job.
fn by_code(reports: &[Report]) -> Vec<Row> {
    let mut rows = Vec::new();
    for report in reports {
        let codes: &BTreeMap<String, usize> = &report.users.problems_by_code;
        let mut codes: Vec<_> = codes.iter().collect();
        codes.sort_by_key(|(_, users)| std::cmp::Reverse(**users));
        for (code, users) in codes {
            let explanation = explain(code);
            rows.push(
                Row::new()
                    .with("job", report.asked_for.as_str())
                    .with("code", code.as_str())
                    .with("users", *users)
                    .with("meaning", explanation.map_or("", |found| found.meaning))
                    .with("next", explanation.map_or("", |found| found.next)),
            );
        }
    }
    rows
}
