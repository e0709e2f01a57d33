//! The report in the Static Analysis Results Interchange Format, version 2.1.0.
//!
//! A finding is shown at the line of the spec or the ledger that it is about, because that is the file of the
//! project; the page of the documents, which lies elsewhere, is named in the message.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::sorted;
use crate::drift::Report;
use crate::drift::finding::{Finding, Impact, Place};
use serde_json::{Value, json};

/// Writes one log with one run.
pub fn write(output: &mut impl Write, report: &Report) -> io::Result<()> {
    let findings = sorted(report.new_findings());
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    for finding in &findings {
        let id = rule(finding);
        rules.entry(id.clone()).or_insert_with(|| {
            json!({
                "id": id,
                "shortDescription": {"text": format!("The documents and the specification differ: {id}")},
                "help": {"text": "See openapi/README.md: the documents changed, what do I do"},
            })
        });
    }
    let results: Vec<Value> = findings.into_iter().map(result).collect();
    let notifications: Vec<Value> = report
        .unreadable
        .iter()
        .map(|file| {
            json!({
                "level": "error",
                "message": {"text": format!("{}: {}", file.file, file.reason)},
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cargo xtask drift",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.unreadable.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *output, &log)?;
    writeln!(output)
}

fn rule(finding: &Finding) -> String {
    let (change, aspect, ..) = finding.parts();
    format!("{change}/{aspect}")
}

fn result(finding: &Finding) -> Value {
    let level = match finding.impact {
        _ if finding.is_deprecation() => "error",
        Impact::Breaking => "error",
        Impact::Additive => "warning",
        Impact::Record => "note",
    };
    let own = finding.other_place.as_ref().unwrap_or(&finding.place);
    json!({
        "ruleId": rule(finding),
        "level": level,
        "message": {"text": format!(
            "{}. The page ({}:{}) says: {}. Here: {}.",
            finding.title, finding.place.file, finding.place.line, finding.says, finding.other_says
        )},
        "locations": [location(own)],
        "partialFingerprints": {"key/v1": finding.key()},
    })
}

fn location(place: &Place) -> Value {
    let uri = place.file.replace('\\', "/").replace(' ', "%20");
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri},
        "region": {"startLine": place.line.max(1)},
    }})
}
