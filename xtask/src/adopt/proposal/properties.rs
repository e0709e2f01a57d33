//! Properties and relationships that a page adds to a type.

use super::sources::source_of_schema;
use super::{DRAFT, Edit};
use crate::adopt::yaml::quoted;
use crate::contract::Contract;
use crate::contract::tree::Node;

impl Edit<'_, '_> {
    pub(super) fn property(self, name: &str, kind: &str, request: bool) -> Result<(), String> {
        let aspect = if request {
            "request-property"
        } else {
            "property"
        };
        let (schema_name, schema) = self.schema(request)?;
        let line = Self::properties(schema, &schema_name)?;
        let rule = |rule: &str| {
            self.situation
                .page
                .fact(&format!("{aspect}-rule/{name}/{rule}"))
                .is_some()
        };
        if rule("required") {
            return Err(
                "a required property: callers who do not give it will be refused".to_owned(),
            );
        }
        let mut lines = vec![format!("{name}:")];
        let schema = type_lines(self.situation.contract, kind)?;
        if let [reference] = schema.as_slice()
            && reference.starts_with("$ref")
        {
            lines.push(format!("  {reference}"));
        } else {
            lines.extend(schema.into_iter().map(|line| format!("  {line}")));
            for (words, keyword) in [("read-only", "readOnly"), ("nullable", "nullable")] {
                if rule(words) {
                    lines.push(format!("  {keyword}: true"));
                }
            }
            let prefix = format!("value/{name}/");
            let values: Vec<String> = self
                .situation
                .page
                .of("value")
                .filter_map(|fact| fact.key.strip_prefix(&prefix))
                .map(|value| format!("`{value}`"))
                .collect();
            let listed = if values.is_empty() {
                String::new()
            } else {
                format!(" Values: {}.", values.join(", "))
            };
            lines.push(format!(
                "  description: {}",
                quoted(&format!("{DRAFT} say what it holds.{listed}"))
            ));
        }
        let files = self.files;
        let row = files.spec.row(line);
        files.spec.add_member(row, &lines)?;
        source_of_schema(self.situation, files, &schema_name);
        Ok(())
    }

    pub(super) fn relationship(self, name: &str, kind: &str) -> Result<(), String> {
        let (schema_name, schema) = self.schema(false)?;
        let line = Self::properties(schema, &schema_name)?;
        let mut lines = vec![format!("{name}:")];
        let inner = type_lines(self.situation.contract, kind)?;
        if !kind.starts_with("collection of ") {
            return Err("a relationship to one thing: see how the service shows it".to_owned());
        }
        lines.extend(inner.into_iter().map(|line| format!("  {line}")));
        lines.push("  readOnly: true".to_owned());
        lines.push(format!(
            "  description: {}",
            quoted(&format!("{DRAFT} say what it leads to."))
        ));
        let files = self.files;
        let row = files.spec.row(line);
        files.spec.add_member(row, &lines)?;
        source_of_schema(self.situation, files, &schema_name);
        Ok(())
    }

    fn properties(schema: &Node, name: &str) -> Result<usize, String> {
        // The properties of a derived type stand in the last part of its `allOf`.
        let own = schema.get("properties").or_else(|| {
            schema
                .get("allOf")?
                .items()
                .iter()
                .rev()
                .find_map(|part| part.get("properties"))
        });
        own.map(|node| node.line)
            .ok_or_else(|| format!("the schema {name} has no properties of its own"))
    }
}

/// The schema of a type as documents name it.
pub fn type_lines(contract: &Contract, kind: &str) -> Result<Vec<String>, String> {
    if let Some(inner) = kind.strip_prefix("collection of ") {
        let mut lines = vec!["type: array".to_owned(), "items:".to_owned()];
        lines.extend(
            type_lines(contract, inner)?
                .into_iter()
                .map(|line| format!("  {line}")),
        );
        return Ok(lines);
    }
    let lines: &[&str] = match kind.to_lowercase().as_str() {
        "string" => &["type: string"],
        "datetimeoffset" => &["type: string", "format: date-time"],
        "date" => &["type: string", "format: date"],
        "guid" => &["type: string", "format: uuid"],
        "boolean" => &["type: boolean"],
        "int32" => &["type: integer", "format: int32"],
        "int64" => &["type: integer", "format: int64"],
        "double" => &["type: number", "format: double"],
        _ => {
            let (name, _) = contract.schema(kind).ok_or_else(|| {
                format!("the spec has no schema of the type {kind}: describe it first")
            })?;
            return Ok(vec![format!("$ref: '#/components/schemas/{name}'")]);
        }
    };
    Ok(lines.iter().map(|line| (*line).to_owned()).collect())
}
