//! The rooms of the crate and the files in them, and that the arrows between them point one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest to the highest; a room uses those before it, and none after it.
const ROOMS: [&str; 6] = [
    "reading",
    "reconciliation",
    "waiting",
    "reports",
    "jobs",
    "bulk",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The names that follow `prefix`.
fn targets(code: &str, prefix: &str) -> BTreeSet<String> {
    let names = code.match_indices(prefix).map(|(at, _)| {
        let rest = &code[at + prefix.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest[..end].to_owned()
    });
    names.collect()
}

fn files(room: &str) -> Vec<PathBuf> {
    let mut files = vec![source().join(format!("{room}.rs"))];
    if let Ok(folder) = fs::read_dir(source().join(room)) {
        files.extend(folder.map(|entry| entry.expect("an entry").path()));
    }
    files
}

#[test]
fn every_room_uses_only_those_below_it() {
    let mut arrows = 0;
    for (level, room) in ROOMS.iter().enumerate() {
        for file in files(room) {
            for target in targets(&code(&file), "crate::") {
                if target == "Workflows" {
                    continue;
                }
                arrows += 1;
                let below = ROOMS.iter().position(|room| *room == target);
                assert!(
                    below.is_some_and(|below| below < level),
                    "{}: {room} uses {target}",
                    file.display()
                );
            }
        }
    }
    assert!(arrows > 20, "{arrows}");
}

#[test]
fn no_files_of_a_room_use_each_other_in_a_circle() {
    for room in ROOMS {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in files(room).into_iter().skip(1) {
            let name = file
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            uses.insert(name, targets(&code(&file), "super::"));
        }
        // Takes away what uses nothing that is left, until nothing is left.
        while let Some(free) = uses
            .iter()
            .find(|(_, targets)| !targets.iter().any(|target| uses.contains_key(target)))
            .map(|(name, _)| name.clone())
        {
            uses.remove(&free);
        }
        assert!(uses.is_empty(), "{room}: {uses:?}");
    }
}

#[test]
fn there_is_no_room_that_this_test_does_not_know() {
    let found: BTreeSet<String> = fs::read_dir(source())
        .expect("src")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let known = ROOMS.iter().copied().chain(["lib"]);
    msgraph_migrations_checks::sets::assert_same(
        "rooms in workflows/src",
        found,
        known,
        "ROOMS of workflows/tests/it/rooms.rs",
    );
}
