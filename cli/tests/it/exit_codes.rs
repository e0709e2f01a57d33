//! Each exit code, by a call that ends so.

use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};

use crate::support::{demo, program, ran, run, start};

#[track_caller]
fn assert_ends(sandbox: &Sandbox, arguments: &[&str], code: i32, words: &str) {
    let ran = run(sandbox, arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
    let all = format!("{}{}", ran.out, ran.err);
    assert!(all.contains(words), "{arguments:?}: {ran:?}");
    if !matches!(code, 0 | 8 | 9) {
        assert_eq!(
            ran.out, "",
            "{arguments:?}: standard output holds results only"
        );
        for line in ["error: ", "  why:  ", "  next: "] {
            assert!(
                ran.err.contains(line),
                "{arguments:?} lacks {line}: {ran:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_accepts_is_0() {
    let sandbox = demo().await;
    assert_ends(&sandbox, &["jobs", "list"], 0, "Demo inProgress");
    assert_ends(
        &sandbox,
        &["jobs", "validate", "Demo submitted"],
        0,
        "validateSubmitted",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_foresaw_is_1() {
    let sandbox = demo().await;
    let teapot = serde_json::from_str(
        r#"[{"operation":"listJobs","fault":{"kind":"status","status":418}}]"#,
    );
    sandbox.set_faults(teapot.expect("a rule")).expect("rules");
    assert_ends(&sandbox, &["jobs", "list"], 1, "418");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_2_and_sends_nothing() {
    let sandbox = demo().await;
    for arguments in [
        &["jobs"][..],
        &["jobs", "fly"],
        &["jobs", "cancel"],
        &["jobs", "cancel", "Demo inProgress", "--yes"],
        &["postpone", "Demo inProgress", "tomorrow"],
        &["postpone", "Demo inProgress"],
        &["jobs", "watch", "Demo inProgress", "-o", "csv"],
        &["jobs", "watch", "Demo inProgress", "--interval", "soon"],
        &["sharepoint", "find"],
        &["sharepoint", "find", "--user", "a", "--site", "b"],
        &["mappings", "apply", "users", "--from", "/no/such/file"],
        &["mappings", "remove", "groups"],
        &[
            "users",
            "cancel",
            "--job",
            "Demo inProgress",
            "--column",
            "id",
        ],
        &["users", "cancel", "--job", "Demo inProgress"],
        &[
            "users",
            "cancel",
            "--job",
            "Demo inProgress",
            "--from",
            "/no/such/file",
        ],
    ] {
        let ran = run(&sandbox, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_state_is_3() {
    let sandbox = demo().await;
    for (arguments, words) in [
        (
            &[
                "jobs",
                "migrate",
                "Demo submitted",
                "--yes",
                "--expect",
                "1",
            ][..],
            "was not started",
        ),
        (&["jobs", "validate", "Demo completed"], "was not started"),
        (
            &[
                "jobs",
                "delete",
                "Demo inProgress",
                "--yes",
                "--expect",
                "1",
            ],
            "it is not over",
        ),
    ] {
        assert_ends(&sandbox, arguments, 3, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_4() {
    let sandbox = demo().await;
    for arguments in [
        &["jobs", "show", "nothing"][..],
        &["jobs", "cancel", "nothing", "--yes", "--expect", "1"],
        &["users", "list", "--job", "nothing"],
        &[
            "users",
            "show",
            "--job",
            "Demo failed",
            "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        ],
    ] {
        assert_ends(&sandbox, arguments, 4, "404");
    }
    assert_eq!(sandbox.effects("cancelJob"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_5_and_names_the_permission() {
    let sandbox = start(Sandbox::builder().scopes(["CrossTenantContentMigration.Read.All"])).await;
    assert_ends(
        &sandbox,
        &["jobs", "validate", "Demo submitted"],
        5,
        "CrossTenantContentMigration.ReadWrite.All",
    );
    let without_token = program().args(["jobs", "list"]).output().expect("it runs");
    let without_token = ran(&without_token);
    assert_eq!(without_token.code, 5);
    assert!(
        without_token.err.contains("XTMIG_TOKEN is not set"),
        "{without_token:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_6() {
    let sandbox = demo().await;
    let arguments = [
        "jobs",
        "create",
        "Demo submitted",
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--complete-after",
        "2030-01-01T00:00:00Z",
        "--workloads",
        "Teams",
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
    ];
    assert_ends(&sandbox, &arguments, 6, "displayName");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_for_longer_than_a_call_may_take_is_7() {
    let sandbox = demo().await;
    let fault = Fault::Throttle {
        retry_after: RetryAfter::Seconds(3600),
    };
    sandbox
        .set_faults(vec![FaultRule::new("listJobs", fault)])
        .expect("rules");
    assert_ends(&sandbox, &["jobs", "list"], 7, "repeat in 3600 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_that_cannot_be_read_back_is_8() {
    let sandbox = demo().await;
    let rules = vec![
        FaultRule::new("cancelJob", Fault::DropAfterEffect),
        FaultRule::new("getJob", Fault::DropBeforeEffect).after(1),
    ];
    sandbox.set_faults(rules).expect("rules");
    let arguments = [
        "jobs",
        "cancel",
        "Demo inProgress",
        "--yes",
        "--expect",
        "1",
    ];
    assert_ends(
        &sandbox,
        &arguments,
        8,
        "to find out: xtmig jobs show 'Demo inProgress'",
    );
    assert_eq!(sandbox.effects("cancelJob"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_reached_only_some_is_9() {
    let sandbox = demo().await;
    let arguments = [
        "jobs",
        "cancel",
        "Demo inProgress",
        "Demo cuttingOver",
        "--yes",
        "--expect",
        "2",
    ];
    assert_ends(&sandbox, &arguments, 9, "GOES ON");
}
