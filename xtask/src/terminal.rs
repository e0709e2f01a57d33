//! Keeps what other people wrote from steering the terminal.

/// The text with everything that a terminal would obey, or that hides what stands there, shown as `�`.
///
/// Line ends and tabs become spaces.
pub fn visible(words: &str) -> String {
    words
        .chars()
        .map(|letter| match letter {
            '\n' | '\r' | '\t' => ' ',
            _ if is_unseen(letter) => '\u{fffd}',
            _ => letter,
        })
        .collect()
}

/// Control characters, and the marks that reorder, hide or join letters without being seen.
pub fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            u32::from(letter),
            0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb
                | 0xe0000..=0xe007f
        )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        let hostile = "a\u{1b}[2Jb\u{9b}31mc\u{202e}d\u{7}e\u{200b}f\u{7f}g\u{2066}h";
        assert_eq!(visible(hostile), "a�[2Jb�31mc�d�e�f�g�h");
        assert_eq!(
            visible("two\nlines\tof é and 日本"),
            "two lines of é and 日本"
        );
    }
}
