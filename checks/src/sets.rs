//! Sets that have to be the same.

use std::collections::BTreeSet;
use std::fmt::Display;

/// Panics unless both hold the same, and says what is missing, what is too much, and which file to edit.
///
/// # Panics
///
/// When the two differ.
#[track_caller]
pub fn assert_same<Found: Ord + Display, Expected: Ord + Display>(
    what: &str,
    found: impl IntoIterator<Item = Found>,
    expected: impl IntoIterator<Item = Expected>,
    file: &str,
) {
    let texts = |item: &dyn Display| item.to_string();
    let found: BTreeSet<String> = found.into_iter().map(|item| texts(&item)).collect();
    let expected: BTreeSet<String> = expected.into_iter().map(|item| texts(&item)).collect();
    if let Some(difference) = difference(&found, &expected) {
        panic!("{what}: {difference}; edit {file}");
    }
}

/// What differs; nothing when the sets are the same.
fn difference(found: &BTreeSet<String>, expected: &BTreeSet<String>) -> Option<String> {
    let listed = |label: &str, one: &BTreeSet<String>, other: &BTreeSet<String>| {
        let more: Vec<&str> = one.difference(other).map(String::as_str).collect();
        (!more.is_empty()).then(|| format!("{label} {}", more.join(", ")))
    };
    let parts: Vec<String> = [
        listed("missing", expected, found),
        listed("too much", found, expected),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::{assert_same, difference};

    #[test]
    fn the_difference_is_told_and_nothing_else() {
        let set = |items: &[&str]| items.iter().map(ToString::to_string).collect();
        assert_eq!(difference(&set(&["a", "b"]), &set(&["b", "a"])), None);
        assert_eq!(
            difference(&set(&["a", "c"]), &set(&["a", "b"])).as_deref(),
            Some("missing b; too much c")
        );
        assert_same("letters", ["a"], [String::from("a")], "nothing");
    }

    #[test]
    #[should_panic(expected = "letters: missing b; edit tests/letters.rs")]
    fn the_file_to_edit_is_named() {
        assert_same("letters", ["a"], ["a", "b"], "tests/letters.rs");
    }
}
