//! The state, seen in pages while requests go on.

use std::time::Duration;

use serde_json::json;

use crate::support::{BERT, JOBS, TASKS, room, site_task};

#[tokio::test]
async fn the_state_comes_in_pages_and_filters() {
    let room = room().await;
    room.sandbox.preload_jobs(5, 7).expect("jobs");
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "failed")
        .expect("a status");
    let page = room.get("/_sandbox/state?top=4").await.expect(200).json();
    assert_eq!(
        (
            page["jobs"].as_array().map(Vec::len),
            &page["total"],
            &page["nextSkip"]
        ),
        (Some(4), &json!(6), &json!(4))
    );
    let rest = room
        .get("/_sandbox/state?top=4&skip=4")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (rest["jobs"].as_array().map(Vec::len), rest.get("nextSkip")),
        (Some(2), None)
    );
    for (query, count) in [
        ("status=failed", 1),
        ("status=submitted", 5),
        ("job=Wave%201", 1),
        (&format!("user={BERT}")[..], 1),
    ] {
        let found = room
            .get(&format!("/_sandbox/state?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            found["jobs"].as_array().map(Vec::len),
            Some(count),
            "{query}"
        );
    }
    let own = room
        .get(&format!("/_sandbox/jobs?user={BERT}"))
        .await
        .expect(200)
        .json();
    assert_eq!(own["jobs"][0]["users"].as_array().map(Vec::len), Some(1));
    let users = room
        .get("/_sandbox/jobs/Preloaded%20batch%201?skip=5&top=5")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            users["users"].as_array().map(Vec::len),
            &users["totalUsers"]
        ),
        (Some(2), &json!(7))
    );
    room.get("/_sandbox/state?status=asleep").await.expect(400);
    room.get("/_sandbox/state?job=nobody").await.expect(404);
}

#[tokio::test]
async fn tasks_and_mappings_come_in_pages_and_filters_of_their_own() {
    let room = room().await;
    let source = |number: usize| format!("https://north.sharepoint.example/sites/{number}");
    for number in 0..5 {
        room.body("POST", TASKS, &site_task(&source(number)))
            .await
            .expect(200);
        room.map_user(&format!("user{number}@north.example")).await;
    }
    room.sandbox.set_source_fails(&source(3), true);
    room.advance(24 * 60 * 60);
    let get = async |path: &str| {
        room.get(&format!("/_sandbox/{path}"))
            .await
            .expect(200)
            .json()
    };
    let page = get("tasks?top=2&skip=2").await;
    assert_eq!((&page["total"], &page["nextSkip"]), (&json!(5), &json!(4)));
    let sources = |page: &serde_json::Value| -> Vec<String> {
        let tasks = page["tasks"].as_array().expect("tasks").clone();
        let own = |task: &serde_json::Value| task["source"].as_str().expect("a source").to_owned();
        tasks.iter().map(own).collect()
    };
    assert_eq!(sources(&page), [source(2), source(3)]);
    assert_eq!(sources(&get("tasks?status=failed").await), [source(3)]);
    let only = format!("tasks?source={}", source(4).to_uppercase());
    let only = get(&only).await;
    assert_eq!(sources(&only), [source(4)]);
    assert_eq!(only["tasks"][0]["resource"]["status"], "completed");
    let page = get("mappings/users?top=3&skip=3").await;
    assert_eq!(
        (
            page["mappings"].as_array().map(Vec::len),
            page.get("nextSkip")
        ),
        (Some(2), None)
    );
    let one = get("mappings/users?source=USER1@north.example").await;
    assert_eq!(
        one["mappings"][0]["sourceUserIdentity"]["userPrincipalName"],
        "user1@north.example"
    );
    assert_eq!(get("mappings/groups").await["total"], 0);
    let state = get("state?top=2").await;
    for (total, list, count) in [
        ("totalTasks", "tasks", 5),
        ("totalUserMappings", "userMappings", 5),
        ("totalGroupMappings", "groupMappings", 0),
    ] {
        assert_eq!(state[total], count, "{total}");
        assert_eq!(
            state[list].as_array().map(Vec::len),
            Some(count.min(2)),
            "{list}"
        );
    }
    for wrong in ["tasks?status=asleep", "tasks?job=x", "mappings/users?top=0"] {
        room.get(&format!("/_sandbox/{wrong}")).await.expect(400);
    }
    room.get("/_sandbox/mappings/sites").await.expect(404);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_with_the_sandbox() {
    let room = room().await;
    room.sandbox.preload_jobs(200, 2_000).expect("jobs");
    let response = room
        .request("GET", "/_sandbox/export")
        .send()
        .await
        .expect("the head of an answer");
    room.sandbox.shutdown().await;
    // What was on the way may still arrive; that it isn't the whole is seen.
    let whole = tokio::time::timeout(Duration::from_mins(1), response.bytes()).await;
    let whole = whole.expect("an end");
    assert!(whole.is_err(), "an answer cut short passes for a whole one");
}

/// The bytes of an answer, one chunk after the other.
struct Slowly(reqwest::Response);

impl Slowly {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let chunk = self.0.chunk().await.expect("a stream that goes on");
        chunk.map(|bytes| bytes.to_vec())
    }
}

/// More than sockets and the sandbox hold on the way, so that the answer can't be through before it is read.
const BEYOND_BUFFERS: usize = 32 * 1_024 * 1_024;

#[tokio::test]
async fn cancellations_are_answered_while_a_million_users_are_read_slowly() {
    let room = room().await;
    let ids = room.sandbox.preload_jobs(500, 2_000).expect("jobs");
    for path in ["/_sandbox/export", "/_sandbox/state?top=100"] {
        let before = room.sandbox.effects("cancelJob");
        // The second answer holds the hundred oldest jobs, which the first round cancelled.
        let expected = if before > 0 { 100 } else { 0 };
        let response = room
            .request("GET", path)
            .send()
            .await
            .expect("the head of an answer");
        let mut answer = Slowly(response);
        let first = answer.next().await.expect("a first piece");
        let mut read = first.len();
        // The answer is on its way, and the service answers others: cancellations take effect and are seen.
        for id in ids.iter().skip(usize::from(before > 0) * 250).take(250) {
            room.post(&format!("{JOBS}/{id}/cancel")).await.expect(202);
            let job = room.get(&format!("{JOBS}/{id}")).await.expect(200).json();
            assert_eq!(job["status"], "pendingCancel");
        }
        assert_eq!(room.sandbox.effects("cancelJob"), before + 250);
        // All the while most of the answer was still to come, and it shows the moment at which it was asked for.
        let at_that_time = read;
        let mut cancelled = 0;
        let mut tail = String::from_utf8_lossy(&first).into_owned();
        while let Some(piece) = answer.next().await {
            read += piece.len();
            tail.push_str(&String::from_utf8_lossy(&piece));
            cancelled += tail.matches(STATUS).count();
            // The end of a piece may be the beginning of what is looked for.
            tail.drain(..tail.len().saturating_sub(STATUS.len() - 1));
        }
        assert!(read - at_that_time > BEYOND_BUFFERS, "{path}: {read} bytes");
        assert_eq!(cancelled, expected, "{path}");
        assert!(tail.ends_with('}'), "{path}");
    }
}

/// How a job that is being cancelled shows up.
const STATUS: &str = "\"status\":\"pendingCancel\"";
