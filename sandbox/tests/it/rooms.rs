//! The rooms of the sandbox, and that the arrows between them point one way.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest to the highest; a room uses those before it, and none after it.
const ROOMS: [&str; 19] = [
    "clock",
    "answer",
    "body",
    "odata",
    "call",
    "operation",
    "settings",
    "faults",
    "access",
    "state",
    "scenario",
    "jobs",
    "sharepoint",
    "dispatch",
    "config",
    "engine",
    "wire",
    "sandbox",
    "builder",
];

/// The library itself, the program, and what belongs to the program alone.
const OUTSIDE: [&str; 3] = ["lib", "lines", "main"];

#[test]
fn every_room_uses_only_those_below_it() {
    let mut wrong = Vec::new();
    let mut arrows = BTreeSet::new();
    let mut found = BTreeSet::new();
    let source = source();
    for file in files(&source) {
        let own = file.strip_prefix(&source).expect("a file of src");
        let first = own.components().next().expect("a name").as_os_str();
        let room = first.to_string_lossy().replace(".rs", "");
        if OUTSIDE.contains(&room.as_str()) {
            continue;
        }
        found.insert(room.clone());
        let level = ROOMS.iter().position(|known| **known == room);
        for (number, target) in targets(&fs::read_to_string(&file).expect("a source file")) {
            let below = ROOMS.iter().position(|known| **known == target);
            arrows.insert((room.clone(), target.clone()));
            if below.is_none() || below > level {
                wrong.push(format!("{}:{number}: {room} uses {target}", own.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(ROOMS),
        "a room that this test doesn't know, or that is gone"
    );
    // The way of a request, so that a test that reads nothing doesn't pass.
    for (from, to) in [
        ("wire", "engine"),
        ("engine", "dispatch"),
        ("dispatch", "jobs"),
        ("dispatch", "sharepoint"),
        ("jobs", "state"),
        ("sharepoint", "state"),
    ] {
        assert!(arrows.contains(&(from.into(), to.into())), "{from} {to}");
    }
}

#[test]
fn the_reader_of_this_test_sees_every_way_to_name_a_room() {
    let text = "use crate::state::job::Job;\n// crate::wire is far away\nuse crate::{answer, call::Call};\n\
                let x = crate::settings::span(1);\n#[cfg(test)]\nmod tests { use crate::wire; }\n";
    let targets = targets(text);
    let names: Vec<&str> = targets.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["state", "answer", "call", "settings"]);
}

/// The rooms that the code of a file names, with the lines; its own tests may look anywhere.
fn targets(text: &str) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        for (at, path) in line.match_indices("crate::") {
            let rest = &line[at + path.len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().split(','),
                None => rest.split(','),
            };
            let count = if rest.starts_with('{') { usize::MAX } else { 1 };
            for name in names.take(count) {
                let name = name
                    .trim()
                    .split(|c: char| !c.is_alphanumeric() && c != '_');
                found.push((number + 1, name.take(1).collect()));
            }
        }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
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
