//! The passages of a page: every sentence, cell, heading and member of an example, in a form that survives
//! rewording of what says nothing.
//!
//! What no other module recognises as a fact is at least noticed here when it changes.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::deprecation;
use super::examples::{Example, Start};
use super::normal_path;
use super::operation::{body_asked, relative};
use super::shapes;
use super::vocabulary::{Weight, Word, mark, words};
use super::wording::sentences;
use crate::documents::Page;
use crate::documents::blocks::{Content, Section, Table};
use regex::Regex;

/// Sentences that every page of the documents has, with or without them saying the same.
static BOILERPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^(?:\[!note\]\s*)?(?:note:?\s*)?(?:
            (?:the\s+following|here)\b\S*\s+(?:\S+\s+){0,6}?(?:example|sample|json\s+representation|request|response)s?\b.{0,40}$
            | this\s+(?:\S+\s+){0,3}?(?:example|sample|json\s+representation)\b.{0,40}$
            | the\s+following\s+(?:is\s+an\s+)?examples?\b.*
            | the\s+(?:example\s+)?(?:request|response)\s+(?:looks?\s+like\s+this|is\s+as\s+follows|is\s+shown\s+below)
            | .*\bshortened\s+for\s+readability.*
            | all\s+(?:of\s+)?the\s+properties\s+are\s+returned\s+from\s+an\s+actual\s+call
            | (?:the\s+following|this)\b.*\btables?\s+(?:lists?|shows?|describes?)\s+the\s+\w+
            | the\s+following\s+\w+\s+(?:are|is)\s+(?:available|supported)
            | (?:choose|pick|select)\s+the\s+(?:least\s+privileged\s+)?permissions?\b.*
            | use\s+a\s+higher\s+privileged\s+permission.*
            | for\s+details\s+about\s+delegated\s+and\s+application\s+permissions.*
            | (?:to\s+)?learn\s+more\s+about\s+(?:these\s+permissions|authentication).*
            | to\s+learn\s+more\b[^0-9]*
            | one\s+of\s+the\s+following\s+permissions\s+is\s+required.*
            | the\s+timestamp\s+type\s+represents.*\biso\s+8601\b.*\balways\s+in\s+utc(?:\s+time)?
            | (?:for\s+example|e\.g\.),?\s+midnight\s+utc.*\d{4}-\d\d-\d\dT[0-9:.]+Z
            | namespace:\s*microsoft\.graph
            | (?:for\s+(?:more|general)\s+(?:information|details)|learn\s+(?:more|how)|see(?:\s+also)?)\b[^0-9]*
        )$",
    )
    .expect("pattern")
});
static ALERT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\[!([A-Za-z]+)\]\s*").expect("pattern"));

/// A passage with its place.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The line of the page; 0 when only its marks are held.
    pub line: usize,
    /// What a person reads there; empty when only its marks are held.
    pub text: String,
    /// Its words.
    pub words: Vec<Word>,
    /// What no other module reads: a heading, a table, an alert. Empty for the rest.
    pub unread: &'static str,
}

/// Every passage of a page.
pub fn of_page(page: &Page, examples: &[Example]) -> Vec<Passage> {
    let mut found = Vec::new();
    for key in ["doc_type", "toc.title", "ROBOTS", "title"] {
        if let Some(value) = page.front_matter.get(key)
            && (key == "doc_type" || key == "ROBOTS" || value.to_lowercase().contains("deprecated"))
        {
            let mut words = words(value);
            words.push(Word::anchor(key));
            add(&mut found, 1, format!("{key}: {value}"), words, "");
        }
    }
    title(page, &mut found);
    for section in &page.written {
        of_section(section, &mut found);
    }
    for example in examples {
        of_example(example, &mut found);
    }
    found
}

/// The sentences of a text, those that a semicolon joins apart.
fn clauses(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for sentence in sentences(text) {
        let mut from = 0;
        for (at, _) in sentence.match_indices("; ") {
            let before = sentence.get(from..at).unwrap_or_default();
            // Inside of code it separates other things.
            if before.matches('`').count() % 2 == 0 {
                found.push(before.trim());
                from = at + 1;
            }
        }
        found.push(sentence.get(from..).unwrap_or_default().trim());
    }
    found.retain(|clause| !clause.is_empty());
    found
}

/// What the page is about: beside its path, nothing else says what an action is called.
fn title(page: &Page, found: &mut Vec<Passage>) {
    let line = page
        .written
        .iter()
        .find(|section| section.heading == page.title)
        .map_or(1, |section| section.line);
    let mut words = words(&deprecation::without(&page.title));
    words.push(Word {
        weight: Weight::Row,
        ..Word::anchor("title")
    });
    add(found, line, page.title.clone(), words, "");
}

fn add(
    found: &mut Vec<Passage>,
    line: usize,
    text: String,
    mut words: Vec<Word>,
    unread: &'static str,
) {
    // To deny twice is not to deny once.
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for word in words.iter_mut().filter(|word| word.weight == Weight::Polar) {
        let count = counts.entry(word.mark).or_default();
        *count += 1;
        if *count > 1 {
            word.text = format!("{} ({count})", word.text);
            word.mark = mark(&word.text);
        }
    }
    words.sort_by_key(|word| (word.weight, word.mark));
    if !words.is_empty() {
        found.push(Passage {
            line,
            text,
            words,
            unread,
        });
    }
}

/// Sections that only lead elsewhere.
fn leads_elsewhere(section: &Section) -> bool {
    section.is(&[
        "related content",
        "see also",
        "next steps",
        "next step",
        "in this article",
        "feedback",
        "additional resources",
    ])
}

fn of_section(section: &Section, found: &mut Vec<Passage>) {
    if leads_elsewhere(section) {
        // Only links lead elsewhere; what is said beside them is said.
        for block in &section.blocks {
            if let Content::Paragraph(text) = &block.content
                && text.links.is_empty()
            {
                paragraph(&text.marked, block.line, found);
            }
        }
        return;
    }
    if !section.title().is_empty() {
        let unread = if known_heading(section) {
            ""
        } else {
            "heading"
        };
        if section.titles.len() > 1 && !unread.is_empty() || section.title().contains("deprecated")
        {
            add(
                found,
                section.line,
                section.title().to_owned(),
                words(section.title()),
                unread,
            );
        }
    }
    for block in &section.blocks {
        match &block.content {
            Content::Paragraph(text) if says_nothing(section, &text.marked) => {}
            Content::Paragraph(text) if denies_body(section, &text.marked) => {
                let words = vec![Word::anchor("no request body")];
                add(found, block.line, text.marked.clone(), words, "");
            }
            Content::Paragraph(text) => paragraph(&text.marked, block.line, found),
            Content::Table(table) => cells(section, table, found),
            Content::Include(target) => include(target, block.line, found),
            Content::Comment(inside) => declared(inside, block.line, found),
            Content::Code(language, body, first) => {
                code(section, language, body, *first, found);
            }
            _ => {}
        }
    }
}

/// That a call takes no body, in whatever words.
fn denies_body(section: &Section, marked: &str) -> bool {
    section.is(&["request body"])
        && sentences(marked).len() == 1
        && body_asked(marked) == Some("none")
}

/// What a section says that has nothing to list.
fn says_nothing(section: &Section, marked: &str) -> bool {
    section.is(&["relationships", "properties", "methods"])
        && marked
            .trim()
            .trim_end_matches('.')
            .eq_ignore_ascii_case("none")
}

fn known_heading(section: &Section) -> bool {
    let title = section.title();
    section.titles.len() == 1
        || title.starts_with("example")
        || title.starts_with("error")
        || title.ends_with(" values")
        || section.is(&[
            "permissions",
            "http request",
            "http requests",
            "request headers",
            "request body",
            "response",
            "responses",
            "request",
            "function parameters",
            "path parameters",
            "query parameters",
            "optional query parameters",
            "methods",
            "tasks",
            "properties",
            "members",
            "relationships",
            "json representation",
        ])
}

fn paragraph(marked: &str, line: usize, found: &mut Vec<Passage>) {
    let label = ALERT.captures(marked).map(|alert| alert[1].to_lowercase());
    let text = ALERT.replace(marked, "");
    let is = |names: &[&str]| label.as_deref().is_some_and(|label| names.contains(&label));
    let (quiet, loud) = (is(&["tip"]), label.is_some() && !is(&["note", "tip"]));
    for sentence in clauses(&text) {
        let plain = sentence.replace(['`', '*'], "");
        if BOILERPLATE.is_match(plain.trim().trim_end_matches(['.', ':'])) {
            continue;
        }
        let mut all = match quoted(&plain) {
            Some(value) => vec![Word::anchor(&value.to_lowercase())],
            None => words(sentence),
        };
        // Advice that names nothing of the API states nothing.
        if quiet && all.iter().all(|word| word.weight == Weight::Plain) {
            continue;
        }
        if loud && let Some(label) = &label {
            all.push(Word::anchor(&format!("alert {label}")));
        }
        add(
            found,
            line,
            sentence.to_owned(),
            all,
            if loud { "alert" } else { "" },
        );
    }
}

/// The value that is all that an item of a list says.
fn quoted(item: &str) -> Option<&str> {
    let value = item.trim().strip_prefix('"')?.strip_suffix('"')?;
    (!value.is_empty() && value.chars().all(char::is_alphanumeric)).then_some(value)
}

fn cells(section: &Section, table: &Table, found: &mut Vec<Passage>) {
    let members = table.column(&["member", "value"]) == Some(0)
        || section.title().ends_with(" values")
        || section.is(&["members"]);
    let unread = if known_table(section, table) {
        ""
    } else {
        "table"
    };
    for row in &table.rows {
        let Some(name) = row.cells.first() else {
            continue;
        };
        let name = name.plain().replace('*', "").trim().to_lowercase();
        let is_deprecated = name.contains("deprecated");
        let name = deprecation::without(&name);
        for (column, cell) in row.cells.iter().enumerate() {
            let heading = table
                .header
                .get(column)
                .map(|heading| heading.plain().trim().to_lowercase())
                .unwrap_or_default();
            // A name says which row it is, a short cell is a value, a long one is prose.
            if column == 0 {
                // The members of an enumeration may as well stand in a sentence.
                let mut words = if members {
                    vec![Word::anchor(name.split(' ').next().unwrap_or_default())]
                } else {
                    vec![Word::anchor(&format!("row {}", in_few_words(&name)))]
                };
                if is_deprecated {
                    words.push(Word {
                        weight: Weight::Ending,
                        ..Word::anchor("deprecated")
                    });
                }
                add(found, row.line, cell.marked.clone(), words, unread);
                continue;
            }
            let key = Word {
                weight: Weight::Row,
                ..Word::anchor(&format!("in {}", in_few_words(&name)))
            };
            for sentence in clauses(&cell.marked) {
                let plain = sentence.replace(['`', '*'], "");
                if BOILERPLATE.is_match(plain.trim().trim_end_matches(['.', ':'])) {
                    continue;
                }
                let mut all = words(sentence);
                if plain.split_whitespace().count() <= 3 && heading != "description" {
                    for word in &mut all {
                        word.weight = Weight::Anchor;
                    }
                }
                if all.is_empty() {
                    continue;
                }
                all.push(key.clone());
                let shown = format!("{}: {sentence}", row.cells[0].plain());
                add(found, row.line, shown, all, unread);
            }
        }
    }
}

/// The name of a row; where it is a sentence, its words in one form each.
fn in_few_words(name: &str) -> String {
    if name.split_whitespace().count() <= 3 {
        return name.to_owned();
    }
    let marks: Vec<String> = words(name)
        .iter()
        .map(|word| word.mark.to_string())
        .collect();
    marks.join(" ")
}

fn known_table(section: &Section, table: &Table) -> bool {
    let first = table
        .header
        .first()
        .map(|cell| cell.plain().trim().to_lowercase())
        .unwrap_or_default();
    known_heading(section)
        || first.contains("status")
        || matches!(
            first.as_str(),
            "permission type" | "property" | "member" | "parameter" | "name" | "method"
        )
}

fn include(target: &str, line: usize, found: &mut Vec<Passage>) {
    if target.contains("/snippets/") || target.contains("table-intro") {
        return;
    }
    let stem = crate::documents::blocks::stem_of(target);
    let text = format!("include {stem}");
    let words = vec![Word::anchor(&text)];
    add(found, line, text, words, "");
}

/// What the comment beside the form of a type declares about it.
fn declared(inside: &str, line: usize, found: &mut Vec<Passage>) {
    let Ok(comment) = serde_json::from_str::<serde_json::Value>(inside) else {
        return;
    };
    if comment["blockType"] != "resource" {
        return;
    }
    for (member, usual) in [
        ("baseType", "microsoft.graph.entity"),
        ("openType", "false"),
    ] {
        let value = match &comment[member] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            _ => continue,
        };
        // Many pages leave out what is usual.
        if value != usual {
            let text = format!("{member}: {value}");
            let words = vec![Word::anchor(&text.to_lowercase())];
            add(found, line, text, words, "");
        }
    }
}

fn code(section: &Section, language: &str, body: &str, first: usize, found: &mut Vec<Passage>) {
    let request = section.is(&["http request", "http requests"]);
    if !request && matches!(language, "" | "http" | "https" | "json" | "jsonc") {
        return;
    }
    for (offset, line) in body.lines().enumerate() {
        let mut all = if request {
            let Some((method, path)) = line.trim().split_once(char::is_whitespace) else {
                continue;
            };
            let path = normal_path(relative(path.trim()));
            vec![Word::anchor(&format!("{method} {}", path.to_lowercase()))]
        } else {
            words(&format!("`{}`", shapes::form_of_line(line)))
        };
        all.dedup_by(|one, other| one == other);
        add(found, first + offset, line.trim().to_owned(), all, "");
    }
}

/// The form of an example; what it only illustrates may be another in the next edition.
fn of_example(example: &Example, found: &mut Vec<Passage>) {
    let kind = match &example.start {
        Start::Request(..) => "request",
        Start::Response(_) => "response",
        Start::Body(_) => "body",
    };
    if let Some(Err(_)) = &example.body {
        for (offset, line) in example.text.lines().enumerate() {
            add(
                found,
                example.line + offset,
                line.trim().to_owned(),
                words(&format!("`{line}`")),
                "",
            );
        }
        return;
    }
    for (member, form) in shapes::of_example(example) {
        let line = example.line_of(shapes::last_member(&member));
        let words = vec![
            Word::anchor(&format!("{kind} {member}")),
            Word::anchor(&form),
        ];
        add(found, line, format!("{kind} {member}: {form}"), words, "");
    }
}
