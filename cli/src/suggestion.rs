//! Commands that are suggested: they go where the running one goes.

use std::sync::OnceLock;

use crate::arguments::{Api, ConnectionArguments};

static CONNECTION: OnceLock<String> = OnceLock::new();

/// Remembers how this command connects, for all that it suggests.
pub fn remember(connection: &ConnectionArguments) {
    let mut text = String::new();
    if connection.sandbox {
        text.push_str(" --sandbox");
    }
    for (name, value) in [
        ("--base-url", &connection.base_url),
        ("--profile", &connection.profile),
    ] {
        if let Some(value) = value {
            text.extend([" ", name, " ", &quoted(value)]);
        }
    }
    if let Some(Api::Beta) = connection.api {
        text.push_str(" --api beta");
    }
    // Each process runs one command.
    let _ = CONNECTION.set(text);
}

/// A command to paste: `words` behind the name of the program, and the same way to connect.
pub fn command(words: &str) -> String {
    let connection = CONNECTION.get().map_or("", String::as_str);
    format!("xtmig {words}{connection}")
}

/// A word as the shells take it.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        for (word, expected) in [
            ("84c0d5ab-7e21", "84c0d5ab-7e21"),
            ("Demo inProgress", "'Demo inProgress'"),
            ("O'Neill; rm -rf", r"'O'\''Neill; rm -rf'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
