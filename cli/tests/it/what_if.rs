//! `--what-if`: what it prints is what is sent, and it sends nothing.

use serde_json::Value;

use crate::support::{demo, run, yes};

/// Every command that changes something, and what it would touch.
const CHANGES: &[&[&str]] = &[
    &["jobs", "validate", "Demo submitted"],
    &["jobs", "migrate", "Demo validatePassed"],
    &["jobs", "cancel", "Demo inProgress"],
    &["jobs", "delete", "Demo completed"],
    &["postpone", "Demo processing", "2030-01-01T00:00:00Z"],
    &[
        "jobs",
        "update",
        "Demo approved",
        "--complete-after",
        "2030-01-01T00:00:00Z",
    ],
    &["retry", "Demo failed"],
    &[
        "sharepoint",
        "create",
        "--user",
        "next@source.example",
        "--to",
        "next@target.example",
        "--target-host",
        "https://target-my.sharepoint.example",
    ],
    &["mappings", "remove", "users", "next@source.example"],
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_is_what_is_sent_and_nothing_is_sent_meanwhile() {
    let sandbox = demo().await;
    for arguments in CHANGES {
        let before = sandbox.requests().len();
        let planned = run(
            &sandbox,
            &[arguments, &["--what-if", "-o", "jsonl"][..]].concat(),
        );
        assert_eq!(planned.code, 0, "{arguments:?}: {planned:?}");
        assert_eq!(
            sandbox.requests().len(),
            before,
            "{arguments:?} sent something"
        );
        assert!(planned.err.contains("Nothing was sent"), "{planned:?}");

        let done = run(&sandbox, &yes(arguments, 1));
        assert_eq!(done.code, 0, "{arguments:?}: {done:?}");
        let sent: Vec<(String, String, Value)> = sandbox.requests()[before..]
            .iter()
            .map(|request| {
                let body = request.request_body.as_deref().map_or(Value::Null, |body| {
                    serde_json::from_str(body).expect("JSON")
                });
                (request.method.clone(), request.path.clone(), body)
            })
            .collect();
        let planned: Vec<(String, String, Value)> = planned
            .out
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).expect("JSON");
                let url = line["url"].as_str().expect("a URL");
                let path = url.strip_prefix(&sandbox.base_url()).expect("the origin");
                let method = line["method"].as_str().expect("a method");
                (method.to_owned(), path.to_owned(), line["body"].clone())
            })
            .collect();
        assert_eq!(planned, sent, "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_runs_and_lists_of_users_are_printed_too() {
    let sandbox = demo().await;
    let run_job = [
        "jobs",
        "run",
        "Alderwood wave 3",
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--complete-after",
        "2030-01-01T00:00:00Z",
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
    ];
    for (arguments, expected) in [
        (
            &run_job[..],
            &[
                "POST",
                "/validate",
                "/migrate",
                "\"displayName\":\"Alderwood wave 3\"",
            ][..],
        ),
        (
            &["users", "cancel", "--job", "Demo inProgress", "one", "two"],
            &["/users/one/cancel", "/users/two/cancel"],
        ),
        (&["jobs", "list"], &["GET"]),
        (
            &["sharepoint", "cancel", "a-task"],
            &["POST", "/a-task/cancel"],
        ),
    ] {
        let ran = run(&sandbox, &[arguments, &["--what-if"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        for words in expected {
            assert!(
                ran.out.contains(words),
                "{arguments:?} lacks {words}: {ran:?}"
            );
        }
        assert!(!ran.out.to_lowercase().contains("authorization"), "{ran:?}");
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[test]
fn nobody_has_to_sign_in_to_see_what_would_be_sent() {
    let arguments = ["jobs", "cancel", "Demo inProgress", "--what-if"];
    let ran = crate::support::ran(
        &crate::support::program()
            .args(arguments)
            .output()
            .expect("it runs"),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("POST https://graph.microsoft.com/v1.0/"),
        "{ran:?}"
    );
}
