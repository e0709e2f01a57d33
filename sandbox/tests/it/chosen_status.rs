//! Answers of any status in place of the service's, and rules that come and go.

use chrono::TimeDelta;
use msgraph_migrations_sandbox::{Fault, FaultRule};
use serde_json::json;

use crate::support::{HOUR, JOBS, room};

#[tokio::test]
async fn any_status_can_be_answered_in_place_of_the_service() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let rules = json!([
        {"operation": "migrateJob", "fault": {"kind": "status", "status": 403}},
        {"operation": "getJob", "count": 1, "fault": {"kind": "status", "status": 418, "code": "Teapot", "message": "Short and stout.",
            "headers": {"X-Colour": "brown", "Retry-After": "3"}}},
        {"operation": "getJob", "count": 1, "fault": {"kind": "status", "status": 207, "body": {"some": ["json"]}}},
        {"operation": "getJob", "count": 1, "fault": {"kind": "status", "status": 500, "body": "plain text"}},
        {"operation": "cancelJob", "fault": {"kind": "status", "status": 412, "afterEffect": true}},
    ]);
    room.put("faults", rules).await.expect(200);
    let forbidden = room
        .post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(403);
    assert_eq!(forbidden.codes().0, "Authorization_RequestDenied");
    let reply = room.get(&format!("{JOBS}/{job}")).await.expect(418);
    assert_eq!(
        (reply.codes().0, reply.message()),
        ("Teapot".into(), "Short and stout.".into())
    );
    assert_eq!(
        (reply.header("x-colour"), reply.header("retry-after")),
        (Some("brown"), Some("3"))
    );
    assert_eq!(
        room.get(&format!("{JOBS}/{job}")).await.expect(207).json(),
        json!({"some": ["json"]})
    );
    assert_eq!(
        room.get(&format!("{JOBS}/{job}")).await.expect(500).text,
        "plain text"
    );
    room.get(&format!("{JOBS}/{job}")).await.expect(200);
    room.post(&format!("{JOBS}/{job}/cancel")).await.expect(412);
    assert_eq!(room.status(&job), "pendingCancel");
    for fault in [
        json!({"kind": "status", "status": 99}),
        json!({"kind": "status", "status": 600}),
        json!({"kind": "status", "status": 400, "headers": {"a b": "c"}}),
        json!({"kind": "status", "status": 400, "headers": {"a": "c\nd"}}),
        json!({"kind": "status", "status": 400, "headers": {"content-length": "5"}}),
    ] {
        room.put("faults", json!([{"operation": "*", "fault": fault}]))
            .await
            .expect(400);
    }
    // Rules can be added and taken away one by one.
    let add = json!([{"operation": "listJobs", "fault": {"kind": "emptyBody"}}]);
    room.put(
        "faults",
        json!([{"operation": "getJob", "fault": {"kind": "tokenExpired"}}]),
    )
    .await
    .expect(200);
    let both = room
        .body("POST", "/_sandbox/faults", &add)
        .await
        .expect(200)
        .json();
    assert_eq!(both["value"].as_array().map(Vec::len), Some(2));
    let expired = room.get(&format!("{JOBS}/{job}")).await.expect(401);
    assert!(
        expired
            .header("www-authenticate")
            .is_some_and(|header| header.contains("claims="))
    );
    room.delete("/_sandbox/faults/0").await.expect(200);
    room.get(&format!("{JOBS}/{job}")).await.expect(200);
    room.delete("/_sandbox/faults/1").await.expect(404);
    // A rule can be in force for a time.
    let now = room.sandbox.now();
    let rule = FaultRule::new("listJobs", Fault::EmptyBody)
        .between(now + TimeDelta::hours(1), now + TimeDelta::hours(2));
    room.sandbox.set_faults(vec![rule]).expect("a rule");
    for empty in [false, true, false] {
        assert_eq!(room.get(JOBS).await.expect(200).text.is_empty(), empty);
        room.advance(HOUR);
    }
}
