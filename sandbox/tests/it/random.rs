//! Whatever is done in whatever order, only documented changes of status happen.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use msgraph_migrations_sandbox::{CancelInProgress, JobStatus, Sandbox, Settings, UserOutcome};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::{ANNA, BERT, CARA, JOBS, Room, room_with};

const CASES: u32 = 160;
const LONGEST: usize = 120;
const JOBS_AT_ONCE: u8 = 3;

#[derive(Clone, Debug)]
enum Action {
    Create(u8),
    Validate(u8),
    Migrate(u8),
    Cancel(u8),
    Delete(u8),
    Postpone(u8, i64),
    CancelUser(u8, u8),
    Outcome(u8, u8),
    Faster(bool),
    Advance(u32),
}

fn action() -> impl Strategy<Value = Action> {
    let job = 0..JOBS_AT_ONCE;
    let user = 0..3_u8;
    prop_oneof![
        2 => job.clone().prop_map(Action::Create),
        6 => job.clone().prop_map(Action::Validate),
        8 => job.clone().prop_map(Action::Migrate),
        2 => job.clone().prop_map(Action::Cancel),
        1 => job.clone().prop_map(Action::Delete),
        4 => (job.clone(), -100_000..4_000_000_i64).prop_map(|(job, seconds)| Action::Postpone(job, seconds)),
        1 => (job, user.clone()).prop_map(|(job, user)| Action::CancelUser(job, user)),
        2 => (user, 0..7_u8).prop_map(|(user, outcome)| Action::Outcome(user, outcome)),
        1 => any::<bool>().prop_map(Action::Faster),
        12 => prop_oneof![1..2_000_u32, 2_000..100_000_u32, 100_000..1_000_000_u32].prop_map(Action::Advance),
    ]
}

/// The changes of status that the documents name, written down apart from the code under test.
fn is_documented(from: JobStatus, to: JobStatus) -> bool {
    let cancellable = [
        "submitted",
        "validateSubmitted",
        "validateProcessing",
        "validateInProgress",
        "validatePassed",
        "validateFailed",
        "processing",
        "inProgress",
    ];
    match (from.as_str(), to.as_str()) {
        ("submitted" | "validateFailed", "validateSubmitted")
        | ("validateSubmitted", "validateProcessing")
        | ("validateProcessing", "validateInProgress")
        | ("validateInProgress", "validatePassed" | "validateFailed")
        | ("validatePassed" | "failed" | "completedWithErrors", "processing")
        | ("processing", "inProgress")
        | ("inProgress", "cuttingOver")
        | ("cuttingOver", "completed" | "completedWithErrors" | "failed")
        | ("pendingCancel", "cancelled")
        | ("completed" | "completedWithErrors" | "failed" | "cancelled", "pendingDelete")
        | ("pendingDelete", "deleted") => true,
        (from, "pendingCancel") => cancellable.contains(&from),
        _ => false,
    }
}

/// Two jobs share a user, so that they get into each other's way.
fn new_job(room: &Room, number: u8) -> Value {
    let mut job = room.new_job(&format!("Job {number}"));
    job["resources"] = match number {
        0 => json!([ANNA, BERT]),
        1 => json!([BERT]),
        _ => json!([CARA, "3dbe6f84-9c51-4a86-be43-f68c01c25d74"]),
    };
    job
}

/// By job, user and workload: the attempt of the job, and the status.
type Progress = BTreeMap<(String, String, String), (u32, String)>;

/// How far each workload of each user has come.
fn progress(room: &Room) -> Progress {
    let mut all = BTreeMap::new();
    for job in room.sandbox.jobs() {
        for user in job.users {
            for (service, status) in user.workloads {
                let key = (job.id.clone(), user.id.clone(), service);
                all.insert(key, (job.attempts, status));
            }
        }
    }
    all
}

/// Whether a workload can go from one status to another, whatever its users and their administrators do.
fn may_follow(before: &str, now: &str, is_same_attempt: bool) -> bool {
    const ORDER: [&str; 5] = ["notStarted", "syncing", "synced", "moving", "done"];
    let place = |status: &str| {
        let plain = match status {
            "finalizing" | "inProgress" => "moving",
            "completed" | "failed" => "done",
            other => other,
        };
        ORDER.iter().position(|known| *known == plain)
    };
    match (before, now) {
        // What is moved is moved for good, and what failed has failed until it is tried again.
        ("completed", now) => now == "completed",
        ("cancelled", now) => now == "cancelled",
        ("pendingCancel", now) => matches!(now, "pendingCancel" | "cancelled"),
        ("failed", now) if is_same_attempt => {
            matches!(now, "failed" | "pendingCancel" | "cancelled")
        }
        ("finalizing", now) if is_same_attempt => matches!(now, "finalizing" | "completed"),
        // Validation starts over as often as it likes; its «inProgress» is not that of a migration.
        (before, now) => match (place(before), place(now)) {
            (Some(before), Some(now)) if is_same_attempt && before > 0 && before < 3 => {
                now >= before
            }
            _ => true,
        },
    }
}

async fn run(
    actions: Vec<Action>,
    seen: &RefCell<BTreeMap<(&'static str, &'static str), usize>>,
) -> Result<(), TestCaseError> {
    let settings = Settings {
        cancel_in_progress: match actions.len() % 2 {
            0 => CancelInProgress::UntilCuttingOver,
            _ => CancelInProgress::UntilCompleteAfter,
        },
        ..Settings::default()
    };
    let builder = Sandbox::builder().seed(actions.len() as u64);
    let room = room_with(builder.settings(settings)).await;
    let mut users_before = Progress::new();
    for job in 0..JOBS_AT_ONCE {
        room.body("POST", JOBS, &new_job(&room, job))
            .await
            .expect(201);
    }
    let users = [ANNA, BERT, CARA];
    let path = |job: u8| format!("{JOBS}/Job%20{job}");
    for action in actions {
        let reply = match &action {
            Action::Create(job) => Some(room.body("POST", JOBS, &new_job(&room, *job)).await),
            Action::Validate(job) => Some(room.post(&format!("{}/validate", path(*job))).await),
            Action::Migrate(job) => Some(room.post(&format!("{}/migrate", path(*job))).await),
            Action::Cancel(job) => Some(room.post(&format!("{}/cancel", path(*job))).await),
            Action::Delete(job) => Some(room.delete(&path(*job)).await),
            Action::Postpone(job, seconds) => {
                let date = room.sandbox.now() + chrono::TimeDelta::seconds(*seconds);
                let body = json!({"completeAfterDateTime": date.to_rfc3339()});
                Some(room.body("PATCH", &path(*job), &body).await)
            }
            Action::CancelUser(job, user) => {
                let user = users[usize::from(*user)];
                Some(
                    room.post(&format!("{}/users/{user}/cancel", path(*job)))
                        .await,
                )
            }
            Action::Outcome(user, outcome) => {
                let outcome = match outcome {
                    0 => UserOutcome::succeeds(),
                    1 => UserOutcome::is_invalid(),
                    2 => UserOutcome::fails_times(1),
                    3 => UserOutcome::fails_times(1)
                        .early(1_800)
                        .in_workload("Teams"),
                    4 => UserOutcome::completes_after(900).in_workload("Exchange"),
                    5 => UserOutcome::fails().early(60).in_workload("ODSP"),
                    _ => UserOutcome::fails().in_workload("Exchange"),
                };
                room.sandbox
                    .set_user_outcome(users[usize::from(*user)], outcome)
                    .expect("a user");
                None
            }
            Action::Faster(is_faster) => {
                let mut settings = room.sandbox.settings();
                settings.timings.finalizing = if *is_faster { 1 } else { 20_000 };
                room.sandbox.set_settings(settings).expect("settings");
                None
            }
            Action::Advance(seconds) => {
                room.sandbox
                    .advance(Duration::from_secs(u64::from(*seconds)))
                    .expect("time");
                None
            }
        };
        if let Some(reply) = reply {
            let documented = [200, 201, 202, 204, 404, 409, 422];
            prop_assert!(
                documented.contains(&reply.status),
                "{action:?}: {} {}",
                reply.status,
                reply.text
            );
        }
        let users_now = progress(&room);
        for (key, (attempt, now)) in &users_now {
            let Some((earlier, before)) = users_before.get(key) else {
                continue;
            };
            prop_assert!(
                may_follow(before, now, earlier == attempt),
                "{action:?}: {key:?} went from {before} to {now}"
            );
        }
        users_before = users_now;
    }
    let now = room.sandbox.now();
    for job in room.sandbox.jobs() {
        let mut last = JobStatus::Submitted;
        let mut at = None;
        for step in &job.history {
            prop_assert!(
                step.from == last && is_documented(step.from, step.to),
                "{step:?}"
            );
            prop_assert!(step.from.successors().contains(&step.to), "{step:?}");
            prop_assert!(
                at.is_none_or(|at| at <= step.at) && step.at <= now && !step.forced,
                "{step:?}"
            );
            last = step.to;
            at = Some(step.at);
            *seen
                .borrow_mut()
                .entry((step.from.as_str(), step.to.as_str()))
                .or_default() += 1;
        }
        prop_assert_eq!(last, job.status);
    }
    Ok(())
}

#[test]
fn random_actions_never_reach_an_undocumented_transition() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[23; 32]);
    let seen = RefCell::default();
    let result = TestRunner::new_with_rng(config, random)
        .run(&prop::collection::vec(action(), 1..LONGEST), |actions| {
            runtime.block_on(run(actions, &seen))
        });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    println!("{CASES} sequences: {seen:?}");
    // Random actions that never get anywhere would prove nothing.
    for change in [
        ("validateInProgress", "validateFailed"),
        ("validateFailed", "validateSubmitted"),
        ("cuttingOver", "completed"),
        ("cuttingOver", "completedWithErrors"),
        ("completedWithErrors", "processing"),
        ("inProgress", "pendingCancel"),
        ("pendingDelete", "deleted"),
    ] {
        assert!(seen.contains_key(&change), "never saw {change:?}");
    }
}
