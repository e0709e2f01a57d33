//! Identifiers and literals in the path of a request.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the characters that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `value` as one segment of a path.
pub(crate) fn encode_segment(value: &str) -> String {
    Cow::from(utf8_percent_encode(value, RESERVED)).into_owned()
}

/// `value` between the quotes of an OData string literal: quotes are doubled, then everything is
/// percent-encoded.
pub(crate) fn encode_literal(value: &str) -> String {
    encode_segment(&value.replace('\'', "''"))
}

/// Why a value cannot stand in a path.
pub(crate) fn refuse_segment(value: &str) -> Option<&'static str> {
    match value {
        // A URL parser takes these two for "here" and "one up", in whatever way they are encoded.
        "." | ".." => Some("is a path segment that URLs remove"),
        _ => refuse_literal(value),
    }
}

fn has_control_character(value: &str) -> bool {
    // Nearly all are ids, whose bytes are looked at many at a time.
    let (controls, beyond_ascii) = value.bytes().fold((false, false), |found, byte| {
        (
            found.0 | byte.is_ascii_control(),
            found.1 | !byte.is_ascii(),
        )
    });
    controls || (beyond_ascii && value.chars().any(char::is_control))
}

/// Why a value cannot stand in an OData string literal.
pub(crate) fn refuse_literal(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("is empty")
    } else if has_control_character(value) {
        Some("contains a control character")
    } else {
        None
    }
}
