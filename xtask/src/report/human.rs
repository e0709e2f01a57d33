//! The report for people.

use std::io::{self, Write};

use super::{NOTHING_READ, left_open, sorted, summary};
use crate::drift::Report;
use crate::drift::finding::{Finding, Impact, Place};
use crate::drift::text::Meaning;
use anstyle::{AnsiColor, Style};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();

/// Writes the report.
pub fn write(output: &mut impl Write, report: &Report, other: &str) -> io::Result<()> {
    for unreadable in &report.unreadable {
        writeln!(
            output,
            "{RED}error{RED:#}{BOLD}: {}{BOLD:#}",
            unreadable.reason
        )?;
        writeln!(output, "  {BLUE}-->{BLUE:#} {}\n", unreadable.file)?;
    }
    for finding in sorted(
        report
            .findings
            .iter()
            .filter(|finding| finding.known.is_some()),
    ) {
        let Some(known) = &finding.known else {
            continue;
        };
        writeln!(output, "{CYAN}known{CYAN:#}: {}", finding.title)?;
        writeln!(output, "  {BLUE}-->{BLUE:#} {}", place(&finding.place))?;
        writeln!(output, "   = {}: {}\n", known.decision, known.why)?;
    }
    for finding in sorted(report.new_findings()) {
        difference(output, finding, other)?;
    }
    for (file, line, words) in &report.remarks {
        writeln!(output, "{CYAN}note{CYAN:#}: {words}")?;
        writeln!(output, "  {BLUE}-->{BLUE:#} {file}:{line}")?;
    }
    for words in left_open(report) {
        writeln!(output, "{CYAN}note{CYAN:#}: {words}")?;
    }
    for page in report.notes() {
        writeln!(
            output,
            "{CYAN}note{CYAN:#}: the text of {} is not what it was",
            page.page
        )?;
        writeln!(output, "  {BLUE}-->{BLUE:#} {}", page.file)?;
        for change in &page.changes {
            let mark = match change.meaning {
                Meaning::Statement => "!",
                Meaning::Wording => " ",
            };
            if let Some(before) = &change.before {
                writeln!(output, "  {mark}{RED}-      {}{RED:#}", one_line(before))?;
            }
            if let Some(after) = &change.after {
                let unread = match change.unread {
                    "" => String::new(),
                    what => format!(" (unread {what})"),
                };
                writeln!(
                    output,
                    "  {mark}{GREEN}+{:5} {}{GREEN:#}{unread}",
                    change.line,
                    one_line(after)
                )?;
            }
        }
        writeln!(output)?;
    }
    if report.compared == 0 {
        writeln!(output, "{RED}error{RED:#}{BOLD}: {NOTHING_READ}{BOLD:#}")?;
    }
    writeln!(output, "{BOLD}{}{BOLD:#}", summary(report))
}

fn difference(output: &mut impl Write, finding: &Finding, other: &str) -> io::Result<()> {
    let style = match finding.impact {
        Impact::Breaking => RED,
        Impact::Additive => YELLOW,
        Impact::Record => CYAN,
    };
    let word = if finding.is_deprecation() {
        "deprecation"
    } else {
        finding.impact.name()
    };
    writeln!(
        output,
        "{style}drift[{word}]{style:#}{BOLD}: {}{BOLD:#}",
        finding.title
    )?;
    writeln!(output, "  {BLUE}-->{BLUE:#} {}", place(&finding.place))?;
    writeln!(
        output,
        "   {BLUE}|{BLUE:#} the page: {}",
        one_line(&finding.says)
    )?;
    writeln!(
        output,
        "   {BLUE}|{BLUE:#} {other}: {}",
        one_line(&finding.other_says)
    )?;
    if let Some(other_place) = &finding.other_place {
        writeln!(output, "  {BLUE}:::{BLUE:#} {}", place(other_place))?;
    }
    if !finding.items.is_empty() {
        writeln!(output, "   = affects {}", finding.items.join(", "))?;
    }
    writeln!(output, "   = key {}\n", finding.key())
}

fn place(place: &Place) -> String {
    if place.line == 0 {
        place.file.clone()
    } else {
        format!("{}:{}", place.file, place.line)
    }
}

fn one_line(words: &str) -> String {
    let mut line: String = words.chars().take(300).collect();
    if words.chars().count() > 300 {
        line.push('…');
    }
    line
}
