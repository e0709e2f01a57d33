//! Facts of a page that describes the whole in prose.

use std::path::Path;
use std::sync::LazyLock;

use super::examples::Example;
use super::wording::statuses;
use super::{PageFacts, tables};
use crate::documents::Page;
use crate::documents::blocks::{Content, Section, Table, Text};
use regex::Regex;

static SCOPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b([A-Z][A-Za-z]+\.(?:[A-Z][A-Za-z]+\.)*(?:All|OwnedBy|Shared))\b")
        .expect("pattern")
});
static CMDLET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b([A-Z][a-z]+)-Mg(?:Beta)?(?:Migration)?([A-Z][A-Za-z]+)").expect("pattern")
});
static QUOTED_BODY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)'(\{.*?\})'").expect("pattern"));

/// Extracts what the page states; nothing in it is mandatory.
pub fn extract(page: &Page, facts: &mut PageFacts) {
    for section in &page.sections {
        let cmdlet = cmdlet(section);
        for block in &section.blocks {
            match &block.content {
                Content::Paragraph(text) => prose(text, cmdlet.as_deref(), block.line, facts),
                Content::Table(table) => {
                    let permissions = tables::permissions(table, facts);
                    if !permissions {
                        values(section.title(), table, facts);
                    }
                }
                Content::Code(language, body, first) if language == "powershell" => {
                    scopes(body, *first, facts);
                    for quoted in QUOTED_BODY
                        .captures_iter(body)
                        .filter_map(|found| found.get(1))
                    {
                        let above = body
                            .get(..quoted.start())
                            .unwrap_or_default()
                            .lines()
                            .count();
                        facts.examples.push(Example::bare(
                            quoted.as_str(),
                            first + above.saturating_sub(1),
                            cmdlet.clone(),
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    let heading = page
        .sections
        .iter()
        .find(|section| section.is(&["permissions"]));
    if let Some(section) = heading {
        facts.state("permissions", "", section.line);
    }
}

/// The call behind the PowerShell command that a section shows, as `METHOD last/segments`.
fn cmdlet(section: &Section) -> Option<String> {
    let body = section
        .blocks
        .iter()
        .find_map(|block| match &block.content {
            Content::Code(language, body, _) if language == "powershell" => Some(body),
            _ => None,
        })?;
    let parts = CMDLET.captures(body)?;
    Some(format!("{} {}", &parts[1], &parts[2]))
}

fn prose(text: &Text, cmdlet: Option<&str>, line: usize, facts: &mut PageFacts) {
    for role in tables::roles(&text.marked) {
        facts.state(format!("role/{role}"), "", line);
    }
    for link in &text.links {
        let page = Path::new(link.target.split(['?', '#']).next().unwrap_or_default());
        if page.extension().is_some_and(|extension| extension == "md")
            || link.target.contains("/resources/")
        {
            facts.state(format!("link/{}", link.stem()), "", line);
        }
    }
    scopes(&text.plain(), line, facts);
    if let Some(cmdlet) = cmdlet {
        for status in statuses(&text.marked) {
            facts.state(format!("cmdlet-response/{cmdlet}/{status}"), "", line);
        }
    }
}

fn scopes(words: &str, line: usize, facts: &mut PageFacts) {
    for captures in SCOPE.captures_iter(words) {
        facts.state(format!("scope/{}", &captures[1]), "", line);
    }
}

/// Tables whose rows are values of a status: the values, and short answers in the other columns.
fn values(title: &str, table: &Table, facts: &mut PageFacts) {
    let first = table
        .header
        .first()
        .map(Text::plain)
        .unwrap_or_default()
        .to_lowercase();
    if !first.contains("status") {
        return;
    }
    for row in &table.rows {
        let Some(value) = row.cells.first().map(Text::plain) else {
            continue;
        };
        let value = value.trim().to_owned();
        facts.state(format!("status-value/{title}/{value}"), "", row.line);
        for (heading, cell) in table.header.iter().zip(&row.cells).skip(1) {
            let heading = heading.plain().trim().to_lowercase();
            if heading != "description" {
                facts.state(
                    format!("table/{title}/{value}/{heading}"),
                    cell.plain().trim(),
                    row.line,
                );
            }
        }
    }
}
