//! The rooms of the crate and the files in them, and that the arrows between them point one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use msgraph_migrations_checks::rooms::{assert_arrows_point_down, code};

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
        let entries = folder.map(|entry| entry.expect("an entry").path());
        // A folder holds the tests of the file whose name it has.
        files.extend(entries.filter(|path| path.is_file()));
    }
    files
}

#[test]
fn every_room_uses_only_those_below_it() {
    let arrows = assert_arrows_point_down(&source(), &ROOMS, &["lib"]);
    assert!(arrows.len() > 8, "{arrows:?}");
    // Within a room, files name each other by `super`, which the next test reads.
    assert!(arrows.iter().all(|(from, to)| from != to), "{arrows:?}");
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
            let text = fs::read_to_string(&file).expect("a source file");
            uses.insert(name, targets(&code(&text), "super::"));
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
