//! The rooms of the crate, and that the arrows between them point one way.

use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest to the highest; a room uses those before it, and none after it.
const ROOMS: [&str; 4] = ["models", "answers", "client", "calls"];

#[test]
fn every_room_uses_only_those_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (level, room) in ROOMS.iter().enumerate() {
        let mut uses = 0;
        for file in files(&source.join(room)) {
            let text = fs::read_to_string(&file).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                for target in targets(line) {
                    uses += 1;
                    let below = ROOMS.iter().position(|room| *room == target);
                    if below.is_none_or(|below| below > level) {
                        wrong.push(format!(
                            "{}:{}: {room} uses {target}",
                            file.display(),
                            number + 1
                        ));
                    }
                }
            }
        }
        assert!(uses > 0, "nothing was found in {room}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_is_no_room_that_this_test_does_not_know() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found: Vec<_> = fs::read_dir(source)
        .expect("src")
        .map(|entry| entry.expect("an entry").file_name().into_string())
        .collect::<Result<_, _>>()
        .expect("names");
    msgraph_migrations_checks::sets::assert_same(
        "rooms in src",
        found,
        ["answers", "calls", "client", "lib.rs", "models"],
        "ROOMS of tests/it/rooms.rs, and ARCHITECTURE.md",
    );
}

/// What follows `crate::` in the code of a line; a comment may lead readers anywhere.
fn targets(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("crate::")
        .map(|(at, path)| {
            let rest = &code[at + path.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a room") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
