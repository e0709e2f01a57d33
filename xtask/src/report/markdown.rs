//! The report for a pull request.

use std::io::{self, Write};

use super::{NOTHING_READ, left_open, sorted, summary};
use crate::drift::Report;
use crate::drift::finding::{Finding, Impact};

/// Writes tables, breaking differences first.
pub fn write(output: &mut impl Write, report: &Report, other: &str) -> io::Result<()> {
    writeln!(
        output,
        "## Drift of the documents\n\n{}.\n",
        summary(report)
    )?;
    if report.compared == 0 {
        writeln!(output, "**{NOTHING_READ}.**\n")?;
    }
    for (impact, heading) in [
        (None, "Deprecated"),
        (Some(Impact::Breaking), "Breaking for callers"),
        (Some(Impact::Additive), "Additive"),
        (Some(Impact::Record), "No change for callers"),
    ] {
        let findings = sorted(report.new_findings().filter(|finding| match impact {
            None => finding.is_deprecation(),
            Some(impact) => finding.impact == impact && !finding.is_deprecation(),
        }));
        if findings.is_empty() {
            continue;
        }
        writeln!(output, "### {heading}\n")?;
        writeln!(
            output,
            "| What | Where | The page | {} | Line | Rust items | Key |",
            cell(other)
        )?;
        writeln!(output, "| --- | --- | --- | --- | --- | --- | --- |")?;
        for finding in findings {
            row(output, finding)?;
        }
        writeln!(output)?;
    }
    let known = sorted(
        report
            .findings
            .iter()
            .filter(|finding| finding.known.is_some()),
    );
    if !known.is_empty() {
        writeln!(
            output,
            "<details><summary>{} known differences</summary>\n",
            known.len()
        )?;
        writeln!(output, "| What | Decision |\n| --- | --- |")?;
        for finding in known {
            let decision = finding
                .known
                .as_ref()
                .map_or("", |known| known.decision.as_str());
            writeln!(output, "| {} | {} |", cell(&finding.title), cell(decision))?;
        }
        writeln!(output, "\n</details>\n")?;
    }
    for page in report.notes() {
        writeln!(
            output,
            "<details><summary>The text of {} is not what it was</summary>\n",
            cell(&page.page)
        )?;
        writeln!(output, "| Line | Before | Now |\n| --- | --- | --- |")?;
        for change in &page.changes {
            writeln!(
                output,
                "| {} | {} | {} |",
                change.line,
                cell(change.before.as_deref().unwrap_or_default()),
                cell(change.after.as_deref().unwrap_or_default())
            )?;
        }
        writeln!(output, "\n</details>\n")?;
    }
    for unreadable in &report.unreadable {
        writeln!(
            output,
            "- **not understood**: {}: {}",
            cell(&unreadable.file),
            cell(&unreadable.reason)
        )?;
    }
    for words in left_open(report) {
        writeln!(output, "- note: {words}")?;
    }
    for (file, line, words) in &report.remarks {
        writeln!(output, "- note: {}:{line}: {}", cell(file), cell(words))?;
    }
    Ok(())
}

fn row(output: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let place = format!("{}:{}", finding.place.file, finding.place.line);
    let other = finding
        .other_place
        .as_ref()
        .map(|place| format!("{}:{}", place.file, place.line))
        .unwrap_or_default();
    writeln!(
        output,
        "| {} | {} | {} | {} | {} | {} | `{}` |",
        cell(&finding.title),
        cell(&place),
        cell(&finding.says),
        cell(&finding.other_says),
        cell(&other),
        cell(&finding.items.join(", ")),
        cell(&finding.key().replace('`', "'"))
    )
}

/// Text from a page may not leave its cell nor become markup.
fn cell(words: &str) -> String {
    let mut escaped = String::new();
    for letter in words.chars().take(300) {
        match letter {
            '|' => escaped.push_str("\\|"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '[' | ']' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}
