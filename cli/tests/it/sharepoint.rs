//! SharePoint tasks and identity mappings.

use std::fs;

use serde_json::Value;

use crate::support::{demo, run, run_with_input, yes};

const CREATE: &[&str] = &[
    "sharepoint",
    "create",
    "--site",
    "https://source.example/sites/a",
    "--to",
    "https://target.example/sites/a",
    "--target-host",
    "https://target.example",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_task_lives_from_creation_to_its_end() {
    let sandbox = demo().await;
    let unasked = run(&sandbox, CREATE);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    assert_eq!(sandbox.effects("createSharepointTask"), 0);
    let created = run(&sandbox, &[&yes(CREATE, 1)[..], &["-o", "jsonl"]].concat());
    assert_eq!(created.code, 0, "{created:?}");
    let task: Value = serde_json::from_str(&created.out).expect("one object");
    let id = task["id"].as_str().expect("an id");
    assert_eq!(task["status"], "notStarted");
    let shown = run(&sandbox, &["sharepoint", "show", id, "-o", "jsonl"]);
    let found = run(
        &sandbox,
        &[
            "sharepoint",
            "find",
            "--site",
            "https://source.example/sites/a",
            "-o",
            "jsonl",
        ],
    );
    assert_eq!((shown.code, &shown.out), (0, &found.out), "{shown:?}");
    sandbox
        .advance(std::time::Duration::from_hours(24 * 10))
        .expect("time passes");
    let watched = run(&sandbox, &["sharepoint", "watch", id]);
    assert_eq!(watched.code, 0, "{watched:?}");
    assert!(watched.out.contains("over: completed"), "{watched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_not_started_is_cancelled_and_the_rest_goes_on_by_name() {
    let sandbox = demo().await;
    let task = |status: &str| {
        let tasks = sandbox.tasks();
        let found = tasks
            .iter()
            .find(|task| serde_json::json!(task.status) == status);
        found.expect("a task").id.clone()
    };
    let (waiting, running) = (task("notStarted"), task("inProgress"));
    let ran = run(
        &sandbox,
        &yes(&["sharepoint", "cancel", &waiting, &running], 2),
    );
    assert_eq!(ran.code, 9, "{ran:?}");
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "cancelled 1",
        "being cancelled 0",
        "GOES ON 1",
        "UNKNOWN 0",
        &format!("{running} TOO LATE"),
    ] {
        assert!(words.contains(expected), "lacks {expected}: {ran:?}");
    }
    let missing = run(
        &sandbox,
        &["sharepoint", "show", "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90"],
    );
    assert_eq!(missing.code, 4, "{missing:?}");
    assert!(missing.err.contains("source tenant"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_checked_asks_nothing_and_moves_nothing() {
    let sandbox = demo().await;
    let ran = run(&sandbox, &[CREATE, &["--validate-only"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("nothing moves"), "{ran:?}");
    assert_eq!(sandbox.tasks().len(), 5, "the demonstration's alone");
}

fn csv(users: usize) -> String {
    let mut text = String::from("source,target,kind,email\n");
    for index in 0..users {
        let line = format!(
            "user{index}@source.example,user{index}@target.example,regularUser,user{index}@target.example\n"
        );
        text.push_str(&line);
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_of_any_number_are_applied_shown_and_removed() {
    let sandbox = demo().await;
    let apply = [
        "mappings",
        "apply",
        "users",
        "--from",
        "-",
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--yes",
        "--expect",
        "120",
    ];
    let ran = run_with_input(&sandbox, &apply, &csv(120));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("120 applied, 0 failed, 0 UNKNOWN"),
        "{ran:?}"
    );
    assert_eq!(sandbox.effects("updateUserMappings"), 3, "fifty by fifty");
    let shown = run(
        &sandbox,
        &[
            "mappings",
            "show",
            "users",
            "user7@source.example",
            "-o",
            "jsonl",
        ],
    );
    let mapping: Value = serde_json::from_str(&shown.out).expect("one object");
    assert_eq!(mapping["target"], "user7@target.example");
    let removed = run(
        &sandbox,
        &yes(&["mappings", "remove", "users", "user7@source.example"], 1),
    );
    assert_eq!(removed.code, 0, "{removed:?}");
    assert_eq!(
        run(
            &sandbox,
            &["mappings", "show", "users", "user7@source.example"]
        )
        .code,
        4
    );
    let unasked = run_with_input(&sandbox, &apply[..7], &csv(3));
    assert_eq!(unasked.code, 2, "{unasked:?}");
    let other = run_with_input(&sandbox, &apply, &csv(3));
    assert_eq!(other.code, 2, "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_broke_off_is_taken_up_where_it_stopped() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (list, record) = (folder.path().join("list.csv"), folder.path().join("record"));
    fs::write(&list, csv(120)).expect("a file");
    let apply = [
        "mappings",
        "apply",
        "users",
        "--from",
        list.to_str().expect("UTF-8"),
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--record",
        record.to_str().expect("UTF-8"),
        "--yes",
        "--expect",
        "120",
    ];
    let rules = r#"[{"operation": "updateUserMappings", "fault": {"kind": "status", "status": 403}, "skip": 1}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    let first = run(&sandbox, &apply);
    assert_eq!(first.code, 9, "{first:?}");
    sandbox.set_faults(Vec::new()).expect("no rules");
    let second = run(&sandbox, &apply);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(
        second
            .err
            .contains("70 applied, 0 failed, 0 UNKNOWN, 50 done before, by the record"),
        "{second:?}"
    );
    assert_eq!(sandbox.effects("updateUserMappings"), 3);
    let third = run(&sandbox, &apply);
    assert_eq!(
        (third.code, sandbox.effects("updateUserMappings")),
        (0, 3),
        "{third:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_mappings_is_8_and_running_again_does_no_harm() {
    let sandbox = demo().await;
    let rules = r#"[{"operation": "updateUserMappings", "fault": {"kind": "dropAfterEffect"}}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    let remove = yes(&["mappings", "remove", "users", "next@source.example"], 1);
    let lost = run(&sandbox, &remove);
    assert_eq!(lost.code, 8, "{lost:?}");
    assert!(
        lost.err
            .contains("to find out: xtmig mappings show users next@source.example"),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_come_from_json_too() {
    let sandbox = demo().await;
    let json = r#"[{"sourceOrganizationId": "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "sourceGroupIdentity": {"id": "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596"},
        "targetGroupIdentity": {"id": "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754"}, "groupType": "m365Group"}]"#;
    let apply = [
        "mappings", "apply", "groups", "--from", "-", "--yes", "--expect", "1",
    ];
    let ran = run_with_input(&sandbox, &apply, json);
    assert_eq!(ran.code, 0, "{ran:?}");
    let shown = run(
        &sandbox,
        &[
            "mappings",
            "show",
            "groups",
            "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596",
            "-o",
            "jsonl",
        ],
    );
    let mapping: Value = serde_json::from_str(&shown.out).expect("one object");
    assert_eq!(mapping["kind"], "m365Group", "{shown:?}");
    let broken = run_with_input(&sandbox, &apply, r#"[{"targetGroupIdentity": {}}]"#);
    assert_eq!(broken.code, 2, "{broken:?}");
}
