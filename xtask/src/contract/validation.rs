//! Validates the JSON of an example against a schema of the spec.
//!
//! A general validator would not know `nullable` and `discriminator` of OpenAPI 3.0, would accept members
//! that no schema declares, and could not name the line of the violated statement; all three are the point.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Contract;
use super::tree::Node;
use regex::Regex;
use serde_json::Value;

static GUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$").expect("pattern")
});
static DATE_TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$")
        .expect("pattern")
});

/// One way in which a value departs from its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where in the value: `value[].status`.
    pub path: String,
    /// The last member of the path, to find its line in the page.
    pub member: String,
    /// A short stable word: `undeclared`, `type`, `member`, `format`, `missing`, `limit`.
    pub rule: &'static str,
    /// What the example shows.
    pub shown: String,
    /// What the schema says.
    pub expected: String,
    /// The line of the spec.
    pub line: usize,
}

/// Every violation, each kind once per path.
pub fn validate(contract: &Contract, schema: &Node, value: &Value) -> Vec<Violation> {
    let mut validator = Validator {
        contract,
        found: Vec::new(),
        known: HashSet::new(),
    };
    validator.check(schema, value, "", "", 0);
    validator.found
}

struct Validator<'a> {
    contract: &'a Contract,
    found: Vec<Violation>,
    known: HashSet<(String, &'static str, String)>,
}

impl Validator<'_> {
    fn report(
        &mut self,
        path: &str,
        member: &str,
        rule: &'static str,
        shown: String,
        expected: String,
        line: usize,
    ) {
        let violation = Violation {
            path: path.to_owned(),
            member: member.to_owned(),
            rule,
            shown,
            expected,
            line,
        };
        let mark = (violation.path.clone(), rule, violation.shown.clone());
        if self.known.insert(mark) {
            self.found.push(violation);
        }
    }

    fn check(&mut self, schema: &Node, value: &Value, path: &str, member: &str, depth: usize) {
        if depth > 64 {
            return;
        }
        let contract = self.contract;
        let line = contract.place(schema);
        let target = contract.resolve(schema);
        if value.is_null() {
            let described = target.members().iter().any(|(name, _)| name == "type");
            if described && !target.get("nullable").is_some_and(Node::is_true) {
                let expected = "not nullable".to_owned();
                self.report(path, member, "type", "null".to_owned(), expected, line);
            }
            return;
        }
        if let Some(branch) = self.branch(target, value, path, member) {
            let branch = branch.clone();
            self.check(&branch, value, path, member, depth + 1);
            return;
        }
        if target.get("oneOf").is_some() || target.get("anyOf").is_some() {
            return;
        }
        let kind = target.text_of("type").unwrap_or_default();
        let object =
            kind == "object" || target.get("allOf").is_some() || target.get("properties").is_some();
        match value {
            Value::Object(members) if object => self.object(target, members, path, depth),
            Value::Array(items) if kind == "array" => {
                let listed = u64::try_from(items.len()).unwrap_or(u64::MAX);
                let most = target.get("maxItems").and_then(Node::as_integer);
                if most.is_some_and(|most| u64::try_from(most).is_ok_and(|most| listed > most)) {
                    let expected = format!("at most {} items", most.unwrap_or_default());
                    self.report(
                        path,
                        member,
                        "limit",
                        format!("{listed} items"),
                        expected,
                        line,
                    );
                }
                if let Some(inner) = target.get("items") {
                    for item in items {
                        self.check(inner, item, &format!("{path}[]"), member, depth + 1);
                    }
                }
            }
            Value::String(text) if kind == "string" => self.text(target, text, path, member),
            Value::Bool(_) if kind == "boolean" => {}
            Value::Number(number)
                if kind == "number" || (kind == "integer" && !number.is_f64()) => {}
            _ if kind.is_empty() && !object => {}
            _ => {
                let expected = if kind.is_empty() { "object" } else { kind };
                self.report(
                    path,
                    member,
                    "type",
                    kind_of(value).to_owned(),
                    expected.to_owned(),
                    line,
                );
            }
        }
    }

    fn object(
        &mut self,
        target: &Node,
        members: &serde_json::Map<String, Value>,
        path: &str,
        depth: usize,
    ) {
        let contract = self.contract;
        let properties = contract.properties(target);
        let open = target
            .get("additionalProperties")
            .is_some_and(|node| !node.members().is_empty() || node.is_true());
        for (name, value) in members {
            let inner = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            match properties.iter().find(|property| property.name == name) {
                Some(property) => self.check(property.node, value, &inner, name, depth + 1),
                // Control information of OData may stand in any object.
                None if name.starts_with("@odata.") || name.contains("@odata.") || open => {}
                None => self.report(
                    &inner,
                    name,
                    "undeclared",
                    kind_of(value).to_owned(),
                    "no such property".to_owned(),
                    target.line,
                ),
            }
        }
        for property in properties.iter().filter(|property| property.required) {
            if !members.contains_key(property.name) {
                let inner = if path.is_empty() {
                    property.name.to_owned()
                } else {
                    format!("{path}.{}", property.name)
                };
                self.report(
                    &inner,
                    property.name,
                    "missing",
                    "absent".to_owned(),
                    "required".to_owned(),
                    property.node.line,
                );
            }
        }
    }

    fn text(&mut self, target: &Node, text: &str, path: &str, member: &str) {
        if let Some(listed) = target.get("enum") {
            let members = listed.texts();
            if !members.iter().any(|known| known == text) {
                let expected = format!("one of {}", members.join(", "));
                self.report(
                    path,
                    member,
                    "member",
                    text.to_owned(),
                    expected,
                    listed.line,
                );
            }
        }
        let (pattern, name): (&Regex, &str) = match target.text_of("format") {
            Some("uuid") => (&GUID, "a GUID"),
            Some("date-time") => (&DATE_TIME, "an RFC 3339 date and time"),
            _ => return,
        };
        if !pattern.is_match(text) {
            self.report(
                path,
                member,
                "format",
                text.to_owned(),
                name.to_owned(),
                target.line,
            );
        }
    }

    /// The branch of a union that the value's discriminator names, or the only one without complaints.
    fn branch<'n>(
        &mut self,
        target: &'n Node,
        value: &Value,
        path: &str,
        member: &str,
    ) -> Option<&'n Node> {
        let branches = target.get("oneOf").or_else(|| target.get("anyOf"))?.items();
        if let Some(discriminator) = target.get("discriminator") {
            let property = discriminator.text_of("propertyName").unwrap_or_default();
            let Some(named) = value.get(property).and_then(Value::as_str) else {
                let expected = format!("names its kind in `{property}`");
                self.report(
                    path,
                    member,
                    "missing",
                    "no discriminator".to_owned(),
                    expected,
                    discriminator.line,
                );
                return None;
            };
            let mapped = discriminator
                .get("mapping")
                .and_then(|mapping| mapping.text_of(named));
            let branch = branches
                .iter()
                .find(|branch| branch.text_of("$ref") == mapped && mapped.is_some());
            if branch.is_none() {
                let expected = "a kind that the discriminator knows".to_owned();
                self.report(
                    path,
                    member,
                    "member",
                    named.to_owned(),
                    expected,
                    discriminator.line,
                );
            }
            return branch;
        }
        branches
            .iter()
            .min_by_key(|branch| validate(self.contract, branch, value).len())
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
