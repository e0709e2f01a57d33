//! Replicas that lag, outages, and what else a wait must neither believe nor endure in silence.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations::RetryPolicy;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{JobRunEnd, MigrateOptions};
use msgraph_migrations_workflows::waiting::{
    Awaited, Event, MigrationEnd, ValidationEnd, WaitEnd, WaitOptions,
};

use super::{describe, options};
use crate::support::calls::{JOB, USER, new_job};
use crate::support::server::{Reply, Server};
use crate::virtual_time::while_time_flies;

fn job(status: &str, updated: &str) -> Reply {
    let time = format!("2026-11-20T{updated}Z");
    Reply::json(
        200,
        format!(r#"{{"id":"{JOB}","status":"{status}","lastUpdatedDateTime":"{time}"}}"#),
    )
}

fn not_found() -> Reply {
    Reply::json(404, r#"{"error":{"code":"ResourceNotFound"}}"#)
}

/// Answers readings of the job by this list, the last again and again.
async fn readings(replies: Vec<Reply>) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start_with(move |request| {
        if request.path().ends_with("/users") {
            return Reply::json(200, r#"{"value":[]}"#);
        }
        let index = asked.fetch_add(1, Ordering::Relaxed);
        replies[index.min(replies.len() - 1)].clone()
    })
    .await
}

async fn watched(server: &Server, options: &WaitOptions) -> Vec<String> {
    let workflows = Workflows::new(server.client());
    let watch = workflows.watch_job(JOB, Awaited::Migration, options);
    let seen = watch.map_ok(|seen| describe(&seen)).try_collect();
    seen.await.expect("a watch")
}

#[tokio::test]
async fn a_failure_older_than_what_was_seen_does_not_end_a_wait() {
    let server = readings(vec![
        job("inProgress", "10:30:00"),
        job("failed", "09:30:00"),
        job("failed", "09:30:00"),
        job("cuttingOver", "11:00:00"),
        job("failed", "09:30:00"),
        job("completed", "11:30:00"),
    ])
    .await;
    let seen = watched(&server, &options()).await;
    assert_eq!(
        seen,
        [
            "first inProgress",
            "changed cuttingOver",
            "reached completed"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_end_that_stays_older_than_what_was_seen_counts_after_a_while() {
    let server = readings(vec![
        job("inProgress", "10:30:00"),
        job("completed", "10:29:00"),
    ])
    .await;
    let lag = Duration::from_mins(10);
    let started = tokio::time::Instant::now();
    let end = Workflows::new(server.client())
        .wait_for_migration(JOB, &WaitOptions::new())
        .into_future();
    let end = while_time_flies(end).await.expect("an end");
    assert!(matches!(end, MigrationEnd::Completed(_)), "{end:?}");
    let took = started.elapsed();
    assert!(took >= lag && took < 2 * lag, "{took:?}");
}

#[tokio::test]
async fn a_lost_or_joined_start_hands_what_was_read_back_to_the_watch() {
    for is_lost in [true, false] {
        let read = AtomicUsize::new(0);
        let server = Server::start_with(move |request| {
            match (request.method.as_str(), request.path().ends_with("/users")) {
                ("POST", _) if is_lost => Reply::Hangup,
                ("POST", _) => {
                    let message =
                        "Migration can't be started because the current status is processing";
                    let body = serde_json::json!({ "error": { "message": message } });
                    Reply::json(409, body.to_string())
                }
                (_, true) => Reply::json(200, r#"{"value":[]}"#),
                // The first reading is the one that follows the start; then a replica lags.
                _ => match read.fetch_add(1, Ordering::Relaxed) {
                    0 => job("processing", "10:00:05"),
                    1 | 2 => job("failed", "09:00:00"),
                    _ => job("completed", "11:30:00"),
                },
            }
        })
        .await;
        let run = Workflows::new(server.client())
            .migrate_and_wait(JOB, &options())
            .await
            .expect("a report");
        assert!(matches!(run.end, JobRunEnd::Completed), "{is_lost}: {run}");
    }
}

#[tokio::test]
async fn a_retry_whose_answer_tells_nothing_does_not_take_the_failure_before_it_for_its_end() {
    let (read, started) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::start_with(move |request| {
        match (request.method.as_str(), request.path().ends_with("/users")) {
            ("POST", _) => {
                started.fetch_add(1, Ordering::Relaxed);
                Reply::new(202, &[], "")
            }
            (_, true) => Reply::json(200, r#"{"value":[]}"#),
            _ if started.load(Ordering::Relaxed) == 0 => job("failed", "09:00:00"),
            _ => match read.fetch_add(1, Ordering::Relaxed) {
                0..3 => job("failed", "09:00:00"),
                _ => job("completed", "11:30:00"),
            },
        }
    })
    .await;
    let options = MigrateOptions::new().wait(&options()).retry_failed();
    let run = Workflows::new(server.client())
        .migrate_job_to_end(&new_job(), &options)
        .await
        .expect("a report");
    assert!(matches!(run.end, JobRunEnd::Completed), "{run}");
    let posts = server.requests();
    let posts = posts.iter().filter(|request| request.method == "POST");
    assert_eq!(posts.count(), 1, "one attempt was asked for");
}

#[tokio::test]
async fn a_job_that_was_just_created_may_be_missing_for_a_while() {
    let replies = || {
        let mut replies = vec![not_found(); 5];
        replies.push(job("validatePassed", "10:00:00"));
        readings(replies)
    };
    let options = options().gone_after(Duration::from_mins(1)).just_created();
    let server = replies().await;
    let end = Workflows::new(server.client())
        .wait_for_validation(JOB, &options)
        .await;
    assert!(matches!(end, Ok(ValidationEnd::Passed(_))), "{end:?}");

    // So may one that was seen.
    let mut seen = vec![job("inProgress", "09:00:00")];
    seen.extend(vec![not_found(); 6]);
    seen.push(job("completed", "10:00:00"));
    let seen = watched(&readings(seen).await, &options).await;
    assert_eq!(seen, ["first inProgress", "reached completed"]);

    let server = readings(vec![not_found()]).await;
    let options = options.gone_after(Duration::from_millis(20));
    let end = Workflows::new(server.client())
        .watch_job(JOB, Awaited::Validation, &options)
        .await;
    assert!(matches!(end, Ok(WaitEnd::Gone(None))), "{end:?}");
    assert!(server.requests().len() > 2);
}

#[tokio::test]
async fn a_replica_that_lags_after_the_creation_ends_no_migration() {
    let (asked, validated) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::start_with(move |request| {
        let path = request.path().to_owned();
        if request.method == "POST" && path.ends_with("/validate") {
            return match validated.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => not_found(),
                _ => job("validateSubmitted", "10:00:01"),
            };
        }
        if request.method == "POST" && path.ends_with("/migrate") {
            return job("processing", "10:20:00");
        }
        if request.method == "POST" {
            return job("submitted", "10:00:00");
        }
        if path.ends_with("/users") {
            return Reply::json(200, r#"{"value":[]}"#);
        }
        match (
            asked.fetch_add(1, Ordering::Relaxed),
            validated.load(Ordering::Relaxed),
        ) {
            // Before the creation there is none; then a replica does not know it yet.
            (_, 0..3) => not_found(),
            (..8, _) => job("validateInProgress", "10:00:02"),
            (..10, _) => job("validatePassed", "10:10:00"),
            _ => job("completed", "11:00:00"),
        }
    })
    .await;
    let wait = options().gone_after(Duration::from_mins(1));
    let run = Workflows::new(server.client())
        .migrate_job_to_end(&new_job(), &MigrateOptions::new().wait(&wait))
        .await
        .expect("a report");
    assert!(matches!(run.end, JobRunEnd::Completed), "{run}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_hours_is_told_once_and_endured_and_its_end_is_told() {
    // One reading before, one after; between them nothing for many hours.
    let started = tokio::time::Instant::now();
    let server = Server::start_with(move |_| {
        let hours = started.elapsed().as_secs() / 3_600;
        match hours {
            0 => job("inProgress", "09:00:00"),
            1..9 => Reply::new(503, &[], ""),
            9..10 => job("cuttingOver", "10:00:00"),
            _ => job("completed", "11:00:00"),
        }
    })
    .await;
    let client = server.builder().retry(RetryPolicy::never());
    let workflows = Workflows::new(client.build().expect("a client"));
    let mut options = WaitOptions::new();
    options.stalled_after = None;
    let watch = workflows.watch_job(JOB, Awaited::Migration, &options);
    let mut outage = None;
    let seen = watch
        .inspect_ok(|seen| {
            if let Event::Outage { lasting, .. } = &seen.event {
                outage = Some(*lasting);
            }
        })
        .map_ok(|seen| describe(&seen))
        .try_collect::<Vec<_>>();
    let seen = while_time_flies(seen).await.expect("a watch");
    let expected = [
        "first inProgress",
        "outage inProgress",
        "changed cuttingOver",
        "recovered",
        "reached completed",
    ];
    assert_eq!(seen, expected);
    let outage = outage.expect("an outage");
    assert!(outage >= options.outage_after && outage < Duration::from_mins(15));
}

#[tokio::test(start_paused = true)]
async fn an_outage_longer_than_tolerated_ends_the_wait_however_few_readings_failed() {
    let server = Server::start(Reply::new(503, &[], "")).await;
    let options = WaitOptions::new().max_outage(Duration::from_hours(2));
    let started = tokio::time::Instant::now();
    let end = Workflows::new(server.client())
        .wait_for_migration(JOB, &options)
        .into_future();
    let error = while_time_flies(end).await.expect_err("it lasts");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert!(started.elapsed() >= Duration::from_hours(2));
}

#[tokio::test]
async fn a_job_that_waits_for_an_administrator_is_told_as_such() {
    let server = readings(vec![
        job("inProgress", "09:00:00"),
        job("adminActionRequired", "09:10:00"),
        job("adminActionRequired", "09:10:00"),
        job("completed", "10:00:00"),
    ])
    .await;
    let seen = watched(&server, &options()).await;
    assert_eq!(
        seen,
        [
            "first inProgress",
            "admin adminActionRequired",
            "reached completed"
        ]
    );
}

#[tokio::test]
async fn a_watch_is_awaited_from_wherever_its_stream_has_come_to() {
    let server = readings(vec![
        job("inProgress", "09:00:00"),
        Reply::json(403, r#"{"error":{"code":"Said"}}"#),
        job("cuttingOver", "09:30:00"),
        job("completed", "10:00:00"),
    ])
    .await;
    let workflows = Workflows::new(server.client());
    let mut watch = workflows.wait_for_migration(JOB, &options());
    let first = watch.try_next().await.expect("a reading").expect("a state");
    assert_eq!(first.asked_for, JOB);
    watch.try_next().await.expect_err("a refusal");
    assert!(watch.try_next().await.expect("it is over").is_none());
    // Whoever has found out why asks on.
    let end = watch.await.expect("an end");
    assert!(matches!(end, MigrationEnd::Completed(_)), "{end:?}");

    // The end of a stream that was read to the end is not lost.
    let mut watch = workflows.wait_for_migration(JOB, &options());
    let mut ends = 0;
    while let Some(seen) = watch.try_next().await.expect("a reading") {
        ends += usize::from(matches!(seen.event, Event::Ended(_)));
    }
    assert_eq!(ends, 1);
    assert!(matches!(watch.await, Ok(MigrationEnd::Completed(_))));
}

#[tokio::test]
async fn users_are_waited_for_one_by_one_and_together() {
    let user = |status: &str| {
        let workloads = format!(
            r#"[{{"service":"Teams","status":"{status}"}},{{"service":"Exchange","status":"completed"}}]"#
        );
        format!(r#"{{"id":"{USER}","currentStatus":{workloads}}}"#)
    };
    for (ends_as, awaited, expected) in [
        ("completed", Awaited::Migration, "reached"),
        ("failed", Awaited::Migration, "reached"),
        ("cancelled", Awaited::Cancellation, "reached"),
        ("completed", Awaited::Cancellation, "elsewhere"),
        ("", Awaited::Cancellation, "gone"),
    ] {
        for together in [false, true] {
            let asked = AtomicUsize::new(0);
            let server = Server::start_with(move |request| {
                if !request.path().contains("/users") {
                    return job("inProgress", "09:00:00");
                }
                let is_list = request.path().ends_with("/users");
                let status = match asked.fetch_add(1, Ordering::Relaxed) {
                    0..2 => "syncing",
                    _ => ends_as,
                };
                match (is_list, status) {
                    (true, "") => Reply::json(200, r#"{"value":[]}"#),
                    (false, "") => not_found(),
                    (true, status) => {
                        Reply::json(200, format!(r#"{{"value":[{}]}}"#, user(status)))
                    }
                    (false, status) => Reply::json(200, user(status)),
                }
            })
            .await;
            let workflows = Workflows::new(server.client());
            let end = if together {
                let watch = workflows.watch_users(JOB, vec![USER.to_owned()], awaited, &options());
                watch.await.expect("ends").remove(0).end
            } else {
                let watch = workflows.wait_for_user(JOB, USER, awaited, &options());
                watch.await.expect("an end")
            };
            let told = match end {
                WaitEnd::Reached(_) => "reached",
                WaitEnd::Elsewhere(_) => "elsewhere",
                WaitEnd::Gone(Some(_)) => "gone",
                WaitEnd::Gone(None) | WaitEnd::DeadlinePassed(_) => "other",
            };
            assert_eq!(told, expected, "{ends_as} {awaited:?} {together}");
        }
    }
}
