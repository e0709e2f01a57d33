//! Ctrl-C while a wave is applied: what was sent is waited for, what was not is named, the journal has both, and the run
//! goes on from there without doing anything twice.

use std::time::Duration;

use msgraph_migrations_sandbox::Sandbox;
use serde_json::Value;

use super::{Folder, effects, journals, start};
use crate::support::{Running, slow, until_effect};

/// Create, validate, map and migrate.
const STEPS: [&str; 4] = [
    "createJob",
    "validateJob",
    "updateUserMappings",
    "migrateJob",
];
const MAPPINGS: &str =
    "batch-size = 1\nuntil = \"migrating\"\n[mappings]\nusers = \"mappings.csv\"";
/// Two jobs of one user, 60 mappings in two requests.
const CHANGES: &str = "66";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.mappings(60);
    folder.wave(2, MAPPINGS);
    folder
}

fn apply(folder: &Folder, sandbox: &Sandbox) -> Running {
    let arguments = [
        "apply",
        "wave.toml",
        "--yes",
        "--expect",
        CHANGES,
        "--interval",
        "1s",
    ];
    Running::spawn(folder.process(&sandbox.base_url(), &arguments))
}

fn resume(folder: &Folder, sandbox: &Sandbox) -> crate::support::Ran {
    let run = journals(&folder.path("state/runs"))[0]
        .display()
        .to_string();
    folder.run(
        sandbox,
        &[
            "resume",
            &run,
            "--yes",
            "--expect",
            CHANGES,
            "--interval",
            "1s",
        ],
    )
}

/// The changes of the events of one kind.
fn changes(journal: &[Value], event: &str) -> Vec<String> {
    journal
        .iter()
        .filter(|line| line["event"] == event)
        .filter_map(|line| line["change"].as_str())
        .map(str::to_owned)
        .collect()
}

fn sent(journal: &[Value]) -> Vec<String> {
    journal
        .iter()
        .filter(|line| line["event"] == "sending")
        .flat_map(|line| line["changes"].as_array().expect("changes"))
        .map(|change| change.as_str().expect("text").to_owned())
        .collect()
}

/// Whatever was sent has an event of one of these kinds, and nothing else has.
fn assert_sent_is(journal: &[Value], events: &[&str], case: &str) {
    let mut sent = sent(journal);
    sent.sort();
    let mut known: Vec<String> = events
        .iter()
        .flat_map(|event| changes(journal, event))
        .collect();
    known.sort();
    assert_eq!(sent, known, "{case}: what was sent, and what is {events:?}");
}

fn assert_resuming_makes_the_rest(folder: &Folder, sandbox: &Sandbox, case: &str) {
    sandbox.set_faults(Vec::new()).expect("no rules");
    let resumed = resume(folder, sandbox);
    assert_eq!(resumed.code, 0, "{case}: {resumed:?}");
    assert_eq!(effects(sandbox), [2, 2, 2, 2], "{case}: each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_waited_for_and_the_rest_is_named_and_made_by_resuming() {
    for step in STEPS {
        let folder = folder();
        let sandbox = start(Sandbox::builder().speed(6_000.0)).await;
        slow(&sandbox, step, 2_000);
        let running = apply(&folder, &sandbox);
        until_effect(&sandbox, step).await;
        running.signal("-INT");
        let (code, out, said) = running.end();
        let before = effects(&sandbox);
        if before == [2, 2, 2, 2] {
            // Both migrations were under way, so that nothing was left.
            assert_eq!((step, code), ("migrateJob", 0), "{out} {said}");
            continue;
        }
        assert_eq!(code, 130, "{step}: {out} {said}");
        for words in [
            "interrupted: nothing more is sent, and what was sent is waited for",
            "NOT MADE, interrupted before it was sent: ",
            "what was started GOES ON by itself",
            "to go on: xtmig resume ",
        ] {
            assert!(said.contains(words), "{step} lacks {words}: {said}");
        }
        assert!(
            !said.contains("UNKNOWN") && !out.contains("UNKNOWN"),
            "{step}: {out} {said}"
        );
        let journal = folder.journal();
        assert_sent_is(&journal, &["done"], step);
        let last = journal.last().expect("an end");
        assert_eq!(
            (&last["event"], &last["exit"]),
            (&"ended".into(), &130.into()),
            "{step}"
        );

        assert_resuming_makes_the_rest(&folder, &sandbox, step);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_wait_is_told_what_is_unknown_and_resuming_finds_it_out() {
    for step in STEPS {
        let folder = folder();
        let sandbox = start(Sandbox::builder().speed(6_000.0)).await;
        slow(&sandbox, step, 60_000);
        let running = apply(&folder, &sandbox);
        until_effect(&sandbox, step).await;
        let (code, out, said) = running.interrupted_until_it_ends().await;
        assert_eq!(code, 8, "{step}: {out} {said}");
        assert!(
            said.contains("UNKNOWN whether made, interrupted before its answer came: ")
                && said.contains("to go on, and to find out: xtmig resume "),
            "{step}: {said}"
        );
        let journal = folder.journal();
        assert_sent_is(&journal, &["done", "unknown"], step);
        assert!(!changes(&journal, "unknown").is_empty(), "{step}");
        assert_resuming_makes_the_rest(&folder, &sandbox, step);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_resumed_is_interrupted_in_the_same_way() {
    let folder = folder();
    let sandbox = start(Sandbox::builder().speed(6_000.0)).await;
    slow(&sandbox, "createJob", 2_000);
    let running = apply(&folder, &sandbox);
    until_effect(&sandbox, "createJob").await;
    running.signal("-INT");
    assert_eq!(running.end().0, 130);
    slow(&sandbox, "updateUserMappings", 2_000);
    let run = journals(&folder.path("state/runs"))[0]
        .display()
        .to_string();
    let arguments = [
        "resume",
        &run,
        "--yes",
        "--expect",
        CHANGES,
        "--interval",
        "1s",
    ];
    let running = Running::spawn(folder.process(&sandbox.base_url(), &arguments));
    until_effect(&sandbox, "updateUserMappings").await;
    running.signal("-INT");
    let (code, out, said) = running.end();
    assert_eq!(code, 130, "{out} {said}");
    assert_sent_is(&folder.journal(), &["done"], &said);
    assert_resuming_makes_the_rest(&folder, &sandbox, &said);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_only_watches_is_told_that_it_goes_on() {
    let folder = Folder::new();
    folder.wave(2, "until = \"migrated\"");
    let sandbox = start(Sandbox::builder().speed(600.0)).await;
    let arguments = [
        "apply",
        "wave.toml",
        "--yes",
        "--expect",
        "3",
        "--interval",
        "1s",
        "-o",
        "json",
    ];
    let running = Running::spawn(folder.process(&sandbox.base_url(), &arguments));
    until_effect(&sandbox, "migrateJob").await;
    // Its answer is there once something has been read after it.
    let is_watched = |sandbox: &Sandbox| {
        let requests = sandbox.requests();
        let migrated = requests
            .iter()
            .position(|request| request.path.ends_with("/migrate"));
        migrated.is_some_and(|at| {
            requests[at + 1..]
                .iter()
                .any(|request| request.method == "GET")
        })
    };
    while !is_watched(&sandbox) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.signal("-INT");
    let (code, out, said) = running.end();
    assert_eq!(code, 130, "{out} {said}");
    let rows: Vec<Value> = serde_json::from_str(&out).expect("JSON");
    assert_eq!(rows[0]["result"], "no longer watched", "{out}");
    assert!(
        said.contains("3 of 3 changes are made") && !said.contains("NOT MADE"),
        "{said}"
    );
    assert!(said.contains("GOES ON by itself"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_is_interrupted_says_that_nothing_was_sent_to_the_service() {
    let folder = Folder::new();
    folder.wave(2, "until = \"migrated\"");
    let arguments = ["rehearse", "wave.toml", "--speed", "60"];
    let running = Running::spawn(folder.process("http://127.0.0.1:9", &arguments));
    let is_begun = || {
        let journals = journals(&folder.path("state/rehearsals"));
        journals.iter().any(|journal| {
            let text = std::fs::read_to_string(journal).expect("a journal");
            text.contains("\"event\":\"attempt\"")
        })
    };
    while !is_begun() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.signal("-INT");
    let (code, out, said) = running.end();
    assert_eq!(code, 130, "{out} {said}");
    assert!(said.contains("nothing was sent to the service"), "{said}");
    assert!(
        !said.contains("xtmig resume"),
        "there is nothing to go on with: {said}"
    );
}
