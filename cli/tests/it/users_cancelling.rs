//! Cancelling users in bulk: a record by which to go on, and buckets that add up.

use std::fs;

use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{Ran, demo, run};

fn users(sandbox: &Sandbox, job: &str) -> Vec<String> {
    let job = sandbox.job(job).expect("a job");
    job.users.into_iter().map(|user| user.id).collect()
}

fn cancel(sandbox: &Sandbox, job: &str, users: &[String], more: &[&str]) -> Ran {
    let expected = users.len().to_string();
    let mut arguments = vec![
        "users", "cancel", "--job", job, "--yes", "--expect", &expected,
    ];
    arguments.extend(users.iter().map(String::as_str));
    arguments.extend(more);
    run(sandbox, &arguments)
}

fn outcomes(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    ran.out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|line| (text(&line["name"]), text(&line["outcome"])))
        .collect()
}

fn count(ran: &Ran, outcome: &str) -> usize {
    let all = outcomes(ran);
    all.iter().filter(|(_, found)| found == outcome).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_a_record_does_only_the_rest_when_it_is_run_again() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("weekend.jsonl");
    let record = record.to_str().expect("UTF-8");
    let users = users(&sandbox, "Demo inProgress");
    // Ten are answered, and then the service denies it.
    let rules = json!([{ "operation": "cancelUser", "fault": { "kind": "status", "status": 403 }, "skip": 10 }]);
    sandbox
        .set_faults(serde_json::from_value(rules).expect("rules"))
        .expect("rules");
    let first = cancel(
        &sandbox,
        "Demo inProgress",
        &users,
        &["--record", record, "-o", "jsonl"],
    );
    assert_eq!(first.code, 9, "{first:?}");
    let (done, rest) = (count(&first, "beingCancelled"), count(&first, "goesOn"));
    assert_eq!(done + rest, users.len(), "{first:?}");
    assert!(done >= 10, "{first:?}");
    assert_eq!(
        fs::read_to_string(record)
            .expect("a record")
            .lines()
            .count(),
        done + 1
    );

    sandbox.set_faults(Vec::new()).expect("no rules");
    let before = sandbox.effects("cancelUser");
    let second = cancel(
        &sandbox,
        "Demo inProgress",
        &users,
        &["--record", record, "-o", "jsonl"],
    );
    assert_eq!(second.code, 0, "{second:?}");
    assert_eq!(
        outcomes(&second).len(),
        users.len(),
        "everybody is told of: {second:?}"
    );
    assert_eq!(
        sandbox.effects("cancelUser") - before,
        u64::try_from(rest).expect("a number")
    );
    assert!(
        second.err.contains("are done already, by the record"),
        "{second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_what_was_sent_and_the_service_what_came_of_it() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record");
    let record = record.to_str().expect("UTF-8");
    let stranger = vec!["5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90".to_owned()];
    for run in ["first", "second"] {
        let ran = cancel(
            &sandbox,
            "Demo inProgress",
            &stranger,
            &["--record", record, "-o", "jsonl"],
        );
        // Somebody who is not in the job was not cancelled, whatever a record holds.
        assert_eq!(ran.code, 4, "{run}: {ran:?}");
        assert_eq!(count(&ran, "goesOn"), 1, "{run}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_four_buckets_are_told_and_the_last_two_by_name() {
    let sandbox = demo().await;
    let users = users(&sandbox, "Demo inProgress");
    // The answers to the first are lost, and nobody can be read back.
    let rules = json!([
        { "operation": "cancelUser", "user": users[0], "fault": { "kind": "dropAfterEffect" } },
        { "operation": "cancelUser", "user": users[1], "fault": { "kind": "status", "status": 409,
            "message": "Cancel is not possible. Current status is finalizing" } },
        { "operation": "getUser", "user": users[0], "fault": { "kind": "status", "status": 418 } },
    ]);
    sandbox
        .set_faults(serde_json::from_value(rules).expect("rules"))
        .expect("rules");
    let ran = cancel(&sandbox, "Demo inProgress", &users[..3], &[]);
    assert_eq!(ran.code, 8, "{ran:?}");
    let lines: Vec<String> = ran
        .out
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for (index, expected) in [
        (1, "cancelled 0"),
        (2, "being cancelled 1"),
        (3, "GOES ON 1"),
        (5, "UNKNOWN 1"),
    ] {
        assert_eq!(lines[index], expected, "{ran:?}");
    }
    let told = format!(
        "{} TOO LATE, the migration continues, it is finalizing",
        users[1]
    );
    assert!(lines[4].starts_with(&told), "{ran:?}");
    assert!(lines[6].starts_with(&users[0]), "{ran:?}");
    let find_out = format!(
        "to find out: xtmig users show --job 'Demo inProgress' {}",
        users[0]
    );
    assert!(ran.err.contains(&find_out), "{ran:?}");
    assert!(
        ran.err
            .contains("see how it ends: xtmig jobs watch 'Demo inProgress'"),
        "{ran:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_fit_stops_everything() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let users = users(&sandbox, "Demo inProgress");
    let text = folder.path().join("list.txt");
    fs::write(&text, "no record\n").expect("a file");
    let other = folder.path().join("other");
    let header = json!({ "format": "msgraph-migrations record", "version": 1,
        "service": "https://graph.microsoft.com", "tenant": "another" });
    fs::write(&other, format!("{header}\n")).expect("a file");
    for (file, why) in [
        (&text, "is no record"),
        (&other, "the record is for the service"),
    ] {
        let file = file.to_str().expect("UTF-8");
        let ran = cancel(
            &sandbox,
            "Demo inProgress",
            &users[..1],
            &["--record", file],
        );
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.err.contains("nothing was sent") && ran.err.contains(why),
            "{ran:?}"
        );
    }
    assert_eq!(sandbox.effects("cancelUser"), 0);
}
