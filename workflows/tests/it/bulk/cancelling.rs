//! Many cancellations.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use msgraph_migrations::{ErrorKind, GetOptions};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{
    BulkCancelItem, BulkCancelOutcome, BulkOptions, Order, Progress, Record,
};
use serde_json::json;

use super::{client, file, record_for, requests, tenant};
use crate::support::calls::{JOB, USER, new_task};
use crate::support::server::{Reply, Server};

/// A sandbox with one job of so many users, and their ids.
async fn job_of(users: usize) -> (Sandbox, String, Vec<String>) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let job = sandbox.preload_jobs(1, users).expect("a job").remove(0);
    let users = sandbox.job(&job).expect("the job").users;
    (
        sandbox,
        job,
        users.into_iter().map(|user| user.id).collect(),
    )
}

fn kind(item: &BulkCancelItem) -> &'static str {
    match &item.outcome {
        Ok(BulkCancelOutcome::Accepted(_)) => "accepted",
        Ok(BulkCancelOutcome::AlreadyCancelled(_)) => "already",
        Ok(BulkCancelOutcome::Confirmed(_)) => "confirmed",
        Ok(BulkCancelOutcome::FoundCancelled(_)) => "found",
        Ok(BulkCancelOutcome::NotInJob(_)) => "not in job",
        Ok(BulkCancelOutcome::AlreadyFinal { .. }) => "over",
        Ok(BulkCancelOutcome::TooLate { .. }) => "too late",
        Ok(BulkCancelOutcome::Undetermined(_)) => "undetermined",
        Err(error) if error.may_have_taken_effect() => "in doubt",
        Err(error) => match error.kind() {
            ErrorKind::InvalidRequest => "invalid",
            ErrorKind::Refused => "refused",
            _ => "other error",
        },
    }
}

fn kinds(items: &[BulkCancelItem]) -> Vec<&'static str> {
    items.iter().map(kind).collect()
}

#[tokio::test]
async fn users_come_in_input_order_or_as_they_end() {
    for order in [Order::Input, Order::AsCompleted] {
        let (sandbox, job, users) = job_of(40).await;
        let late = Fault::Latency {
            milliseconds: 3_000,
        };
        sandbox
            .set_faults(vec![FaultRule::new("cancelUser", late).for_user(&users[0])])
            .expect("rules");
        let options = BulkOptions::new().order(order);
        let run = Workflows::new(client(&sandbox)).cancel_users(&job, &users, options);
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        let places: Vec<_> = items.iter().map(|item| item.index).collect();
        match order {
            Order::Input => assert_eq!(places, (0..40).collect::<Vec<_>>()),
            Order::AsCompleted => assert_eq!(places.last(), Some(&0)),
        }
        for item in &items {
            assert_eq!(item.input, users[item.index]);
            assert_eq!(kind(item), "accepted");
        }
    }
}

#[tokio::test]
async fn every_user_has_an_outcome_of_its_own_and_failures_hide_nobody() {
    let (sandbox, job, users) = job_of(10).await;
    let rule = |user: usize, fault| FaultRule::new("cancelUser", fault).for_user(&users[user]);
    let gone = "00000000-0000-4000-8000-00000000dead";
    sandbox
        .set_faults(vec![
            rule(1, Fault::DropAfterEffect),
            rule(2, Fault::DropBeforeEffect),
            rule(3, Fault::BadGateway { after_effect: true }),
            rule(
                4,
                Fault::Throttle {
                    retry_after: RetryAfter::Fraction(0.01),
                },
            )
            .times(2),
            rule(
                5,
                Fault::ServiceUnavailable {
                    after_effect: false,
                    retry_after: RetryAfter::Fraction(0.01),
                },
            )
            .times(1),
        ])
        .expect("rules");
    let mut list: Vec<&str> = users.iter().map(String::as_str).collect();
    list.insert(6, gone);
    list.insert(0, "");
    let record = record_for(&sandbox, &job).await;
    let options = || BulkOptions::new().record(&record);
    let items: Vec<_> = Workflows::new(client(&sandbox))
        .cancel_users(&job, list.clone(), options())
        .try_collect()
        .await
        .expect("nothing stops it");
    let mut expected = vec![
        "invalid",
        "accepted",
        "in doubt",
        "in doubt",
        "in doubt",
        "accepted",
        "accepted",
        "not in job",
    ];
    expected.resize(list.len(), "accepted");
    assert_eq!(kinds(&items), expected);
    assert_eq!(record.len(), 8);

    // The next run asks only for those that are not known to be cancelled, and finds out.
    sandbox.set_faults(Vec::new()).expect("rules");
    let before = requests(&sandbox, "cancelUser");
    let items: Vec<_> = Workflows::new(client(&sandbox))
        .cancel_users(&job, list.clone(), options())
        .try_collect()
        .await
        .expect("nothing stops it");
    assert_eq!(kinds(&items), ["invalid", "already", "accepted", "already"]);
    assert_eq!(requests(&sandbox, "cancelUser") - before, 3);
    assert_eq!(
        sandbox.effects("cancelUser"),
        10,
        "nobody was cancelled twice"
    );
    assert!(
        sandbox
            .job(&job)
            .expect("the job")
            .users
            .iter()
            .all(|user| user.cancelled)
    );
}

#[tokio::test]
async fn a_second_run_tells_who_is_cancelled_already() {
    let (sandbox, job, users) = job_of(30).await;
    let client = client(&sandbox);
    for (pass, (expected, advance)) in [("accepted", 0), ("already", 3_600), ("already", 0)]
        .into_iter()
        .enumerate()
    {
        let items: Vec<_> = Workflows::new(client.clone())
            .cancel_users(&job, &users, BulkOptions::new())
            .try_collect()
            .await
            .expect("nothing stops it");
        assert_eq!(kinds(&items), vec![expected; 30], "pass {pass}");
        sandbox.advance(Duration::from_secs(advance)).expect("time");
    }
    assert_eq!(sandbox.effects("cancelUser"), 30);
}

#[tokio::test]
async fn whoever_is_listed_twice_is_cancelled_once_and_then_already_cancelled() {
    let (sandbox, job, users) = job_of(1).await;
    let list = [&users[0], &users[0], &users[0]].map(String::clone);
    let items: Vec<_> = Workflows::new(client(&sandbox))
        .cancel_users(&job, list, BulkOptions::new())
        .try_collect()
        .await
        .expect("nothing stops it");
    assert_eq!(kinds(&items), ["accepted", "already", "already"]);
}

#[tokio::test]
async fn too_late_is_told_and_not_done() {
    let (sandbox, job, users) = job_of(5).await;
    sandbox
        .set_job_status(&job, "cuttingOver")
        .expect("a status");
    let record = record_for(&sandbox, &job).await;
    let options = BulkOptions::new().record(&record);
    let items: Vec<_> = Workflows::new(client(&sandbox))
        .cancel_users(&job, &users, options)
        .try_collect()
        .await
        .expect("nothing stops it");
    assert_eq!(kinds(&items), vec!["too late"; 5]);
    assert!(record.is_empty());
    assert_eq!(
        requests(&sandbox, "getUser"),
        0,
        "the message told the status"
    );
}

#[tokio::test]
async fn a_conflict_that_names_the_status_needs_no_reading() {
    for (status, expected) in [
        ("cancelled", "already"),
        ("Canceled", "already"),
        ("PendingCancel", "already"),
        ("completed", "over"),
        ("synced", "too late"),
        ("reviewing", "undetermined"),
    ] {
        let message = format!("Cancel is not possible. Current status is {status}");
        let body = json!({ "error": { "code": "Conflict", "message": message } });
        let server = Server::start(Reply::json(409, body.to_string())).await;
        let run = Workflows::new(server.client()).cancel_users(JOB, [USER], BulkOptions::new());
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        assert_eq!(kinds(&items), [expected], "{status}");
        assert_eq!(server.request().method, "POST", "{status}");
    }
}

#[tokio::test]
async fn a_conflict_without_a_status_is_explained_by_reading_the_user() {
    let workloads = |statuses: &[&str]| {
        let statuses: Vec<_> = statuses
            .iter()
            .map(|status| json!({ "status": status }))
            .collect();
        Reply::json(
            200,
            json!({ "id": USER, "currentStatus": statuses }).to_string(),
        )
    };
    for (reading, expected) in [
        (workloads(&["cancelled", "PendingCancel"]), "already"),
        (workloads(&["cancelled", "completed"]), "undetermined"),
        (workloads(&["reviewing"]), "undetermined"),
        (workloads(&[]), "undetermined"),
        (Reply::json(404, "{}"), "undetermined"),
        (Reply::Hangup, "undetermined"),
    ] {
        let server = Server::start_with(move |request| {
            if request.method == "GET" {
                return reading.clone();
            }
            let message = "Cancellation is not possible as migration passed completeAfter date";
            Reply::json(409, json!({ "error": { "message": message } }).to_string())
        })
        .await;
        let run = Workflows::new(server.client()).cancel_users(JOB, [USER], BulkOptions::new());
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        assert_eq!(kinds(&items), [expected]);
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn progress_counts_every_item_once() {
    let (sandbox, job, mut users) = job_of(50).await;
    let record = record_for(&sandbox, &job).await;
    let options = || BulkOptions::new().record(&record);
    let client = client(&sandbox);
    let first = Workflows::new(client.clone()).cancel_users(&job, &users[..10], options());
    assert_eq!(first.count().await, 10);
    users.push("00000000-0000-4000-8000-00000000dead".to_owned());
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let seeing = Arc::clone(&seen);
    let options = options().on_progress(move |now| seeing.lock().expect("no panic").push(*now));
    let run = Workflows::new(client.clone()).cancel_users(&job, &users, options);
    assert_eq!(run.count().await, 41);
    let seen = seen.lock().expect("no panic");
    let ended: Vec<_> = seen.iter().map(Progress::ended).collect();
    assert_eq!(ended, (11..=51).collect::<Vec<_>>());
    let last = seen.last().expect("progress");
    assert_eq!(
        (
            last.total,
            last.skipped,
            last.done,
            last.not_done,
            last.failed
        ),
        (51, 10, 41, 0, 0)
    );
}

#[tokio::test]
async fn a_run_that_was_dropped_midway_is_taken_up_again_from_its_record() {
    for (seed, order) in [(1, Order::Input), (2, Order::AsCompleted)] {
        let sandbox = Sandbox::builder()
            .seed(seed)
            .faults(vec![
                FaultRule::new("cancelUser", Fault::DropAfterEffect).with_probability(0.1),
                FaultRule::new("cancelUser", Fault::DropBeforeEffect).with_probability(0.1),
                FaultRule::new("cancelUser", Fault::Latency { milliseconds: 5 })
                    .with_probability(0.5),
            ])
            .start()
            .await
            .expect("a sandbox");
        let job = sandbox.preload_jobs(1, 200).expect("a job").remove(0);
        let users = sandbox.job(&job).expect("the job").users;
        let users: Vec<_> = users.into_iter().map(|user| user.id).collect();
        let file = file(&format!("dropped-{seed}"));
        let tenant = tenant(&sandbox, &job).await;
        let mut runs = 0;
        loop {
            runs += 1;
            assert!(runs < 40, "it comes to an end");
            let saved = std::fs::read_to_string(&file).unwrap_or_default();
            let record = Record::open(&file, &sandbox.base_url(), &tenant).expect("a record");
            let before = sandbox.requests().len();
            let options = BulkOptions::new().order(order).record(&record);
            let mut run = Workflows::new(client(&sandbox)).cancel_users(&job, &users, options);
            let mut handed_over = 0;
            while handed_over < 30
                && let Some(item) = run.try_next().await.expect("nothing stops it")
            {
                handed_over += 1;
                assert!(matches!(kind(&item), "accepted" | "already" | "in doubt"));
            }
            drop(run);
            for request in &sandbox.requests()[before..] {
                if request.operation.as_deref() == Some("getJob") {
                    continue;
                }
                let user = users.iter().find(|user| request.path.contains(*user));
                let user = user.expect("only users of the job are asked for");
                assert!(
                    !saved.contains(user),
                    "{user} was done, and was asked for again"
                );
            }
            if handed_over == 0 {
                break;
            }
        }
        assert_eq!(
            sandbox.effects("cancelUser"),
            200,
            "nobody is left, nobody was cancelled twice"
        );
        println!(
            "seed {seed}: {runs} runs, {} requests",
            sandbox.requests().len()
        );
    }
}

#[tokio::test]
async fn a_caller_who_makes_other_calls_between_two_items_is_not_held_up_by_the_run() {
    let sandbox = Sandbox::builder()
        .rate_limit(40.0)
        .start()
        .await
        .expect("a sandbox");
    let job = sandbox.preload_jobs(1, 80).expect("a job").remove(0);
    let users = sandbox.job(&job).expect("the job").users;
    let client = client(&sandbox);
    let mut run = Workflows::new(client.clone()).cancel_users(
        &job,
        users.into_iter().map(|user| user.id),
        BulkOptions::new().order(Order::AsCompleted),
    );
    // Beyond the first second, calls of the run wait for their turn while nobody polls them.
    let mut cancelled = 0;
    while let Some(item) = run.try_next().await.expect("nothing stops it") {
        assert_eq!(kind(&item), "accepted");
        cancelled += 1;
        if cancelled % 5 == 0 {
            let user = client.get_user(&job, &item.input, GetOptions::new()).await;
            user.expect("the call gets its turn");
        }
    }
    assert_eq!(cancelled, 80);
}

#[tokio::test]
async fn nothing_is_sent_before_the_stream_is_polled() {
    let (sandbox, job, users) = job_of(5).await;
    drop(Workflows::new(client(&sandbox)).cancel_users(&job, &users, BulkOptions::new()));
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_thousand_users_are_cancelled_with_no_more_calls_at_once_than_allowed() {
    const AT_ONCE: usize = 16;
    const LATENCY: Duration = Duration::from_millis(20);
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let arriving = Arc::clone(&arrivals);
    let sandbox = Sandbox::builder()
        .on_request(move |_| arriving.lock().expect("no panic").push(Instant::now()))
        .faults(vec![FaultRule::new(
            "*",
            Fault::Latency { milliseconds: 20 },
        )])
        .start()
        .await
        .expect("a sandbox");
    let job = sandbox.preload_jobs(1, 1_000).expect("a job").remove(0);
    let users = sandbox.job(&job).expect("the job").users;
    let options = BulkOptions::new().concurrency(AT_ONCE);
    let run = Workflows::new(client(&sandbox)).cancel_users(
        &job,
        users.into_iter().map(|user| user.id),
        options,
    );
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    assert_eq!(kinds(&items), vec!["accepted"; 1_000]);
    let mut arrivals = arrivals.lock().expect("no panic");
    arrivals.sort();
    assert_eq!(arrivals.len(), 1_000);
    // An answer comes no sooner than the latency after its request. If one more than allowed arrived
    // within that time, none of them can have been answered, and all were under way at once.
    for pair in arrivals.windows(AT_ONCE + 1) {
        assert!(pair[AT_ONCE] - pair[0] >= LATENCY);
    }
}

#[tokio::test]
async fn many_sharepoint_tasks_are_cancelled_each_with_its_outcome() {
    let sandbox = Sandbox::builder()
        .require_identity_map(false)
        .start()
        .await
        .expect("a sandbox");
    let client = client(&sandbox);
    let create = async || {
        let task = client
            .create_sharepoint_task(new_task())
            .await
            .expect("a task");
        task.into_value().id.expect("an id")
    };
    let running = create().await;
    sandbox.advance(Duration::from_mins(10)).expect("time");
    let mut tasks = vec![running, "no-such-task".to_owned()];
    for _ in 0..20 {
        tasks.push(create().await);
    }
    for expected in ["accepted", "already"] {
        let run =
            Workflows::new(client.clone()).cancel_sharepoint_tasks(&tasks, BulkOptions::new());
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        let mut kinds_expected = vec!["too late", "refused"];
        kinds_expected.resize(22, expected);
        assert_eq!(kinds(&items), kinds_expected);
    }
    assert_eq!(sandbox.effects("cancelSharepointTask"), 20);
}
