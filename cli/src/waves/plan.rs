//! The difference between a wave and a tenant, and what it takes to even it out. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;
use serde::{Deserialize, Serialize};

use super::fixed::{fixed, named};
use super::format::Until;
use super::seen::{Seen, SeenJob, instant, mapping_key};
use super::wanted::{Mapping, Side, Wanted, WantedJob};

/// For how long a validation that passed is good, by the page on migrating.
const VALIDATION_HOLDS: TimeDelta = TimeDelta::days(7);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    Create,
    Postpone,
    Validate,
    Map,
    Unmap,
    Migrate,
}

impl Act {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Postpone => "postpone",
            Self::Validate => "validate",
            Self::Map => "map",
            Self::Unmap => "unmap",
            Self::Migrate => "migrate",
        }
    }
}

/// A change that is planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// Tells it apart from all others of the plan.
    pub id: String,
    pub act: Act,
    /// The job, or the source of the mapping.
    pub name: String,
    /// The index of the job or of the mapping in what is wanted.
    pub index: usize,
    /// What it does, in words.
    pub detail: String,
    /// Whether something that failed is tried again.
    pub is_retry: bool,
}

/// Something about a job that is no change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Remark {
    pub name: String,
    pub detail: String,
}

/// What is to be done, what stands in the way, and what somebody should look at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Difference {
    pub changes: Vec<Change>,
    /// What makes it impossible or dangerous to do what the file says.
    pub blocked: Vec<Remark>,
    /// What the file cannot put right.
    pub attention: Vec<Remark>,
    /// How many jobs and mappings are as the file says.
    pub unchanged: usize,
}

/// Compares.
pub fn compare(wanted: &Wanted, seen: &Seen, now: DateTime<Utc>) -> Difference {
    let mut difference = Difference::default();
    if let (Some(here), Some(there)) = (&wanted.target_tenant, &seen.tenant)
        && here != there
    {
        difference.blocked.push(Remark {
            name: wanted.wave.clone(),
            detail: format!("it is for the tenant {here}, and the jobs here are of {there}"),
        });
    }
    for (index, job) in wanted.jobs.iter().enumerate() {
        let before = difference.changes.len();
        let others = difference.blocked.len() + difference.attention.len();
        match seen.jobs.get(&job.name) {
            None => absent(wanted, index, now, &mut difference),
            Some(found) => present(wanted, index, found, now, &mut difference),
        }
        let is_changed = difference.changes.len() > before;
        elsewhere(job, seen, is_changed, &mut difference);
        if !is_changed && difference.blocked.len() + difference.attention.len() == others {
            difference.unchanged += 1;
        }
    }
    let maps = wanted.jobs.iter().any(|job| job.until >= Until::Mapped);
    for (index, mapping) in wanted.mappings.iter().enumerate() {
        let found = seen
            .mappings
            .get(&mapping_key(mapping.side, &mapping.source));
        match mapping_change(mapping, found).filter(|_| maps) {
            None => difference.unchanged += 1,
            Some((act, detail)) => difference.changes.push(Change {
                id: format!(
                    "{} {}",
                    act.as_str(),
                    mapping_key(mapping.side, &mapping.source)
                ),
                act,
                name: mapping.source.clone(),
                index,
                detail,
                is_retry: false,
            }),
        }
    }
    difference.changes.sort_by_key(|change| change.act);
    difference
}

fn change(wanted: &Wanted, index: usize, act: Act, detail: String) -> Change {
    let job = &wanted.jobs[index];
    Change {
        id: format!("{} {}", act.as_str(), job.name),
        act,
        name: job.name.clone(),
        index,
        detail,
        is_retry: false,
    }
}

fn absent(wanted: &Wanted, index: usize, now: DateTime<Utc>, difference: &mut Difference) {
    let job = &wanted.jobs[index];
    if instant(&job.complete_after).is_none_or(|time| time <= now) {
        difference.blocked.push(Remark {
            name: job.name.clone(),
            detail: format!(
                "its cutover, {}, has passed: the service would refuse it or take it as due at once",
                job.complete_after
            ),
        });
    }
    let changes = &mut difference.changes;
    changes.push(change(wanted, index, Act::Create, described(wanted, job)));
    follow_up(wanted, index, Until::Validated, changes);
}

/// A job to create, with all that is sent.
fn described(wanted: &Wanted, job: &WantedJob) -> String {
    let workloads = match job.workloads.as_slice() {
        [] => "all workloads".to_owned(),
        some => some.join(", "),
    };
    let exchange = match &job.exchange {
        Some(exchange) => format!(
            ", mail by {} to {}",
            exchange.source_endpoint, exchange.target_delivery_domain
        ),
        None => String::new(),
    };
    let target = match &wanted.target_tenant {
        Some(tenant) => format!(" to {tenant}"),
        None => String::new(),
    };
    format!(
        "{} {}, {workloads}, cutover {}{exchange}, from {}{target}",
        job.users.len(),
        if job.users.len() == 1 {
            "user"
        } else {
            "users"
        },
        job.complete_after,
        wanted.source_tenant
    )
}

/// What follows once the job stands before `from`.
fn follow_up(wanted: &Wanted, index: usize, from: Until, changes: &mut Vec<Change>) {
    let job = &wanted.jobs[index];
    if from <= Until::Validated && job.until >= Until::Validated {
        let detail = "starts the validation, which moves nothing".to_owned();
        changes.push(change(wanted, index, Act::Validate, detail));
    }
    if job.until >= Until::Migrating {
        let end = match job.until {
            Until::Migrated => "watched to its end",
            _ => "goes on by itself",
        };
        let detail = format!(
            "starts the migration once the validation has passed; CUTS OVER from {}, {end}",
            job.complete_after
        );
        changes.push(change(wanted, index, Act::Migrate, detail));
    }
}

fn present(
    wanted: &Wanted,
    index: usize,
    found: &SeenJob,
    now: DateTime<Utc>,
    difference: &mut Difference,
) {
    let job = &wanted.jobs[index];
    let remark = |detail: String| Remark {
        name: job.name.clone(),
        detail,
    };
    let mut changes = Vec::new();
    let mut attention = Vec::new();
    let mut blocked = Vec::new();
    let status = found.status();
    let shown = found.status.as_deref().unwrap_or("unknown");
    let retry = |changes: &mut Vec<Change>, from: Until| {
        let before = changes.len();
        follow_up(wanted, index, from, changes);
        if let Some(first) = changes.get_mut(before) {
            first.is_retry = true;
            first.detail = format!("AGAIN, after it ended as {shown}: {}", first.detail);
        }
    };
    let is_over = is_over(status.as_ref());
    match &status {
        Some(Status::Submitted) => follow_up(wanted, index, Until::Validated, &mut changes),
        Some(
            Status::ValidateSubmitted | Status::ValidateProcessing | Status::ValidateInProgress,
        ) => {
            follow_up(wanted, index, Until::Mapped, &mut changes);
        }
        Some(Status::ValidatePassed) => {
            let passed = found.last_updated.as_deref().and_then(instant);
            if passed.is_some_and(|passed| passed + VALIDATION_HOLDS <= now) {
                retry(&mut changes, Until::Validated);
            } else {
                follow_up(wanted, index, Until::Mapped, &mut changes);
            }
        }
        Some(Status::ValidateFailed) if job.until >= Until::Validated => {
            if wanted.retry_failed {
                retry(&mut changes, Until::Validated);
            } else {
                attention.push(remark(
                    "its validation failed; mend what it found, then set retry-failed = true"
                        .to_owned(),
                ));
            }
        }
        Some(Status::Failed | Status::CompletedWithErrors) if job.until >= Until::Migrating => {
            if wanted.retry_failed {
                retry(&mut changes, Until::Mapped);
            } else {
                attention.push(remark(format!(
                    "it ended as {shown}; mend what went wrong, then set retry-failed = true"
                )));
            }
        }
        Some(
            Status::Cancelled | Status::PendingCancel | Status::PendingDelete | Status::Deleted,
        ) => attention.push(remark(format!(
            "it is {shown}, and stays so; whoever still has to move needs a batch of another name"
        ))),
        Some(
            Status::Processing
            | Status::InProgress
            | Status::CuttingOver
            | Status::Completed
            | Status::ValidateFailed
            | Status::Failed
            | Status::CompletedWithErrors,
        ) => {}
        _ => attention.push(remark(format!(
            "no document explains its status {shown}; nothing is done with it"
        ))),
    }
    match moved_cutover(job, found, now) {
        None => {}
        Some((detail, _)) if is_over => {
            attention.push(remark(format!("{detail} is too late, it is {shown}")));
        }
        Some((detail, true)) => {
            blocked.push(remark(format!(
                "{detail} lies in the past: it would be due at once"
            )));
        }
        Some((detail, false)) => changes.push(change(wanted, index, Act::Postpone, detail)),
    }
    let differences = fixed(wanted, job, found);
    // What cannot be changed matters where something is still to be done.
    let to = if changes.is_empty() {
        &mut attention
    } else {
        &mut blocked
    };
    to.extend(differences.into_iter().map(remark));
    difference.changes.append(&mut changes);
    difference.attention.append(&mut attention);
    difference.blocked.append(&mut blocked);
}

/// Whether nothing moves any more in a job of this status.
fn is_over(status: Option<&Status>) -> bool {
    matches!(
        status,
        Some(
            Status::Completed
                | Status::CompletedWithErrors
                | Status::Failed
                | Status::Cancelled
                | Status::PendingCancel
                | Status::PendingDelete
                | Status::Deleted
        )
    )
}

/// Whether the file moves the cutover, in words, and whether to a time that has passed.
fn moved_cutover(job: &WantedJob, found: &SeenJob, now: DateTime<Utc>) -> Option<(String, bool)> {
    let old = found.complete_after.as_ref()?;
    let new = instant(&job.complete_after);
    let detail = format!("cutover {old} -> {}", job.complete_after);
    (instant(old) != new).then(|| (detail, new.is_none_or(|time| time <= now)))
}

fn elsewhere(job: &WantedJob, seen: &Seen, is_changed: bool, difference: &mut Difference) {
    let mut there: Vec<String> = Vec::new();
    for user in &job.users {
        if let Some(other) = seen.elsewhere.get(&user.id) {
            let user = user.name.as_ref().unwrap_or(&user.id);
            there.push(format!("{user} in {other}"));
        }
    }
    if there.is_empty() {
        return;
    }
    let remark = Remark {
        name: job.name.clone(),
        detail: format!(
            "{} of its users {} in another job that is not over, and a user may be in one: {}",
            there.len(),
            if there.len() == 1 { "is" } else { "are" },
            named(&there)
        ),
    };
    if is_changed {
        difference.blocked.push(remark);
    } else {
        difference.attention.push(remark);
    }
}

/// What makes the mapping as it is wanted; none if it is so.
fn mapping_change(wanted: &Mapping, found: Option<&Mapping>) -> Option<(Act, String)> {
    let of = match wanted.side {
        Side::User => "user",
        Side::Group => "group",
    };
    let shown = |mapping: &Mapping| {
        let mut text = mapping.target.clone().unwrap_or_default();
        for (name, value) in [("kind", &mapping.kind), ("address", &mapping.address)] {
            if let Some(value) = value {
                text.extend([", ", name, " ", value]);
            }
        }
        text
    };
    match (wanted.target.is_some(), found) {
        (false, None) => None,
        (false, Some(found)) => Some((
            Act::Unmap,
            format!("{of} no longer becomes {}", shown(found)),
        )),
        (true, None) => Some((Act::Map, format!("{of} becomes {}", shown(wanted)))),
        (true, Some(found)) if is_met(wanted, found) => None,
        (true, Some(found)) => Some((
            Act::Map,
            format!("{of} becomes {} -> {}", shown(found), shown(wanted)),
        )),
    }
}

/// Whether a mapping is as it is wanted; what the file leaves open may be anything.
pub fn is_met(wanted: &Mapping, found: &Mapping) -> bool {
    let same = |wanted: &Option<String>, found: &Option<String>| match (wanted, found) {
        (None, _) => true,
        (Some(wanted), Some(found)) => wanted.eq_ignore_ascii_case(found),
        (Some(_), None) => false,
    };
    same(&wanted.target, &found.target)
        && same(&wanted.kind, &found.kind)
        && same(&wanted.address, &found.address)
}
