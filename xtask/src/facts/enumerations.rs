//! Facts of pages and sections that list the members of enumerations.
//!
//! The writers have three places for them, with one meaning: a sentence in the description of a property, a table
//! below `### jobStatus values`, and a page of its own with `## Members`.

use super::{PageFacts, deprecation};
use crate::documents::Page;
use crate::documents::blocks::{Content, Section, Table};

/// Extracts the members of a page about one enumeration, or below every heading such as `jobStatus values`.
pub fn extract(page: &Page, facts: &mut PageFacts) {
    for (section, block) in page.blocks() {
        let Content::Table(table) = &block.content else {
            continue;
        };
        if let Some(name) = enumeration(section) {
            members(&name, table, facts);
        } else if section.is(&["members"]) {
            let name = own_name(page);
            members(&name, table, facts);
        }
    }
}

/// The enumeration that a page of its own is about.
fn own_name(page: &Page) -> String {
    let title = deprecation::without(&page.title);
    title.split_whitespace().next().unwrap_or(&title).to_owned()
}

/// The enumeration whose members stand below a heading.
pub fn enumeration(section: &Section) -> Option<String> {
    let heading = deprecation::without(&section.heading);
    let (name, last) = heading.trim().rsplit_once(char::is_whitespace)?;
    (last.eq_ignore_ascii_case("values") || last.eq_ignore_ascii_case("members"))
        .then(|| name.trim().trim_matches('`').to_owned())
        .filter(|name| !name.contains(char::is_whitespace))
}

/// The rows of a table of members.
pub fn members(enumeration: &str, table: &Table, facts: &mut PageFacts) {
    for row in &table.rows {
        if let Some(cell) = row.cells.first() {
            let written = cell.plain().replace('*', "");
            let member = deprecation::without(&written);
            if member.is_empty() {
                continue;
            }
            facts.state(format!("enum/{enumeration}/{member}"), "", row.line);
            let words = row.cells.get(1).map(|cell| cell.marked.as_str());
            if let Some(date) = deprecation::stated(&written, words) {
                facts.state(
                    format!("deprecated/enum/{enumeration}/{member}"),
                    date,
                    row.line,
                );
            }
        }
    }
}
