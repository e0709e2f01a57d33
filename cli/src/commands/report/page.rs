//! The report as a page that needs nothing else. Pure.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Utc};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as JobStatus,
    CrossTenantMigrationServiceStatus as Status,
};
use msgraph_migrations_workflows::reports::{Report, UserReport};

use crate::commands::session::{name_of, status_of};
use crate::deadlines::{self, Cancellable, cancellable, next_deadline};
use crate::error_codes::explain;
use crate::output::counted;
use crate::time::{Zone, distance};

/// How many different messages of one code are shown.
const MAX_MESSAGES: usize = 3;
/// The width of the timeline.
const WHOLE: i64 = 100;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    written: String,
    verdict: String,
    jobs: Vec<Section>,
    version: &'static str,
}

struct Section {
    name: String,
    id: String,
    status: String,
    class: &'static str,
    tenants: String,
    meaning: &'static str,
    message: String,
    /// What is not known, since it could not be read.
    gaps: Vec<String>,
    users: usize,
    with_problems: usize,
    marks: Vec<Mark>,
    cancellable: String,
    retry: String,
    workloads: Vec<Workload>,
    errors: Vec<Group>,
    columns: Vec<String>,
    rows: Vec<UserRow>,
}

struct Mark {
    what: &'static str,
    time: String,
    position: i64,
    class: &'static str,
}

struct Workload {
    name: String,
    shares: Vec<Share>,
}

struct Share {
    status: String,
    count: usize,
    class: &'static str,
}

struct Group {
    code: String,
    users: Vec<String>,
    meaning: &'static str,
    next: &'static str,
    messages: Vec<String>,
}

struct UserRow {
    user: String,
    cells: Vec<Cell>,
}

#[derive(Clone, Default)]
struct Cell {
    status: String,
    class: &'static str,
    codes: String,
}

/// Makes the page as it is at `now`.
pub fn render(reports: &[Report], now: DateTime<Utc>, zone: Zone) -> askama::Result<String> {
    let jobs: Vec<_> = reports
        .iter()
        .map(|report| section(report, now, zone))
        .collect();
    let title = match jobs.as_slice() {
        [one] => format!("Migration report: {}", one.name),
        several => format!("Migration report on {} jobs", several.len()),
    };
    let users: usize = jobs.iter().map(|job| job.users).sum();
    let with_problems: usize = jobs.iter().map(|job| job.with_problems).sum();
    let known = if jobs.iter().all(|job| job.gaps.is_empty()) {
        ""
    } else {
        "; NOT ALL could be read"
    };
    Page {
        title,
        written: zone.format(now),
        verdict: format!(
            "{with_problems} of {} {} problems{known}.",
            counted(users, "user"),
            if with_problems == 1 { "has" } else { "have" }
        ),
        jobs,
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()
}

fn section(report: &Report, now: DateTime<Utc>, zone: Zone) -> Section {
    let none = Job::default();
    let job = report.job.as_ref().unwrap_or(&none);
    let users = &report.users;
    let columns: Vec<String> = users.statuses.keys().cloned().collect();
    Section {
        name: name_of(job, &report.asked_for).to_owned(),
        id: job.id.clone().unwrap_or_default(),
        status: status_of(job).to_owned(),
        class: job_class(job),
        tenants: tenants(job),
        meaning: job
            .status
            .as_ref()
            .and_then(JobStatus::meaning)
            .unwrap_or_default(),
        message: job.message.clone().unwrap_or_default(),
        gaps: gaps(users),
        users: users.read,
        with_problems: users.with_problems(),
        marks: marks(job, now, zone),
        cancellable: cancellable_text(job, now, zone),
        retry: retry_text(job, users),
        workloads: workloads(users),
        errors: groups(users),
        rows: rows(users, &columns),
        columns,
    }
}

fn tenants(job: &Job) -> String {
    match (&job.source_tenant_id, &job.target_tenant_id) {
        (Some(source), Some(target)) => format!("from {source} into {target}"),
        (Some(source), None) => format!("from {source}"),
        (None, Some(target)) => format!("into {target}"),
        (None, None) => String::new(),
    }
}

fn gaps(users: &UserReport) -> Vec<String> {
    let mut gaps = Vec::new();
    if let Some(error) = &users.broke_off {
        gaps.push(format!("Reading the users broke off: {error}"));
    }
    if !users.without_status.is_empty() {
        gaps.push(format!(
            "No status could be told of {}.",
            counted(users.without_status.len(), "user")
        ));
    }
    if users.without_id > 0 {
        gaps.push(format!(
            "Listed without an id: {}.",
            counted(users.without_id, "user")
        ));
    }
    for deviation in &users.deviations {
        gaps.push(format!("Not read: {deviation}"));
    }
    gaps
}

fn marks(job: &Job, now: DateTime<Utc>, zone: Zone) -> Vec<Mark> {
    let next = next_deadline(job, now).filter(|next| Some(next.time) != deadlines::cutover(job));
    let mut times: Vec<(DateTime<Utc>, &'static str, &'static str)> = [
        (deadlines::utc(job.created_date_time.as_ref()), "created"),
        (
            deadlines::utc(job.last_updated_date_time.as_ref()),
            "last change of the job",
        ),
        (deadlines::cutover(job), "nothing cuts over before"),
        (
            next.map(|next| next.time),
            next.map_or("", |next| next.what),
        ),
    ]
    .into_iter()
    .filter_map(|(time, what)| Some((time?, what, "")))
    .collect();
    times.push((now, "this report", "now"));
    // Whoever reads minutes reads the ones of a minute in the order in which they happen.
    times.sort_by_key(|(time, ..)| time.timestamp().div_euclid(60));
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Vec::new();
    };
    let (start, length) = (first.0, (last.0 - first.0).num_seconds().max(1));
    let position = |time: DateTime<Utc>| {
        let position = (time - start).num_seconds() * WHOLE / length;
        position.clamp(0, WHOLE)
    };
    times
        .iter()
        .map(|(time, what, class)| {
            let away = if *time == now {
                "now".to_owned()
            } else {
                distance(*time, now)
            };
            Mark {
                what,
                time: format!("{} ({away})", zone.format(*time)),
                position: position(*time),
                class,
            }
        })
        .collect()
}

fn cancellable_text(job: &Job, now: DateTime<Utc>, zone: Zone) -> String {
    match cancellable(job, now) {
        Cancellable::Yes => "yes: nothing has begun to move".to_owned(),
        Cancellable::Until(time) => format!(
            "yes, until mailboxes cut over, which may begin at {} ({})",
            zone.format(time),
            distance(time, now)
        ),
        Cancellable::TooLate => "NO, it is too late: mailboxes cut over".to_owned(),
        Cancellable::Over => "there is nothing to cancel any more".to_owned(),
        Cancellable::Unknown => "no document tells whether it can be".to_owned(),
    }
}

fn retry_text(job: &Job, users: &UserReport) -> String {
    let name = crate::suggestion::quoted(name_of(job, "JOB"));
    match job.status {
        Some(JobStatus::Failed | JobStatus::CompletedWithErrors) => format!(
            "not migrated: {}; remove the causes below, then: xtmig retry {name}",
            counted(users.with_problems(), "user")
        ),
        Some(JobStatus::ValidateFailed) => format!(
            "not ready: {}; remove the causes below, then: xtmig retry {name}",
            counted(users.with_problems(), "user")
        ),
        _ => "nothing to retry in this status".to_owned(),
    }
}

fn workloads(users: &UserReport) -> Vec<Workload> {
    let of = |(name, counts): (&String, &BTreeMap<String, usize>)| Workload {
        name: name.clone(),
        shares: counts
            .iter()
            .map(|(status, count)| Share {
                status: status.clone(),
                count: *count,
                class: class(&Status::from(status.as_str())),
            })
            .collect(),
    };
    users.statuses.iter().map(of).collect()
}

fn groups(users: &UserReport) -> Vec<Group> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for problem in &users.problems {
        let own = problem.errors.iter().map(|error| {
            (
                error.code.as_deref().unwrap_or("no code"),
                error.message.as_deref(),
            )
        });
        let none = problem
            .errors
            .is_empty()
            .then_some(("no code", problem.message.as_deref()));
        for (code, message) in own.chain(none) {
            let group = groups.entry(code).or_insert_with(|| {
                let explanation = explain(code);
                Group {
                    code: code.to_owned(),
                    users: Vec::new(),
                    meaning: explanation.map_or("", |found| found.meaning),
                    next: explanation.map_or("", |found| found.next),
                    messages: Vec::new(),
                }
            });
            if group.users.last() != Some(&problem.user) {
                group.users.push(problem.user.clone());
            }
            if let Some(message) = message
                && group.messages.len() < MAX_MESSAGES
                && group.messages.iter().all(|known| known != message)
            {
                group.messages.push(message.to_owned());
            }
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.users.len()));
    groups
}

fn rows(users: &UserReport, columns: &[String]) -> Vec<UserRow> {
    let of_user = |user: &msgraph_migrations::models::CrossTenantMigrationTask| {
        let mut cells = vec![Cell::default(); columns.len()];
        for details in &user.current_status {
            let service = details.service.as_deref().unwrap_or("unknown");
            let column = columns
                .iter()
                .position(|column| column.eq_ignore_ascii_case(service));
            let Some(cell) = column.and_then(|column| cells.get_mut(column)) else {
                continue;
            };
            let codes: Vec<_> = details
                .errors
                .iter()
                .filter_map(|error| error.code.as_deref())
                .collect();
            *cell = Cell {
                status: details
                    .status
                    .as_ref()
                    .map_or("unknown", Status::as_str)
                    .to_owned(),
                class: details.status.as_ref().map_or("wait", class),
                codes: codes.join(", "),
            };
        }
        UserRow {
            user: user.id.clone().unwrap_or_default(),
            cells,
        }
    };
    let mut rows: Vec<UserRow> = users.users.iter().map(of_user).collect();
    // Whoever looks for somebody looks for trouble first.
    rows.sort_by_key(|row| row.cells.iter().all(|cell| cell.class != "bad"));
    rows
}

fn class(status: &Status) -> &'static str {
    match status {
        Status::Completed | Status::Valid => "good",
        Status::Failed | Status::Error | Status::Invalid => "bad",
        Status::InProgress | Status::Syncing | Status::Synced | Status::Finalizing => "busy",
        Status::Cancelled | Status::PendingCancel => "off",
        _ => "wait",
    }
}

fn job_class(job: &Job) -> &'static str {
    match job.status {
        Some(JobStatus::Completed | JobStatus::ValidatePassed) => "good",
        Some(JobStatus::Failed | JobStatus::CompletedWithErrors | JobStatus::ValidateFailed) => {
            "bad"
        }
        Some(
            JobStatus::Processing
            | JobStatus::InProgress
            | JobStatus::CuttingOver
            | JobStatus::ValidateProcessing
            | JobStatus::ValidateInProgress,
        ) => "busy",
        Some(
            JobStatus::Cancelled
            | JobStatus::PendingCancel
            | JobStatus::PendingDelete
            | JobStatus::Deleted,
        ) => "off",
        _ => "wait",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_in_one_minute_stands_in_the_order_in_which_it_happens() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
        // The service writes the one with fractions of a second, and the other without.
        let job: Job = serde_json::from_str(
            r#"{"createdDateTime": "2026-12-12T16:04:30.9Z", "lastUpdatedDateTime": "2026-12-12T16:04:30Z",
                "completeAfterDateTime": "2026-12-14T16:04:00Z", "status": "submitted"}"#,
        )
        .expect("a job");
        let marks = marks(&job, at("2026-12-12T16:04:59Z"), Zone::Utc);
        let order: Vec<_> = marks.iter().map(|mark| mark.what).collect();
        assert_eq!(
            order[..3],
            ["created", "last change of the job", "this report"],
            "{order:?}"
        );
        assert!(marks[2].time.ends_with("(now)"), "{}", marks[2].time);
        assert!(
            marks
                .iter()
                .all(|mark| (0..=WHOLE).contains(&mark.position))
        );
    }
}
