//! Facts of a page that describes one type.

use std::sync::LazyLock;

use super::examples::Example;
use super::{PageFacts, deprecation, enumerations, tables, type_name};
use crate::documents::blocks::Content;
use crate::documents::{Layout, Page};
use regex::Regex;
use serde_json::Value;

static BASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Inherits from|Inherits properties from) \*{0,2}([A-Za-z0-9]+)")
        .expect("pattern")
});

/// Extracts what the page states about its type.
///
/// # Errors
/// Fails when neither a table of properties nor a JSON representation was found.
pub fn extract(page: &Page, facts: &mut PageFacts) -> Result<(), String> {
    let name = declared_type(page).unwrap_or_else(|| {
        let title = deprecation::without(&page.title);
        let title = title.trim_end_matches("resource type").trim();
        title.split_whitespace().next().unwrap_or(title).to_owned()
    });
    facts.state("type", name, 1);
    for (section, block) in page.blocks() {
        match &block.content {
            Content::Paragraph(text) => {
                if let Some(parts) = BASE.captures(text.marked.trim()) {
                    facts.state("base", type_name(&parts[1]), block.line);
                }
            }
            Content::Table(table) => match section.title() {
                "properties" => tables::properties(table, "property", facts),
                "relationships" => tables::properties(table, "relationship", facts),
                "methods" | "tasks" => tables::methods(table, facts),
                _ if enumerations::enumeration(section).is_some() => {
                    let name = enumerations::enumeration(section).unwrap_or_default();
                    enumerations::members(&name, table, facts);
                }
                _ if table.column(&["property"]) == Some(0) => {
                    tables::properties(table, "property", facts);
                }
                _ => {}
            },
            _ => {}
        }
    }
    // The methods of a page are told apart by their links, which a copied text has lost.
    if page.layout == Layout::Web && page.source.is_none() {
        facts.elsewhere.insert("method");
    }
    let stated = facts.of("property").next().is_some();
    let representation = facts
        .examples
        .iter()
        .find(|example| example.is_representation());
    let shown = match representation.cloned() {
        Some(example) => represent(&example, facts),
        None => false,
    };
    let empty = page
        .blocks()
        .any(|(section, block)| section.is(&["properties"]) && matches!(&block.content, Content::Paragraph(text) if text.plain().trim_end_matches('.') == "None"));
    if stated || shown || empty {
        Ok(())
    } else {
        Err("it is a page about a type, but has neither a table of properties nor a JSON representation".to_owned())
    }
}

fn declared_type(page: &Page) -> Option<String> {
    page.blocks().find_map(|(_, block)| {
        let Content::Comment(inside) = &block.content else {
            return None;
        };
        let annotation: Value = serde_json::from_str(inside).ok()?;
        if annotation.get("blockType")?.as_str()? != "resource" {
            return None;
        }
        let name = annotation.get("@odata.type")?.as_str()?;
        Some(name.rsplit('.').next().unwrap_or(name).to_owned())
    })
}

fn represent(example: &Example, facts: &mut PageFacts) -> bool {
    let Some(Ok(Value::Object(members))) = &example.body else {
        return false;
    };
    for (name, value) in members {
        if !name.starts_with('@') {
            facts.state(
                format!("representation/{name}"),
                shown_type(value),
                example.line_of(name),
            );
        }
    }
    true
}

/// The type that a value of a JSON representation stands for.
fn shown_type(value: &Value) -> String {
    match value {
        Value::String(words) => match words.as_str() {
            "String (timestamp)" => "DateTimeOffset".to_owned(),
            "String (identifier)" => "String".to_owned(),
            other => {
                let mut letters = other.chars();
                letters
                    .next()
                    .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
                    .unwrap_or_default()
            }
        },
        Value::Array(items) => {
            let inner = items.first().map_or_else(|| "none".to_owned(), shown_type);
            format!("collection of {inner}")
        }
        Value::Object(members) => members
            .get("@odata.type")
            .and_then(Value::as_str)
            .map_or_else(
                || "object".to_owned(),
                |name| type_name(name.trim_start_matches('#')),
            ),
        Value::Bool(_) => "Boolean".to_owned(),
        Value::Number(_) => "Number".to_owned(),
        Value::Null => "null".to_owned(),
    }
}
