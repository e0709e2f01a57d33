//! Examples: requests, responses and bare bodies, with the line of every member.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::LazyLock;

use super::operation::relative;
use crate::documents::Page;
use crate::documents::blocks::Content;
use regex::Regex;
use serde_json::Value;

static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(GET|POST|PUT|PATCH|DELETE)\s+((?:https?://|/)\S.*?)(?:\s+HTTP/\S+)?$")
        .expect("pattern")
});
static RESPONSE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^HTTP/\d(?:\.\d)?\s+(\d{3})\b\s*(.*)$").expect("pattern"));
static HEADER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$").expect("pattern"));

/// What the first line of an example says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A request: method and target as written.
    Request(String, String),
    /// A response: its status.
    Response(u16),
    /// A body without a first line; the call it belongs to, when something else names it.
    Body(Option<String>),
}

/// One example.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its place among the examples of the page that begin alike, from 1.
    pub number: usize,
    /// What its first line says.
    pub start: Start,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body, or why it is no JSON.
    pub body: Option<Result<Value, String>>,
    /// The text as written.
    pub text: String,
    /// The line of the page on which it begins.
    pub line: usize,
    /// Whether the page presents it as the form of a type.
    representation: bool,
    /// The line on which each quoted word first stands, counted from 0.
    lines: HashMap<String, usize>,
}

impl Example {
    /// A body that stands outside any message.
    pub fn bare(text: &str, line: usize, call: Option<String>) -> Self {
        Self {
            lines: quoted_words(text),
            number: 1,
            start: Start::Body(call),
            headers: Vec::new(),
            body: Some(parse_body(text)),
            text: text.to_owned(),
            line,
            representation: false,
        }
    }

    /// Whether it shows the form of a type instead of values.
    pub fn is_representation(&self) -> bool {
        self.representation
    }

    /// The line on which a member of this name first stands.
    pub fn line_of(&self, member: &str) -> usize {
        self.line + self.lines.get(member).copied().unwrap_or(0)
    }

    /// The API version in its address.
    pub fn version(&self) -> Option<&'static str> {
        let Start::Request(_, target) = &self.start else {
            return None;
        };
        if target.contains("/v1.0/") {
            Some("v1.0")
        } else if target.contains("/beta/") {
            Some("beta")
        } else {
            None
        }
    }

    /// The path of a request, without server, version and query.
    pub fn path(&self) -> Option<&str> {
        let Start::Request(_, target) = &self.start else {
            return None;
        };
        let path = relative(target);
        Some(path.split('?').next().unwrap_or(path))
    }

    /// How keys name it: `request-1`, `response-2`.
    pub fn name(&self) -> String {
        let kind = match &self.start {
            Start::Request(..) => "request",
            Start::Response(_) => "response",
            Start::Body(_) => "body",
        };
        format!("{kind}-{}", self.number)
    }
}

/// Every example of a page.
pub fn of_page(page: &Page) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut alike: HashMap<Discriminant<Start>, usize> = HashMap::new();
    for (section, block) in page.blocks() {
        let Content::Code(language, body, first) = &block.content else {
            continue;
        };
        if !matches!(language.as_str(), "" | "http" | "json" | "https" | "jsonc")
            || section.is(&["http request", "http requests"])
        {
            continue;
        }
        let mut example = message(body, *first);
        example.representation =
            section.is(&["json representation"]) && matches!(example.start, Start::Body(_));
        if matches!(example.start, Start::Body(_)) && !example.representation && !looks_json(body) {
            continue;
        }
        let number = alike.entry(discriminant(&example.start)).or_default();
        *number += 1;
        example.number = *number;
        found.push(example);
    }
    found
}

fn looks_json(body: &str) -> bool {
    body.trim_start().starts_with(['{', '['])
}

/// Where each word in quotes first stands.
fn quoted_words(text: &str) -> HashMap<String, usize> {
    static QUOTED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""([^"\\]+)""#).expect("pattern"));
    let mut found = HashMap::new();
    for (offset, line) in text.lines().enumerate() {
        for word in QUOTED.captures_iter(line).filter_map(|word| word.get(1)) {
            found.entry(word.as_str().to_owned()).or_insert(offset);
        }
    }
    found
}

fn message(text: &str, first: usize) -> Example {
    let mut start = Start::Body(None);
    let mut headers = Vec::new();
    let mut body_from = 0;
    let mut head = true;
    let mut consumed = 0;
    let mut line = first;
    for (offset, written) in text.split_inclusive('\n').enumerate() {
        let words = written.trim();
        if start == Start::Body(None) {
            if let Some(parts) = REQUEST.captures(words) {
                start = Start::Request(parts[1].to_owned(), parts[2].to_owned());
                line = first + offset;
            } else if let Some(parts) = RESPONSE.captures(words) {
                start = Start::Response(parts[1].parse().unwrap_or(0));
                line = first + offset;
            } else if !words.is_empty() {
                break;
            }
        } else if head {
            if let Some(parts) = HEADER.captures(words) {
                headers.push((parts[1].to_owned(), parts[2].to_owned()));
            } else if !words.is_empty() {
                head = false;
                body_from = consumed;
            }
        }
        consumed += written.len();
        if head {
            body_from = consumed;
        }
    }
    if start == Start::Body(None) {
        body_from = 0;
    }
    let rest = text.get(body_from..).unwrap_or_default();
    Example {
        lines: quoted_words(text),
        number: 1,
        body: (!rest.trim().is_empty()).then(|| parse_body(rest)),
        start,
        headers,
        text: text.to_owned(),
        line,
        representation: false,
    }
}

/// The body as JSON. A trailing comma, common in hand-written examples, is said rather than mended.
fn parse_body(text: &str) -> Result<Value, String> {
    serde_json::from_str(text.trim()).map_err(|error| error.to_string())
}
