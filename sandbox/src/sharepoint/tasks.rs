//! The operations on SharePoint tasks.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::{ROOT, parameters};
use crate::answer::{Answer, GraphError};
use crate::call::Call;
use crate::odata::page;
use crate::operation::TaskSource;
use crate::settings::Settings;
use crate::state::State;
use crate::state::task::{SourceOutcome, Task, TaskStatus};
use crate::state::task_parameters::Parameters;

const COLLECTION: &str = "crossOrganizationMigrationTasks";
const PROPERTIES: [&str; 7] = [
    "id",
    "parameters",
    "status",
    "error",
    "startedDateTime",
    "lastUpdatedDateTime",
    "finishedDateTime",
];

/// What the text calls the partner where the request names none.
const PARTNER: &str = "https://target.sharepoint.example";

/// The text of the drafts for a trust that neither side has set up.
fn check_trust(settings: &Settings, partner: &str, role: &str) -> Result<(), GraphError> {
    if settings.trust_established {
        return Ok(());
    }
    Err(GraphError::new(
        422,
        "MnATrustNoSetupForPartner",
        format!(
            "There is no Cross-Tenant relationship established for partner {partner} and role {role}."
        ),
    ))
}

fn not_found(id: &str) -> GraphError {
    GraphError::new(
        404,
        "itemNotFound",
        format!("The migration task {id} could not be found."),
    )
}

pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, GraphError> {
    let mut parameters = parameters::read(call.json()?)?;
    check_trust(&state.settings, parameters.partner(), "target")?;
    if state.settings.same_farm {
        return Err(GraphError::new(
            501,
            "MnAPartnersOnTheSameFarm",
            "It has been detected that partners reside in the same SPO location that prevents them from migrating. Please contact MS to resolve this issue. Once the issue has been resolved, please try running the migration again.",
        ));
    }
    if parameters.kind == TaskSource::UserPrincipalName {
        look_up_user(state, &mut parameters)?;
    }
    parameters.name_geography();
    if parameters.validate_only {
        let failing = parameters
            .source()
            .and_then(|source| state.tasks.outcome_of(source))
            .filter(|outcome| outcome.fails);
        let status = match failing {
            Some(_) => TaskStatus::Failed.as_str(),
            None => state.settings.completed_literal.as_str(),
        };
        let mut body = json!({
            "@odata.context": call.context(&format!("{ROOT}/{COLLECTION}/$entity")),
            "status": status,
            "parameters": parameters.json,
        });
        if let Some(outcome) = failing {
            body["error"] = error(outcome);
        }
        return Ok(Answer::json(200, body));
    }
    let task = Task {
        id: state.new_id().to_string(),
        parameters,
        created: call.now,
        cancelled: None,
        outcome: SourceOutcome::default(),
    };
    // The examples leave the dates out of the answer to a creation.
    let body = json!({
        "@odata.context": call.context(&format!("{ROOT}/{COLLECTION}/$entity")),
        "id": task.id,
        "status": TaskStatus::NotStarted.as_str(),
        "parameters": task.parameters.json,
    });
    let effect = format!("task {}: created as notStarted", task.id);
    state.tasks.insert(task);
    Ok(Answer::json(200, body).changing(effect))
}

/// Holds the source user against the identity map and completes what it tells.
fn look_up_user(state: &State, parameters: &mut Parameters) -> Result<(), GraphError> {
    let (name, id) = parameters.source_user();
    let wanted = name.or(id).unwrap_or_default().to_owned();
    let mapping = state.mappings.user(name, id);
    let has_no_onedrive = |name: &str| {
        let without = &state.settings.users_without_onedrive;
        without.iter().any(|user| user.eq_ignore_ascii_case(name))
    };
    let known_name = name
        .map(str::to_owned)
        .or_else(|| mapping.as_ref().and_then(|(source, _)| source.clone()));
    if has_no_onedrive(known_name.as_deref().unwrap_or(&wanted)) {
        return Err(GraphError::new(
            422,
            "MnAOdbFailedToGetUrlForSourceUPN",
            format!("Unable to get a OneDrive URL for source user UPN {wanted}."),
        ));
    }
    match mapping {
        Some((source, target)) => {
            if let Some(source) = source {
                parameters.resolve("sourceUserIdentity", &source);
            }
            if let Some(target) = target {
                parameters.resolve("targetUserIdentity", &target);
            }
            Ok(())
        }
        None if state.settings.require_identity_map => Err(GraphError::new(
            422,
            "MnAIdentityMapEntryDoesNotExistsForSourceUPN",
            format!(
                "Identity map entry for source UPN {wanted} does not exist on the target tenant."
            ),
        )),
        None => Ok(()),
    }
}

/// A date of a task, with milliseconds as the samples have.
fn date(at: DateTime<Utc>, settings: &Settings) -> String {
    if settings.unpadded_task_dates {
        at.format("%Y-%-m-%dT%H:%M:%S%.3fZ").to_string()
    } else {
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

fn error(outcome: &SourceOutcome) -> Value {
    let (code, message) = outcome.error();
    json!({"code": code, "message": message})
}

pub(crate) fn view(task: &Task, settings: &Settings, now: DateTime<Utc>) -> Map<String, Value> {
    let progress = task.progress(settings, now);
    let status = match progress.status {
        TaskStatus::Completed => settings.completed_literal.as_str(),
        status => status.as_str(),
    };
    let mut body = Map::new();
    body.insert("id".into(), json!(task.id));
    body.insert("status".into(), json!(status));
    if progress.status == TaskStatus::Failed {
        body.insert("error".into(), error(&task.outcome));
    }
    if let Some(at) = progress.started {
        body.insert("startedDateTime".into(), json!(date(at, settings)));
    }
    body.insert(
        "lastUpdatedDateTime".into(),
        json!(date(progress.updated, settings)),
    );
    if let Some(at) = progress.finished {
        body.insert("finishedDateTime".into(), json!(date(at, settings)));
    }
    body.insert(
        "parameters".into(),
        Value::Object(task.parameters.json.clone()),
    );
    body
}

fn answer(state: &State, call: &Call<'_>, task: &Task) -> Result<Answer, GraphError> {
    let select = call.query.for_one()?;
    let body = Value::Object(view(task, &state.settings, call.now));
    let mut body = page::select(body, select.as_deref(), &PROPERTIES)?;
    let context = call.entity_context(&format!("{ROOT}/{COLLECTION}"), select.as_deref());
    if let Value::Object(body) = &mut body {
        body.insert("@odata.context".into(), json!(context));
    }
    let wrap = state.settings.wrap_entity_in_value;
    Ok(Answer::json(
        200,
        if wrap { json!({ "value": body }) } else { body },
    ))
}

pub(crate) fn get(state: &State, call: &Call<'_>, id: &str) -> Result<Answer, GraphError> {
    check_trust(&state.settings, PARTNER, "target")?;
    let index = state.tasks.find(id);
    let task = index
        .and_then(|index| state.tasks.get(index))
        .ok_or_else(|| not_found(id))?;
    answer(state, call, task)
}

pub(crate) fn get_by_source(
    state: &State,
    call: &Call<'_>,
    kind: TaskSource,
    source: &str,
) -> Result<Answer, GraphError> {
    check_trust(&state.settings, PARTNER, "target")?;
    let index = state.tasks.find_by_source(kind, source);
    let task = index
        .and_then(|index| state.tasks.get(index))
        .ok_or_else(|| not_found(source))?;
    answer(state, call, task)
}

pub(crate) fn cancel(state: &mut State, call: &Call<'_>, id: &str) -> Result<Answer, GraphError> {
    check_trust(&state.settings, PARTNER, "target")?;
    let settings = &state.settings;
    let index = state.tasks.find(id);
    let task = index
        .and_then(|index| state.tasks.get_mut(index))
        .ok_or_else(|| not_found(id))?;
    match task.progress(settings, call.now).status {
        TaskStatus::NotStarted => {
            task.cancelled = Some(call.now);
            let effect = format!("task {}: notStarted -> cancelled", task.id);
            Ok(Answer::empty(204).changing(effect))
        }
        TaskStatus::InProgress => Err(GraphError::conflict(
            "Cannot process the cancel request because the task is in progress",
        )),
        status => Err(GraphError::conflict(format!(
            "Cannot process the cancel request because the task is {}",
            status.as_str()
        ))),
    }
}
