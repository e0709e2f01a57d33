//! Statuses that a page documents, and the conditions of a refusal.

use super::sources::{source_key, source_of_status};
use super::{DRAFT, Edit, keywords};
use crate::adopt::yaml::quoted;
use crate::contract::Contract;
use crate::drift::finding::Finding;
use crate::facts::PageFacts;

impl Edit<'_, '_> {
    pub(super) fn response(self, name: &str) -> Result<(), String> {
        let status: u16 = name.parse().map_err(|_| "no status".to_owned())?;
        if status < 400 {
            return Err(
                "another success: see whether it replaces the documented one, and what a caller gets".to_owned(),
            );
        }
        let operation = self.operation()?.clone();
        let known = operation
            .own_responses()
            .into_iter()
            .any(|(code, _)| code == status);
        let contract = self.situation.contract;
        let stem = source_key(self.situation);
        let files = self.files;
        if !known {
            let responses = operation
                .node
                .get("responses")
                .ok_or("the operation has no responses")?;
            // Statuses stand in order, before the one for all others.
            let next = responses
                .members()
                .iter()
                .find(|(code, _)| code.parse::<u16>().map_or(true, |code| code > status))
                .map(|(_, node)| node.line);
            let all = files.spec.row(responses.line);
            if files.spec.member(all, name).is_some() {
                return Err(format!("the operation answers {name} already"));
            }
            let lines = refusal(contract, self.situation.page, status)?;
            match next {
                Some(line) => {
                    let row = files.spec.row(line);
                    files.spec.insert_before(row, &lines);
                }
                None => files.spec.add_member(all, &lines)?,
            }
        }
        source_of_status(files, &operation.id, name, &stem)
    }

    pub(super) fn condition(self, name: &str, finding: &Finding) -> Result<(), String> {
        let status: u16 = name
            .split('/')
            .next()
            .and_then(|status| status.parse().ok())
            .ok_or("no status")?;
        let operation = self.operation()?.clone();
        let (_, response) = operation
            .own_responses()
            .into_iter()
            .find(|(code, _)| *code == status)
            .ok_or("the spec does not list the status")?;
        let line = response.line;
        let words = keywords(&finding.says);
        let row = self.files.spec.row(line);
        self.files.spec.describe(
            row,
            &format!("{DRAFT} another condition. Keywords: {words}."),
        )
    }
}

/// The draft of a refusal, as a member of `responses`.
pub fn refusal(contract: &Contract, page: &PageFacts, status: u16) -> Result<Vec<String>, String> {
    let schema = ["odataError", "problem"]
        .into_iter()
        .find(|name| contract.schema(name).is_some())
        .ok_or("the spec has no schema of errors")?;
    let mut words: Vec<String> = page
        .conditions
        .iter()
        .filter(|condition| condition.status == status)
        .map(|condition| keywords(&condition.text))
        .collect();
    if words.is_empty() {
        words.push("none".to_owned());
    }
    let mut lines = vec![
        format!("'{status}':"),
        format!(
            "  description: {}",
            quoted(&format!(
                "{DRAFT} say when. Keywords: {}.",
                words.join("; ")
            ))
        ),
    ];
    lines.extend(headers(contract));
    lines.extend([
        "  content:".to_owned(),
        "    application/json:".to_owned(),
        format!("      schema: {{$ref: '#/components/schemas/{schema}'}}"),
        "      examples:".to_owned(),
    ]);
    for (index, words) in words.iter().enumerate() {
        let summary = quoted(&format!("{DRAFT} name the condition. Keywords: {words}."));
        lines.extend([
            format!("        draft{}:", index + 1),
            format!("          summary: {summary}"),
            "          value: {error: {code: draft, message: 'Draft, to be written.'}}".to_owned(),
        ]);
    }
    Ok(lines)
}

/// The headers of every answer, where the spec describes them.
pub fn headers(contract: &Contract) -> Vec<String> {
    if contract.root.at("#/components/headers/requestId").is_none() {
        return Vec::new();
    }
    [
        "  headers:",
        "    request-id: {$ref: '#/components/headers/requestId'}",
        "    client-request-id: {$ref: '#/components/headers/clientRequestId'}",
    ]
    .map(str::to_owned)
    .to_vec()
}
