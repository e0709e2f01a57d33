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
        let mut lines = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => {
                    // The position is that of the record, whose first line may follow empty ones.
                    let number = record
                        .position()
                        .map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
                    lines.push((number, record));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    let line = usize::try_from(line).unwrap_or(0);
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
