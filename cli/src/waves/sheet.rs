//! CSV files as spreadsheets write them: with or without a byte order mark, with any line ends.

use std::path::Path;

use super::mistakes::Mistakes;
use crate::exit::Failure;

/// The columns of a file that somebody asked for, line by line.
#[derive(Debug)]
pub struct Sheet {
    header: Vec<String>,
    lines: Vec<(usize, csv::StringRecord)>,
}

/// One line of a file.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    sheet: &'a Sheet,
    record: &'a csv::StringRecord,
    /// From 1; the header is the first.
    pub number: usize,
}

impl Sheet {
    /// Reads a text; lines that cannot be read are mistakes.
    pub fn read(text: &str, file: &Path, mistakes: &mut Mistakes) -> Self {
        let text = without_mark(text);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect(),
            Err(error) => {
                mistakes.add(file, (1, 0), error);
                Vec::new()
            }
        };
        let mut counter = Counter::new(text);
        let mut lines = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => lines.push((counter.line(record.position()), record)),
                Err(error) => {
                    let line = counter.line(error.position());
                    mistakes.add(file, (line, 0), why(&error));
                }
            }
        }
        Self { header, lines }
    }

    /// The index of a column, whatever its case.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name.trim()))
    }

    /// The same; a column that is not there is a mistake.
    pub fn needed(&self, name: &str, file: &Path, mistakes: &mut Mistakes) -> Option<usize> {
        let found = self.column(name);
        if found.is_none() {
            let columns = self.header.join(", ");
            let reason = format!("there is no column {name}; the columns are: {columns}");
            mistakes.add(file, (1, 0), reason);
        }
        found
    }

    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().map(|(number, record)| Line {
            sheet: self,
            record,
            number: *number,
        })
    }
}

/// Counts lines up to where a record begins, which the reader places before the rest of a line end and empty lines.
struct Counter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Counter<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    fn line(&mut self, position: Option<&csv::Position>) -> usize {
        let start = position.map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        while let Some(byte) = self.bytes.get(self.at)
            && (self.at < start || matches!(byte, b'\r' | b'\n'))
        {
            self.line += usize::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

impl<'a> Line<'a> {
    /// The text of a cell; none if it is empty or not there.
    pub fn cell(&self, column: Option<usize>) -> Option<&'a str> {
        let text = self.record.get(column?)?;
        Some(text).filter(|text| !text.is_empty())
    }

    /// The text of the cell in a column by its name.
    pub fn named(&self, column: &str) -> Option<&'a str> {
        self.cell(self.sheet.column(column))
    }

    /// Whether nothing at all stands in it.
    pub fn is_empty(&self) -> bool {
        self.record.iter().all(str::is_empty)
    }
}

fn why(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("the line has {len} cells, and the header {expected_len}"),
        _ => error.to_string(),
    }
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The text of a file of the wave, without a byte order mark.
pub fn text_of(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!(
            "{} cannot be read; nothing was sent",
            file.display()
        ))
        .because(error)
        .next("name another file; xtmig plan --init FILE writes an example")
    })?;
    Ok(without_mark(&text).to_owned())
}
