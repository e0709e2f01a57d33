//! Rehearsals that go on in another sandbox.

use std::time::Duration;

use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox, UserOutcome};
use serde_json::{Value, json};

use crate::support::{
    ANNA, DAY, HOUR, JOBS, MINUTE, Reply, Room, TASKS, room, room_with, site_task,
};

#[tokio::test]
async fn an_exported_state_goes_on_in_another_sandbox() {
    let room = room_with(Sandbox::builder().seed(5).demo()).await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_user_outcome(
            ANNA,
            UserOutcome::fails()
                .with_error("EXCH-08", "On hold.")
                .in_workload("Exchange"),
        )
        .expect("a user");
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.map_user("ines@north.example").await;
    let source = "https://north.sharepoint.example/a";
    room.body("POST", TASKS, &site_task(source))
        .await
        .expect(200);
    room.sandbox
        .set_faults(vec![FaultRule::new("listJobs", Fault::EmptyBody).times(2)])
        .expect("a rule");
    room.get(JOBS).await.expect(200);
    room.advance(20 * MINUTE);
    let export = room.get("/_sandbox/export").await.expect(200).json();

    let other = self::room().await;
    other.put("import", export.clone()).await.expect(200);
    assert_eq!(
        other.get("/_sandbox/export").await.expect(200).json(),
        export
    );
    assert_eq!(
        other.get(JOBS).await.expect(200).text,
        "",
        "the rule fires a second time and no more"
    );
    other.get(JOBS).await.expect(200).json();
    // Both go on alike, down to the ids of what is created next.
    for room in [&room, &other] {
        room.sandbox.set_faults(Vec::new()).expect("no rules");
        room.sandbox
            .advance(Duration::from_secs(3 * DAY))
            .expect("time");
    }
    let next = (room.create("Wave 2").await, other.create("Wave 2").await);
    assert_eq!(next.0, next.1);
    assert_eq!(other.status(&job), "completedWithErrors");
    let text = |room: &Room, reply: Reply| reply.text.replace(&room.sandbox.base_url(), "");
    for path in [
        format!("{JOBS}?$top=100"),
        format!("{JOBS}/{job}/users"),
        format!("{TASKS}/getBySourceSiteUrl(sourceSiteUrl='{source}')"),
    ] {
        let (one, two) = (
            room.get(&path).await.expect(200),
            other.get(&path).await.expect(200),
        );
        assert_eq!(text(&room, one), text(&other, two), "{path}");
    }
    for (pointer, value) in [
        ("/state/version", json!(2)),
        ("/state/seed", json!("x")),
        ("/state/jobs/0/status", json!("asleep")),
        ("/state/jobs/0/created", json!("+20000-01-01T00:00:00Z")),
        ("/state/jobs/0/created", json!("1960-01-01T00:00:00Z")),
        ("/state/jobs/1/id", export["state"]["jobs"][0]["id"].clone()),
        ("/state/userMappings/0", json!({})),
        ("/state/colour", json!("blue")),
        ("/faults/0/rule/operation", json!("fly")),
    ] {
        let mut wrong = export.clone();
        match wrong.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => wrong["state"]["colour"] = value,
        }
        other.put("import", wrong).await.expect(400);
    }
    assert_eq!(
        other.status(&job),
        "completedWithErrors",
        "a refused import changes nothing"
    );
}

/// Sends a request with a token of its own.
async fn with(room: &Room, token: &str) -> Reply {
    let url = format!("{}{JOBS}", room.sandbox.base_url());
    room.send(room.client.get(url).bearer_auth(token)).await
}

#[tokio::test]
async fn a_scenario_and_the_ages_of_tokens_go_on_where_they_were() {
    let room = room_with(Sandbox::builder().scenario("friday-night")).await;
    room.advance(HOUR);
    with(&room, "first").await.expect(200);
    room.sandbox.expire_tokens();
    with(&room, "first").await.expect(401);
    with(&room, "second-of-two").await.expect(200);
    let export = room.get("/_sandbox/export").await.expect(200);
    assert!(
        !export.text.contains("second-of-two"),
        "a token itself is never told"
    );
    let other = room_with(Sandbox::builder().token("second-of-two")).await;
    other.put("import", export.json()).await.expect(200);
    let scenario = async |room: &Room| room.get("/_sandbox/scenario").await.expect(200).json();
    let (one, two) = (scenario(&room).await, scenario(&other).await);
    assert_eq!(one, two);
    assert!(!one["pending"].as_array().expect("steps").is_empty());
    with(&other, "first").await.expect(401);
    with(&other, "second-of-two").await.expect(200);
    for room in [&room, &other] {
        room.advance(3 * DAY);
    }
    let (one, two) = (scenario(&room).await, scenario(&other).await);
    assert_eq!(one, two);
    assert_eq!(one["pending"], json!([]));
    assert_eq!(room.status("Friday wave 2"), other.status("Friday wave 2"));
    // The token expired in the scenario; that goes for whoever used it.
    with(&other, "second-of-two").await.expect(401);
}

#[tokio::test]
async fn limits_scopes_and_dice_go_along_and_the_log_stays() {
    let room = room().await;
    let rule = FaultRule::new("listJobs", Fault::EmptyBody).with_probability(0.5);
    room.sandbox.set_faults(vec![rule]).expect("a rule");
    for _ in 0..3 {
        room.get(JOBS).await.expect(200);
    }
    let export = room.sandbox.export();
    let other = room_with(Sandbox::builder().seed(9)).await;
    other.sandbox.import(export).expect("an export");
    assert!(other.sandbox.requests().is_empty());
    for _ in 0..20 {
        let (one, two) = (room.get(JOBS).await, other.get(JOBS).await);
        assert_eq!(one.text.is_empty(), two.text.is_empty());
        assert_eq!(one.header("request-id"), two.header("request-id"));
    }
    let access = json!({"scopes": ["CrossTenantContentMigration.Read.All"], "tokenRequests": 7});
    room.put("settings", json!({"access": access, "rateLimit": 2.0}))
        .await
        .expect(200);
    let export = room.get("/_sandbox/export").await.expect(200).json();
    other.put("import", export.clone()).await.expect(200);
    let settings = other.get("/_sandbox/settings").await.expect(200).json();
    assert_eq!(settings["rateLimit"], 2.0);
    assert_eq!(settings["access"]["tokenRequests"], 7);
    assert_eq!(settings["access"]["scopes"], access["scopes"]);
    let script = |text: &str, done: Value| json!({"text": text, "started": "2026-01-05T08:00:00Z", "done": done});
    let event = json!({"at": "2026-01-05T08:00:00Z", "line": 1, "what": "x", "missed": null});
    for (member, value) in [
        ("rateLimit", json!(0)),
        (
            "dice",
            json!({"faults": "x", "requestIds": "1", "batches": "1"}),
        ),
        ("access", json!({"token": "chosen by somebody else"})),
        ("tokens", json!({"seen": {"x": {}}})),
        ("scenario", script("no scenario", json!([]))),
        (
            "scenario",
            script("name = \"x\"\nteaches = \"y\"\n", json!([event])),
        ),
        ("colour", json!("blue")),
    ] {
        let mut wrong = export.clone();
        wrong[member] = value;
        other.put("import", wrong).await.expect(400);
    }
}

#[tokio::test]
async fn a_state_larger_than_any_request_is_taken_back() {
    let room = room().await;
    room.sandbox.preload_jobs(50, 2_000).expect("jobs");
    let export = room.get("/_sandbox/export").await.expect(200);
    assert!(export.text.len() > 4 * 1_024 * 1_024);
    let other = self::room().await;
    let request = other
        .client
        .put(format!("{}/_sandbox/import", other.sandbox.base_url()))
        .body(export.text.clone());
    other.send(request).await.expect(200);
    let again = other.get("/_sandbox/export").await.expect(200);
    assert!(again.text == export.text, "the same state, byte for byte");
}
