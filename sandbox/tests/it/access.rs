//! Tokens, scopes and limits that change while the sandbox runs.

use msgraph_migrations_sandbox::{Access, Sandbox};
use serde_json::{Value, json};

use crate::support::{JOBS, room_with};

#[tokio::test]
async fn tokens_expire_after_requests_or_seconds_and_access_changes_at_run_time() {
    let room = room_with(Sandbox::builder().token_lifetime(Some(3), None)).await;
    let with = async |token: &str| {
        let request = room
            .client
            .get(format!("{}{JOBS}", room.sandbox.base_url()))
            .bearer_auth(token);
        room.send(request).await
    };
    for status in [200, 200, 200, 401, 401] {
        let reply = with("first").await.expect(status);
        if status == 401 {
            let header = reply.header("www-authenticate").expect("a challenge");
            assert!(
                header.contains("error=\"insufficient_claims\"") && header.contains("claims=\""),
                "{header}"
            );
            assert_eq!(reply.codes().0, "InvalidAuthenticationToken");
        }
    }
    with("second").await.expect(200);
    room.put(
        "settings",
        json!({"access": {"tokenRequests": null, "tokenSeconds": 60}}),
    )
    .await
    .expect(200);
    with("second").await.expect(200);
    room.advance(61);
    with("second").await.expect(401);
    with("third").await.expect(200);
    room.sandbox.expire_tokens();
    with("third").await.expect(401);
    let put_access = async |access: Value| room.put("settings", json!({ "access": access })).await;
    put_access(json!({"token": "only-this", "tokenSeconds": null}))
        .await
        .expect(200);
    with("third").await.expect(401);
    with("only-this").await.expect(200);
    let told = put_access(json!({"scopes": ["CrossTenantContentMigration.Read.All"]}))
        .await
        .expect(200);
    assert!(!told.text.contains("only-this"), "the token is never told");
    assert_eq!(told.json()["access"]["tokenRequired"], true);
    with("only-this").await.expect(200);
    let request = room
        .client
        .post(format!("{}{JOBS}/x/cancel", room.sandbox.base_url()))
        .bearer_auth("only-this")
        .header("content-length", "0");
    room.send(request).await.expect(403);
    put_access(json!({"colour": "blue"})).await.expect(400);
    room.sandbox.set_access(Access::default());
    with("anything").await.expect(200);
    room.put("settings", json!({"rateLimit": 1.0}))
        .await
        .expect(200);
    let statuses = [with("a").await.status, with("a").await.status];
    assert_eq!(statuses, [200, 429]);
    room.put("settings", json!({"rateLimit": 0}))
        .await
        .expect(400);
    room.put("settings", json!({"rateLimit": null}))
        .await
        .expect(200);
    with("a").await.expect(200);
}
