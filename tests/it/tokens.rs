//! Where tokens come from and what becomes of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use msgraph_migrations::{
    AccessToken, Client, ErrorKind, GetOptions, TokenError, TokenFuture, TokenSource,
};

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

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
