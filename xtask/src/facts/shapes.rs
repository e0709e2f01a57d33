//! The form of an example: what stays when ids, dates and names are replaced by others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::facts::examples::{Example, Start};
use regex::{Captures, Regex};
use serde_json::Value;

static CHARSET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\s*;\s*charset\s*=\s*"?utf-?8"?"#).expect("pattern"));

/// Headers that come with every exchange and say nothing of a call.
const TRANSPORT: [&str; 8] = [
    "connection",
    "content-length",
    "date",
    "host",
    "request-id",
    "server",
    "transfer-encoding",
    "user-agent",
];

/// A member of an object or an argument of a command, with its value.
static GIVEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(["-])([A-Za-z]\w*)("?:?\s+)"([^"]*)""#).expect("pattern"));

/// A line of code without the values that stand for any other.
pub fn form_of_line(line: &str) -> String {
    GIVEN
        .replace_all(line, |given: &Captures<'_>| {
            let (start, member, middle, value) = (&given[1], &given[2], &given[3], &given[4]);
            let kept = form_of_text(member, value) != "string";
            format!(
                "{start}{member}{middle}\"{}\"",
                if kept { value } else { "" }
            )
        })
        .into_owned()
}

/// Each member of an example with its kind, or its value where the value is a word of the API.
pub fn of_example(example: &Example) -> BTreeMap<String, String> {
    let mut shape = BTreeMap::new();
    match &example.start {
        Start::Request(method, target) => {
            let path = example.path().unwrap_or(target);
            shape.insert(
                "request".to_owned(),
                format!("{method} {}", form_of_path(path)),
            );
            if let Some(server) = server(target) {
                shape.insert("server".to_owned(), server.to_lowercase());
            }
            if let Some(version) = example.version() {
                shape.insert("version".to_owned(), version.to_owned());
            }
        }
        Start::Response(status) => {
            shape.insert("status".to_owned(), status.to_string());
        }
        Start::Body(_) => {}
    }
    let said = |name: &str| !TRANSPORT.contains(&name.to_lowercase().as_str());
    for (name, value) in example.headers.iter().filter(|(name, _)| said(name)) {
        let value = value.to_lowercase();
        // JSON has one character set, whether an example names it or not.
        let value = CHARSET.replace(&value, "").into_owned();
        shape.insert(format!("header {}", name.to_lowercase()), value);
    }
    match &example.body {
        Some(Ok(value)) => members(value, "body", &mut shape),
        Some(Err(_)) => {
            shape.insert("body".to_owned(), "no JSON".to_owned());
        }
        None => {}
    }
    shape
}

/// The server that an example calls, where it is not the one of the worldwide cloud.
fn server(target: &str) -> Option<&str> {
    let (_, rest) = target.split_once("://")?;
    let server = rest.split('/').next().unwrap_or(rest);
    (!server.eq_ignore_ascii_case("graph.microsoft.com")).then_some(server)
}

/// The name of the last member in a path of members.
pub fn last_member(path: &str) -> &str {
    path.rsplit('.')
        .next()
        .unwrap_or(path)
        .trim_end_matches("[]")
}

fn members(value: &Value, path: &str, shape: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(inner) => {
            shape.insert(path.to_owned(), "object".to_owned());
            for (name, value) in inner {
                members(value, &format!("{path}.{name}"), shape);
            }
        }
        Value::Array(items) => {
            shape.insert(path.to_owned(), "array".to_owned());
            for item in items {
                members(item, &format!("{path}[]"), shape);
            }
        }
        Value::String(text) => {
            // The types of documents are annotated with and without the mark of a fragment.
            let text = text.strip_prefix("#").unwrap_or(text);
            // What an answer is about, in which version, whatever the ids.
            let form = if path.ends_with(".@odata.context") {
                form_of_path(text)
            } else {
                form_of_text(last_member(path), text)
            };
            add(shape, path, &form);
        }
        Value::Number(_) => add(shape, path, "number"),
        Value::Bool(flag) => add(shape, path, if *flag { "true" } else { "false" }),
        Value::Null => add(shape, path, "null"),
    }
}

/// Items of one array may differ; all their forms are kept.
fn add(shape: &mut BTreeMap<String, String>, path: &str, form: &str) {
    let forms = shape.entry(path.to_owned()).or_default();
    if forms.is_empty() {
        form.clone_into(forms);
    } else if !forms.split(" or ").any(|known| known == form) {
        forms.push_str(" or ");
        forms.push_str(form);
    }
}

fn form_of_text(member: &str, text: &str) -> String {
    let lower = member.to_lowercase();
    let coded = ["status", "state", "type", "reason", "code"]
        .iter()
        .any(|word| lower.ends_with(word));
    let word = !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || "#._$@".contains(letter));
    if coded && word {
        format!("\"{text}\"")
    } else {
        "string".to_owned()
    }
}

/// A path with its ids emptied: what stands in quotes, and segments with a digit or a brace.
fn form_of_path(path: &str) -> String {
    let mut form = String::new();
    let mut quoted = false;
    let mut segment = String::new();
    for letter in path.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                segment.push('\'');
                if quoted {
                    segment.push_str("{}");
                }
            }
            _ if quoted => {}
            '/' => {
                form.push_str(&form_of_segment(&segment));
                form.push('/');
                segment.clear();
            }
            _ => segment.push(letter),
        }
    }
    form.push_str(&form_of_segment(&segment));
    form.to_lowercase()
}

fn form_of_segment(segment: &str) -> String {
    let id = !segment.contains('\'')
        && (segment.contains('{') || segment.chars().any(|letter| letter.is_ascii_digit()));
    if id {
        "{}".to_owned()
    } else {
        segment.to_owned()
    }
}
