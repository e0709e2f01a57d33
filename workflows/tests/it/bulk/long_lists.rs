//! Lists that are longer than one would keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Order, Record, StopReason};
use serde_json::json;

use super::TENANT;
use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

fn user(number: usize) -> String {
    format!("84c0d5ab-7e21-4936-bf1a-{number:012}")
}

async fn accepting() -> Server {
    Server::start_with(|request| match request.method.as_str() {
        "POST" => Reply::json(202, r#"{"status":"Accepted"}"#),
        _ => Reply::json(
            200,
            json!({ "id": JOB, "status": "inProgress" }).to_string(),
        ),
    })
    .await
}

#[tokio::test]
async fn a_list_is_read_no_further_than_the_run_has_come() {
    const USERS: usize = 400;
    let server = accepting().await;
    for order in [Order::Input, Order::AsCompleted] {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        // Of a length that nobody knows, as that of a file.
        let list = (0..)
            .take_while(|number| *number < USERS)
            .map(user)
            .inspect(move |_| {
                counter.fetch_add(1, Ordering::Relaxed);
            });
        let (seen, totals) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let total = Arc::clone(&totals);
        let options = BulkOptions::new()
            .order(order)
            .concurrency(8)
            .on_progress(move |progress| total.store(progress.total, Ordering::Relaxed));
        let mut run = Workflows::new(server.client()).cancel_users(JOB, list, options);
        while let Some(item) = run.try_next().await.expect("nothing stops it") {
            assert!(item.outcome.is_ok());
            let seen = seen.fetch_add(1, Ordering::Relaxed) + 1;
            let ahead = taken.load(Ordering::Relaxed) - seen;
            assert!(ahead <= 16, "{ahead} items are read ahead in {order:?}");
        }
        assert_eq!(seen.load(Ordering::Relaxed), USERS);
        assert_eq!(
            totals.load(Ordering::Relaxed),
            USERS,
            "the end is known at the end"
        );
    }
}

#[tokio::test]
async fn two_hundred_thousand_done_ones_are_passed_over_and_the_rest_of_a_stopped_list_is_counted()
{
    const USERS: usize = 200_000;
    let server = accepting().await;
    let file = super::file("long");
    let record = Record::open(&file, &server.origin(), TENANT).expect("a record");
    drop(record);
    // What a run before this one wrote.
    let mut text = std::fs::read_to_string(&file).expect("a file");
    for number in 0..USERS {
        let line = json!({ "action": "cancelSharepointTask", "job": "", "item": user(number) });
        text += &line.to_string();
        text.push('\n');
    }
    std::fs::write(&file, text).expect("a file");
    let record = Record::open(&file, &server.origin(), TENANT).expect("a record");
    assert_eq!(record.len(), USERS);
    let action = "cancelSharepointTask";
    assert!(record.contains(action, "", &user(7)));

    let options = BulkOptions::new().record(&record);
    let list = (0..USERS + 5).map(user).chain([user(USERS)]);
    let run = Workflows::new(server.client()).cancel_sharepoint_tasks(list, options);
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    // The last is in the list twice, and done by then.
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|item| item.index >= USERS));
    assert_eq!(server.requests().len(), 5);
    assert_eq!(record.len(), USERS + 5);

    let denying = Server::start(Reply::json(403, "{}")).await;
    let record = Record::in_memory(&denying.origin(), TENANT);
    let options = BulkOptions::new().record(&record).order(Order::AsCompleted);
    let list = (0..).take_while(|number| *number < USERS).map(user);
    let mut run = Workflows::new(denying.client()).cancel_sharepoint_tasks(list, options);
    let mut ended = 0;
    let stopped = loop {
        match run.try_next().await {
            Ok(Some(_)) => ended += 1,
            Ok(None) => panic!("nobody may"),
            Err(stopped) => break stopped,
        }
    };
    assert!(matches!(stopped.reason, StopReason::Denied(_)), "{stopped}");
    assert_eq!(ended + stopped.unsent, USERS);
}
