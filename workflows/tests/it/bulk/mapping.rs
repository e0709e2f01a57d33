//! Identity mappings in lists of any length.

use std::sync::Arc;

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    SharePointGroupIdentityMappingDeltaItem, SharePointUserIdentityMappingDeltaItem,
};
use msgraph_migrations::{GetOptions, RetryPolicy};
use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{
    BulkMappingOutcome, BulkOptions, Order, Record, Unconfirmed,
};
use serde_json::{Value, json};

use super::{TENANT, client, requests};
use crate::support::server::{Reply, Server};

const SOURCE: &str = "7a1c40de-52b9-4f83-8e06-91d3bc5fa207";

type User = SharePointUserIdentityMappingDeltaItem;
type Group = SharePointGroupIdentityMappingDeltaItem;

/// What becomes of an answer, and what then is expected of each place.
type Distort = fn(&mut Vec<Value>);
type Expected = fn(usize) -> Option<Unconfirmed>;

fn source(number: usize) -> String {
    format!("person{number}@alderwood.example")
}

fn set(source: &str, target: &str) -> User {
    let item = json!({
        "sourceOrganizationId": SOURCE,
        "sourceUserIdentity": { "userPrincipalName": source },
        "targetUserIdentity": { "userPrincipalName": target },
        "userType": "regularUser",
    });
    serde_json::from_value(item).expect("a change")
}

fn removed(source: &str) -> User {
    let item = json!({
        "@removed": { "reason": "deleted" },
        "sourceUserIdentity": { "userPrincipalName": source },
    });
    serde_json::from_value(item).expect("a change")
}

/// Sets, and in every seventh place removes what was set two places before.
fn list(length: usize) -> Vec<User> {
    let item = |number| match number % 7 {
        6 => removed(&source(number - 2)),
        _ => set(&source(number), "somebody@harborlane.example"),
    };
    (0..length).map(item).collect()
}

async fn target(sandbox: &Sandbox, source: &str) -> Option<String> {
    let mapping = client(sandbox)
        .get_user_mapping(source, GetOptions::new())
        .await
        .ok()?;
    mapping
        .into_value()
        .target_user_identity?
        .user_principal_name
}

#[tokio::test]
async fn lists_of_any_length_are_applied_in_requests_of_fifty() {
    for (length, expected) in [(0, 0), (1, 1), (50, 1), (51, 2), (1_234, 25)] {
        let sandbox = Sandbox::builder().start().await.expect("a sandbox");
        let changes = list(length);
        let items: Vec<_> = Workflows::new(client(&sandbox))
            .apply_user_mappings(changes.clone(), BulkOptions::new())
            .try_collect()
            .await
            .expect("nothing stops it");
        assert_eq!(items.len(), length);
        for (place, item) in items.iter().enumerate() {
            assert_eq!((item.index, &item.input), (place, &changes[place]));
            let Ok(BulkMappingOutcome::Applied(mapping)) = &item.outcome else {
                panic!("{place} of {length}: {:?}", item.outcome);
            };
            assert_eq!(
                mapping.deleted.is_some(),
                place % 7 == 6,
                "{place} of {length}"
            );
        }
        assert_eq!(
            requests(&sandbox, "updateUserMappings"),
            expected,
            "{length}"
        );
        if length > 6 {
            assert_eq!(target(&sandbox, &source(4)).await, None);
            let kept = target(&sandbox, &source(5)).await;
            assert_eq!(kept.as_deref(), Some("somebody@harborlane.example"));
        }
    }
}

#[tokio::test]
async fn groups_are_mapped_in_the_same_way() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let id = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let change = |number: usize| -> Group {
        let item = json!({
            "sourceOrganizationId": SOURCE,
            "sourceGroupIdentity": { "id": id(number) },
            "targetGroupIdentity": { "id": id(number + 500) },
            "groupType": "m365Group",
        });
        serde_json::from_value(item).expect("a change")
    };
    let items = Workflows::new(client(&sandbox))
        .apply_group_mappings((0..120).map(change), BulkOptions::new());
    let items: Vec<_> = items.try_collect().await.expect("nothing stops it");
    assert_eq!(items.len(), 120);
    for item in items {
        let Ok(BulkMappingOutcome::Applied(mapping)) = item.outcome else {
            panic!("{}: {:?}", item.index, item.outcome);
        };
        let target = mapping.target_group_identity.and_then(|group| group.id);
        assert_eq!(target, Some(id(item.index + 500)));
    }
    assert_eq!(requests(&sandbox, "updateGroupMappings"), 3);
}

#[tokio::test]
async fn changes_of_the_same_source_are_made_in_the_order_of_the_list() {
    for concurrency in [1, 8] {
        let sandbox = Sandbox::builder()
            .faults(vec![
                FaultRule::new("updateUserMappings", Fault::Latency { milliseconds: 200 }).times(1),
            ])
            .start()
            .await
            .expect("a sandbox");
        let mut changes = list(500);
        // One source in the first, the second, the fifth and the last request.
        for (place, target) in [(3, "first"), (60, "second"), (240, "third"), (499, "last")] {
            changes[place] = set(
                "Shared@alderwood.example",
                &format!("{target}@harborlane.example"),
            );
        }
        let options = BulkOptions::new()
            .concurrency(concurrency)
            .order(Order::AsCompleted);
        let run = Workflows::new(client(&sandbox)).apply_user_mappings(changes, options);
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        let applied = |item: &_| matches!(item, &Ok(BulkMappingOutcome::Applied(_)));
        assert!(items.iter().all(|item| applied(&item.outcome)));
        let places: Vec<_> = items.iter().map(|item| item.index).collect();
        let ended = |place: usize| places.iter().position(|ended| *ended == place);
        assert!(
            [3, 60, 240, 499].is_sorted_by_key(|place| ended(*place)),
            "{places:?}"
        );
        let target = target(&sandbox, "shared@alderwood.example").await;
        assert_eq!(target.as_deref(), Some("last@harborlane.example"));
    }
}

#[tokio::test]
async fn a_request_that_fails_fails_all_its_changes_and_no_others() {
    let sandbox = Sandbox::builder()
        .faults(vec![
            FaultRule::new(
                "updateUserMappings",
                Fault::InternalServerError {
                    after_effect: false,
                },
            )
            .after(1)
            .times(1),
        ])
        .start()
        .await
        .expect("a sandbox");
    let never = msgraph_migrations::Client::builder(
        msgraph_migrations::AccessToken::new("bulk").expect("a token"),
    )
    .endpoint(sandbox.base_url())
    .retry(RetryPolicy::never())
    .build()
    .expect("a client");
    let mut changes = list(170);
    changes[20] = set(" ", "nobody@harborlane.example");
    let record = Record::in_memory(&sandbox.base_url(), TENANT);
    let options = || BulkOptions::new().concurrency(1).record(&record);
    let run = Workflows::new(never.clone()).apply_user_mappings(changes.clone(), options());
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    let failed: Vec<_> = items
        .iter()
        .filter_map(|item| Some((item.index, item.outcome.as_ref().err()?)))
        .collect();
    let places: Vec<_> = failed.iter().map(|(place, _)| *place).collect();
    // The change that names nobody is in no request, so that the second begins one later.
    assert_eq!(places, [vec![20], (51..=100).collect()].concat());
    assert!(!failed[0].1.was_sent());
    assert!(
        failed[1..]
            .iter()
            .all(|(_, error)| Arc::ptr_eq(error, failed[1].1))
    );
    assert_eq!(record.len(), 119);

    // The next run makes those alone, and what follows them for the same source.
    let before = requests(&sandbox, "updateUserMappings");
    let items: Vec<_> = Workflows::new(never.clone())
        .apply_user_mappings(changes, options())
        .try_collect()
        .await
        .expect("nothing stops it");
    let places: Vec<_> = items.iter().map(|item| item.index).collect();
    assert_eq!(places, [vec![20], (51..=100).collect()].concat());
    assert_eq!(requests(&sandbox, "updateUserMappings") - before, 1);
    assert_eq!(items.iter().filter(|item| item.outcome.is_err()).count(), 1);
    assert_eq!(record.len(), 169);
}

#[tokio::test]
async fn an_answer_that_is_short_or_in_another_order_confirms_nothing_falsely() {
    let answer = |change: fn(&mut Vec<Value>)| {
        Server::start_with(move |request| {
            let mut items = request.json()["value"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            change(&mut items);
            Reply::json(200, json!({ "value": items }).to_string())
        })
    };
    let changes = || (0..60).map(|n| set(&source(n), "somebody@harborlane.example"));
    let cases: [(Distort, Expected); 6] = [
        (|_| {}, |_| None),
        (
            |items| items.reverse(),
            |_| Some(Unconfirmed::AnotherSource),
        ),
        (
            |items| items.truncate(40),
            |n| (40..50).contains(&n).then_some(Unconfirmed::Missing),
        ),
        (Vec::clear, |_| Some(Unconfirmed::Missing)),
        (
            |items| drop(items.remove(5)),
            |n| match n {
                49 | 59 => Some(Unconfirmed::Missing),
                5..50 | 55..60 => Some(Unconfirmed::AnotherSource),
                _ => None,
            },
        ),
        (
            |items| items[2]["targetUserIdentity"] = json!({ "userPrincipalName": "x@y.example" }),
            |n| matches!(n, 2 | 52).then_some(Unconfirmed::AnotherTarget),
        ),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        let server = answer(change).await;
        let record = Record::in_memory(&server.origin(), TENANT);
        let options = BulkOptions::new().record(&record);
        let run = Workflows::new(server.client()).apply_user_mappings(changes(), options);
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        for item in &items {
            let outcome = match &item.outcome {
                Ok(BulkMappingOutcome::Applied(_)) => None,
                Ok(BulkMappingOutcome::Unconfirmed(reason)) => Some(*reason),
                Err(error) => panic!("case {number}: {error}"),
            };
            assert_eq!(
                outcome,
                expected(item.index),
                "case {number}, {}",
                item.index
            );
        }
        let confirmed = (0..60).filter(|n| expected(*n).is_none()).count();
        assert_eq!(record.len(), confirmed, "case {number}");
    }
}

#[tokio::test]
async fn one_bad_row_of_fifty_fails_alone_and_bad_rows_without_end_cost_a_bounded_number() {
    for (bad, size) in [
        (vec![17], 50),
        (vec![0, 49, 50, 99], 50),
        (vec![3], 10),
        ((0..100).collect(), 50),
    ] {
        let names: Vec<String> = bad.iter().map(|number| source(*number)).collect();
        let server = Server::start_with(move |request| {
            let items = request.json()["value"].clone();
            let is_bad = |item: &Value| {
                let name = item["sourceUserIdentity"]["userPrincipalName"].as_str();
                name.is_some_and(|name| names.iter().any(|bad| bad == name))
            };
            if items
                .as_array()
                .is_some_and(|items| items.iter().any(is_bad))
            {
                let body = json!({ "error": { "code": "BadArgument", "message": "Not a user." } });
                return Reply::json(422, body.to_string());
            }
            Reply::json(200, json!({ "value": items }).to_string())
        })
        .await;
        let changes = (0..100).map(|n| set(&source(n), "somebody@harborlane.example"));
        let options = BulkOptions::new().request_size(size);
        let run = Workflows::new(server.client()).apply_user_mappings(changes, options);
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        let failed: Vec<usize> = items
            .iter()
            .filter(|item| item.outcome.is_err())
            .map(|item| item.index)
            .collect();
        assert_eq!(failed, bad, "the bad rows, and no others");
        assert_eq!(items.len(), 100);
        let requests = server.requests().len();
        let whole = 100 / size;
        assert!(requests <= whole + 2 * 24 * whole, "{requests}");
        println!("{} bad of 100 by {size}: {requests} requests", bad.len());
    }
}
