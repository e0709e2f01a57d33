//! How words look, and where one stands inside another. Pure.

use super::replacing::Kind;

/// An id in capitals stays one.
pub fn cased(made: &str, kind: Kind, original: &str) -> String {
    let is_upper = kind == Kind::Guid && original == original.to_uppercase();
    if is_upper && original != original.to_lowercase() {
        made.to_uppercase()
    } else {
        made.to_owned()
    }
}

/// The text in pieces, each with whether it stands for `original`.
pub fn parted(text: &str, kind: Kind, original: &str, replaced: &str) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((start, end)) = find(rest, original) {
        pieces.push((rest[..start].to_owned(), false));
        pieces.push((cased(replaced, kind, &rest[start..end]), true));
        rest = &rest[end..];
    }
    pieces.push((rest.to_owned(), false));
    pieces
}

/// Where `original`, which is in small letters, stands as a whole in a text of any case.
fn find(text: &str, original: &str) -> Option<(usize, usize)> {
    let mut starts = text.char_indices().map(|(index, _)| index);
    starts.find_map(|start| {
        let end = matches_at(&text[start..], original)? + start;
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        (is_edge(before) && is_edge(after)).then_some((start, end))
    })
}

/// How many bytes of `text` are `original`, in any case.
fn matches_at(text: &str, original: &str) -> Option<usize> {
    let mut wanted = original.chars();
    let mut length = 0;
    for c in text.chars() {
        for lower in c.to_lowercase() {
            match wanted.next() {
                None => return Some(length),
                Some(own) if own == lower => {}
                Some(_) => return None,
            }
        }
        length += c.len_utf8();
    }
    wanted.next().is_none().then_some(length)
}

pub fn is_inside(lower: &str, original: &str) -> bool {
    lower.contains(original) && find(lower, original).is_some()
}

pub fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// A date, padded or not, with or without a time.
pub fn is_date(text: &str) -> bool {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let parts: Vec<&str> = date.split('-').collect();
    let is_number = |part: &&str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    parts.len() == 3
        && is_number(&parts[0], 4..=4)
        && is_number(&parts[1], 1..=2)
        && is_number(&parts[2], 1..=2)
        && time.len() <= 25
        && time
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b":.Z+-".contains(&byte))
}

/// A word such as a property or a member of an enumeration has.
pub fn is_plain(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'.' || byte == b'_')
}

/// A code such as `EXCH-08` or `MnATargetUserIsNotSpoEnabled`.
pub fn is_code(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && text.bytes().filter(u8::is_ascii_digit).count() <= 4
}
