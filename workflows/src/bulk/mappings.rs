//! Identity mappings in lists of any length.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::stream::{self, StreamExt};

use super::change::{BulkMappingOutcome, Change, judge};
use super::each::{Entry, entry};
use super::engine::{Engine, Plan, Unit, UnitEnd, Verdict};
use super::options::{BulkOptions, Progress};
use super::trouble::{Signal, can_wait};
use super::{Bulk, BulkItem};
use crate::Workflows;
use msgraph_migrations::models::{
    SharePointGroupIdentityMapping, SharePointGroupIdentityMappingDeltaItem,
    SharePointUserIdentityMapping, SharePointUserIdentityMappingDeltaItem,
};
use msgraph_migrations::{Error, ErrorKind, Operation, operations};

/// What came of one change; all changes of a request that failed share its error.
pub type BulkMappingResult<M> = Result<BulkMappingOutcome<M>, Arc<Error>>;

type Item<D, M> = BulkItem<D, BulkMappingResult<M>>;

/// Changes of identity mappings in any number.
impl Workflows {
    /// Adds, replaces and removes mappings of users, any number of them.
    ///
    /// They are sent in requests of [`BulkOptions::request_size`]. Changes of the same source are made
    /// in the order of the list: within one request, or in requests of which one is answered before the
    /// next is sent. A change that names nobody fails by itself.
    ///
    /// A request that the service refuses as wrong (4xx) is split to find the changes that make it so,
    /// at most 24 times for each request; those fail, and the others are made. Of a request whose answer
    /// is lost, every change has the error.
    ///
    /// With a [`Record`](super::Record), a change that is done is left out, unless an earlier one of the
    /// same source has to be made: then those after it are made again.
    pub fn apply_user_mappings(
        &self,
        items: impl IntoIterator<Item = SharePointUserIdentityMappingDeltaItem>,
        options: BulkOptions,
    ) -> Bulk<Item<SharePointUserIdentityMappingDeltaItem, SharePointUserIdentityMapping>> {
        let client = self.client().clone();
        apply(
            self,
            &operations::UPDATE_USER_MAPPINGS,
            items,
            options,
            move |items| {
                let client = client.clone();
                async move {
                    let answer = client.update_user_mappings(items).await?;
                    Ok(answer.into_value().value)
                }
            },
        )
    }

    /// Adds, replaces and removes mappings of groups, any number of them.
    ///
    /// It behaves as [`apply_user_mappings`](Self::apply_user_mappings) does.
    pub fn apply_group_mappings(
        &self,
        items: impl IntoIterator<Item = SharePointGroupIdentityMappingDeltaItem>,
        options: BulkOptions,
    ) -> Bulk<Item<SharePointGroupIdentityMappingDeltaItem, SharePointGroupIdentityMapping>> {
        let client = self.client().clone();
        apply(
            self,
            &operations::UPDATE_GROUP_MAPPINGS,
            items,
            options,
            move |items| {
                let client = client.clone();
                async move {
                    let answer = client.update_group_mappings(items).await?;
                    Ok(answer.into_value().value)
                }
            },
        )
    }
}

/// How many times one request is split, with all its parts, to find what is wrong in it.
///
/// Six times find one change of fifty; twenty-four find four.
const MAX_SPLITS: u32 = 24;

/// One change with its index in the list and its name in a record.
struct Indexed<D> {
    index: usize,
    name: String,
    change: D,
}

/// What is sent by one request.
struct Request<D> {
    changes: Vec<Indexed<D>>,
    /// How many times it and the parts that it was split into can still be split.
    splits: Arc<AtomicU32>,
}

/// Leaves out what is done, as far as the order of changes of the same source allows.
fn left_over<D: Change>(changes: Vec<D>, is_done: impl Fn(&str) -> bool) -> Vec<Indexed<D>> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut again: BTreeSet<String> = BTreeSet::new();
    let mut left = Vec::new();
    for (index, change) in changes.into_iter().enumerate() {
        // What cannot be written cannot be sent either, which the call will say.
        let text = serde_json::to_string(&change).unwrap_or_default();
        let times = seen.entry(text.clone()).or_default();
        *times += 1;
        let name = format!("{times} {text}");
        let source = change.source();
        let is_left_out = is_done(&name) && source.keys().all(|key| !again.contains(&key));
        if !is_left_out {
            again.extend(source.keys());
            left.push(Indexed {
                index,
                name,
                change,
            });
        }
    }
    left
}

fn unit<D: Change>(changes: Vec<Indexed<D>>, splits: Arc<AtomicU32>) -> Unit<Request<D>> {
    Unit {
        indexes: changes.iter().map(|indexed| indexed.index).collect(),
        keys: changes
            .iter()
            .flat_map(|indexed| indexed.change.source().keys().collect::<Vec<_>>())
            .collect(),
        work: Request { changes, splits },
    }
}

/// Puts changes together into requests; one that names nobody is alone, to fail alone.
fn requests<D: Change>(changes: Vec<Indexed<D>>, size: usize) -> VecDeque<Unit<Request<D>>> {
    let whole = |changes| unit(changes, Arc::new(AtomicU32::new(MAX_SPLITS)));
    let mut units = VecDeque::new();
    let mut filling = Vec::new();
    for indexed in changes {
        if indexed.change.check().is_err() {
            units.push_back(whole(vec![indexed]));
            continue;
        }
        filling.push(indexed);
        if filling.len() == size {
            units.push_back(whole(std::mem::take(&mut filling)));
        }
    }
    if !filling.is_empty() {
        units.push_back(whole(filling));
    }
    units
}

/// Whether the service says that the request itself is wrong, so that a part of it may be right.
fn is_wrong_itself(error: &Error) -> bool {
    error.kind() == ErrorKind::Refused
        && !error.may_have_taken_effect()
        && error.status().is_some_and(|status| {
            status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 408 | 429)
        })
}

impl<D: Change> Request<D> {
    /// The two halves, if it has two and may still be split.
    fn split(mut self) -> Result<Vec<Unit<Self>>, Self> {
        let take = |left: u32| left.checked_sub(1);
        if self.changes.len() < 2
            || self
                .splits
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_err()
        {
            return Err(self);
        }
        let second = self.changes.split_off(self.changes.len() / 2);
        let splits = Arc::clone(&self.splits);
        Ok(vec![
            unit(self.changes, Arc::clone(&splits)),
            unit(second, splits),
        ])
    }

    /// What the answer means for each change.
    fn end(
        self,
        answer: Result<Vec<D::Mapping>, Error>,
        entry: Option<&Entry>,
    ) -> UnitEnd<Self, Item<D, D::Mapping>> {
        let answer = answer.map_err(Arc::new);
        let (request, mut signal) = match &answer {
            Ok(_) => (self, Signal::Healthy),
            Err(error) if can_wait(error) => return UnitEnd::Postponed(self, Arc::clone(error)),
            Err(error) if is_wrong_itself(error) => match self.split() {
                Ok(halves) => return UnitEnd::Split(halves),
                Err(request) => (request, Signal::of(error)),
            },
            Err(error) => (self, Signal::of(error)),
        };
        let mut ends = Vec::with_capacity(request.changes.len());
        for (at, indexed) in request.changes.into_iter().enumerate() {
            let outcome = match &answer {
                Ok(mappings) => Ok(judge(&indexed.change, mappings.get(at))),
                Err(error) => Err(Arc::clone(error)),
            };
            let verdict = match &outcome {
                Ok(BulkMappingOutcome::Applied(_)) => Verdict::Done,
                Ok(BulkMappingOutcome::Unconfirmed(_)) => Verdict::NotDone,
                Err(_) => Verdict::Failed,
            };
            if verdict == Verdict::Done
                && let Some(failed) = entry.and_then(|entry| entry.add(&indexed.name))
            {
                signal = failed;
            }
            let item = BulkItem {
                index: indexed.index,
                input: indexed.change,
                outcome,
            };
            ends.push((item, verdict));
        }
        UnitEnd::Ended(ends, signal)
    }
}

fn apply<D: Change, F>(
    workflows: &Workflows,
    action: &'static Operation,
    changes: impl IntoIterator<Item = D>,
    options: BulkOptions,
    send: impl Fn(Vec<D>) -> F + Send + 'static,
) -> Bulk<Item<D, D::Mapping>>
where
    F: Future<Output = Result<Vec<D::Mapping>, Error>> + Send + 'static,
{
    let workflows = workflows.clone();
    let changes: Vec<D> = changes.into_iter().collect();
    let run = async move {
        let (entry, stopped) = match entry(&workflows, action, None, &options).await {
            Ok(entry) => (Some(entry), None),
            Err(reason) => (None, Some(reason)),
        };
        let total = changes.len();
        let left = left_over(changes, |name| {
            entry.as_ref().is_some_and(|entry| entry.has(name))
        });
        let progress = Progress {
            total,
            skipped: total - left.len(),
            ..Progress::default()
        };
        let plan = Plan {
            units: requests(left, options.request_size),
            concurrency: options.concurrency,
            order: options.order,
            max_outage: options.max_outage,
            progress,
            report: options.report,
        };
        let engine = Engine::new(plan, move |request: Request<D>| {
            let changes = request.changes.iter();
            let sending = send(changes.map(|indexed| indexed.change.clone()).collect());
            let entry = entry.clone();
            Box::pin(async move { request.end(sending.await, entry.as_ref()) })
        });
        match stopped {
            Some(reason) => engine.stopped(reason),
            None => engine,
        }
    };
    Bulk::new(stream::once(run).flatten())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Item = SharePointUserIdentityMappingDeltaItem;

    fn change(source: &str, target: Option<&str>) -> Item {
        let mut item = json!({ "sourceUserIdentity": { "userPrincipalName": source } });
        match target {
            Some(target) => item["targetUserIdentity"] = json!({ "userPrincipalName": target }),
            None => item["@removed"] = json!({ "reason": "deleted" }),
        }
        serde_json::from_value(item).expect("a change")
    }

    #[test]
    fn what_is_done_is_left_out_unless_an_earlier_change_of_its_source_is_made_again() {
        let list = || {
            vec![
                change("a", Some("1")),
                change("b", Some("1")),
                change("A", Some("2")),
                change("a", Some("1")),
            ]
        };
        let all = left_over(list(), |_| false);
        let name = |index: usize| all[index].name.clone();
        for (done, expected) in [
            (vec![], vec![0, 1, 2, 3]),
            (vec![0, 1, 2, 3], vec![]),
            (vec![1], vec![0, 2, 3]),
            (vec![0, 1], vec![2, 3]),
            (vec![0, 2], vec![1, 3]),
            (vec![2, 3], vec![0, 1, 2, 3]),
            (vec![0, 1, 3], vec![2, 3]),
        ] {
            let names: Vec<_> = done.iter().map(|index| name(*index)).collect();
            let left = left_over(list(), |name| names.iter().any(|done| done == name));
            let indexes: Vec<_> = left.iter().map(|indexed| indexed.index).collect();
            assert_eq!(indexes, expected, "{done:?}");
        }
    }

    #[test]
    fn requests_take_fifty_and_leave_out_who_names_nobody() {
        for (length, expected) in [
            (0, vec![]),
            (1, vec![1]),
            (50, vec![50]),
            (51, vec![50, 1]),
            (1_234, [vec![50; 24], vec![34]].concat()),
        ] {
            let changes = (0..length).map(|n| change(&format!("user{n}"), Some("x")));
            let units = requests(left_over(changes.collect(), |_| false), 50);
            let sizes: Vec<_> = units.iter().map(|unit| unit.work.changes.len()).collect();
            assert_eq!(sizes, expected);
            let indexes: Vec<_> = units.iter().flat_map(|unit| unit.indexes.clone()).collect();
            assert_eq!(indexes, (0..length).collect::<Vec<_>>());
        }
        let changes = ["a", " ", "b"].map(|source| change(source, Some("x")));
        let units = requests(left_over(changes.into(), |_| false), 50);
        let indexes: Vec<_> = units.iter().map(|unit| unit.indexes.clone()).collect();
        assert_eq!(indexes, [vec![1], vec![0, 2]]);
    }
}
