//! The table that the walk prints.

use std::fmt;
use std::process::ExitCode;

use crate::seen::Seen;

/// Every answer so far, each beside what the documents say it is.
#[derive(Default)]
pub struct Table {
    lines: Vec<Line>,
}

enum Line {
    Heading(&'static str),
    Answer(Row),
}

struct Row {
    call: &'static str,
    seen: Seen,
    /// What it should have been, if it is something else.
    instead_of: Option<String>,
}

impl Table {
    /// Starts a part of the table.
    pub fn heading(&mut self, heading: &'static str) {
        self.lines.push(Line::Heading(heading));
    }

    /// Adds an answer that is documented as `status`, or as none, and `answer`.
    pub fn add(
        &mut self,
        call: &'static str,
        seen: Seen,
        status: impl Into<Option<u16>>,
        answer: &str,
    ) {
        let status = status.into();
        let is_documented = seen.status == status && seen.answer == answer;
        let instead_of = (!is_documented).then(|| format!("{} {answer}", number(status)));
        self.lines.push(Line::Answer(Row {
            call,
            seen,
            instead_of,
        }));
    }

    /// Success when every answer is the documented one.
    pub fn exit_code(&self) -> ExitCode {
        if self.surprises() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.lines.iter().filter_map(|line| match line {
            Line::Answer(row) => Some(row),
            Line::Heading(_) => None,
        })
    }

    fn surprises(&self) -> usize {
        self.rows().filter(|row| row.instead_of.is_some()).count()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |text: fn(&Row) -> &str| self.rows().map(|row| text(row).len()).max();
        let call = widest(|row| row.call).unwrap_or_default();
        let answer = widest(|row| &row.seen.answer).unwrap_or_default();
        writeln!(
            f,
            "{:call$}  {:6}  {:answer$}  What it means",
            "Call", "Status", "Typed answer"
        )?;
        for line in &self.lines {
            match line {
                Line::Heading(heading) => writeln!(f, "\n{heading}")?,
                Line::Answer(row) => {
                    let status = number(row.seen.status);
                    writeln!(
                        f,
                        "{:call$}  {status:6}  {:answer$}  {}",
                        row.call, row.seen.answer, row.seen.meaning
                    )?;
                    if let Some(documented) = &row.instead_of {
                        writeln!(f, "{:call$}  ^ documented is {documented}", "")?;
                    }
                }
            }
        }
        let (all, surprises) = (self.rows().count(), self.surprises());
        writeln!(
            f,
            "\n{} of {all} answers are the documented ones.",
            all - surprises
        )
    }
}

fn number(status: Option<u16>) -> String {
    status.map_or_else(|| "none".to_owned(), |status| status.to_string())
}
