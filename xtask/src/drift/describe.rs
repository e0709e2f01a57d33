//! Words for facts, statements and differences.

use super::finding::Change;
use super::statements::Statement;
use crate::facts::{Fact, PageFacts};

/// What happened, in one line.
pub fn title(change: Change, aspect: &str, name: &str, page: &str, other: &str) -> String {
    let what = subject(aspect, name);
    match change {
        Change::Stated => format!("{page}: {what} is not in the {other}"),
        Change::Unstated => format!("{page}: {what} is no longer on the page"),
        Change::Differs => format!("{page}: {what} differs from the {other}"),
    }
}

/// What a key speaks of.
pub fn subject(aspect: &str, name: &str) -> String {
    let mut parts = name.splitn(2, '/');
    let (first, rest) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    match aspect {
        "path" => format!("request `{name}`"),
        "response" => format!("status {name}"),
        "return" => format!("what {name} returns"),
        "error" => format!("condition of status {first} ({rest})"),
        "request-property" => format!("request property `{name}`"),
        "request-property-rule" => format!("rule \"{rest}\" of request property `{first}`"),
        "property" => format!("property `{name}`"),
        "property-rule" => format!("rule \"{rest}\" of property `{first}`"),
        "representation" => format!("member `{name}` of the JSON representation"),
        "enum" => format!("member `{rest}` of enum `{first}`"),
        "value" => format!("value `{rest}` of `{first}`"),
        "function-parameter" => format!("function parameter `{name}`"),
        "query-option" => format!("query option `{name}`"),
        "header" => format!("request header `{name}`"),
        "permission" => format!("{rest} privileged {first} permission"),
        "role" => format!("role \"{name}\""),
        "scope" => format!("permission `{name}`"),
        "method" => format!("method `{name}`"),
        "relationship" => format!("relationship `{name}`"),
        "version" => format!("version {name}"),
        "limit" => format!("limit of {rest} {first}"),
        "status-value" => format!("value `{rest}` of table \"{first}\""),
        "table" => format!("cell {rest} of table \"{first}\""),
        "example" => format!("example {name}"),
        "type" => format!("type `{name}`"),
        "operation" => format!("operation `{name}`"),
        "page" => "page".to_owned(),
        "base" => "base type".to_owned(),
        "request-body" => "whether there is a body".to_owned(),
        "query-options" => "support of query options".to_owned(),
        "deprecated" if name == "page" => "deprecation of what the page is about".to_owned(),
        "deprecated" => format!("deprecation of {}", subject(first, rest)),
        "text" => "the text".to_owned(),
        "ledger" => format!("ledger entry `{name}`"),
        _ if name.is_empty() => aspect.to_owned(),
        _ => format!("{aspect} {name}"),
    }
}

/// A fact in words.
pub fn fact(fact: &Fact) -> String {
    let what = subject(fact.aspect(), fact.name());
    if fact.value.is_empty() {
        what
    } else {
        format!("{what}: {}", fact.value)
    }
}

/// A value in words.
pub fn value(aspect: &str, value: &str) -> String {
    match (aspect, value) {
        (_, "") => "yes".to_owned(),
        ("return" | "method" | "request-body", "none") => "nothing".to_owned(),
        ("deprecated", words) => format!("ends: {}", words.trim().replace('\n', " ")),
        _ => value.to_owned(),
    }
}

/// A statement in words.
pub fn statement(statement: &Statement) -> String {
    let (aspect, name) = statement
        .key
        .split_once('/')
        .unwrap_or((&statement.key, ""));
    let what = subject(aspect, name);
    if statement.value.is_empty() {
        what
    } else {
        format!("{what}: {}", value(aspect, &statement.value))
    }
}

/// What the silent side has instead.
pub fn absence(aspect: &str, name: &str) -> String {
    match aspect {
        "response" => format!("does not list {name}"),
        "path" => "has no such request".to_owned(),
        "permission" | "role" | "scope" => "does not name it".to_owned(),
        "enum" | "value" | "status-value" => "does not list it".to_owned(),
        _ => "says nothing of it".to_owned(),
    }
}

/// The line at which a page would state an aspect: its neighbours', else the first.
pub fn home(page: &PageFacts, aspect: &str) -> usize {
    let neighbours: &[&str] = match aspect {
        "return" | "error" => &["response"],
        "path" => &["path", "version"],
        "enum" | "value" => &["property", "request-property"],
        "role" => &["permission"],
        other => &[other],
    };
    neighbours
        .iter()
        .chain([&aspect])
        .filter_map(|neighbour| page.facts.first_line(neighbour))
        .min()
        .unwrap_or(1)
}
