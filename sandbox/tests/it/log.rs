//! The log of requests: what it keeps, and how it is looked through.

use msgraph_migrations_sandbox::{Fault, FaultRule};
use serde_json::{Value, json};

use crate::support::{ANNA, JOBS, TASKS, USER_MAPPINGS, room, site_task};

#[tokio::test]
async fn the_log_tells_what_each_request_changed() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.get(&format!("{JOBS}/{job}")).await.expect(200);
    room.sandbox
        .set_job_status(&job, "validatePassed")
        .expect("a status");
    for status in [200, 409, 409] {
        room.post(&format!("{JOBS}/{job}/migrate"))
            .await
            .expect(status);
    }
    room.post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
        .await
        .expect(202);
    room.body(
        "POST",
        TASKS,
        &site_task("https://north.sharepoint.example/a"),
    )
    .await
    .expect(200);
    assert_eq!(room.sandbox.effects("migrateJob"), 1);
    let log: Vec<(Option<String>, Option<u16>, Option<String>)> = room
        .sandbox
        .requests()
        .into_iter()
        .map(|entry| (entry.operation, entry.status, entry.effect))
        .collect();
    let entry = |operation: &str, status, effect: Option<String>| {
        (Some(operation.to_owned()), Some(status), effect)
    };
    assert_eq!(log[1], entry("getJob", 200, None));
    assert_eq!(
        log[2],
        entry(
            "migrateJob",
            200,
            Some(format!("job {job}: validatePassed -> processing"))
        )
    );
    assert_eq!(log[3], entry("migrateJob", 409, None));
    assert_eq!(
        log[5],
        entry(
            "cancelUser",
            202,
            Some(format!("job {job}: user {ANNA} cancelled"))
        )
    );
    assert!(
        log[6]
            .2
            .as_deref()
            .is_some_and(|effect| effect.starts_with("task "))
    );
    room.sandbox.reset().expect("the same setup");
    assert_eq!(
        (room.sandbox.requests().len(), room.sandbox.jobs().len()),
        (0, 0)
    );
    assert_eq!(json!(room.sandbox.effects("migrateJob")), 0);
}

#[tokio::test]
async fn the_log_keeps_headers_and_bodies_and_is_filtered_in_pages() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.create("Wave 2").await;
    for _ in 0..3 {
        room.get(&format!("{JOBS}/Wave%201/users/{ANNA}"))
            .await
            .expect(200);
    }
    room.get(&format!("{JOBS}/nobody")).await.expect(404);
    room.sandbox
        .set_faults(vec![FaultRule::new("getJob", Fault::DropAfterEffect)])
        .expect("a rule");
    let request = room.request("GET", &format!("{JOBS}/{job}"));
    assert!(request.send().await.is_err());
    let numbers = async |query: &str| -> Vec<u64> {
        let log = room
            .get(&format!("/_sandbox/requests?{query}"))
            .await
            .expect(200)
            .json();
        let entries = log["value"].as_array().expect("entries").clone();
        entries
            .iter()
            .filter_map(|entry| entry["sequence"].as_u64())
            .collect()
    };
    assert_eq!(numbers("operation=createJob").await, [1, 2]);
    assert_eq!(numbers(&format!("job={job}")).await, [1, 3, 4, 5, 7]);
    assert_eq!(numbers("job=Wave%201&operation=getUser").await, [3, 4, 5]);
    assert_eq!(
        numbers(&format!("user={}", ANNA.to_uppercase())).await,
        [3, 4, 5]
    );
    assert_eq!(numbers("status=404").await, [6]);
    assert_eq!(numbers("status=dropped").await, [7]);
    assert_eq!(numbers("after=2&before=5").await, [3, 4]);
    let page = room
        .get("/_sandbox/requests?top=2&after=1")
        .await
        .expect(200)
        .json();
    assert_eq!(page["nextAfter"], 3);
    assert_eq!(numbers("top=2&after=3").await, [4, 5]);
    let one = room.get("/_sandbox/requests/1").await.expect(200).json();
    assert_eq!(one["requestHeaders"]["authorization"], "Bearer (hidden)");
    assert_eq!(one["requestHeaders"]["content-type"], "application/json");
    let sent: Value =
        serde_json::from_str(one["requestBody"].as_str().expect("a body")).expect("JSON");
    assert_eq!(sent["displayName"], "Wave 1");
    let answered: Value =
        serde_json::from_str(one["responseBody"].as_str().expect("a body")).expect("JSON");
    assert_eq!(answered["id"], json!(job));
    let bare = room
        .get("/_sandbox/requests?details=false")
        .await
        .expect(200);
    assert!(!bare.text.contains("requestBody") && !bare.text.contains("a-token"));
    for wrong in [
        "requests?status=x",
        "requests?top=0",
        "requests?colour=blue",
        "requests?details=maybe",
    ] {
        room.get(&format!("/_sandbox/{wrong}")).await.expect(400);
    }
    for missing in ["requests/0", "requests/99", "requests/x"] {
        room.get(&format!("/_sandbox/{missing}")).await.expect(404);
    }
}

#[tokio::test]
async fn what_is_refused_is_logged_under_its_operation_and_meets_its_faults() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let functions = format!("{TASKS}/getBySourceSiteUrl");
    for (operation, path) in [
        ("listJobs", format!("{JOBS}?$select=id&$select=status")),
        ("listJobs", format!("{JOBS}?$top=0")),
        ("listJobs", format!("{JOBS}?$filter=status eq 'failed'")),
        ("listJobs", format!("{JOBS}?$top=%ff")),
        ("getJob", format!("{JOBS}/{job}?$nonsense=1")),
        ("getJob", format!("{JOBS}(displayName=@name)?@other='x'")),
        ("getJob", format!("{JOBS}(@id)")),
        ("getUser", format!("{JOBS}/{job}/users/{ANNA}?$expand=x")),
        ("getSharepointTaskBySourceSiteUrl", functions.clone()),
        ("getSharepointTaskBySourceSiteUrl", format!("{functions}()")),
        (
            "getSharepointTaskBySourceSiteUrl",
            format!("{functions}(sourceSiteUrl=@s)"),
        ),
        (
            "getUserMapping",
            format!("{USER_MAPPINGS}(sourceUserPrincipalName='')"),
        ),
    ] {
        let count = async || {
            let found = room
                .get(&format!(
                    "/_sandbox/requests?operation={operation}&status=400"
                ))
                .await
                .expect(200)
                .json();
            found["value"].as_array().map_or(0, Vec::len)
        };
        let before = count().await;
        room.get(&path).await.expect(400);
        assert_eq!(count().await, before + 1, "{path}");
        room.sandbox
            .set_faults(vec![
                FaultRule::new(
                    operation,
                    Fault::InternalServerError {
                        after_effect: false,
                    },
                )
                .times(1),
            ])
            .expect("a rule");
        room.get(&path).await.expect(500);
        room.get(&path).await.expect(400);
    }
    // What it is about is known as well.
    let own = room
        .get(&format!(
            "/_sandbox/requests?job={job}&user={ANNA}&status=400"
        ))
        .await
        .expect(200)
        .json();
    assert_eq!(own["value"].as_array().map(Vec::len), Some(2));
    let refused = room.get("/_sandbox/requests?status=400").await.json();
    let nameless = |entry: &Value| entry["operation"].is_null();
    let entries = refused["value"].as_array().expect("entries");
    assert!(!entries.iter().any(nameless), "{refused}");
}

#[tokio::test]
async fn what_waited_in_a_batch_in_vain_is_logged_and_meets_no_fault() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_faults(vec![
            FaultRule::new("migrateJob", Fault::DropAfterEffect).times(1),
        ])
        .expect("a rule");
    let path = format!("/solutions/migrations/crossTenantMigrationJobs/{job}");
    let requests = json!({"requests": [
        {"id": "1", "method": "GET", "url": format!("{path}x")},
        {"id": "2", "method": "POST", "url": format!("{path}/migrate"), "dependsOn": ["1"]},
    ]});
    let reply = room
        .body("POST", "/v1.0/$batch", &requests)
        .await
        .expect(200);
    assert!(reply.text.contains("FailedDependency"), "{}", reply.text);
    let log = room.sandbox.requests();
    let waited = log.iter().find(|entry| entry.status == Some(424));
    let waited = waited.expect("an entry of its own");
    assert_eq!(waited.operation.as_deref(), Some("migrateJob"));
    assert_eq!((&waited.job, &waited.effect), (&Some(job), &None));
    assert!(waited.faults.is_empty());
    let rules = room.get("/_sandbox/faults").await.expect(200).json();
    assert_eq!(rules["value"][0]["matched"], 0);
}
