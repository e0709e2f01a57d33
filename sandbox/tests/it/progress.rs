//! Users that progress one by one, and what can be chosen for each of them.

use std::collections::BTreeSet;
use std::time::Duration;

use msgraph_migrations_sandbox::{
    CancelInProgress, JobStatus, Sandbox, Settings, SourceOutcome, Timings, UserOutcome,
};
use serde_json::{Value, json};

use crate::support::{
    ANNA, BERT, CARA, DAY, HOUR, JOBS, MINUTE, Room, TASKS, room, room_with, site_task, workloads,
};

/// A job in progress whose date has passed as soon as it is created.
async fn due_job(room: &Room, name: &str) -> String {
    let mut new = room.new_job(name);
    new["completeAfterDateTime"] = json!("2026-01-05T08:00:00Z");
    let created = room.body("POST", JOBS, &new).await.expect(201).json();
    let job = created["id"].as_str().expect("an id").to_owned();
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    job
}

fn settings(cancel: CancelInProgress) -> Settings {
    Settings {
        cancel_in_progress: cancel,
        ..Settings::default()
    }
}

/// The error of one workload of a user, with its code and message.
async fn error(room: &Room, job: &str, user: &str, service: &str) -> (String, String, String) {
    let task = room
        .get(&format!("{JOBS}/{job}/users/{user}"))
        .await
        .expect(200)
        .json();
    let all = task["currentStatus"].as_array().expect("workloads").clone();
    let one = all
        .iter()
        .find(|one| one["service"] == service)
        .expect("the workload")
        .clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        text(&one["status"]),
        text(&one["errors"][0]["code"]),
        text(&one["errors"][0]["message"]),
    )
}

#[tokio::test]
async fn users_progress_one_by_one_while_their_job_is_in_progress() {
    let room = room().await;
    let job = due_job(&room, "Wave 1").await;
    let mut seen = BTreeSet::new();
    for _ in 0..12 {
        let snapshot = room.sandbox.job(&job).expect("the job");
        if snapshot.status == JobStatus::InProgress {
            for user in &snapshot.users {
                for (service, status) in &user.workloads {
                    seen.insert((service == "Exchange", status.clone()));
                }
            }
        }
        room.advance(5 * MINUTE);
    }
    let of = |is_exchange: bool| -> Vec<&str> {
        let own = seen.iter().filter(|(exchange, _)| *exchange == is_exchange);
        own.map(|(_, status)| status.as_str()).collect()
    };
    assert_eq!(of(true), ["completed", "finalizing", "syncing"]);
    assert_eq!(of(false), ["completed", "inProgress", "synced"]);
    // Half an hour in, the first user is through while the last one still synchronises.
    let room = self::room().await;
    let job = due_job(&room, "Wave 1").await;
    room.advance(40 * MINUTE);
    assert_eq!(room.status(&job), "inProgress");
    assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
    assert_eq!(
        workloads(&room, &job, CARA).await,
        ["synced", "synced", "synced", "syncing"]
    );
    room.advance(DAY);
    assert_eq!(room.status(&job), "completed");
    assert_eq!(workloads(&room, &job, CARA).await, ["completed"; 4]);
}

#[tokio::test]
async fn a_mailbox_completes_before_the_cancellation_arrives() {
    let room =
        room_with(Sandbox::builder().settings(settings(CancelInProgress::UntilCuttingOver))).await;
    let job = due_job(&room, "Wave 1").await;
    room.advance(41 * MINUTE);
    // Anna is through, Bert is being finalized, Cara still synchronises.
    for (user, status) in [(ANNA, "completed"), (BERT, "finalizing")] {
        let reply = room
            .post(&format!("{JOBS}/{job}/users/{user}/cancel"))
            .await
            .expect(409);
        assert_eq!(
            reply.message(),
            format!("Cancel is not possible. Current status is {status}")
        );
    }
    room.post(&format!("{JOBS}/{job}/cancel")).await.expect(202);
    assert_eq!(workloads(&room, &job, BERT).await[3], "finalizing");
    assert_eq!(workloads(&room, &job, CARA).await, ["pendingCancel"; 4]);
    room.advance(HOUR);
    assert_eq!(room.status(&job), "cancelled");
    assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
    assert_eq!(workloads(&room, &job, BERT).await, ["completed"; 4]);
    assert_eq!(workloads(&room, &job, CARA).await, ["cancelled"; 4]);
    let message = room.sandbox.job(&job).expect("the job").message;
    assert_eq!(
        message,
        "The batch was cancelled, except for the users whose cutover had begun: 2."
    );
}

#[tokio::test]
async fn what_has_begun_is_not_held_back_by_a_later_date_or_outcome() {
    let room = room().await;
    let job = due_job(&room, "Wave 1").await;
    room.advance(22 * MINUTE);
    assert_eq!(workloads(&room, &job, ANNA).await[3], "finalizing");
    let later = json!({"completeAfterDateTime": "2026-01-20T00:00:00Z"});
    room.body("PATCH", &format!("{JOBS}/{job}"), &later)
        .await
        .expect(204);
    assert_eq!(workloads(&room, &job, ANNA).await[3], "finalizing");
    let outcome = UserOutcome::fails().in_workload("Exchange");
    room.sandbox
        .set_user_outcome(BERT, outcome)
        .expect("a user");
    room.advance(2 * HOUR);
    assert_eq!(room.status(&job), "inProgress");
    assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
    assert_eq!(workloads(&room, &job, BERT).await, ["synced"; 4]);
    assert_eq!(workloads(&room, &job, CARA).await, ["synced"; 4]);
}

#[tokio::test]
async fn one_user_fails_early_and_another_is_through_before_its_date() {
    let room = room().await;
    let early = UserOutcome::fails_times(1)
        .early(600)
        .with_error("EXCH-08", "The mailbox is on hold.");
    let through = UserOutcome::completes_after(1_200).in_workload("Exchange");
    room.sandbox
        .set_user_outcome(ANNA, early.in_workload("Exchange"))
        .expect("a user");
    room.sandbox
        .set_user_outcome(BERT, through)
        .expect("a user");
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.advance(599);
    assert_eq!(error(&room, &job, ANNA, "Exchange").await.0, "syncing");
    room.advance(2);
    assert_eq!(
        error(&room, &job, ANNA, "Exchange").await,
        (
            "failed".into(),
            "EXCH-08".into(),
            "The mailbox is on hold.".into()
        )
    );
    assert_eq!(workloads(&room, &job, ANNA).await[..3], ["synced"; 3]);
    room.advance(20 * MINUTE);
    assert_eq!(workloads(&room, &job, BERT).await[3], "completed");
    let reply = room
        .post(&format!("{JOBS}/{job}/users/{BERT}/cancel"))
        .await
        .expect(409);
    assert!(reply.message().ends_with("completed"));
    // What has happened stays, whatever is chosen afterwards.
    for user in [ANNA, BERT] {
        room.sandbox
            .set_user_outcome(user, UserOutcome::succeeds())
            .expect("a user");
    }
    assert_eq!(error(&room, &job, ANNA, "Exchange").await.1, "EXCH-08");
    assert_eq!(workloads(&room, &job, BERT).await[3], "completed");
    room.advance(3 * DAY);
    assert_eq!(room.status(&job), "completedWithErrors");
    assert_eq!(
        error(&room, &job, ANNA, "Exchange").await.2,
        "The mailbox is on hold."
    );
    assert_eq!(workloads(&room, &job, ANNA).await[..3], ["completed"; 3]);
    room.post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(200);
    room.advance(3 * DAY);
    assert_eq!(room.status(&job), "completed");
}

#[tokio::test]
async fn workloads_take_their_own_time_and_the_seed_spreads_them() {
    let timings = Timings {
        teams: 4 * 3_600,
        ..Timings::default()
    };
    let room = room_with(Sandbox::builder().timings(timings)).await;
    let job = due_job(&room, "Wave 1").await;
    room.advance(90 * MINUTE);
    assert_eq!(room.status(&job), "cuttingOver");
    room.advance(HOUR);
    // The job waits for the slowest workload of its last user.
    assert_eq!(room.status(&job), "cuttingOver");
    assert_eq!(
        workloads(&room, &job, CARA).await,
        ["completed", "completed", "inProgress", "completed"]
    );
    room.advance(4 * HOUR);
    assert_eq!(room.status(&job), "completed");

    let mut runs = Vec::new();
    for (seed, spread_percent) in [(1, 90), (1, 90), (2, 90), (1, 0)] {
        let timings = Timings {
            spread_percent,
            ..Timings::default()
        };
        let room = room_with(Sandbox::builder().seed(seed).timings(timings)).await;
        let job = due_job(&room, "Wave 1").await;
        let mut run = Vec::new();
        for _ in 0..90 {
            let snapshot = room.sandbox.job(&job).expect("the job");
            run.push(
                snapshot
                    .users
                    .iter()
                    .map(|user| user.workloads.clone())
                    .collect::<Vec<_>>(),
            );
            room.advance(MINUTE);
        }
        runs.push(run);
    }
    assert!(runs[0] == runs[1] && runs[0] != runs[2] && runs[0] != runs[3]);
}

#[tokio::test]
async fn a_job_whose_users_are_all_cancelled_ends_cancelled() {
    for status in ["validateSubmitted", "processing", "inProgress"] {
        let room = room().await;
        let job = room.create("Wave 1").await;
        room.sandbox.set_job_status(&job, status).expect("a status");
        for user in [ANNA, BERT, CARA] {
            room.post(&format!("{JOBS}/{job}/users/{user}/cancel"))
                .await
                .expect(202);
        }
        room.advance(3 * DAY);
        let snapshot = room.sandbox.job(&job).expect("the job");
        assert_eq!(snapshot.status, JobStatus::Cancelled, "from {status}");
        assert_eq!(
            snapshot.message,
            "The batch was cancelled, as every user of it."
        );
        assert!(
            !snapshot
                .history
                .iter()
                .any(|step| step.to == JobStatus::Completed)
        );
    }
    // With one left, the message does not claim more than is true.
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
        .await
        .expect(202);
    room.advance(3 * DAY);
    let snapshot = room.sandbox.job(&job).expect("the job");
    assert_eq!(snapshot.status, JobStatus::Completed);
    assert!(
        snapshot.message.ends_with("cancelled and not migrated: 1."),
        "{}",
        snapshot.message
    );
}

#[tokio::test]
async fn each_workload_has_an_outcome_of_its_own() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let outcomes = json!([
        {"workload": "Teams", "failingAttempts": 1, "failsAs": "error", "code": "CTTM-004"},
        {"workload": "ODSP", "completesAs": "forceComplete"},
        {"code": "EXCH-07"},
    ]);
    let reply = room
        .body("PUT", &format!("/_sandbox/users/{ANNA}/outcome"), &outcomes)
        .await
        .expect(200);
    // A documented code says to which workload it belongs.
    assert_eq!(reply.json()[2]["workload"], "Exchange");
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.advance(3 * DAY);
    assert_eq!(
        workloads(&room, &job, ANNA).await,
        ["forceComplete", "completed", "error", "failed"]
    );
    assert_eq!(workloads(&room, &job, BERT).await, ["completed"; 4]);
    assert_eq!(error(&room, &job, ANNA, "Teams").await.1, "CTTM-004");
    let (_, code, message) = error(&room, &job, ANNA, "Exchange").await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("EXCH-07", "EXCH-07: Exchange refused to move the mailbox.")
    );
    assert_eq!(room.status(&job), "completedWithErrors");
    // Validation has codes too.
    let outcome = UserOutcome::is_invalid()
        .with_error("IM-003", "No entry.")
        .in_workload("ODSP");
    room.sandbox
        .set_user_outcome(CARA, outcome)
        .expect("a user");
    room.sandbox
        .set_job_status(&job, "submitted")
        .expect("a status");
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    room.advance(HOUR);
    assert_eq!(
        error(&room, &job, CARA, "ODSP").await,
        ("invalid".into(), "IM-003".into(), "No entry.".into())
    );
    for wrong in [
        json!({"failsAfter": 5}),
        json!({"failsAs": "error"}),
        json!({"failsAs": "sulking", "failingAttempts": 1}),
        json!({"completesAfter": 5, "failingAttempts": 1}),
        json!([{"workload": "Yammer"}]),
    ] {
        room.body("PUT", &format!("/_sandbox/users/{ANNA}/outcome"), &wrong)
            .await
            .expect(400);
    }
    let codes = room.get("/_sandbox/codes").await.expect(200).json();
    let all: Vec<&str> = codes["value"]
        .as_array()
        .expect("families")
        .iter()
        .flat_map(|family| family["codes"].as_array().expect("codes"))
        .filter_map(Value::as_str)
        .collect();
    for code in [
        "EXCH-08",
        "IM-003",
        "CTM-002",
        "MnAOdbOwnerUrlMismatch",
        "TMS-003",
        "MMS-013",
    ] {
        assert!(all.contains(&code), "{code}");
    }
}

#[tokio::test]
async fn a_failing_source_has_an_error_of_choice_and_fails_when_only_validating() {
    let room = room().await;
    let source = "https://north.sharepoint.example/a";
    let outcome = SourceOutcome {
        fails: true,
        code: Some("MnAOdbOwnerUrlMismatch".into()),
        message: Some("Somebody else owns it.".into()),
    };
    room.sandbox.set_source_outcome(source, outcome);
    let mut only = site_task(source);
    only["parameters"]["validateOnly"] = json!(true);
    let told = room.body("POST", TASKS, &only).await.expect(200).json();
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!("failed"), &json!("MnAOdbOwnerUrlMismatch"))
    );
    let task = room
        .body("POST", TASKS, &site_task(source))
        .await
        .expect(200)
        .json();
    room.sandbox
        .advance(Duration::from_secs(HOUR))
        .expect("time");
    let task = room
        .get(&format!("{TASKS}/{}", task["id"].as_str().expect("an id")))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&task["status"], &task["error"]["message"]),
        (&json!("failed"), &json!("Somebody else owns it."))
    );
    let put = json!({"fails": false});
    room.body(
        "PUT",
        &format!("/_sandbox/sources/{}/outcome", source.replace('/', "%2F")),
        &put,
    )
    .await
    .expect(200);
    let told = room.body("POST", TASKS, &only).await.expect(200).json();
    assert_eq!(told["status"], "completed");
}
