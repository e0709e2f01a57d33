//! What tests see of the state, apart from the API.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::settings::Settings;
use crate::state::State;
use crate::state::job::{Job, Transition};
use crate::state::status::JobStatus;
use crate::state::task::{Task, TaskStatus};
use crate::state::workload::workload_status;

/// A job as it is at one moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobSnapshot {
    /// The id.
    pub id: String,
    /// The display name.
    pub display_name: String,
    /// `validate` or `migrate`.
    pub job_type: &'static str,
    /// The status.
    pub status: JobStatus,
    /// What the job says of itself.
    pub message: String,
    /// Not before when it cuts over.
    pub complete_after: DateTime<Utc>,
    /// How many attempts to migrate were started.
    pub attempts: u32,
    /// Whether time passes the job by.
    pub stalled: bool,
    /// The users, in the order of `resources`.
    pub users: Vec<UserSnapshot>,
    /// The latest changes of status, oldest first.
    pub history: Vec<Transition>,
}

/// A user of a job as it is at one moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSnapshot {
    /// The object id.
    pub id: String,
    /// Whether the user alone was cancelled.
    pub cancelled: bool,
    /// Service and status, in the order in which the API lists them.
    pub workloads: Vec<(String, String)>,
}

/// A SharePoint task as it is at one moment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSnapshot {
    /// The id.
    pub id: String,
    /// The status.
    pub status: TaskStatus,
    /// What the task is found by, if it names it.
    pub source: Option<String>,
}

impl Serialize for TaskStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JobSnapshot {
    pub(crate) fn of(job: &Job, state: &State, now: DateTime<Utc>) -> Self {
        let settings = &state.settings;
        let users = state.jobs.seats(job).into_iter().map(|seat| {
            let user = seat.user;
            let status = |service| workload_status(job, &seat, service, settings, now);
            UserSnapshot {
                id: user.id.to_string(),
                cancelled: user.cancelled_at.is_some(),
                workloads: job
                    .services
                    .iter()
                    .map(|service| (service.as_str().to_owned(), status(service).to_owned()))
                    .collect(),
            }
        });
        Self {
            id: job.id.clone(),
            display_name: job.display_name.clone(),
            job_type: if job.is_migration {
                "migrate"
            } else {
                "validate"
            },
            status: job.status,
            message: job.message.clone(),
            complete_after: job.complete_after.at,
            attempts: job.attempts,
            stalled: job.stalled,
            users: users.collect(),
            history: job.history.clone(),
        }
    }
}

impl TaskSnapshot {
    pub(crate) fn of(task: &Task, settings: &Settings, now: DateTime<Utc>) -> Self {
        Self {
            id: task.id.clone(),
            status: task.progress(settings, now).status,
            source: task.parameters.source().map(str::to_owned),
        }
    }
}
