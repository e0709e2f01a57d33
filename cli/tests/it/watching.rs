//! `jobs watch` and `jobs run` where nobody sits before a terminal: one line per change.

use std::fs;
use std::time::Duration;

use msgraph_migrations_sandbox::Sandbox;
use serde_json::Value;

use crate::support::{Running, assert_only_read, demo, run};

/// One job, told to a program.
const WATCH: [&str; 7] = [
    "jobs",
    "watch",
    "Demo inProgress",
    "--interval",
    "1s",
    "-o",
    "jsonl",
];

/// A second is half a day: quick, and yet a validation that is good for seven days is so for a while.
const QUICK: f64 = 40_000.0;
const DAYS: Duration = Duration::from_hours(24 * 30);

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_each_change_and_ends_with_the_last_job() {
    let sandbox = demo().await;
    let arguments = [
        "jobs",
        "watch",
        "Demo inProgress",
        "Demo completed",
        "--interval",
        "1s",
        "-o",
        "jsonl",
    ];
    let mut watch = Running::start(&sandbox, &arguments, None);
    let mut seen = vec![watch.json(), watch.json()];
    sandbox.advance(DAYS).expect("time passes");
    let (code, rest, said) = watch.end();
    assert_eq!(code, 0, "{rest} {said}");
    seen.extend(
        rest.lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")),
    );
    let of = |job: &str| -> Vec<String> {
        let own = seen.iter().filter(|line| line["job"] == job);
        own.map(|line| {
            format!(
                "{} {}",
                line["event"].as_str().unwrap_or_default(),
                line["status"].as_str().unwrap_or_default()
            )
        })
        .collect()
    };
    assert_eq!(of("Demo completed"), ["ended completed"]);
    let changed = of("Demo inProgress");
    assert_eq!(
        changed.first().map(String::as_str),
        Some("first inProgress"),
        "{changed:?}"
    );
    assert_eq!(
        changed.last().map(String::as_str),
        Some("ended completed"),
        "{changed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_end_is_told_by_code_line_and_command() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("told");
    let notify = format!(
        r#"printf '%s|%s|%s\n' "$XTMIG_JOB" "$XTMIG_EVENT" "$XTMIG_STATUS" >> '{}'"#,
        file.display()
    );
    let ran = run(
        &sandbox,
        &["jobs", "watch", "Demo failed", "--notify", &notify],
    );
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("Demo failed: over: failed"), "{ran:?}");
    let told = fs::read_to_string(&file).expect("the command ran");
    assert!(told.contains("Demo failed|ended|failed"), "{told}");
    let both = run(
        &sandbox,
        &["jobs", "watch", "Demo failed", "Demo completed"],
    );
    assert_eq!(both.code, 9, "{both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_is_told_once_and_the_time_to_watch_ends_with_7() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("told");
    let notify = format!(r#"echo "$XTMIG_EVENT" >> '{}'"#, file.display());
    let ran = run(
        &sandbox,
        &[
            "jobs",
            "watch",
            "Demo inProgress",
            "--interval",
            "1s",
            "--stalled-after",
            "1s",
            "--for",
            "4s",
            "--notify",
            &notify,
        ],
    );
    assert_eq!(ran.code, 7, "{ran:?}");
    assert_eq!(ran.out.matches("STALLED").count(), 1, "{ran:?}");
    assert!(ran.out.contains("GOES ON by itself"), "{ran:?}");
    let told = fs::read_to_string(&file).expect("the command ran");
    assert_eq!(told.lines().collect::<Vec<_>>(), ["stalled", "ended"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_watching_and_says_that_the_migration_goes_on() {
    let sandbox = demo().await;
    let mut watch = Running::start(&sandbox, &["jobs", "watch"], None);
    assert!(!watch.line().is_empty());
    watch.signal("-INT");
    let (code, _, said) = watch.end();
    assert_eq!(code, 130, "{said}");
    assert!(
        said.contains("the migration GOES ON by itself") && said.contains("Demo inProgress"),
        "{said}"
    );
    assert_only_read(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_survives_throttling_and_a_token_that_expires() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, "first-token\n").expect("a file");
    let mut watch = Running::start(&sandbox, &WATCH, file.to_str());
    assert_eq!(watch.json()["event"], "first");
    let rules = r#"[{"operation": "listJobs", "fault": {"kind": "throttle", "retryAfter": {"seconds": 1}}, "count": 3},
        {"operation": "listJobs", "fault": {"kind": "dropBeforeEffect"}, "count": 3}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    sandbox.expire_tokens();
    fs::write(&file, "second-token\n").expect("a file");
    sandbox.advance(DAYS).expect("time passes");
    let (code, rest, said) = watch.end();
    assert_eq!(code, 0, "{rest} {said}");
    let all = format!("{rest}{said}");
    assert!(
        !all.contains("first-token") && !all.contains("second-token"),
        "{all}"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_after_the_machine_has_slept() {
    let sandbox = demo().await;
    let mut watch = Running::start(&sandbox, &WATCH, None);
    assert_eq!(watch.json()["event"], "first");
    watch.signal("-STOP");
    sandbox.advance(DAYS).expect("time passes");
    // What was connected is no longer so when it wakes up.
    let rules = r#"[{"operation": "listJobs", "fault": {"kind": "dropBeforeEffect"}, "count": 2}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    watch.signal("-CONT");
    let (code, rest, said) = watch.end();
    assert_eq!(code, 0, "{rest} {said}");
    assert!(rest.contains("completed"), "{rest}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn fifty_jobs_of_two_thousand_users_are_watched() {
    let sandbox = Sandbox::builder()
        .seed(7)
        .max_users_per_job(2_000)
        .start()
        .await
        .expect("a free port");
    sandbox.preload_jobs(50, 2_000).expect("jobs");
    let mut watch = Running::start(&sandbox, &["jobs", "watch", "-o", "jsonl"], None);
    let mut jobs = std::collections::HashSet::new();
    while jobs.len() < 50 {
        jobs.insert(watch.json()["job"].to_string());
    }
    watch.signal("-INT");
    assert_eq!(watch.end().0, 130);
}

fn run_arguments<'a>(users: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "jobs",
        "run",
        "Alderwood wave 3",
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--complete-after",
        "2026-01-06T20:00:00Z",
        "--workloads",
        "Teams,ODSP",
        "--interval",
        "1s",
    ];
    arguments.extend(users.iter().map(String::as_str));
    arguments.extend(more);
    arguments
}

fn two_users() -> Vec<String> {
    [
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f755",
    ]
    .map(str::to_owned)
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_run_from_nothing_to_its_end_and_again_is_nothing_more() {
    let sandbox = Sandbox::builder()
        .seed(7)
        .speed(QUICK)
        .start()
        .await
        .expect("a free port");
    let users = two_users();
    let first = run(
        &sandbox,
        &run_arguments(&users, &["--yes", "--expect", "2", "-o", "jsonl"]),
    );
    assert_eq!(first.code, 0, "{first:?}");
    let report: Value = serde_json::from_str(&first.out).expect("one object");
    assert_eq!(
        (&report["status"], &report["users"]),
        (&"completed".into(), &2.into())
    );
    let second = run(
        &sandbox,
        &run_arguments(&users, &["--yes", "--expect", "2"]),
    );
    assert_eq!(second.code, 0, "{second:?}");
    assert_eq!(
        (sandbox.effects("createJob"), sandbox.effects("migrateJob")),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_asks_first_and_tells_a_bad_end() {
    let sandbox = Sandbox::builder()
        .seed(7)
        .speed(QUICK)
        .start()
        .await
        .expect("a free port");
    let users = two_users();
    let unasked = run(&sandbox, &run_arguments(&users, &[]));
    assert_eq!(unasked.code, 2, "{unasked:?}");
    assert_eq!(sandbox.requests().len(), 0);
    let outcome = |json: &str| serde_json::from_str(json).expect("an outcome");
    sandbox
        .set_user_outcome(
            &users[0],
            outcome(r#"{"failingAttempts": 1, "code": "CTTM-004"}"#),
        )
        .expect("a user");
    let partly = run(
        &sandbox,
        &run_arguments(&users, &["--yes", "--expect", "2"]),
    );
    assert_eq!(partly.code, 9, "{partly:?}");
    assert!(
        partly.err.contains("COMPLETED WITH ERRORS") && partly.err.contains("xtmig problems"),
        "{partly:?}"
    );
    let again = run(
        &sandbox,
        &run_arguments(&users, &["--retry-failed", "--yes", "--expect", "2"]),
    );
    assert_eq!(again.code, 0, "{again:?}");
    sandbox
        .set_user_outcome(&users[0], outcome(r#"{"invalid": true}"#))
        .expect("a user");
    let mut arguments = run_arguments(&users, &["--yes", "--expect", "2"]);
    arguments[2] = "Alderwood wave 4";
    let invalid = run(&sandbox, &arguments);
    assert_eq!(invalid.code, 3, "{invalid:?}");
    assert!(invalid.err.contains("THE VALIDATION FAILED"), "{invalid:?}");
}
