//! Validates the examples of a page against the spec.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::compare::{Difference, Subject};
use super::finding::{Change, Finding, Impact};
use super::statements::body_schema;
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use crate::contract::validation::{Violation, validate};
use crate::facts::examples::{Example, Start};
use regex::Regex;

static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d{1,2}-\d{1,2}T\d").expect("pattern"));
static FRACTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\.\d+").expect("pattern"));
static DIGITS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+").expect("pattern"));
static HEXADECIMAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9a-fA-F]+").expect("pattern"));

impl Subject<'_> {
    /// Validates every example of the page of an operation.
    pub fn examples(&self, operation: &Operation) -> Vec<Finding> {
        let mut found = Vec::new();
        for example in &self.page.examples {
            match &example.start {
                Start::Request(method, target) => {
                    let path = example.path().unwrap_or(target);
                    if !operation.matches(method, path) {
                        found.push(self.about(
                            example,
                            "request",
                            &format!("{method} {path}"),
                            &operation.request(),
                            operation.line,
                        ));
                    }
                    found.extend(self.request_body(operation, example));
                }
                Start::Response(status) => found.extend(self.response(operation, example, *status)),
                Start::Body(_) => {}
            }
        }
        found
    }

    /// Validates the body of a request example.
    pub fn request_body(&self, operation: &Operation, example: &Example) -> Vec<Finding> {
        let body = operation
            .node
            .get("requestBody")
            .map(|body| self.contract.resolve(body));
        match (body.and_then(body_schema), &example.body) {
            (Some(schema), Some(_)) => self.body(schema, example),
            (None, Some(_)) => vec![self.about(
                example,
                "body",
                "has a body",
                "takes no body",
                operation.line,
            )],
            (Some(schema), None) => {
                let required = body
                    .and_then(|body| body.get("required"))
                    .is_some_and(Node::is_true);
                if required {
                    vec![self.about(
                        example,
                        "body",
                        "has no body",
                        "requires a body",
                        schema.line,
                    )]
                } else {
                    Vec::new()
                }
            }
            (None, None) => Vec::new(),
        }
    }

    fn response(&self, operation: &Operation, example: &Example, status: u16) -> Vec<Finding> {
        let mut found = Vec::new();
        let own: Vec<(u16, &Node)> = operation
            .own_responses()
            .into_iter()
            .filter(|(status, _)| {
                self.ledger
                    .takes_status_from(&operation.id, *status, &operation.stem)
                    != Some(false)
            })
            .collect();
        let matching = own.iter().find(|(code, _)| *code == status);
        let response = if let Some((_, response)) = matching {
            *response
        } else {
            let listed: Vec<String> = own.iter().map(|(code, _)| code.to_string()).collect();
            found.push(self.about(
                example,
                "status",
                &status.to_string(),
                &listed.join(", "),
                operation.line,
            ));
            // What the answer should look like is said by the success that the page does have.
            let same_class = own.iter().find(|(code, _)| code / 100 == status / 100);
            let Some((_, response)) = same_class else {
                return found;
            };
            *response
        };
        match (body_schema(response), &example.body) {
            (Some(schema), Some(_)) => found.extend(self.body(schema, example)),
            (None, Some(_)) => found.push(self.about(
                example,
                "body",
                "has a body",
                "answers without a body",
                response.line,
            )),
            (Some(schema), None) => found.push(self.about(
                example,
                "body",
                "has no body",
                "answers with a body",
                schema.line,
            )),
            (None, None) => {}
        }
        found
    }

    fn body(&self, schema: &Node, example: &Example) -> Vec<Finding> {
        match &example.body {
            Some(Ok(value)) => match validate(self.contract, schema, value) {
                Ok(violations) => violations
                    .iter()
                    .map(|violation| self.violation(example, violation))
                    .collect(),
                Err(reason) => vec![self.about(
                    example,
                    "schema",
                    "cannot be compared",
                    &reason,
                    self.contract.place(schema),
                )],
            },
            Some(Err(reason)) => {
                let line = self.contract.place(schema);
                vec![self.about(
                    example,
                    "json",
                    &format!("is no JSON: {reason}"),
                    "a JSON value",
                    line,
                )]
            }
            None => Vec::new(),
        }
    }

    fn violation(&self, example: &Example, violation: &Violation) -> Finding {
        let member = if violation.path.is_empty() {
            "the body"
        } else {
            &violation.path
        };
        let mut finding = self.finding(Difference {
            change: Change::Differs,
            fact: format!(
                "example/{}/{member}/{}={}",
                example.name(),
                violation.rule,
                sample(violation.rule, &violation.shown)
            ),
            line: example.line_of(&violation.member),
            says: format!("{member}: {}", violation.shown),
            other_says: format!("{member}: {}", violation.expected),
            other_line: violation.line,
            items: &[],
        });
        finding.impact = match violation.rule {
            "undeclared" => Impact::Additive,
            "member" | "type" | "missing" => Impact::Breaking,
            _ => Impact::Record,
        };
        finding
    }

    fn about(
        &self,
        example: &Example,
        aspect: &str,
        says: &str,
        other_says: &str,
        other_line: usize,
    ) -> Finding {
        let shown = if aspect == "json" { "broken" } else { says };
        let mut finding = self.finding(Difference {
            change: Change::Differs,
            fact: format!("example/{}/{aspect}={shown}", example.name()),
            line: example.line,
            says: format!("{}: {says}", example.name()),
            other_says: other_says.to_owned(),
            other_line,
            items: &[],
        });
        finding.impact = if aspect == "json" {
            Impact::Record
        } else {
            Impact::Breaking
        };
        finding
    }
}

/// What a key says of a value that breaks a format: the next edition may show another one that breaks it likewise.
fn sample<'v>(rule: &str, shown: &'v str) -> Cow<'v, str> {
    if rule != "format" {
        return Cow::Borrowed(shown);
    }
    if TIME.is_match(shown) {
        let form = FRACTION.replace(shown, "");
        return Cow::Owned(DIGITS.replace_all(&form, "0").into_owned());
    }
    if shown.len() == 36 && shown.matches('-').count() == 4 {
        return Cow::Owned(HEXADECIMAL.replace_all(shown, "0").into_owned());
    }
    Cow::Borrowed(shown)
}
