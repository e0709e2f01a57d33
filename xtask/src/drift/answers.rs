//! A record of a probe, read as one more document: what the service answered, against the spec.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use super::Report;
use super::finding::{Finding, Impact, Known, Place};
use super::statements::body_schema;
use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::operation::Operation;
use crate::contract::validation::{Violation, validate};
use crate::documents::folder::{Unreadable, read_limited};
use crate::names;

/// How a record begins; another number is another form.
const FORMAT: &str = "xtmig probe record 1";
/// What stands for a record in keys: `answers#differs:getJob/200/status/member=Completed`.
const PAGE: &str = "answers";

/// Compares a record with the spec.
pub fn against_contract(file: &Path, contract: &Contract, ledger: &Ledger) -> Report {
    let mut report = Report::default();
    match read(file) {
        Ok((record, lines)) => {
            let answers = record["answers"].as_array().into_iter().flatten();
            for (index, answer) in answers.enumerate() {
                let line = lines.get(index).copied().unwrap_or(1);
                let place = Place {
                    file: file.display().to_string(),
                    line,
                };
                match findings(contract, answer, &place) {
                    Ok(found) => report.findings.extend(found),
                    Err(reason) => report.remarks.push((place.file, line, reason)),
                }
            }
            report.compared = 1;
            report.read.push(file.to_owned());
        }
        Err(reason) => report.unreadable.push(Unreadable {
            file: file.display().to_string(),
            path: file.to_owned(),
            reason,
        }),
    }
    // The same thing in many answers is one difference.
    let mut seen = HashSet::new();
    report.findings.retain(|finding| seen.insert(finding.key()));
    explain(&mut report.findings, ledger);
    report
}

/// The record, and the line on which each of its answers begins.
fn read(file: &Path) -> Result<(Value, Vec<usize>), String> {
    let bytes = read_limited(file)?;
    let record: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if record["format"] != FORMAT || !record["answers"].is_array() {
        return Err(format!("it is no record; one calls itself {FORMAT:?}"));
    }
    let text = String::from_utf8_lossy(&bytes);
    // As the probe indents it; nothing inside a body stands as far to the left.
    let begins = |line: &&str| line.starts_with("      \"operation\":");
    let lines = text.lines().enumerate().filter(|(_, line)| begins(line));
    let lines = lines.map(|(index, _)| index + 1).collect();
    Ok((record, lines))
}

fn findings(contract: &Contract, answer: &Value, place: &Place) -> Result<Vec<Finding>, String> {
    let id = answer["operation"].as_str().unwrap_or_default();
    let operation = contract
        .operations
        .iter()
        .find(|operation| operation.id == id)
        .ok_or_else(|| format!("the spec has no call {id:?}"))?;
    let Some(status) = answer["status"].as_u64() else {
        return Ok(Vec::new());
    };
    let responses = operation.node.get("responses");
    let listed = responses.and_then(|responses| responses.get(&status.to_string()));
    let mut found = Vec::new();
    // A throttled question says nothing of the call.
    if status != 429
        && answer["expected"]
            .as_u64()
            .is_some_and(|expected| expected != status)
    {
        let asked = answer["question"].as_str().unwrap_or_default();
        found.push(finding(
            contract,
            operation,
            place,
            Difference {
                fact: format!("{id}/status={status}"),
                says: format!("{status} when asked about {asked:?}"),
                other_says: format!("status {}", answer["expected"]),
                line: listed.map_or(operation.line, |response| response.line),
                impact: Impact::Breaking,
            },
        ));
    }
    let response = listed.or_else(|| responses?.get("default"));
    let schema = response.and_then(|response| body_schema(contract.resolve(response)));
    let (Some(schema), Some(body)) = (schema, answer["body"].get("json")) else {
        return Ok(found);
    };
    for violation in validate(contract, schema, body)? {
        found.push(of_violation(contract, operation, place, status, &violation));
    }
    Ok(found)
}

fn of_violation(
    contract: &Contract,
    operation: &Operation,
    place: &Place,
    status: u64,
    violation: &Violation,
) -> Finding {
    let member = match violation.path.as_str() {
        "" => "the body",
        path => path,
    };
    let (id, rule, shown) = (&operation.id, violation.rule, &violation.shown);
    let difference = Difference {
        fact: format!("{id}/{status}/{member}/{rule}={shown}"),
        says: format!("{member}: {shown}"),
        other_says: format!("{member}: {}", violation.expected),
        line: violation.line,
        impact: match rule {
            "undeclared" => Impact::Additive,
            "member" | "type" | "missing" => Impact::Breaking,
            _ => Impact::Record,
        },
    };
    finding(contract, operation, place, difference)
}

/// What a finding is made of.
struct Difference {
    fact: String,
    says: String,
    other_says: String,
    line: usize,
    impact: Impact,
}

fn finding(
    contract: &Contract,
    operation: &Operation,
    place: &Place,
    difference: Difference,
) -> Finding {
    Finding {
        page: PAGE.to_owned(),
        title: format!("{}: the service answers otherwise", operation.id),
        fact: format!("differs:{}", difference.fact),
        place: place.clone(),
        says: difference.says,
        other_says: difference.other_says,
        other_place: Some(Place {
            file: contract.file.clone(),
            line: difference.line,
        }),
        impact: difference.impact,
        items: vec![names::method(&operation.id)],
        known: None,
    }
}

/// Marks what a decision explains. That an entry explains nothing in one tenant does not make it obsolete.
fn explain(findings: &mut [Finding], ledger: &Ledger) {
    for finding in findings {
        let key = finding.key();
        let mut decisions = ledger.decisions.iter();
        let decision = decisions.find(|one| one.known.iter().any(|(known, _)| *known == key));
        finding.known = decision.map(|decision| Known {
            decision: decision.id.clone(),
            why: decision.why.clone(),
        });
    }
}
