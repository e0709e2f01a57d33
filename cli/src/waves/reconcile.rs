//! What became of the changes of a run that was interrupted, as far as the tenant shows it. Pure but for the journal.

use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;

use super::journal::{Event, How, Journal, State};
use super::plan::{Act, Change, is_met};
use super::plan_file::Plan;
use super::seen::{Seen, SeenJob, instant, mapping_key};
use crate::exit::Failure;

/// Notes what was done and not noted, and says what stands in the way of going on.
pub fn reconcile(plan: &Plan, journal: &Journal, now: &Seen) -> Result<Vec<String>, Failure> {
    let mut moved = Vec::new();
    for job in &plan.wanted.jobs {
        let Some(found) = now.jobs.get(&job.name) else {
            let create = plan.change(Act::Create, &job.name);
            if create.is_none_or(|create| journal.is_done(&create.id)) {
                moved.push(format!("{} is no longer there", job.name));
            }
            continue;
        };
        let known = match plan.seen.jobs.get(&job.name) {
            Some(seen) => Some(seen.id.clone()),
            None => match plan
                .change(Act::Create, &job.name)
                .and_then(|create| journal.state(&create.id))
            {
                Some(State::Done { job }) => job,
                Some(_) => None,
                None => {
                    moved.push(format!(
                        "{} has been created meanwhile, not by this run",
                        job.name
                    ));
                    continue;
                }
            },
        };
        if known.is_some_and(|known| !known.is_empty() && !known.eq_ignore_ascii_case(&found.id)) {
            moved.push(format!("{} is another job than before", job.name));
        }
        let mut users: Vec<&str> = match plan.seen.jobs.get(&job.name) {
            Some(seen) => seen.users.iter().map(String::as_str).collect(),
            None => job.users.iter().map(|user| user.id.as_str()).collect(),
        };
        users.sort_unstable();
        if users != found.users {
            moved.push(format!(
                "the users of {} are others than those of the plan",
                job.name
            ));
        }
    }
    if !moved.is_empty() {
        return Ok(moved);
    }
    let mut events = Vec::new();
    for change in &plan.difference.changes {
        if !journal.is_done(&change.id) && is_made(plan, change, journal, now) {
            let job = now.jobs.get(&change.name);
            events.push(Event::Done {
                change: change.id.clone(),
                how: How::Found,
                job: job.map(|job| job.id.clone()),
            });
        }
    }
    journal.add(&events)?;
    Ok(moved)
}

fn is_made(plan: &Plan, change: &Change, journal: &Journal, now: &Seen) -> bool {
    if let Act::Map | Act::Unmap = change.act {
        let wanted = &plan.wanted.mappings[change.index];
        let found = now.mappings.get(&mapping_key(wanted.side, &wanted.source));
        return match (wanted.target.is_some(), found) {
            (true, Some(found)) => is_met(wanted, found),
            (true, None) => false,
            (false, found) => found.is_none(),
        };
    }
    let Some(found) = now.jobs.get(&change.name) else {
        return false;
    };
    let before = plan.seen.jobs.get(&change.name);
    let status = found.status();
    match change.act {
        Act::Create => true,
        Act::Postpone => {
            let wanted = &plan.wanted.jobs[change.index];
            found.cutover() == instant(&wanted.complete_after)
        }
        // What was never sent and ended before has not been tried again.
        _ if change.is_retry => journal.state(&change.id).is_some() && has_moved(before, found),
        Act::Validate => !matches!(status, Some(Status::Submitted)),
        Act::Migrate => matches!(
            status,
            Some(
                Status::Processing
                    | Status::InProgress
                    | Status::CuttingOver
                    | Status::Completed
                    | Status::CompletedWithErrors
                    | Status::Failed
            )
        ),
        Act::Map | Act::Unmap => false,
    }
}

fn has_moved(before: Option<&SeenJob>, found: &SeenJob) -> bool {
    before.is_none_or(|before| {
        before.status != found.status || before.last_updated != found.last_updated
    })
}
