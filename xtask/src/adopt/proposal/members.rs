//! Members of enumerations, values of properties, and what they mean.

use std::collections::BTreeSet;

use super::sources::source_of_schema;
use super::{DRAFT, Edit, advice, keywords};
use crate::adopt::yaml::{quoted, unquoted};
use crate::contract::Contract;
use crate::contract::tree::Node;
use crate::drift::finding::Finding;

impl Edit<'_, '_> {
    pub(super) fn enumeration(&self, name: &str) -> Result<(String, &Node), String> {
        self.situation
            .contract
            .schema(name)
            .filter(|(_, node)| node.get("enum").is_some())
            .map(|(name, node)| (name.to_owned(), node))
            .ok_or_else(|| format!("the spec has no enumeration {name}"))
    }

    pub(super) fn member(self, name: &str) -> Result<(), String> {
        let (enumeration, member) = name.split_once('/').unwrap_or((name, ""));
        let (schema, node) = self.enumeration(enumeration)?;
        let listed = node.get("enum").map(|list| list.line).unwrap_or_default();
        let described = node
            .get("x-ms-enum")
            .and_then(|extension| extension.get("values"))
            .map(|values| values.line);
        let sentinel = Some("unknownFutureValue");
        let files = self.files;
        if let Some(line) = described {
            let words = quoted(&format!("{DRAFT} say what it means."));
            let item = format!("{{value: {member}, description: {words}}}");
            let row = files.spec.row(line);
            files.spec.add_item(row, &item, sentinel)?;
        }
        let row = files.spec.row(listed);
        files.spec.add_item(row, member, sentinel)?;
        source_of_schema(self.situation, files, &schema);
        Ok(())
    }

    pub(super) fn value(self, name: &str) -> Result<(), String> {
        let (property, value) = name.split_once('/').unwrap_or((name, ""));
        for request in [false, true] {
            let Ok((schema_name, schema)) = self.schema(request) else {
                continue;
            };
            let found = self
                .situation
                .contract
                .properties(schema)
                .into_iter()
                .find(|other| other.name == property && other.node.get("$ref").is_none());
            if let Some(found) = found {
                let line = found.node.line;
                let files = self.files;
                let row = files.spec.row(line);
                files
                    .spec
                    .describe(row, &format!("{DRAFT} say what `{value}` means."))?;
                source_of_schema(self.situation, files, &schema_name);
                return Ok(());
            }
        }
        Err(format!(
            "the spec has no property {property} of its own on this page"
        ))
    }

    /// What a page says anew of members of an enumeration: the words of the spec have to follow.
    pub(super) fn meaning(self, finding: &Finding) -> Result<(), String> {
        let other = || advice("differs", "text");
        let told = told_members(self.situation.contract, &finding.says);
        if told.is_empty() {
            return Err(other());
        }
        let mut schemas = BTreeSet::new();
        for (schema, item) in told {
            let (Some(value), Some(_)) = (item.text_of("value"), item.text_of("description"))
            else {
                return Err(other());
            };
            let row = self.files.spec.row(item.line);
            let head = format!("- {{value: {value}, description: ");
            let described = self
                .files
                .spec
                .get(row)
                .trim()
                .strip_prefix(&head)
                .and_then(|rest| rest.strip_suffix('}'))
                .filter(|_| item.members().len() == 2)
                .ok_or_else(other)?;
            let text = format!(
                "{} {DRAFT} the page explains it anew. Keywords: {}.",
                unquoted(described),
                keywords(&finding.says)
            );
            let line = format!("{head}{}}}", quoted(&text));
            self.files.spec.replace(row, &line);
            schemas.insert(schema);
        }
        for schema in schemas {
            source_of_schema(self.situation, self.files, &schema);
        }
        Ok(())
    }
}

/// The described members that a passage explains: `member: …`, or `member` (…).
fn told_members<'a>(contract: &'a Contract, passage: &str) -> Vec<(String, &'a Node)> {
    let first = passage
        .split_once(':')
        .map(|(name, _)| name.trim().trim_matches('`'));
    let mut told = Vec::new();
    let schemas = contract.root.at("#/components/schemas");
    for (name, schema) in schemas.map_or(&[][..], Node::members) {
        let described = schema
            .get("x-ms-enum")
            .and_then(|extension| extension.get("values"))
            .map_or(&[][..], Node::items);
        for item in described {
            let value = item.text_of("value").unwrap_or_default();
            let explained = first == Some(value) || passage.contains(&format!("`{value}` ("));
            if explained && !value.is_empty() {
                told.push((name.clone(), item));
            }
        }
    }
    // A name that several enumerations have says nothing of which is meant.
    let names: BTreeSet<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    if names.len() == 1 { told } else { Vec::new() }
}
