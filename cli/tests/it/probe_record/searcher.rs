//! Finds pieces of a secret in a record, in every form and every encoding that it can think of.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// How long the pieces are that are looked for.
const PIECE: usize = 7;

/// Every text that the record holds in one way or another: as it is, unescaped, decoded.
pub fn readings(record: &str) -> Vec<String> {
    let unescaped: Value = serde_json::from_str(record).expect("JSON");
    let plain = texts(&unescaped);
    let mut all = vec![
        record.to_owned(),
        percent(&plain),
        percent(&percent(&plain)),
        plain,
    ];
    let is_encoded = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let words: BTreeSet<String> = all
        .iter()
        .flat_map(|text| text.split(|c: char| !is_encoded(c)))
        .filter(|word| word.len() > PIECE)
        .map(str::to_owned)
        .collect();
    for word in words {
        for start in 0..4.min(word.len()) {
            let piece = &word[start..];
            let whole = &piece[..piece.len() / 4 * 4];
            for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
                let decoded = engine.decode(piece).or_else(|_| engine.decode(whole));
                let decoded = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                all.extend(decoded.ok());
            }
        }
    }
    all.iter().map(|text| text.to_lowercase()).collect()
}

/// Names and values of everything, one a line.
fn texts(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let pairs = members.iter();
            let pairs = pairs.map(|(name, member)| [name.as_str(), "\n", &texts(member)].concat());
            pairs.collect()
        }
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::String(text) => format!("{text}\n"),
        other => format!("{other}\n"),
    }
}

/// Pieces of a value, in each form that something could write it in.
pub fn forms(secret: &str) -> BTreeSet<String> {
    let mut whole = vec![
        secret.to_owned(),
        secret.replace('-', ""),
        secret.replace(['.', ' ', '@', '/'], ""),
        secret.chars().rev().collect(),
        secret.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a text");
            hex
        }),
        secret.bytes().fold(String::new(), |mut all, byte| {
            write!(all, "%{byte:02X}").expect("a text");
            all
        }),
        secret.chars().fold(String::new(), |mut all, c| {
            write!(all, "\\u{:04x}", u32::from(c)).expect("a text");
            all
        }),
    ];
    for shift in ["", "x", "xx"] {
        let encoded = BASE64_STANDARD_NO_PAD.encode(format!("{shift}{secret}"));
        // The first and the last characters hold bits of what stands beside it.
        whole.push(encoded[4..encoded.len() - 2].to_owned());
    }
    whole
        .iter()
        .flat_map(|form| {
            let pieces: Vec<String> = pieces(&form.to_lowercase()).collect();
            pieces
        })
        .collect()
}

pub fn pieces(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    let last = (letters.len() + 1).saturating_sub(PIECE);
    (0..last).map(move |start| letters[start..start + PIECE].iter().collect())
}

pub fn percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits: Option<String> =
            (byte == b'%').then(|| rest.by_ref().take(2).map(char::from).collect());
        match digits.and_then(|digits| u8::from_str_radix(&digits, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
