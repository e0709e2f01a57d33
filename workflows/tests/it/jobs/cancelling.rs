//! Cancelling a job, and knowing what came of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use msgraph_migrations_sandbox::{
    CancelInProgress, Fault, FaultRule, JobStatus, RetryAfter, Sandbox,
};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{CancelVerdict, TooLate};
use msgraph_migrations_workflows::waiting::CancellationEnd;

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};
use crate::waiting::{as_time_passes, client_builder, job, options, start};

fn told(verdict: &CancelVerdict) -> String {
    let status = verdict.state().and_then(|job| job.status.as_ref());
    let status = status.map_or("", |status| status.as_str());
    match verdict {
        CancelVerdict::Accepted(_) => "accepted".to_owned(),
        CancelVerdict::FoundCancelling { .. } => format!("found {status}"),
        CancelVerdict::AlreadyBeingCancelled { .. } => "being cancelled".to_owned(),
        CancelVerdict::AlreadyFinal { .. } => format!("final {status}"),
        CancelVerdict::TooLate { why, .. } => format!("too late, {why:?}"),
        CancelVerdict::Refused { .. } => format!("refused {status}"),
        CancelVerdict::FoundRemoved { .. } => "found removed".to_owned(),
        CancelVerdict::AlreadyRemoved { .. } => "removed".to_owned(),
        CancelVerdict::Unexplained { .. } => "unexplained".to_owned(),
    }
}

fn end(end: Option<&Result<CancellationEnd, msgraph_migrations::Error>>) -> &'static str {
    match end {
        None => "none",
        Some(Ok(CancellationEnd::Cancelled(_))) => "cancelled",
        Some(Ok(CancellationEnd::NotCancelled(_))) => "not cancelled",
        Some(Ok(CancellationEnd::Gone(_))) => "gone",
        Some(Ok(CancellationEnd::DeadlinePassed(_))) => "deadline",
        Some(Err(_)) => "error",
    }
}

#[tokio::test]
async fn a_cancellation_in_each_status_tells_what_came_of_it() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    for status in JobStatus::ALL {
        let status = status.as_str();
        let job = job(&sandbox, 1);
        sandbox.set_job_status(&job, status).expect("a status");
        let (expected, ended) = match status {
            "completed"
            | "completedWithErrors"
            | "failed"
            | "cancelled"
            | "pendingDelete"
            | "deleted" => (format!("final {status}"), "none"),
            "cuttingOver" => ("too late, CuttingOver".to_owned(), "none"),
            "pendingCancel" => ("being cancelled".to_owned(), "cancelled"),
            _ => ("accepted".to_owned(), "cancelled"),
        };
        let effects = sandbox.effects("cancelJob");
        let report = Workflows::new(client.clone())
            .cancel_and_confirm(&job, None)
            .await
            .expect("a verdict");
        assert_eq!(told(&report.verdict), expected, "{status}");
        assert_eq!(end(report.end.as_ref()), "none", "{status}");
        let accepted = u64::from(expected == "accepted");
        assert_eq!(sandbox.effects("cancelJob") - effects, accepted, "{status}");

        sandbox.set_job_status(&job, status).expect("a status");
        let options = options();
        let workflows = Workflows::new(client.clone());
        let confirmed = workflows.cancel_and_confirm(&job, Some(&options));
        let report = if ended == "none" {
            // Time stands still: the answer does not wait for a migration that continues.
            confirmed.await
        } else {
            as_time_passes(&sandbox, confirmed).await
        };
        let report = report.expect("a verdict");
        assert_eq!(told(&report.verdict), expected, "{status}");
        assert_eq!(end(report.end.as_ref()), ended, "{status}");
        let stopped = report.to_string().contains("is cancelled");
        assert_eq!(
            stopped,
            ended == "cancelled" || status == "cancelled",
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_running_migration_is_too_late_to_cancel_once_its_date_has_passed() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    for status in ["processing", "inProgress"] {
        let job = job(&sandbox, 1);
        sandbox.set_job_status(&job, status).expect("a status");
        sandbox.set_job_stalled(&job, true).expect("a job");
        sandbox
            .advance(Duration::from_hours(8 * 24))
            .expect("time passes");
        let report = Workflows::new(client.clone())
            .cancel_and_confirm(&job, Some(&options()))
            .await;
        let report = report.expect("a verdict");
        assert_eq!(told(&report.verdict), "too late, PastCompleteAfter");
        assert_eq!(end(report.end.as_ref()), "none");
        let text = report.to_string();
        assert!(text.contains("TOO LATE, the migration continues"), "{text}");
        assert!(matches!(
            report.verdict,
            CancelVerdict::TooLate { why: TooLate::PastCompleteAfter, refusal, .. }
                if refusal.status().as_u16() == 409
        ));
    }
}

#[tokio::test]
async fn a_refusal_that_the_job_does_not_explain_is_told_as_such() {
    let builder = Sandbox::builder().start_time(SystemTime::now().into());
    let (sandbox, client) = start(builder).await;
    let mut settings = sandbox.settings();
    settings.cancel_in_progress = CancelInProgress::Never;
    sandbox.set_settings(settings).expect("settings");
    let job = job(&sandbox, 1);
    sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    let report = Workflows::new(client.clone())
        .cancel_and_confirm(&job, None)
        .await
        .expect("a verdict");
    assert_eq!(told(&report.verdict), "refused inProgress");
    assert!(report.to_string().contains("NOT CANCELLED"), "{report}");
}

#[tokio::test]
async fn a_refusal_is_told_even_if_the_job_cannot_be_read_back() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    sandbox
        .set_job_status(&job, "cuttingOver")
        .expect("a status");
    let rule = FaultRule::new("getJob", Fault::DropBeforeEffect);
    sandbox.set_faults(vec![rule]).expect("a rule");
    let report = Workflows::new(client.clone())
        .cancel_and_confirm(&job, Some(&options()))
        .await
        .expect("a verdict");
    assert_eq!(told(&report.verdict), "unexplained");
    assert_eq!(end(report.end.as_ref()), "none");
    assert!(report.to_string().contains("NOT CANCELLED"), "{report}");
}

#[tokio::test]
async fn a_lost_answer_is_made_up_for_by_reading_and_never_by_sending_again() {
    for (fault, took_effect) in [
        (Fault::DropAfterEffect, true),
        (Fault::GatewayTimeout { after_effect: true }, true),
        (Fault::TruncateBody { well_framed: true }, true),
        (Fault::DropBeforeEffect, false),
        (
            Fault::InternalServerError {
                after_effect: false,
            },
            false,
        ),
    ] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let job = job(&sandbox, 1);
        let rule = FaultRule::new("cancelJob", fault.clone());
        sandbox.set_faults(vec![rule]).expect("a rule");
        let options = options();
        let workflows = Workflows::new(client.clone());
        let confirmed = workflows.cancel_and_confirm(&job, Some(&options));
        match as_time_passes(&sandbox, confirmed).await {
            Ok(report) => {
                assert!(took_effect, "{fault:?}: {report}");
                let verdict = told(&report.verdict);
                assert!(verdict.starts_with("found "), "{verdict}");
                assert_eq!(end(report.end.as_ref()), "cancelled");
            }
            Err(error) => {
                assert!(!took_effect, "{fault:?}: {error}");
                assert!(error.may_have_taken_effect(), "{error}");
            }
        }
        assert_eq!(sandbox.effects("cancelJob"), u64::from(took_effect));
        let sent = sandbox.requests();
        let cancels = |operation: &str| operation == "cancelJob";
        let sent = sent
            .iter()
            .filter(|sent| sent.operation.as_deref().is_some_and(cancels));
        assert_eq!(sent.count(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_acceptance_is_told_even_if_asking_for_the_end_fails() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    let rule = FaultRule::new("getJob", Fault::DropBeforeEffect);
    sandbox.set_faults(vec![rule]).expect("a rule");
    let options = options().max_failures(2);
    let report = Workflows::new(client.clone())
        .cancel_and_confirm(&job, Some(&options))
        .await
        .expect("a verdict");
    assert_eq!(told(&report.verdict), "accepted");
    assert_eq!(end(report.end.as_ref()), "error");
    assert!(
        report.to_string().contains("asking for its end failed"),
        "{report}"
    );
}

#[tokio::test]
async fn an_accepted_cancellation_that_does_not_come_to_pass_is_told() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let sandbox = Arc::new(sandbox);
    for (then, expected) in [
        ("completed", "not cancelled"),
        ("pendingCancel", "deadline"),
    ] {
        let job = job(&sandbox, 1);
        let (room, name) = (Arc::clone(&sandbox), job.clone());
        let options = options()
            .deadline(Duration::from_millis(400))
            .on_observation(move |seen| {
                if matches!(
                    seen.event,
                    msgraph_migrations_workflows::waiting::Event::First(_)
                ) {
                    room.set_job_status(&name, then).expect("a status");
                }
            });
        let report = Workflows::new(client.clone())
            .cancel_and_confirm(&job, Some(&options))
            .await
            .expect("a verdict");
        assert_eq!(told(&report.verdict), "accepted");
        assert_eq!(end(report.end.as_ref()), expected);
    }
}

#[tokio::test]
async fn a_cancellation_of_what_is_not_there_is_an_error() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let error = Workflows::new(client.clone())
        .cancel_and_confirm(JOB, Some(&options()))
        .await;
    let error = error.expect_err("no job");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_eq!(sandbox.requests().len(), 1);
}

#[tokio::test]
async fn a_cancellation_goes_through_under_faults() {
    let soon = RetryAfter::Fraction(0.002);
    let (sandbox, _) = start(Sandbox::builder()).await;
    let client = client_builder(&sandbox)
        .retry(
            msgraph_migrations::RetryPolicy::default()
                .base_delay(Duration::from_millis(1))
                .max_delay(Duration::from_millis(2)),
        )
        .build()
        .expect("a client");
    let rules = vec![
        FaultRule::new("cancelJob", Fault::Throttle { retry_after: soon }).every(2),
        FaultRule::new("getJob", Fault::DropAfterEffect).every(3),
        FaultRule::new("getJob", Fault::OddCasing),
    ];
    sandbox.set_faults(rules).expect("rules");
    for number in 1..=4 {
        let job = job(&sandbox, 1);
        let options = options();
        let workflows = Workflows::new(client.clone());
        let confirmed = workflows.cancel_and_confirm(&job, Some(&options));
        let report = as_time_passes(&sandbox, confirmed)
            .await
            .expect("a verdict");
        assert_eq!(end(report.end.as_ref()), "cancelled");
        assert_eq!(sandbox.effects("cancelJob"), number);
    }
}

#[tokio::test]
async fn a_conflict_without_a_body_is_explained_by_the_job_alone() {
    let server = Server::start_with(|request| match request.method.as_str() {
        "POST" => Reply::new(409, &[], ""),
        _ => Reply::json(200, format!(r#"{{"id":"{JOB}","status":"PendingCancel"}}"#)),
    })
    .await;
    let report = Workflows::new(server.client())
        .cancel_and_confirm(JOB, None)
        .await
        .expect("a verdict");
    assert_eq!(told(&report.verdict), "being cancelled");
}
