//! What would have gone wrong on a weekend, and when, as a rehearsal shows it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::reports::Report;

use super::plan_file::Plan;
use crate::error_codes::explain;
use crate::output::Row;
use crate::time::Zone;

/// Something that went wrong.
#[derive(Debug)]
pub struct Trouble {
    at: DateTime<Utc>,
    what: &'static str,
    name: String,
    detail: String,
    next: String,
}

/// Statuses that nobody wants to see.
const BAD: [&str; 4] = [
    "validateFailed",
    "failed",
    "completedWithErrors",
    "cancelled",
];

/// All of it, in the order of time.
pub fn of(sandbox: &Sandbox, plan: &Plan, reports: &[Report]) -> Vec<Trouble> {
    let mut all = scenario(sandbox);
    all.extend(requests(sandbox));
    for wanted in &plan.wanted.jobs {
        all.extend(job(sandbox, &wanted.name, &wanted.complete_after));
    }
    let names: BTreeMap<&str, &str> = plan
        .wanted
        .jobs
        .iter()
        .flat_map(|job| &job.users)
        .filter_map(|user| Some((user.id.as_str(), user.name.as_deref()?)))
        .collect();
    for report in reports {
        all.extend(users(sandbox, report, &names));
    }
    all.sort_by(|one, other| (one.at, &one.name).cmp(&(other.at, &other.name)));
    all
}

pub fn row(trouble: &Trouble, zone: Zone) -> Row {
    Row::new()
        .shown_as("time", trouble.at.to_rfc3339(), zone.format(trouble.at))
        .with("what", trouble.what)
        .with("name", trouble.name.as_str())
        .with("detail", trouble.detail.as_str())
        .with("next", trouble.next.as_str())
}

/// What the scenario did.
fn scenario(sandbox: &Sandbox) -> Vec<Trouble> {
    let events = sandbox.scenario_events();
    events
        .into_iter()
        .map(|event| Trouble {
            at: event.at,
            what: "scenario",
            name: String::new(),
            detail: match event.missed {
                Some(why) => format!("{} (did not happen: {why})", event.what),
                None => event.what,
            },
            next: String::new(),
        })
        .collect()
}

/// The requests that went wrong, by what befell them.
fn requests(sandbox: &Sandbox) -> Vec<Trouble> {
    let mut by_fault: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for request in sandbox.requests() {
        for fault in &request.faults {
            by_fault.entry(fault.clone()).or_default().push(request.at);
        }
        if request.status == Some(401) && request.faults.is_empty() {
            let fault = "tokenExpired".to_owned();
            by_fault.entry(fault).or_default().push(request.at);
        }
    }
    by_fault
        .into_iter()
        .filter_map(|(fault, times)| {
            let (first, last) = (times.iter().min()?, times.iter().max()?);
            Some(Trouble {
                at: *first,
                what: "requests",
                name: fault,
                detail: format!(
                    "{} requests until {}",
                    times.len(),
                    last.format("%Y-%m-%d %H:%MZ")
                ),
                next: "sat out or read back; nothing to do".to_owned(),
            })
        })
        .collect()
}

/// What became of a job, and how late.
fn job(sandbox: &Sandbox, name: &str, complete_after: &str) -> Vec<Trouble> {
    let Some(job) = sandbox.job(name) else {
        return vec![Trouble {
            at: sandbox.now(),
            what: "job",
            name: name.to_owned(),
            detail: "was never created".to_owned(),
            next: "see above why not".to_owned(),
        }];
    };
    let mut all: Vec<_> = job
        .history
        .iter()
        .filter(|change| BAD.contains(&change.to.as_str()))
        .map(|change| Trouble {
            at: change.at,
            what: "job",
            name: name.to_owned(),
            detail: format!("{} -> {}", change.from.as_str(), change.to.as_str()),
            next: "mend what its users lack, then set retry-failed = true".to_owned(),
        })
        .collect();
    if matches!(
        job.status.as_str(),
        "processing" | "inProgress" | "cuttingOver"
    ) {
        all.push(Trouble {
            at: sandbox.now(),
            what: "job",
            name: name.to_owned(),
            detail: format!(
                "still {}, with its cutover at {complete_after}",
                job.status.as_str()
            ),
            next: "allow for more time, or find out what it waits for".to_owned(),
        });
    }
    all
}

fn users<'a>(
    sandbox: &'a Sandbox,
    report: &'a Report,
    names: &'a BTreeMap<&str, &str>,
) -> impl Iterator<Item = Trouble> + 'a {
    report.users.problems.iter().map(move |problem| {
        let user = report
            .users
            .users
            .iter()
            .find(|user| user.id.as_deref() == Some(&problem.user));
        let at = user
            .and_then(|user| user.last_updated_date_time.as_ref())
            .and_then(msgraph_migrations::DateTimeOffset::to_utc);
        let codes: Vec<&str> = problem
            .errors
            .iter()
            .filter_map(|error| error.code.as_deref())
            .collect();
        let known = codes.iter().find_map(|code| explain(code));
        let name = names.get(problem.user.as_str()).copied();
        Trouble {
            at: at.unwrap_or_else(|| sandbox.now()),
            what: "user",
            name: name.unwrap_or(&problem.user).to_owned(),
            detail: format!(
                "{}: {} {} {}",
                report.asked_for,
                problem.workload.as_deref().unwrap_or("all workloads"),
                problem
                    .status
                    .as_ref()
                    .map_or_else(|| "of unknown status".to_owned(), ToString::to_string),
                codes.join(", ")
            ),
            next: known.map_or("", |known| known.next).to_owned(),
        }
    })
}
