//! A source that counts its fetches, and servers that see its tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use msgraph_migrations::{
    AccessToken, Client, ExpiringToken, RefreshingToken, RetryPolicy, TokenError,
};
use tokio::sync::Semaphore;

use crate::support::server::{Reply, Request, Server};

/// A source whose fetches are counted and wait until they are let through.
#[derive(Clone)]
pub struct Vault {
    pub fetched: Arc<AtomicUsize>,
    pub gate: Arc<Semaphore>,
    pub is_locked: bool,
}

impl Vault {
    pub fn open() -> Self {
        Self {
            fetched: Arc::default(),
            gate: Arc::new(Semaphore::new(1000)),
            is_locked: false,
        }
    }

    pub fn shut() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            ..Self::open()
        }
    }

    pub fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    /// Tokens `token-1`, `token-2` and so on, each good for an hour.
    pub fn source(&self) -> RefreshingToken {
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

    pub fn client(&self, server: &Server) -> Client {
        Client::builder(self.source())
            .endpoint(server.origin())
            .retry(RetryPolicy::never())
            .build()
            .expect("a client")
    }
}

pub fn tokens(server: &Server) -> Vec<String> {
    let token = |request: &Request| request.header("authorization").map(str::to_owned);
    server.requests().iter().filter_map(token).collect()
}

/// Refuses `token-1` with 401 and accepts any other.
pub async fn server_that_knows_a_newer_token() -> Server {
    Server::start_with(|request| match request.header("authorization") {
        Some("Bearer token-1") => {
            Reply::json(401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#)
        }
        _ => Reply::json(202, r#"{"status":"Accepted"}"#),
    })
    .await
}
