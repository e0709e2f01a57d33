//! A tenant in the middle of a merger: jobs in every status, SharePoint tasks and mappings.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::jobs::api;
use crate::jobs::arrange::{force, new_job};
use crate::sharepoint::parameters;
use crate::state::State;
use crate::state::status::JobStatus;
use crate::state::task::{SourceOutcome, Task, TaskStatus};

/// How many users each job has.
const USERS: usize = 25;

/// Adds the demonstration to the state.
pub(crate) fn load(state: &mut State, now: DateTime<Utc>) -> Result<(), String> {
    let name = |status: JobStatus| format!("Demo {}", status.as_str());
    if JobStatus::ALL
        .iter()
        .any(|status| state.jobs.has_name(&name(*status)))
    {
        return Err("the demonstration is loaded already".into());
    }
    for status in JobStatus::ALL {
        let users = (0..USERS).map(|_| state.new_id()).collect();
        let index = api::insert(state, new_job(name(*status), users, now), now);
        force(state, index, *status, now);
    }
    mappings(state);
    for status in [
        TaskStatus::NotStarted,
        TaskStatus::InProgress,
        TaskStatus::Completed,
        TaskStatus::Failed,
        TaskStatus::Cancelled,
    ] {
        task(state, status, now)?;
    }
    Ok(())
}

/// One OneDrive, one site and one group-connected site would hide the statuses; a user each shows them.
fn task(state: &mut State, status: TaskStatus, now: DateTime<Utc>) -> Result<(), String> {
    let name = status.as_str();
    let parameters = match status {
        TaskStatus::NotStarted => json!({
            "@odata.type": "#microsoft.graph.sharePointSiteMigrationTaskParameters",
            "targetOrganizationHost": "https://target.sharepoint.example",
            "sourceSiteUrl": "https://source.sharepoint.example/sites/archive",
            "targetSiteUrl": "https://target.sharepoint.example/sites/archive",
        }),
        TaskStatus::InProgress => json!({
            "@odata.type": "#microsoft.graph.sharePointGroupMigrationTaskParameters",
            "targetOrganizationHost": "https://target.sharepoint.example",
            "sourceGroupIdentity": {"mailNickname": "demo-group"},
            "targetGroupIdentity": {"mailNickname": "demo-group-moved"},
        }),
        _ => json!({
            "@odata.type": "#microsoft.graph.sharePointUserMigrationTaskParameters",
            "targetOrganizationHost": "https://target-my.sharepoint.example",
            "sourceUserIdentity": {"userPrincipalName": format!("{name}@source.example")},
            "targetUserIdentity": {"userPrincipalName": format!("{name}@target.example")},
        }),
    };
    let parameters = parameters::read(&json!({ "parameters": parameters }))
        .map_err(|error| format!("the demonstration's own task is wrong: {}", error.message))?;
    let timings = &state.settings.timings;
    let age = match status {
        TaskStatus::NotStarted | TaskStatus::Cancelled => 0,
        TaskStatus::InProgress => i64::from(timings.task_pickup) + i64::from(timings.task_work) / 2,
        TaskStatus::Completed | TaskStatus::Failed => {
            i64::from(timings.task_pickup) + i64::from(timings.task_work)
        }
    };
    let task = Task {
        id: state.new_id().to_string(),
        parameters,
        created: now - TimeDelta::seconds(age),
        cancelled: (status == TaskStatus::Cancelled).then_some(now),
        outcome: SourceOutcome {
            fails: status == TaskStatus::Failed,
            ..SourceOutcome::default()
        },
    };
    state.tasks.insert(task);
    Ok(())
}

fn mappings(state: &mut State) {
    for name in ["completed", "failed", "cancelled", "next"] {
        state.mappings.put_user(
            &format!("{name}@source.example"),
            &format!("{name}@target.example"),
        );
    }
}
