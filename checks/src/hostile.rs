//! Inputs that nobody should send, made of bytes that a fuzzer chooses.

/// What is put in where an input is spoilt: the ends of ranges, of nesting and of encodings.
const SPLINTERS: [&[u8]; 28] = [
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"-0",
    b"1e999",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\"\\u202e\"",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xC0\x80",
    "\u{202e}\u{1b}[2J".as_bytes(),
    b"\r\n\r\n",
    b"%00",
    b"%2F..%2f",
    b"%",
    b"''",
    b"')('",
    b"?$top=-1&",
    b"|",
    b"```",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"error\":{\"innererror\":{\"details\":[",
];
/// No input is longer than this.
const MAX_LENGTH: usize = 64 * 1024;

/// The chosen bytes themselves, or a seed that they spoil: each four of them change one place of it.
#[must_use]
pub fn input(chosen: &[u8], seeds: &[&[u8]]) -> Vec<u8> {
    let Some((first, rest)) = chosen.split_first() else {
        return Vec::new();
    };
    let index = usize::from(first / 2);
    let seed = seeds.get(index % seeds.len().max(1));
    let (0, Some(seed)) = (first % 2, seed) else {
        return rest.to_vec();
    };
    let mut made = seed.to_vec();
    // Beyond so many changes nothing of the seed is left.
    for change in rest.chunks_exact(4).take(12) {
        let place = usize::from(u16::from_le_bytes([change[1], change[2]]));
        let at = place % (made.len() + 1);
        let length = usize::from(change[3]);
        let end = (at + length).min(made.len());
        match change[0] % 7 {
            0 => drop(made.drain(at..end)),
            1 => made.truncate(at),
            2 | 3 => {
                let splinter = SPLINTERS[length % SPLINTERS.len()];
                made.splice(at..at, splinter.iter().copied());
            }
            4 => {
                // A value in place of another.
                let from = made[..at]
                    .iter()
                    .rposition(|byte| *byte == b':')
                    .unwrap_or(at);
                let to = made[at..]
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b'\n'))
                    .map_or(made.len(), |offset| at + offset);
                let splinter = SPLINTERS[length % SPLINTERS.len()];
                made.splice((from + 1).min(to)..to, splinter.iter().copied());
            }
            5 => {
                let copied = made[at..end].repeat(1 + usize::from(change[1]));
                made.splice(at..at, copied);
            }
            _ => {
                if let Some(byte) = made.get_mut(at) {
                    *byte = change[3];
                }
            }
        }
        made.truncate(MAX_LENGTH);
    }
    made
}

/// Asserts that words fit on one line of a log and steer nothing.
///
/// # Panics
///
/// When they do not.
pub fn assert_one_line(words: &str, most: usize) {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    assert!(!words.contains(steers), "it steers a terminal: {words:?}");
    let length = words.chars().count();
    assert!(length <= most, "{length} characters are more than {most}");
}
