//! Requests that are sent again, and those that are not.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations::models::CrossTenantMigrationJobStatus;
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, ClientBuilder, DeleteOutcome, ErrorKind, ExpiringToken,
    GetOptions, RateLimitCause, RefreshingToken, RetryPolicy, operations,
};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};

use crate::support::calls::{CALLS, JOB, call};
use crate::support::server::{Reply, SECRET, Server};

fn policy() -> RetryPolicy {
    RetryPolicy::default()
        .base_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(2))
}

/// A server that gives these answers in turn, the last one for ever.
async fn server_of(replies: impl IntoIterator<Item = Reply>) -> Server {
    let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
    Server::start_with(move |_| {
        let mut replies = replies.lock().expect("no panic in the server");
        match replies.len() {
            1 => replies[0].clone(),
            _ => replies.pop_front().expect("a reply"),
        }
    })
    .await
}

fn refusal(status: u16, retry_after: Option<&str>) -> Reply {
    let header = retry_after.map(|value| ("retry-after", value));
    Reply::new(status, &header.into_iter().collect::<Vec<_>>(), "{}")
}

fn builder(server: &Server) -> ClientBuilder {
    server.builder().retry(policy())
}

fn is_repeatable(id: &str) -> bool {
    let operation = operations::ALL.iter().find(|operation| operation.id == id);
    ["GET", "PATCH"].contains(&operation.expect("an operation").method)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_repeated_only_when_that_cannot_double_its_effect() {
    const PAST: &str = "Sat, 12 Dec 2009 20:00:00 GMT";
    // What comes first, and whether an action is sent again after it.
    let troubles = [
        ("429", refusal(429, Some("0")), true),
        ("429 with a date", refusal(429, Some(PAST)), true),
        ("503 with 0", refusal(503, Some("0")), true),
        ("503 with a fraction", refusal(503, Some("0.001")), true),
        ("503 with a date", refusal(503, Some(PAST)), true),
        ("503", refusal(503, None), false),
        ("500", refusal(500, None), false),
        ("500 with 0", refusal(500, Some("0")), false),
        ("502", refusal(502, None), false),
        ("504", refusal(504, None), false),
        ("408", refusal(408, None), false),
        ("hangup", Reply::Hangup, false),
    ];
    for (trouble, reply, repeats_actions) in troubles {
        for (id, _) in CALLS {
            let server = server_of([reply.clone(), Reply::json(200, r#"{"value":[]}"#)]).await;
            let client = builder(&server).build().expect("a client");
            let result = call(id)(&client).await;
            let requests = server.requests();
            if repeats_actions || is_repeatable(id) {
                result.unwrap_or_else(|error| panic!("{id} after {trouble}: {error}"));
                assert_eq!(requests.len(), 2, "{id} after {trouble}");
                let (first, second) = (&requests[0], &requests[1]);
                assert_eq!(first.target, second.target, "{id}");
                assert_eq!(first.body, second.body, "{id}");
                let id_of_both = first.header("client-request-id");
                assert!(id_of_both.is_some(), "{id}");
                assert_eq!(id_of_both, second.header("client-request-id"), "{id}");
            } else {
                let error = result.expect_err(trouble);
                assert_eq!(requests.len(), 1, "{id} after {trouble}");
                assert_eq!(error.attempts(), 1, "{id} after {trouble}");
                assert!(error.may_have_taken_effect(), "{id} after {trouble}");
            }
        }
    }
}

#[tokio::test]
async fn refusals_that_last_are_not_asked_for_again() {
    for status in [400, 401, 403, 404, 410, 412, 422, 501] {
        let server = Server::start(refusal(status, Some("0"))).await;
        let client = builder(&server).build().expect("a client");
        let error = client
            .get_job(JOB, GetOptions::new())
            .await
            .expect_err("refused");
        assert_eq!(error.status().map(|found| found.as_u16()), Some(status));
        server.request();
    }
    // Nor are answers that contradict the documents.
    let server = Server::start(Reply::json(200, "<html>")).await;
    let client = builder(&server).build().expect("a client");
    let error = client
        .get_job(JOB, GetOptions::new())
        .await
        .expect_err("no JSON");
    assert_eq!(error.kind(), ErrorKind::Contradicted);
    assert!(
        error.to_string().contains("a body that cannot be used"),
        "{error}"
    );
    server.request();
}

#[tokio::test]
async fn a_body_that_broke_off_is_read_again() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"status\":\"pend".to_vec();
    let whole = Reply::json(200, r#"{"status":"pendingCancel"}"#);
    for first in [Reply::Raw(cut), Reply::json(200, r#"{"status":"pend"#)] {
        let server = server_of([first.clone(), whole.clone()]).await;
        let client = builder(&server).build().expect("a client");
        let job = client.get_job(JOB, GetOptions::new()).await.expect("a job");
        assert_eq!(
            job.value()
                .status
                .as_ref()
                .map(CrossTenantMigrationJobStatus::as_str),
            Some("pendingCancel")
        );
        assert_eq!(server.requests().len(), 2);

        let server = server_of([first, whole.clone()]).await;
        let client = builder(&server).build().expect("a client");
        let error = client.cancel_job(JOB).await.expect_err("not whole");
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert!(
            error.to_string().contains("a body that cannot be used"),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .ends_with("read the state back before repeating"),
            "{error}"
        );
        server.request();
    }
}

#[tokio::test]
async fn the_attempts_of_a_call_are_counted() {
    for attempts in [1, 2, 4] {
        let server = Server::start(refusal(503, Some("0"))).await;
        let client = builder(&server)
            .retry(policy().max_attempts(attempts))
            .build();
        let error = client
            .expect("a client")
            .migrate_job(JOB)
            .await
            .expect_err("503");
        assert_eq!(error.attempts(), attempts);
        assert_eq!(server.requests().len(), attempts as usize);
        let told = error
            .to_string()
            .contains(&format!("; {attempts} attempts;"));
        assert_eq!(told, attempts > 1, "{error}");
    }
}

#[tokio::test]
async fn the_renewal_of_a_token_takes_no_attempt_away() {
    let replies = [
        refusal(401, None),
        refusal(503, Some("0")),
        refusal(202, None),
    ];
    let server = server_of(replies).await;
    let fetched = AtomicUsize::new(0);
    let source = RefreshingToken::new(move || {
        let number = fetched.fetch_add(1, Ordering::SeqCst);
        let token = AccessToken::new(&format!("token-{number}"));
        std::future::ready(token.map(|token| ExpiringToken::new(token, None)))
    });
    let client = Client::builder(source)
        .endpoint(server.origin())
        .retry(policy().max_attempts(2));
    let outcome = client.build().expect("a client").cancel_job(JOB).await;
    assert!(
        matches!(outcome, Ok(CancelOutcome::Accepted(_))),
        "{outcome:?}"
    );
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_wait_longer_than_the_budget_is_told_at_once() {
    for status in [429, 503] {
        for (asked, seconds) in [("3600", 3600.0), ("3600.5", 3600.5)] {
            let server = Server::start(refusal(status, Some(asked))).await;
            let client = builder(&server).build().expect("a client");
            let error = client.cancel_job(JOB).await.expect_err("come back later");
            assert_eq!(error.status().map(|found| found.as_u16()), Some(status));
            assert_eq!(error.retry_after(), Some(Duration::from_secs_f64(seconds)));
            assert!(!error.may_have_taken_effect());
            let text = error.to_string();
            assert!(
                text.ends_with("it was not carried out; wait as long as asked and repeat"),
                "{text}"
            );
            server.request();
        }
    }
}

#[tokio::test]
async fn a_pause_that_the_service_asked_for_holds_back_the_next_call() {
    let server = Server::start(refusal(429, Some("3600"))).await;
    let client = builder(&server).build().expect("a client");
    client.cancel_job(JOB).await.expect_err("come back later");
    let error = client.clone().migrate_job(JOB).await.expect_err("not yet");
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.rate_limit_cause(), Some(RateLimitCause::Service));
    assert!(
        error
            .retry_after()
            // One answer holds others back for no longer than this.
            .is_some_and(|wait| wait > Duration::from_mins(9) && wait <= Duration::from_mins(10))
    );
    assert!(!error.was_sent() && error.is_safe_to_repeat());
    let text = error.to_string();
    assert!(
        text.ends_with("nothing was sent; wait as long as asked and repeat"),
        "{text}"
    );
    server.request();
}

#[tokio::test]
async fn a_pause_between_two_attempts_does_not_hide_the_refusal() {
    // Without a header the pause is the client's own, and longer than this call may take.
    let server = Server::start(refusal(429, None)).await;
    let client = builder(&server)
        .total_timeout(Duration::from_millis(300))
        .build()
        .expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("429");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(error.status().map(|found| found.as_u16()), Some(429));
    assert!(!error.may_have_taken_effect());
    assert!(
        error.to_string().contains("it was not carried out; wait "),
        "{error}"
    );
}

#[tokio::test]
async fn a_change_is_not_sent_again_when_there_is_no_time_left_for_its_answer() {
    // An answer after a second, to a call that may take one and a half.
    for (id, requests) in [("cancelJob", 1), ("deleteJob", 1), ("getJob", 2)] {
        let server = server_of([refusal(429, Some("0.9")), Reply::Silence]).await;
        let client = builder(&server)
            .total_timeout(Duration::from_millis(1_500))
            .build()
            .expect("a client");
        let error = call(id)(&client)
            .await
            .expect_err("429, or no answer in time");
        assert_eq!(server.requests().len(), requests, "{id}: {error}");
        assert_eq!(error.may_have_taken_effect(), requests > 1, "{id}: {error}");
        if requests == 1 {
            assert_eq!(error.retry_after(), Some(Duration::from_millis(900)));
        }
    }
}

#[tokio::test]
async fn an_earlier_attempt_in_doubt_is_remembered_by_the_last_error() {
    for first in [refusal(500, None), refusal(504, None), Reply::Hangup] {
        let server = server_of([first, refusal(422, None)]).await;
        let client = builder(&server).build().expect("a client");
        let date = "2026-12-19T20:00:00Z".parse().expect("a time");
        let error = client.update_job(JOB, date).await.expect_err("422");
        assert_eq!(error.status().map(|found| found.as_u16()), Some(422));
        assert_eq!(error.attempts(), 2);
        assert!(error.may_have_taken_effect() && error.is_safe_to_repeat());
        let text = error.to_string();
        assert!(
            text.ends_with(
                "; 2 attempts; an earlier attempt may have taken effect; repeating is safe"
            ),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_action_that_was_refused_and_then_lost_is_in_doubt_and_not_sent_again() {
    let server = server_of([refusal(503, Some("0")), Reply::Hangup]).await;
    let client = builder(&server).build().expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.may_have_taken_effect() && !error.is_safe_to_repeat());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn dropping_a_call_that_waits_sends_nothing_more() {
    let server = Server::start(refusal(503, Some("3600"))).await;
    let client = builder(&server)
        .total_timeout(Duration::from_hours(2))
        .build();
    let client = client.expect("a client");
    let call = client.get_job(JOB, GetOptions::new());
    let waited = tokio::time::timeout(Duration::from_millis(100), call).await;
    assert!(waited.is_err(), "{waited:?}");
    server.request();
}

async fn sandbox(rule: FaultRule) -> (Sandbox, Client, String) {
    let sandbox = Sandbox::builder().seed(11).faults(vec![rule]).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let id = sandbox.preload_jobs(1, 2).expect("a job").remove(0);
    let client = Client::builder(AccessToken::new(SECRET).expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(policy())
        .build()
        .expect("a client");
    (sandbox, client, id)
}

#[tokio::test]
async fn a_cancellation_that_was_not_processed_is_sent_again_and_takes_effect_once() {
    let not_processed = |retry_after| Fault::ServiceUnavailable {
        after_effect: false,
        retry_after,
    };
    for (fault, times) in [
        (
            Fault::Throttle {
                retry_after: RetryAfter::Seconds(0),
            },
            1,
        ),
        (not_processed(RetryAfter::Seconds(0)), 3),
        (not_processed(RetryAfter::Fraction(0.002)), 2),
        (not_processed(RetryAfter::Date(0)), 2),
    ] {
        let rule = FaultRule::new("cancelJob", fault.clone()).times(times);
        let (sandbox, client, id) = sandbox(rule).await;
        let outcome = client.cancel_job(&id).await;
        assert!(
            matches!(outcome, Ok(CancelOutcome::Accepted(_))),
            "{fault:?}: {outcome:?}"
        );
        assert_eq!(sandbox.effects("cancelJob"), 1, "{fault:?}");
        assert_eq!(sandbox.requests().len() as u64, times + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_ambiguous_failure_of_an_action_is_not_repeated_on_either_side_of_the_effect() {
    for after_effect in [false, true] {
        for fault in [
            Fault::InternalServerError { after_effect },
            Fault::BadGateway { after_effect },
            Fault::GatewayTimeout { after_effect },
            if after_effect {
                Fault::DropAfterEffect
            } else {
                Fault::DropBeforeEffect
            },
        ] {
            let (sandbox, client, id) = sandbox(FaultRule::new("cancelJob", fault.clone())).await;
            let error = client.cancel_job(&id).await.expect_err("a fault");
            assert!(
                error.may_have_taken_effect() && !error.is_safe_to_repeat(),
                "{error}"
            );
            assert_eq!(sandbox.requests().len(), 1, "{fault:?}");
            assert_eq!(
                sandbox.effects("cancelJob"),
                u64::from(after_effect),
                "{fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_deletion_is_not_repeated_after_an_ambiguous_failure() {
    let rule = FaultRule::new("deleteJob", Fault::DropAfterEffect).times(1);
    let (deleting, client, id) = sandbox(rule).await;
    deleting.set_job_status(&id, "completed").expect("a job");
    let error = client.delete_job(&id).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.may_have_taken_effect() && error.is_safe_to_repeat());
    assert_eq!(deleting.requests().len(), 1);
    // What the repetition would have been answered.
    let outcome = client.delete_job(&id).await;
    assert!(
        matches!(outcome, Ok(DeleteOutcome::NotFinal(_))),
        "{outcome:?}"
    );
    assert_eq!(deleting.effects("deleteJob"), 1);
}

#[tokio::test]
async fn reads_and_updates_get_through_a_service_that_stumbles() {
    let (sandbox, _, id) = sandbox(FaultRule::new("*", Fault::DropAfterEffect)).await;
    let client = Client::builder(AccessToken::new(SECRET).expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(policy().max_attempts(60))
        .build()
        .expect("a client");
    let often = |fault| FaultRule::new("*", fault).with_probability(0.2);
    let faults = vec![
        often(Fault::InternalServerError { after_effect: true }),
        often(Fault::BadGateway {
            after_effect: false,
        }),
        often(Fault::DropBeforeEffect),
        often(Fault::DropAfterEffect),
        often(Fault::TruncateBody { well_framed: false }),
        often(Fault::TruncateBody { well_framed: true }),
    ];
    sandbox.set_faults(faults).expect("rules");
    for day in 10..30 {
        let date = format!("2026-02-{:02}T20:00:00Z", day % 28 + 1);
        client
            .update_job(&id, date.parse().expect("a time"))
            .await
            .expect("an update");
        let job = client.get_job(&id, GetOptions::new()).await.expect("a job");
        let told = job
            .value()
            .complete_after_date_time
            .as_ref()
            .expect("a date")
            .to_string();
        assert!(told.starts_with(&date[..19]), "{told} is not {date}");
    }
    assert!(
        sandbox.requests().len() > 40,
        "no fault ever befell a request"
    );
}
