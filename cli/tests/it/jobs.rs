//! The life of a job, command by command.

use std::time::Duration;

use serde_json::Value;

use crate::support::{demo, run, run_with_input};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_lives_from_creation_to_deletion() {
    let sandbox = demo().await;
    let status = |expected: &str| {
        let ran = run(
            &sandbox,
            &["jobs", "show", "Alderwood wave 3", "-o", "json"],
        );
        let shown: Value = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!(shown[0]["status"], expected, "{ran:?}");
    };
    let create = [
        "jobs",
        "create",
        "Alderwood wave 3",
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--complete-after",
        "2026-01-06T20:00:00Z",
        "--workloads",
        "Teams,ODSP",
        "--from",
        "-",
    ];
    let users = "# one a line\n84c0d5ab-7e21-4936-bf1a-0d9e63c2f754\n\n84c0d5ab-7e21-4936-bf1a-0d9e63c2f755\n";
    assert_eq!(run_with_input(&sandbox, &create, users).code, 0);
    status("submitted");
    assert_eq!(
        run(&sandbox, &["jobs", "validate", "Alderwood wave 3"]).code,
        0
    );
    sandbox
        .advance(Duration::from_hours(1))
        .expect("time passes");
    status("validatePassed");
    let yes = ["--yes", "--expect", "1"];
    let with = |arguments: &[&'static str]| [arguments, &yes].concat();
    let moved = run(
        &sandbox,
        &with(&[
            "jobs",
            "update",
            "Alderwood wave 3",
            "--complete-after",
            "2026-01-07T20:00:00Z",
        ]),
    );
    assert_eq!(moved.code, 0, "{moved:?}");
    assert_eq!(
        run(&sandbox, &with(&["jobs", "migrate", "Alderwood wave 3"])).code,
        0
    );
    sandbox
        .advance(Duration::from_hours(24 * 14))
        .expect("time passes");
    status("completed");
    let listed = run(
        &sandbox,
        &["users", "list", "--job", "Alderwood wave 3", "-o", "jsonl"],
    );
    assert_eq!(listed.out.lines().count(), 2, "{listed:?}");
    assert_eq!(
        run(&sandbox, &with(&["jobs", "delete", "Alderwood wave 3"])).code,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_filtered_by_status_however_it_is_spelled() {
    let sandbox = demo().await;
    let ran = run(
        &sandbox,
        &[
            "jobs",
            "list",
            "--status",
            "InProgress",
            "--status",
            "canceled",
            "-o",
            "jsonl",
        ],
    );
    let names: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["name"].clone())
        .collect();
    assert_eq!(names, ["Demo cancelled", "Demo inProgress"]);
}
