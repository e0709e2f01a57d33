//! What a cancellation says: what it touches, and which of the buckets each job or user ends in.

use msgraph_migrations_sandbox::{Fault, FaultRule};
use serde_json::Value;

use crate::support::{assert_only_read, demo, run, run_with_input};

#[tokio::test(flavor = "multi_thread")]
async fn every_status_ends_in_its_bucket() {
    let sandbox = demo().await;
    for (job, bucket) in [
        ("Demo inProgress", "beingCancelled"),
        ("Demo validatePassed", "beingCancelled"),
        ("Demo pendingCancel", "beingCancelled"),
        ("Demo cancelled", "cancelled"),
        ("Demo completed", "overAlready"),
        ("Demo failed", "overAlready"),
        ("Demo cuttingOver", "goesOn"),
    ] {
        let ran = run(
            &sandbox,
            &[
                "jobs", "cancel", job, "--yes", "--expect", "1", "-o", "jsonl",
            ],
        );
        let shown: Value = serde_json::from_str(&ran.out).expect("one object");
        assert_eq!(
            (&shown["name"], &shown["outcome"]),
            (&job.into(), &bucket.into()),
            "{ran:?}"
        );
        assert!(ran.err.contains("About to cancel"), "{ran:?}");
        assert!(ran.err.contains(job), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_buckets_are_shown_and_who_goes_on_is_named() {
    let sandbox = demo().await;
    let ran = run(
        &sandbox,
        &[
            "jobs",
            "cancel",
            "Demo cuttingOver",
            "--yes",
            "--expect",
            "1",
        ],
    );
    assert_eq!(ran.code, 3, "{ran:?}");
    let lines: Vec<_> = ran
        .out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .collect();
    let shown: Vec<String> = lines.iter().map(|words| words.join(" ")).collect();
    assert_eq!(
        shown,
        [
            "OUTCOME COUNT NAME REASON",
            "cancelled 0",
            "being cancelled 0",
            "GOES ON 1",
            "Demo cuttingOver TOO LATE, the migration continues: mailboxes are cutting over, it is cuttingOver",
            "UNKNOWN 0",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_read_back() {
    let sandbox = demo().await;
    let users: Vec<_> = sandbox.job("Demo inProgress").expect("a job").users;
    let user = users[0].id.clone();
    let rules = vec![
        FaultRule::new("cancelJob", Fault::DropAfterEffect).times(1),
        FaultRule::new("cancelUser", Fault::DropAfterEffect).times(1),
    ];
    sandbox.set_faults(rules).expect("rules");
    let of_user = [
        "users",
        "cancel",
        "--job",
        "Demo inProgress",
        &user,
        "--yes",
        "--expect",
        "1",
        "-o",
        "json",
    ];
    let of_job = [
        "jobs",
        "cancel",
        "Demo validatePassed",
        "--yes",
        "--expect",
        "1",
        "-o",
        "json",
    ];
    for arguments in [&of_user[..], &of_job] {
        let ran = run(&sandbox, arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("the answer was lost"), "{ran:?}");
    }
    assert_eq!(
        (sandbox.effects("cancelUser"), sandbox.effects("cancelJob")),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_unless_it_is_confirmed() {
    let sandbox = demo().await;
    for (arguments, words) in [
        (
            &["jobs", "cancel", "Demo inProgress"][..],
            "say --yes --expect 1",
        ),
        (
            &["jobs", "migrate", "Demo validatePassed"],
            "say --yes --expect 1",
        ),
        (
            &["jobs", "delete", "Demo completed"],
            "say --yes --expect 1",
        ),
        (
            &["postpone", "Demo inProgress", "2030-01-01T00:00:00Z"],
            "say --yes --expect 1",
        ),
        (
            &[
                "jobs",
                "cancel",
                "Demo inProgress",
                "--yes",
                "--expect",
                "2",
            ],
            "2 were expected",
        ),
        (
            &[
                "users",
                "cancel",
                "--job",
                "Demo inProgress",
                "one",
                "two",
                "--yes",
                "--expect",
                "1",
            ],
            "touch 2",
        ),
    ] {
        let ran = run(&sandbox, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {ran:?}");
    }
    assert_only_read(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_from_a_csv_column_on_standard_input_each_once() {
    let sandbox = demo().await;
    let users: Vec<_> = sandbox.job("Demo inProgress").expect("a job").users;
    let csv = format!("Name,Id\nA,{0}\nB,{1}\nC,{0}\n", users[0].id, users[1].id);
    let arguments = [
        "users",
        "cancel",
        "--job",
        "Demo inProgress",
        "--from",
        "-",
        "--column",
        "id",
        "--yes",
        "--expect",
        "2",
    ];
    let ran = run_with_input(&sandbox, &arguments, &csv);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(sandbox.effects("cancelUser"), 2);
}
