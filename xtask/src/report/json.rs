//! The report for machines.

use std::io::{self, Write};

use super::sorted;
use crate::drift::Report;
use crate::drift::finding::{Finding, Place};
use crate::drift::text::Meaning;
use serde_json::{Value, json};

/// The version of the form, raised when a member changes its meaning or goes; `drift-report.schema.json` describes it.
pub const VERSION: u32 = 1;

/// Writes one JSON object.
pub fn write(output: &mut impl Write, report: &Report) -> io::Result<()> {
    let unreadable: Vec<Value> = report
        .unreadable
        .iter()
        .map(|file| json!({"file": file.file, "reason": file.reason}))
        .collect();
    let remarks: Vec<Value> = report
        .remarks
        .iter()
        .map(|(file, line, words)| json!({"file": file, "line": line, "remark": words}))
        .collect();
    let left_open: Vec<Value> = report
        .elsewhere
        .iter()
        .map(|(file, aspect)| json!({"file": file, "aspect": aspect}))
        .collect();
    let findings: Vec<Value> = sorted(report.findings.iter())
        .into_iter()
        .map(finding)
        .collect();
    let notes: Vec<Value> = report
        .notes()
        .map(|page| {
            let changes: Vec<Value> = page
                .changes
                .iter()
                .map(|change| {
                    json!({
                        "line": change.line,
                        "before": change.before,
                        "after": change.after,
                        "meaning": match change.meaning {
                            Meaning::Statement => "statement",
                            Meaning::Wording => "wording",
                        },
                        "unread": (!change.unread.is_empty()).then_some(change.unread),
                    })
                })
                .collect();
            json!({"page": page.page, "file": page.file, "changes": changes})
        })
        .collect();
    let whole = json!({
        "version": VERSION,
        "compared": report.compared,
        "unrelated": report.unrelated,
        "unrelatedUnreadable": report.unrelated_unreadable,
        "new": report.new_findings().count(),
        "exitCode": report.exit_code(),
        "findings": findings,
        "unreadable": unreadable,
        "remarks": remarks,
        "leftOpen": left_open,
        "notes": notes,
    });
    serde_json::to_writer_pretty(&mut *output, &whole)?;
    writeln!(output)
}

fn finding(finding: &Finding) -> Value {
    json!({
        "key": finding.key(),
        "page": finding.page,
        "change": finding.parts().0,
        "aspect": finding.parts().1,
        "subject": finding.parts().2,
        "value": finding.parts().3,
        "deprecation": finding.is_deprecation(),
        "title": finding.title,
        "impact": finding.impact.name(),
        "place": place(&finding.place),
        "pageSays": finding.says,
        "otherSays": finding.other_says,
        "otherPlace": finding.other_place.as_ref().map(place),
        "items": finding.items,
        "known": finding.known.as_ref().map(|known| json!({"decision": known.decision, "why": known.why})),
    })
}

fn place(place: &Place) -> Value {
    json!({"file": place.file, "line": place.line})
}
