//! The words of a text in one form each, and what a change of a word means.
//!
//! Pages are reworded all the time. What counts is which words carry a statement: numbers, codes and identifiers
//! always; words such as "not" or "only" when the rest of the sentence stayed; words such as "source" and "target"
//! when one took the place of another.

mod lists;

use std::collections::HashMap;
use std::sync::LazyLock;

use lists::{
    COMPANIES, EMPTY, ENDING, ENDING_WORDS, KIND, KIND_WORDS, POLAR, POLAR_WORDS, SYNONYMS,
};
use regex::Regex;

/// What a change of a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// A number, a code, an identifier: another one is another statement.
    Anchor,
    /// A word that announces an end: wherever it appears or disappears, the statement is another.
    Ending,
    /// A word that turns a sentence around: coming or going, it changes the statement.
    Polar,
    /// The row of a table that the passage stands in.
    Row,
    /// A word with a counterpart: put in another's place, it changes the statement.
    Kind,
    /// Any other word.
    Plain,
}

/// One word in its form of comparison.
#[derive(Clone, Debug)]
pub struct Word {
    /// What its change means.
    pub weight: Weight,
    /// The mark by which it is compared.
    pub mark: u32,
    /// How it reads; empty when only the mark is held.
    pub text: String,
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        (self.weight, self.mark) == (other.weight, other.mark)
    }
}

impl Word {
    /// A word that counts as it stands.
    pub fn anchor(text: &str) -> Self {
        Self {
            weight: Weight::Anchor,
            mark: mark(text),
            text: text.to_owned(),
        }
    }

    /// The marks that it would have in prose and as code: the marks of a code span are often forgotten.
    pub fn marks(&self) -> [u32; 3] {
        let prose = plain_word(&self.text, &self.text, None).map_or(self.mark, |word| word.mark);
        [self.mark, mark(&self.text), prose]
    }
}

/// Twenty-four bits that stand for a word: enough to tell the words of a page apart, too few to read them back.
pub fn mark(text: &str) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    u32::try_from((hash ^ (hash >> 24) ^ (hash >> 48)) & 0x00ff_ffff).unwrap_or_default()
}

static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\{[^{}]*\}|\b(?:application|text|multipart|image)/[A-Za-z0-9]+(?:[.+-][A-Za-z0-9]+)*|\d{4}-\d\d-\d\dT[0-9:.]+Z?|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\d{1,3}(?:,\d{3})+|[$@#]?[\p{L}\p{N}_]+(?:[._'/-][\p{L}\p{N}_]+)*|%",
    )
    .expect("pattern")
});
static REASON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([1-5]\d\d)[ \u{a0}]+(?:ok|created|accepted|no content|multi-status|found|not modified|bad request|unauthorized|forbidden|not found|method not allowed|not acceptable|conflict|gone|precondition failed|unsupported media type|unprocessable (?:entity|content)|locked|failed dependency|too many requests|internal server error|not implemented|bad gateway|service unavailable|gateway timeout|insufficient storage|response code|response|status code)\b").expect("pattern")
});

/// A code in its span, the reason phrase in parentheses after it.
static PARTED_REASON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`([1-5]\d\d)`\s+\(`?([A-Za-z -]+)`?\)").expect("pattern"));
/// Types are written with and without their namespace.
static NAMESPACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#?\b(?:microsoft\.graph|Edm)\.([A-Za-z])").expect("pattern"));

/// Words that mean what one word means, and the word.
static PHRASES: LazyLock<[(Regex, &str); 7]> = LazyLock::new(|| {
    [
        (
            r"(?:is not|isn't|was not|wasn't|not) successful(?:ly)?",
            "unsuccessful",
        ),
        (r"(?:has|have|had) to", "must"),
        (r"(?:leave|leaves|leaving|left) out", "omit"),
        (
            r"at (?:this|the present|present) (?:time|moment)",
            "currently",
        ),
        (r"previously", "before"),
        (r"(nick|user|host|web)[ -](name|site)", "$1$2"),
        // Who answers a call is always the same.
        (
            r"the (?:service|server|API) (?:returns|responds with|answers with)",
            "returns",
        ),
    ]
    .map(|(phrase, word)| {
        (
            Regex::new(&format!(r"(?i)\b(?:{phrase})\b")).expect("pattern"),
            word,
        )
    })
});

static BOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:up to|at most|no more than|not more than|(?:a )?maximum of|(?:a )?limit of|limited to|(?:can't|cannot|must not|doesn't|does not) exceed)\s+").expect("pattern")
});
static FLOOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:at least|no fewer than|no less than|(?:a )?minimum of)\s+")
        .expect("pattern")
});

/// Two codes and no more, joined by a word.
static JOINED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[^`]*`[^`]*` (?:and|or) `[^`]*`[^`]*$").expect("pattern"));
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:values?|one of|supported|allowed|either)\b").expect("pattern")
});

/// The words of a text, code spans marked with backticks.
pub fn words(marked: &str) -> Vec<Word> {
    let text = marked
        .replace(['\u{2018}', '\u{2019}'], "'")
        .replace(['\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}'], "-")
        .replace('\u{a0}', " ")
        .replace('*', "");
    let text = PARTED_REASON.replace_all(&text, "`$1 $2`");
    let text = REASON.replace_all(&text, "$1");
    let text = NAMESPACE.replace_all(&text, "$1");
    let text = BOUND.replace_all(&text, "maximum ");
    let mut text = FLOOR.replace_all(&text, "minimum ").into_owned();
    for (phrase, word) in PHRASES.iter() {
        text = phrase.replace_all(&text, *word).into_owned();
    }
    let mut found = Vec::new();
    let mut direction: Option<&'static str> = None;
    let mut step = 0;
    let spans: Vec<&str> = text.split('`').collect();
    let choice = JOINED.is_match(&text) && !LISTED.is_match(&text);
    for (index, span) in spans.iter().copied().enumerate() {
        let code = index % 2 == 1;
        // Whether both or one of two is meant; in a list of values either word only ends it.
        if choice && !code && index > 0 && matches!(span.trim(), "and" | "or") {
            found.push(Word {
                weight: Weight::Plain,
                ..Word::anchor(span.trim())
            });
            continue;
        }
        let tokens: Vec<&str> = TOKEN.find_iter(span).map(|token| token.as_str()).collect();
        for (place, token) in tokens.iter().copied().enumerate() {
            if token.starts_with('{') || is_sample(token) {
                continue;
            }
            let lower = token.to_lowercase();
            if code {
                found.push(Word::anchor(&lower));
                continue;
            }
            // Between values it only ends their list.
            let inner = place > 0 && place + 1 < tokens.len();
            if inner && matches!(lower.as_str(), "and" | "or") {
                found.push(Word {
                    weight: Weight::Plain,
                    ..Word::anchor(&lower)
                });
                continue;
            }
            for part in expanded(&lower) {
                step = match (part.as_str(), step) {
                    ("then", _) => 1,
                    ("call" | "run" | "use", 1) => 2,
                    (_, 2) => 3,
                    _ => 0,
                };
                match part.as_str() {
                    "from" => direction = Some("from"),
                    "to" | "into" => direction = Some("to"),
                    _ => {}
                }
                if let Some(mut word) = plain_word(&part, token, direction) {
                    // What comes second is told by the words before.
                    if step == 3 {
                        word.mark = mark(&format!("then {}", root(&part)));
                    }
                    if !matches!(part.as_str(), "from" | "to" | "into") {
                        direction = None;
                    }
                    found.push(word);
                }
            }
        }
    }
    found
}

/// Whether a word counts only where another of its kind takes its place.
pub fn is_joint(word: &Word) -> bool {
    ["and", "or", "all", "some"]
        .iter()
        .any(|joint| word.mark == mark(joint))
}

/// Times, ids and companies that stand for any other.
fn is_sample(token: &str) -> bool {
    let bytes = token.as_bytes();
    let lower = token.to_lowercase();
    COMPANIES.iter().any(|company| lower.contains(company))
        || (token.len() > 16 && bytes.get(10) == Some(&b'T') && bytes.get(4) == Some(&b'-'))
        || (token.len() == 36 && token.split('-').count() == 5)
}

/// The form of comparison of a plain word; nothing for words that say nothing by themselves.
fn plain_word(lower: &str, written: &str, direction: Option<&str>) -> Option<Word> {
    if let Some(number) = number(lower) {
        return Some(Word {
            text: lower.to_owned(),
            ..Word::anchor(&number)
        });
    }
    if is_identifier(written) || is_media_type(lower) {
        return Some(Word::anchor(lower));
    }
    let canonical = SYNONYMS.get(lower).copied().unwrap_or(lower);
    if EMPTY.contains(canonical) || canonical.is_empty() {
        return None;
    }
    let root = root(canonical);
    let stem = root.as_str();
    let weight = if ENDING.contains(stem) {
        Weight::Ending
    } else if POLAR.contains(stem) {
        Weight::Polar
    } else if KIND.contains(stem) {
        Weight::Kind
    } else {
        Weight::Plain
    };
    // Where a thing comes from and goes to is told by the word before.
    let mark = match direction {
        Some(direction) if matches!(lower, "source" | "target") => {
            mark(&format!("{direction} {stem}"))
        }
        _ => mark(stem),
    };
    Some(Word {
        weight,
        mark,
        text: lower.to_owned(),
    })
}

/// The words that have a weight, by their marks, to show what a held passage said.
pub fn weighty_words() -> HashMap<u32, &'static str> {
    [&ENDING_WORDS, &POLAR_WORDS, &KIND_WORDS]
        .into_iter()
        .flat_map(|words| words.split_whitespace())
        .map(|word| (mark(&root(word)), word))
        .collect()
}

fn is_media_type(lower: &str) -> bool {
    ["application/", "text/", "multipart/", "image/"]
        .iter()
        .any(|kind| lower.starts_with(kind))
}

fn is_identifier(written: &str) -> bool {
    let mut letters = written.chars();
    letters.next();
    let inner_capital = written.chars().any(char::is_lowercase) && letters.any(char::is_uppercase);
    written.starts_with(['$', '@', '#'])
        || written.contains('_')
        || (inner_capital && !written.contains('-'))
        || (written.chars().any(|letter| letter.is_ascii_digit())
            && written.chars().any(char::is_alphabetic))
        || (written.contains('.') && written.split('.').all(|part| part.len() > 1))
}

fn number(lower: &str) -> Option<String> {
    const NUMBERS: [(&str, &str); 26] = [
        ("two", "2"),
        ("three", "3"),
        ("four", "4"),
        ("five", "5"),
        ("six", "6"),
        ("seven", "7"),
        ("eight", "8"),
        ("nine", "9"),
        ("ten", "10"),
        ("eleven", "11"),
        ("twelve", "12"),
        ("fourteen", "14"),
        ("fifteen", "15"),
        ("twenty", "20"),
        ("twenty-four", "24"),
        ("thirty", "30"),
        ("forty-eight", "48"),
        ("fifty", "50"),
        ("sixty", "60"),
        ("ninety", "90"),
        ("hundred", "100"),
        ("thousand", "1000"),
        ("twice", "2"),
        ("half", "0.5"),
        ("dozen", "12"),
        ("percent", "%"),
    ];
    if lower == "%" {
        return Some("%".to_owned());
    }
    if let Some((_, digits)) = NUMBERS.iter().find(|(word, _)| *word == lower) {
        return Some((*digits).to_owned());
    }
    let plain = lower.replace(',', "");
    let digits = plain
        .strip_suffix("th")
        .or_else(|| plain.strip_suffix("st"))
        .or_else(|| plain.strip_suffix("nd"))
        .or_else(|| plain.strip_suffix("rd"))
        .unwrap_or(&plain);
    let numeric = digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits
            .chars()
            .all(|letter| letter.is_ascii_digit() || letter == '.' || letter == '-');
    numeric.then(|| digits.to_owned())
}

/// Takes contractions and compounds apart.
fn expanded(lower: &str) -> Vec<String> {
    let whole = match lower {
        "can't" | "cannot" => return vec!["can".to_owned(), "not".to_owned()],
        "won't" => return vec!["will".to_owned(), "not".to_owned()],
        _ => lower,
    };
    if let Some(verb) = whole.strip_suffix("n't") {
        return vec![verb.to_owned(), "not".to_owned()];
    }
    for ending in ["'s", "'re", "'ve", "'ll", "'d"] {
        if let Some(word) = whole.strip_suffix(ending) {
            return vec![word.to_owned()];
        }
    }
    if whole.contains('-') || whole.contains('/') {
        if is_media_type(whole) || number(whole).is_some() || SYNONYMS.contains_key(whole) {
            return vec![whole.to_owned()];
        }
        return whole
            .split(['-', '/'])
            .map(str::to_owned)
            .filter(|part| !part.is_empty())
            .collect();
    }
    vec![whole.trim_matches('\'').to_owned()]
}

/// The stem of the word that stands for all words of the same meaning.
fn root(word: &str) -> String {
    let canonical = SYNONYMS.get(word).copied().unwrap_or(word);
    let stem = stem(canonical);
    match SYNONYMS.get(stem.as_str()) {
        Some(word) => self::stem(word),
        None => stem,
    }
}

fn stem(word: &str) -> String {
    let american = word
        .replace("cancell", "cancel")
        .replace("isation", "ization")
        .replace("ise", "ize")
        .replace("iour", "ior")
        .replace("olour", "olor");
    for (ending, least) in [
        ("ations", 4),
        ("ation", 4),
        ("ingly", 4),
        ("ions", 4),
        ("ion", 4),
        ("ing", 3),
        ("ies", 3),
        ("ied", 3),
        ("ment", 4),
        ("able", 5),
        ("edly", 4),
        ("ed", 3),
        ("es", 4),
        ("ly", 4),
        ("e", 4),
        ("s", 3),
        ("y", 4),
    ] {
        if let Some(cut) = american.strip_suffix(ending)
            && cut.len() >= least
        {
            // One and many of a short word are one word: a name, names.
            let short = ending == "s" && cut.len() <= 4;
            return if short {
                cut
            } else {
                cut.trim_end_matches('e')
            }
            .to_owned();
        }
    }
    american
}

#[cfg(test)]
mod tests {
    use super::{Weight, words};

    fn marks(text: &str) -> Vec<(Weight, u32)> {
        let mut marks: Vec<_> = words(text)
            .iter()
            .map(|word| (word.weight, word.mark))
            .collect();
        marks.sort_unstable();
        marks
    }

    #[test]
    fn what_means_the_same_has_the_same_words() {
        for (one, other) in [
            (
                "Don't supply a request body.",
                "Do not provide the request body",
            ),
            ("It can't be canceled.", "It cannot be cancelled"),
            ("within seven days", "within 7 days"),
            ("at most 2,000 users", "maximum 2000 users"),
            (
                "a `409 CONFLICT` response",
                "`409 Conflict` is returned as a response",
            ),
            ("**Required**.", "required"),
            ("the mail nick name", "the mail nickname"),
            ("the names of the sites", "the name of the site"),
            (
                "It has to be given at this time",
                "It must be given currently",
            ),
            ("It was created previously", "It has been created before"),
            ("If not successful, it stays", "If unsuccessful, it stays"),
            (
                "a `409` response is returned",
                "the service returns a `409` response",
            ),
            ("the job\u{2019}s name", "the name of the job"),
        ] {
            let returned = |marks: Vec<(Weight, u32)>| {
                let filler = super::mark("return");
                marks
                    .into_iter()
                    .filter(|(_, mark)| *mark != filler)
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                returned(marks(one)),
                returned(marks(other)),
                "{one} / {other}"
            );
        }
    }

    #[test]
    fn what_means_another_thing_has_other_words() {
        for (one, other) in [
            ("the migration continues", "the migration stops"),
            (
                "from the source tenant to the target tenant",
                "from the target tenant to the source tenant",
            ),
            ("within seven days", "within nine days"),
            ("It can be canceled", "It can't be canceled"),
            ("status `failed`", "status `completed`"),
            ("It must be included", "It must be left out"),
            ("If it is successful", "If it is not successful"),
            ("returns `202 Accepted`", "returns `200 OK`"),
        ] {
            assert_ne!(marks(one), marks(other), "{one} / {other}");
        }
    }
}
