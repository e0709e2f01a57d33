//! What ends: marks of deprecation.

use super::{DRAFT, Edit};
use crate::adopt::yaml::quoted;
use crate::contract::tree::Node;

impl Edit<'_, '_> {
    pub(super) fn deprecation(self, name: &str, date: &str) -> Result<(), String> {
        let contract = self.situation.contract;
        let parts: Vec<&str> = name.split('/').collect();
        let words = if date.is_empty() {
            format!("{DRAFT} say what to use instead.")
        } else {
            format!("Ends on {date}. {DRAFT} say what to use instead.")
        };
        if let ["enum", enumeration, member] = parts.as_slice() {
            let (_, node) = self.enumeration(enumeration)?;
            let item = node
                .get("x-ms-enum")
                .and_then(|extension| extension.get("values"))
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .find(|item| item.text_of("value") == Some(member))
                .ok_or("the spec does not describe this member")?;
            let line = item.line;
            let written = self.files.spec.get(line).to_owned();
            let Some(head) = written.trim_end().strip_suffix('}') else {
                return Err(format!("line {line} is not written in one line"));
            };
            let text = format!(
                "{head}, deprecated: true, x-ms-deprecation: {{description: {}}}}}",
                quoted(&words)
            );
            self.files.spec.replace(line, &text);
            return Ok(());
        }
        let line = match parts.as_slice() {
            ["page"] => match self.operation() {
                Ok(operation) => operation.line,
                Err(_) => self.schema(false)?.1.line,
            },
            ["enum", enumeration] => self.enumeration(enumeration)?.1.line,
            ["method", stem] => contract
                .operation_of_stem(stem)
                .map(|operation| operation.line)
                .ok_or("the spec has no such operation")?,
            [kind @ ("property" | "request-property"), name] => {
                let (_, schema) = self.schema(*kind == "request-property")?;
                let found = contract
                    .properties(schema)
                    .into_iter()
                    .find(|other| other.name == *name)
                    .ok_or("the spec has no such property")?;
                if found.node.get("$ref").is_some() {
                    return Err("the property is a reference, beside which nothing may stand: wrap it in `allOf`".to_owned());
                }
                found.node.line
            }
            _ => {
                return Err("mark it `deprecated: true` with `x-ms-deprecation` by hand".to_owned());
            }
        };
        if self.files.spec.get(line).contains('{') {
            return Err(format!("line {line} is written in one line"));
        }
        let lines = vec![
            "deprecated: true".to_owned(),
            "x-ms-deprecation:".to_owned(),
            format!("  description: {}", quoted(&words)),
        ];
        let place = self
            .files
            .spec
            .member(line, "description")
            .map_or(line, |place| self.files.spec.last(place));
        let indent = (line + 1..=self.files.spec.last(line))
            .find(|inner| !self.files.spec.get(*inner).trim().is_empty())
            .map_or_else(
                || self.files.spec.indent(line) + 2,
                |inner| self.files.spec.indent(inner),
            );
        self.files.spec.insert_after(place, indent, &lines);
        Ok(())
    }
}
