//! Commands that are suggested: they go where the running one goes.

use std::sync::OnceLock;

use clap::ValueEnum;

use crate::arguments::ConnectionArguments;

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
    for (name, value) in [
        ("--api", connection.api.as_ref().and_then(name_of_value)),
        (
            "--credential",
            connection.credential.as_ref().and_then(name_of_value),
        ),
    ] {
        if let Some(value) = value {
            text.extend([" ", name, " ", &value]);
        }
    }
    // Each process runs one command.
    let _ = CONNECTION.set(text);
}

/// A command to paste: `words` behind the name of the program, and the same way to connect.
pub fn command(words: &str) -> String {
    let connection = CONNECTION.get().map_or("", String::as_str);
    format!("xtmig {words}{connection}")
}

/// A command to paste about something that has a name of its own, behind the `words`.
pub fn command_on(words: &str, name: &str) -> String {
    if name.starts_with('-') {
        // Nothing behind the two dashes is taken for an option.
        return format!("{} -- {}", command(words), quoted(name));
    }
    command(&format!("{words} {}", quoted(name)))
}

/// The option that names a job.
pub fn job_option(job: &str) -> String {
    if job.starts_with('-') {
        return format!("--job={}", quoted(job));
    }
    format!("--job {}", quoted(job))
}

fn name_of_value(value: &impl ValueEnum) -> Option<String> {
    Some(value.to_possible_value()?.get_name().to_owned())
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
    fn a_name_is_no_option_whatever_it_begins_with() {
        assert_eq!(
            command_on("jobs show", "wave 3"),
            "xtmig jobs show 'wave 3'"
        );
        assert_eq!(command_on("jobs show", "--yes"), "xtmig jobs show -- --yes");
        assert_eq!(job_option("-x y"), "--job='-x y'");
    }

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
