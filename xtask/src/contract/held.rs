//! What the pages said when somebody last read them, as marks: enough to tell which passage changed, without
//! keeping a copy of other people's text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::facts::passages::Passage;
use crate::facts::vocabulary::{Weight, Word};

const HEAD: &str = "# What each page of provenance.yaml said when it was last read, one line for each passage, one mark for each\n\
                    # word. Written by `cargo xtask regenerate --docs` and `cargo xtask adopt`, read by `cargo xtask drift`.\n\
                    # A mark is a letter for the weight of the word and 24 bits of its hash.\n";
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The held passages of each page, by the page's name in the ledger.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// The file as it is named in reports.
    pub file: String,
    pages: BTreeMap<String, Vec<Passage>>,
}

impl Held {
    /// Reads the file; none held when there is no such file.
    ///
    /// # Errors
    /// Says which line cannot be used.
    pub fn load(path: &Path) -> Result<Self, String> {
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("cannot read {file}: {error}")),
        };
        let mut held = Self {
            file: file.clone(),
            pages: BTreeMap::new(),
        };
        let mut name: Option<String> = None;
        for (index, line) in text.lines().enumerate() {
            let place = || format!("{file}:{}:1", index + 1);
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if let Some(page) = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                held.pages.entry(page.to_owned()).or_default();
                name = Some(page.to_owned());
                continue;
            }
            let Some(passages) = name.as_ref().and_then(|name| held.pages.get_mut(name)) else {
                return Err(format!("{}: a passage stands before any page", place()));
            };
            let words = line
                .split(' ')
                .map(read)
                .collect::<Option<Vec<Word>>>()
                .ok_or_else(|| format!("{}: this is no list of marks", place()))?;
            passages.push(Passage {
                line: 0,
                text: String::new(),
                words,
                unread: "",
            });
        }
        Ok(held)
    }

    /// Whether nothing is held at all.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// The passages of a page, when they are held.
    pub fn passages(&self, page: &str) -> Option<&[Passage]> {
        self.pages.get(page).map(Vec::as_slice)
    }

    /// Puts the passages of a page in place of those held.
    pub fn set(&mut self, page: &str, passages: &[Passage]) {
        self.pages.insert(page.to_owned(), passages.to_vec());
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (page, passages) in &self.pages {
            let _ = writeln!(text, "\n[{page}]");
            for passage in passages {
                let marks: Vec<String> = passage.words.iter().map(written).collect();
                let _ = writeln!(text, "{}", marks.join(" "));
            }
        }
        text
    }
}

const LETTERS: [(Weight, char); 6] = [
    (Weight::Anchor, 'a'),
    (Weight::Ending, 'e'),
    (Weight::Polar, 'p'),
    (Weight::Row, 'r'),
    (Weight::Kind, 'k'),
    (Weight::Plain, 'w'),
];

fn written(word: &Word) -> String {
    let letter = LETTERS
        .iter()
        .find_map(|(weight, letter)| (*weight == word.weight).then_some(*letter))
        .unwrap_or('w');
    let mut text = String::from(letter);
    for shift in [18, 12, 6, 0] {
        let index = usize::try_from((word.mark >> shift) & 63).unwrap_or_default();
        text.push(char::from(DIGITS[index]));
    }
    text
}

fn read(text: &str) -> Option<Word> {
    let mut letters = text.chars();
    let letter = letters.next()?;
    let (weight, _) = *LETTERS.iter().find(|(_, known)| *known == letter)?;
    let mut mark = 0_u32;
    let mut count = 0;
    for letter in letters {
        let digit = DIGITS
            .iter()
            .position(|digit| char::from(*digit) == letter)?;
        mark = (mark << 6) | u32::try_from(digit).ok()?;
        count += 1;
    }
    (count == 4).then(|| Word {
        weight,
        mark,
        text: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::Held;
    use crate::facts::passages::Passage;
    use crate::facts::vocabulary::words;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("documents.lock");
        let mut held = Held::load(&file).expect("no file is no error");
        let passage = Passage {
            line: 7,
            text: "It must not be canceled after 7 days with `cancel`.".to_owned(),
            words: words("It must not be canceled after 7 days with `cancel`."),
            unread: "",
        };
        held.set("page", std::slice::from_ref(&passage));
        std::fs::write(&file, held.text()).expect("a file");
        let again = Held::load(&file).expect("what was written");
        let read = again.passages("page").expect("the page");
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].words, passage.words);
        assert_eq!(again.text(), held.text());
        assert!(!held.text().contains("cancel"), "no text is kept");
        for (text, line) in [
            ("aAAAA\n", ":1:1"),
            ("[page]\nzAAAA\n", ":2:1"),
            ("[page]\naAA\n", ":2:1"),
        ] {
            std::fs::write(&file, text).expect("a file");
            let error = Held::load(&file).expect_err("no marks");
            assert!(error.contains(line), "{error}");
        }
    }
}
