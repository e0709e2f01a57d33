//! What whoever rehearses can do to the service from behind the scenes.

use uuid::Uuid;

use super::Engine;
use crate::jobs::api;
use crate::jobs::arrange::{force, new_job};
use crate::settings::Settings;
use crate::state::State;
use crate::state::job::Service;
use crate::state::job_store::JobKey;
use crate::state::outcome::UserOutcome;
use crate::state::status::JobStatus;

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

/// Adds jobs in every status, SharePoint tasks and mappings.
pub(crate) fn load_demo(engine: &mut Engine) -> Result<(), ControlError> {
    let now = engine.settle();
    super::demo::load(&mut engine.state, now).map_err(ControlError::Invalid)
}
