//! Makes the mappings of a plan: in requests of fifty, each in the journal, and read back where an answer is lost.

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    SharePointGroupIdentityMappingDeltaItem as GroupChange,
    SharePointIdentityMappingGroupMigrationData as GroupData,
    SharePointIdentityMappingUserMigrationData as UserData,
    SharePointUserIdentityMappingDeltaItem as UserChange,
};
use msgraph_migrations::{Client, Error, MAX_MAPPINGS, RetryPolicy};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{
    Bulk, BulkItem, BulkMappingOutcome, BulkMappingResult, BulkOptions, RunStopped,
};
use tokio::time::Instant;

use super::guard::Gate;
use super::journal::{Event, How, Journal};
use super::plan::{Act, Change, is_met};
use super::plan_file::Plan;
use super::seen::{self, mapping_key};
use super::wanted::{Mapping, Side};
use crate::exit::{Exit, Failure, exit_of};
use crate::output::{Output, counted};
use crate::progress::Progress;

/// How many times mappings are sent again that were lost on the way, as the tenant shows.
const MAX_REPEATS: usize = 3;

/// What a mapping becomes, as the service takes it.
pub fn user_change(mapping: &Mapping, source_tenant: &str) -> UserChange {
    let Some(target) = &mapping.target else {
        return UserChange::removal(mapping.source.as_str());
    };
    let mut change = UserChange::upsert(source_tenant, mapping.source.as_str(), target.as_str());
    change.user_type = mapping.kind.as_deref().map(Into::into);
    change.target_user_migration_data = mapping.address.clone().map(|address| {
        let mut data = UserData::default();
        data.email = Some(address);
        data
    });
    change
}

/// The same for a group.
pub fn group_change(mapping: &Mapping, source_tenant: &str) -> GroupChange {
    let Some(target) = &mapping.target else {
        return GroupChange::removal(mapping.source.as_str());
    };
    let mut change = GroupChange::upsert(source_tenant, mapping.source.as_str(), target.as_str());
    change.group_type = mapping.kind.as_deref().map(Into::into);
    change.target_group_migration_data = mapping.address.clone().map(|address| {
        let mut data = GroupData::default();
        data.mail_nickname = Some(address);
        data
    });
    change
}

/// Makes all mappings that are not made yet; a failure if one is not.
pub async fn run(
    client: &Client,
    plan: &Plan,
    gate: &Gate,
    deadline: Option<Instant>,
    output: &Output,
) -> Result<(), Failure> {
    let journal = &gate.journal;
    let left = |side: Side| -> Vec<&Change> {
        plan.difference
            .changes
            .iter()
            .filter(|change| matches!(change.act, Act::Map | Act::Unmap))
            .filter(|change| plan.wanted.mappings[change.index].side == side)
            .filter(|change| !journal.is_done(&change.id))
            .collect()
    };
    let (users, groups) = (left(Side::User), left(Side::Group));
    let progress = Progress::new(output, "mapping", Some(users.len() + groups.len()));
    let mut failed: Option<(usize, Exit, String)> = None;
    for changes in users
        .chunks(MAX_MAPPINGS)
        .chain(groups.chunks(MAX_MAPPINGS))
    {
        let mut left = changes.to_vec();
        for _ in 0..=MAX_REPEATS {
            let lost = send(client, plan, gate, deadline, &left, &mut failed).await?;
            left = read_back(client, plan, journal, lost, output).await?;
            if left.is_empty() {
                break;
            }
        }
        for change in left {
            let why = "it was sent again and again, and the tenant does not show it".to_owned();
            journal.add(&[Event::Unknown {
                change: change.id.clone(),
                why: why.clone(),
            }])?;
            // What is unknown matters more than what was refused.
            let failed = failed.get_or_insert((0, Exit::Unknown, String::new()));
            *failed = (failed.0 + 1, Exit::Unknown, why);
        }
        for _ in changes {
            progress.step();
        }
    }
    match failed {
        None => Ok(()),
        Some((count, exit, why)) => {
            let mappings = counted(count, "mapping");
            let made = if exit == Exit::Unknown {
                "may or may not be made"
            } else {
                "could not be made"
            };
            let what = format!("{mappings} {made}; no migration was started");
            Err(Failure::new(exit, what).because(why))
        }
    }
}

/// Sends changes of one side; comes back with those whose answer does not confirm them.
async fn send<'a>(
    client: &Client,
    plan: &Plan,
    gate: &Gate,
    deadline: Option<Instant>,
    changes: &[&'a Change],
    failed: &mut Option<(usize, Exit, String)>,
) -> Result<Vec<(&'a Change, String)>, Failure> {
    let journal = &gate.journal;
    // A lost answer is read back instead of being repeated.
    let client = client.with(gate.pass(changes)?.retry(RetryPolicy::never()));
    let workflows = Workflows::new(client);
    let mut options = BulkOptions::new().concurrency(1);
    if let Some(deadline) = deadline {
        // A pause that lasts longer is not sat out.
        options = options.max_outage(deadline.saturating_duration_since(Instant::now()));
    }
    let mappings = changes
        .iter()
        .map(|change| &plan.wanted.mappings[change.index]);
    let tenant = plan.wanted.source_tenant.as_str();
    let is_user = mappings.clone().all(|mapping| mapping.side == Side::User);
    let (ends, stopped) = if is_user {
        let items: Vec<_> = mappings
            .map(|mapping| user_change(mapping, tenant))
            .collect();
        collect(workflows.apply_user_mappings(items, options)).await
    } else {
        let items: Vec<_> = mappings
            .map(|mapping| group_change(mapping, tenant))
            .collect();
        collect(workflows.apply_group_mappings(items, options)).await
    };
    let mut events = Vec::new();
    let mut lost = Vec::new();
    let mut answered = vec![false; changes.len()];
    for (index, end) in ends {
        let change = changes[index];
        answered[index] = true;
        match end {
            End::Applied => events.push(Event::Done {
                change: change.id.clone(),
                how: How::Answered,
                job: None,
            }),
            End::Lost(why) => lost.push((change, why)),
            End::Failed(exit, why) => {
                failed.get_or_insert((0, exit, why.clone())).0 += 1;
                events.push(Event::NotDone {
                    change: change.id.clone(),
                    why,
                });
            }
        }
    }
    if let Some(stopped) = stopped {
        let why = match stopped.error() {
            Some(why) => format!("{stopped}: {why}"),
            None => stopped.to_string(),
        };
        let exit = match stopped.error() {
            _ if !lost.is_empty() => Exit::Unknown,
            Some(error) => exit_of(error),
            None => Exit::Unexpected,
        };
        // A run that stops hands over all that it has sent.
        let unsent = changes.iter().zip(&answered).filter(|(_, is)| !**is);
        events.extend(unsent.map(|(change, _)| Event::NotDone {
            change: change.id.clone(),
            why: why.clone(),
        }));
        events.extend(lost.into_iter().map(|(change, why)| Event::Unknown {
            change: change.id.clone(),
            why,
        }));
        journal.add(&events)?;
        return Err(Failure::new(
            exit,
            "the mappings were not all made; no migration was started",
        )
        .because(why));
    }
    journal.add(&events)?;
    Ok(lost)
}

/// What came of one change.
enum End {
    Applied,
    /// It may have been made.
    Lost(String),
    Failed(Exit, String),
}

async fn collect<D, M>(
    mut run: Bulk<'_, BulkItem<D, BulkMappingResult<M>>>,
) -> (Vec<(usize, End)>, Option<RunStopped>) {
    let mut ends = Vec::new();
    loop {
        match run.try_next().await {
            Ok(Some(item)) => ends.push((item.index, end(&item.outcome))),
            Ok(None) => return (ends, None),
            Err(stopped) => return (ends, Some(stopped)),
        }
    }
}

fn end<M>(outcome: &BulkMappingResult<M>) -> End {
    match outcome {
        Ok(BulkMappingOutcome::Applied(_)) => End::Applied,
        Ok(BulkMappingOutcome::Unconfirmed(why)) => End::Lost(why.to_string()),
        Err(error) => {
            let error: &Error = error;
            if error.may_have_taken_effect() {
                End::Lost(error.to_string())
            } else {
                End::Failed(exit_of(error), error.to_string())
            }
        }
    }
}

/// Looks whether changes were made whose answers were lost; comes back with those that were not.
async fn read_back<'a>(
    client: &Client,
    plan: &Plan,
    journal: &Journal,
    lost: Vec<(&'a Change, String)>,
    output: &Output,
) -> Result<Vec<&'a Change>, Failure> {
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Mapping> = lost
        .iter()
        .map(|(change, _)| plan.wanted.mappings[change.index].clone())
        .collect();
    let found = match seen::mappings(client, &wanted, output).await {
        Ok(found) => found,
        Err(failure) => {
            let events: Vec<_> = lost
                .into_iter()
                .map(|(change, why)| Event::Unknown {
                    change: change.id.clone(),
                    why,
                })
                .collect();
            let count = events.len();
            journal.add(&events)?;
            return Err(Failure::new(
                Exit::Unknown,
                format!(
                    "whether {} took effect is UNKNOWN; no migration was started",
                    counted(count, "change of mappings")
                ),
            )
            .because(match failure.why {
                Some(why) => format!(
                    "the answer was lost, and it cannot be read back: {}: {why}",
                    failure.what
                ),
                None => format!(
                    "the answer was lost, and it cannot be read back: {}",
                    failure.what
                ),
            })
            .next("resume the run, which looks at the tenant first"));
        }
    };
    let mut left = Vec::new();
    let mut events = Vec::new();
    for ((change, why), mapping) in lost.into_iter().zip(&wanted) {
        let found = found.get(&mapping_key(mapping.side, &mapping.source));
        let is_made = match found {
            Some(found) => mapping.target.is_some() && is_met(mapping, found),
            None => mapping.target.is_none(),
        };
        if is_made {
            events.push(Event::Done {
                change: change.id.clone(),
                how: How::ReadBack,
                job: None,
            });
        } else {
            events.push(Event::NotDone {
                change: change.id.clone(),
                why,
            });
            left.push(change);
        }
    }
    journal.add(&events)?;
    Ok(left)
}
