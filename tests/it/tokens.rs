//! Where tokens come from and what becomes of them.

use std::future::{Future, pending};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, ErrorKind, ExpiringToken, GetOptions, RefreshingToken,
    RetryPolicy, TokenError, TokenFuture, TokenSource,
};
use msgraph_migrations_sandbox::Sandbox;
use tokio::sync::Semaphore;

use crate::support::calls::JOB;
use crate::support::server::{Reply, Request, SECRET, Server};

struct Counting(AtomicUsize);

impl TokenSource for Counting {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            AccessToken::new(&format!("token-{number}"))
        })
    }
}

struct Broken;

impl TokenSource for Broken {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async {
            Err(TokenError::with_source(
                "the vault is locked",
                std::fmt::Error,
            ))
        })
    }
}

#[tokio::test]
async fn a_source_is_asked_before_every_request() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let client = Client::builder(Counting(AtomicUsize::new(1)))
        .endpoint(server.origin())
        .build()
        .expect("a client");
    for _ in 0..2 {
        client.get_job(JOB, GetOptions::new()).await.expect("a job");
    }
    let requests = server.requests();
    let sent: Vec<_> = requests
        .iter()
        .filter_map(|request| request.header("authorization"))
        .collect();
    assert_eq!(sent, ["Bearer token-1", "Bearer token-2"]);
}

#[tokio::test]
async fn a_source_that_fails_is_an_error_before_anything_is_sent() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let client = Client::builder(Broken)
        .endpoint(server.origin())
        .build()
        .expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Token);
    assert!(!error.was_sent() && error.is_safe_to_repeat());
    let source = std::error::Error::source(&error)
        .expect("a source")
        .to_string();
    assert_eq!(source, "the vault is locked");
    assert!(server.requests().is_empty());
}

#[test]
fn a_token_that_no_header_can_carry_is_refused_without_being_repeated() {
    for secret in [
        "",
        "has space",
        "line\nend",
        "trailing\r\n",
        "naïve",
        "tab\t",
    ] {
        let error = AccessToken::new(secret).expect_err(secret);
        assert!(
            secret.is_empty() || !error.to_string().contains(secret),
            "{error}"
        );
        assert_eq!(
            Client::new(secret).expect_err(secret).kind(),
            ErrorKind::Configuration
        );
    }
}

/// A source whose fetches are counted and wait until they are let through.
#[derive(Clone)]
struct Vault {
    fetched: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    is_locked: bool,
}

impl Vault {
    fn open() -> Self {
        Self {
            fetched: Arc::default(),
            gate: Arc::new(Semaphore::new(1000)),
            is_locked: false,
        }
    }

    fn shut() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            ..Self::open()
        }
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    /// Tokens `token-1`, `token-2` and so on, each good for an hour.
    fn source(&self) -> RefreshingToken {
        let vault = self.clone();
        RefreshingToken::new(move || {
            let vault = vault.clone();
            async move {
                let number = vault.fetched.fetch_add(1, Ordering::SeqCst) + 1;
                let _permit = vault.gate.acquire().await;
                if vault.is_locked {
                    return Err(TokenError::with_source(
                        "the vault is locked",
                        std::fmt::Error,
                    ));
                }
                let token = AccessToken::new(&format!("token-{number}"))?;
                let end = SystemTime::now() + Duration::from_hours(1);
                Ok(ExpiringToken::new(token, end))
            }
        })
    }

    fn client(&self, server: &Server) -> Client {
        Client::builder(self.source())
            .endpoint(server.origin())
            .retry(RetryPolicy::never())
            .build()
            .expect("a client")
    }
}

fn tokens(server: &Server) -> Vec<String> {
    let token = |request: &Request| request.header("authorization").map(str::to_owned);
    server.requests().iter().filter_map(token).collect()
}

/// Refuses `token-1` with 401 and accepts any other.
async fn server_that_knows_a_newer_token() -> Server {
    Server::start_with(|request| match request.header("authorization") {
        Some("Bearer token-1") => {
            Reply::json(401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#)
        }
        _ => Reply::json(202, r#"{"status":"Accepted"}"#),
    })
    .await
}

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

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_request_sent_once_more() {
    let server = server_that_knows_a_newer_token().await;
    let vault = Vault::open();
    // Although this client repeats nothing of its own accord.
    let outcome = vault
        .client(&server)
        .cancel_job(JOB)
        .await
        .expect("an outcome");
    assert!(matches!(outcome, CancelOutcome::Accepted(_)));
    assert_eq!(tokens(&server), ["Bearer token-1", "Bearer token-2"]);
    let requests = server.requests();
    let ids: Vec<_> = requests
        .iter()
        .map(|request| request.header("client-request-id"))
        .collect();
    assert!(ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
}

#[tokio::test]
async fn a_token_that_the_sandbox_does_not_know_is_renewed() {
    let sandbox = Sandbox::builder().token("token-2").start().await;
    let sandbox = sandbox.expect("a sandbox");
    let job = sandbox.preload_jobs(1, 2).expect("a job").remove(0);
    let vault = Vault::open();
    let client = Client::builder(vault.source()).endpoint(sandbox.base_url());
    let outcome = client.build().expect("a client").cancel_job(&job).await;
    assert!(
        matches!(outcome, Ok(CancelOutcome::Accepted(_))),
        "{outcome:?}"
    );
    let requests = sandbox.requests();
    let statuses: Vec<_> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(401), Some(202)]);
    assert_eq!(requests[0].client_request_id, requests[1].client_request_id);
    assert_eq!((vault.fetched(), sandbox.effects("cancelJob")), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_refusals_of_one_token_lead_to_one_renewal() {
    let server = server_that_knows_a_newer_token().await;
    let vault = Vault::open();
    let client = vault.client(&server);
    let calls = (0..50).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.cancel_job(JOB).await.map(drop) })
    });
    for answer in join_all(calls).await {
        answer.expect("no panic").expect("an outcome");
    }
    assert_eq!(vault.fetched(), 2);
}

#[tokio::test]
async fn a_second_refusal_is_an_error() {
    let server = Server::start(Reply::json(401, "{}")).await;
    let vault = Vault::open();
    let error = vault
        .client(&server)
        .cancel_job(JOB)
        .await
        .expect_err("401");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    assert_eq!((error.attempts(), vault.fetched()), (2, 2));
    assert_eq!(server.requests().len(), 2);
    assert!(!error.may_have_taken_effect());
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_sent_once() {
    struct Stubborn(AccessToken);

    impl TokenSource for Stubborn {
        fn token(&self) -> TokenFuture<'_> {
            self.0.token()
        }

        fn invalidate(&self, _: &AccessToken) -> bool {
            true
        }
    }

    let fixed = || AccessToken::new(SECRET).expect("a token");
    for builder in [Client::builder(fixed()), Client::builder(Stubborn(fixed()))] {
        let server = Server::start(Reply::json(401, "{}")).await;
        let client = builder.endpoint(server.origin()).build().expect("a client");
        let error = client
            .get_job(JOB, GetOptions::new())
            .await
            .expect_err("401");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
        assert_eq!(error.attempts(), 1);
        server.request();
    }
}

#[tokio::test]
async fn a_refusal_is_kept_when_no_other_token_can_be_had() {
    let server = Server::start(Reply::json(401, r#"{"error":{"code":"Expired"}}"#)).await;
    for hangs in [false, true] {
        let fetches = AtomicUsize::new(0);
        let source = RefreshingToken::new(move || {
            let number = fetches.fetch_add(1, Ordering::SeqCst);
            async move {
                match number {
                    0 => Ok(ExpiringToken::new(AccessToken::new(SECRET)?, None)),
                    _ if hangs => pending().await,
                    _ => Err(TokenError::with_source(
                        "the vault is locked",
                        std::fmt::Error,
                    )),
                }
            }
        });
        let client = Client::builder(source)
            .endpoint(server.origin())
            .total_timeout(Duration::from_millis(500))
            .build();
        let error = client
            .expect("a client")
            .cancel_job(JOB)
            .await
            .expect_err("401");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
        assert_eq!((error.code(), error.attempts()), (Some("Expired"), 1));
        assert!(error.was_sent() && !error.may_have_taken_effect() && error.is_safe_to_repeat());
        let source = std::error::Error::source(&error).expect("why there was no second attempt");
        let expected = if hangs {
            "in the time that the call may take"
        } else {
            "the vault is locked"
        };
        assert!(source.to_string().contains(expected), "{source}");
        assert_eq!(source.source().is_some(), !hangs);
    }
    assert_eq!(server.requests().len(), 2);
}

/// A source that gives its token once.
struct Once(Mutex<Option<AccessToken>>);

impl TokenSource for Once {
    fn token(&self) -> TokenFuture<'_> {
        let token = self.0.lock().expect("no panic").take();
        let token = token.ok_or_else(|| TokenError::new("the vault is locked"));
        Box::pin(std::future::ready(token))
    }
}

/// The token was not refused, so that the source is what the caller has to see to.
#[tokio::test]
async fn a_source_that_fails_before_a_repetition_is_told_as_that() {
    let server = Server::start(Reply::new(503, &[("retry-after", "0")], "{}")).await;
    let token = AccessToken::new(SECRET).expect("a token");
    let client = Client::builder(Once(Mutex::new(Some(token))))
        .endpoint(server.origin())
        .build()
        .expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("no token");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Token, 1));
    assert!(error.was_sent() && !error.may_have_taken_effect());
    server.request();
}

/// Each of them may come after the service has acted.
#[tokio::test]
async fn a_token_that_was_not_refused_is_not_renewed_and_nothing_sent_twice() {
    for status in [
        302, 400, 403, 404, 407, 408, 409, 412, 419, 440, 498, 499, 500, 502, 504,
    ] {
        let server = Server::start(Reply::json(status, "{}")).await;
        let vault = Vault::open();
        let client = Client::builder(vault.source())
            .endpoint(server.origin())
            .build();
        let client = client.expect("a client");
        drop(client.cancel_job(JOB).await);
        assert_eq!((tokens(&server).len(), vault.fetched()), (1, 1), "{status}");
    }
}

#[test]
fn tokens_are_compared_without_being_shown() {
    let token = |secret| AccessToken::new(secret).expect("a token");
    assert_eq!(token("one"), token("one"));
    for other in ["on", "onf", "One", "one1", "neo"] {
        assert_ne!(token("one"), token(other));
    }
    assert_eq!(format!("{:?}", token("one")), "AccessToken(hidden)");
}

#[tokio::test]
async fn a_source_that_never_answers_does_not_outlast_the_call() {
    struct Silent;

    impl TokenSource for Silent {
        fn token(&self) -> TokenFuture<'_> {
            Box::pin(pending())
        }
    }

    let server = Server::start(Reply::json(200, "{}")).await;
    let client = Client::builder(Silent)
        .endpoint(server.origin())
        .total_timeout(Duration::from_millis(20))
        .build()
        .expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Token);
    assert!(!error.was_sent());
    assert!(
        error
            .to_string()
            .contains("in the time that the call may take"),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_token_does_not_travel_with_a_redirect() {
    let elsewhere = Server::start(Reply::json(202, "{}")).await;
    let location = format!("{}/stolen", elsewhere.origin());
    for status in [301, 302, 303, 307, 308] {
        let headers = [("location", location.as_str())];
        let server = Server::start(Reply::new(status, &headers, "")).await;
        let before = elsewhere.requests().len();
        for read in [true, false] {
            let client = server.client();
            let refused = if read {
                client.get_job(JOB, GetOptions::new()).await.map(drop)
            } else {
                client.cancel_job(JOB).await.map(drop)
            };
            let error = refused.expect_err("a redirect is no answer");
            assert_eq!(error.location(), Some(location.as_str()));
        }
        assert_eq!(elsewhere.requests().len(), before, "{status}");
    }
    let leaked = tokens(&elsewhere);
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[tokio::test]
async fn plain_http_off_this_machine_gets_no_token() {
    for endpoint in [
        "http://graph.microsoft.com",
        "http://192.0.2.7:8080",
        "http://[2001:db8::1]",
    ] {
        let token = AccessToken::new(SECRET).expect("a token");
        let error = Client::builder(token)
            .endpoint(endpoint)
            .build()
            .expect_err(endpoint);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{endpoint}");
    }
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
