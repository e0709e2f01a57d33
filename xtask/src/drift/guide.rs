//! Compares a page of prose with the spec: what it names must be known.

use std::collections::{BTreeMap, HashSet};

use super::compare::{Difference, Subject};
use super::finding::{Change, Finding};
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use crate::facts::Fact;
use crate::facts::examples::Start;
use crate::names;

impl Subject<'_> {
    /// Compares everything a guide names.
    pub fn guide(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for fact in &self.page.facts {
            match fact.aspect() {
                "role" => found.extend(self.role(fact)),
                "scope" => found.extend(self.scope(fact)),
                "cmdlet-response" => found.extend(self.cmdlet_response(fact)),
                _ => {}
            }
        }
        found.extend(self.missing_scopes());
        found.extend(self.status_values());
        for example in &self.page.examples {
            if let Start::Body(Some(cmdlet)) = &example.start {
                match self.operation_of_cmdlet(cmdlet) {
                    Some(operation) => found.extend(self.request_body(operation, example)),
                    None => found.push(self.unknown(
                        &format!("operation/{cmdlet}"),
                        example.line,
                        "a command",
                    )),
                }
            }
        }
        let text = self.contract.root.all_text();
        found.extend(self.limits(&text, &[]));
        found
    }

    fn unknown(&self, fact: &str, line: usize, says: &str) -> Finding {
        self.finding(Difference {
            change: Change::Stated,
            fact: fact.to_owned(),
            line,
            says: says.to_owned(),
            other_says: "does not know it".to_owned(),
            other_line: self.line,
            items: &[],
        })
    }

    fn role(&self, fact: &Fact) -> Option<Finding> {
        let known = self.contract.operations.iter().any(|operation| {
            operation.node.get("x-entra-roles").is_some_and(|roles| {
                roles
                    .texts()
                    .iter()
                    .any(|role| role.eq_ignore_ascii_case(fact.name()))
            })
        });
        (!known).then(|| {
            self.unknown(
                &fact.key,
                fact.line,
                &format!("requires the role {}", fact.name()),
            )
        })
    }

    fn scopes_of(operation: &Operation) -> Vec<String> {
        let Some(security) = operation.node.get("security") else {
            return Vec::new();
        };
        security
            .items()
            .iter()
            .flat_map(Node::members)
            .flat_map(|(_, scopes)| scopes.texts())
            .collect()
    }

    fn scope(&self, fact: &Fact) -> Option<Finding> {
        let known = self.contract.operations.iter().any(|operation| {
            Self::scopes_of(operation)
                .iter()
                .any(|scope| scope == fact.name())
        });
        (!known).then(|| {
            self.unknown(
                &fact.key,
                fact.line,
                &format!("names the permission {}", fact.name()),
            )
        })
    }

    /// A guide that speaks of permissions names those of the calls on the types it links to.
    fn missing_scopes(&self) -> Vec<Finding> {
        let Some(heading) = self.page.fact("permissions") else {
            return Vec::new();
        };
        let mut expected: Vec<(String, usize, String)> = Vec::new();
        for operation in &self.contract.operations {
            let linked = self.page.of("link").any(|link| {
                operation.stem == link.name()
                    || operation.stem.starts_with(&format!("{}-", link.name()))
            });
            if !linked {
                continue;
            }
            for scope in Self::scopes_of(operation) {
                if !expected.iter().any(|(name, ..)| *name == scope) {
                    expected.push((scope, operation.line, names::method(&operation.id)));
                }
            }
        }
        expected
            .into_iter()
            .filter(|(scope, ..)| self.page.fact(&format!("scope/{scope}")).is_none())
            .map(|(scope, line, item)| {
                self.finding(Difference {
                    change: Change::Unstated,
                    fact: format!("scope/{scope}"),
                    line: heading.line,
                    says: "does not name it".to_owned(),
                    other_says: format!("the calls on its types need {scope}"),
                    other_line: line,
                    items: &[item],
                })
            })
            .collect()
    }

    fn cmdlet_response(&self, fact: &Fact) -> Option<Finding> {
        let (cmdlet, status) = fact.name().rsplit_once('/')?;
        let Some(operation) = self.operation_of_cmdlet(cmdlet) else {
            return Some(self.unknown(&format!("operation/{cmdlet}"), fact.line, "a command"));
        };
        let status: u16 = status.parse().ok()?;
        let listed = operation
            .own_responses()
            .iter()
            .any(|(code, _)| *code == status);
        let attributed = self
            .ledger
            .takes_status_from(&operation.id, status, &self.name)
            != Some(false);
        if listed && attributed {
            return None;
        }
        let sources = self
            .ledger
            .sources_of_status(&operation.id, status)
            .join(", ");
        Some(self.finding(Difference {
            change: Change::Stated,
            fact: format!("response/{}/{status}", operation.id),
            line: fact.line,
            says: format!("{} answers {status}", operation.id),
            other_says: if listed {
                format!("lists {status}, but takes it from {sources}")
            } else {
                format!("does not list {status}")
            },
            other_line: operation.line,
            items: &[names::method(&operation.id)],
        }))
    }

    /// The call behind a PowerShell command: its noun is made of the path, its verb of method and action.
    fn operation_of_cmdlet(&self, cmdlet: &str) -> Option<&Operation> {
        let (verb, noun) = cmdlet.split_once(' ')?;
        let (method, action) = match verb {
            "Get" => ("GET", ""),
            "New" => ("POST", ""),
            "Update" | "Set" => ("PATCH", ""),
            "Remove" => ("DELETE", ""),
            "Stop" => ("POST", "cancel"),
            "Test" => ("POST", "validate"),
            "Move" => ("POST", "migrate"),
            _ => return None,
        };
        self.contract.operations.iter().find(|operation| {
            let mut literals: Vec<&str> = operation
                .path
                .split('/')
                .filter(|part| !part.is_empty() && !part.contains('{'))
                .collect();
            if !action.is_empty() && literals.pop() != Some(action) {
                return false;
            }
            let joined: String = literals
                .iter()
                .map(|part| part.strip_suffix('s').unwrap_or(part))
                .collect();
            operation.method == method && joined.to_lowercase().ends_with(&noun.to_lowercase())
        })
    }

    /// The values of a status table must be members of the enumeration that it is about.
    fn status_values(&self) -> Vec<Finding> {
        let mut tables: BTreeMap<&str, Vec<(&Fact, String)>> = BTreeMap::new();
        for fact in self.page.of("status-value") {
            let (title, value) = fact.name().split_once('/').unwrap_or((fact.name(), ""));
            tables.entry(title).or_default().push((fact, folded(value)));
        }
        let mut found = Vec::new();
        for rows in tables.into_values() {
            let Some((name, members, line)) = self.closest_enumeration(&rows) else {
                continue;
            };
            for (fact, value) in &rows {
                if members.iter().any(|member| folded(member) == *value) {
                    continue;
                }
                found.push(
                    self.finding(Difference {
                        change: Change::Stated,
                        fact: fact.key.clone(),
                        line: fact.line,
                        says: fact
                            .name()
                            .rsplit('/')
                            .next()
                            .unwrap_or_default()
                            .to_owned(),
                        other_says: format!("no such member of {name}"),
                        other_line: line,
                        items: &[names::type_of(&name)],
                    }),
                );
            }
        }
        found
    }

    fn closest_enumeration(
        &self,
        rows: &[(&Fact, String)],
    ) -> Option<(String, Vec<String>, usize)> {
        let schemas = self.contract.root.at("#/components/schemas")?;
        schemas
            .members()
            .iter()
            .filter_map(|(name, schema)| {
                let members = schema.get("enum")?.texts();
                let known: HashSet<String> = members.iter().map(|member| folded(member)).collect();
                let shared = rows
                    .iter()
                    .filter(|(_, value)| known.contains(value))
                    .count();
                (shared * 2 > rows.len()).then_some((shared, name.clone(), members, schema.line))
            })
            .max_by_key(|(shared, ..)| *shared)
            .map(|(_, name, members, line)| (name, members, line))
    }
}

/// Guides write statuses with a capital and in American spelling; both mean the member.
fn folded(value: &str) -> String {
    value.to_lowercase().replace("canceled", "cancelled")
}
