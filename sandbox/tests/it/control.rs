//! The endpoints for clients in other languages.

use msgraph_migrations_sandbox::{JobStatus, Sandbox};
use serde_json::{Value, json};

use crate::support::{ANNA, HOUR, JOBS, Reply, Room, TASKS, room, room_with, site_task, workloads};

/// Calls an endpoint without a token: they are for whoever can reach the port.
async fn call(room: &Room, method: &str, path: &str, body: Option<Value>) -> Reply {
    let url = format!("{}/_sandbox/{path}", room.sandbox.base_url());
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let request = room.client.request(method, url);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    room.send(request).await
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one rehearsal from beginning to end")]
async fn everything_can_be_arranged_over_http() {
    let room = room_with(Sandbox::builder().token("only-this").demo()).await;
    let call =
        async |method: &str, path: &str, body: Option<Value>| call(&room, method, path, body).await;
    let state = call("GET", "state", None).await.expect(200).json();
    assert_eq!(state["now"], "2026-01-05T08:00:00Z");
    assert_eq!(
        (
            state["jobs"].as_array().map(Vec::len),
            state["tasks"].as_array().map(Vec::len)
        ),
        (Some(JobStatus::ALL.len()), Some(5))
    );
    assert_eq!(state["userMappings"].as_array().map(Vec::len), Some(4));
    assert!(state["tasks"][0]["resource"]["parameters"].is_object());

    let ids = call("POST", "jobs?count=3&users=2", None)
        .await
        .expect(200)
        .json();
    let job = ids["value"][2].as_str().expect("an id").to_owned();
    call(
        "PUT",
        &format!("jobs/{job}/status"),
        Some(json!({"status": "ValidateSubmitted"})),
    )
    .await
    .expect(200);
    let later = call("POST", "advance?seconds=90.5", None)
        .await
        .expect(200)
        .json();
    assert_eq!(later["now"], "2026-01-05T08:01:30.500Z");
    assert_eq!(room.status(&job), "validateProcessing");
    call(
        "PUT",
        &format!("jobs/{job}/stalled"),
        Some(json!({"stalled": true})),
    )
    .await
    .expect(200);
    call("POST", &format!("advance?seconds={HOUR}"), None)
        .await
        .expect(200);
    assert_eq!(room.status(&job), "validateProcessing");
    call(
        "PUT",
        &format!("jobs/{job}/stalled"),
        Some(json!({"stalled": false})),
    )
    .await
    .expect(200);
    call(
        "PUT",
        &format!("jobs/{job}/outcome"),
        Some(json!({"invalid": true})),
    )
    .await
    .expect(200);
    call(
        "PUT",
        &format!("users/{ANNA}/outcome"),
        Some(json!({"failingAttempts": 2, "workload": "Teams"})),
    )
    .await
    .expect(200);
    call("POST", &format!("advance?seconds={HOUR}"), None)
        .await
        .expect(200);
    assert_eq!(room.status(&job), "validateFailed");

    let rule = json!([{"operation": "listJobs", "fault": {"kind": "internalServerError"}}]);
    call("PUT", "faults", Some(rule)).await.expect(200);
    let url = format!("{}{JOBS}", room.sandbox.base_url());
    room.send(room.client.get(&url).bearer_auth("only-this"))
        .await
        .expect(500);
    assert_eq!(
        call("GET", "faults", None).await.expect(200).json()["value"][0]["fired"],
        1
    );
    let log = call("GET", "requests?operation=listJobs&after=0", None)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (log["total"].as_u64(), log["value"][0]["status"].as_u64()),
        (Some(1), Some(500))
    );
    assert_eq!(log["effects"], json!({}));

    let change = json!({"maxUsersPerJob": 100, "timings": {"synchronising": 5}});
    let settings = call("PUT", "settings", Some(change))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &settings["maxUsersPerJob"],
            &settings["timings"]["synchronising"]
        ),
        (&json!(100), &json!(5))
    );
    assert_eq!(settings["timings"]["cuttingOver"], 1800);
    assert_eq!(
        call("GET", "settings", None).await.expect(200).json(),
        settings
    );

    call("POST", "reset", None).await.expect(200);
    let state = call("GET", "state", None).await.expect(200).json();
    assert_eq!(
        (&state["now"], state["jobs"].as_array().map(Vec::len)),
        (&json!("2026-01-05T08:00:00Z"), Some(JobStatus::ALL.len()))
    );
    room.send(room.client.get(&url).bearer_auth("only-this"))
        .await
        .expect(200);
}

#[tokio::test]
async fn what_cannot_be_arranged_is_refused() {
    let room = room_with(Sandbox::builder().demo()).await;
    for (method, path, body, status) in [
        ("GET", "nothing", None, 404),
        ("GET", "reset", None, 405),
        ("POST", "advance", None, 400),
        ("POST", "advance?seconds=-1", None, 400),
        ("POST", "advance?seconds=1e300", None, 400),
        ("POST", "jobs?count=x", None, 400),
        ("POST", "jobs?users=101000", None, 400),
        ("POST", "jobs?count=1000000&users=2", None, 400),
        ("PUT", "faults", Some(json!({})), 400),
        (
            "PUT",
            "faults",
            Some(json!([{"operation": "nothing", "fault": {"kind": "emptyBody"}}])),
            400,
        ),
        ("PUT", "settings", Some(json!({"colour": "blue"})), 400),
        (
            "PUT",
            "settings",
            Some(json!({"cancelUserStatus": 204})),
            400,
        ),
        ("PUT", "settings", Some(json!([])), 400),
        (
            "PUT",
            "jobs/nothing/status",
            Some(json!({"status": "failed"})),
            404,
        ),
        (
            "PUT",
            "jobs/Demo%20failed/status",
            Some(json!({"status": "asleep"})),
            400,
        ),
        ("PUT", "jobs/Demo%20failed/status", Some(json!({})), 400),
        ("PUT", "users/nobody/outcome", Some(json!({})), 400),
        (
            "PUT",
            "jobs/Demo%20failed/outcome",
            Some(json!({"workload": "Yammer"})),
            400,
        ),
    ] {
        let reply = call(&room, method, path, body).await.expect(status);
        assert!(
            reply.json()["error"]["message"].is_string(),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_source_can_be_made_to_fail_over_http() {
    let room = room().await;
    let source = "https://north.sharepoint.example/a";
    let url = format!(
        "{}/_sandbox/sources/{}/outcome",
        room.sandbox.base_url(),
        source.replace('/', "%2F")
    );
    room.send(room.client.put(url).json(&json!({"fails": true})))
        .await
        .expect(200);
    let task = room
        .body("POST", TASKS, &site_task(source))
        .await
        .expect(200)
        .json();
    room.advance(HOUR);
    let path = format!("{TASKS}/{}", task["id"].as_str().expect("an id"));
    assert_eq!(room.get(&path).await.expect(200).json()["status"], "failed");
}

#[tokio::test]
async fn a_status_by_hand_brings_its_users_along() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let put = async |status: &str| {
        room.put(&format!("jobs/{job}/status"), json!({"status": status}))
            .await
            .expect(200);
    };
    let cancel = async || {
        room.post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
            .await
    };
    for (status, own) in [
        ("inProgress", ["synced", "synced", "synced", "syncing"]),
        ("processing", ["notStarted"; 4]),
        ("validateSubmitted", ["notStarted"; 4]),
        ("validatePassed", ["valid"; 4]),
        ("adminActionRequired", ["notStarted"; 4]),
    ] {
        put(status).await;
        assert_eq!(workloads(&room, &job, ANNA).await, own, "{status}");
        cancel().await.expect(202);
        cancel().await.expect(409);
        assert_eq!(workloads(&room, &job, ANNA).await, ["pendingCancel"; 4]);
        // Once more, and the user takes part again.
        put(status).await;
        assert_eq!(workloads(&room, &job, ANNA).await, own, "{status} again");
        cancel().await.expect(202);
    }
    // What is over begins anew; what is taken back stays as it was.
    for over in ["completed", "cancelled", "pendingDelete"] {
        put("completed").await;
        assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
        put(over).await;
        put("inProgress").await;
        let own = workloads(&room, &job, ANNA).await;
        assert_eq!(own, ["synced", "synced", "synced", "syncing"], "{over}");
    }
    cancel().await.expect(202);
    put("cancelled").await;
    let seen = room.sandbox.job(&job).expect("the job");
    let cancelled: Vec<bool> = seen.users.iter().map(|user| user.cancelled).collect();
    assert_eq!(cancelled, [true, false, false]);
    assert_eq!(workloads(&room, &job, ANNA).await, ["cancelled"; 4]);
}
