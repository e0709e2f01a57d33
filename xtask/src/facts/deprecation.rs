//! What is deprecated, and when it ends.
//!
//! The writers mark titles, names in tables and headings with "(deprecated)", put a banner above a page, and say
//! in words when something stops.

use std::sync::LazyLock;

use super::{Kind, PageFacts, enumerations};
use crate::documents::Page;
use crate::documents::blocks::{Content, Table, Text};
use crate::facts::wording::sentences;
use regex::Regex;

static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\s*[\(\[]\s*deprecated\s*[\)\]]").expect("pattern"));
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:deprecat\w+|retir(?:e|es|ed|ing|ement)\b|sunset\w*|stops? (?:returning|working|supporting|accepting)|will be (?:removed|retired|discontinued|shut down)|end of (?:life|support))")
        .expect("pattern")
});
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b((?:(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+)?\d{4})|\d{1,2}\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{4}|\d{4}-\d{2}-\d{2})\b")
        .expect("pattern")
});

/// A name without its mark.
pub fn without(name: &str) -> String {
    MARK.replace_all(name, "").trim().to_owned()
}

/// Whether a name is marked, or its description says so; with the date in words, empty when none is given.
pub fn stated(name: &str, description: Option<&str>) -> Option<String> {
    let description = description.unwrap_or_default().replace(['`', '*'], "");
    let said = sentences(&description)
        .into_iter()
        .any(|sentence| WORDS.is_match(sentence) && is_about_itself(sentence));
    (MARK.is_match(name) || said).then(|| date(&description))
}

/// A description may speak of what ends elsewhere: "use this instead of the deprecated one".
fn is_about_itself(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    !lower.contains("instead of the deprecated") && !lower.contains("replaces the deprecated")
}

fn date(words: &str) -> String {
    DATE.captures(words)
        .and_then(|found| found.get(1))
        .map(|date| date.as_str().replace(',', ""))
        .unwrap_or_default()
}

/// Extracts what the page says of itself: in its title, in a banner, in a sentence.
pub fn of_page(page: &Page, facts: &mut PageFacts) {
    static CALL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:this|the)\s+(?:\S+\s+){0,3}(?:api|method|action|function|call|endpoint|operation)s?\b").expect("pattern")
    });
    static TYPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:this|the)\s+(?:\S+\s+){0,3}(?:api|resource|type|enum|enumeration|entity|object)s?\b").expect("pattern")
    });
    let titled = MARK.is_match(&page.title)
        || page
            .front_matter
            .get("toc.title")
            .is_some_and(|title| MARK.is_match(title));
    let mut found = titled.then(|| (String::new(), 1));
    let subject = match facts.kind {
        Kind::Operation => &CALL,
        _ => &TYPE,
    };
    for (section, block) in page.blocks() {
        match &block.content {
            Content::Paragraph(text) => {
                let banner = text.marked.trim_start().starts_with("[!CAUTION]");
                let ends = sentences(&text.marked).into_iter().any(|sentence| {
                    WORDS.is_match(sentence)
                        && is_about_itself(sentence)
                        && (banner || subject.is_match(sentence))
                });
                if ends {
                    let date = date(&text.marked);
                    match &mut found {
                        Some((known, _)) if known.is_empty() => *known = date,
                        Some(_) => {}
                        None => found = Some((date, block.line)),
                    }
                }
            }
            Content::Table(table) if MARK.is_match(&section.heading) => {
                if let Some(name) = enumerations::enumeration(section) {
                    let line = table.rows.first().map_or(block.line, |row| row.line);
                    facts.state(format!("deprecated/enum/{name}"), "", line);
                }
            }
            _ => {}
        }
    }
    if let Some((date, line)) = found {
        facts.state("deprecated/page", date, line);
    }
}

/// Extracts the marked rows of a table of methods.
pub fn of_methods(table: &Table, facts: &mut PageFacts) {
    let description = table.column(&["description"]);
    for row in &table.rows {
        let Some(label) = row.cells.first() else {
            continue;
        };
        let words = description
            .and_then(|column| row.cells.get(column))
            .map(|cell| cell.marked.as_str());
        if let Some(link) = label.links.first()
            && let Some(date) = stated(&Text::plain(label), words)
        {
            facts.state(format!("deprecated/method/{}", link.stem()), date, row.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{stated, without};

    #[test]
    fn marks_and_words_with_their_dates_are_recognised() {
        for (name, words, expected) in [
            ("label (deprecated)", "The name.", Some("")),
            (
                "label",
                "Deprecated. It stops returning data on August 20, 2027.",
                Some("August 20 2027"),
            ),
            (
                "label",
                "This property will be removed by 30 June 2027.",
                Some("30 June 2027"),
            ),
            ("label", "The name.", None),
            ("label", "Use it instead of the deprecated **name**.", None),
        ] {
            let found = stated(name, Some(words));
            assert_eq!(found.as_deref(), expected, "{name}: {words}");
        }
        assert_eq!(without("label (Deprecated)"), "label");
    }
}
