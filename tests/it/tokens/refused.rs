//! A token that the service refuses is renewed once, and no other answer sends anything again.

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, ErrorKind, ExpiringToken, GetOptions, RefreshingToken,
    TokenError, TokenFuture, TokenSource,
};
use msgraph_migrations_sandbox::Sandbox;

use super::vault::{Vault, server_that_knows_a_newer_token, tokens};
use crate::support::calls::JOB;
use crate::support::server::{Reply, SECRET, Server};

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
