//! Waiting for jobs and SharePoint tasks.

mod ends;
mod lag;
mod many;
mod trouble;

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations::models::CrossTenantMigrationJob;
use msgraph_migrations::{AccessToken, Client, ClientBuilder, Error, RetryPolicy};
use msgraph_migrations_sandbox::{JobSnapshot, JobStatus, Sandbox, SandboxBuilder};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::waiting::{Awaited, Event, Observation, WaitEnd, WaitOptions};

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

pub async fn start(builder: SandboxBuilder) -> (Sandbox, Client) {
    let sandbox = builder.seed(11).start().await.expect("a free port");
    let client = client_builder(&sandbox).build().expect("a client");
    (sandbox, client)
}

/// Sends each request once, so that every fault reaches whoever waits.
pub fn client_builder(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder(AccessToken::new("rehearsal").expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(RetryPolicy::never())
}

pub fn options() -> WaitOptions {
    WaitOptions::new()
        .min_interval(Duration::from_millis(1))
        .max_interval(Duration::from_millis(2))
        .gone_after(Duration::ZERO)
}

pub fn job(sandbox: &Sandbox, users: usize) -> String {
    sandbox.preload_jobs(1, users).expect("a job").remove(0)
}

pub fn status(job: &CrossTenantMigrationJob) -> &str {
    job.status.as_ref().map_or("none", |status| status.as_str())
}

/// Lets virtual time pass after each reading, until `future` is done.
pub async fn as_time_passes<T>(sandbox: &Sandbox, future: impl IntoFuture<Output = T>) -> T {
    let mut future = pin!(future.into_future());
    let readings = || {
        let requests = sandbox.requests();
        requests
            .iter()
            .filter(|request| request.method == "GET")
            .count()
    };
    let mut answered = readings();
    let mut steps = 0;
    loop {
        tokio::select! {
            biased;
            output = &mut future => return output,
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                // An action, and reading why it was refused, come before the time for it is over.
                if readings() > answered {
                    answered = readings();
                    let waits = |job: &JobSnapshot| job.status == JobStatus::InProgress;
                    // The wait for the date of the cutover takes days.
                    let days = u64::from(sandbox.jobs().iter().any(waits));
                    let step = Duration::from_mins(10) + Duration::from_hours(24 * days);
                    sandbox.advance(step).expect("time passes");
                    steps += 1;
                    assert!(
                        steps < 1_000,
                        "it does not end in a week: {:?}; workflows/tests/it/jobs/continuing.rs leaves out the \
                         statuses in which the sandbox keeps a job for ever",
                        sandbox.jobs().iter().map(|job| job.status.as_str()).collect::<Vec<_>>()
                    );
                }
            }
        }
    }
}

/// How long a job stays in a status, in virtual time.
pub fn stage(status: &str) -> Duration {
    Duration::from_secs(match status {
        "validateSubmitted" | "validateProcessing" => MINUTE,
        "validateInProgress" => 10 * MINUTE,
        "processing" | "pendingCancel" => 5 * MINUTE,
        "inProgress" => 7 * DAY,
        "cuttingOver" => 30 * MINUTE,
        "pendingDelete" => 60 * MINUTE,
        _ => 0,
    })
}

pub fn describe(observation: &Observation<CrossTenantMigrationJob>) -> String {
    match &observation.event {
        Event::First(job) => format!("first {}", status(job)),
        Event::Changed(job) => format!("changed {}", status(job)),
        Event::AdminActionRequired(job) => format!("admin {}", status(job)),
        Event::Stalled { state, .. } => format!("stalled {}", status(state)),
        Event::Outage { last, .. } => {
            format!("outage {}", last.as_ref().map_or("never seen", status))
        }
        Event::Recovered { .. } => "recovered".to_owned(),
        Event::Ended(end) => describe_end(end),
        other => panic!("{other:?}"),
    }
}

fn describe_end(end: &WaitEnd<CrossTenantMigrationJob>) -> String {
    let last = end.state().map_or("never seen", status);
    match end {
        WaitEnd::Reached(_) => format!("reached {last}"),
        WaitEnd::Elsewhere(_) => format!("elsewhere {last}"),
        WaitEnd::Gone(_) => format!("gone {last}"),
        WaitEnd::DeadlinePassed(_) => format!("deadline {last}"),
    }
}

/// Watches to the end, with one stage of virtual time passing after each observation.
async fn watch(
    sandbox: &Sandbox,
    client: &Client,
    job: &str,
    awaited: Awaited,
) -> Result<Vec<String>, Error> {
    let mut watch = Workflows::new(client.clone()).watch_job(job, awaited, &options());
    let mut seen = Vec::new();
    while let Some(observation) = watch.try_next().await? {
        seen.push(describe(&observation));
        let status = observation.state().map_or("", status);
        sandbox.advance(stage(status)).expect("time passes");
    }
    Ok(seen)
}

#[tokio::test]
async fn a_stream_shows_each_status_of_each_action_and_ends_with_it() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 2);

    let _ = client.validate_job(&job).await.expect("an outcome");
    let seen = watch(&sandbox, &client, &job, Awaited::Validation).await;
    let validation = [
        "first validateSubmitted",
        "changed validateProcessing",
        "changed validateInProgress",
        "reached validatePassed",
    ];
    assert_eq!(seen.expect("a watch"), validation);

    let _ = client.migrate_job(&job).await.expect("an outcome");
    let seen = watch(&sandbox, &client, &job, Awaited::Migration).await;
    let migration = [
        "first processing",
        "changed inProgress",
        "changed cuttingOver",
        "reached completed",
    ];
    assert_eq!(seen.expect("a watch"), migration);

    let _ = client.delete_job(&job).await.expect("an outcome");
    let seen = watch(&sandbox, &client, &job, Awaited::Deletion).await;
    assert_eq!(
        seen.expect("a watch"),
        ["first pendingDelete", "reached deleted"]
    );
}

#[tokio::test]
async fn a_job_that_is_cancelled_while_one_waits_ends_the_wait() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    for (status, awaited, expected) in [
        (
            "validateSubmitted",
            Awaited::Validation,
            "elsewhere cancelled",
        ),
        ("inProgress", Awaited::Migration, "reached cancelled"),
        ("validatePassed", Awaited::Final, "reached cancelled"),
        ("validatePassed", Awaited::Cancellation, "reached cancelled"),
    ] {
        let job = job(&sandbox, 1);
        sandbox.set_job_status(&job, status).expect("a status");
        let mut watch = Workflows::new(client.clone()).watch_job(&job, awaited, &options());
        let first = watch.try_next().await.expect("a reading").expect("a state");
        assert_eq!(describe(&first), format!("first {status}"));
        let _ = client.cancel_job(&job).await.expect("an outcome");
        let second = watch.try_next().await.expect("a reading").expect("a state");
        assert_eq!(describe(&second), "changed pendingCancel");
        sandbox
            .advance(stage("pendingCancel"))
            .expect("time passes");
        let last = watch.try_next().await.expect("a reading").expect("a state");
        assert_eq!(describe(&last), expected);
        assert!(watch.try_next().await.expect("no reading").is_none());
    }
}

#[tokio::test]
async fn a_job_that_is_deleted_while_one_waits_ends_the_wait_whether_or_not_it_is_still_shown() {
    for (vanish, expected) in [(false, "elsewhere deleted"), (true, "gone inProgress")] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let mut settings = sandbox.settings();
        settings.deleted_jobs_vanish = vanish;
        sandbox.set_settings(settings).expect("settings");
        let job = job(&sandbox, 1);
        sandbox
            .set_job_status(&job, "inProgress")
            .expect("a status");
        let mut watch =
            Workflows::new(client.clone()).watch_job(&job, Awaited::Migration, &options());
        watch.try_next().await.expect("a reading").expect("a state");
        sandbox.set_job_status(&job, "deleted").expect("a status");
        let last = watch.try_next().await.expect("a reading").expect("a state");
        assert_eq!(describe(&last), expected);
    }
}

#[tokio::test]
async fn a_deletion_ends_when_the_job_is_gone_even_if_it_never_was_seen() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let mut settings = sandbox.settings();
    settings.deleted_jobs_vanish = true;
    sandbox.set_settings(settings).expect("settings");
    let job = job(&sandbox, 1);
    sandbox.set_job_status(&job, "cancelled").expect("a status");
    let _ = client.delete_job(&job).await.expect("an outcome");
    let seen = watch(&sandbox, &client, &job, Awaited::Deletion).await;
    assert_eq!(
        seen.expect("a watch"),
        ["first pendingDelete", "gone pendingDelete"]
    );
    let seen = watch(&sandbox, &client, &job, Awaited::Deletion).await;
    assert_eq!(seen.expect("a watch"), ["gone never seen"]);
}

#[tokio::test]
async fn another_job_that_gets_the_name_is_not_taken_for_the_first() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let mut settings = sandbox.settings();
    settings.deleted_jobs_vanish = true;
    sandbox.set_settings(settings).expect("settings");
    let old = crate::support::calls::new_job();
    client.create_job(&old).await.expect("a job");
    let name = &old.display_name;
    sandbox
        .set_job_status(name, "pendingDelete")
        .expect("a status");
    let mut watch = Workflows::new(client.clone()).watch_job(name, Awaited::Deletion, &options());
    let first = watch.try_next().await.expect("a reading").expect("a state");
    assert_eq!(describe(&first), "first pendingDelete");
    sandbox
        .advance(stage("pendingDelete"))
        .expect("time passes");
    client.create_job(&old).await.expect("the name is free");
    let last = watch.try_next().await.expect("a reading").expect("a state");
    assert_eq!(describe(&last), "gone pendingDelete");
}

#[tokio::test]
async fn a_stalled_job_is_reported_once_for_each_stall() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    sandbox
        .set_job_status(&job, "validateSubmitted")
        .expect("a status");
    sandbox.set_job_stalled(&job, true).expect("a job");
    sandbox
        .advance(Duration::from_hours(24))
        .expect("time passes");
    let stalled_after = Duration::from_millis(5);
    let options = options().stalled_after(stalled_after);
    let mut watch = Workflows::new(client.clone()).watch_job(&job, Awaited::Validation, &options);
    let mut seen = Vec::new();
    while let Some(observation) = watch.try_next().await.expect("a reading") {
        seen.push(describe(&observation));
        if let Event::Stalled { unchanged_for, .. } = observation.event {
            assert!(unchanged_for >= stalled_after);
            // What is told once is not told again, however long one goes on to look.
            let quiet = tokio::time::timeout(Duration::from_millis(30), watch.try_next()).await;
            assert!(quiet.is_err(), "{quiet:?}");
            sandbox.set_job_stalled(&job, false).expect("a job");
            let status = seen.last().and_then(|last| last.split(' ').nth(1));
            sandbox
                .advance(stage(status.unwrap_or_default()))
                .expect("time passes");
        }
    }
    let expected = [
        "first validateSubmitted",
        "stalled validateSubmitted",
        "changed validateProcessing",
        "stalled validateProcessing",
        "changed validateInProgress",
        "stalled validateInProgress",
        "reached validatePassed",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn whoever_waits_for_the_end_only_is_shown_every_observation() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    sandbox
        .set_job_status(&job, "validateInProgress")
        .expect("a status");
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let recorded = std::sync::Arc::clone(&seen);
    let options = options().on_observation(move |observation| {
        recorded
            .lock()
            .expect("no panic")
            .push(describe(observation));
    });
    let end = as_time_passes(
        &sandbox,
        Workflows::new(client.clone()).wait_for_validation(&job, &options),
    )
    .await;
    let _ = end.expect("an end");
    let seen = seen.lock().expect("no panic");
    assert_eq!(
        *seen,
        ["first validateInProgress", "reached validatePassed"]
    );
}
