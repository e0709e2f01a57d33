//! Cancelling users and SharePoint tasks, and knowing what came of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{CancelVerdict, TooLate};
use msgraph_migrations_workflows::waiting::CancellationEnd;
use serde_json::json;

use crate::support::calls::{JOB, USER};
use crate::support::server::{Reply, Server};
use crate::virtual_time::while_time_flies;
use crate::waiting::{as_time_passes, job, options, start};

fn told<T>(verdict: &CancelVerdict<T>) -> String {
    match verdict {
        CancelVerdict::Accepted(_) => "accepted".to_owned(),
        CancelVerdict::FoundCancelling { .. } => "found".to_owned(),
        CancelVerdict::AlreadyBeingCancelled { .. } => "being cancelled".to_owned(),
        CancelVerdict::AlreadyFinal { .. } => "final".to_owned(),
        CancelVerdict::TooLate { why, .. } => format!("too late, {why:?}"),
        CancelVerdict::Refused { .. } => "refused".to_owned(),
        CancelVerdict::FoundRemoved { .. } => "found removed".to_owned(),
        CancelVerdict::AlreadyRemoved { .. } => "removed".to_owned(),
        CancelVerdict::Unexplained { .. } => "unexplained".to_owned(),
    }
}

#[tokio::test]
async fn a_cancellation_of_a_user_tells_what_came_of_it() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let workflows = Workflows::new(client);
    let running = job(&sandbox, 3);
    sandbox
        .set_job_status(&running, "inProgress")
        .expect("a status");
    let users = sandbox.job(&running).expect("a job").users;
    let cancel = |user: usize| workflows.cancel_user_and_confirm(&running, &users[user].id, None);

    let first = cancel(0).await.expect("a verdict");
    assert_eq!(told(&first.verdict), "accepted", "{first}");
    let second = cancel(0).await.expect("a verdict");
    assert!(
        matches!(
            second.verdict,
            CancelVerdict::AlreadyBeingCancelled { .. } | CancelVerdict::AlreadyFinal { .. }
        ),
        "{second}"
    );
    let lost = FaultRule::new("cancelUser", Fault::DropAfterEffect).times(1);
    sandbox.set_faults(vec![lost]).expect("rules");
    let found = cancel(1).await.expect("a verdict");
    assert_eq!(told(&found.verdict), "found", "{found}");
    assert_eq!(sandbox.effects("cancelUser"), 2, "each was sent once");

    let options = options();
    let waited = workflows.cancel_user_and_confirm(&running, &users[2].id, Some(&options));
    let waited = as_time_passes(&sandbox, waited).await.expect("a verdict");
    assert_eq!(told(&waited.verdict), "accepted", "{waited}");
    assert!(
        matches!(waited.end, Some(Ok(CancellationEnd::Cancelled(_)))),
        "{waited}"
    );
}

#[tokio::test]
async fn a_user_who_is_over_or_cutting_over_is_not_said_to_be_cancelled() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let workflows = Workflows::new(client);
    for (status, expected) in [
        ("completed", "final"),
        ("failed", "final"),
        ("cancelled", "final"),
    ] {
        let job = job(&sandbox, 1);
        sandbox.set_job_status(&job, status).expect("a status");
        let user = sandbox.job(&job).expect("a job").users[0].id.clone();
        let report = workflows.cancel_user_and_confirm(&job, &user, None).await;
        let report = report.expect("a verdict");
        assert_eq!(told(&report.verdict), expected, "{status}: {report}");
    }
    assert_eq!(sandbox.effects("cancelUser"), 0);
}

#[tokio::test]
async fn a_cancellation_of_a_sharepoint_task_tells_what_came_of_it() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    sandbox.load_demo().expect("the demonstration");
    let workflows = Workflows::new(client);
    let task = |status: &str| {
        let found = sandbox
            .tasks()
            .into_iter()
            .find(|task| task.status.as_str() == status);
        found.unwrap_or_else(|| panic!("no task is {status}")).id
    };
    for (status, expected) in [
        ("inProgress", format!("too late, {:?}", TooLate::Started)),
        ("completed", "final".to_owned()),
        ("failed", "final".to_owned()),
        ("cancelled", "final".to_owned()),
    ] {
        let task = task(status);
        let report = workflows.cancel_sharepoint_task_and_confirm(&task, None);
        let report = report.await.expect("a verdict");
        assert_eq!(told(&report.verdict), expected, "{status}: {report}");
    }
    let lost = FaultRule::new("cancelSharepointTask", Fault::DropAfterEffect).times(1);
    sandbox.set_faults(vec![lost]).expect("rules");
    let not_started = task("notStarted");
    let found = workflows.cancel_sharepoint_task_and_confirm(&not_started, None);
    let found = found.await.expect("a verdict");
    assert_eq!(told(&found.verdict), "found", "{found}");
    assert_eq!(sandbox.effects("cancelSharepointTask"), 1);
}

/// A service that loses the answer to a cancellation, and on which the user is seen as `seen` says, one
/// reading after the other.
async fn lossy(seen: impl Fn(usize) -> Option<&'static str> + Send + Sync + 'static) -> Server {
    let reads = AtomicUsize::new(0);
    Server::start_with(move |request| {
        let is_user = request.path().contains("/users/");
        match request.method.as_str() {
            "POST" => Reply::Hangup,
            _ if !is_user => {
                let job = json!({ "id": JOB, "status": "inProgress" });
                Reply::json(200, job.to_string())
            }
            _ => {
                let Some(status) = seen(reads.fetch_add(1, Ordering::Relaxed)) else {
                    let body = r#"{"error":{"code":"NotFound","message":"No such user."}}"#;
                    return Reply::json(404, body);
                };
                let status = json!([{ "service": "exchange", "status": status }]);
                let user = json!({ "id": USER, "currentStatus": status });
                Reply::json(200, user.to_string())
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_user_whose_answer_was_lost_is_found_late_or_removed_and_never_sent_again() {
    let options = options();
    for (wait, seen, expected) in [
        (true, "late", Some("found")),
        (false, "late", None),
        (true, "gone", Some("found removed")),
        (false, "gone", Some("found removed")),
        (true, "never", None),
    ] {
        let server = lossy(move |reading| match (seen, reading) {
            ("gone", _) => None,
            ("late", 2..) => Some("cancelled"),
            _ => Some("processing"),
        })
        .await;
        let workflows = Workflows::new(server.client());
        let wait = wait.then_some(&options);
        let report = workflows.cancel_user_and_confirm(JOB, USER, wait).await;
        match (report, expected) {
            (Ok(report), Some(expected)) => assert_eq!(told(&report.verdict), expected, "{report}"),
            (Err(error), None) => assert!(error.may_have_taken_effect(), "{error}"),
            (other, _) => panic!("{seen}, {expected:?}: {other:?}"),
        }
        let requests = server.requests();
        let sent = requests.iter().filter(|request| request.method == "POST");
        assert_eq!(sent.count(), 1, "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_cancellation_counts_from_the_call_on() {
    let server = lossy(|_| Some("processing")).await;
    let workflows = Workflows::new(server.client());
    let options = options()
        .min_interval(Duration::from_mins(1))
        .max_interval(Duration::from_mins(1))
        .deadline(Duration::from_secs(30));
    let start = tokio::time::Instant::now();
    let sent = workflows.cancel_user_and_confirm(JOB, USER, Some(&options));
    let error = while_time_flies(sent)
        .await
        .expect_err("the answer is lost");
    assert!(error.may_have_taken_effect(), "{error}");
    let reads = server.requests();
    let reads = reads.iter().filter(|request| request.method == "GET");
    assert_eq!(reads.count(), 1, "the next would come too late");
    assert!(start.elapsed() < Duration::from_mins(1));
}
