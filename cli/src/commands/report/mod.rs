//! `xtmig jobs report`: what became of jobs and of each of their users.

mod page;

use std::fs;
use std::path::Path;
use std::time::Duration;

use msgraph_migrations::models::{
    CrossTenantMigrationServiceStatus as Status,
    CrossTenantMigrationServiceStatusDetails as Details,
};
use msgraph_migrations_workflows::reports::Report;
use msgraph_migrations_workflows::waiting::WaitOptions;
use serde_json::{Value, json};

use super::problems::read;
use super::rows::text_of;
use super::session::{Session, status_of};
use crate::arguments::{Format, ReportArguments};
use crate::error_codes::explain;
use crate::exit::{Exit, Failure};
use crate::output::{Row, put};

/// For how long trouble is sat out while users are read.
const MAX_OUTAGE: Duration = Duration::from_secs(20);

/// How the users of a job are read: whoever sits before a screen does not sit out a long pause.
pub fn reading() -> WaitOptions {
    WaitOptions::new()
        .min_interval(Duration::from_secs(1))
        .max_outage(MAX_OUTAGE)
        .deadline(MAX_OUTAGE)
}

pub async fn run(session: &mut Session<'_>, arguments: &ReportArguments) -> Result<Exit, Failure> {
    let reports = read(session, &arguments.jobs).await?;
    if arguments.csv {
        session.output.set_format(Format::Csv);
    }
    if let Some(file) = &arguments.html {
        return write_page(session, &reports, file);
    }
    if session.output.is_table() {
        let rows: Vec<_> = reports.iter().map(summary).collect();
        session.output.rows(&rows, "")?;
        for report in &reports {
            session.output.say(&format!("{}:", report.asked_for));
            for line in report.to_string().lines().skip(1) {
                session.output.say(&format!("  {}", line.trim_end()));
            }
        }
        return Ok(whole(&reports));
    }
    let rows: Vec<_> = reports.iter().flat_map(user_rows).collect();
    session.output.rows(&rows, "")?;
    Ok(whole(&reports))
}

/// A report that lacks users must not look whole.
pub fn whole(reports: &[Report]) -> Exit {
    if reports
        .iter()
        .all(|report| report.users.broke_off.is_none())
    {
        Exit::Done
    } else {
        Exit::Partly
    }
}

fn write_page(session: &Session<'_>, reports: &[Report], file: &Path) -> Result<Exit, Failure> {
    let jobs = reports.iter().filter_map(|report| report.job.as_ref());
    let now = crate::deadlines::present(jobs, chrono::Utc::now());
    let page = page::render(reports, now, session.output.zone())
        .map_err(|error| Failure::unexpected("the page cannot be made", error))?;
    if file == Path::new("-") {
        put(page.as_bytes())?;
    } else {
        fs::write(file, page).map_err(|error| {
            Failure::usage(format!("{} cannot be written", file.display()))
                .because(error)
                .next("name another file")
        })?;
        session
            .output
            .say(&format!("written to {}", file.display()));
    }
    Ok(whole(reports))
}

/// A job on one line, with counts.
pub fn summary(report: &Report) -> Row {
    let users = &report.users;
    let workloads: Vec<String> = users
        .statuses
        .iter()
        .map(|(workload, counts)| {
            let counts: Vec<_> = counts
                .iter()
                .map(|(status, count)| format!("{count} {status}"))
                .collect();
            format!("{workload}: {}", counts.join(", "))
        })
        .collect();
    let job = report.job.as_ref();
    Row::new()
        .with("job", report.asked_for.as_str())
        .with("status", job.map_or("unknown", |job| status_of(job)))
        .with("users", users.read)
        .with("withProblems", users.with_problems())
        .with("cancelled", users.cancelled.len())
        .shown_as("workloads", json!(users.statuses), workloads.join("; "))
}

/// A line for each workload of each user.
fn user_rows(report: &Report) -> Vec<Row> {
    let users = report.users.users.iter();
    users
        .flat_map(|user| {
            let id = text_of(user.id.as_deref());
            let workloads = user.current_status.iter();
            workloads.map(move |details| row(report, id.clone(), details))
        })
        .collect()
}

/// A line for each problem.
pub fn problem_rows(report: &Report) -> Vec<Row> {
    let problems = report.users.problems.iter();
    problems
        .map(|problem| {
            let mut details = Details::default();
            details.errors.clone_from(&problem.errors);
            details.message.clone_from(&problem.message);
            details.service.clone_from(&problem.workload);
            details.status.clone_from(&problem.status);
            row(report, Value::from(problem.user.as_str()), &details)
        })
        .collect()
}

fn row(report: &Report, user: Value, details: &Details) -> Row {
    let codes: Vec<&str> = details
        .errors
        .iter()
        .filter_map(|error| error.code.as_deref())
        .collect();
    let texts: Vec<&str> = details
        .errors
        .iter()
        .filter_map(|error| error.message.as_deref())
        .collect();
    let explanation = codes.iter().find_map(|code| explain(code));
    Row::new()
        .with("job", report.asked_for.as_str())
        .with("user", user)
        .with("workload", text_of(details.service.as_deref()))
        .with(
            "status",
            text_of(details.status.as_ref().map(Status::as_str)),
        )
        .with("codes", json!(codes))
        .with("message", text_of(details.message.as_deref()))
        .with("errors", json!(texts))
        .with("meaning", text_of(explanation.map(|found| found.meaning)))
        .with("next", text_of(explanation.map(|found| found.next)))
}
