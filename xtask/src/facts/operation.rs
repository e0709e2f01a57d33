//! Facts of a page that describes one call.

use std::sync::LazyLock;

use super::wording::{Condition, sentences, statuses};
use super::{PageFacts, enumerations, normal_path, tables, type_name};
use crate::documents::blocks::{Content, Text};
use crate::documents::{Page, states_access};
use regex::Regex;

static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(GET|POST|PUT|PATCH|DELETE)\s+(\S.*?)\s*(?:HTTP/\S+)?$").expect("pattern")
});
static BARE_TYPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(collection of )?(?:(?:an?|the|updated|new|specified|requested) )*([a-z][a-z0-9]*[A-Z]\w*)(?: objects?| resource| collection)?(?: is returned)? in the response body").expect("pattern")
});
static NO_BODY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?ix)
        \b(?:do\s+not|don['\u{2019}]t|must\s+not|should\s+not|shouldn['\u{2019}]t|does\s+not|doesn['\u{2019}]t)\s+
            (?:supply|provide|include|send|specify|pass|add|have|take|need|require|use|accept|support|expect)\b[^.]*\bbody
        | \b(?:takes?|has|needs?|requires?|accepts?|uses?|expects?|with)\s+no\s+(?:request\s+)?body
        | \b(?:without\s+a|no)\s+(?:request\s+)?body\b
        | \bbody\s+(?:must|should|has\s+to)\s+be\s+(?:empty|left\s+out|omitted)
        | \bbody\s+(?:is|should|can|must)\s*(?:not|n['\u{2019}]t)\b
        | \b(?:leave|omit)\b[^.]*\bbody")
    .expect("pattern")
});
static BODY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?ix)
        \bin\s+the\s+(?:request\s+)?body\b,?\s*(?:(?:you\s+)?(can|may|optionally)\s+)?(?:supply|provide|include|send|specify|pass)
        | (?:\b(can|may|optionally),?\s+)?\b(?:supply|provide|include|send|pass)\b[^.]*\bin\s+the\s+(?:request\s+)?body")
    .expect("pattern")
});
static SELECTABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`?(\$[a-zA-Z]+)`?").expect("pattern"));

/// Extracts what the page states about its call.
///
/// # Errors
/// Fails when the page shows no request at all, so that nothing it says can be attributed.
pub fn extract(page: &Page, facts: &mut PageFacts) -> Result<(), String> {
    requests(page, facts);
    if facts.paths().next().is_none() {
        return Err(
            "it is a page about a call, but shows no request line such as `POST /path`".to_owned(),
        );
    }
    for (section, block) in page.blocks() {
        match &block.content {
            Content::Paragraph(text) => prose(section.title(), text, block.line, facts),
            Content::Table(table) if enumerations::enumeration(section).is_some() => {
                let name = enumerations::enumeration(section).unwrap_or_default();
                enumerations::members(&name, table, facts);
            }
            Content::Table(table) => {
                let permitted = tables::permissions(table, facts);
                if !permitted && !tables::errors(table, facts) {
                    named_table(section.title(), table, facts);
                }
            }
            Content::Include(target) if states_access(target) => {
                let aspect = if target.contains("/permissions/") {
                    "permission"
                } else {
                    "role"
                };
                facts.elsewhere.insert(aspect);
            }
            _ => {}
        }
    }
    for example in facts.examples.clone() {
        if let Some(version) = example.version() {
            facts.state(format!("version/{version}"), "", example.line);
        }
    }
    if facts.of("response").next().is_none() {
        facts.remarks.push((
            1,
            "no response status was recognised on this page".to_owned(),
        ));
    }
    Ok(())
}

fn requests(page: &Page, facts: &mut PageFacts) {
    for (section, block) in page.blocks() {
        let Content::Code(_, body, first) = &block.content else {
            continue;
        };
        if !section.is(&["http request", "http requests"]) {
            continue;
        }
        for (offset, line) in body.lines().enumerate() {
            let Some(parts) = TEMPLATE.captures(line) else {
                if !line.trim().is_empty() {
                    facts.remarks.push((
                        first + offset,
                        format!("not understood as a request line: {line}"),
                    ));
                }
                continue;
            };
            let path = normal_path(relative(&parts[2]));
            facts.state(format!("path/{} {path}", &parts[1]), "", first + offset);
        }
    }
}

/// The path without server and version.
pub fn relative(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    };
    ["/v1.0/", "/beta/"]
        .iter()
        .find_map(|version| {
            path.starts_with(version)
                .then(|| path.get(version.len() - 1..))
                .flatten()
        })
        .unwrap_or(path)
}

fn prose(title: &str, text: &Text, line: usize, facts: &mut PageFacts) {
    if title == "permissions" {
        for role in tables::roles(&text.marked) {
            facts.state(format!("role/{role}"), "", line);
        }
    }
    if title == "optional query parameters" {
        query_options(text, line, facts);
    }
    if title == "request body"
        && let Some(asked) = sentences(&text.marked).into_iter().find_map(body_asked)
    {
        facts.state("request-body", asked, line);
    }
    for sentence in sentences(&text.marked) {
        let named = statuses(sentence);
        for status in &named {
            facts.state(format!("response/{status}"), "", line);
            if *status >= 400 {
                facts.conditions.push(Condition {
                    status: *status,
                    text: sentence.to_owned(),
                    line,
                    tabled: false,
                });
            }
        }
        let successes: Vec<u16> = named
            .into_iter()
            .filter(|status| (200..300).contains(status))
            .collect();
        if let [status] = successes.as_slice()
            && (title == "response" || sentence.to_lowercase().contains("successful"))
        {
            facts.state(
                format!("return/{status}"),
                return_type(sentence, text),
                line,
            );
        }
    }
}

/// Whether a sentence of the section on the body says that there has to be one, may be one, or is none.
pub fn body_asked(sentence: &str) -> Option<&'static str> {
    let plain = sentence.replace(['`', '*'], "");
    if NO_BODY.is_match(&plain) {
        return Some("none");
    }
    let asked = BODY.captures(&plain)?;
    let free =
        asked.get(1).or(asked.get(2)).is_some() || plain.to_lowercase().starts_with("optional");
    Some(if free { "optional" } else { "required" })
}

fn return_type(sentence: &str, text: &Text) -> String {
    let lower = sentence.to_lowercase();
    if lower.contains("no content in the response body")
        || lower.contains("no content to return")
        || lower.contains("doesn't return anything")
        || lower.contains("empty response body")
    {
        return "none".to_owned();
    }
    let plain = sentence.replace('`', "");
    let linked = text
        .links
        .iter()
        .find(|link| plain.contains(&link.words) && link.target.contains("resources/"));
    let (name, collection) = if let Some(link) = linked {
        let words = link.words.replace('*', "");
        let name = if words.contains(char::is_whitespace) {
            link.stem()
        } else {
            words
        };
        let before = plain.split(&link.words).next().unwrap_or_default();
        (name, before.contains("collection of"))
    } else if let Some(parts) = BARE_TYPE.captures(&plain) {
        (parts[2].to_owned(), parts.get(1).is_some())
    } else {
        return "none".to_owned();
    };
    let name = type_name(&name);
    if collection {
        format!("collection of {name}")
    } else {
        name
    }
}

fn query_options(text: &Text, line: usize, facts: &mut PageFacts) {
    let mut named = false;
    for captures in SELECTABLE.captures_iter(&text.marked) {
        facts.state(format!("query-option/{}", &captures[1]), "", line);
        named = true;
    }
    if !named && text.plain().contains("some of the OData query parameters") {
        facts.state("query-options", "some", line);
    }
}

fn named_table(title: &str, table: &crate::documents::blocks::Table, facts: &mut PageFacts) {
    match title {
        "request headers" => {
            for row in &table.rows {
                let name = row.cells.first().map(Text::plain).unwrap_or_default();
                let name = name.replace('*', "").trim().to_owned();
                if !name.is_empty() {
                    facts.state(format!("header/{name}"), "", row.line);
                }
            }
        }
        "request body" => tables::properties(table, "request-property", facts),
        "function parameters" => tables::properties(table, "function-parameter", facts),
        "query parameters" | "optional query parameters" => {
            for row in &table.rows {
                let name = row.cells.first().map(Text::plain).unwrap_or_default();
                if !name.trim().is_empty() {
                    facts.state(format!("query-option/{}", name.trim()), "", row.line);
                }
            }
        }
        "methods" => tables::methods(table, facts),
        _ => {}
    }
}
