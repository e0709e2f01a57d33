//! Ctrl-C while something is changed: what was sent and what was not, what the record holds, and that running again
//! finishes without doing anything twice.

use std::fmt::Write;
use std::fs;

use msgraph_migrations_sandbox::Sandbox;
use rexpect::process::WaitStatus;
use serde_json::Value;

use crate::support::{Running, a_run, demo, run, slow, until_effect};

fn outcomes(out: &str, wanted: &str) -> usize {
    let lines = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["outcome"] == wanted).count()
}

fn lines(file: &str) -> usize {
    fs::read_to_string(file).expect("a record").lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_of_many_waits_for_what_was_sent_and_is_finished_by_running_again() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (list, record) = (folder.path().join("users"), folder.path().join("record"));
    let users: Vec<_> = sandbox.job("Demo inProgress").expect("a job").users;
    let ids: Vec<_> = users.iter().map(|user| user.id.as_str()).collect();
    fs::write(&list, ids.join("\n")).expect("a file");
    let record = record.to_str().expect("UTF-8");
    let count = ids.len().to_string();
    let arguments = [
        "users",
        "cancel",
        "--job",
        "Demo inProgress",
        "--from",
        list.to_str().expect("UTF-8"),
        "--record",
        record,
        "--yes",
        "--expect",
        &count,
        "-o",
        "jsonl",
    ];
    slow(&sandbox, "cancelUser", 2_000);
    let running = Running::start(&sandbox, &arguments, None);
    until_effect(&sandbox, "cancelUser").await;
    running.signal("-INT");
    let (code, out, said) = running.end();
    let sent = usize::try_from(sandbox.effects("cancelUser")).expect("a number");
    assert_eq!(code, 130, "{out} {said}");
    assert!(
        said.contains("nothing more is sent, and what was sent is waited for"),
        "{said}"
    );
    assert_eq!(outcomes(&out, "beingCancelled"), sent, "{out}");
    assert_eq!(outcomes(&out, "goesOn"), ids.len() - sent, "{out}");
    assert!(
        sent < ids.len() && out.contains("interrupted before it was sent"),
        "{out}"
    );
    assert_eq!(
        lines(record),
        sent + 1,
        "the record has those who were sent"
    );

    sandbox.set_faults(Vec::new()).expect("no rules");
    let again = run(&sandbox, &arguments);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(
        outcomes(&again.out, "beingCancelled"),
        ids.len(),
        "{again:?}"
    );
    assert_eq!(sandbox.effects("cancelUser"), ids.len() as u64, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_wait_is_told_what_is_unknown_and_what_was_not_sent() {
    let sandbox = demo().await;
    let users: Vec<_> = sandbox.job("Demo inProgress").expect("a job").users;
    let count = users.len().to_string();
    let mut arguments = vec![
        "users",
        "cancel",
        "--job",
        "Demo inProgress",
        "--yes",
        "--expect",
        &count,
        "-o",
        "jsonl",
    ];
    arguments.extend(users.iter().map(|user| user.id.as_str()));
    slow(&sandbox, "cancelUser", 60_000);
    let running = Running::start(&sandbox, &arguments, None);
    until_effect(&sandbox, "cancelUser").await;
    let (code, out, said) = running.interrupted_until_it_ends().await;
    assert_eq!(code, 8, "{out} {said}");
    let (unknown, not_sent) = (outcomes(&out, "unknown"), outcomes(&out, "goesOn"));
    assert_eq!(unknown + not_sent, users.len(), "{out}");
    let sent = usize::try_from(sandbox.effects("cancelUser")).expect("a number");
    assert!(unknown >= sent && not_sent > 0, "{sent} were sent: {out}");
    assert!(
        said.contains("to find out: xtmig users show --job 'Demo inProgress'"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_that_were_interrupted_are_finished_by_running_again() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (list, record) = (folder.path().join("list.csv"), folder.path().join("record"));
    let mut csv = String::from("source,target\n");
    for index in 0..1_000 {
        writeln!(csv, "u{index}@source.example,u{index}@target.example").expect("a text");
    }
    fs::write(&list, csv).expect("a file");
    let record = record.to_str().expect("UTF-8");
    let arguments = [
        "mappings",
        "apply",
        "users",
        "--from",
        list.to_str().expect("UTF-8"),
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--record",
        record,
        "--yes",
        "--expect",
        "1000",
    ];
    slow(&sandbox, "updateUserMappings", 2_000);
    let running = Running::start(&sandbox, &arguments, None);
    until_effect(&sandbox, "updateUserMappings").await;
    running.signal("-INT");
    let (code, out, said) = running.end();
    let sent = 50 * usize::try_from(sandbox.effects("updateUserMappings")).expect("a number");
    assert_eq!(code, 130, "{out} {said}");
    let told = format!(
        "{sent} applied, 0 failed, 0 UNKNOWN, {} not sent",
        1_000 - sent
    );
    assert!(sent < 1_000 && said.contains(&told), "{told}: {said}");
    assert_eq!(lines(record), sent + 1);

    sandbox.set_faults(Vec::new()).expect("no rules");
    let again = run(&sandbox, &arguments);
    assert_eq!(again.code, 0, "{again:?}");
    let told = format!(
        "{} applied, 0 failed, 0 UNKNOWN, {sent} done before, by the record",
        1_000 - sent
    );
    assert!(again.err.contains(&told), "{told}: {again:?}");
    assert_eq!(sandbox.effects("updateUserMappings"), 20, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_of_jobs_sends_no_second_one_after_ctrl_c() {
    let sandbox = demo().await;
    let arguments = [
        "jobs",
        "cancel",
        "Demo inProgress",
        "Demo processing",
        "--yes",
        "--expect",
        "2",
    ];
    slow(&sandbox, "cancelJob", 2_000);
    let running = Running::start(&sandbox, &arguments, None);
    until_effect(&sandbox, "cancelJob").await;
    running.signal("-INT");
    let (code, out, said) = running.end();
    assert_eq!(code, 130, "{out} {said}");
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "being cancelled 1 GOES ON 1 Demo processing interrupted before it was sent UNKNOWN 0"
        ),
        "{out}"
    );
    assert_eq!(sandbox.effects("cancelJob"), 1);
    sandbox.set_faults(Vec::new()).expect("no rules");
    let again = run(&sandbox, &arguments);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(sandbox.effects("cancelJob"), 2, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_is_waited_for_and_unknown_only_to_whoever_does_not_wait() {
    let sandbox = demo().await;
    slow(&sandbox, "validateJob", 2_000);
    let running = Running::start(&sandbox, &["jobs", "validate", "Demo submitted"], None);
    until_effect(&sandbox, "validateJob").await;
    running.signal("-INT");
    let (code, out, said) = running.end();
    assert_eq!(code, 0, "it was answered: {out} {said}");
    assert!(out.contains("validateSubmitted"), "{out}");

    for (arguments, operation) in [
        (
            &[
                "jobs",
                "migrate",
                "Demo validatePassed",
                "--yes",
                "--expect",
                "1",
            ][..],
            "migrateJob",
        ),
        (
            &["jobs", "delete", "Demo completed", "--yes", "--expect", "1"],
            "deleteJob",
        ),
        (
            &[
                "jobs",
                "cancel",
                "Demo inProgress",
                "--yes",
                "--expect",
                "1",
            ],
            "cancelJob",
        ),
        (
            &[
                "postpone",
                "Demo approved",
                "--by",
                "2d",
                "--yes",
                "--expect",
                "1",
            ],
            "updateJob",
        ),
    ] {
        slow(&sandbox, operation, 60_000);
        let running = Running::start(&sandbox, arguments, None);
        until_effect(&sandbox, operation).await;
        let (code, out, said) = running.interrupted_until_it_ends().await;
        assert_eq!(code, 8, "{arguments:?}: {out} {said}");
        assert!(
            said.contains("to find out: xtmig jobs show"),
            "{arguments:?}: {said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_run_goes_on_from_where_ctrl_c_left_it() {
    for step in ["createJob", "validateJob", "migrateJob"] {
        // Quick enough to get there, and slow enough not to be over.
        let sandbox = Sandbox::builder().seed(7).speed(3_600.0).start().await;
        let sandbox = sandbox.expect("a free port");
        let arguments = a_run("Alderwood wave 3", "2026-01-06T20:00:00Z");
        slow(&sandbox, step, 2_000);
        let running = Running::start(&sandbox, &arguments, None);
        until_effect(&sandbox, step).await;
        running.signal("-INT");
        let (code, out, said) = running.end();
        assert_eq!(code, 130, "{step}: {out} {said}");
        for words in [
            "Alderwood wave 3 is ",
            "GOES ON by itself: xtmig jobs show 'Alderwood wave 3'",
            "run the same command again",
        ] {
            assert!(said.contains(words), "{step} lacks {words}: {said}");
        }
        sandbox.set_faults(Vec::new()).expect("no rules");
        let again = run(&sandbox, &arguments);
        assert_eq!(again.code, 0, "{step}: {again:?}");
        for operation in ["createJob", "validateJob", "migrateJob"] {
            assert_eq!(sandbox.effects(operation), 1, "{operation} after {step}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_a_question_ends_the_program_and_nothing_is_sent() {
    // Where the tests run in the background, the key is ignored, and programs inherit that; what is listened for they
    // get as it usually is.
    let _listening = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
        .expect("the key can be listened for");
    let sandbox = demo().await;
    let mut session = crate::terminal::start(&sandbox, &["jobs", "cancel", "Demo inProgress"], &[]);
    session.exp_string("to go on:").expect("the question");
    session.send_control('c').expect("a key");
    session.exp_eof().expect("the end");
    let ended = session.process().wait().expect("it ends");
    assert!(matches!(ended, WaitStatus::Signaled(..)), "{ended:?}");
    crate::support::assert_only_read(&sandbox);
}
