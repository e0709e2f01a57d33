//! What only a rehearsal has: seeds, the demonstration, virtual time, the log, starting and stopping.

use std::collections::BTreeSet;

use msgraph_migrations_checks::sets::assert_same;
use msgraph_migrations_sandbox::{DEFAULT_START, Sandbox};

use crate::support::{JOBS, http, room, room_with};

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let room = room_with(Sandbox::builder().seed(seed).demo()).await;
        assert_eq!(room.sandbox.now(), DEFAULT_START);
        let job = room.create("Wave 1").await;
        let reply = room.get(&format!("{JOBS}?$top=50")).await.expect(200);
        let origin = room.sandbox.base_url();
        runs.push((
            job,
            reply.header("request-id").map(str::to_owned),
            reply.text.replace(&origin, ""),
        ));
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0].0, runs[2].0);
    assert_ne!(runs[0].1, runs[2].1);
}

#[tokio::test]
async fn the_demonstration_shows_every_status() {
    let room = room_with(Sandbox::builder().demo()).await;
    let page = room
        .get(&format!("{JOBS}?$top=100"))
        .await
        .expect(200)
        .json();
    let seen: BTreeSet<String> = page["value"]
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| job["status"].as_str().expect("a status").to_owned())
        .collect();
    let all: BTreeSet<String> = msgraph_migrations_sandbox::JobStatus::ALL
        .iter()
        .map(|status| status.as_str().to_owned())
        .collect();
    assert_same(
        "statuses of the demonstration's jobs",
        seen,
        all,
        "sandbox/src/engine/demo.rs",
    );
    let tasks: BTreeSet<&str> = room
        .sandbox
        .tasks()
        .iter()
        .map(|task| task.status.as_str())
        .collect();
    assert_same(
        "statuses of the demonstration's tasks",
        tasks,
        [
            "notStarted",
            "inProgress",
            "completed",
            "failed",
            "cancelled",
        ],
        "sandbox/src/engine/demo.rs",
    );
    room.sandbox.load_demo().expect_err("it is loaded already");
}

#[tokio::test]
async fn virtual_time_runs_at_a_multiple_of_real_time() {
    let room = room_with(Sandbox::builder().speed(1_000_000.0)).await;
    let job = room.create("Wave 1").await;
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    // Twelve virtual minutes pass within a millisecond; however slow the machine, they pass.
    while room.status(&job) != "validatePassed" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_dropped_sandbox_no_longer_answers() {
    for graceful in [true, false] {
        let room = room().await;
        let job = room.create("Wave 1").await;
        let url = format!("{}{JOBS}/{job}", room.sandbox.base_url());
        let fresh = http().pool_max_idle_per_host(0).build().expect("a client");
        // Another test may get the port at once, but not the job.
        let answers = async || {
            let answer = fresh.get(&url).bearer_auth("a-token").send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        };
        assert!(answers().await);
        if graceful {
            room.sandbox.shutdown().await;
        } else {
            drop(room.sandbox);
        }
        while answers().await {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_setup_that_makes_no_sense_is_refused() {
    let taken = room().await;
    let port = taken.sandbox.address().port();
    for (builder, words) in [
        (Sandbox::builder().port(port), "can't listen"),
        (Sandbox::builder().speed(-1.0), "speed"),
        (Sandbox::builder().speed(f64::NAN), "speed"),
        (Sandbox::builder().rate_limit(0.0), "rate limit"),
        (
            Sandbox::builder().cancel_user_status(204),
            "cancelUserStatus",
        ),
    ] {
        let error = builder.start().await.expect_err("the setup is wrong");
        assert!(error.to_string().contains(words), "{error}");
    }
}
