//! What the journal of a wave says of changes, held against what the service did.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cell::Cell;

/// The newest journal: a wave may have been applied before.
pub fn file(folder: &Path) -> PathBuf {
    let runs = std::fs::read_dir(folder.join("state/runs")).expect("a folder");
    let journals = runs
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        });
    let modified = |path: &PathBuf| {
        path.metadata()
            .and_then(|data| data.modified())
            .expect("a time")
    };
    journals.max_by_key(modified).expect("a journal")
}

/// What does not hold of the journal, and has to.
pub fn violations(folder: &Path, operation: &str, cell: &Cell) -> Vec<&'static str> {
    let text = std::fs::read_to_string(file(folder)).expect("a journal");
    let act = match operation {
        "createJob" => "create ",
        "validateJob" => "validate ",
        "migrateJob" => "migrate ",
        "updateJob" => "postpone ",
        _ => "map ",
    };
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let is_about = |change: &Value| {
        change
            .as_str()
            .is_some_and(|change| change.starts_with(act))
    };
    let last = lines.iter().rev().find_map(|line| {
        let event = line["event"].as_str()?;
        let is_sent = line["changes"]
            .as_array()
            .is_some_and(|changes| changes.iter().any(is_about));
        (is_sent || is_about(&line["change"])).then_some(event)
    });
    let ended = lines.last().expect("an end");
    let found = [
        (
            cell.effects > 0 && !matches!(last, Some("done" | "unknown" | "sending")),
            "it took effect, and the journal says that it did not",
        ),
        (
            cell.effects == 0 && last == Some("done"),
            "it took no effect, and the journal says that it did",
        ),
        (
            last == Some("unknown") && cell.code != 8,
            "the journal does not know, and the exit code says that it does",
        ),
        (
            last == Some("sending"),
            "it was sent, and the journal says nothing of what came of it",
        ),
        (
            ended["event"] != "ended" || ended["exit"] != cell.code,
            "the journal does not end as the command does",
        ),
    ];
    let found = found.into_iter().filter(|(is_so, _)| *is_so);
    found.map(|(_, what)| what).collect()
}
