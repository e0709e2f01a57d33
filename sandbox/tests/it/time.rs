//! Virtual time: to a status, and at a chosen speed.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{ANNA, JOBS, room, workloads};

#[tokio::test]
async fn time_advances_to_a_status_and_runs_at_a_chosen_speed() {
    let room = room().await;
    let job = room.create("Wave: 1").await;
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    let until = async |status: &str| {
        room.send(room.request(
            "POST",
            &format!("/_sandbox/advance?until=Wave:%201:{status}"),
        ))
        .await
    };
    assert_eq!(
        until("validatePassed").await.expect(200).json()["now"],
        "2026-01-05T08:12:00Z"
    );
    assert_eq!(room.status(&job), "validatePassed");
    // Time alone never migrates it, and nothing moves for the attempt.
    let refused = until("completed").await.expect(400);
    assert!(refused.text.contains("validatePassed"), "{}", refused.text);
    assert_eq!(room.sandbox.now().to_rfc3339(), "2026-01-05T08:12:00+00:00");
    room.post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(200);
    until("cuttingOver").await.expect(200);
    assert_eq!(room.status(&job), "cuttingOver");
    room.sandbox
        .advance_until(&job, "completed")
        .expect("it gets there");
    assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
    for wrong in [
        "advance?until=Nobody:completed",
        "advance?until=x",
        "advance?until=Wave:%201:asleep",
        "advance?until=a:b&seconds=1",
        "advance?secs=1",
    ] {
        let reply = room
            .send(room.request("POST", &format!("/_sandbox/{wrong}")))
            .await;
        assert!(
            matches!(reply.status, 400 | 404),
            "{wrong}: {}",
            reply.status
        );
    }
    assert_eq!(
        room.sandbox.requests().len(),
        4,
        "what steers is not logged"
    );
    room.put("clock", json!({"speed": 1_000_000.0}))
        .await
        .expect(200);
    let before = room.sandbox.now();
    while room.sandbox.now() < before + TimeDelta::hours(1) {
        tokio::task::yield_now().await;
    }
    room.put("clock", json!({"speed": 0.0})).await.expect(200);
    assert_eq!(room.sandbox.now(), room.sandbox.now());
    room.put("clock", json!({"speed": -1})).await.expect(400);
}
