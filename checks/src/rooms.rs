//! The rooms of a crate, the modules at its top, and which of them uses which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sets::assert_same;

/// Asserts that each room of `source`, the folder `src` of a crate, uses only itself and those before it in `rooms`,
/// and that there are no others; says which use which. `outside` are modules that may use any.
///
/// # Panics
///
/// When an arrow points up, when a room is unknown or gone, and when a source cannot be read.
#[must_use]
pub fn assert_arrows_point_down(
    source: &Path,
    rooms: &[&str],
    outside: &[&str],
) -> BTreeSet<(String, String)> {
    let mut wrong = Vec::new();
    let mut arrows = BTreeSet::new();
    let mut found = BTreeSet::new();
    for file in files(source) {
        let own = file.strip_prefix(source).expect("a file of the folder");
        let first = own.components().next().expect("a name").as_os_str();
        let room = first.to_string_lossy().replace(".rs", "");
        found.insert(room.clone());
        if outside.contains(&room.as_str()) {
            continue;
        }
        let level = rooms.iter().position(|known| **known == room);
        for (number, target) in targets(&fs::read_to_string(&file).expect("a source file")) {
            // What begins with a capital is an item of the crate itself.
            if target.starts_with(char::is_uppercase) {
                continue;
            }
            let below = rooms.iter().position(|known| **known == target);
            if below.is_none() || below > level {
                wrong.push(format!("{}:{number}: {room} uses {target}", own.display()));
            }
            arrows.insert((room.clone(), target));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_same(
        "rooms",
        found,
        rooms.iter().chain(outside).map(|room| (*room).to_owned()),
        "the list of rooms in this test, and ARCHITECTURE.md",
    );
    arrows
}

/// The code of a file without its tests and comments.
#[must_use]
pub fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next();
    let lines = code.unwrap_or_default().lines();
    lines
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The rooms that the code of a file names, with the lines; its own tests may look anywhere.
fn targets(text: &str) -> Vec<(usize, String)> {
    let code = code(text);
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + path.len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default(),
            None => rest.split(',').next().unwrap_or_default(),
        };
        for name in names.split(',') {
            let name: String = name
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !name.is_empty() {
                found.push((line, name));
            }
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_room_is_seen() {
        let text = "use crate::state::job::Job;\n// crate::wire is far away\nuse crate::{\n    answer,\n    call::Call,\n};\n\
                    let x = crate::settings::span(1);\n#[cfg(test)]\nmod tests { use crate::wire; }\n";
        let found = targets(text);
        let names: Vec<_> = found.iter().map(|(line, name)| (*line, &**name)).collect();
        assert_eq!(
            names,
            [(1, "state"), (3, "answer"), (3, "call"), (7, "settings")]
        );
    }
}
