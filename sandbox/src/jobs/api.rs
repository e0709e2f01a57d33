//! The operations on jobs and their users.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::create::{self, NewJob};
use super::view;
use crate::answer::{Answer, GraphError};
use crate::body;
use crate::call::Call;
use crate::odata::page;
use crate::settings::{CreateStarts, Settings, span};
use crate::state::State;
use crate::state::job::{Job, User};
use crate::state::job_store::JobKey;
use crate::state::lifecycle;
use crate::state::rules::{can_cancel, can_delete};
use crate::state::status::JobStatus;
use crate::state::workload;

pub(super) const COLLECTION: &str = "solutions/migrations/crossTenantMigrationJobs";

pub(super) fn job_not_found() -> GraphError {
    GraphError::not_found("The specified crossTenantMigrationJob wasn't found.")
}

pub(super) fn find(state: &State, key: &JobKey) -> Result<usize, GraphError> {
    state
        .jobs
        .find(key, &state.settings)
        .ok_or_else(job_not_found)
}

pub(super) fn get(state: &State, index: usize) -> Result<&Job, GraphError> {
    state.jobs.get(index).ok_or_else(job_not_found)
}

/// Puts `@odata.context` first, and the whole within `value` if the settings want it.
pub(super) fn entity(mut body: Value, context: &str, wrap: bool) -> Value {
    if let Value::Object(object) = &mut body {
        object.insert("@odata.context".into(), json!(context));
    }
    if wrap { json!({ "value": body }) } else { body }
}

pub(crate) fn list(state: &State, call: &Call<'_>) -> Result<Answer, GraphError> {
    let options = call.query.for_list()?;
    let settings = &state.settings;
    let visible = |(index, _): &(usize, &Job)| state.jobs.is_visible(*index, settings);
    let jobs: Vec<&Job> = state
        .jobs
        .roster()
        .all()
        .enumerate()
        .filter(visible)
        .map(|(_, job)| job)
        .collect();
    let total = jobs.len();
    let page = page::take(
        jobs,
        &view::JOB_ORDERS,
        true,
        &options,
        settings.max_page_size,
    )?;
    let items = page
        .items
        .iter()
        .map(|job| {
            page::select(
                view::job(job, settings, false),
                options.select.as_deref(),
                &view::JOB_PROPERTIES,
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    // The documented sample spells the collection differently in the link; a client must not mind.
    let link = page.next.map(|token| {
        let collection = format!(
            "{}/solutions/migrations/CrossTenantMigrationJobs",
            call.root()
        );
        page::next_link(&collection, &options, &token)
    });
    Ok(call.collection(COLLECTION, &options, items, total, link))
}

pub(crate) fn count(state: &State) -> Answer {
    let visible = |index: &usize| state.jobs.is_visible(*index, &state.settings);
    let count = (0..state.jobs.roster().len()).filter(visible).count();
    Answer::count(count)
}

pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Result<Answer, GraphError> {
    let starts = state.settings.create_starts;
    creation(state, call, starts)
}

/// The collection action of the first months: a job of its own that only validates.
pub(crate) fn collection_validate(
    state: &mut State,
    call: &Call<'_>,
) -> Result<Answer, GraphError> {
    creation(state, call, CreateStarts::Validation)
}

fn creation(
    state: &mut State,
    call: &Call<'_>,
    starts: CreateStarts,
) -> Result<Answer, GraphError> {
    let new = create::read(call.json()?, &state.settings, call.now)?;
    if state.jobs.has_name(&new.display_name) {
        return Err(GraphError::bad_argument(
            "duplicateDisplayNameJob",
            "displayName",
            "displayName already exists. Please provide a unique job displayName.",
        ));
    }
    let index = insert(state, new, call.now);
    let settings = state.settings.clone();
    state.jobs.change(index, &settings, |job| match starts {
        CreateStarts::Nothing => {}
        CreateStarts::Validation => start_validation(job, call.now),
        CreateStarts::Migration => start_migration(job, call.now),
    });
    let job = get(state, index)?;
    let body = view::job(job, &settings, true);
    let context = call.context(&format!("{COLLECTION}/$entity"));
    let effect = format!("job {}: created as {}", job.id, job.status.as_str());
    Ok(Answer::json(201, entity(body, &context, false)).changing(effect))
}

/// Creates the job without starting anything.
pub(crate) fn insert(state: &mut State, new: NewJob, now: DateTime<Utc>) -> usize {
    let id = state.new_id().to_string();
    let job = Job {
        sequence: state.jobs.next_sequence(),
        id,
        display_name: new.display_name,
        is_migration: false,
        status: JobStatus::Submitted,
        entered: now,
        floor: now,
        before_deletion: None,
        message: String::new(),
        complete_after: new.complete_after,
        source_tenant_id: new.source_tenant_id,
        target_tenant_id: state.tenant_id.clone(),
        exchange_settings: new.exchange_settings,
        workloads: new.workloads,
        services: new.services,
        resource_type: new.resource_type,
        users: new.users.into_iter().map(User::new).collect(),
        created: now,
        updated: now,
        created_by: state.settings.created_by.clone(),
        validated_at: None,
        active_since: now,
        running_since: None,
        cutting_since: None,
        attempts: 0,
        stalled: false,
        history: Vec::new(),
    };
    let settings = state.settings.clone();
    state.jobs.insert(job, &settings)
}

fn start_validation(job: &mut Job, now: DateTime<Utc>) {
    job.is_migration = false;
    job.validated_at = None;
    "Validation job has been submitted successfully".clone_into(&mut job.message);
    job.enter(JobStatus::ValidateSubmitted, now, false);
}

fn start_migration(job: &mut Job, now: DateTime<Utc>) {
    if !job.status.is_active() {
        job.active_since = now;
    }
    for user in &mut job.users {
        user.begin_anew();
    }
    job.running_since = None;
    job.cutting_since = None;
    job.is_migration = true;
    job.attempts = job.attempts.saturating_add(1);
    "Migration job has been submitted successfully".clone_into(&mut job.message);
    job.enter(JobStatus::Processing, now, false);
}

pub(crate) fn get_one(state: &State, call: &Call<'_>, key: &JobKey) -> Result<Answer, GraphError> {
    let select = call.query.for_one()?;
    let job = get(state, find(state, key)?)?;
    let body = view::job(job, &state.settings, false);
    let body = page::select(body, select.as_deref(), &view::JOB_PROPERTIES)?;
    let context = call.entity_context(COLLECTION, select.as_deref());
    let body = entity(body, &context, state.settings.wrap_entity_in_value);
    Ok(Answer::json(200, body))
}

pub(crate) fn update(
    state: &mut State,
    call: &Call<'_>,
    key: &JobKey,
) -> Result<Answer, GraphError> {
    let index = find(state, key)?;
    let body = body::object(call.json()?)?;
    body::check_names(body, &create::KNOWN)?;
    let date = body.get("completeAfterDateTime").ok_or_else(|| {
        GraphError::bad_request(
            "The property 'completeAfterDateTime' is required; no other can be updated.",
        )
    })?;
    let job = get(state, index)?;
    let is_deleted = matches!(job.status, JobStatus::PendingDelete | JobStatus::Deleted);
    let is_late = state.settings.refuse_late_update
        && !job.status.is_validation()
        && job.complete_after.at <= call.now;
    if is_deleted || is_late {
        return Err(GraphError::conflict(format!(
            "The job can't be updated because its current status is {}.",
            job.status.as_str()
        )));
    }
    let settings = state.settings.clone();
    let date = create::complete_after(date, &settings, call.now)?;
    state.jobs.keep(index, &settings, call.now);
    state.jobs.change(index, &settings, |job| {
        job.complete_after = date;
        job.updated = call.now;
        job.floor = job.floor.max(call.now);
    });
    let job = get(state, index)?;
    let effect = format!(
        "job {}: completeAfterDateTime set to {}",
        job.id,
        date.text()
    );
    let answer = if settings.update_returns_job {
        let context = call.context(&format!("{COLLECTION}/$entity"));
        Answer::json(
            200,
            entity(view::job(job, &settings, false), &context, false),
        )
    } else {
        Answer::empty(204)
    };
    Ok(answer.changing(effect))
}

pub(crate) fn delete(
    state: &mut State,
    key: &JobKey,
    if_match: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Answer, GraphError> {
    let index = find(state, key)?;
    // No answer carries an entity tag, so whoever names one has it from somewhere else.
    if if_match.is_some_and(|tags| !tags.trim().is_empty() && tags.trim() != "*") {
        return Err(GraphError::new(
            412,
            "PreconditionFailed",
            "The entity tag in 'If-Match' isn't that of the job; nothing was deleted.",
        ));
    }
    let settings = state.settings.clone();
    let job = get(state, index)?;
    if !can_delete(job.status, &settings) {
        let message = format!(
            "Cross Tenant Migration Job {} must be in final state (Completed, Failed, or Cancelled) before it can be deleted.",
            job.id
        );
        return Err(GraphError::conflict(message.clone()).with_detail(
            "resourceTypeMismatch",
            "status",
            message,
        ));
    }
    transition(state, index, JobStatus::PendingDelete, |job| {
        job.before_deletion = Some(job.status);
        "The deletion of the batch is being processed.".clone_into(&mut job.message);
        job.enter(JobStatus::PendingDelete, now, false);
    })
    .map(|effect| Answer::empty(202).changing(effect))
}

/// Changes a job's status and tells it for the log.
fn transition(
    state: &mut State,
    index: usize,
    to: JobStatus,
    change: impl FnOnce(&mut Job),
) -> Result<String, GraphError> {
    let settings = state.settings.clone();
    let job = get(state, index)?;
    let effect = format!("job {}: {} -> {}", job.id, job.status.as_str(), to.as_str());
    state.jobs.change(index, &settings, change);
    Ok(effect)
}

/// The context that the samples of the two starting actions have.
fn action_answer(
    state: &State,
    call: &Call<'_>,
    index: usize,
    effect: String,
) -> Result<Answer, GraphError> {
    let body = view::job(get(state, index)?, &state.settings, false);
    let context = call.context("microsoft.graph.crossTenantMigrationJob");
    let wrap = state.settings.wrap_entity_in_value;
    Ok(Answer::json(200, entity(body, &context, wrap)).changing(effect))
}

fn has_expired(state: &State, job: &Job, now: DateTime<Utc>) -> bool {
    let expiry = span(state.settings.timings.validation_expiry);
    job.validated_at.is_some_and(|at| now - at > expiry)
}

pub(crate) fn validate(
    state: &mut State,
    call: &Call<'_>,
    key: &JobKey,
) -> Result<Answer, GraphError> {
    let index = find(state, key)?;
    let job = get(state, index)?;
    let renews = job.status == JobStatus::ValidatePassed
        && state.settings.revalidate_expired
        && has_expired(state, job, call.now);
    if !matches!(job.status, JobStatus::Submitted | JobStatus::ValidateFailed) && !renews {
        return Err(GraphError::conflict(format!(
            "Validation can't be started because the current status is {}; it has to be submitted or validateFailed.",
            job.status.as_str()
        )));
    }
    let effect = transition(state, index, JobStatus::ValidateSubmitted, |job| {
        start_validation(job, call.now);
    })?;
    action_answer(state, call, index, effect)
}

pub(crate) fn migrate(
    state: &mut State,
    call: &Call<'_>,
    key: &JobKey,
) -> Result<Answer, GraphError> {
    let index = find(state, key)?;
    let job = get(state, index)?;
    let is_bound = match job.status {
        JobStatus::ValidatePassed => true,
        JobStatus::Failed | JobStatus::CompletedWithErrors => state.settings.expiry_binds_retry,
        status => {
            return Err(GraphError::conflict(format!(
                "Migration can't be started because the current status is {}",
                status.as_str()
            )));
        }
    };
    if is_bound && has_expired(state, job, call.now) {
        return Err(GraphError::conflict(
            "Migration can't be started because the validation results have expired; they are good for seven days.",
        ));
    }
    let effect = transition(state, index, JobStatus::Processing, |job| {
        start_migration(job, call.now);
    })?;
    action_answer(state, call, index, effect)
}

pub(crate) fn cancel(
    state: &mut State,
    call: &Call<'_>,
    key: &JobKey,
) -> Result<Answer, GraphError> {
    let index = find(state, key)?;
    let settings = state.settings.clone();
    let job = get(state, index)?;
    if !can_cancel(job, &settings, call.now) {
        return Err(GraphError::conflict(format!(
            "The job can't be cancelled and the migration continues. Current status is {}",
            job.status.as_str()
        )));
    }
    let message = "cancellation request has been accepted for the migration job";
    let begun = begun(state, index, &settings, call.now);
    state.jobs.keep(index, &settings, call.now);
    let effect = transition(state, index, JobStatus::PendingCancel, |job| {
        for user_index in begun {
            if let Some(user) = job.users.get_mut(user_index) {
                user.escaped = true;
            }
        }
        job.enter(JobStatus::PendingCancel, call.now, false);
        lifecycle::say(job);
    })?;
    let job = get(state, index)?;
    let status = view::cased(JobStatus::PendingCancel.as_str(), &settings);
    let mut body = json!({"status": status, "message": message});
    if let (true, Value::Object(body)) = (settings.cancel_answer_names_job, &mut body) {
        body.insert("id".into(), json!(job.id));
        body.insert("displayName".into(), json!(job.display_name));
    }
    Ok(cancel_answer(
        settings.cancel_job_status,
        body,
        settings.wrap_cancel_in_value,
    )
    .changing(effect))
}

/// The users whose cutover has begun, so that the cancellation of their job comes too late for them.
fn begun(state: &State, index: usize, settings: &Settings, now: DateTime<Utc>) -> Vec<usize> {
    let Some(job) = state.jobs.get(index) else {
        return Vec::new();
    };
    workload::settled(job, &state.jobs.roster().seats(job), settings, now)
        .iter()
        .filter(|one| workload::has_begun(one.status))
        .map(|one| one.index)
        .collect()
}

pub(super) fn cancel_answer(status: u16, body: Value, wrap: bool) -> Answer {
    Answer::json(status, if wrap { json!({ "value": body }) } else { body })
}
