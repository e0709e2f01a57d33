//! One fetch serves all who wait for a token, and fails alone.

use std::future::{Future, pending};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, ErrorKind, ExpiringToken, GetOptions, RefreshingToken,
    TokenError, TokenSource,
};
use tokio::sync::Semaphore;

use super::vault::{Vault, server_that_knows_a_newer_token, tokens};
use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

#[tokio::test]
async fn concurrent_calls_share_one_fetch() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let vault = Vault::shut();
    let client = vault.client(&server);
    // All calls are polled, and so wait for the token, before the gate is opened.
    let calls = join_all((0..20).map(|_| client.get_job(JOB, GetOptions::new())));
    let (answers, ()) = tokio::join!(calls, async { vault.gate.add_permits(1) });
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(vault.fetched(), 1);
    assert_eq!(tokens(&server), vec!["Bearer token-1"; 20]);

    client.get_job(JOB, GetOptions::new()).await.expect("a job");
    assert_eq!(vault.fetched(), 1, "the token is kept");
}

#[tokio::test]
async fn several_clients_share_one_source() {
    let server = server_that_knows_a_newer_token().await;
    let vault = Vault::open();
    let source = Arc::new(vault.source());
    for _ in 0..3 {
        let builder = Client::builder(Arc::clone(&source)).endpoint(server.origin());
        let outcome = builder.build().expect("a client").cancel_job(JOB).await;
        assert!(
            matches!(outcome, Ok(CancelOutcome::Accepted(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(vault.fetched(), 2);
}

#[tokio::test]
async fn concurrent_calls_share_one_failure_and_the_next_asks_again() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let vault = Vault {
        is_locked: true,
        ..Vault::shut()
    };
    let client = vault.client(&server);
    let calls = join_all((0..20).map(|_| client.cancel_job(JOB)));
    let (answers, ()) = tokio::join!(calls, async { vault.gate.add_permits(1) });
    for answer in answers {
        let error = answer.expect_err("no token");
        assert_eq!(error.kind(), ErrorKind::Token);
        assert!(!error.was_sent() && error.attempts() == 0);
        let source = std::error::Error::source(&error).expect("a source");
        assert_eq!(source.to_string(), "the vault is locked");
        let cause = source.source().expect("the cause");
        assert_eq!(cause.to_string(), std::fmt::Error.to_string());
        let text = error.to_string();
        assert!(
            text.ends_with("nothing was sent; see to the token source"),
            "{text}"
        );
    }
    assert_eq!(vault.fetched(), 1);
    client.cancel_job(JOB).await.expect_err("still locked");
    assert_eq!(vault.fetched(), 2);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn dropping_the_call_that_fetches_leaves_the_fetch_to_those_who_wait() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let vault = Vault::shut();
    let client = vault.client(&server);
    let mut dropped = Box::pin(client.get_job(JOB, GetOptions::new()));
    let polled = tokio::time::timeout(Duration::ZERO, &mut dropped).await;
    assert!(polled.is_err(), "{polled:?}");
    let waiting = client.get_job(JOB, GetOptions::new());
    let (answer, ()) = tokio::join!(waiting, async {
        drop(dropped);
        vault.gate.add_permits(1);
    });
    answer.expect("a job");
    assert_eq!(vault.fetched(), 1);
    assert_eq!(tokens(&server), ["Bearer token-1"]);
}

#[tokio::test]
async fn a_call_that_nobody_polls_does_not_hold_up_the_others() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let vault = Vault::shut();
    let client = vault.client(&server);
    // As in a stream of concurrent calls, whose consumer makes a call between two items.
    let mut forgotten = Box::pin(client.get_job(JOB, GetOptions::new()));
    let polled = tokio::time::timeout(Duration::ZERO, &mut forgotten).await;
    assert!(polled.is_err(), "{polled:?}");
    vault.gate.add_permits(1);
    client.get_job(JOB, GetOptions::new()).await.expect("a job");
    forgotten.await.expect("a job");
    assert_eq!(vault.fetched(), 1);
}

/// A source whose first fetch is `first`, and whose others give `token-2` and so on.
fn stumbling<F, Fetched>(first: F) -> (RefreshingToken, Arc<AtomicUsize>)
where
    F: Fn() -> Fetched + Send + Sync + 'static,
    Fetched: Future<Output = Result<ExpiringToken, TokenError>> + Send + 'static,
{
    let fetches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    let source = RefreshingToken::new(move || {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        let first = (number == 1).then(&first);
        async move {
            match first {
                Some(first) => first.await,
                None => good(&format!("token-{number}")),
            }
        }
    });
    (source, fetches)
}

fn good(name: &str) -> Result<ExpiringToken, TokenError> {
    let end = SystemTime::now() + Duration::from_hours(1);
    Ok(ExpiringToken::new(AccessToken::new(name)?, end))
}

#[tokio::test]
async fn a_fetch_that_panics_fails_alone() {
    let inside = || async { panic!("inside the future") };
    let outside = || -> std::future::Ready<_> { panic!("before the future") };
    for (source, fetches) in [stumbling(inside), stumbling(outside)] {
        let source = Arc::new(source);
        // All that wait get an answer, and one of them fetches again.
        let failed = join_all((0..5).map(|_| source.token())).await;
        for outcome in failed {
            let error = outcome.expect_err("a panic").to_string();
            assert_eq!(error, "the fetch of a token panicked");
        }
        let token = source.token().await.expect("a token");
        assert_eq!(token, AccessToken::new("token-2").expect("a token"));
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_fetch_that_hangs_is_given_up() {
    let server = Server::start(Reply::json(202, "{}")).await;
    let (source, fetches) = stumbling(pending);
    let client = Client::builder(source.fetch_timeout(Duration::from_millis(20)))
        .endpoint(server.origin())
        .build()
        .expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Token);
    let source = std::error::Error::source(&error).expect("a source");
    assert!(source.to_string().contains("took too long"), "{source}");
    drop(client.cancel_job(JOB).await.expect("an outcome"));
    assert_eq!(tokens(&server), ["Bearer token-2"]);
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
}

/// What blocks a thread cannot be given up there, but those who wait for it can go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_blocks_its_thread_does_not_block_the_source() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let (ended, has_ended) = tokio::sync::watch::channel(false);
    let (source, fetches) = stumbling(move || {
        // An error means that the sender is gone, which releases it too.
        let _ = blocked.lock().expect("no panic").recv();
        let ended = ended.clone();
        async move {
            ended.send_replace(true);
            good("token-late")
        }
    });
    let source = source.fetch_timeout(Duration::from_millis(50));
    source.token().await.expect_err("the fetch is blocked");
    let token = source.token().await.expect("a token");
    assert_eq!(token, AccessToken::new("token-2").expect("a token"));
    drop(release);
    let mut has_ended = has_ended;
    has_ended
        .wait_for(|ended| *ended)
        .await
        .expect("the first one ends");
    tokio::task::yield_now().await;
    // And does not replace what came after it.
    assert_eq!(source.token().await.expect("a token"), token);
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_fetch_goes_on_when_all_callers_have_given_up() {
    let gate = Arc::new(Semaphore::new(0));
    let (opened, (ended, mut has_ended)) = (Arc::clone(&gate), tokio::sync::watch::channel(false));
    let (source, fetches) = stumbling(move || {
        let (gate, ended) = (Arc::clone(&opened), ended.clone());
        async move {
            let _permit = gate.acquire().await;
            ended.send_replace(true);
            good("token-1")
        }
    });
    for _ in 0..3 {
        let given_up = tokio::time::timeout(Duration::ZERO, source.token()).await;
        assert!(given_up.is_err(), "{given_up:?}");
    }
    gate.add_permits(1);
    has_ended
        .wait_for(|ended| *ended)
        .await
        .expect("it ends without them");
    let token = source.token().await.expect("a token");
    assert_eq!(token, AccessToken::new("token-1").expect("a token"));
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_of_others_runs_while_the_source_is_locked() {
    let own: Arc<std::sync::OnceLock<Arc<RefreshingToken>>> = Arc::default();
    let seen = Arc::clone(&own);
    let source = Arc::new(RefreshingToken::new(move || {
        let source = seen.get().expect("it is set").clone();
        // A deadlock if this were called under the lock.
        source.invalidate(&AccessToken::new("another").expect("a token"));
        std::future::ready(good("token"))
    }));
    assert!(own.set(Arc::clone(&source)).is_ok());
    source.token().await.expect("a token");
}

#[test]
fn a_source_says_that_it_has_no_runtime_and_survives_the_end_of_one() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
    };
    let (source, fetches) = stumbling(pending);
    let source = Arc::new(source);
    let polled = source
        .token()
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else {
        panic!("{polled:?}");
    };
    assert!(error.to_string().contains("tokio runtime"), "{error}");
    assert_eq!(fetches.load(Ordering::SeqCst), 0);

    // The first fetch ends with its runtime, unfinished, and nobody waits for it for ever.
    let first = runtime();
    let begun =
        first.block_on(async { tokio::time::timeout(Duration::ZERO, source.token()).await });
    assert!(begun.is_err(), "{begun:?}");
    drop(first);
    let token = runtime().block_on(source.token()).expect("a token");
    assert_eq!(token, AccessToken::new("token-2").expect("a token"));
    // A token that is held needs no runtime.
    let polled = source
        .token()
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(_))), "{polled:?}");
}

#[tokio::test]
async fn a_token_that_this_machine_thinks_expired_is_used_by_those_who_waited_for_it() {
    let fetches = AtomicUsize::new(0);
    let source = RefreshingToken::new(move || {
        let number = fetches.fetch_add(1, Ordering::SeqCst) + 1;
        let token = AccessToken::new(&format!("token-{number}"));
        std::future::ready(token.map(|token| ExpiringToken::new(token, SystemTime::UNIX_EPOCH)))
    });
    for expected in ["token-1", "token-2"] {
        let token = source.token().await.expect("a token");
        assert_eq!(token, AccessToken::new(expected).expect("a token"));
    }
}
