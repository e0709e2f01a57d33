//! Tables that have the same form on every kind of page.

use std::sync::LazyLock;

use super::{PageFacts, deprecation, type_name};
use crate::documents::blocks::{Table, Text};
use crate::facts::wording::{Condition, statuses};
use regex::Regex;

static POSSIBLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)\b(?:
            (?:possible|supported|allowed|valid|accepted|permitted|available)\s+(?:\w+\s+)?(?:are|include|is)\b:?
            | (?:possible|supported|allowed|valid|accepted|permitted)\s+\w+:
            | (?:one|any)\s+of(?:\s+the\s+following)?(?:\s+(?:values|members|strings|types))?:
            | (?:one|any)\s+of\s+the\s+following(?:\s+(?:values|members|strings|types))?
            )\s*(.*)",
    )
    .expect("pattern")
});
static ONE_OF: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:can be|must be|one of|either)\s+(`[^`]+`(?:,|\s+or|\s+and)\s.*)")
        .expect("pattern")
});
/// Names of which one has to be given are no values.
static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:one of|either)\s+`[^.]*`[^.]*\b(?:must|have to|has to|needs to|should|can|may) be (?:specified|provided|supplied|given|set|present|included|used)\b",
    )
    .expect("pattern")
});
static ONLY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b[Oo]nly (`[^`]+`(?:(?:,| and|, and) `[^`]+`)*|[A-Z]\w+) (?:is|are)\b[^.]*\bsupported",
    )
    .expect("pattern")
});
static MARKED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`([^`]+)`").expect("pattern"));
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z][A-Za-z0-9]*$").expect("pattern"));

/// The permission table: who may call with which scope.
pub fn permissions(table: &Table, facts: &mut PageFacts) -> bool {
    if table.column(&["permission type"]) != Some(0) {
        return false;
    }
    for row in &table.rows {
        let Some(kind) = row
            .cells
            .first()
            .and_then(|cell| permission_kind(&cell.plain()))
        else {
            facts.remarks.push((
                row.line,
                "a row of the permission table names no known kind of permission".to_owned(),
            ));
            continue;
        };
        for (cell, rank) in row.cells.iter().skip(1).zip(["least", "higher"]) {
            facts.state(
                format!("permission/{kind}/{rank}"),
                scopes(&cell.plain()),
                row.line,
            );
        }
        if row.cells.len() < 2 {
            facts.remarks.push((
                row.line,
                "a row of the permission table has no permissions".to_owned(),
            ));
        }
    }
    if table.header.len() < 3 {
        facts.elsewhere.insert("permission-higher");
    }
    true
}

fn permission_kind(cell: &str) -> Option<&'static str> {
    let cell = cell.to_lowercase();
    if cell.contains("personal") {
        Some("personal")
    } else if cell.contains("delegated") {
        Some("delegated")
    } else if cell.contains("application") {
        Some("application")
    } else {
        None
    }
}

/// Scopes in alphabetical order, or `none`.
pub fn scopes(cell: &str) -> String {
    let mut names: Vec<&str> = cell
        .split([',', ';'])
        .map(|name| name.trim().trim_end_matches('.'))
        .filter(|name| name.contains('.'))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The roles of the directory that a text names.
pub fn roles(text: &str) -> Vec<String> {
    static ROLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"((?:(?:[A-Z][A-Za-z]*|M?365) ){1,4})[Aa]dministrators?\b").expect("pattern")
    });
    let plain = text.replace(['`', '*'], "");
    let mut found = Vec::new();
    for captures in ROLE.captures_iter(&plain) {
        let Some(name) = captures.get(1) else {
            continue;
        };
        let name = name
            .as_str()
            .replace("M365", "365")
            .split_whitespace()
            .filter(|word| !["The", "A", "An", "Or", "And", "Typically"].contains(word))
            .collect::<Vec<_>>()
            .join(" ");
        if name.is_empty() {
            continue;
        }
        let role = format!("{name} Administrator");
        if !found.contains(&role) {
            found.push(role);
        }
    }
    found
}

/// A table of properties: names, types, rules and values.
pub fn properties(table: &Table, aspect: &str, facts: &mut PageFacts) {
    let name_column = table
        .column(&["property", "parameter", "relationship", "name", "member"])
        .unwrap_or(0);
    let Some(type_column) = table.column(&["type"]) else {
        return;
    };
    let description_column = table.column(&["description"]);
    for row in &table.rows {
        let name = row
            .cells
            .get(name_column)
            .map(Text::plain)
            .unwrap_or_default();
        let written = name.replace('*', "");
        let name = deprecation::without(&written);
        let kind = row
            .cells
            .get(type_column)
            .map_or_else(|| "none".to_owned(), |cell| type_name(&cell.marked));
        if name.is_empty() || kind == "none" {
            facts.remarks.push((
                row.line,
                format!("a row of the {aspect} table lacks its name or type"),
            ));
            continue;
        }
        facts.state(format!("{aspect}/{name}"), kind.clone(), row.line);
        let description = description_column.and_then(|column| row.cells.get(column));
        let words = description.map(|cell| cell.marked.as_str());
        if let Some(date) = deprecation::stated(&written, words) {
            facts.state(format!("deprecated/{aspect}/{name}"), date, row.line);
        }
        if let Some(description) = description {
            rules(&name, &kind, aspect, &description.marked, row.line, facts);
        }
    }
}

/// The rules and values that stand in a property's description.
fn rules(
    name: &str,
    kind: &str,
    aspect: &str,
    description: &str,
    line: usize,
    facts: &mut PageFacts,
) {
    let says = |words: &str| {
        crate::facts::wording::sentences(description)
            .iter()
            .any(|sentence| {
                let sentence = sentence.trim_end_matches('.').to_lowercase();
                sentence == words || sentence.starts_with(&format!("{words},"))
            })
    };
    for (words, rule) in [
        ("required", "required"),
        ("optional", "optional"),
        ("read-only", "read-only"),
        ("nullable", "nullable"),
    ] {
        if says(words) {
            facts.state(format!("{aspect}-rule/{name}/{rule}"), "", line);
        }
    }
    let values = possible_values(description);
    let enumeration = kind.strip_prefix("collection of ").unwrap_or(kind);
    let is_text = enumeration.eq_ignore_ascii_case("string");
    for value in values {
        if is_text {
            facts.state(format!("value/{name}/{value}"), "", line);
        } else {
            facts.state(format!("enum/{enumeration}/{value}"), "", line);
        }
    }
}

/// The values that a description enumerates.
pub fn possible_values(description: &str) -> Vec<String> {
    let list = POSSIBLE
        .captures(description)
        .or_else(|| {
            ONE_OF
                .captures(description)
                .filter(|_| !CHOICE.is_match(description))
        })
        .and_then(|captures| captures.get(1));
    let behind = behind_a_preference(description);
    if let Some(list) = list {
        let mut values = listed(list.as_str());
        // Members that only those get who ask for them are members all the same.
        values.extend(behind);
        return values;
    }
    if !behind.is_empty() {
        return behind;
    }
    let Some(only) = ONLY
        .captures(description)
        .and_then(|captures| captures.get(1))
    else {
        return Vec::new();
    };
    only.as_str()
        .split([',', ' '])
        .map(|part| part.trim_matches('`').to_owned())
        .filter(|value| WORD.is_match(value) && value != "and")
        .collect()
}

/// The values of the first sentence of a list. The marks of a value are often forgotten.
fn listed(list: &str) -> Vec<String> {
    static ASIDE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\([^)]*\)").expect("pattern"));
    let mut values = Vec::new();
    let end = crate::facts::wording::sentences(list)
        .first()
        .map_or(list.len(), |first| first.len());
    let list = ASIDE.replace_all(list.get(..end).unwrap_or(list), "");
    for part in list
        .split([',', ';'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" or "))
    {
        let part = part.trim();
        let part = part
            .strip_prefix("and ")
            .or_else(|| part.strip_prefix("or "))
            .unwrap_or(part);
        let marked: Vec<&str> = MARKED
            .captures_iter(part)
            .filter_map(|captures| Some(captures.get(1)?.as_str()))
            .collect();
        if marked.is_empty() {
            let bare = part.trim().trim_end_matches('.');
            if WORD.is_match(bare) {
                values.push(bare.to_owned());
            }
        } else {
            let words = marked.into_iter().filter(|value| WORD.is_match(value));
            values.extend(words.map(str::to_owned));
        }
    }
    values
}

/// The members after "Use the `Prefer: include-unknown-enum-members` request header to get …".
fn behind_a_preference(description: &str) -> Vec<String> {
    let Some((_, rest)) = description.split_once("include-unknown-enum-members") else {
        return Vec::new();
    };
    let end = crate::facts::wording::sentences(rest)
        .first()
        .map_or(rest.len(), |first| first.len());
    let rest = rest.get(..end).unwrap_or(rest);
    let rest = rest.split_once(':').map_or(rest, |(_, list)| list);
    MARKED
        .captures_iter(rest)
        .filter_map(|captures| captures.get(1))
        .map(|value| value.as_str().to_owned())
        .filter(|value| WORD.is_match(value))
        .collect()
}

/// A table of error statuses.
pub fn errors(table: &Table, facts: &mut PageFacts) -> bool {
    let Some(code_column) = table.column(&[
        "status code",
        "http status code",
        "response code",
        "error code",
        "http response code",
        "http response",
        "code",
        "http status",
        "http code",
        "status",
        "response",
    ]) else {
        return false;
    };
    let text_columns: Vec<usize> = [
        table.column(&["scenario"]),
        table.column(&[
            "description",
            "message",
            "error message",
            "meaning",
            "cause",
            "reason",
            "condition",
            "details",
            "explanation",
            "when",
        ]),
    ]
    .into_iter()
    .flatten()
    .collect();
    if text_columns.is_empty() {
        return false;
    }
    let coded = |text: &Text| {
        let plain = text.plain();
        let bare = plain
            .trim()
            .parse::<u16>()
            .ok()
            .filter(|code| (100..600).contains(code));
        bare.or_else(|| statuses(&format!("`{}`", plain.trim())).first().copied())
    };
    let mut found = false;
    for row in &table.rows {
        let Some(status) = row.cells.get(code_column).and_then(coded) else {
            if found || table.column(&["status code"]).is_some() {
                facts.remarks.push((
                    row.line,
                    "a row of the error table names no status code".to_owned(),
                ));
            }
            continue;
        };
        found = true;
        let text: Vec<&str> = text_columns
            .iter()
            .filter_map(|column| row.cells.get(*column))
            .map(|cell| cell.marked.as_str())
            .collect();
        facts.state(format!("response/{status}"), "", row.line);
        facts.conditions.push(Condition {
            status,
            text: text.join(". "),
            line: row.line,
            tabled: true,
        });
    }
    found
}

/// A table of methods: each links to a page and names what it returns.
pub fn methods(table: &Table, facts: &mut PageFacts) {
    deprecation::of_methods(table, facts);
    let Some(return_column) = table.column(&["return type"]) else {
        return;
    };
    for row in &table.rows {
        let label = row.cells.first();
        let Some(link) = label.and_then(|cell| cell.links.first()) else {
            let words = label.map(Text::plain).unwrap_or_default();
            let heading = row.cells.iter().skip(1).all(|cell| cell.marked.is_empty());
            if !heading && !words.trim().is_empty() {
                facts.state(
                    format!("method/{}", words.trim().to_lowercase()),
                    returned(row.cells.get(return_column)),
                    row.line,
                );
            }
            continue;
        };
        facts.state(
            format!("method/{}", link.stem()),
            returned(row.cells.get(return_column)),
            row.line,
        );
    }
}

fn returned(cell: Option<&Text>) -> String {
    cell.map_or_else(|| "none".to_owned(), |cell| type_name(&cell.marked))
}
