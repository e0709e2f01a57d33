//! Words of others, fit for one line of a log.

use std::fmt::{self, Write};

/// Text that others wrote, on one line and no longer than so many characters.
///
/// What would begin a new line, move the cursor, or turn the direction of the line is escaped, and what does
/// not fit is counted instead of shown. Errors, refusals and deviations are shown so already; use it for
/// names and messages that are taken out of a model.
///
/// ```
/// use msgraph_migrations::OneLine;
///
/// let message = "done\n\u{1b}[2J";
/// assert_eq!(OneLine(message, 100).to_string(), "done\\n\\u{1b}[2J");
/// assert_eq!(OneLine(message, 4).to_string(), "done… (5 characters more)");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OneLine<'a>(
    /// The text.
    pub &'a str,
    /// How many characters of it are shown at most.
    pub usize,
);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, max) = *self;
        let mut shown = 0;
        for (at, c) in text.char_indices() {
            let length = if is_plain(c) {
                1
            } else {
                c.escape_default().count()
            };
            shown += length;
            if shown > max {
                let left = text[at..].chars().count();
                return write!(f, "… ({left} characters more)");
            }
            if length == 1 {
                f.write_char(c)?;
            } else {
                write!(f, "{}", c.escape_default())?;
            }
        }
        Ok(())
    }
}

/// How much of a status or a date is shown; far more than any has.
const MAX_SHOWN_VALUE: usize = 100;

/// Shows the value of an enum or a date, which pads as text does when it is what the service documents.
pub(crate) fn show_value(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value.len() <= MAX_SHOWN_VALUE && value.chars().all(is_plain) {
        f.pad(value)
    } else {
        write!(f, "{}", OneLine(value, MAX_SHOWN_VALUE))
    }
}

/// Whether a terminal or a log shows the character and does nothing else.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            // Soft hyphen, Arabic letter mark, invisible spaces and marks of direction, line and paragraph
            // separators, byte order mark, annotations, tags.
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_what_can_be_seen_is_written() {
        for (text, expected) in [
            ("plain, été, 移行 🙂", "plain, été, 移行 🙂"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{1b}[31mred\u{9b}0m", "\\u{1b}[31mred\\u{9b}0m"),
            (
                "a\u{2028}b\u{2029}c\u{85}d",
                "a\\u{2028}b\\u{2029}c\\u{85}d",
            ),
            ("\u{202e}drow\u{2066}", "\\u{202e}drow\\u{2066}"),
        ] {
            assert_eq!(OneLine(text, 100).to_string(), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        assert_eq!(OneLine("abcdef", 6).to_string(), "abcdef");
        assert_eq!(
            OneLine("abcdefg", 6).to_string(),
            "abcdef… (1 characters more)"
        );
        // An escape is never cut in two.
        assert_eq!(
            OneLine("abc\u{2028}de", 6).to_string(),
            "abc… (3 characters more)"
        );
    }
}
