//! Identity mappings in lists of any length.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::stream::{self, StreamExt};

use super::change::{BulkMappingOutcome, Change, judge};
use super::each::{Entry, at_end, entry};
use super::engine::{Engine, Plan, Source, Taken, Unit, UnitEnd, Verdict};
use super::options::BulkOptions;
use super::record::digest;
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
    pub fn apply_user_mappings<'a>(
        &self,
        items: impl IntoIterator<Item = SharePointUserIdentityMappingDeltaItem, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, Item<SharePointUserIdentityMappingDeltaItem, SharePointUserIdentityMapping>> {
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
    pub fn apply_group_mappings<'a>(
        &self,
        items: impl IntoIterator<Item = SharePointGroupIdentityMappingDeltaItem, IntoIter: Send + 'a>,
        options: BulkOptions,
    ) -> Bulk<'a, Item<SharePointGroupIdentityMappingDeltaItem, SharePointGroupIdentityMapping>>
    {
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

/// The next change of a list.
enum Next<D> {
    Done,
    Left(Indexed<D>),
}

/// The changes of a list, put together into requests.
///
/// Without a record it keeps nothing of those that it handed out. With one, a change is known by its text
/// and by how often it came before, and what an unfinished change shares its source with is done again;
/// of both, 128 bits are kept.
struct Requests<'a, D> {
    changes: Box<dyn Iterator<Item = D> + Send + 'a>,
    next: usize,
    /// How many were found done while a request was put together.
    skipped: usize,
    size: usize,
    entry: Option<Entry>,
    times: HashMap<u128, u32>,
    again: HashSet<u128>,
}

impl<'a, D: Change> Requests<'a, D> {
    fn new(
        changes: impl Iterator<Item = D> + Send + 'a,
        size: usize,
        entry: Option<Entry>,
    ) -> Self {
        Self {
            changes: Box::new(changes),
            next: 0,
            skipped: 0,
            size,
            entry: entry.filter(Entry::is_kept),
            times: HashMap::new(),
            again: HashSet::new(),
        }
    }

    /// The next change, which counts as done as far as the order of changes of the same source allows.
    fn next(&mut self) -> Option<Next<D>> {
        let change = self.changes.next()?;
        let index = self.next;
        self.next += 1;
        let mut name = String::new();
        if let Some(entry) = &self.entry {
            // What cannot be written cannot be sent either, which the call will say.
            let text = serde_json::to_string(&change).unwrap_or_default();
            let times = self.times.entry(digest(&text)).or_default();
            *times += 1;
            name = format!("{times} {text}");
            let source = change.source();
            let mut keys = source.keys().map(|key| digest(&key));
            if entry.has(&name) && keys.all(|key| !self.again.contains(&key)) {
                return Some(Next::Done);
            }
            self.again.extend(source.keys().map(|key| digest(&key)));
        }
        Some(Next::Left(Indexed {
            index,
            name,
            change,
        }))
    }
}

impl<D: Change> Source<Request<D>> for Requests<'_, D> {
    /// A change that names nobody is alone, to fail alone.
    fn take(&mut self) -> Option<Taken<Request<D>>> {
        if let Some(left) = self.skipped.checked_sub(1) {
            self.skipped = left;
            return Some(Taken::Done);
        }
        let mut filling = Vec::new();
        let mut alone = Vec::new();
        while filling.len() < self.size && alone.len() < self.size {
            match self.next() {
                None => break,
                Some(Next::Done) if filling.is_empty() && alone.is_empty() => {
                    return Some(Taken::Done);
                }
                Some(Next::Done) => self.skipped += 1,
                Some(Next::Left(indexed)) if indexed.change.check().is_err() => alone.push(indexed),
                Some(Next::Left(indexed)) => filling.push(indexed),
            }
        }
        let whole = |changes| unit(changes, Arc::new(AtomicU32::new(MAX_SPLITS)));
        let mut units: Vec<_> = alone.into_iter().map(|one| whole(vec![one])).collect();
        if !filling.is_empty() {
            units.push(whole(filling));
        }
        (!units.is_empty()).then_some(Taken::Units(units))
    }

    fn at_least(&self) -> usize {
        self.skipped + self.changes.size_hint().0
    }
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

fn apply<'a, D: Change, F>(
    workflows: &Workflows,
    action: &'static Operation,
    changes: impl IntoIterator<Item = D, IntoIter: Send + 'a>,
    options: BulkOptions,
    send: impl Fn(Vec<D>) -> F + Send + 'static,
) -> Bulk<'a, Item<D, D::Mapping>>
where
    F: Future<Output = Result<Vec<D::Mapping>, Error>> + Send + 'static,
{
    let workflows = workflows.clone();
    let changes = changes.into_iter();
    let run = async move {
        let (entry, stopped) = match entry(&workflows, action, None, &options).await {
            Ok(entry) => (Some(entry), None),
            Err(reason) => (None, Some(reason)),
        };
        let requests = Requests::new(changes, options.request_size, entry.clone());
        let plan = Plan {
            source: Box::new(requests) as Box<dyn Source<Request<D>>>,
            read_together: None,
            concurrency: options.concurrency,
            order: options.order,
            max_outage: options.max_outage,
            report: options.report,
            at_end: at_end(entry.as_ref()),
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

    use super::super::record::Record;
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

    /// The units of a list, with what the record has.
    fn units(list: Vec<Item>, entry: Option<Entry>) -> Vec<Unit<Request<Item>>> {
        let mut requests = Requests::new(list.into_iter(), 50, entry);
        let mut units = Vec::new();
        while let Some(taken) = requests.take() {
            if let Taken::Units(more) = taken {
                units.extend(more);
            }
        }
        units
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
        let entry = || Entry::of(Record::in_memory("service", "tenant"), "apply");
        let all = units(list(), Some(entry()));
        let name = |index: usize| all[0].work.changes[index].name.clone();
        for (done, expected) in [
            (vec![], vec![0, 1, 2, 3]),
            (vec![0, 1, 2, 3], vec![]),
            (vec![1], vec![0, 2, 3]),
            (vec![0, 1], vec![2, 3]),
            (vec![0, 2], vec![1, 3]),
            (vec![2, 3], vec![0, 1, 2, 3]),
            (vec![0, 1, 3], vec![2, 3]),
        ] {
            let entry = entry();
            for index in &done {
                assert!(entry.add(&name(*index)).is_none());
            }
            let left = units(list(), Some(entry));
            let indexes: Vec<_> = left.into_iter().flat_map(|unit| unit.indexes).collect();
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
            let units = units(changes.collect(), None);
            let sizes: Vec<_> = units.iter().map(|unit| unit.work.changes.len()).collect();
            assert_eq!(sizes, expected);
            let indexes: Vec<_> = units.iter().flat_map(|unit| unit.indexes.clone()).collect();
            assert_eq!(indexes, (0..length).collect::<Vec<_>>());
        }
        let changes = ["a", " ", "b"].map(|source| change(source, Some("x")));
        let units = units(changes.into(), None);
        let indexes: Vec<_> = units.iter().map(|unit| unit.indexes.clone()).collect();
        assert_eq!(indexes, [vec![1], vec![0, 2]]);
    }
}
