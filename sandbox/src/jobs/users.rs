//! The operations on the users of a job.

use serde_json::json;

use super::api::{COLLECTION, cancel_answer, entity, find, get};
use super::view;
use crate::answer::{Answer, GraphError};
use crate::call::Call;
use crate::odata::page;
use crate::state::State;
use crate::state::job_store::JobKey;
use crate::state::rules::can_cancel;
use crate::state::status::JobStatus;
use crate::state::workload::{has_begun, workload_status};

pub(crate) fn list(state: &State, call: &Call<'_>, key: &JobKey) -> Result<Answer, GraphError> {
    let options = call.query.for_list()?;
    let settings = &state.settings;
    let job = get(state, find(state, key)?)?;
    let seats = state.jobs.roster().seats(job);
    let page = page::take(
        seats.iter().collect(),
        &view::USER_ORDERS,
        false,
        &options,
        settings.max_page_size,
    )?;
    let items = page
        .items
        .iter()
        .map(|seat| {
            let user = view::user(job, seat, settings, call.now);
            page::select(user, options.select.as_deref(), &view::USER_PROPERTIES)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let link = page.next.map(|token| {
        let collection = format!(
            "{}/solutions/migrations/CrossTenantMigrationJobs/{}/users",
            call.root(),
            job.id
        );
        page::next_link(&collection, &options, &token)
    });
    let collection = format!("{COLLECTION}('{}')/users", job.id);
    Ok(call.collection(&collection, &options, items, job.users.len(), link))
}

pub(crate) fn count(state: &State, key: &JobKey) -> Result<Answer, GraphError> {
    Ok(Answer::count(get(state, find(state, key)?)?.users.len()))
}

pub(crate) fn get_one(
    state: &State,
    call: &Call<'_>,
    key: &JobKey,
    user: &str,
) -> Result<Answer, GraphError> {
    let select = call.query.for_one()?;
    let job = get(state, find(state, key)?)?;
    let seat = job
        .user(user)
        .and_then(|index| state.jobs.roster().seat(job, index))
        .ok_or_else(|| GraphError::not_found(format!("The job has no user with the id {user}.")))?;
    let body = view::user(job, &seat, &state.settings, call.now);
    let body = page::select(body, select.as_deref(), &view::USER_PROPERTIES)?;
    let collection = format!("{COLLECTION}('{}')/users", job.id);
    let context = call.entity_context(&collection, select.as_deref());
    Ok(Answer::json(
        200,
        entity(body, &context, state.settings.wrap_entity_in_value),
    ))
}

pub(crate) fn cancel(
    state: &mut State,
    call: &Call<'_>,
    key: &JobKey,
    user: &str,
) -> Result<Answer, GraphError> {
    let settings = state.settings.clone();
    let index = find(state, key)?;
    let job = get(state, index)?;
    let seat = job
        .user(user)
        .and_then(|index| state.jobs.roster().seat(job, index))
        .ok_or_else(|| {
            GraphError::not_found(format!(
                "Cancellation not possible as no task found for given ID {user}"
            ))
        })?;
    let (user_index, found) = (seat.index, seat.user);
    let status = |service| workload_status(job, &seat, service, &settings, call.now);
    let is_migrating = matches!(job.status, JobStatus::InProgress | JobStatus::CuttingOver);
    // Of several workloads the mailbox decides, because it is the one that cuts over first.
    let begun = job
        .services
        .iter()
        .filter(|_| is_migrating)
        .map(status)
        .filter(|status| has_begun(status))
        .last();
    if begun.is_some() || found.cancelled_at.is_some() || !can_cancel(job, &settings, call.now) {
        let last = job.services.iter().last();
        let status = begun.or(last.map(status)).unwrap_or(job.status.as_str());
        return Err(GraphError::conflict(format!(
            "Cancel is not possible. Current status is {status}"
        )));
    }
    let (id, job_id) = (found.id, job.id.clone());
    state.jobs.change(index, &settings, |job| {
        if let Some(user) = job.users.get_mut(user_index) {
            user.cancelled_at = Some(call.now);
        }
        job.updated = call.now;
    });
    let body = json!({
        "status": "Accepted",
        "message": format!("Cancellation request for user id: {id} from batch: {} was accepted.", key.as_str()),
    });
    Ok(cancel_answer(
        settings.cancel_user_status,
        body,
        settings.wrap_cancel_in_value,
    )
    .changing(format!("job {job_id}: user {id} cancelled")))
}
