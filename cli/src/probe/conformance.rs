//! All answers together: operation, how much was checked, and what deviates.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::Answer;
use super::behaviour;
use super::comparison::Comparison;
use super::deviation::{Deviation, Finding, disagreement, generalised};
use super::specification::Specification;

/// What came of one operation.
#[derive(Debug, Default)]
pub struct Conformance {
    /// How many answers came.
    pub answers: usize,
    /// How many statements were held against the specification.
    pub checked: usize,
    /// How many answers said that there were too many requests.
    pub throttled: usize,
    pub deviations: Vec<Deviation>,
}

/// Holds all answers against the specification and against each other.
pub fn check(
    specification: Specification,
    answers: &[Answer],
) -> Result<BTreeMap<String, Conformance>, String> {
    let comparison = Comparison::new(specification);
    let mut all: BTreeMap<String, Conformance> = BTreeMap::new();
    let mut found: Vec<(usize, Finding)> = Vec::new();
    for (index, answer) in answers.iter().enumerate() {
        let compared = comparison.compare(answer)?;
        let checked = all.entry(answer.operation.clone()).or_default();
        checked.answers += 1;
        checked.checked += compared.checked;
        checked.throttled += usize::from(answer.status == Some(429));
        found.extend(
            compared
                .findings
                .into_iter()
                .map(|finding| (index, finding)),
        );
    }
    found.extend(behaviour::compare(answers));
    found.sort_by_key(|(index, _)| *index);
    for (index, finding) in found {
        let answer = &answers[index];
        let checked = all.entry(answer.operation.clone()).or_default();
        let place = generalised(&finding.pointer);
        let known = checked.deviations.iter_mut().find(|known| {
            known.name == finding.name
                && generalised(&known.pointer) == place
                && is_alike(known, &finding)
        });
        match known {
            Some(known) => known.times += 1,
            None => checked.deviations.push(Deviation {
                name: finding.name,
                operation: answer.operation.clone(),
                question: answer.question.clone(),
                library: library(answer, &finding),
                disagreement: disagreement(&finding, &answer.operation),
                pointer: finding.pointer,
                found: finding.found,
                expected: finding.expected,
                times: 1,
            }),
        }
    }
    Ok(all)
}

/// Whether two are the same thing twice; unknown members of enumerations are told one by one.
fn is_alike(known: &Deviation, finding: &Finding) -> bool {
    let by_value = matches!(
        finding.name,
        "unknownEnumValue" | "unexpectedStatus" | "unknownWorkload"
    );
    !by_value || known.found == finding.found
}

/// What the library makes of the place of a finding.
fn library(answer: &Answer, finding: &Finding) -> String {
    if let Some(reason) = &answer.library.fails {
        return format!("the call fails: {reason}");
    }
    if !finding.pointer.starts_with('/') {
        return "the answer is read all the same".to_owned();
    }
    let left_out = answer.library.left_out.iter();
    let left_out = left_out.clone().find(|(pointer, _)| {
        finding.pointer == *pointer || finding.pointer.starts_with(&format!("{pointer}/"))
    });
    if let Some((_, reason)) = left_out {
        return format!("left out of the value: {reason}");
    }
    let Some(value) = &answer.library.value else {
        return "the answer is read all the same".to_owned();
    };
    let inner = finding.pointer.strip_prefix("/value");
    let read = value
        .pointer(&finding.pointer)
        .or_else(|| value.pointer(inner?));
    match read {
        Some(Value::Object(_) | Value::Array(_)) => "read all the same".to_owned(),
        Some(Value::String(text)) => format!("read as {}", super::comparison::cut(text)),
        Some(other) => format!("read as {other}"),
        None => "not in the value; the raw text has it".to_owned(),
    }
}
