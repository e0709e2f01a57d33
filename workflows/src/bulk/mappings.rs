//! Identity mappings in lists of any length.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::change::{BulkMappingOutcome, Change, judge};
use super::engine::{Engine, Plan, Unit, Verdict};
use super::options::{BulkOptions, Progress};
use super::{Bulk, BulkItem};
use crate::Workflows;
use msgraph_migrations::models::{
    SharePointGroupIdentityMapping, SharePointGroupIdentityMappingDeltaItem,
    SharePointUserIdentityMapping, SharePointUserIdentityMappingDeltaItem,
};
use msgraph_migrations::{Error, MAX_MAPPINGS, operations};

/// What came of one change; all changes of a request that failed share its error.
pub type BulkMappingResult<M> = Result<BulkMappingOutcome<M>, Arc<Error>>;

type Item<D, M> = BulkItem<D, BulkMappingResult<M>>;

/// Changes of identity mappings in any number.
impl Workflows {
    /// Adds, replaces and removes mappings of users, any number of them.
    ///
    /// They are sent in requests of 50. Changes of the same source are made in the order of the list:
    /// within one request, or in requests of which one is answered before the next is sent. A change
    /// that names nobody fails by itself; of a request that fails, every change has the error.
    ///
    /// With a [`Record`](super::Record), a change that is done is left out, unless an earlier one of the
    /// same source has to be made: then those after it are made again.
    pub fn apply_user_mappings(
        &self,
        items: impl IntoIterator<Item = SharePointUserIdentityMappingDeltaItem>,
        options: BulkOptions,
    ) -> Bulk<Item<SharePointUserIdentityMappingDeltaItem, SharePointUserIdentityMapping>> {
        let client = self.client.clone();
        apply(
            operations::UPDATE_USER_MAPPINGS.id,
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
        let client = self.client.clone();
        apply(
            operations::UPDATE_GROUP_MAPPINGS.id,
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

/// One change with its place in the list and its name in a record.
struct Placed<D> {
    place: usize,
    name: String,
    change: D,
}

/// Leaves out what is done, as far as the order of changes of the same source allows.
fn left_over<D: Change>(changes: Vec<D>, done: &BTreeSet<String>) -> Vec<Placed<D>> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut again: BTreeSet<String> = BTreeSet::new();
    let mut left = Vec::new();
    for (place, change) in changes.into_iter().enumerate() {
        // What cannot be written cannot be sent either, which the call will say.
        let text = serde_json::to_string(&change).unwrap_or_default();
        let times = seen.entry(text.clone()).or_default();
        *times += 1;
        let name = format!("{times} {text}");
        let source = change.source();
        let is_done = done.contains(&name) && source.keys().all(|key| !again.contains(&key));
        if !is_done {
            again.extend(source.keys());
            left.push(Placed {
                place,
                name,
                change,
            });
        }
    }
    left
}

/// Puts changes together into requests; one that names nobody is alone, to fail alone.
fn requests<D: Change>(changes: Vec<Placed<D>>) -> VecDeque<Unit<Vec<Placed<D>>>> {
    let unit = |work: Vec<Placed<D>>| Unit {
        places: work.iter().map(|placed| placed.place).collect(),
        keys: work
            .iter()
            .flat_map(|placed| placed.change.source().keys().collect::<Vec<_>>())
            .collect(),
        work,
    };
    let mut units = VecDeque::new();
    let mut filling = Vec::new();
    for placed in changes {
        if placed.change.check().is_err() {
            units.push_back(unit(vec![placed]));
            continue;
        }
        filling.push(placed);
        if filling.len() == MAX_MAPPINGS {
            units.push_back(unit(std::mem::take(&mut filling)));
        }
    }
    if !filling.is_empty() {
        units.push_back(unit(filling));
    }
    units
}

fn apply<D: Change, F>(
    scope: &'static str,
    changes: impl IntoIterator<Item = D>,
    options: BulkOptions,
    send: impl Fn(Vec<D>) -> F + Send + 'static,
) -> Bulk<Item<D, D::Mapping>>
where
    F: Future<Output = Result<Vec<D::Mapping>, Error>> + Send + 'static,
{
    let done = options
        .record
        .as_ref()
        .map(|record| record.within(scope))
        .unwrap_or_default();
    let changes: Vec<D> = changes.into_iter().collect();
    let total = changes.len();
    let left = left_over(changes, &done);
    let progress = Progress {
        total,
        skipped: total - left.len(),
        ..Progress::default()
    };
    let plan = Plan {
        units: requests(left),
        concurrency: options.concurrency,
        order: options.order,
        progress,
        report: options.report,
    };
    let record = options.record;
    Bulk::new(Engine::new(plan, move |work: Vec<Placed<D>>| {
        let record = record.clone();
        let sending = send(work.iter().map(|placed| placed.change.clone()).collect());
        Box::pin(async move {
            let answer = sending.await.map_err(Arc::new);
            let end = |(index, placed): (usize, Placed<D>)| {
                let outcome = match &answer {
                    Ok(mappings) => Ok(judge(&placed.change, mappings.get(index))),
                    Err(error) => Err(Arc::clone(error)),
                };
                let verdict = match &outcome {
                    Ok(BulkMappingOutcome::Applied(_)) => Verdict::Done,
                    Ok(BulkMappingOutcome::Unconfirmed(_)) => Verdict::NotDone,
                    Err(_) => Verdict::Failed,
                };
                if let (Verdict::Done, Some(record)) = (verdict, &record) {
                    record.add(scope, placed.name);
                }
                let item = BulkItem {
                    place: placed.place,
                    input: placed.change,
                    outcome,
                };
                (item, verdict)
            };
            work.into_iter().enumerate().map(end).collect()
        })
    }))
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
        let all = left_over(list(), &BTreeSet::new());
        let name = |place: usize| all[place].name.clone();
        for (done, expected) in [
            (vec![], vec![0, 1, 2, 3]),
            (vec![0, 1, 2, 3], vec![]),
            (vec![1], vec![0, 2, 3]),
            (vec![0, 1], vec![2, 3]),
            (vec![0, 2], vec![1, 3]),
            (vec![2, 3], vec![0, 1, 2, 3]),
            (vec![0, 1, 3], vec![2, 3]),
        ] {
            let names = done.iter().map(|place| name(*place)).collect();
            let left = left_over(list(), &names);
            let places: Vec<_> = left.iter().map(|placed| placed.place).collect();
            assert_eq!(places, expected, "{done:?}");
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
            let units = requests(left_over(changes.collect(), &BTreeSet::new()));
            let sizes: Vec<_> = units.iter().map(|unit| unit.work.len()).collect();
            assert_eq!(sizes, expected);
            let places: Vec<_> = units.iter().flat_map(|unit| unit.places.clone()).collect();
            assert_eq!(places, (0..length).collect::<Vec<_>>());
        }
        let changes = ["a", " ", "b"].map(|source| change(source, Some("x")));
        let units = requests(left_over(changes.into(), &BTreeSet::new()));
        let places: Vec<_> = units.iter().map(|unit| unit.places.clone()).collect();
        assert_eq!(places, [vec![1], vec![0, 2]]);
    }
}
