//! Examples of the project's own: the form is the page's, the values are not.

use std::sync::LazyLock;

use super::yaml::quoted;
use crate::contract::Contract;
use crate::contract::tree::Node;
use regex::Regex;
use serde_json::{Map, Value};

static GUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$").expect("pattern")
});
static DATE_TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d").expect("pattern"));

/// The value with the page's own words, names and ids put out of it.
pub fn own(contract: &Contract, value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(name, _)| !name.contains("@odata.") || *name == "@odata.type")
                .map(|(name, value)| (name.clone(), own(contract, value)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items
            .iter()
            .take(1)
            .map(|item| own(contract, item))
            .collect(),
        Value::String(text) => Value::String(own_text(contract, text)),
        other => other.clone(),
    }
}

fn own_text(contract: &Contract, text: &str) -> String {
    if GUID.is_match(text) {
        "3d8f1a60-52c7-4e9b-8a14-c07b6e2d95f3".to_owned()
    } else if DATE_TIME.is_match(text) {
        "2026-12-05T20:00:00Z".to_owned()
    } else if text.starts_with("#microsoft.graph.") || is_member(contract, text) {
        text.to_owned()
    } else {
        "draft".to_owned()
    }
}

/// Whether a text is the name of a member of an enumeration.
fn is_member(contract: &Contract, text: &str) -> bool {
    let schemas = contract.root.at("#/components/schemas");
    schemas
        .map_or(&[][..], Node::members)
        .iter()
        .any(|(_, schema)| {
            let listed = schema.get("enum").map_or(&[][..], Node::items);
            listed.iter().any(|member| member.as_str() == Some(text))
        })
}

/// A value as lines of YAML.
pub fn block(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) if !members.is_empty() => members
            .iter()
            .flat_map(|(name, value)| entry(&format!("{}:", key(name)), value))
            .collect(),
        Value::Array(items) if !items.is_empty() => {
            items.iter().flat_map(|item| entry("-", item)).collect()
        }
        other => vec![scalar(other)],
    }
}

fn entry(head: &str, value: &Value) -> Vec<String> {
    let lines = block(value);
    let nested = value.as_object().is_some_and(|members| !members.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if !nested {
        return vec![format!("{head} {}", lines.concat())];
    }
    std::iter::once(head.to_owned())
        .chain(lines.into_iter().map(|line| format!("  {line}")))
        .collect()
}

fn key(name: &str) -> String {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric());
    if plain { name.to_owned() } else { quoted(name) }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::block;
    use crate::contract::tree;

    #[test]
    fn a_value_is_written_as_yaml_that_says_the_same() {
        let value = serde_json::json!({
            "a": "it's", "@odata.type": "#x", "b": [{"c": 1, "d": []}, "no"], "e": {}, "f": null, "g": true
        });
        let text = block(&value).join("\n");
        let node = tree::parse(&text).expect("YAML");
        assert_eq!(node.text_of("a"), Some("it's"), "{text}");
        let b = node.get("b").expect("b").items();
        assert_eq!(
            b[0].get("c").and_then(tree::Node::as_integer),
            Some(1),
            "{text}"
        );
        assert_eq!(b[1].as_str(), Some("no"), "{text}");
        assert_eq!(node.members().len(), 6, "{text}");
    }
}
