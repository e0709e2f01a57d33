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
            let row = self.files.spec.row(item.line);
            let written = self.files.spec.get(row).to_owned();
            if written.contains("deprecated: true") {
                return Err("the member is marked already".to_owned());
            }
            let Some(head) = written.trim_end().strip_suffix('}') else {
                return Err(format!("line {} is not written in one line", item.line));
            };
            let text = format!(
                "{head}, deprecated: true, x-ms-deprecation: {{description: {}}}}}",
                quoted(&words)
            );
            self.files.spec.replace(row, &text);
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
        let spec = &mut self.files.spec;
        let row = spec.row(line);
        if spec.get(row).contains('{') {
            return Err(format!("line {line} is written in one line"));
        }
        let lines = vec![
            "deprecated: true".to_owned(),
            "x-ms-deprecation:".to_owned(),
            format!("  description: {}", quoted(&words)),
        ];
        if spec.member(row, "deprecated").is_some() {
            return Err("it is marked already".to_owned());
        }
        let place = spec
            .member(row, "description")
            .map_or(row, |place| spec.last(place));
        let indent = spec.inner_indent(row);
        spec.insert_after(place, indent, &lines);
        Ok(())
    }
}
