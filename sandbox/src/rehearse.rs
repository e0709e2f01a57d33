//! What whoever rehearses can do to the service from behind the scenes.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::engine::Engine;
use crate::jobs::api;
use crate::jobs::create::NewJob;
use crate::jobs::lifecycle::{self, Circumstances};
use crate::jobs::model::{Job, Reason, Service, Services};
use crate::jobs::outcome::UserOutcome;
use crate::jobs::status::JobStatus;
use crate::route::JobKey;
use crate::service::State;
use crate::settings::Settings;

/// Why something cannot be arranged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It makes no sense.
    #[error("{0}")]
    Invalid(String),
}

pub(crate) fn find(state: &State, id_or_name: &str) -> Result<usize, ControlError> {
    state
        .jobs
        .find(&JobKey::IdOrName(id_or_name.to_owned()), &state.settings)
        .ok_or_else(|| ControlError::NotFound(format!("there is no job '{id_or_name}'")))
}

pub(crate) fn set_settings(engine: &mut Engine, settings: Settings) -> Result<(), ControlError> {
    settings.check().map_err(ControlError::Invalid)?;
    let now = engine.settle();
    engine.state.settings = settings;
    engine
        .state
        .jobs
        .reschedule_all(now, &engine.state.settings);
    Ok(())
}

pub(crate) fn set_job_status(
    engine: &mut Engine,
    id_or_name: &str,
    status: &str,
) -> Result<(), ControlError> {
    let wanted = JobStatus::parse(status).ok_or_else(|| {
        let all: Vec<&str> = JobStatus::ALL
            .iter()
            .map(|status| status.as_str())
            .collect();
        ControlError::Invalid(format!(
            "there is no status '{status}'; choose among {}",
            all.join(", ")
        ))
    })?;
    let now = engine.settle();
    let index = find(&engine.state, id_or_name)?;
    force(&mut engine.state, index, wanted, now);
    Ok(())
}

/// Puts a job into a status, with users to match it.
pub(crate) fn force(state: &mut State, index: usize, status: JobStatus, now: DateTime<Utc>) {
    let settings = state.settings.clone();
    state.jobs.judge(index, &settings, |job, around| {
        arrange(job, status, now, around);
    });
}

fn arrange(job: &mut Job, status: JobStatus, now: DateTime<Utc>, around: &[Circumstances<'_>]) {
    let before = job.status;
    job.is_migration = !status.is_validation();
    job.before_deletion = None;
    match status {
        JobStatus::Submitted | JobStatus::ValidateSubmitted | JobStatus::ValidateProcessing => {
            job.validated_at = None;
            clear(job);
        }
        JobStatus::ValidateInProgress => {
            clear(job);
            lifecycle::check(job, around);
        }
        JobStatus::ValidatePassed => {
            clear(job);
            job.validated_at = Some(now);
        }
        JobStatus::ValidateFailed => {
            clear(job);
            lifecycle::check(job, around);
            let services = job.services;
            if job.remaining().all(|user| user.invalid.is_empty())
                && let Some(user) = job
                    .users
                    .iter_mut()
                    .find(|user| user.cancelled_at.is_none())
            {
                user.invalid = services;
                user.reason = Reason::Chosen;
            }
        }
        JobStatus::Processing | JobStatus::InProgress => begin(job, before, now),
        JobStatus::CuttingOver => {
            begin(job, before, now);
            lifecycle::plan(job, around);
        }
        JobStatus::Completed => {
            clear(job);
            begin(job, before, now);
            lifecycle::conclude(job);
        }
        JobStatus::CompletedWithErrors | JobStatus::Failed => {
            clear(job);
            begin(job, before, now);
            fail_some(job, status == JobStatus::Failed);
            lifecycle::conclude(job);
        }
        JobStatus::PendingDelete | JobStatus::Deleted => {
            let is_final = !before.is_active()
                && before != JobStatus::PendingDelete
                && before != JobStatus::Deleted;
            job.before_deletion = Some(if is_final {
                before
            } else {
                JobStatus::Cancelled
            });
        }
        JobStatus::Cancelled
        | JobStatus::PendingCancel
        | JobStatus::Approved
        | JobStatus::AdminActionRequired => {}
    }
    if let Some(message) = lifecycle::message(status) {
        message.clone_into(&mut job.message);
    }
    job.enter(status, now, true);
}

fn clear(job: &mut Job) {
    for user in &mut job.users {
        user.invalid = Services::default();
        user.failed = Services::default();
        user.completed = Services::default();
    }
}

fn begin(job: &mut Job, before: JobStatus, now: DateTime<Utc>) {
    if !before.is_active() {
        job.active_since = now;
    }
    job.attempts = job.attempts.max(1);
    job.validated_at.get_or_insert(now);
}

/// Fails all users, or the first one; of a job with a single user the first workload.
fn fail_some(job: &mut Job, all: bool) {
    let services = job.services;
    let first: Services = services.iter().take(1).collect();
    let alone = job.remaining().count() == 1;
    let remaining = job
        .users
        .iter_mut()
        .filter(|user| user.cancelled_at.is_none());
    for user in remaining.take(if all { usize::MAX } else { 1 }) {
        user.failed = if alone && !all { first } else { services };
        user.reason = Reason::Chosen;
    }
}

pub(crate) fn set_job_stalled(
    engine: &mut Engine,
    id_or_name: &str,
    stalled: bool,
) -> Result<(), ControlError> {
    let now = engine.settle();
    let index = find(&engine.state, id_or_name)?;
    let settings = engine.state.settings.clone();
    engine.state.jobs.change(index, &settings, |job| {
        // The stage starts over, since the time that passed did not count.
        if job.stalled && !stalled {
            job.entered = now;
            job.floor = now;
        }
        job.stalled = stalled;
    });
    Ok(())
}

fn check_workload(outcome: &UserOutcome) -> Result<(), ControlError> {
    match outcome.workload.as_deref() {
        Some(workload) if Service::parse(workload).is_none() => {
            Err(ControlError::Invalid(format!(
                "there is no workload '{workload}'; choose among ODSP, Meeting, Teams, Exchange"
            )))
        }
        _ => Ok(()),
    }
}

pub(crate) fn set_user_outcome(
    engine: &mut Engine,
    user: &str,
    outcome: UserOutcome,
) -> Result<(), ControlError> {
    check_workload(&outcome)?;
    let user = Uuid::try_parse(user).map_err(|_| {
        ControlError::Invalid(format!("'{user}' isn't the object id (GUID) of a user"))
    })?;
    engine.settle();
    engine.state.jobs.choose(user, outcome);
    Ok(())
}

pub(crate) fn set_job_outcome(
    engine: &mut Engine,
    id_or_name: &str,
    outcome: &UserOutcome,
) -> Result<(), ControlError> {
    check_workload(outcome)?;
    engine.settle();
    let index = find(&engine.state, id_or_name)?;
    let users: Vec<Uuid> = engine
        .state
        .jobs
        .get(index)
        .map(|job| job.users.iter().map(|user| user.id).collect())
        .unwrap_or_default();
    for user in users {
        engine.state.jobs.choose(user, outcome.clone());
    }
    Ok(())
}

/// How many users one call makes, so that a slip of the finger doesn't fill the memory.
const LARGEST_PRELOAD: usize = 1_000_000;

pub(crate) fn preload_jobs(
    engine: &mut Engine,
    count: usize,
    users_each: usize,
) -> Result<Vec<String>, ControlError> {
    let largest = engine.state.settings.max_users_per_job;
    if users_each == 0 || users_each > largest {
        return Err(ControlError::Invalid(format!(
            "{users_each} users to a job; it takes 1 to {largest}"
        )));
    }
    if count.saturating_mul(users_each) > LARGEST_PRELOAD {
        return Err(ControlError::Invalid(format!(
            "{count} jobs of {users_each} users; at most {LARGEST_PRELOAD} users are made at once"
        )));
    }
    let now = engine.settle();
    let first = engine.state.jobs.next_sequence() + 1;
    let mut ids = Vec::with_capacity(count);
    for number in (first..).take(count) {
        let users = (0..users_each).map(|_| engine.state.new_id()).collect();
        let name = format!("Preloaded batch {number}");
        if engine.state.jobs.has_name(&name) {
            return Err(ControlError::Invalid(format!(
                "there is a job '{name}' already"
            )));
        }
        let index = api::insert(&mut engine.state, new_job(name, users, now), now);
        ids.extend(engine.state.jobs.get(index).map(|job| job.id.clone()));
    }
    Ok(ids)
}

/// A job of the simplest kind, to cut over a week from now.
pub(crate) fn new_job(display_name: String, users: Vec<Uuid>, now: DateTime<Utc>) -> NewJob {
    NewJob {
        display_name,
        complete_after: now + TimeDelta::days(7),
        source_tenant_id: "6f1d4c02-83be-47a5-9d10-52e7c8b0a936".into(),
        exchange_settings: Some(("source-to-target".into(), "target.example".into())),
        workloads: Service::ALL
            .iter()
            .map(|service| service.as_str().to_owned())
            .collect(),
        services: Service::ALL.into_iter().collect(),
        resource_type: "Users".into(),
        users,
    }
}
