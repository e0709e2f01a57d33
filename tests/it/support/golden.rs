//! Copies that somebody has read, and what they are compared with.

use std::fs;
use std::path::Path;

/// Compares a text with the copy of that name below `tests/golden`, or writes the copy if `ACCEPT_GOLDEN` is set.
///
/// # Panics
///
/// When they differ: with the first line that does, and the command that accepts the text.
pub fn assert_reviewed(text: &str, name: &str, filter: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("ACCEPT_GOLDEN").is_some() {
        fs::write(&golden, text).expect("the copy can be written");
        return;
    }
    let reviewed = fs::read_to_string(&golden).unwrap_or_default();
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
