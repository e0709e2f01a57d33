//! What a program learns of a cancellation that was refused.

use std::process::ExitCode;
use std::time::Duration;

use msgraph_migrations::{AccessToken, CancelOutcome, Client};
use msgraph_migrations_sandbox::{Fault, FaultRule, JobStatus, Sandbox};
use serde_json::{Value, json};

use crate::support::calls::{JOB, TASK, USER, new_task, user_mapping};
use crate::support::server::{REQUEST_ID, Reply, Server};

/// The program of the README.
#[allow(dead_code, reason = "its main is for a tenant")]
#[path = "../../examples/cancel_job.rs"]
mod program;

/// The outcome in one word, and the status that it names.
fn told(outcome: &CancelOutcome) -> String {
    match outcome {
        CancelOutcome::Accepted(_) => "accepted".to_owned(),
        CancelOutcome::AlreadyBeingCancelled(_) => "being cancelled".to_owned(),
        CancelOutcome::AlreadyFinal { status, .. } => format!("final {status}"),
        CancelOutcome::TooLate { status, .. } => format!("too late {status}"),
        CancelOutcome::Undetermined(_) => "undetermined".to_owned(),
    }
}

async fn sandbox() -> (Sandbox, Client) {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let client = Client::builder(AccessToken::new("token").expect("a token"))
        .endpoint(sandbox.base_url())
        .build()
        .expect("a client");
    (sandbox, client)
}

#[tokio::test]
async fn a_second_cancel_is_not_told_to_be_too_late() {
    let (sandbox, client) = sandbox().await;
    let job = sandbox.preload_jobs(1, 1).expect("a job").remove(0);
    let first = client.cancel_job(&job).await.expect("an answer");
    assert_eq!(told(&first), "accepted");
    let second = client.cancel_job(&job).await.expect("an answer");
    assert_eq!(told(&second), "being cancelled");
    sandbox
        .advance(Duration::from_hours(6))
        .expect("time passes");
    let third = client.cancel_job(&job).await.expect("an answer");
    assert_eq!(told(&third), "final cancelled");
}

#[tokio::test]
async fn a_job_in_each_status_tells_how_its_cancellation_ends() {
    let (sandbox, client) = sandbox().await;
    for status in JobStatus::ALL {
        let status = status.as_str();
        let job = sandbox.preload_jobs(1, 1).expect("a job").remove(0);
        sandbox.set_job_status(&job, status).expect("a status");
        let expected = match status {
            "pendingCancel" => "being cancelled".to_owned(),
            "cancelled"
            | "completed"
            | "completedWithErrors"
            | "failed"
            | "pendingDelete"
            | "deleted" => format!("final {status}"),
            "cuttingOver" => "too late cuttingOver".to_owned(),
            _ => "accepted".to_owned(),
        };
        let outcome = client.cancel_job(&job).await.expect("an answer");
        assert_eq!(told(&outcome), expected, "{status}");
        assert_eq!(
            outcome.to_string().contains("TOO LATE"),
            status == "cuttingOver",
            "{outcome}"
        );
    }
}

#[tokio::test]
async fn a_sharepoint_task_tells_how_its_cancellation_ends() {
    let (sandbox, client) = sandbox().await;
    let mapping = user_mapping("ines.moreau@alderwood.example");
    client
        .update_user_mappings(vec![mapping])
        .await
        .expect("a mapping");
    let task = client.create_sharepoint_task(new_task()).await;
    let task = task.expect("a task").into_value().id.expect("an id");
    sandbox.advance(Duration::from_mins(10)).expect("time");
    let moving = client.cancel_sharepoint_task(&task).await;
    assert_eq!(told(&moving.expect("an answer")), "too late inProgress");
    sandbox.advance(Duration::from_hours(2)).expect("time");
    let moved = client.cancel_sharepoint_task(&task).await;
    assert_eq!(told(&moved.expect("an answer")), "final completed");
}

/// How messages of refused cancellations begin, in the documents and in the sandbox.
const OF_JOB: &str = "The job can't be cancelled and the migration continues. Current status is ";
const OF_USER: &str = "Cancel is not possible. Current status is ";
const OF_TASK: &str = "Cannot process the cancel request because the task is ";

fn on(start: &str, status: &str) -> String {
    format!("{start}{status}")
}

#[tokio::test]
async fn a_message_that_names_a_status_tells_how_it_ends() {
    let (job, user, task) = (OF_JOB, OF_USER, OF_TASK);
    for (call, message, expected) in [
        ("cancelJob", on(job, "pendingCancel"), "being cancelled"),
        ("cancelJob", on(job, "Canceled"), "final cancelled"),
        ("cancelJob", on(job, "CuttingOver."), "too late cuttingOver"),
        ("cancelJob", on(job, "processing"), "too late processing"),
        (
            "cancelJob",
            on(job, "inProgress. Try the users one by one."),
            "too late inProgress",
        ),
        (
            "cancelJob",
            on(job, "completedWithErrors"),
            "final completedWithErrors",
        ),
        ("cancelUser", on(user, "PendingCancel"), "being cancelled"),
        ("cancelUser", on(user, "cancelled"), "final cancelled"),
        ("cancelUser", on(user, "Failed"), "final failed"),
        (
            "cancelUser",
            on(user, "completed TraceId: 7d2e"),
            "final completed",
        ),
        ("cancelUser", on(user, "finalizing"), "too late finalizing"),
        ("cancelUser", on(user, "synced"), "too late synced"),
        ("cancelUser", on(user, "syncing"), "too late syncing"),
        ("cancelUser", on(user, "inProgress"), "too late inProgress"),
        (
            "cancelSharepointTask",
            on(task, "in progress"),
            "too late inProgress",
        ),
        (
            "cancelSharepointTask",
            "Can't process the canceled request because the task is in progress".to_owned(),
            "too late inProgress",
        ),
        (
            "cancelSharepointTask",
            on(task, "cancelled"),
            "final cancelled",
        ),
        (
            "cancelSharepointTask",
            on(task, "completed"),
            "final completed",
        ),
        ("cancelSharepointTask", on(task, "failed."), "final failed"),
    ] {
        assert_told(call, &message, expected).await;
    }
}

#[tokio::test]
async fn a_message_that_says_less_or_more_is_never_guessed() {
    let (job, user, task) = (OF_JOB, OF_USER, OF_TASK);
    for (call, message) in [
        // No status at all.
        (
            "cancelJob",
            "The migration job cannot be cancelled; the migration continues.".to_owned(),
        ),
        (
            "cancelUser",
            "Cancellation is not possible as migration passed completeAfter date TraceId: 7d2e"
                .to_owned(),
        ),
        (
            "cancelUser",
            "Cancellation is not possible as task is invalid TraceId: 7d2e".to_owned(),
        ),
        (
            "cancelSharepointTask",
            "The request cannot proceed.".to_owned(),
        ),
        // A status that says nothing: it could be cancelled, or no page explains it.
        ("cancelJob", on(job, "submitted")),
        ("cancelJob", on(job, "validatePassed")),
        ("cancelJob", on(job, "approved")),
        ("cancelJob", on(job, "adminActionRequired")),
        ("cancelJob", on(job, "unknownFutureValue")),
        ("cancelUser", on(user, "notStarted")),
        ("cancelUser", on(user, "error")),
        ("cancelUser", on(user, "forceComplete")),
        ("cancelSharepointTask", on(task, "notStarted")),
        // A word of another vocabulary, or of none.
        ("cancelJob", on(job, "finalizing")),
        ("cancelUser", on(user, "cuttingOver")),
        ("cancelSharepointTask", on(task, "pendingCancel")),
        ("cancelJob", on(job, "reviewing")),
        ("cancelJob", on(job, "")),
        // More than a status is not half understood.
        ("cancelJob", on(job, "completed with errors")),
        ("cancelJob", on(job, "not cancelled")),
        ("cancelUser", on(user, "cancelled, completed")),
        (
            "cancelJob",
            "'Current status is cancelled' can't be cancelled".to_owned(),
        ),
    ] {
        assert_told(call, &message, "undetermined").await;
    }
}

async fn assert_told(call: &str, message: &str, expected: &str) {
    let body = json!({ "error": { "code": "Conflict", "message": message } });
    let server = Server::start(Reply::json(409, body.to_string())).await;
    let outcome = cancel(&server.client(), call).await;
    assert_eq!(told(&outcome), expected, "{call}: {message}");
    assert_eq!(server.requests().len(), 1, "{call}: {message}");
}

async fn cancel(client: &Client, call: &str) -> CancelOutcome {
    match call {
        "cancelJob" => client.cancel_job(JOB).await,
        "cancelUser" => client.cancel_user(JOB, USER).await,
        _ => client.cancel_sharepoint_task(TASK).await,
    }
    .expect("an outcome")
}

#[tokio::test]
async fn a_conflict_without_a_message_is_undetermined() {
    for body in [
        "",
        "<html>409</html>",
        "[]",
        r#"{"error":{}}"#,
        r#"{"error":{"message":7}}"#,
    ] {
        let server = Server::start(Reply::json(409, body)).await;
        for call in ["cancelJob", "cancelUser", "cancelSharepointTask"] {
            let outcome = cancel(&server.client(), call).await;
            assert_eq!(told(&outcome), "undetermined", "{call}: {body}");
        }
    }
}

#[tokio::test]
async fn an_outcome_is_shown_and_written_with_the_request_that_it_answers() {
    let path = format!("/v1.0/solutions/migrations/crossTenantMigrationJobs/{JOB}/cancel");
    let refused = |status: &str| {
        let message = format!("Current status is {status}");
        Reply::json(
            409,
            json!({ "error": { "code": "C", "message": message } }).to_string(),
        )
    };
    let accepted = Reply::json(202, r#"{"status":"pendingCancel"}"#);
    for (reply, name, status, sentence) in [
        (
            accepted,
            "accepted",
            Value::Null,
            "the cancellation was accepted",
        ),
        (
            refused("pendingCancel"),
            "alreadyBeingCancelled",
            Value::Null,
            "it is being cancelled already",
        ),
        (
            refused("failed"),
            "alreadyFinal",
            json!("failed"),
            "there is nothing to cancel, it is failed",
        ),
        (
            refused("cuttingOver"),
            "tooLate",
            json!("cuttingOver"),
            "TOO LATE, the migration continues, it is cuttingOver",
        ),
        (
            refused("submitted"),
            "undetermined",
            Value::Null,
            "NOT CANCELLED, and whether the migration continues is not known",
        ),
    ] {
        let server = Server::start(reply).await;
        let outcome = server.client().cancel_job(JOB).await.expect("an outcome");
        let shown = outcome.to_string();
        assert!(shown.starts_with(&format!("POST {path}: ")), "{shown}");
        assert!(shown.contains(sentence), "{shown}");
        assert!(shown.contains(REQUEST_ID), "{shown}");
        assert!(!shown.contains('\n'), "{shown}");
        let written = serde_json::to_value(&outcome).expect("JSON");
        assert_eq!(written["outcome"], name);
        assert_eq!(written["currentStatus"], status, "{name}");
        let answer = &written["answer"];
        assert_eq!(answer["operation"], "cancelJob");
        assert_eq!(answer["method"], "POST");
        assert_eq!(answer["path"], path);
        assert_eq!(answer["requestId"], REQUEST_ID);
        assert!(answer["clientRequestId"].is_string(), "{answer}");
        if name == "accepted" {
            assert_eq!(answer["status"], 202);
            assert_eq!(answer["value"]["status"], "pendingCancel");
        } else {
            assert_eq!(answer["status"], 409);
            assert_eq!(answer["error"]["code"], "C");
        }
    }
}

#[tokio::test]
async fn the_program_of_the_readme_ends_differently_for_each_ending() {
    let (sandbox, client) = sandbox().await;
    for (status, fault, code) in [
        ("submitted", None, 0),
        ("pendingCancel", None, 3),
        ("cancelled", None, 4),
        ("completed", None, 5),
        ("failed", None, 5),
        ("cuttingOver", None, 6),
        ("completed", Some(Fault::EmptyBody), 7),
        ("submitted", Some(Fault::DropBeforeEffect), 8),
        ("submitted", Some(Fault::DropAfterEffect), 8),
    ] {
        let job = sandbox.preload_jobs(1, 1).expect("a job").remove(0);
        sandbox.set_job_status(&job, status).expect("a status");
        let rules = fault.iter().cloned();
        let rules = rules.map(|fault| FaultRule::new("cancelJob", fault));
        sandbox.set_faults(rules.collect()).expect("rules");
        let ending = program::cancel(&client, &job).await;
        assert_eq!(ending, ExitCode::from(code), "{status}, {fault:?}");
    }
    sandbox.set_faults(Vec::new()).expect("no rules");
    let ending = program::cancel(&client, "no such job").await;
    assert_eq!(ending, ExitCode::from(1));
}
