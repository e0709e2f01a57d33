//! What writers and editors put between words without meaning anything by it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Spaces that do not break, thin ones, and the entity of one.
const SPACES: [&str; 5] = ["\u{a0}", "\u{2007}", "\u{2009}", "\u{202f}", "&nbsp;"];
/// Characters without a width.
const INVISIBLE: [char; 6] = [
    '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}',
];

static GROUPED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b\d{1,3}(?:(?:[\u{a0}\u{2007}\u{2009}\u{202f}]|&nbsp;)\d{3})+\b")
        .expect("pattern")
});

/// The same text, line by line, with plain spaces between words and cells.
///
/// Lines that only fence a part of the page for a version or a picture (`::: moniker`) are left blank.
pub fn plain(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        if line.trim_start().starts_with(":::") {
            text.extend(line.chars().filter(|letter| matches!(letter, '\r' | '\n')));
        } else {
            text.push_str(&line_of_words(line));
        }
    }
    text
}

fn line_of_words(line: &str) -> Cow<'_, str> {
    let in_table = line.trim_start().starts_with('|');
    let rare = SPACES.iter().any(|space| line.contains(space)) || line.contains(INVISIBLE);
    if !(rare || in_table && line.contains('\t')) {
        return Cow::Borrowed(line);
    }
    let mut line = GROUPED
        .replace_all(line, |number: &Captures<'_>| {
            SPACES.iter().fold(number[0].to_owned(), |number, space| {
                number.replace(space, "")
            })
        })
        .replace(INVISIBLE, "");
    for space in SPACES {
        line = line.replace(space, " ");
    }
    if in_table {
        line = line.replace('\t', " ");
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn only_what_says_nothing_is_put_in_another_form() {
        for (source, expected) in [
            (
                "a\u{a0}job of 2\u{202f}000\u{a0}users\n",
                "a job of 2000 users\n",
            ),
            ("a&nbsp;job\u{200b}\n", "a job\n"),
            ("|\tName\t|\n", "| Name |\n"),
            ("Name\tType\n", "Name\tType\n"),
            ("\u{feff}# Title\r\n", "# Title\r\n"),
            ("::: moniker range=\"x\"\nText\n", "\nText\n"),
        ] {
            assert_eq!(plain(source), expected);
        }
    }
}
