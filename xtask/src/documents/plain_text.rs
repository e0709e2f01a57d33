//! Reads the bare text that remains when a page is copied out of a browser.
//!
//! Copying loses headings, code spans, links and cell borders. What is left is recognised by the fixed
//! vocabulary of these pages: section names on lines of their own, header rows of tables, request lines.

use std::sync::LazyLock;

use super::blocks::{Block, Content, Row, Table, Text};
use regex::Regex;

static SECTIONS: [(&str, u8); 18] = [
    ("permissions", 2),
    ("http request", 2),
    ("function parameters", 2),
    ("path parameters", 2),
    ("query parameters", 2),
    ("optional query parameters", 2),
    ("request headers", 2),
    ("request body", 2),
    ("methods", 2),
    ("properties", 2),
    ("members", 2),
    ("relationships", 2),
    ("json representation", 2),
    ("examples", 2),
    ("example", 2),
    ("related content", 2),
    ("request", 3),
    ("response", 2),
];

static TABLES: [&[&str]; 9] = [
    &[
        "Permission type",
        "Least privileged permissions",
        "Higher privileged permissions",
    ],
    &[
        "Permission type",
        "Least privileged permission",
        "Higher privileged permissions",
    ],
    &["Permission type", "Permissions"],
    &["Name", "Description"],
    &["Property", "Type", "Description"],
    &["Parameter", "Type", "Description"],
    &["Relationship", "Type", "Description"],
    &["Status code", "Description"],
    &["Method", "Return type", "Description"],
];

static REQUEST_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:(?:GET|POST|PUT|PATCH|DELETE)\s+(?:https?://|/)\S+|HTTP/\d(?:\.\d)?\s+\d{3}\b)",
    )
    .expect("pattern")
});

/// Whether the text carries the vocabulary of a copied page: two of its section names at least.
pub fn looks_copied(source: &str) -> bool {
    source
        .lines()
        .filter(|line| section_level(line).is_some())
        .take(2)
        .count()
        == 2
}

/// Splits the text into blocks.
pub fn parse(source: &str) -> Vec<Block> {
    let lines: Vec<&str> = source.lines().map(str::trim_end).collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    let mut titled = false;
    let mut in_examples = false;
    while let Some(line) = lines.get(at) {
        let number = at + 1;
        let words = line.trim();
        if words.is_empty() {
            at += 1;
        } else if let Some(level) = section_level(words) {
            let name = words.to_lowercase();
            in_examples |= name.starts_with("example");
            let level = if in_examples && matches!(name.as_str(), "request" | "response") {
                3
            } else {
                level
            };
            blocks.push(Block {
                line: number,
                content: Content::Heading(level, Text::bare(words)),
            });
            at += 1;
        } else if let Some(header) = table_header(words) {
            let (table, next) = table(&lines, at + 1, header);
            blocks.push(Block {
                line: number,
                content: Content::Table(table),
            });
            at = next;
        } else if REQUEST_LINE.is_match(words) || words == "{" {
            let next = code_end(&lines, at);
            let body = lines.get(at..next).unwrap_or_default().join("\n");
            blocks.push(Block {
                line: number,
                content: Content::Code("http".to_owned(), body, number),
            });
            at = next;
        } else {
            let content = if !titled && is_title(words, lines.get(at + 1).copied()) {
                titled = true;
                Content::Heading(1, Text::bare(words))
            } else {
                Content::Paragraph(Text::bare(words))
            };
            blocks.push(Block {
                line: number,
                content,
            });
            at += 1;
        }
    }
    blocks
}

fn section_level(line: &str) -> Option<u8> {
    let name = line.trim().to_lowercase();
    if let Some(rest) = name.strip_prefix("example ") {
        let numbered = rest.starts_with(|letter: char| letter.is_ascii_digit());
        return numbered.then_some(3);
    }
    SECTIONS
        .iter()
        .find_map(|(section, level)| (*section == name).then_some(*level))
}

/// The title is the first line that is no control of the web page ("Edit", "Share via").
fn is_title(words: &str, next: Option<&str>) -> bool {
    let control = ["edit", "share via", "table of contents", "in this article"];
    !control.contains(&words.to_lowercase().as_str())
        && next.is_none_or(|next| next.trim().is_empty())
}

fn table_header(words: &str) -> Option<&'static [&'static str]> {
    let squeezed = words.split_whitespace().collect::<Vec<_>>().join(" ");
    TABLES
        .iter()
        .find(|header| header.join(" ").eq_ignore_ascii_case(&squeezed))
        .copied()
}

fn table(lines: &[&str], from: usize, header: &'static [&'static str]) -> (Table, usize) {
    let mut table = Table {
        header: header.iter().map(|name| Text::bare(name)).collect(),
        rows: Vec::new(),
    };
    let mut at = from;
    while let Some(line) = lines.get(at) {
        if line.trim().is_empty() || section_level(line).is_some() {
            break;
        }
        table.rows.push(Row {
            line: at + 1,
            cells: cells(line, header)
                .iter()
                .map(|cell| Text::bare(cell))
                .collect(),
        });
        at += 1;
    }
    (table, at)
}

/// Cuts a row into cells: at tabs when the copy kept them, else by what the columns can hold.
fn cells(line: &str, header: &[&str]) -> Vec<String> {
    let line = line.trim();
    if line.contains('\t') {
        return line
            .split('\t')
            .map(|cell| cell.trim().to_owned())
            .collect();
    }
    if header.first() == Some(&"Permission type") {
        return permission_cells(line, header.len());
    }
    let mut words = line.splitn(2, ' ');
    let first = words.next().unwrap_or_default().to_owned();
    let rest = words.next().unwrap_or_default().trim();
    if header.first() == Some(&"Status code") {
        return status_cells(line);
    }
    if header.first() == Some(&"Method") {
        // Neither label nor type has an end that can be seen; the links that told them are lost.
        return Vec::new();
    }
    if header.len() < 3 {
        return vec![first, rest.to_owned()];
    }
    let mut words = rest.splitn(2, ' ');
    let mut kind = words.next().unwrap_or_default().to_owned();
    let mut description = words.next().unwrap_or_default().trim();
    if let Some(after) = description.strip_prefix("collection") {
        kind.push_str(" collection");
        description = after.trim();
    }
    vec![first, kind, description.to_owned()]
}

/// `409 Conflict The job …`: the reason phrase ends where the sentence begins.
fn status_cells(line: &str) -> Vec<String> {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(\d{3}(?: [A-Z][A-Za-z]+)+?)\s+((?:The|A|An|There|No|Caller|It|This)\b.*)$")
            .expect("pattern")
    });
    if let Some(parts) = STATUS.captures(line) {
        return vec![parts[1].to_owned(), parts[2].to_owned()];
    }
    let (code, rest) = line.split_once(' ').unwrap_or((line, ""));
    vec![code.to_owned(), rest.to_owned()]
}

fn permission_cells(line: &str, columns: usize) -> Vec<String> {
    let kinds = [
        "Delegated (work or school account)",
        "Delegated (personal Microsoft account)",
        "Application",
    ];
    for kind in kinds {
        if let Some(rest) = line.strip_prefix(kind) {
            let mut cells = vec![kind.to_owned()];
            cells.extend(permission_values(rest.trim(), columns - 1));
            return cells;
        }
    }
    vec![line.to_owned()]
}

/// `Not supported. Not supported.`, `Some.Scope.All Not available.`, `A.Read.All, A.Write.All B.Other`.
fn permission_values(rest: &str, columns: usize) -> Vec<String> {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"Not supported\.?|Not available\.?|N/A|[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)+(?:,\s*[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)+)*")
            .expect("pattern")
    });
    VALUE
        .find_iter(rest)
        .take(columns)
        .map(|value| value.as_str().to_owned())
        .collect()
}

/// A message ends after its headers, or after the JSON body that follows them.
fn code_end(lines: &[&str], from: usize) -> usize {
    let mut at = from;
    let mut depth = 0_i32;
    let mut seen_body = false;
    while let Some(line) = lines.get(at) {
        let words = line.trim();
        if words.is_empty() && !seen_body {
            let body_follows = lines
                .get(at + 1)
                .is_some_and(|next| next.trim().starts_with(['{', '[']));
            if !body_follows {
                return at;
            }
        } else if seen_body || words.starts_with(['{', '[']) {
            seen_body = true;
            depth += brackets(words);
            if depth <= 0 {
                return at + 1;
            }
        } else if at > from && (section_level(words).is_some() || REQUEST_LINE.is_match(words)) {
            return at;
        }
        at += 1;
    }
    at
}

fn brackets(line: &str) -> i32 {
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    for letter in line.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth
}
