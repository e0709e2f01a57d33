//! What tests see of the state, apart from the API.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::state::job::{Job, Transition};
use crate::state::picture::Picture;
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
    pub(crate) fn of(job: &Job, picture: &Picture) -> Self {
        let users = picture.jobs.seats(job).into_iter().map(|seat| {
            let user = seat.user;
            let status =
                |service| workload_status(job, &seat, service, &picture.settings, picture.now);
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
    pub(crate) fn of(task: &Task, picture: &Picture) -> Self {
        Self {
            id: task.id.clone(),
            status: task.progress(&picture.settings, picture.now).status,
            source: task.parameters.source().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::clock::DEFAULT_START;
    use crate::jobs::api::insert;
    use crate::jobs::arrange::new_job;
    use crate::settings::Settings;
    use crate::state::State;

    fn state() -> State {
        let mut state = State::new(Settings::default(), 0);
        for name in ["Wave 1", "Wave 2"] {
            let users = (0..3).map(|_| state.new_id()).collect();
            insert(
                &mut state,
                new_job(name.into(), users, DEFAULT_START),
                DEFAULT_START,
            );
        }
        state.mappings.put_user("ines@a.example", "ines@b.example");
        state
    }

    #[test]
    fn a_picture_copies_no_job_and_no_mapping() {
        let state = state();
        let picture = state.picture(DEFAULT_START);
        let again = state.picture(DEFAULT_START);
        for (one, other) in picture.jobs.shared().iter().zip(again.jobs.shared()) {
            assert!(Arc::ptr_eq(one, other));
        }
        assert!(Arc::ptr_eq(
            &picture.user_mappings[0],
            &again.user_mappings[0]
        ));
    }

    #[test]
    fn what_changes_later_is_not_in_the_picture_and_costs_one_job() {
        let mut state = state();
        let before = state.picture(DEFAULT_START);
        let settings = state.settings.clone();
        state
            .jobs
            .change(0, &settings, |job| job.users[0].escaped = true);
        let after = state.picture(DEFAULT_START);
        let shared =
            |index: usize| Arc::ptr_eq(&before.jobs.shared()[index], &after.jobs.shared()[index]);
        assert_eq!((shared(0), shared(1)), (false, true));
        assert!(!before.jobs.shared()[0].users[0].escaped);
        assert!(after.jobs.shared()[0].users[0].escaped);
    }
}
