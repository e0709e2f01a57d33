//! Copies that somebody has read, and what they are compared with.

use std::fs;
use std::path::{Path, PathBuf};

/// Compares a text with the copy of that name below `tests/golden`, or writes the copy if `ACCEPT_GOLDEN` is set.
///
/// # Panics
///
/// When they differ: with the first line that does, and the command that accepts the text.
pub fn assert_reviewed(text: &str, name: &str, filter: &str) {
    let golden = path(name);
    if is_accepting() {
        fs::write(&golden, text).expect("the copy can be written");
        return;
    }
    let reviewed = reviewed(name);
    if text == reviewed {
        return;
    }
    let differs = text
        .lines()
        .zip(reviewed.lines())
        .enumerate()
        .find(|(_, (new, old))| new != old)
        .map_or_else(
            || "at the end of the shorter one".to_owned(),
            |(index, (new, old))| format!("first in line {}:\n  {old}\nis now\n  {new}", index + 1),
        );
    panic!(
        "what is generated differs from {}, {differs}\nRead the difference and accept it with \
         `ACCEPT_GOLDEN=1 cargo test --test it {filter}`",
        golden.display(),
    );
}

/// Whether copies are written and not compared.
pub fn is_accepting() -> bool {
    std::env::var_os("ACCEPT_GOLDEN").is_some()
}

/// The copy of that name; empty if there is none.
pub fn reviewed(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_default()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}
