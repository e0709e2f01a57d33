//! The life of jobs.

use std::collections::BTreeSet;

use msgraph_migrations_checks::sets::assert_same;
use msgraph_migrations_sandbox::{JobStatus, UserOutcome};
use serde_json::json;

use crate::support::{ANNA, BERT, CARA, DAY, HOUR, JOBS, MINUTE, Room, room, workloads};

#[tokio::test]
async fn a_job_goes_from_submitted_to_completed_as_time_passes() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let mut seen = vec![room.status(&job)];
    let mut look = |room: &Room| {
        let status = room.status(&job);
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    };
    room.advance(DAY);
    look(&room);
    let reply = room
        .post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (reply["status"].as_str(), reply["jobType"].as_str()),
        (Some("validateSubmitted"), Some("validate"))
    );
    for _ in 0..30 {
        look(&room);
        room.advance(MINUTE);
    }
    let later = json!({"completeAfterDateTime": (room.sandbox.now() + chrono::TimeDelta::hours(9)).to_rfc3339()});
    room.body("PATCH", &format!("{JOBS}/{job}"), &later)
        .await
        .expect(204);
    let reply = room
        .post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (reply["status"].as_str(), reply["jobType"].as_str()),
        (Some("processing"), Some("migrate"))
    );
    for _ in 0..(12 * 60) {
        look(&room);
        room.advance(MINUTE);
    }
    look(&room);
    assert_eq!(
        seen,
        [
            "submitted",
            "validateSubmitted",
            "validateProcessing",
            "validateInProgress",
            "validatePassed",
            "processing",
            "inProgress",
            "cuttingOver",
            "completed",
        ]
    );
    let history = room.sandbox.job(&job).expect("the job").history;
    let cutover = history
        .iter()
        .find(|step| step.to == JobStatus::CuttingOver)
        .expect("a cutover");
    let date = later["completeAfterDateTime"].as_str().expect("a date");
    assert!(cutover.at.to_rfc3339().as_str() >= date);
    assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
}

#[tokio::test]
async fn users_show_only_what_the_guide_lists_for_the_status_of_their_job() {
    let exchange = |status: &str| -> &'static [&'static str] {
        match status {
            "submitted" | "validateSubmitted" | "validateProcessing" | "processing" => {
                &["notStarted"]
            }
            "validateInProgress" => &["notStarted", "inProgress", "valid", "invalid"],
            "validatePassed" => &["valid"],
            "validateFailed" => &["valid", "invalid"],
            "inProgress" => &["syncing", "synced", "finalizing", "completed", "failed"],
            "cuttingOver" => &["synced", "finalizing", "completed"],
            "completed" => &["completed"],
            "completedWithErrors" => &["completed", "failed"],
            "failed" => &["failed"],
            _ => &[],
        }
    };
    let other = |status: &str| -> &'static [&'static str] {
        match status {
            "inProgress" => &["synced", "inProgress", "completed", "failed"],
            "cuttingOver" => &["synced", "inProgress", "completed"],
            status => exchange(status),
        }
    };
    let mut pairs = BTreeSet::new();
    for (name, bert, end) in [
        ("all well", UserOutcome::succeeds(), "completed"),
        ("one fails", UserOutcome::fails(), "completedWithErrors"),
        (
            "one mailbox fails",
            UserOutcome::fails().in_workload("Exchange"),
            "completedWithErrors",
        ),
        (
            "one is invalid",
            UserOutcome::is_invalid().in_workload("Teams"),
            "validateFailed",
        ),
    ] {
        let room = room().await;
        room.sandbox.set_user_outcome(BERT, bert).expect("a user");
        let job = room.create(name).await;
        room.post(&format!("{JOBS}/{job}/validate"))
            .await
            .expect(200);
        for step in 0..(36 * 12) {
            let snapshot = room.sandbox.job(&job).expect("the job");
            for user in &snapshot.users {
                for (service, status) in &user.workloads {
                    let job_status = snapshot.status.as_str();
                    let is_exchange = service == "Exchange";
                    let allowed = if is_exchange {
                        exchange(job_status)
                    } else {
                        other(job_status)
                    };
                    assert!(
                        allowed.contains(&status.as_str()),
                        "{name}: {job_status}, {service} {status}"
                    );
                    pairs.insert((job_status, is_exchange, status.clone()));
                }
            }
            if snapshot.status == JobStatus::ValidatePassed && step > 20 {
                room.post(&format!("{JOBS}/{job}/migrate"))
                    .await
                    .expect(200);
            }
            room.advance(if room.status(&job) == "validateInProgress" {
                MINUTE
            } else {
                5 * MINUTE
            });
        }
        assert_eq!(room.status(&job), end, "{name}");
    }
    for (status, is_exchange, workload) in [
        ("validateInProgress", true, "notStarted"),
        ("validateInProgress", true, "inProgress"),
        ("validateInProgress", false, "valid"),
        ("validateFailed", false, "invalid"),
        ("inProgress", true, "syncing"),
        ("inProgress", true, "synced"),
        ("cuttingOver", true, "finalizing"),
        ("cuttingOver", true, "completed"),
        ("cuttingOver", false, "inProgress"),
        ("completedWithErrors", true, "failed"),
    ] {
        assert!(
            pairs.contains(&(status, is_exchange, workload.to_owned())),
            "never saw {workload} in {status}"
        );
    }
}

#[tokio::test]
async fn each_status_allows_exactly_the_actions_of_the_guide() {
    // Columns: validate, migrate, cancel, delete; then the status a permitted action leads to.
    let table = [
        ("submitted", [true, false, true, false]),
        ("approved", [false, false, true, false]),
        ("adminActionRequired", [false, false, true, false]),
        ("validateSubmitted", [false, false, true, false]),
        ("validateProcessing", [false, false, true, false]),
        ("validateInProgress", [false, false, true, false]),
        ("validatePassed", [false, true, true, false]),
        ("validateFailed", [true, false, true, false]),
        ("processing", [false, false, true, false]),
        ("inProgress", [false, false, true, false]),
        ("cuttingOver", [false, false, false, false]),
        ("completed", [false, false, false, true]),
        ("completedWithErrors", [false, true, false, true]),
        ("failed", [false, true, false, true]),
        ("cancelled", [false, false, false, true]),
        ("pendingCancel", [false, false, false, false]),
        ("pendingDelete", [false, false, false, false]),
        ("deleted", [false, false, false, false]),
    ];
    let listed: BTreeSet<&str> = table.iter().map(|(status, _)| *status).collect();
    let all: BTreeSet<&str> = JobStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    assert_same(
        "statuses of the table",
        listed,
        all,
        "the table in sandbox/tests/it/jobs.rs",
    );
    let room = room().await;
    let job = room.create("Wave 1").await;
    for (status, allowed) in table {
        let actions = [
            ("validate", 200, "validateSubmitted"),
            ("migrate", 200, "processing"),
            ("cancel", 202, "pendingCancel"),
            ("delete", 202, "pendingDelete"),
        ];
        for ((action, success, after), allowed) in actions.into_iter().zip(allowed) {
            room.sandbox.set_job_status(&job, status).expect("a status");
            let reply = match action {
                "delete" => room.delete(&format!("{JOBS}/{job}")).await,
                action => room.post(&format!("{JOBS}/{job}/{action}")).await,
            };
            let expected = if allowed { success } else { 409 };
            assert_eq!(
                reply.status, expected,
                "{action} in {status}: {}",
                reply.text
            );
            assert_eq!(
                room.status(&job),
                if allowed { after } else { status },
                "{action} in {status}"
            );
            if action == "migrate" && !allowed {
                assert_eq!(
                    reply.message(),
                    format!("Migration can't be started because the current status is {status}")
                );
            }
            if action == "delete" && !allowed {
                assert_eq!(
                    reply.codes(),
                    ("Conflict".into(), Some("resourceTypeMismatch".into()))
                );
                assert_eq!(
                    reply.message(),
                    format!(
                        "Cross Tenant Migration Job {job} must be in final state (Completed, Failed, or Cancelled) before it can be deleted."
                    )
                );
            }
        }
    }
}

#[tokio::test]
async fn a_cancelled_job_ends_cancelled_and_a_deleted_one_deleted() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let reply = room
        .post(&format!("{JOBS}/{job}/cancel"))
        .await
        .expect(202)
        .json();
    assert_eq!(
        reply,
        json!({"id": job, "displayName": "Wave 1", "status": "pendingCancel",
            "message": "cancellation request has been accepted for the migration job"})
    );
    assert_eq!(workloads(&room, &job, ANNA).await, ["pendingCancel"; 4]);
    room.post(&format!("{JOBS}/{job}/cancel")).await.expect(409);
    room.advance(HOUR);
    assert_eq!(room.status(&job), "cancelled");
    assert_eq!(workloads(&room, &job, ANNA).await, ["cancelled"; 4]);
    assert_eq!(
        room.delete(&format!("{JOBS}/{job}")).await.expect(202).text,
        ""
    );
    assert_eq!(room.status(&job), "pendingDelete");
    room.advance(2 * DAY);
    assert_eq!(
        room.get(&format!("{JOBS}/{job}")).await.expect(200).json()["status"],
        "deleted"
    );
    // A deleted job gives its name free.
    room.create("Wave 1").await;
    assert_eq!(room.sandbox.effects("cancelJob"), 1);
}

#[tokio::test]
async fn a_migration_cannot_be_cancelled_once_its_date_has_passed() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.sandbox.set_job_stalled(&job, true).expect("the job");
    room.advance(DAY + HOUR);
    assert_eq!(room.status(&job), "inProgress");
    room.post(&format!("{JOBS}/{job}/cancel")).await.expect(409);
    let reply = room
        .post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
        .await
        .expect(409);
    assert_eq!(
        reply.message(),
        "Cancel is not possible. Current status is synced"
    );
    room.sandbox.set_job_stalled(&job, false).expect("the job");
    room.advance(HOUR);
    assert_eq!(room.status(&job), "cuttingOver");
}

#[tokio::test]
async fn one_user_can_be_cancelled_while_the_others_go_on() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    let reply = room
        .post(&format!("{JOBS}/Wave%201/users/{ANNA}/cancel"))
        .await
        .expect(202)
        .json();
    assert_eq!(
        reply,
        json!({"status": "Accepted", "message": format!("Cancellation request for user id: {ANNA} from batch: Wave 1 was accepted.")})
    );
    assert_eq!(workloads(&room, &job, ANNA).await, ["pendingCancel"; 4]);
    let reply = room
        .post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
        .await
        .expect(409);
    assert_eq!(
        reply.message(),
        "Cancel is not possible. Current status is pendingCancel"
    );
    room.advance(2 * DAY);
    assert_eq!(room.status(&job), "completed");
    assert_eq!(workloads(&room, &job, ANNA).await, ["cancelled"; 4]);
    assert_eq!(workloads(&room, &job, BERT).await, ["completed"; 4]);
    let unknown = "99999999-0000-4000-8000-000000000000";
    for path in [
        format!("{JOBS}/{job}/users/{unknown}/cancel"),
        format!("{JOBS}/nothing/users/{ANNA}/cancel"),
    ] {
        room.post(&path).await.expect(404);
    }
    // The user is free for another batch.
    let other = room.create("Wave 2").await;
    room.post(&format!("{JOBS}/{other}/validate"))
        .await
        .expect(200);
    room.advance(HOUR);
    assert_eq!(room.status(&other), "validatePassed");
}

#[tokio::test]
async fn a_validation_is_good_for_seven_days() {
    for (wait, status) in [(7 * DAY, 200), (7 * DAY + 1, 409)] {
        let room = room().await;
        let job = room.create("Wave 1").await;
        room.sandbox
            .set_job_status(&job, "validatePassed")
            .expect("a status");
        room.advance(wait);
        let reply = room
            .post(&format!("{JOBS}/{job}/migrate"))
            .await
            .expect(status);
        if status == 409 {
            assert!(reply.message().contains("expired"), "{}", reply.text);
            room.post(&format!("{JOBS}/{job}/validate"))
                .await
                .expect(409);
        }
    }
}

#[tokio::test]
async fn what_became_of_the_users_decides_what_becomes_of_the_job() {
    for (outcomes, end) in [
        ([false, false, false], "completed"),
        ([true, false, false], "completedWithErrors"),
        ([true, true, true], "failed"),
    ] {
        let room = room().await;
        let job = room.create("Wave 1").await;
        for (user, fails) in [ANNA, BERT, CARA].into_iter().zip(outcomes) {
            let outcome = if fails {
                UserOutcome::fails_times(1)
            } else {
                UserOutcome::succeeds()
            };
            room.sandbox
                .set_user_outcome(user, outcome)
                .expect("a user");
        }
        room.sandbox
            .set_job_status(&job, "validatePassed")
            .expect("a status");
        room.post(&format!("{JOBS}/{job}/migrate"))
            .await
            .expect(200);
        room.advance(2 * DAY);
        assert_eq!(room.status(&job), end);
        let expected = if outcomes[0] { "failed" } else { "completed" };
        assert_eq!(workloads(&room, &job, ANNA).await, [expected; 4]);
        if end == "completed" {
            continue;
        }
        // The retry spares whoever is through and takes the others along.
        room.post(&format!("{JOBS}/{job}/migrate"))
            .await
            .expect(200);
        let cara = if outcomes[2] {
            "notStarted"
        } else {
            "completed"
        };
        assert_eq!(workloads(&room, &job, CARA).await, [cara; 4]);
        room.advance(2 * DAY);
        assert_eq!(room.status(&job), "completed");
        assert_eq!(room.sandbox.job(&job).expect("the job").attempts, 2);
    }
}
