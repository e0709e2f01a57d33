//! Validating or migrating a job that exists.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations_sandbox::{Fault, FaultRule, JobStatus, Sandbox, UserOutcome};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::JobRunEnd;

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};
use crate::waiting::{as_time_passes, job, options, start};

fn told(end: &JobRunEnd) -> &'static str {
    match end {
        JobRunEnd::ValidationPassed => "validation passed",
        JobRunEnd::ValidationFailed => "validation failed",
        JobRunEnd::Completed => "completed",
        JobRunEnd::CompletedWithErrors => "with errors",
        JobRunEnd::Failed => "failed",
        JobRunEnd::Cancelled => "cancelled",
        JobRunEnd::Elsewhere => "elsewhere",
        JobRunEnd::Gone => "gone",
        JobRunEnd::DeadlinePassed => "deadline",
        JobRunEnd::ValidationNotStarted(_) => "validation not started",
        JobRunEnd::MigrationNotStarted(_) => "migration not started",
        JobRunEnd::ValidationExpired(_) => "expired",
        JobRunEnd::NameTaken => "name taken",
        JobRunEnd::Reached(_) => "reached",
        JobRunEnd::NotAllowed(_) => "not allowed",
    }
}

#[tokio::test]
async fn validating_and_migrating_in_each_status_starts_joins_or_tells_why_not() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    for status in JobStatus::ALL {
        let status = status.as_str();
        let (validated, validations) = match status {
            "submitted" | "validateFailed" => ("validation passed", 1),
            "validateSubmitted" | "validateProcessing" | "validateInProgress" => {
                ("validation passed", 0)
            }
            _ => ("validation not started", 0),
        };
        let (migrated, migrations) = match status {
            "validatePassed" | "completedWithErrors" | "failed" => ("completed", 1),
            "processing" | "inProgress" | "cuttingOver" => ("completed", 0),
            _ => ("migration not started", 0),
        };
        let (one, other) = (job(&sandbox, 1), job(&sandbox, 1));
        let options = options();
        let before = ["validateJob", "migrateJob"].map(|id| sandbox.effects(id));
        sandbox.set_job_status(&one, status).expect("a status");
        let workflows = Workflows::new(client.clone());
        let wait = workflows.validate_and_wait(&one, &options);
        let report = as_time_passes(&sandbox, wait).await.expect("a report");
        assert_eq!(told(&report.end), validated, "{status}: {report}");
        assert!(
            report.report.job.is_some() && report.report.users.read == 1,
            "{status}: {report}"
        );
        sandbox.set_job_status(&other, status).expect("a status");
        let workflows = Workflows::new(client.clone());
        let wait = workflows.migrate_and_wait(&other, &options);
        let report = as_time_passes(&sandbox, wait).await.expect("a report");
        assert_eq!(told(&report.end), migrated, "{status}: {report}");
        let after = ["validateJob", "migrateJob"].map(|id| sandbox.effects(id));
        assert_eq!(
            after,
            [before[0] + validations, before[1] + migrations],
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_validation_that_expired_is_told_apart() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 1);
    sandbox
        .set_job_status(&job, "validatePassed")
        .expect("a status");
    sandbox
        .advance(Duration::from_hours(8 * 24))
        .expect("time passes");
    let report = Workflows::new(client.clone())
        .migrate_and_wait(&job, &options())
        .await
        .expect("a report");
    assert_eq!(told(&report.end), "expired");
    assert!(
        report.to_string().contains("its validation is too old"),
        "{report}"
    );
}

#[tokio::test]
async fn a_failed_validation_and_a_cancelled_one_are_reports() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let failing = job(&sandbox, 3);
    sandbox
        .set_job_outcome(&failing, &UserOutcome::is_invalid())
        .expect("a job");
    let options = options();
    let workflows = Workflows::new(client.clone());
    let wait = workflows.validate_and_wait(&failing, &options);
    let report = as_time_passes(&sandbox, wait).await.expect("a report");
    assert_eq!(told(&report.end), "validation failed");
    assert_eq!(
        (
            report.report.users.with_problems(),
            report.report.users.problems.len()
        ),
        (3, 12)
    );

    let cancelled = job(&sandbox, 1);
    let workflows = Workflows::new(client.clone());
    let both = async {
        tokio::join!(workflows.validate_and_wait(&cancelled, &options), async {
            while sandbox.effects("validateJob") < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            client.cancel_job(&cancelled).await
        })
    };
    let both = async {
        tokio::join!(both, async {
            while sandbox.effects("cancelJob") < 1 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            sandbox
                .advance(Duration::from_mins(10))
                .expect("time passes");
        })
    };
    let ((report, cancel), ()) = both.await;
    let _ = cancel.expect("an outcome");
    assert_eq!(told(&report.expect("a report").end), "cancelled");
}

#[tokio::test]
async fn a_lost_answer_is_made_up_for_by_reading_and_never_by_sending_again() {
    for (fault, took_effect) in [
        (Fault::DropAfterEffect, true),
        (Fault::GatewayTimeout { after_effect: true }, true),
        (Fault::DropBeforeEffect, false),
    ] {
        for (operation, status) in [("validateJob", "submitted"), ("migrateJob", "failed")] {
            let (sandbox, client) = start(Sandbox::builder()).await;
            let job = job(&sandbox, 1);
            sandbox.set_job_status(&job, status).expect("a status");
            let rule = FaultRule::new(operation, fault.clone());
            sandbox.set_faults(vec![rule]).expect("a rule");
            let options = options();
            let report = if operation == "validateJob" {
                as_time_passes(
                    &sandbox,
                    Workflows::new(client.clone()).validate_and_wait(&job, &options),
                )
                .await
            } else {
                as_time_passes(
                    &sandbox,
                    Workflows::new(client.clone()).migrate_and_wait(&job, &options),
                )
                .await
            };
            match report {
                Ok(report) => assert!(took_effect, "{operation} {fault:?}: {report}"),
                Err(error) => {
                    assert!(!took_effect, "{operation} {fault:?}: {error}");
                    assert!(error.may_have_taken_effect(), "{error}");
                    assert_eq!(error.operation().map(|found| found.id), Some(operation));
                }
            }
            assert_eq!(sandbox.effects(operation), u64::from(took_effect));
        }
    }
}

#[tokio::test]
async fn a_state_from_before_the_start_is_not_taken_for_the_end() {
    let job = |status: &str, updated: &str| {
        let time = format!("2026-11-20T{updated}Z");
        format!(r#"{{"id":"{JOB}","status":"{status}","lastUpdatedDateTime":"{time}"}}"#)
    };
    let read = AtomicUsize::new(0);
    let server = Server::start_with(move |request| {
        let body = match (request.method.as_str(), request.path().ends_with("/users")) {
            ("POST", _) => job("processing", "10:00:05.4410087"),
            (_, true) => r#"{"value":[]}"#.to_owned(),
            // A replica that lags still shows the failure that is being retried.
            _ => match read.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => job("failed", "09:00:00"),
                2 => job("inProgress", "10:00:05"),
                _ => job("completed", "11:30:00"),
            },
        };
        Reply::json(200, body)
    })
    .await;
    let report = Workflows::new(server.client())
        .migrate_and_wait(JOB, &options())
        .await;
    assert_eq!(told(&report.expect("a report").end), "completed");
    assert_eq!(server.requests().len(), 1 + 4 + 1);
}

#[tokio::test]
async fn a_job_that_vanishes_after_the_start_is_gone_even_if_it_was_never_read() {
    let server = Server::start_with(|request| match request.method.as_str() {
        "POST" => Reply::json(
            200,
            format!(r#"{{"id":"{JOB}","status":"validateSubmitted"}}"#),
        ),
        _ => Reply::json(404, r#"{"error":{"code":"ResourceNotFound"}}"#),
    })
    .await;
    let report = Workflows::new(server.client())
        .validate_and_wait(JOB, &options())
        .await;
    assert_eq!(told(&report.expect("a report").end), "gone");
}

#[tokio::test]
async fn users_that_cannot_be_read_do_not_take_back_how_the_job_ended() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 30);
    sandbox
        .set_job_outcome(&job, &UserOutcome::is_invalid())
        .expect("a job");
    sandbox
        .set_job_status(&job, "validateInProgress")
        .expect("a status");
    let rule = FaultRule::new("listUsers", Fault::DropAfterEffect).after(1);
    sandbox.set_faults(vec![rule]).expect("a rule");
    let options = options().max_failures(2);
    let workflows = Workflows::new(client.clone());
    let wait = workflows.validate_and_wait(&job, &options);
    let report = as_time_passes(&sandbox, wait).await.expect("a report");
    assert_eq!(told(&report.end), "validation failed");
    assert_eq!(
        (
            report.report.users.read,
            report.report.users.with_problems()
        ),
        (20, 20)
    );
    assert!(report.report.users.broke_off.is_some());
    assert!(
        report.to_string().contains("could not all be read"),
        "{report}"
    );
}

#[tokio::test]
async fn reading_the_users_goes_on_where_it_broke_off() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 65);
    let users: BTreeSet<_> = sandbox.jobs()[0]
        .users
        .iter()
        .map(|user| user.id.clone())
        .collect();
    sandbox
        .set_job_outcome(&job, &UserOutcome::is_invalid())
        .expect("a job");
    let rule = FaultRule::new("listUsers", Fault::DropAfterEffect).every(2);
    sandbox.set_faults(vec![rule]).expect("a rule");
    let options = options();
    let workflows = Workflows::new(client.clone());
    let wait = workflows.validate_and_wait(&job, &options);
    let report = as_time_passes(&sandbox, wait).await.expect("a report");
    assert!(report.report.users.broke_off.is_none(), "{report}");
    assert_eq!(
        (report.report.users.read, report.report.users.problems.len()),
        (65, 65 * 4)
    );
    let found: BTreeSet<_> = report
        .report
        .users
        .problems
        .iter()
        .map(|problem| problem.user.clone())
        .collect();
    assert_eq!(found, users);
    let pages = sandbox.requests();
    let is_page = |id: &str| id == "listUsers";
    let pages = pages
        .iter()
        .filter(|page| page.operation.as_deref().is_some_and(is_page));
    assert_eq!(pages.count(), 4 + 3, "four pages, and three that broke off");
}
