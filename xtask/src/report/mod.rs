//! Reports: for people, for machines, for pull requests.

mod human;
mod json;
mod markdown;
mod sarif;

use std::io::{self, Write};

use crate::drift::Report;
use clap::ValueEnum;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Like a compiler's messages.
    Human,
    /// One JSON object.
    Json,
    /// For a pull request.
    Markdown,
    /// For tools that show findings beside the lines they are about.
    Sarif,
}

/// Writes a report to the standard output.
///
/// # Errors
/// Fails when the output is closed.
pub fn write(report: Report, format: Format, other: &str) -> io::Result<()> {
    let text = text(report, format, other)?;
    if format == Format::Human {
        // Colours are taken out again unless the output is a terminal that wants them.
        let mut output = anstream::stdout().lock();
        output.write_all(&text)?;
        output.flush()
    } else {
        let mut output = io::stdout().lock();
        output.write_all(&text)?;
        output.flush()
    }
}

/// A report as it is written.
pub fn text(report: Report, format: Format, other: &str) -> io::Result<Vec<u8>> {
    // Nothing that a page holds may steer a terminal, in whatever form the report is.
    let report = &report.visible();
    let mut text = Vec::new();
    match format {
        Format::Human => human::write(&mut text, report, other)?,
        Format::Json => json::write(&mut text, report)?,
        Format::Markdown => markdown::write(&mut text, report, other)?,
        Format::Sarif => sarif::write(&mut text, report)?,
    }
    Ok(text)
}

/// The last line of every report for people.
fn summary(report: &Report) -> String {
    let new = report.new_findings().count();
    let breaking = report
        .new_findings()
        .filter(|finding| finding.impact == crate::drift::finding::Impact::Breaking)
        .count();
    let known = report.findings.len() - new;
    let mut parts = vec![
        format!("{} pages compared", report.compared),
        format!("{new} new differences ({breaking} breaking)"),
        format!("{known} known"),
    ];
    let notes = report.notes().count();
    if notes > 0 {
        parts.push(format!("{notes} pages with other words"));
    }
    if report.unrelated > 0 {
        parts.push(format!(
            "{} pages about other subjects left out",
            report.unrelated
        ));
    }
    if !report.unreadable.is_empty() {
        parts.push(format!("{} files not understood", report.unreadable.len()));
    }
    if report.unrelated_unreadable > 0 {
        parts.push(format!(
            "{} files about other subjects not understood",
            report.unrelated_unreadable
        ));
    }
    parts.join(", ")
}

/// New differences with deprecations first, which callers need to know of above all, then the breaking ones, in the order of pages and lines.
fn sorted<'r>(
    findings: impl Iterator<Item = &'r crate::drift::finding::Finding>,
) -> Vec<&'r crate::drift::finding::Finding> {
    let mut sorted: Vec<_> = findings.collect();
    sorted.sort_by(|one, other| {
        (
            !one.is_deprecation(),
            one.impact,
            &one.place.file,
            one.place.line,
            &one.fact,
        )
            .cmp(&(
                !other.is_deprecation(),
                other.impact,
                &other.place.file,
                other.place.line,
                &other.fact,
            ))
    });
    sorted
}

/// One line for each aspect that pages leave to files that were not there.
fn left_open(report: &Report) -> Vec<String> {
    let mut aspects: Vec<&str> = report.elsewhere.iter().map(|(_, aspect)| *aspect).collect();
    aspects.sort_unstable();
    aspects.dedup();
    aspects
        .into_iter()
        .map(|aspect| {
            let pages = report
                .elsewhere
                .iter()
                .filter(|(_, other)| *other == aspect)
                .count();
            let (what, why) = match aspect {
                "permission" => (
                    "permissions",
                    "the files they include are not in the folder",
                ),
                "permission-higher" => (
                    "higher privileged permissions",
                    "their table has no column for them",
                ),
                "method" => ("methods", "copied text has lost the links that name them"),
                _ => ("roles", "the files they include are not in the folder"),
            };
            format!("{what} of {pages} pages were not compared: {why}")
        })
        .collect()
}

/// What a run that compared nothing has to say.
const NOTHING_READ: &str =
    "no page was compared: the folder holds no page that this specification or its ledger is about";
