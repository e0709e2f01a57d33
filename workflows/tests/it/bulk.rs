//! Many items at once, on the sandbox under faults.

mod cancelling;
mod mapping;

use std::time::Duration;

use msgraph_migrations::{AccessToken, Client, RetryPolicy};
use msgraph_migrations_sandbox::Sandbox;

/// A client that loses no time between attempts.
fn client(sandbox: &Sandbox) -> Client {
    Client::builder(AccessToken::new("bulk").expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
        .build()
        .expect("a client")
}

/// How many requests of an operation arrived.
fn requests(sandbox: &Sandbox, operation: &str) -> usize {
    sandbox
        .requests()
        .iter()
        .filter(|request| request.operation.as_deref() == Some(operation))
        .count()
}
