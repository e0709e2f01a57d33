//! Where tokens come from and what becomes of them.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, ErrorKind, ExpiringToken, GetOptions, RefreshingToken,
    RetryPolicy, TokenError, TokenFuture, TokenSource,
};
use msgraph_migrations_sandbox::Sandbox;
use tokio::sync::Semaphore;

use crate::support::calls::JOB;
use crate::support::http;
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
async fn a_renewal_that_fails_does_not_hide_that_a_request_was_sent() {
    let server = Server::start(Reply::json(401, "{}")).await;
    let first = AtomicUsize::new(0);
    let source = RefreshingToken::new(move || {
        let token = match first.fetch_add(1, Ordering::SeqCst) {
            0 => AccessToken::new(SECRET),
            _ => Err(TokenError::new("the vault is locked")),
        };
        std::future::ready(token.map(|token| ExpiringToken::new(token, None)))
    });
    let client = Client::builder(source).endpoint(server.origin()).build();
    let error = client
        .expect("a client")
        .cancel_job(JOB)
        .await
        .expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Token);
    assert!(error.was_sent() && !error.may_have_taken_effect() && error.is_safe_to_repeat());
    assert_eq!(error.attempts(), 1);
    let text = error.to_string();
    assert!(
        text.ends_with("it was not carried out; see to the token source"),
        "{text}"
    );
    server.request();
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
async fn a_token_does_not_travel_with_a_redirect_even_if_the_http_client_follows_it() {
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

        let following = http::builder().build().expect("an HTTP client");
        let client = server
            .builder()
            .http_client(following)
            .build()
            .expect("a client");
        let error = client.cancel_job(JOB).await.expect_err("from elsewhere");
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{status}: {error}");
    }
    let leaked = tokens(&elsewhere);
    assert!(leaked.is_empty(), "{leaked:?}");
    assert_eq!(elsewhere.requests().len(), 5, "the HTTP client did follow");
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
