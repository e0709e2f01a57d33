//! What whoever rehearses can do to the service from behind the scenes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Engine;
use crate::jobs::api;
use crate::jobs::arrange::{force, new_job};
use crate::settings::Settings;
use crate::state::State;
use crate::state::job_store::JobKey;
use crate::state::outcome::UserOutcome;
use crate::state::status::JobStatus;
use crate::state::task::SourceOutcome;

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
    engine.put_settings(settings, now);
    Ok(())
}

/// The refusal of a status that no job has.
pub(crate) fn unknown_status(status: &str) -> ControlError {
    let all: Vec<&str> = JobStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    ControlError::Invalid(format!(
        "there is no status '{status}'; choose among {}",
        all.join(", ")
    ))
}

pub(crate) fn set_job_status(
    engine: &mut Engine,
    id_or_name: &str,
    status: &str,
) -> Result<(), ControlError> {
    let wanted = JobStatus::parse(status).ok_or_else(|| unknown_status(status))?;
    let now = engine.settle();
    let index = find(&engine.state, id_or_name)?;
    force(&mut engine.state, index, wanted, now);
    Ok(())
}

pub(crate) fn set_job_stalled(
    engine: &mut Engine,
    id_or_name: &str,
    stalled: bool,
) -> Result<(), ControlError> {
    let now = engine.settle();
    stall(&mut engine.state, id_or_name, stalled, now)
}

/// Makes time pass a job by, or go on for it.
pub(super) fn stall(
    state: &mut State,
    id_or_name: &str,
    stalled: bool,
    now: DateTime<Utc>,
) -> Result<(), ControlError> {
    let index = find(state, id_or_name)?;
    let settings = state.settings.clone();
    state.jobs.keep(index, &settings, now);
    state.jobs.change(index, &settings, |job| {
        // The stage starts over, since the time that passed did not count.
        if job.stalled && !stalled {
            job.entered = now;
            job.floor = now;
        }
        job.stalled = stalled;
    });
    Ok(())
}

pub(crate) fn set_user_outcome(
    engine: &mut Engine,
    user: &str,
    outcome: UserOutcome,
) -> Result<(), ControlError> {
    let outcome = outcome.complete().map_err(ControlError::Invalid)?;
    let user = Uuid::try_parse(user).map_err(|_| {
        ControlError::Invalid(format!("'{user}' isn't the object id (GUID) of a user"))
    })?;
    let now = engine.settle();
    choose(&mut engine.state, user, outcome, now);
    Ok(())
}

/// What has happened stays; what is chosen counts from here on.
pub(super) fn choose(state: &mut State, user: Uuid, outcome: UserOutcome, now: DateTime<Utc>) {
    let settings = state.settings.clone();
    for index in state.jobs.jobs_of(user) {
        state.jobs.keep(index, &settings, now);
    }
    state.jobs.choose(user, outcome);
}

pub(crate) fn set_job_outcome(
    engine: &mut Engine,
    id_or_name: &str,
    outcome: UserOutcome,
) -> Result<(), ControlError> {
    let outcome = outcome.complete().map_err(ControlError::Invalid)?;
    let now = engine.settle();
    choose_for_job(&mut engine.state, id_or_name, &outcome, now)
}

/// Chooses what becomes of every user of a job.
pub(super) fn choose_for_job(
    state: &mut State,
    id_or_name: &str,
    outcome: &UserOutcome,
    now: DateTime<Utc>,
) -> Result<(), ControlError> {
    let index = find(state, id_or_name)?;
    let settings = state.settings.clone();
    state.jobs.keep(index, &settings, now);
    let users: Vec<Uuid> = state
        .jobs
        .get(index)
        .map(|job| job.users.iter().map(|user| user.id).collect())
        .unwrap_or_default();
    for user in users {
        state.jobs.choose(user, outcome.clone());
    }
    Ok(())
}

/// Chooses what becomes of the tasks of a source.
pub(crate) fn set_source_outcome(engine: &mut Engine, source: &str, outcome: SourceOutcome) {
    engine.settle();
    engine.state.tasks.choose(source, outcome);
}

/// How many users one call makes, so that a slip of the finger doesn't fill the memory.
const MAX_PRELOAD: usize = 1_000_000;

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
    if count.saturating_mul(users_each) > MAX_PRELOAD {
        return Err(ControlError::Invalid(format!(
            "{count} jobs of {users_each} users; at most {MAX_PRELOAD} users are made at once"
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

/// Adds jobs in every status, SharePoint tasks and mappings.
pub(crate) fn load_demo(engine: &mut Engine) -> Result<(), ControlError> {
    let now = engine.settle();
    super::demo::load(&mut engine.state, now).map_err(ControlError::Invalid)
}
