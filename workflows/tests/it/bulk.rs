//! Many items at once, on the sandbox under faults.

mod adversary;
mod cancelling;
mod confirming;
mod jobs;
mod killed;
mod long_lists;
mod mapping;
mod record;
mod trouble;

use std::time::Duration;

use msgraph_migrations::{AccessToken, Client, GetOptions, RetryPolicy};
use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::bulk::Record;

/// A client that loses no time between attempts.
fn client(sandbox: &Sandbox) -> Client {
    Client::builder(AccessToken::new("bulk").expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
        .build()
        .expect("a client")
}

/// A target tenant, where no job tells another.
const TENANT: &str = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";

/// The target tenant of a job.
async fn tenant(sandbox: &Sandbox, job: &str) -> String {
    let job = client(sandbox).get_job(job, GetOptions::new()).await;
    let job = job.expect("the job").into_value();
    job.target_tenant_id.expect("a tenant")
}

/// A record in memory for the tenant of a job.
async fn record_for(sandbox: &Sandbox, job: &str) -> Record {
    Record::in_memory(&sandbox.base_url(), &tenant(sandbox, job).await)
}

/// A file of this test run that does not exist yet.
fn file(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("{name}-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// How many requests of an operation arrived.
fn requests(sandbox: &Sandbox, operation: &str) -> usize {
    sandbox
        .requests()
        .iter()
        .filter(|request| request.operation.as_deref() == Some(operation))
        .count()
}
