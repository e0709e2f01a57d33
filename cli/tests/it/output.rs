//! The forms of the results.

use serde_json::Value;

use crate::support::{demo, program, ran, run};

#[tokio::test(flavor = "multi_thread")]
async fn every_form_holds_the_same_jobs() {
    let sandbox = demo().await;
    let show = |form: &str| run(&sandbox, &["jobs", "list", "-o", form]).out;
    let json: Vec<Value> = serde_json::from_str(&show("json")).expect("JSON");
    let jsonl: Vec<Value> = show("jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let yaml: Vec<Value> = serde_saphyr::from_str(&show("yaml")).expect("YAML");
    assert_eq!(json.len(), 18);
    assert_eq!(json, jsonl);
    assert_eq!(json, yaml);
    let csv = show("csv");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let header = csv.headers().expect("a header").clone();
    let fields: Vec<_> = header.iter().collect();
    assert_eq!(
        fields,
        [
            "name",
            "status",
            "completeAfter",
            "workloads",
            "id",
            "jobType",
            "message",
            "created",
            "lastUpdated",
            "createdBy",
            "sourceTenant",
            "targetTenant"
        ]
    );
    let names: Vec<_> = csv
        .records()
        .map(|record| record.expect("a record")[0].to_owned())
        .collect();
    let expected: Vec<_> = json
        .iter()
        .map(|job| job["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(names, expected);
    assert_eq!(
        show("table").lines().count(),
        19,
        "a header and a line each"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_and_never_passed_over() {
    let sandbox = demo().await;
    let odd = r#"[
        {"operation": "listUsers", "fault": {"kind": "status", "status": 200,
            "body": {"value": [{"id": "one", "currentStatus": 7}, {"id": "two", "currentStatus": []}]}}},
        {"operation": "listJobs", "fault": {"kind": "status", "status": 200,
            "body": {"value": [{"id": "three", "displayName": "Odd", "status": 7}]}}}
    ]"#;
    sandbox
        .set_faults(serde_json::from_str(odd).expect("rules"))
        .expect("rules");
    let users = ["users", "list", "--job", "Demo failed", "--problems"];
    let jobs = ["jobs", "list", "--status", "failed"];
    for (arguments, shown, said) in [
        (
            &users[..],
            "one",
            "one could not be read whole: /currentStatus",
        ),
        (&jobs, "Odd", "Odd could not be read whole: /status"),
    ] {
        let ran = run(&sandbox, arguments);
        assert!(
            ran.out.contains(shown) && !ran.out.contains("two"),
            "{ran:?}"
        );
        assert!(ran.err.contains(said), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let sandbox = demo().await;
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("xtmig"))
        .args([
            "--base-url",
            &sandbox.base_url(),
            "users",
            "list",
            "--job",
            "Demo completed",
        ])
        .env("XTMIG_TOKEN", "a-token")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let ran = ran(&output);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn help_names_every_command_and_is_for_a_terminal_of_80_columns() {
    let help = ran(&program().arg("--help").output().expect("it runs"));
    assert_eq!(help.code, 0);
    for command in ["jobs", "users", "explain", "sandbox", "completions"] {
        assert!(help.out.contains(&format!("  {command} ")), "{}", help.out);
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let made = ran(&program()
            .args(["completions", shell])
            .output()
            .expect("it runs"));
        assert_eq!(made.code, 0);
        assert!(made.out.contains("xtmig"), "{shell}");
    }
}
