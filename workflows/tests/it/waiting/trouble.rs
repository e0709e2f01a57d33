//! Waiting while the service has trouble.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use msgraph_migrations::ErrorKind;
use msgraph_migrations::models::CrossTenantMigrationJobStatus;
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::waiting::{Awaited, WaitEnd};

use super::{as_time_passes, describe, job, options, start, status, watch};
use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

#[tokio::test]
async fn single_readings_that_fail_change_nothing_about_what_is_seen() {
    let soon = RetryAfter::Fraction(0.002);
    for fault in [
        Fault::Throttle { retry_after: soon },
        Fault::ServiceUnavailable {
            after_effect: false,
            retry_after: soon,
        },
        Fault::ServiceUnavailable {
            after_effect: false,
            retry_after: RetryAfter::None,
        },
        Fault::InternalServerError {
            after_effect: false,
        },
        Fault::BadGateway {
            after_effect: false,
        },
        Fault::GatewayTimeout { after_effect: true },
        Fault::DropBeforeEffect,
        Fault::DropAfterEffect,
        Fault::TruncateBody { well_framed: false },
        Fault::TruncateBody { well_framed: true },
        Fault::EmptyBody,
        Fault::OddCasing,
        Fault::UnknownMembers,
    ] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let job = job(&sandbox, 1);
        sandbox
            .set_job_status(&job, "validateSubmitted")
            .expect("a status");
        let rule = FaultRule::new("getJob", fault.clone()).every(2);
        sandbox.set_faults(vec![rule]).expect("a rule");
        let seen = watch(&sandbox, &client, &job, Awaited::Validation).await;
        let expected = [
            "first validateSubmitted",
            "changed validateProcessing",
            "changed validateInProgress",
            "reached validatePassed",
        ];
        assert_eq!(seen.expect("a watch"), expected, "{fault:?}");
        let hit = sandbox
            .requests()
            .iter()
            .any(|request| !request.faults.is_empty());
        assert!(hit, "{fault:?} never fired");
    }
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_reported_and_waited_out() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    sandbox
        .set_job_status(&job, "validateInProgress")
        .expect("a status");
    let unheard_of = Fault::UnknownEnumValue {
        value: "awaitingReview".to_owned(),
    };
    let rule = FaultRule::new("getJob", unheard_of).after(1).times(2);
    sandbox.set_faults(vec![rule]).expect("a rule");
    let mut watch = Workflows::new(client.clone()).watch_job(&job, Awaited::Validation, &options());
    let mut seen = Vec::new();
    for _ in 0..3 {
        let observation = watch.try_next().await.expect("a reading").expect("a state");
        seen.push(describe(&observation));
    }
    let expected = [
        "first validateInProgress",
        "changed unknownFutureValue",
        "changed validateInProgress",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_status_that_stays_unknown_lasts_to_the_deadline_and_keeps_its_text() {
    let body = format!(r#"{{"id":"{JOB}","status":"awaitingReview"}}"#);
    let server = Server::start(Reply::json(200, body)).await;
    let options = options().deadline(Duration::from_millis(300));
    let end = Workflows::new(server.client())
        .watch_job(JOB, Awaited::Final, &options)
        .await;
    let WaitEnd::DeadlinePassed(Some(job)) = end.expect("an end") else {
        panic!("nothing else ends it")
    };
    let expected = CrossTenantMigrationJobStatus::Unknown("awaitingReview".to_owned());
    assert_eq!(job.status, Some(expected));
}

#[tokio::test]
async fn too_many_failures_in_a_row_end_the_wait_with_the_last_of_them() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    let fault = Fault::InternalServerError {
        after_effect: false,
    };
    // Three failures, one success, and then failures without end.
    let rules = vec![
        FaultRule::new("getJob", fault.clone()).times(3),
        FaultRule::new("getJob", fault).after(4),
    ];
    sandbox.set_faults(rules).expect("rules");
    let options = options().max_failures(3);
    let error = Workflows::new(client.clone())
        .wait_for_validation(&job, &options)
        .await;
    let error = error.expect_err("no reading succeeds any more");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
    assert_eq!(sandbox.requests().len(), 3 + 1 + 4);
}

#[tokio::test]
async fn a_definite_refusal_ends_the_wait_at_once() {
    for (code, expected) in [(400, 400), (401, 401), (403, 403), (404, 404), (410, 410)] {
        let body = r#"{"error":{"code":"Said","message":"No."}}"#;
        let server = Server::start(Reply::json(code, body)).await;
        let error = Workflows::new(server.client())
            .wait_for_validation(JOB, &options())
            .await;
        let error = error.expect_err("a refusal");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(expected));
        assert_eq!(server.requests().len(), 1, "{code}");
    }
    let server = Server::start(Reply::Hangup).await;
    let error = Workflows::new(server.client())
        .wait_for_validation("", &options())
        .await;
    assert_eq!(
        error.expect_err("no name").kind(),
        ErrorKind::InvalidRequest
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_tells_no_status_counts_as_a_failure() {
    let server = Server::start(Reply::json(200, format!(r#"{{"id":"{JOB}"}}"#))).await;
    let options = options().max_failures(2);
    let error = Workflows::new(server.client())
        .wait_for_validation(JOB, &options)
        .await;
    assert_eq!(error.expect_err("no status").kind(), ErrorKind::Unreadable);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn one_miss_of_a_job_that_was_seen_is_borne() {
    let asked = AtomicUsize::new(0);
    let server = Server::start_with(move |_| {
        let status = match asked.fetch_add(1, Ordering::Relaxed) {
            0 => "validateInProgress",
            1 => return Reply::json(404, r#"{"error":{"code":"ResourceNotFound"}}"#),
            _ => "validatePassed",
        };
        Reply::json(200, format!(r#"{{"id":"{JOB}","status":"{status}"}}"#))
    })
    .await;
    let client = server.client();
    let end = Workflows::new(client.clone())
        .watch_job(JOB, Awaited::Validation, &options())
        .await;
    assert_eq!(
        end.expect("an end").state().map(status),
        Some("validatePassed")
    );
}

#[tokio::test]
async fn the_service_is_left_alone_for_as_long_as_it_asks() {
    for fault in [
        Fault::Throttle {
            retry_after: RetryAfter::Seconds(3600),
        },
        Fault::ServiceUnavailable {
            after_effect: false,
            retry_after: RetryAfter::Date(3600),
        },
    ] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let job = job(&sandbox, 1);
        let rule = FaultRule::new("getJob", fault).after(1).times(1);
        sandbox.set_faults(vec![rule]).expect("a rule");
        let options = options().deadline(Duration::from_millis(500));
        let end = Workflows::new(client.clone())
            .watch_job(&job, Awaited::Validation, &options)
            .await;
        let WaitEnd::DeadlinePassed(Some(last)) = end.expect("an end") else {
            panic!("an hour is longer than the deadline")
        };
        assert_eq!(status(&last), "submitted");
        assert_eq!(sandbox.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_deadline_holds_even_while_the_service_says_nothing() {
    let server = Server::start(Reply::Silence).await;
    let options = options().deadline(Duration::from_millis(20));
    let end = Workflows::new(server.client())
        .watch_job(JOB, Awaited::Final, &options)
        .await;
    assert!(matches!(end, Ok(WaitEnd::DeadlinePassed(None))), "{end:?}");
}

#[tokio::test]
async fn dropping_a_watch_or_a_wait_stops_the_requests() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    let options = options();
    {
        let mut watch =
            Workflows::new(client.clone()).watch_job(&job, Awaited::Validation, &options);
        watch.try_next().await.expect("a reading").expect("a state");
        let many = Workflows::new(client.clone()).watch_jobs(
            vec![job.clone()],
            Awaited::Validation,
            &options,
        );
        let mut many = many;
        many.try_next().await.expect("a reading").expect("a state");
        let both = async { tokio::join!(watch.next(), many.next()) };
        let nothing = tokio::time::timeout(Duration::from_millis(20), both).await;
        assert!(nothing.is_err(), "nothing changes");
        let workflows = Workflows::new(client.clone());
        let wait = workflows.wait_for_validation(&job, &options);
        let nothing = tokio::time::timeout(Duration::from_millis(20), wait).await;
        assert!(nothing.is_err(), "nothing changes");
    }
    // What was on its way when the watch was dropped arrives; then there is silence.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let sent = sandbox.requests().len();
    assert!(sent > 3, "{sent}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sandbox.requests().len(), sent);
    assert!(sandbox.jobs().iter().all(|job| job.history.is_empty()));
}

#[tokio::test]
async fn a_wait_goes_on_under_faults_of_every_kind_at_once() {
    let soon = RetryAfter::Fraction(0.002);
    let fault = |fault, probability| FaultRule::new("*", fault).with_probability(probability);
    for seed in 0..8 {
        let builder = Sandbox::builder().faults(vec![
            fault(Fault::Throttle { retry_after: soon }, 0.03),
            fault(
                Fault::ServiceUnavailable {
                    after_effect: false,
                    retry_after: soon,
                },
                0.1,
            ),
            fault(Fault::DropBeforeEffect, 0.1),
            fault(Fault::TruncateBody { well_framed: false }, 0.1),
            fault(Fault::OddCasing, 0.3),
            fault(Fault::UnknownMembers, 0.3),
        ]);
        let sandbox = builder.seed(seed).start().await.expect("a free port");
        let client = super::client_builder(&sandbox).build().expect("a client");
        let job = job(&sandbox, 2);
        sandbox
            .set_job_status(&job, "processing")
            .expect("a status");
        let options = options();
        let workflows = Workflows::new(client.clone());
        let wait = workflows.watch_job(&job, Awaited::Migration, &options);
        let end = as_time_passes(&sandbox, wait).await.expect("an end");
        assert_eq!(end.state().map(status), Some("completed"), "seed {seed}");
    }
}

#[test]
fn streams_and_futures_can_be_moved_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let client = msgraph_migrations::Client::new("token").expect("a client");
    let options = options();
    let new_job = crate::support::calls::new_job();
    assert_send(&Workflows::new(client.clone()).watch_job(JOB, Awaited::Final, &options));
    assert_send(&Workflows::new(client.clone()).watch_jobs(
        vec![JOB.to_owned()],
        Awaited::Final,
        &options,
    ));
    assert_send(&Workflows::new(client.clone()).wait_for_sharepoint_task(JOB, &options));
    assert_send(&Workflows::new(client.clone()).watch_job(JOB, Awaited::Final, &options));
    assert_send(&Workflows::new(client.clone()).wait_for_sharepoint_task(JOB, &options));
    assert_send(&Workflows::new(client.clone()).cancel_and_confirm(JOB, Some(&options)));
    assert_send(&Workflows::new(client.clone()).validate_and_wait(JOB, &options));
    assert_send(&Workflows::new(client.clone()).migrate_and_wait(JOB, &options));
    let options = msgraph_migrations_workflows::jobs::MigrateOptions::new();
    assert_send(&Workflows::new(client.clone()).migrate_job_to_end(&new_job, &options));
}
