//! Trouble of a whole run: pauses, outages, and what is denied to everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations::{AccessToken, Client, RetryPolicy, TokenError, TokenFuture, TokenSource};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions, StopReason};
use msgraph_migrations_workflows::reconciliation::ReadBack;
use serde_json::json;

use super::{client, requests};
use crate::support::calls::{JOB, TASK};
use crate::support::server::{Reply, Server};
use crate::virtual_time::while_time_flies;

fn users(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("84c0d5ab-7e21-4936-bf1a-{number:012}"))
        .collect()
}

fn accepted() -> Reply {
    Reply::json(202, r#"{"status":"Accepted"}"#)
}

#[tokio::test(start_paused = true)]
async fn a_pause_longer_than_a_call_may_take_is_sat_out_and_costs_no_item() {
    // Shorter than the 300 s of a call, with time left for its repetition, and longer.
    for pause in [240, 301, 3_600] {
        let asked = AtomicUsize::new(0);
        let server = Server::start_with(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            50 => Reply::new(429, &[("retry-after", &pause.to_string())], ""),
            _ => accepted(),
        })
        .await;
        let client = server.builder().retry(RetryPolicy::default()).build();
        let workflows = Workflows::new(client.expect("a client"));
        let run = workflows.cancel_users(JOB, users(200), BulkOptions::new());
        let items = while_time_flies(run.try_collect::<Vec<_>>()).await;
        let items = items.expect("nothing stops it");
        assert_eq!(items.len(), 200);
        for item in &items {
            assert!(
                matches!(item.outcome, Ok(BulkCancelOutcome::Accepted(_))),
                "{pause}: {:?}",
                item.outcome
            );
        }
        assert_eq!(server.requests().len(), 201, "{pause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_stops_the_run_with_one_error_and_leaves_the_rest_unsent() {
    let server = Server::start(Reply::new(429, &[("retry-after", "90000")], "")).await;
    let run = Workflows::new(server.client()).cancel_users(JOB, users(200), BulkOptions::new());
    let stopped = run
        .try_collect::<Vec<_>>()
        .await
        .expect_err("a day and more");
    assert!(matches!(stopped.reason, StopReason::Outage(_)), "{stopped}");
    assert_eq!(stopped.unsent, 200, "{stopped}");
    assert!(server.requests().len() <= 4);
}

/// A source that has no token until it is told.
struct Broken(Arc<AtomicBool>);

impl TokenSource for Broken {
    fn token(&self) -> TokenFuture<'_> {
        let works = self.0.load(Ordering::Relaxed);
        Box::pin(async move {
            if works {
                Ok(AccessToken::new("weekend").expect("a token"))
            } else {
                Err(TokenError::new("down"))
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_source_that_is_down_for_hours_costs_time_and_no_item() {
    let server = Server::start(accepted()).await;
    let works = Arc::new(AtomicBool::new(false));
    let client = Client::builder(Broken(Arc::clone(&works)))
        .endpoint(server.origin())
        .build()
        .expect("a client");
    let workflows = Workflows::new(client);
    let run = workflows.cancel_users(JOB, users(40), BulkOptions::new());
    let repaired = async {
        tokio::time::sleep(Duration::from_hours(5)).await;
        works.store(true, Ordering::Relaxed);
    };
    let both = async { tokio::join!(run.try_collect::<Vec<_>>(), repaired).0 };
    let items = while_time_flies(both).await.expect("nothing stops it");
    assert_eq!(items.iter().filter(|item| item.outcome.is_ok()).count(), 40);
    assert_eq!(server.requests().len(), 40);

    works.store(false, Ordering::Relaxed);
    let options = BulkOptions::new().max_outage(Duration::ZERO);
    let stopped = workflows
        .cancel_users(JOB, users(40), options)
        .try_collect::<Vec<_>>()
        .await
        .expect_err("no outage is sat out");
    assert!(matches!(stopped.reason, StopReason::Outage(_)), "{stopped}");
    assert_eq!((stopped.unsent, server.requests().len()), (40, 40));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_unavailable_for_an_hour_is_tried_one_item_at_a_time() {
    let is_up = Arc::new(AtomicBool::new(false));
    let serving = Arc::clone(&is_up);
    let server = Server::start_with(move |_| {
        if serving.load(Ordering::Relaxed) {
            accepted()
        } else {
            Reply::new(503, &[], "")
        }
    })
    .await;
    let run = Workflows::new(server.client()).cancel_users(JOB, users(500), BulkOptions::new());
    let repaired = async {
        tokio::time::sleep(Duration::from_hours(1)).await;
        is_up.store(true, Ordering::Relaxed);
    };
    let both = async { tokio::join!(run.try_collect::<Vec<_>>(), repaired).0 };
    let items = while_time_flies(both).await.expect("nothing stops it");
    let failed = items.iter().filter(|item| item.outcome.is_err()).count();
    assert_eq!(items.len(), 500);
    // Each of these may have taken effect, so that none of them may be sent again.
    assert!(
        (3..100).contains(&failed),
        "{failed} of 500 were spent on an hour"
    );
}

#[tokio::test]
async fn what_is_denied_to_everybody_stops_after_a_few_and_leaves_the_rest_unsent() {
    for (status, is_job) in [(401, false), (403, false), (404, true)] {
        let body = r#"{"error":{"code":"Said","message":"No."}}"#;
        let server = Server::start(Reply::json(status, body)).await;
        let run =
            Workflows::new(server.client()).cancel_users(JOB, users(2_000), BulkOptions::new());
        let (mut ended, mut stopped) = (0, None);
        let mut run = run;
        loop {
            match run.try_next().await {
                Ok(Some(_)) => ended += 1,
                Ok(None) => break,
                Err(error) => stopped = Some(error),
            }
        }
        let stopped = stopped.expect("one error");
        match &stopped.reason {
            StopReason::Denied(_) => assert!(!is_job, "{stopped}"),
            StopReason::NoSuchJob(_) => assert!(is_job, "{stopped}"),
            other => panic!("{status}: {other:?}"),
        }
        assert_eq!(ended + stopped.unsent, 2_000, "{status}");
        let sent = server.requests();
        let sent = sent
            .iter()
            .filter(|request| request.method == "POST")
            .count();
        assert_eq!(sent, ended, "{status}: the rest is unsent");
        assert!(sent <= 8, "{status}: {sent}");
    }
}

#[tokio::test]
async fn users_who_are_not_in_the_job_stop_nobody_else() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let job = sandbox.preload_jobs(1, 10).expect("a job").remove(0);
    let mut list = users(30);
    let there = sandbox.job(&job).expect("the job").users;
    list.extend(there.into_iter().map(|user| user.id));
    let run = Workflows::new(client(&sandbox)).cancel_users(&job, list, BulkOptions::new());
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    let count = |of: fn(&BulkCancelOutcome) -> bool| {
        let outcomes = items.iter().filter_map(|item| item.outcome.as_ref().ok());
        outcomes.filter(|outcome| of(outcome)).count()
    };
    assert_eq!(
        count(|outcome| matches!(outcome, BulkCancelOutcome::NotInJob(_))),
        30
    );
    assert_eq!(count(BulkCancelOutcome::is_cancelled), 10);
    assert_eq!(count(BulkCancelOutcome::is_settled), 40);
    assert!(
        requests(&sandbox, "getJob") < 5,
        "one reading of the job is enough for many"
    );
}

#[tokio::test]
async fn confirmed_runs_read_back_who_was_accepted_and_who_was_lost() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let job = sandbox.preload_jobs(1, 30).expect("a job").remove(0);
    let users: Vec<_> = sandbox.job(&job).expect("the job").users;
    let soon = RetryAfter::Fraction(0.002);
    sandbox
        .set_faults(vec![
            FaultRule::new("cancelUser", Fault::DropAfterEffect).every(5),
            FaultRule::new("getUser", Fault::Throttle { retry_after: soon }).every(7),
        ])
        .expect("rules");
    let policy = ReadBack::default().first_wait(Duration::from_millis(1));
    let options = BulkOptions::new().confirm(policy);
    let run = Workflows::new(client(&sandbox)).cancel_users(
        &job,
        users.into_iter().map(|user| user.id),
        options,
    );
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    let found = items
        .iter()
        .filter(|item| matches!(item.outcome, Ok(BulkCancelOutcome::FoundCancelled(_))))
        .count();
    let confirmed = items
        .iter()
        .filter(|item| matches!(item.outcome, Ok(BulkCancelOutcome::Confirmed(_))))
        .count();
    assert_eq!((confirmed, found), (24, 6));
}

#[tokio::test]
async fn users_who_are_removed_when_cancelled_converge() {
    // The service takes cancelled users out of the job, as one guide says.
    let gone = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let server = Server::start_with(move |request| {
        let missing = || {
            Reply::json(
                404,
                r#"{"error":{"code":"NotFound","message":"No such user."}}"#,
            )
        };
        let user = request
            .path()
            .split('/')
            .find(|part| part.starts_with("84c0d5ab"));
        match user {
            None => Reply::json(
                200,
                json!({ "id": JOB, "status": "inProgress" }).to_string(),
            ),
            Some(user) => {
                let mut gone = gone.lock().expect("no panic");
                if request.method == "GET" || !gone.insert(user.to_owned()) {
                    return missing();
                }
                // One answer of four is lost.
                if gone.len() % 4 == 0 {
                    return Reply::Hangup;
                }
                accepted()
            }
        }
    })
    .await;
    let workflows = Workflows::new(server.client());
    let mut left = users(40);
    let mut runs = 0;
    while !left.is_empty() {
        runs += 1;
        assert!(runs < 4, "{left:?} never converge");
        let run = workflows.cancel_users(JOB, left, BulkOptions::new());
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        left = items
            .into_iter()
            .filter(|item| {
                !item
                    .outcome
                    .as_ref()
                    .is_ok_and(BulkCancelOutcome::is_settled)
            })
            .map(|item| item.input)
            .collect();
    }
    assert_eq!(runs, 2);
    let report = workflows
        .cancel_user_and_confirm(JOB, &users(1)[0], None)
        .await;
    assert!(
        report.is_err(),
        "404 is an error where one user is asked for"
    );
    let _ = TASK;
}
