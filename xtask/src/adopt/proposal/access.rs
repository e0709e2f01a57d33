//! Who may make a call: permissions and roles.

use super::Edit;
use crate::contract::tree::Node;

impl Edit<'_, '_> {
    pub(super) fn role(self, name: &str) -> Result<(), String> {
        let operation = self.operation()?;
        let roles = operation
            .node
            .get("x-entra-roles")
            .map(|roles| roles.line)
            .ok_or("the operation names no roles yet")?;
        let row = self.files.spec.row(roles);
        self.files.spec.add_item(row, name, None)
    }

    pub(super) fn permission(self, name: &str, value: &str) -> Result<(), String> {
        let (kind, rank) = name.split_once('/').unwrap_or((name, ""));
        if rank != "higher" || !matches!(kind, "delegated" | "application") {
            return Err(
                "the least privileged permission is another: tokens of today may be refused"
                    .to_owned(),
            );
        }
        let operation = self.operation()?;
        let security = operation
            .node
            .get("security")
            .ok_or("the operation needs no permission yet")?;
        let known: Vec<String> = security
            .items()
            .iter()
            .flat_map(Node::members)
            .filter(|(other, _)| other == kind)
            .flat_map(|(_, scopes)| scopes.texts())
            .collect();
        let wanted: Vec<&str> = value.split(", ").collect();
        let new: Vec<&&str> = wanted
            .iter()
            .filter(|scope| !known.iter().any(|known| known == **scope))
            .collect();
        let gone = known
            .iter()
            .skip(1)
            .any(|known| !wanted.contains(&known.as_str()));
        if new.is_empty() || gone {
            return Err("a permission is gone: tokens of today may be refused".to_owned());
        }
        let line = security.line;
        for scope in new {
            let row = self.files.spec.row(line);
            self.files
                .spec
                .add_item(row, &format!("{kind}: [{scope}]"), None)?;
        }
        Ok(())
    }
}
