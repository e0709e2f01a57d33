//! Where tokens come from, what becomes of them, and where they never go.

mod fetching;
mod refused;
mod vault;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations::{
    AccessToken, Client, ErrorKind, GetOptions, TokenError, TokenFuture, TokenSource,
};

use self::vault::tokens;
use crate::support::calls::JOB;
use crate::support::server::{Reply, SECRET, Server};

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
