//! Facts that stand in prose: conditions of errors, and limits stated as numbers.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use super::PageFacts;
use crate::documents::Page;
use crate::documents::blocks::Content;
use regex::Regex;

static STATUS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b([1-5]\d{2})\s+(?:ok|created|accepted|non-authoritative|no content|reset content|partial content|moved permanently|found|see other|not modified|bad request|unauthorized|payment required|forbidden|not found|method not allowed|not acceptable|request timeout|conflict|gone|length required|precondition failed|payload too large|unsupported media type|unprocessable(?: entity| content)?|locked|failed dependency|too many requests|internal server error|not implemented|bad gateway|service unavailable|gateway timeout|insufficient storage|error|response|status)\b",
    )
    .expect("pattern")
});
static MARKED_STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`([1-5]\d{2})(?:\s[^`]*)?`").expect("pattern"));
static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(\d{1,3}(?:[,.]\d{3})+|\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|fifty|hundred)\s*(?:-\s*)?(?:(?:most recent|top-level|concurrent|active|queued|calendar|business)\s+)?(%|percent|users?|resources?|items?|objects?|results?|entries|mappings?|jobs?|batches|tasks?|mailboxes|sites?|characters?|bytes|KB|MB|GB|TB|requests?|seconds?|to a page|on a page|minutes?|hours?|days?|weeks?|months?|years?)(?:\b|\s|$)",
    )
    .expect("pattern")
});
static ANCHOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"`([^`]+)`|\{([^}]+)\}|\b([a-z]+[A-Z][A-Za-z]*)\b|\b(\d[\d,.]*)\b")
        .expect("pattern")
});

/// An error status with the words that say when it is answered.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The status code.
    pub status: u16,
    /// The words.
    pub text: String,
    /// The line of the page.
    pub line: usize,
    /// Whether the words are a row of an error table rather than a sentence.
    pub tabled: bool,
}

impl Condition {
    /// A short name made of the first telling words, stable under small edits of the rest.
    pub fn slug(&self) -> String {
        let words: Vec<String> = telling_words(&self.text).into_iter().take(4).collect();
        format!("{}/{}", self.status, words.join("-"))
    }
}

/// A number that bounds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The number.
    pub number: u64,
    /// What is counted, in the plural.
    pub unit: String,
    /// The sentence it stands in.
    pub sentence: String,
    /// The line of the page.
    pub line: usize,
}

impl Limit {
    /// What is counted, whatever the word: the entries of a list have many names.
    pub fn counts(&self) -> &str {
        match self.unit.as_str() {
            "objects" | "results" | "entries" => "items",
            other => other,
        }
    }

    /// The name used in keys: `days/7`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.unit, self.number)
    }
}

/// Splits prose into sentences.
pub fn sentences(text: &str) -> Vec<&str> {
    static END: LazyLock<Regex> = LazyLock::new(|| {
        // The first letter of the next sentence is looked at and not taken.
        Regex::new(r"[.!?]\)?\s+[(\x22]?(\p{Lu}|`)").expect("pattern")
    });
    let mut found = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(end) = END.captures_at(text, at) {
        let (Some(whole), Some(first)) = (end.get(0), end.get(1)) else {
            break;
        };
        // The stop of an abbreviation ends nothing.
        let before = text.get(from..whole.start()).unwrap_or_default();
        if ["e.g", "i.e", "vs", "approx"].iter().any(|short| {
            before
                .to_lowercase()
                .strip_suffix(short)
                .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
        }) {
            at = first.start();
            continue;
        }
        let next = whole
            .as_str()
            .find(char::is_whitespace)
            .map_or(first.start(), |gap| whole.start() + gap);
        found.push(text.get(from..next).unwrap_or_default().trim());
        from = next;
        at = first.start();
    }
    found.push(text.get(from..).unwrap_or_default().trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// The statuses a text names, in order, each once.
pub fn statuses(marked: &str) -> Vec<u16> {
    let plain = marked.replace('`', "");
    let mut found: Vec<(usize, u16)> = Vec::new();
    let captured = STATUS
        .captures_iter(&plain)
        .chain(MARKED_STATUS.captures_iter(marked));
    for captures in captured {
        let Some(code) = captures.get(1) else {
            continue;
        };
        if let Ok(status) = code.as_str().parse()
            && !found.iter().any(|(_, old)| *old == status)
        {
            found.push((code.start(), status));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, status)| status).collect()
}

/// The limits a text states.
pub fn limits(text: &str, line: usize) -> Vec<Limit> {
    let plain = text.replace(['`', '*'], "");
    let mut found: Vec<Limit> = Vec::new();
    for sentence in sentences(&plain) {
        for captures in LIMIT.captures_iter(sentence) {
            let (Some(number), Some(unit)) = (captures.get(1), captures.get(2)) else {
                continue;
            };
            let Some(number) = number_of(number.as_str()) else {
                continue;
            };
            let limit = Limit {
                number,
                unit: plural(unit.as_str()),
                sentence: sentence.to_owned(),
                line,
            };
            if !found.iter().any(|old| old.name() == limit.name()) {
                found.push(limit);
            }
        }
    }
    found
}

/// Collects the limits of a page's prose and table cells.
pub fn limits_of_page(page: &Page, facts: &mut PageFacts) {
    let mut names: HashSet<String> = HashSet::new();
    for (section, block) in page.blocks() {
        if section.is(&["permissions"]) {
            continue;
        }
        let mut found = Vec::new();
        match &block.content {
            Content::Paragraph(text) => found.extend(limits(&text.marked, block.line)),
            Content::Table(table) => {
                for row in &table.rows {
                    for cell in &row.cells {
                        found.extend(limits(&cell.marked, row.line));
                    }
                }
            }
            _ => {}
        }
        for limit in found {
            if names.insert(limit.name()) {
                facts.limits.push(limit);
            }
        }
    }
}

/// Whether a text names the number, in digits or as a word.
pub fn names_number(text: &str, number: u64) -> bool {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:\d{1,3}(?:,\d{3})+|\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|fifty|hundred)\b")
            .expect("pattern")
    });
    NUMBER
        .find_iter(text)
        .any(|found| number_of(found.as_str()) == Some(number))
}

fn number_of(word: &str) -> Option<u64> {
    let words = [
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("six", 6),
        ("seven", 7),
        ("eight", 8),
        ("nine", 9),
        ("ten", 10),
        ("twelve", 12),
        ("fifteen", 15),
        ("twenty", 20),
        ("thirty", 30),
        ("fifty", 50),
        ("hundred", 100),
    ];
    let lower = word.to_lowercase();
    words
        .iter()
        .find_map(|(name, number)| (*name == lower).then_some(*number))
        .or_else(|| lower.replace([',', '.'], "").parse().ok())
}

fn plural(unit: &str) -> String {
    let unit = unit.to_lowercase();
    match unit.as_str() {
        "%" | "percent" => "percent".to_owned(),
        "kb" | "mb" | "gb" | "tb" => unit,
        "to a page" | "on a page" => "items".to_owned(),
        _ if unit.ends_with('s') => unit,
        _ => format!("{unit}s"),
    }
}

/// The words that carry meaning, lower-cased and shortened to their stem, each once, in order.
pub fn telling_words(text: &str) -> Vec<String> {
    const EMPTY: [&str; 47] = [
        "the",
        "and",
        "that",
        "this",
        "these",
        "those",
        "with",
        "for",
        "from",
        "has",
        "have",
        "was",
        "were",
        "are",
        "its",
        "been",
        "being",
        "when",
        "which",
        "into",
        "before",
        "after",
        "must",
        "can",
        "will",
        "call",
        "code",
        "response",
        "returned",
        "error",
        "also",
        "there",
        "one",
        "any",
        "you",
        "your",
        "than",
        "then",
        "what",
        "who",
        "but",
        "because",
        "does",
        "not",
        "set",
        "cannot",
        "specified",
    ];
    let text = text
        .to_lowercase()
        .replace("can't", "cannot")
        .replace("n't", " not");
    let mut found = Vec::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        if word.len() < 3 || EMPTY.contains(&word) {
            continue;
        }
        let stem = stem(word);
        if !found.contains(&stem) {
            found.push(stem);
        }
    }
    found
}

/// Cuts the endings that separate forms of one English word; exactness is not needed to compare.
fn stem(word: &str) -> String {
    let mut stem = word.replace("ll", "l");
    for ending in ["ation", "ing", "ied", "ies", "ed", "es", "e", "s", "y"] {
        if let Some(cut) = stem.strip_suffix(ending)
            && cut.len() >= 4
        {
            stem = cut.to_owned();
            break;
        }
    }
    stem
}

/// The parts of a text that no rewording changes: code, placeholders, identifiers, numbers.
pub fn anchors(text: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ANCHOR
        .captures_iter(text)
        .filter_map(|captures| captures.iter().skip(1).flatten().next())
        .map(|part| part.as_str().trim().to_lowercase())
        .filter(|part| !part.is_empty() && statuses(&format!("`{part}`")).is_empty())
        .collect();
    for limit in limits(text, 0) {
        found.insert(limit.number.to_string());
    }
    found
}

/// The anchors that the text marks as values: code, placeholders, numbers with a unit.
pub fn marked_anchors(text: &str) -> BTreeSet<String> {
    let mut marked = String::new();
    for span in text.split('`').skip(1).step_by(2) {
        marked.push_str(&["`", span, "` "].concat());
    }
    let mut found = anchors(&marked);
    found.extend(limits(text, 0).iter().map(|limit| limit.number.to_string()));
    found
}

/// How much of `words` is found in `others`, from 0 to 1.
pub fn share(words: &[String], others: &[String]) -> f64 {
    if words.is_empty() {
        return 1.0;
    }
    let found = words
        .iter()
        .filter(|word| {
            others.iter().any(|other| {
                other == *word
                    || (word.len() >= 5 && other.starts_with(word.as_str()))
                    || (other.len() >= 5 && word.starts_with(other.as_str()))
            })
        })
        .count();
    #[expect(clippy::cast_precision_loss, reason = "a text has few words")]
    let share = found as f64 / words.len() as f64;
    share
}

/// Whether two texts say the same, possibly in other words.
pub fn alike(one: &str, other: &str) -> bool {
    let (first, second) = (telling_words(one), telling_words(other));
    let mentions = |text: &str, by: &str| {
        let lower = text.to_lowercase();
        anchors(by).iter().all(|anchor| match anchor.parse() {
            Ok(number) => names_number(text, number),
            Err(_) => lower.contains(anchor),
        })
    };
    mentions(one, other)
        && mentions(other, one)
        && share(&first, &second).max(share(&second, &first)) >= 0.5
}
