//! What a finding asks for: an edit that only has to be agreed with, or a decision.

mod access;
mod deprecation;
mod members;
pub mod properties;
pub mod responses;
pub mod sources;

use super::operation;
use super::yaml::Lines;
use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use crate::drift::finding::Finding;
use crate::facts::PageFacts;
use crate::facts::wording::telling_words;

/// The mark of what a person still has to put into words.
pub const DRAFT: &str = "DRAFT:";

/// The two files that are edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// The spec.
    pub spec: Lines,
    /// The provenance file.
    pub provenance: Lines,
}

/// What the documents and the files say now.
pub struct Situation<'a> {
    /// The spec.
    pub contract: &'a Contract,
    /// The provenance file.
    pub ledger: &'a Ledger,
    /// The page that the finding is about.
    pub page: &'a PageFacts,
}

/// The files with the finding adopted; or what somebody has to decide.
///
/// # Errors
/// Says what has to be decided.
pub fn adopt(finding: &Finding, situation: &Situation<'_>, files: &Files) -> Result<Files, String> {
    let (change, fact) = finding.fact.split_once(':').unwrap_or((&finding.fact, ""));
    let (key, value) = fact.split_once('=').unwrap_or((fact, ""));
    let (aspect, name) = key.split_once('/').unwrap_or((key, ""));
    let mut files = files.clone();
    let edit = Edit {
        situation,
        files: &mut files,
    };
    match (change, aspect) {
        ("stated", "property") => edit.property(name, value, false)?,
        ("stated", "request-property") => edit.property(name, value, true)?,
        ("stated", "relationship") => edit.relationship(name, value)?,
        ("stated", "enum") => edit.member(name)?,
        ("stated", "value") => edit.value(name)?,
        ("stated", "response") => edit.response(name)?,
        ("stated", "error") => edit.condition(name, finding)?,
        ("stated", "role") => edit.role(name)?,
        ("differs", "permission") => edit.permission(name, value)?,
        ("stated", "limit") => edit.limit(name)?,
        ("stated", "deprecated") => edit.deprecation(name, value)?,
        ("stated", "operation") => operation::draft(situation, &mut files)?,
        ("stated" | "differs", "text") => edit.meaning(finding)?,
        _ => return Err(advice(change, aspect)),
    }
    Ok(files)
}

/// What to do about what is no plain addition.
pub fn advice(change: &str, aspect: &str) -> String {
    match (change, aspect) {
        ("never-applied", _) => {
            "the documents no longer differ: take the entry out of the decision, and the decision with it if it is the last"
        }
        ("unstated" | "differs", "page") => {
            "see whether the page moved; give its new place and address in the ledger and in externalDocs"
        }
        ("stated", "operation") => {
            "a new operation: put its draft into words, then write the method, its row and its route after the drafts above"
        }
        ("stated", "type") => "a new type: describe it as a schema, then the properties that use it",
        ("unstated", _) => {
            "the page no longer states it: keep it for older answers and record a decision with the key, or take it out"
        }
        ("differs", "example") => "see which is right, the table or the example; record a decision with the key, or change the schema",
        ("stated", "header") => "a new header: a caller who does not send it may be refused; decide whether to send it",
        ("stated" | "differs", "text") => {
            "read the passage; if the spec needs no change, record it with `--reviewed` and the page's name"
        }
        _ => "documents and spec disagree: change the spec, or record a decision with the key under `known`",
    }
    .to_owned()
}

/// One edit of the two files.
struct Edit<'a, 'f> {
    situation: &'a Situation<'a>,
    files: &'f mut Files,
}

impl Edit<'_, '_> {
    fn operation(&self) -> Result<&Operation, String> {
        let page = self.situation.page;
        let contract = self.situation.contract;
        contract
            .operation_of_stem(&page.stem)
            .or_else(|| {
                page.paths()
                    .find_map(|path| contract.operation_of_path(path))
            })
            .ok_or_else(|| "the spec has no operation of this page".to_owned())
    }

    /// The schema that the page's table describes: its name and node.
    fn schema(&self, request: bool) -> Result<(String, &Node), String> {
        let contract = self.situation.contract;
        if request {
            let operation = self.operation()?;
            let (schema, name) = crate::drift::request_schema(contract, operation)
                .ok_or("the spec has no request body of this page")?;
            if contract.schema(&name).is_none() {
                return Err("the request body has no schema of its own".to_owned());
            }
            return Ok((name, schema));
        }
        let page = self.situation.page;
        let name = page.fact("type").map_or("", |fact| fact.value.as_str());
        contract
            .schema_of_page(name, &page.stem)
            .map(|(name, node)| (name.to_owned(), node))
            .ok_or_else(|| "the spec has no schema of this page".to_owned())
    }

    fn limit(self, name: &str) -> Result<(), String> {
        let (unit, number) = name.split_once('/').unwrap_or((name, ""));
        let line = match self.operation() {
            Ok(operation) => operation.line,
            Err(_) => self.schema(false)?.1.line,
        };
        let row = self.files.spec.row(line);
        self.files.spec.describe(
            row,
            &format!("{DRAFT} say what is limited to {number} {unit}."),
        )
    }
}

/// The words of a condition that no rewording changes, and those that tell it from others.
pub(super) fn keywords(text: &str) -> String {
    let mut words: Vec<String> = crate::facts::wording::anchors(text)
        .into_iter()
        .filter(|anchor| !anchor.is_empty())
        .map(|anchor| format!("`{anchor}`"))
        .collect();
    words.extend(telling_words(text));
    words.join(", ")
}
