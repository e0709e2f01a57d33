//! Inputs that nobody should send, made of bytes that a fuzzer chooses, and the targets that take them.
//!
//! A target is a test. Built as usual it takes a bounded number of inputs, the same in every run; built with
//! `--cfg fuzzing`, as `.ci/fuzz` does, it takes what libFuzzer finds, guided by coverage and without an end.

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

/// Gives a target so many inputs, or those of a fuzzer where the build is for one.
///
/// The crate that declares the target needs `bolero` as a development dependency where `cfg(fuzzing)` holds.
#[macro_export]
macro_rules! fuzz {
    ($runs:expr, $target:expr) => {{
        #[cfg(not(fuzzing))]
        $crate::hostile::each($runs, $target);
        #[cfg(fuzzing)]
        {
            let _: u64 = $runs;
            bolero::check!().for_each(|chosen: &[u8]| $target(chosen));
        }
    }};
}

/// Gives a target so many inputs, the same in every run; what ends it is told with its number.
pub fn each(runs: u64, target: impl Fn(&[u8])) {
    struct Running(u64);

    impl Drop for Running {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("it was input {} of the target", self.0);
            }
        }
    }

    for run in 0..runs {
        let running = Running(run);
        target(&chosen(run));
        drop(running);
    }
}

/// The bytes of a run: first each seed as it is, then seeds with some changes, and now and then bytes alone.
fn chosen(run: u64) -> Vec<u8> {
    if let Ok(seed) = u8::try_from(run * 2) {
        return vec![seed];
    }
    let mut state = run;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let [first, length, ..] = next().to_le_bytes();
    let (first, length) = match run % 8 {
        0 => (first | 1, usize::from(length)),
        1 => (first & !1, 4 * usize::from(length % 12 + 1)),
        _ => (first & !1, 4 * usize::from(length % 3 + 1)),
    };
    let mut bytes = vec![first];
    while bytes.len() <= length {
        bytes.extend(next().to_le_bytes());
    }
    bytes.truncate(length + 1);
    bytes
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_seed_comes_as_it_is_and_then_spoilt_in_the_same_way_in_every_run() {
        let seeds: Vec<Vec<u8>> = (0..128).map(|n| vec![n; 100]).collect();
        let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
        let inputs = |runs| {
            let made = RefCell::new(Vec::new());
            each(runs, |chosen| made.borrow_mut().push(input(chosen, &seeds)));
            made.into_inner()
        };
        let made = inputs(2_000);
        assert!(
            made.iter()
                .zip(&seeds)
                .take(128)
                .all(|(made, seed)| made == seed)
        );
        assert_eq!(made, inputs(2_000));
        let different: HashSet<&Vec<u8>> = made.iter().collect();
        assert!(different.len() > 1_700, "{} of 2000", different.len());
    }

    #[test]
    fn a_target_that_fails_ends_the_run() {
        let result = std::panic::catch_unwind(|| {
            each(500, |chosen| assert!(chosen.len() < 40, "too long"));
        });
        assert!(result.is_err());
    }

    #[test]
    #[should_panic(expected = "it steers a terminal")]
    fn what_steers_a_terminal_is_no_line() {
        assert_one_line("a\u{1b}[2J", 100);
    }
}
