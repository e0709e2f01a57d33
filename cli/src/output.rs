//! What is shown, and where: results on standard output, all else on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use msgraph_migrations::{Deviation, OneLine};

use crate::arguments::{Format, OutputArguments};
use crate::exit::Failure;
use crate::time::Zone;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
static NOBODY_READS: AtomicBool = AtomicBool::new(false);
/// No column becomes narrower than this to make a table fit.
const MIN_COLUMN: usize = 8;

/// One result: its fields in the order in which they are shown.
#[derive(Debug, Default)]
pub struct Row(Vec<Field>);

#[derive(Debug)]
struct Field {
    name: &'static str,
    value: Value,
    /// How the table shows it; none where it is too much for a table.
    cell: Option<String>,
}

impl Row {
    pub fn new() -> Self {
        Self::default()
    }

    /// A field that is shown as it is.
    pub fn with(self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let cell = plain(&value);
        self.field(name, value, Some(cell))
    }

    /// A field that a table shows in another way.
    pub fn shown_as(self, name: &'static str, value: impl Into<Value>, cell: String) -> Self {
        self.field(name, value.into(), Some(cell))
    }

    /// A field that no table shows.
    pub fn beside(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.field(name, value.into(), None)
    }

    fn field(mut self, name: &'static str, value: Value, cell: Option<String>) -> Self {
        self.0.push(Field { name, value, cell });
        self
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for field in &self.0 {
            map.serialize_entry(field.name, &field.value)?;
        }
        map.end()
    }
}

/// Shows results and remarks.
#[derive(Debug)]
pub struct Output {
    format: Format,
    zone: Zone,
    is_quiet: bool,
    is_verbose: bool,
    /// Whether nothing is shown but failures.
    is_muted: bool,
}

impl Output {
    pub fn new(arguments: &OutputArguments) -> Self {
        Self {
            format: arguments.format,
            zone: if arguments.utc {
                Zone::Utc
            } else {
                Zone::Local
            },
            is_quiet: arguments.quiet,
            is_verbose: arguments.verbose,
            is_muted: false,
        }
    }

    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Shows no results and remarks from now on.
    pub fn mute(&mut self) {
        self.is_muted = true;
    }

    /// Shows them again.
    pub fn unmute(&mut self) {
        self.is_muted = false;
    }

    /// Whether nothing is shown, since nothing is sent.
    pub fn is_muted(&self) -> bool {
        self.is_muted
    }

    /// The form of the results.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Shows results in another form from now on.
    pub fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    /// Whether somebody sits before standard error who may like to see how far it is.
    pub fn shows_progress(&self) -> bool {
        !self.is_quiet && !self.is_muted && io::stderr().is_terminal()
    }

    /// Shows results; `nothing` is said instead of an empty table.
    pub fn rows(&mut self, rows: &[Row], nothing: &str) -> Result<(), Failure> {
        if self.is_muted {
            return Ok(());
        }
        if rows.is_empty() && self.format == Format::Table {
            self.say(nothing);
            return Ok(());
        }
        let mut text = Vec::new();
        self.write(rows, &mut text)
            .map_err(|error| Failure::unexpected("the results cannot be shown", error))?;
        put(&text).inspect_err(|_| {
            // What was changed must not go untold because a disk is full.
            let _ = anstream::stderr().lock().write_all(&text);
        })
    }

    fn write(&self, rows: &[Row], to: &mut Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
        match self.format {
            Format::Table => to.extend_from_slice(table(rows, width()).as_bytes()),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *to, rows)?;
                to.push(b'\n');
            }
            Format::Jsonl => {
                for row in rows {
                    serde_json::to_writer(&mut *to, row)?;
                    to.push(b'\n');
                }
            }
            Format::Yaml => to.extend_from_slice(serde_saphyr::to_string(&rows)?.as_bytes()),
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(to);
                if let Some(first) = rows.first() {
                    csv.write_record(first.0.iter().map(|field| field.name))?;
                }
                for row in rows {
                    csv.write_record(row.0.iter().map(|field| plain(&field.value)))?;
                }
                csv.flush()?;
            }
        }
        Ok(())
    }

    /// Whether results are for people.
    pub fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    /// A remark for people.
    pub fn say(&self, text: &str) {
        if !self.is_quiet && !self.is_muted {
            remark(&escaped(text));
        }
    }

    /// Says what of `name` could not be read; a result without it must not look whole.
    pub fn left_out(name: &str, deviations: &[Deviation]) {
        for deviation in deviations {
            remark(&escaped(&format!(
                "{name} could not be read whole: {deviation}"
            )));
        }
    }

    /// A text that has to be seen before it is kept, line by line.
    pub fn review(&self, text: &str) {
        if !self.is_muted {
            text.lines().for_each(|line| remark(&escaped(line)));
        }
    }

    /// Whether remarks are not wanted.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet || self.is_muted
    }

    /// A remark where there is no output at hand.
    pub fn tell(text: &str) {
        remark(&escaped(text));
    }

    /// A remark for those who asked for more.
    pub fn detail(&self, text: &str) {
        if self.is_verbose && !self.is_muted {
            remark(&format!("{FAINT}{}{FAINT:#}", escaped(text)));
        }
    }

    /// What went wrong, why, and what to do.
    pub fn fail(failure: &Failure) {
        remark(&format!(
            "{ERROR}error:{ERROR:#} {}",
            escaped(&failure.what)
        ));
        if let Some(why) = &failure.why {
            remark(&format!("  why:  {}", escaped(why)));
        }
        if let Some(next) = &failure.next {
            remark(&format!("  next: {}", escaped(next)));
        }
    }
}

/// Writes results; a reader that has seen enough, such as `head`, is no failure.
pub fn put(text: &[u8]) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            NOBODY_READS.store(true, Ordering::Relaxed);
            Ok(())
        }
        Err(error) => Err(Failure::unexpected("the results cannot be written", error)
            .next("what was sent stays sent; write the results elsewhere")),
        Ok(()) => Ok(()),
    }
}

/// Whether the reader of the results went away.
pub fn nobody_reads() -> bool {
    NOBODY_READS.load(Ordering::Relaxed)
}

fn remark(text: &str) {
    // With standard error closed there is nobody to tell; the exit code still tells.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// The text of a value without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `1 user`, `2 users`.
pub fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// Text of the service as one line that a terminal cannot be steered by.
pub fn escaped(text: &str) -> String {
    OneLine(text, usize::MAX).to_string()
}

/// How wide a table may be; anything, where nobody looks at it on a terminal.
fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

fn table(rows: &[Row], width: Option<usize>) -> String {
    let header = rows
        .first()
        .into_iter()
        .flat_map(|row| &row.0)
        .filter(|field| field.cell.is_some())
        .map(|field| title(field.name))
        .collect::<Vec<_>>();
    let body = rows.iter().map(|row| {
        row.0
            .iter()
            .filter_map(|field| field.cell.as_deref().map(escaped))
            .collect::<Vec<_>>()
    });
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(body).collect();
    let widths = fit(&lines, width);
    let mut text = String::new();
    for line in &lines {
        let mut shown = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let cell = cut(cell, *width);
            shown.push_str(&cell);
            shown.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

/// `completeAfter` as `COMPLETE AFTER`.
fn title(name: &str) -> String {
    let mut title = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            title.push(' ');
        }
        title.extend(c.to_uppercase());
    }
    title
}

/// The widths of the columns; the widest give way until the table fits, the first, which names, last.
fn fit(lines: &[Vec<String>], width: Option<usize>) -> Vec<usize> {
    let columns = lines.first().map_or(0, Vec::len);
    let mut widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let Some(width) = width else { return widths };
    while widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1) > width {
        let (first, others) = widths.split_at_mut(1.min(columns));
        let widest = others.iter_mut().max();
        let Some(widest) = widest
            .filter(|widest| **widest > MIN_COLUMN)
            .or(first.iter_mut().find(|first| **first > MIN_COLUMN))
        else {
            break;
        };
        *widest -= 1;
    }
    widths
}

/// As much of `text` as fits, with an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut taken = 0;
    for c in text.chars() {
        let next = taken + c.width().unwrap_or(0);
        if next >= width {
            break;
        }
        taken = next;
        shown.push(c);
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_fits_whatever_the_names_are() {
        let rows = [
            Row::new()
                .with("name", "Alderwood wave 3")
                .with("users", 240),
            Row::new().with("name", "東京支社の移行").with("users", 3),
            Row::new()
                .with("name", "steered\u{1b}[2J\nhere")
                .with("users", 0),
        ];
        let whole = table(&rows, None);
        assert!(whole.contains("steered\\u{1b}[2J\\nhere"), "{whole}");
        for width in [18, 24, 60, 200] {
            for line in table(&rows, Some(width)).lines() {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
        let starts: Vec<_> = whole
            .lines()
            .map(|line| line.width() - line.split("  ").last().unwrap_or_default().width())
            .collect();
        assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "{whole}");
    }

    #[test]
    fn names_are_the_last_to_be_cut() {
        let rows = [Row::new().with("name", "Alderwood wave 3").with(
            "reason",
            "mailboxes are cutting over, and nothing can be cancelled any more",
        )];
        let narrow = table(&rows, Some(30));
        assert!(
            narrow.contains("Alderwood wave 3  mailboxes a…"),
            "{narrow}"
        );
        let narrower = table(&rows, Some(18));
        assert!(narrower.contains("Alderwo…  mailbox…"), "{narrower}");
    }

    #[test]
    fn a_name_becomes_a_title() {
        assert_eq!(title("completeAfter"), "COMPLETE AFTER");
    }
}
