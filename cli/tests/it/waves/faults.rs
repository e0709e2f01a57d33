//! Every fault in a rehearsal, which has a simulator of its own: it ends, it says what would have gone wrong, and nothing
//! is made twice.

use std::fmt::Write as _;

use serde_json::Value;

use super::rehearsing::rehearse;
use super::{Folder, journals, lines};

/// What goes wrong once, and whether it goes wrong always; as a scenario writes it.
const FAULTS: [(&str, &str); 9] = [
    (
        "429",
        "{ kind = \"throttle\", retryAfter = { seconds = 1 } }",
    ),
    ("500", "{ kind = \"internalServerError\" }"),
    (
        "500 after the effect",
        "{ kind = \"internalServerError\", afterEffect = true }",
    ),
    (
        "504 after the effect",
        "{ kind = \"gatewayTimeout\", afterEffect = true }",
    ),
    (
        "dropped before the effect",
        "{ kind = \"dropBeforeEffect\" }",
    ),
    ("dropped after the effect", "{ kind = \"dropAfterEffect\" }"),
    ("body cut off", "{ kind = \"truncateBody\" }"),
    ("token expired", "{ kind = \"tokenExpired\" }"),
    ("403", "{ kind = \"status\", status = 403 }"),
];

fn play(fault: &str, operation: &str, is_once: bool) -> (String, Vec<Value>) {
    let folder = Folder::new();
    folder.mappings(2);
    folder.wave(
        2,
        "until = \"migrating\"\n[mappings]\nusers = \"mappings.csv\"",
    );
    let count = if is_once { "count = 1, " } else { "" };
    folder.write(
        "scenario.toml",
        &format!(
            "name = \"One fault\"\nteaches = \"It.\"\n[[step]]\nat = \"+0s\"\n\
             faults = [{{ operation = \"{operation}\", {count}fault = {fault} }}]\n"
        ),
    );
    let played = rehearse(&folder, &["--scenario", "scenario.toml", "--speed", "3000"]);
    assert!(
        played.err.contains("What would have gone wrong, and when:"),
        "{operation} {fault}: {played:?}"
    );
    let journals = journals(&folder.path("state/rehearsals"));
    let end = played
        .err
        .lines()
        .find(|line| line.contains(" made"))
        .unwrap_or_default();
    (format!("exit {}: {end}", played.code), lines(&journals[0]))
}

/// Changes that were sent again although it was known that they were made.
fn doubled(journal: &[Value]) -> Vec<String> {
    let mut done: Vec<&str> = Vec::new();
    let mut doubled = Vec::new();
    for line in journal {
        if line["event"] == "done" {
            done.extend(line["change"].as_str());
        }
        for change in line["changes"].as_array().into_iter().flatten() {
            let change = change.as_str().expect("text");
            if done.contains(&change) {
                doubled.push(change.to_owned());
            }
        }
    }
    doubled
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_in_a_rehearsal() {
    let mut table = String::new();
    for (name, fault) in FAULTS {
        let operations = [
            "createJob",
            "validateJob",
            "updateUserMappings",
            "migrateJob",
        ];
        let played = operations
            .map(|operation| tokio::task::spawn_blocking(move || play(fault, operation, true)));
        for (operation, played) in operations.into_iter().zip(played) {
            let (end, journal) = played.await.expect("it plays");
            assert_eq!(
                doubled(&journal),
                Vec::<String>::new(),
                "{operation} {name}"
            );
            writeln!(table, "{name}, once, {operation}\n    {end}").expect("a text");
        }
    }
    insta::assert_snapshot!("rehearsals_under_faults", table);
}
