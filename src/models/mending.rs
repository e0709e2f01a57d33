//! Text that is JSON but for a few characters or numbers.
//!
//! A surrogate without its other half, a raw control character, bytes that are no UTF-8 or a number beyond all
//! numbers make a whole text unreadable to a parser. Each is replaced, and what was replaced can be named.

use serde_json::Value;

use crate::models::mismatch::escape;
use crate::models::tolerant::Deviation;

/// Text in which what no parser takes was replaced by a mark.
pub(crate) struct Mended {
    pub text: String,
    mark: char,
}

/// Mends `text` where that may help.
pub(crate) fn mend(text: &[u8]) -> Option<Mended> {
    let mark = unused_mark(text)?;
    let mut whole = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        whole.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            whole.push(mark);
        }
    }
    Some(Mended {
        text: replace(&whole, mark),
        mark,
    })
}

/// A character that the text holds nowhere, not even escaped, and that no text is meant to hold.
fn unused_mark(text: &[u8]) -> Option<char> {
    let text = String::from_utf8_lossy(text).to_lowercase();
    ('\u{FDD0}'..='\u{FDEF}')
        .find(|mark| !text.contains(*mark) && !text.contains(&format!("{:x}", u32::from(*mark))))
}

fn replace(text: &str, mark: char) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '"' => {
                in_string = !in_string;
                mended.push(c);
                1
            }
            '\\' if in_string => {
                let (length, is_whole) = escape_sequence(rest);
                if is_whole {
                    mended.push_str(&rest[..length]);
                } else {
                    mended.push(mark);
                }
                length
            }
            _ if in_string && c.is_ascii_control() && c != '\u{7F}' => {
                mended.push(mark);
                1
            }
            '-' | '0'..='9' if !in_string => {
                let end = rest
                    .find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'))
                    .unwrap_or(rest.len());
                let (number, _) = rest.split_at(end);
                if number.parse().is_ok_and(f64::is_infinite) {
                    mended.extend(['"', mark, '"']);
                } else {
                    mended.push_str(number);
                }
                end
            }
            _ => {
                mended.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    mended
}

/// The length of the escape sequence that `text` begins with, and whether a parser takes it.
fn escape_sequence(text: &str) -> (usize, bool) {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    match (unit(text), text[1..].chars().next()) {
        (Some(0xD800..=0xDBFF), _) => match text.get(6..).and_then(unit) {
            Some(0xDC00..=0xDFFF) => (12, true),
            _ => (6, false),
        },
        (Some(0xDC00..=0xDFFF), _) => (6, false),
        (Some(_), _) => (6, true),
        (None, Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => (2, true),
        (None, _) => (1, false),
    }
}

impl Mended {
    /// Names each part of `json`, which was read from the text, that was replaced; none of the marks stays.
    pub fn unmark(&self, json: &mut Value) -> Vec<Deviation> {
        let mut deviations = Vec::new();
        self.unmark_below(json, String::new(), &mut deviations);
        deviations
    }

    fn unmark_below(&self, json: &mut Value, pointer: String, deviations: &mut Vec<Deviation>) {
        match json {
            Value::String(text) => {
                if let Some(clean) = self.clean(text) {
                    *text = clean;
                    deviations.push(replaced(pointer));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.unmark_below(item, format!("{pointer}/{index}"), deviations);
                }
            }
            Value::Object(members) => {
                let marked: Vec<_> = members
                    .keys()
                    .filter(|name| name.contains(self.mark))
                    .cloned()
                    .collect();
                for name in marked {
                    if let (Some(value), Some(clean)) = (members.remove(&name), self.clean(&name)) {
                        deviations.push(replaced(format!("{pointer}/{}", escape(&clean))));
                        members.insert(clean, value);
                    }
                }
                for (name, member) in members {
                    self.unmark_below(member, format!("{pointer}/{}", escape(name)), deviations);
                }
            }
            _ => {}
        }
    }

    fn clean(&self, text: &str) -> Option<String> {
        text.contains(self.mark)
            .then(|| text.replace(self.mark, "\u{FFFD}"))
    }
}

fn replaced(pointer: String) -> Deviation {
    Deviation {
        pointer,
        reason: "holds what JSON does not allow, replaced by U+FFFD".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_parser_takes_is_replaced() {
        for (text, expected) in [
            (
                r#"{"a":"\ud83d\ude00 \u00e9 \\ \" \/"}"#,
                r#"{"a":"😀 é \\ \" /"}"#,
            ),
            (r#"{"a":"x\ud800y"}"#, r#"{"a":"x�y"}"#),
            (r#"["\udc00\ud800","\ud800\u0041"]"#, r#"["��","�A"]"#),
            (r#"["\ud8"]"#, r#"["�ud8"]"#),
            (
                r#"{"\udc00":1e999,"b":-2.5e3,"c":"1e999"}"#,
                r#"{"b":-2500.0,"c":"1e999","�":"�"}"#,
            ),
            ("[\"a\tb\u{7f}\"]", "[\"a�b\u{7f}\"]"),
            (r#"["\q","fdd0"]"#, r#"["�q","fdd0"]"#),
        ] {
            let mended = mend(text.as_bytes()).expect("a mark");
            let mut json = serde_json::from_str(&mended.text).expect("JSON");
            let deviations = mended.unmark(&mut json);
            assert_eq!(json.to_string(), expected, "{text}");
            assert_eq!(deviations.is_empty(), !expected.contains('�'), "{text}");
        }
        // A text may hold what usually serves as the mark.
        let mended = mend("[\"\u{fdd0}\",\"\\ud800\"]".as_bytes()).expect("a mark");
        let mut json = serde_json::from_str(&mended.text).expect("JSON");
        assert_eq!(mended.unmark(&mut json).len(), 1);
        assert_eq!(json.to_string(), "[\"\u{fdd0}\",\"�\"]");
        let mended = mend(b"[\"\xff\xfe ok\"]").expect("a mark");
        let mut json = serde_json::from_str(&mended.text).expect("JSON");
        assert_eq!(mended.unmark(&mut json).len(), 1);
        assert_eq!(json.to_string(), "[\"�� ok\"]");
    }
}
