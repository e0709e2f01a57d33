//! Every way in which a wait ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, SharePointMigrationTask, SharePointUserMigrationTaskParameters,
};
use msgraph_migrations::{Client, GetOptions};
use msgraph_migrations_sandbox::{JobStatus, Sandbox, UserOutcome};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::waiting::{
    CancellationEnd, DeletionEnd, Event, MigrationEnd, SharePointTaskEnd, ValidationEnd,
};

use super::{as_time_passes, job, options, start, status};
use crate::support::calls::{TASK, UPN, new_task, user};
use crate::support::server::{Reply, Server};

type Seen = Option<CrossTenantMigrationJob>;

fn told(name: &str, job: &Seen) -> String {
    format!("{name} {}", job.as_ref().map_or("never seen", status))
}

fn validation(end: ValidationEnd) -> String {
    match end {
        ValidationEnd::Passed(job) => told("passed", &Some(job)),
        ValidationEnd::Failed(job) => told("failed", &Some(job)),
        ValidationEnd::Elsewhere(job) => told("elsewhere", &Some(job)),
        ValidationEnd::Gone(job) => told("gone", &job),
        ValidationEnd::DeadlinePassed(job) => told("deadline", &job),
    }
}

fn migration(end: MigrationEnd) -> String {
    match end {
        MigrationEnd::Completed(job) => told("completed", &Some(job)),
        MigrationEnd::CompletedWithErrors(job) => told("with errors", &Some(job)),
        MigrationEnd::Failed(job) => told("failed", &Some(job)),
        MigrationEnd::Cancelled(job) => told("cancelled", &Some(job)),
        MigrationEnd::Elsewhere(job) => told("elsewhere", &Some(job)),
        MigrationEnd::Gone(job) => told("gone", &job),
        MigrationEnd::DeadlinePassed(job) => told("deadline", &job),
    }
}

fn cancellation(end: CancellationEnd) -> String {
    match end {
        CancellationEnd::Cancelled(job) => told("cancelled", &Some(job)),
        CancellationEnd::NotCancelled(job) => told("not cancelled", &Some(job)),
        CancellationEnd::Gone(job) => told("gone", &job),
        CancellationEnd::DeadlinePassed(job) => told("deadline", &job),
    }
}

fn deletion(end: DeletionEnd) -> String {
    match end {
        DeletionEnd::Deleted(job) => told("deleted", &Some(job)),
        DeletionEnd::Gone(job) => told("gone", &job),
        DeletionEnd::DeadlinePassed(job) => told("deadline", &job),
    }
}

/// The ends of the waits for validation, migration, cancellation and deletion, while time stands still.
async fn ends(client: &Client, job: &str) -> [String; 4] {
    let options = options().deadline(Duration::from_millis(600));
    let workflows = Workflows::new(client.clone());
    let (one, two, three, four) = tokio::join!(
        workflows.wait_for_validation(job, &options).into_future(),
        workflows.wait_for_migration(job, &options).into_future(),
        workflows.wait_for_cancellation(job, &options).into_future(),
        workflows.wait_for_deletion(job, &options).into_future(),
    );
    [
        validation(one.expect("an end")),
        migration(two.expect("an end")),
        cancellation(three.expect("an end")),
        deletion(four.expect("an end")),
    ]
}

#[tokio::test]
async fn each_status_ends_each_wait_by_name_or_is_waited_out() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let ended = [
        ("validatePassed", ["passed", "", "", ""]),
        ("validateFailed", ["failed", "elsewhere", "", ""]),
        ("processing", ["elsewhere", "", "", ""]),
        ("inProgress", ["elsewhere", "", "", ""]),
        ("cuttingOver", ["elsewhere", "", "", ""]),
        ("completed", ["elsewhere", "completed", "not cancelled", ""]),
        (
            "completedWithErrors",
            ["elsewhere", "with errors", "not cancelled", ""],
        ),
        ("failed", ["elsewhere", "failed", "not cancelled", ""]),
        ("cancelled", ["elsewhere", "cancelled", "cancelled", ""]),
        (
            "pendingDelete",
            ["elsewhere", "elsewhere", "not cancelled", ""],
        ),
        (
            "deleted",
            ["elsewhere", "elsewhere", "not cancelled", "deleted"],
        ),
    ];
    let (sandbox, client) = (&sandbox, &client);
    join_all(JobStatus::ALL.iter().map(|status| async move {
        let status = status.as_str();
        let job = job(sandbox, 2);
        sandbox.set_job_status(&job, status).expect("a status");
        let expected = ended
            .iter()
            .find(|(ends, _)| *ends == status)
            .map_or([""; 4], |(_, names)| *names)
            .map(|name| match name {
                "" => format!("deadline {status}"),
                name => format!("{name} {status}"),
            });
        assert_eq!(ends(client, &job).await, expected, "{status}");
    }))
    .await;
}

#[tokio::test]
async fn a_validation_and_a_migration_end_as_their_users_do() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    for (outcome, of, expected) in [
        (UserOutcome::succeeds(), 0, "completed completed"),
        (UserOutcome::fails(), 1, "with errors completedWithErrors"),
        (UserOutcome::fails(), 2, "failed failed"),
    ] {
        let job = job(&sandbox, 2);
        let users = sandbox.job(&job).expect("a job").users;
        for user in users.iter().take(of) {
            sandbox
                .set_user_outcome(&user.id, outcome.clone())
                .expect("a user");
        }
        sandbox
            .set_job_status(&job, "validatePassed")
            .expect("a status");
        let _ = client.migrate_job(&job).await.expect("an outcome");
        let options = options();
        let end = as_time_passes(
            &sandbox,
            Workflows::new(client.clone()).wait_for_migration(&job, &options),
        )
        .await;
        assert_eq!(migration(end.expect("an end")), expected);
    }
    let job = job(&sandbox, 2);
    sandbox
        .set_job_outcome(&job, &UserOutcome::is_invalid())
        .expect("a job");
    let _ = client.validate_job(&job).await.expect("an outcome");
    let options = options();
    let end = as_time_passes(
        &sandbox,
        Workflows::new(client.clone()).wait_for_validation(&job, &options),
    )
    .await;
    assert_eq!(validation(end.expect("an end")), "failed validateFailed");
}

#[tokio::test]
async fn a_cancellation_and_a_deletion_are_waited_for_to_their_end() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    let options = options();
    let _ = client.cancel_job(&job).await.expect("an outcome");
    let end = as_time_passes(
        &sandbox,
        Workflows::new(client.clone()).wait_for_cancellation(&job, &options),
    )
    .await;
    assert_eq!(cancellation(end.expect("an end")), "cancelled cancelled");
    let _ = client.delete_job(&job).await.expect("an outcome");
    let end = as_time_passes(
        &sandbox,
        Workflows::new(client.clone()).wait_for_deletion(&job, &options),
    )
    .await;
    assert_eq!(deletion(end.expect("an end")), "deleted deleted");
}

fn task_told(end: SharePointTaskEnd) -> String {
    let told = |name: &str, task: Option<SharePointMigrationTask>| {
        let status = task.and_then(|task| task.status);
        let status = status.map_or("never seen".to_owned(), |status| status.to_string());
        format!("{name} {status}")
    };
    match end {
        SharePointTaskEnd::Completed(task) => told("completed", Some(task)),
        SharePointTaskEnd::Failed(task) => told("failed", Some(task)),
        SharePointTaskEnd::Cancelled(task) => told("cancelled", Some(task)),
        SharePointTaskEnd::Gone(task) => told("gone", task),
        SharePointTaskEnd::DeadlinePassed(task) => told("deadline", task),
    }
}

async fn new_task_id(client: &Client, parameters: SharePointUserMigrationTaskParameters) -> String {
    let task = client.create_sharepoint_task(parameters).await;
    task.expect("a task").into_value().id.expect("an id")
}

#[tokio::test]
async fn a_sharepoint_task_is_waited_for_to_each_of_its_ends() {
    for (literal, fails, cancels, expected) in [
        ("completed", false, false, "completed completed"),
        ("success", false, false, "completed success"),
        ("completed", true, false, "failed failed"),
        ("completed", false, true, "cancelled cancelled"),
    ] {
        let builder = Sandbox::builder().require_identity_map(false);
        let (sandbox, client) = start(builder).await;
        let mut settings = sandbox.settings();
        settings.completed_literal = literal.to_owned();
        sandbox.set_settings(settings).expect("settings");
        sandbox.set_source_fails(UPN, fails);
        let task = new_task_id(&client, new_task()).await;
        if cancels {
            let _ = client
                .cancel_sharepoint_task(&task)
                .await
                .expect("an outcome");
        }
        let options = options();
        let workflows = Workflows::new(client.clone());
        let wait = workflows.wait_for_sharepoint_task(&task, &options);
        let end = as_time_passes(&sandbox, wait).await;
        assert_eq!(task_told(end.expect("an end")), expected, "{literal}");
    }
}

#[tokio::test]
async fn a_sharepoint_task_is_watched_through_its_statuses() {
    let (sandbox, client) = start(Sandbox::builder().require_identity_map(false)).await;
    let task = new_task_id(&client, new_task().source_user_identity(user(UPN))).await;
    let options = options().stalled_after(Duration::from_millis(5));
    let mut watch = Workflows::new(client.clone()).wait_for_sharepoint_task(&task, &options);
    let mut seen = Vec::new();
    while let Some(observation) = watch.try_next().await.expect("a reading") {
        let name = match &observation.event {
            Event::First(_) => "first",
            Event::Changed(_) => "changed",
            Event::Stalled { .. } => {
                sandbox
                    .advance(Duration::from_mins(20))
                    .expect("time passes");
                "stalled"
            }
            Event::Ended(_) => "ended",
            other => panic!("{other:?}"),
        };
        let status = observation.state().and_then(|task| task.status.as_ref());
        seen.push(format!("{name} {}", status.expect("a status")));
    }
    let expected = [
        "first notStarted",
        "stalled notStarted",
        "changed inProgress",
        "stalled inProgress",
        "ended completed",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_sharepoint_task_that_vanishes_is_gone_and_one_that_never_was_is_an_error() {
    let asked = AtomicUsize::new(0);
    let server = Server::start_with(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::json(200, format!(r#"{{"id":"{TASK}","status":"inProgress"}}"#)),
        _ => Reply::json(404, r#"{"error":{"code":"itemNotFound"}}"#),
    })
    .await;
    let client = server.client();
    let end = Workflows::new(client.clone())
        .wait_for_sharepoint_task(TASK, &options())
        .await;
    assert_eq!(task_told(end.expect("an end")), "gone inProgress");
    assert_eq!(
        server.requests().len(),
        3,
        "one miss could be a slow replica"
    );
    let error = Workflows::new(client.clone())
        .wait_for_sharepoint_task(TASK, &options())
        .await;
    let error = error.expect_err("no task");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    let error = client.get_sharepoint_task(TASK, GetOptions::new()).await;
    assert!(error.is_err());
}
