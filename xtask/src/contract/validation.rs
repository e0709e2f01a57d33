//! Validates the JSON of an example against a schema of the spec, and names the line of the violated statement.
//!
//! The validator is the one of the tests, with schemas closed to members that nobody declared.

use std::collections::HashSet;

use super::Contract;
use super::tree::Node;
use msgraph_migrations_checks::json_schema::{
    CLOSED, Schemas, ValidationError, ValidationErrorKind as Kind, Validator,
};
use serde_json::Value;

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

/// Every violation, each kind once per path; or why the schema cannot be used.
///
/// # Errors
/// Names what is no schema.
pub fn validate(
    contract: &Contract,
    schema: &Node,
    value: &Value,
) -> Result<Vec<Violation>, String> {
    let validator = validator(contract, schema)?;
    let mut found: Vec<Violation> = Vec::new();
    let mut known = HashSet::new();
    for error in validator.iter_errors(value) {
        for violation in violations(contract, schema, value, &error) {
            let mark = (
                violation.path.clone(),
                violation.rule,
                violation.shown.clone(),
            );
            if known.insert(mark) {
                found.push(violation);
            }
        }
    }
    // What has another type breaks every other rule too.
    let mistyped: HashSet<String> = found
        .iter()
        .filter(|violation| violation.rule == "type")
        .map(|violation| violation.path.clone())
        .collect();
    found.retain(|violation| violation.rule == "type" || !mistyped.contains(&violation.path));
    Ok(found)
}

fn validator(contract: &Contract, schema: &Node) -> Result<Validator, String> {
    let schemas = contract
        .schemas
        .get_or_init(|| Schemas::closed(&contract.root.to_json()))
        .as_ref()
        .map_err(Clone::clone)?;
    schemas.validator(&schema.to_json())
}

fn violations(
    contract: &Contract,
    schema: &Node,
    value: &Value,
    error: &ValidationError<'_>,
) -> Vec<Violation> {
    let (path, member) = path(value, error.instance_path().as_str());
    let node = node(contract, schema, error.schema_path().as_str());
    let instance = error.instance();
    let one = |rule: &'static str, shown: String, expected: String, line: usize| {
        vec![Violation {
            path: path.clone(),
            member: member.clone(),
            rule,
            shown,
            expected,
            line,
        }]
    };
    let inside = |name: &str, rule: &'static str, shown: &str, expected: &str, line: usize| {
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        Violation {
            path,
            member: name.to_owned(),
            rule,
            shown: shown.to_owned(),
            expected: expected.to_owned(),
            line,
        }
    };
    match error.kind() {
        Kind::Type { .. } if instance.is_null() => one(
            "type",
            "null".to_owned(),
            "not nullable".to_owned(),
            node.line,
        ),
        Kind::Type { .. } => one(
            "type",
            kind_of(instance).to_owned(),
            node.text_of("type").unwrap_or("object").to_owned(),
            node.line,
        ),
        Kind::Enum { options } => {
            let listed = texts(options);
            let line = node.get("enum").map_or(node.line, |listed| listed.line);
            one(
                "member",
                text_of(instance),
                format!("one of {listed}"),
                line,
            )
        }
        Kind::Format { format } => one(
            "format",
            text_of(instance),
            match format.as_str() {
                "uuid" => "a GUID".to_owned(),
                "date-time" => "an RFC 3339 date and time".to_owned(),
                other => format!("a value of the format {other}"),
            },
            node.line,
        ),
        Kind::Required { property } => {
            let name = text_of(property);
            let line = contract
                .properties(node)
                .into_iter()
                .find(|property| property.name == name)
                .map_or(node.line, |property| property.node.line);
            vec![inside(&name, "missing", "absent", "required", line)]
        }
        Kind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let shown = kind_of(instance.get(name).unwrap_or(&Value::Null));
                inside(name, "undeclared", shown, "no such property", node.line)
            })
            .collect(),
        Kind::MaxItems { limit } => one(
            "limit",
            format!("{} items", instance.as_array().map_or(0, Vec::len)),
            format!("at most {limit} items"),
            node.line,
        ),
        other => one(
            "limit",
            text_of(instance),
            format!("fits `{}`", other.keyword()),
            node.line,
        ),
    }
}

/// Where a place in the value is, without the positions in lists, and the last member on the way.
fn path(value: &Value, pointer: &str) -> (String, String) {
    let (mut path, mut member) = (String::new(), String::new());
    let mut here = value;
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        if let Value::Array(items) = here {
            path.push_str("[]");
            here = name
                .parse()
                .ok()
                .and_then(|index: usize| items.get(index))
                .unwrap_or(&Value::Null);
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&name);
            here = here.get(&name).unwrap_or(&Value::Null);
            member = name;
        }
    }
    (path, member)
}

/// The statement of the spec that a place in the translated schemas stands for, or the nearest around it.
fn node<'a>(contract: &'a Contract, schema: &'a Node, place: &str) -> &'a Node {
    let place = place.replacen(CLOSED, "/components/schemas/", 1);
    let mut known = place.strip_prefix('/').map(|place| format!("#/{place}"));
    while let Some(pointer) = known {
        if pointer.starts_with("#/components/schemas/")
            && let Some(node) = contract.root.at(&pointer)
            && !node.members().is_empty()
        {
            return contract.resolve(node);
        }
        known = pointer
            .rsplit_once('/')
            .map(|(parent, _)| parent.to_owned());
    }
    contract.resolve(schema)
}

fn texts(options: &Value) -> String {
    let listed: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(text_of)
        .collect();
    listed.join(", ")
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::validate;
    use crate::contract::Contract;
    use serde_json::json;

    #[test]
    fn each_violation_names_its_rule_its_path_and_the_line_of_the_spec() {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spec.yaml");
        let text = std::fs::read_to_string(&spec).expect("the fixture spec");
        let contract = Contract::load(&spec).expect("the fixture spec");
        let (_, schema) = contract.schema("crateJobCollection").expect("a schema");
        let line = |part: &str| {
            let from = text.find("    crateJob:").expect("the schema");
            let at = from + text[from..].find(part).expect("a part");
            text[..at].matches('\n').count() + 1
        };
        let cases = [
            (
                json!({ "value": [{ "label": 3 }] }),
                "type",
                "value[].label",
                "label: {type",
            ),
            (
                json!({ "value": [{ "label": null }] }),
                "type",
                "value[].label",
                "label: {type",
            ),
            (
                json!({ "value": [{ "colour": "red" }] }),
                "undeclared",
                "value[].colour",
                "crateJob:",
            ),
            (
                json!({ "value": [{ "status": "asleep" }] }),
                "member",
                "value[].status",
                "enum: [waiting",
            ),
        ];
        for (value, rule, path, part) in cases {
            let found = validate(&contract, schema, &value).expect("a schema");
            let [one] = found.as_slice() else {
                panic!("{value}: {found:?}")
            };
            assert_eq!(
                (one.rule, one.path.as_str(), one.line),
                (rule, path, line(part)),
                "{value}: {one:?}"
            );
        }
        let right = json!({ "value": [{ "label": "x", "@odata.etag": "y" }] });
        assert_eq!(validate(&contract, schema, &right), Ok(Vec::new()));
    }
}
