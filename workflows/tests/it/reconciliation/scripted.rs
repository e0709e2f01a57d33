//! What the sandbox does not do: late effects, users who are removed, and readings that mislead.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations::ErrorKind;
use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved, Sighting};
use serde_json::{Value, json};

use crate::support::calls::{self, JOB, USER};
use crate::support::server::{Reply, Request, Server};

const OTHER_JOB: &str = "e91c47d2-0f6a-4b85-a3d7-5c28f1b09e64";

fn policy() -> ReadBack {
    ReadBack::default()
        .max_reads(4)
        .first_wait(Duration::from_millis(1))
}

/// A server that loses the answer to every action and answers the readings one after the other, the
/// last one for good.
async fn server(readings: Vec<Reply>) -> Server {
    let next = AtomicUsize::new(0);
    Server::start_with(move |request: &Request| {
        if request.method != "GET" {
            return Reply::Hangup;
        }
        let reading = next.fetch_add(1, Ordering::Relaxed);
        readings[reading.min(readings.len() - 1)].clone()
    })
    .await
}

fn job(id: &str, status: &str) -> Reply {
    answer(&json!({ "id": id, "displayName": "Alderwood wave 3", "status": status }))
}

fn user(statuses: &[&str]) -> Reply {
    let workload = |status: &&str| json!({ "service": "Teams", "status": status });
    let workloads: Vec<Value> = statuses.iter().map(workload).collect();
    answer(&json!({ "id": USER, "currentStatus": workloads }))
}

fn answer(body: &Value) -> Reply {
    Reply::json(200, body.to_string())
}

fn not_found() -> Reply {
    let error = json!({ "error": { "code": "NotFound", "message": "It wasn't found." } });
    Reply::json(404, error.to_string())
}

fn gateways_404() -> Reply {
    Reply::new(
        404,
        &[("content-type", "text/html")],
        "<html><body>No such site here</body></html>",
    )
}

#[tokio::test]
async fn an_effect_that_comes_late_is_found_by_a_later_reading() {
    let late = ["inProgress", "inProgress", "inProgress", "pendingCancel"];
    let server = server(late.map(|status| job(JOB, status)).into()).await;
    let client = server.client();
    let resolved = Workflows::new(client.clone())
        .reading_back(policy())
        .cancel_job(JOB)
        .await;
    let Ok(Resolved::TookEffect { state, .. }) = resolved else {
        panic!("{resolved:?}");
    };
    let status = state.into_present().and_then(|job| job.status);
    assert_eq!(status, Some(Status::PendingCancel));
    let methods: Vec<String> = server.requests().into_iter().map(|r| r.method).collect();
    assert_eq!(methods, ["GET", "POST", "GET", "GET", "GET"]);
}

#[tokio::test]
async fn a_job_that_begins_to_cut_over_meanwhile_leaves_a_cancellation_unknown() {
    // No document says how a job ends some of whose users could still be cancelled.
    for end in ["cuttingOver", "completed", "completedWithErrors", "failed"] {
        let server = server(vec![job(JOB, "inProgress"), job(JOB, end)]).await;
        let client = server.client();
        let resolved = Workflows::new(client.clone())
            .reading_back(policy())
            .cancel_job(JOB)
            .await;
        assert!(matches!(resolved, Ok(Resolved::Unknown { .. })), "{end}");
    }
}

#[tokio::test]
async fn a_newer_date_alone_proves_no_validation() {
    let failed = |updated: &str| {
        answer(&json!({ "id": JOB, "status": "validateFailed", "lastUpdatedDateTime": updated }))
    };
    // Moving the cutover or taking out a user is an update, too.
    let readings = vec![
        failed("2026-11-20T09:30:12Z"),
        failed("2026-11-20T09:30:14Z"),
    ];
    let server = server(readings).await;
    let client = server.client();
    let resolved = Workflows::new(client.clone())
        .reading_back(policy())
        .validate_job(JOB)
        .await;
    assert!(
        matches!(resolved, Ok(Resolved::Unknown { .. })),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn a_status_that_nobody_knows_proves_nothing() {
    for (before, now) in [
        ("awaitingReview", "pendingCancel"),
        ("unknownFutureValue", "cancelled"),
        ("inProgress", "awaitingReview"),
        ("cuttingOver", "unknownFutureValue"),
    ] {
        let server = server(vec![job(JOB, before), job(JOB, now)]).await;
        let client = server.client();
        let resolved = Workflows::new(client.clone())
            .reading_back(policy())
            .cancel_job(JOB)
            .await;
        assert!(
            matches!(resolved, Ok(Resolved::Unknown { .. })),
            "{before}, {now}"
        );
    }
}

#[tokio::test]
async fn a_name_that_leads_to_another_job_proves_nothing() {
    let readings = vec![job(JOB, "inProgress"), job(OTHER_JOB, "cancelled")];
    let server = server(readings).await;
    let client = server.client();
    let workflows = Workflows::new(client.clone());
    let safe = workflows.reading_back(policy());
    let resolved = safe.cancel_job("Alderwood wave 3").await;
    assert!(
        matches!(resolved, Ok(Resolved::Unknown { .. })),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn an_answer_without_a_body_is_a_reading_that_failed() {
    let readings = vec![job(JOB, "inProgress"), Reply::json(200, "")];
    let server = server(readings).await;
    let client = server.client();
    let resolved = Workflows::new(client.clone())
        .reading_back(policy())
        .cancel_job(JOB)
        .await;
    let Ok(Resolved::Unknown {
        last_seen: None,
        reading: Some(reading),
        ..
    }) = resolved
    else {
        panic!("{resolved:?}");
    };
    assert_eq!(reading.kind(), ErrorKind::Unreadable);
}

#[tokio::test]
async fn a_404_that_is_not_the_services_proves_no_deletion() {
    for (reading, is_proof) in [(not_found(), true), (gateways_404(), false)] {
        let server = server(vec![job(JOB, "completed"), reading]).await;
        let client = server.client();
        let resolved = Workflows::new(client.clone())
            .reading_back(policy())
            .delete_job(JOB)
            .await;
        match resolved {
            Ok(Resolved::TookEffect {
                state: Sighting::Absent,
                ..
            }) if is_proof => {}
            Ok(Resolved::Unknown {
                last_seen: None, ..
            }) if !is_proof => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_job_that_was_not_there_before_was_not_deleted_by_this() {
    let server = server(vec![not_found()]).await;
    let client = server.client();
    let resolved = Workflows::new(client.clone())
        .reading_back(policy())
        .delete_job(JOB)
        .await;
    assert!(
        matches!(
            resolved,
            Ok(Resolved::Unknown {
                last_seen: Some(Sighting::Absent),
                ..
            })
        ),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn a_user_who_is_no_longer_in_the_job_was_cancelled() {
    let readings = vec![user(&["syncing"]), not_found(), job(JOB, "inProgress")];
    let server = server(readings).await;
    let client = server.client();
    let resolved = Workflows::new(client.clone())
        .reading_back(policy())
        .cancel_user(JOB, USER)
        .await;
    assert!(
        matches!(
            resolved,
            Ok(Resolved::TookEffect {
                state: Sighting::Absent,
                ..
            })
        ),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn a_user_who_is_missing_along_with_the_job_proves_nothing() {
    for job in [
        not_found(),
        gateways_404(),
        job(JOB, "pendingDelete"),
        job(JOB, "awaitingReview"),
        answer(&json!({})),
    ] {
        let readings = vec![
            user(&["syncing"]),
            not_found(),
            job.clone(),
            not_found(),
            job,
        ];
        let server = server(readings).await;
        let client = server.client();
        let workflows = Workflows::new(client.clone());
        let safe = workflows.reading_back(policy().max_reads(2));
        let resolved = safe.cancel_user(JOB, USER).await;
        let Ok(Resolved::Unknown {
            last_seen: None,
            reading: Some(_),
            ..
        }) = resolved
        else {
            panic!("{resolved:?}");
        };
    }
}

#[tokio::test]
async fn a_mailbox_that_was_being_finalised_was_not_cancelled() {
    let readings = vec![
        user(&["synced", "finalizing"]),
        user(&["inProgress", "completed"]),
    ];
    let server = server(readings).await;
    let client = server.client();
    let resolved = Workflows::new(client.clone())
        .reading_back(policy())
        .cancel_user(JOB, USER)
        .await;
    assert!(
        matches!(resolved, Ok(Resolved::RuledOut { .. })),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn a_job_that_somebody_else_created_under_the_name_is_not_taken_for_ours() {
    let found = |tenant: &str, date: &str| {
        answer(&json!({
            "id": OTHER_JOB,
            "displayName": "Alderwood wave 3",
            "status": "submitted",
            "sourceTenantId": tenant,
            "completeAfterDateTime": date,
        }))
    };
    let asked = calls::new_job();
    let (tenant, date) = (
        asked.source_tenant_id.as_str(),
        asked.complete_after_date_time.as_str(),
    );
    for (found, expected) in [
        (found(tenant, date), "took effect"),
        (found(OTHER_JOB, date), "had no effect"),
        (found(tenant, "2027-01-09T20:00:00Z"), "still unknown"),
        (found("alderwood.example", date), "still unknown"),
    ] {
        let server = server(vec![not_found(), found]).await;
        let client = server.client();
        let resolved = Workflows::new(client.clone())
            .reading_back(policy())
            .create_job(&asked)
            .await;
        let text = resolved.expect("an outcome").to_string();
        assert!(text.starts_with(expected), "{text}");
    }
}

#[tokio::test]
async fn a_reading_that_hangs_is_given_up_in_time() {
    let server = server(vec![job(JOB, "inProgress"), Reply::Silence]).await;
    let client = server.client();
    let policy = policy().settle_within(Duration::from_millis(50));
    let resolved = Workflows::new(client.clone())
        .reading_back(policy)
        .cancel_job(JOB)
        .await;
    assert!(
        matches!(resolved, Ok(Resolved::Unknown { .. })),
        "{resolved:?}"
    );
    assert!(server.requests().len() <= 3);
}
