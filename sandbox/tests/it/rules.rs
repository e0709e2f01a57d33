//! The rules about jobs and their users, and how jobs are named.

use msgraph_migrations_sandbox::UserOutcome;
use serde_json::{Value, json};

use crate::support::{ANNA, BERT, CARA, HOUR, JOBS, room, workloads};

#[tokio::test]
async fn users_who_are_unknown_or_in_another_active_batch_fail_validation() {
    let room = room().await;
    let first = room.create("Wave 1").await;
    let second = room.create("Wave 2").await;
    for job in [&first, &second] {
        room.post(&format!("{JOBS}/{job}/validate"))
            .await
            .expect(200);
    }
    room.advance(HOUR);
    assert_eq!(
        (room.status(&first), room.status(&second)),
        ("validatePassed", "validateFailed")
    );
    let task = room
        .get(&format!("{JOBS}/{second}/users/{ANNA}"))
        .await
        .expect(200)
        .json();
    assert_eq!(task["currentStatus"][0]["errors"][0]["code"], "CTM-002");
    room.post(&format!("{JOBS}/{first}/cancel"))
        .await
        .expect(202);
    room.advance(HOUR);
    room.sandbox
        .set_user_outcome(CARA, UserOutcome::is_unknown())
        .expect("a user");
    for expected in ["validateFailed", "validatePassed"] {
        room.post(&format!("{JOBS}/{second}/validate"))
            .await
            .expect(200);
        room.advance(HOUR);
        assert_eq!(room.status(&second), expected);
        room.sandbox
            .set_user_outcome(CARA, UserOutcome::succeeds())
            .expect("a user");
    }
}

#[tokio::test]
async fn meetings_do_not_move_alone() {
    let room = room().await;
    let mut job = room.new_job("Wave 1");
    job["workloads"] = json!(["Meeting", "ODSP"]);
    let id = room.body("POST", JOBS, &job).await.expect(201).json()["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    room.post(&format!("{JOBS}/{id}/validate"))
        .await
        .expect(200);
    room.advance(HOUR);
    assert_eq!(room.status(&id), "validateFailed");
    assert_eq!(workloads(&room, &id, ANNA).await, ["valid", "invalid"]);
}

#[tokio::test]
async fn creation_says_what_is_wrong_and_creates_nothing() {
    let room = room().await;
    room.create("Taken").await;
    let with = |name: &str, value: Value| {
        let mut job = room.new_job("Wave 1");
        if value == json!("(absent)") {
            job.as_object_mut().expect("an object").remove(name);
        } else {
            job[name] = value;
        }
        job
    };
    let many: Vec<String> = (0..2001)
        .map(|number| format!("00000000-0000-4000-8000-{number:012}"))
        .collect();
    for (job, status, detail) in [
        (
            with("displayName", json!("taken")),
            422,
            Some("duplicateDisplayNameJob"),
        ),
        (
            with("resources", json!(many)),
            422,
            Some("maxThresholdFailed"),
        ),
        (
            with("resources", json!([ANNA, ANNA])),
            422,
            Some("duplicateResource"),
        ),
        (with("resources", json!([])), 400, None),
        (with("resources", json!(["nobody"])), 400, None),
        (with("resources", json!("(absent)")), 400, None),
        (with("displayName", json!("(absent)")), 400, None),
        (with("displayName", json!(7)), 400, None),
        (with("sourceTenantId", json!("elsewhere")), 400, None),
        (with("resourceType", json!("Groups")), 400, None),
        (with("completeAfterDateTime", json!("tomorrow")), 400, None),
        (with("completeAfterDateTime", json!("(absent)")), 400, None),
        (with("workloads", json!(["Yammer"])), 400, None),
        (with("workloads", json!(["Teams", "teams"])), 400, None),
        (with("exchangeSettings", json!("(absent)")), 400, None),
        (
            with("exchangeSettings", json!({"sourceEndpoint": "north"})),
            400,
            None,
        ),
        (with("colour", json!("blue")), 400, None),
        (json!([]), 400, None),
    ] {
        let reply = room.body("POST", JOBS, &job).await.expect(status);
        assert_eq!(reply.codes().1.as_deref(), detail, "{}", reply.text);
    }
    assert_eq!(room.sandbox.jobs().len(), 1);
    let mut without_exchange = with("exchangeSettings", Value::Null);
    without_exchange["workloads"] = json!(["Teams"]);
    let reply = room
        .body("POST", JOBS, &without_exchange)
        .await
        .expect(201)
        .json();
    assert_eq!(reply["exchangeSettings"], Value::Null);
    assert_eq!(reply["workloads"], json!(["Teams"]));
    assert_eq!(reply["resourceType"], "Users");
    assert_eq!(reply["resources"], json!([ANNA, BERT, CARA]));
}

#[tokio::test]
async fn only_the_date_of_a_job_can_be_updated() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    for body in [
        json!({"displayName": "Wave 2"}),
        json!({}),
        json!({"completeAfterDateTime": null}),
    ] {
        room.body("PATCH", &path, &body).await.expect(400);
    }
    room.body(
        "PATCH",
        &path,
        &json!({"completeAfterDateTime": "2031-02-03T04:05:06+01:00"}),
    )
    .await
    .expect(204);
    let after = room.get(&path).await.expect(200).json();
    assert_eq!(after["completeAfterDateTime"], "2031-02-03T03:05:06Z");
    // A date in the past counts as already due, and never before the synchronisation.
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.body(
        "PATCH",
        &path,
        &json!({"completeAfterDateTime": "2001-01-01T00:00:00Z"}),
    )
    .await
    .expect(204);
    assert_eq!(room.status(&job), "inProgress");
    room.advance(HOUR);
    assert_eq!(room.status(&job), "cuttingOver");
    room.body(
        "PATCH",
        &format!("{JOBS}/nothing"),
        &json!({"completeAfterDateTime": "2031-01-01T00:00:00Z"}),
    )
    .await
    .expect(404);
}

#[tokio::test]
async fn jobs_are_found_by_id_by_name_and_by_alternate_key() {
    let room = room().await;
    let job = room.create("O'Brien / wave (1)").await;
    let beta = JOBS.replace("v1.0", "beta");
    for path in [
        format!("{JOBS}/{job}"),
        format!("{JOBS}/{}", job.to_uppercase()),
        format!("{JOBS}('{job}')"),
        format!("{JOBS}/O'Brien%20%2F%20wave%20(1)"),
        format!("{JOBS}('O''Brien%20%2F%20wave%20(1)')"),
        format!("{JOBS}(displayName='O''Brien%20%2F%20wave%20(1)')"),
        format!("{JOBS}(DisplayName=%27O%27%27Brien%20%2f%20wave%20%281%29%27)"),
        format!("{beta}(displayName='o''brien%20/%20wave%20(1)')"),
        format!("/V1.0/SOLUTIONS/migrations/CROSSTENANTMIGRATIONJOBS/{job}/"),
    ] {
        let reply = room.get(&path).await;
        assert_eq!(
            (reply.status, reply.json()["id"].as_str()),
            (200, Some(job.as_str())),
            "{path}"
        );
    }
    room.post(&format!(
        "{JOBS}(displayName='O''Brien%20%2F%20wave%20(1)')/validate"
    ))
    .await
    .expect(200);
    room.get(&format!("{JOBS}/O'Brien%20%2F%20wave%20(1)/users"))
        .await
        .expect(200);
    room.get(&format!("{JOBS}('{job}')/users('{ANNA}')"))
        .await
        .expect(200);
    // The metadata gives the alternate key no way on to the users.
    room.get(&format!(
        "{JOBS}(displayName='O''Brien%20%2F%20wave%20(1)')/users"
    ))
    .await
    .expect(404);
}
