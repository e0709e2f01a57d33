//! `xtmig problems`: who has one, and what the codes mean.

use std::collections::BTreeMap;

use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;
use msgraph_migrations_workflows::reports::Report;

use super::report::problem_rows;
use super::session::{Session, name_of};
use crate::error_codes::explain;
use crate::exit::{Exit, Failure};
use crate::output::Row;
use crate::progress::Progress;
use crate::suggestion::{command, quoted};

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
        return Ok(Exit::Done);
    }
    let rows = by_code(&reports);
    session.output.rows(&rows, "No user has a problem.")?;
    for report in &reports {
        let users = report.users.with_problems();
        if users > 0 {
            session.output.say(&format!(
                "{}: {users} of {} users; all of them: {}",
                report.asked_for,
                report.users.read,
                command(&format!("problems {} -o csv", quoted(&report.asked_for)))
            ));
        }
        if !report.users.is_complete() {
            session.output.say(&format!(
                "{}: NOT ALL users could be read, so that there may be more",
                report.asked_for
            ));
        }
    }
    Ok(Exit::Done)
}

/// Reads what became of the users of jobs.
pub async fn read(session: &Session<'_>, jobs: &[String]) -> Result<Vec<Report>, Failure> {
    let progress = Progress::new(session.output, "reading users of jobs", Some(jobs.len()));
    let options = super::report::reading();
    let mut reports = Vec::new();
    for job in jobs {
        progress.say(format!("reading the users of {job}"));
        let report = session.workflows.report(job, &options).await;
        reports.push(report.map_err(|error| {
            Failure::of_call(
                format!("{job} cannot be read"),
                &error,
                &command("jobs list"),
            )
        })?);
        progress.step();
    }
    Ok(reports)
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
