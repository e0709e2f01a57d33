//! Facts of a page that lists the members of many enumerations.

use super::PageFacts;
use crate::documents::Page;
use crate::documents::blocks::{Content, Table};

/// Extracts the members below every heading such as `jobStatus values`.
pub fn extract(page: &Page, facts: &mut PageFacts) {
    for (section, block) in page.blocks() {
        if let Content::Table(table) = &block.content
            && section.title().ends_with(" values")
        {
            members(section.title(), table, facts);
        }
    }
}

/// The rows of a table of members. The heading has lost its capitals, so the name is in lower case.
pub fn members(title: &str, table: &Table, facts: &mut PageFacts) {
    let enumeration = title.trim_end_matches(" values").to_owned();
    for row in &table.rows {
        if let Some(cell) = row.cells.first() {
            let member = cell.plain().trim().to_owned();
            if !member.is_empty() {
                facts.state(format!("enum/{enumeration}/{member}"), "", row.line);
            }
        }
    }
}
