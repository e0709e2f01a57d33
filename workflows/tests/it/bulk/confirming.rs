//! Cancellations that are read back: many at once, and as long as it takes.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkCancelItem, BulkCancelOutcome, BulkOptions};
use msgraph_migrations_workflows::reconciliation::ReadBack;
use serde_json::json;

use super::{client, record_for, requests};
use crate::support::calls::JOB;
use crate::support::server::{Reply, Request, Server};
use crate::virtual_time::while_time_flies;

fn policy() -> ReadBack {
    ReadBack::default().first_wait(Duration::from_millis(1))
}

/// How many were confirmed, found cancelled, accepted only, and left with an error.
fn counts(items: &[BulkCancelItem]) -> [usize; 4] {
    let mut counts = [0; 4];
    for item in items {
        let kind = match &item.outcome {
            Ok(BulkCancelOutcome::Confirmed(_)) => 0,
            Ok(BulkCancelOutcome::FoundCancelled(_)) => 1,
            Ok(BulkCancelOutcome::Accepted(_)) => 2,
            Ok(other) => panic!("{other:?}"),
            Err(_) => 3,
        };
        counts[kind] += 1;
    }
    counts
}

async fn job_of(users: usize) -> (Sandbox, String, Vec<String>) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let job = sandbox.preload_jobs(1, users).expect("a job").remove(0);
    let users = sandbox.job(&job).expect("the job").users;
    let ids = users.into_iter().map(|user| user.id).collect();
    (sandbox, job, ids)
}

#[tokio::test]
async fn hundreds_are_confirmed_by_a_few_pages_and_a_handful_of_a_large_job_one_by_one() {
    let (sandbox, job, users) = job_of(600).await;
    let workflows = Workflows::new(client(&sandbox));
    let options = BulkOptions::new().confirm(policy());
    let run = workflows.cancel_users(&job, &users[..500], options.clone());
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    assert_eq!(counts(&items), [500, 0, 0, 0]);
    let (pages, single) = (
        requests(&sandbox, "listUsers"),
        requests(&sandbox, "getUser"),
    );
    assert!(pages <= 18, "{pages} pages");
    assert_eq!(single, 0, "nobody is asked for alone");

    // To read six hundred for three would cost more than to read the three.
    let run = workflows.cancel_users(&job, &users[500..503], options);
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    assert_eq!(counts(&items), [3, 0, 0, 0]);
    assert_eq!(requests(&sandbox, "listUsers"), pages);
    assert_eq!(requests(&sandbox, "getUser"), 3);
}

#[tokio::test]
async fn where_the_list_is_refused_each_is_read() {
    let (sandbox, job, users) = job_of(40).await;
    let refused = Fault::Status {
        status: 400,
        code: None,
        message: None,
        headers: std::collections::BTreeMap::new(),
        body: None,
        after_effect: false,
    };
    sandbox
        .set_faults(vec![FaultRule::new("listUsers", refused)])
        .expect("rules");
    let options = BulkOptions::new().confirm(policy());
    let run = Workflows::new(client(&sandbox)).cancel_users(&job, &users, options);
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    assert_eq!(counts(&items), [40, 0, 0, 0]);
    assert_eq!(requests(&sandbox, "listUsers"), 1);
    assert_eq!(requests(&sandbox, "getUser"), 40);
}

#[tokio::test]
async fn whoever_lost_the_answer_is_read_back_alone_or_sent_again_if_that_had_no_effect() {
    for (max_repeats, expected) in [(0, [0, 4, 32, 4]), (2, [0, 4, 36, 0])] {
        let (sandbox, job, users) = job_of(40).await;
        let lost =
            |user: &String, fault| FaultRule::new("cancelUser", fault).for_user(user).times(1);
        let before = users[..4]
            .iter()
            .map(|user| lost(user, Fault::DropBeforeEffect));
        let after = users[20..24]
            .iter()
            .map(|user| lost(user, Fault::DropAfterEffect));
        // One in doubt is followed by others that are not, or the run pauses.
        let mut rules: Vec<_> = before.chain(after).collect();
        rules.push(FaultRule::new(
            "getUser",
            Fault::Latency { milliseconds: 1 },
        ));
        sandbox.set_faults(rules).expect("rules");
        let options = BulkOptions::new()
            .concurrency(2)
            .confirm_lost(policy())
            .max_repeats(max_repeats);
        let record = record_for(&sandbox, &job).await;
        let run = Workflows::new(client(&sandbox));
        let run = run.cancel_users(&job, &users, options.record(&record));
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        assert_eq!(counts(&items), expected, "{max_repeats} repeats");
        assert_eq!(record.len(), 40 - expected[3]);
        let effects = sandbox.effects("cancelUser");
        assert_eq!(effects, 40 - expected[3] as u64, "nobody twice");
    }
}

#[tokio::test]
async fn nobody_is_sent_again_who_cannot_be_read_back() {
    let (sandbox, job, users) = job_of(2).await;
    let broken = |operation| {
        FaultRule::new(
            operation,
            Fault::InternalServerError {
                after_effect: false,
            },
        )
    };
    sandbox
        .set_faults(vec![
            FaultRule::new("cancelUser", Fault::DropBeforeEffect).times(2),
            broken("getUser"),
            broken("listUsers"),
        ])
        .expect("rules");
    let options = BulkOptions::new()
        .confirm(policy().max_reads(2))
        .max_repeats(5);
    let run = Workflows::new(client(&sandbox)).cancel_users(
        &job,
        &users,
        options.max_outage(Duration::from_secs(2)),
    );
    let items: Vec<_> = run.map_err(|_| ()).try_collect().await.unwrap_or_default();
    for item in &items {
        let error = item.outcome.as_ref().expect_err("nothing is known");
        assert!(error.may_have_taken_effect(), "{error}");
    }
    assert_eq!(requests(&sandbox, "cancelUser"), 2, "each was sent once");
}

/// A user as the service shows it.
fn user(id: &str, status: &str) -> serde_json::Value {
    json!({ "id": id, "currentStatus": [{ "service": "exchange", "status": status }] })
}

fn users(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("84c0d5ab-7e21-4936-bf1a-{number:012}"))
        .collect()
}

fn asked_for(request: &Request) -> Option<String> {
    let part = request
        .path()
        .split('/')
        .find(|part| part.starts_with("84c0d5ab"))?;
    Some(part.to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_outage_between_the_cancellation_and_the_reading_is_sat_out() {
    // For two hours after the last cancellation the service reads nothing at all.
    let cancelled = Mutex::new(BTreeSet::new());
    let refused = AtomicUsize::new(0);
    let server = Server::start_with(move |request| {
        let mut cancelled = cancelled.lock().expect("no panic");
        match (request.method.as_str(), asked_for(request)) {
            ("POST", Some(user)) => {
                cancelled.insert(user);
                // Some answers are lost.
                if cancelled.len() % 5 == 0 {
                    return Reply::Hangup;
                }
                Reply::json(202, r#"{"status":"Accepted"}"#)
            }
            _ if refused.fetch_add(1, Ordering::Relaxed) < 4 => {
                Reply::new(503, &[("retry-after", "1800")], "")
            }
            (_, Some(id)) => Reply::json(200, user(&id, "cancelled").to_string()),
            (_, None) => {
                let users: Vec<_> = cancelled.iter().map(|id| user(id, "cancelled")).collect();
                Reply::json(200, json!({ "value": users }).to_string())
            }
        }
    })
    .await;
    let options = BulkOptions::new().confirm(ReadBack::default());
    let run = Workflows::new(server.client()).cancel_users(JOB, users(40), options);
    let items = while_time_flies(run.try_collect::<Vec<_>>()).await;
    assert_eq!(counts(&items.expect("nothing stops it")), [32, 8, 0, 0]);
    let posts = server.requests();
    let posts = posts.iter().filter(|request| request.method == "POST");
    assert_eq!(posts.count(), 40);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_never_ends_stops_the_run_and_takes_back_no_acceptance() {
    let server = Server::start_with(|request| match request.method.as_str() {
        "POST" => Reply::json(202, r#"{"status":"Accepted"}"#),
        _ => Reply::new(503, &[("retry-after", "600")], ""),
    })
    .await;
    let options = BulkOptions::new()
        .confirm(ReadBack::default())
        .max_outage(Duration::from_hours(1));
    let mut run = Workflows::new(server.client()).cancel_users(JOB, users(40), options);
    let (items, stopped) = while_time_flies(async {
        let mut items = Vec::new();
        loop {
            match run.try_next().await {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break (items, None),
                Err(stopped) => break (items, Some(stopped)),
            }
        }
    })
    .await;
    let stopped = stopped.expect("an hour has passed");
    assert_eq!(stopped.unsent, 0, "{stopped}");
    assert_eq!(counts(&items), [0, 0, 40, 0]);
}
