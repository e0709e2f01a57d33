//! What is wrong with the files of a wave: all of it, each with file, line and column.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::output::Output;

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub file: PathBuf,
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    /// From 1, in characters; 0 where the whole line is meant.
    pub column: usize,
    pub reason: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        for number in [self.line, self.column] {
            if number > 0 {
                write!(f, "{number}:")?;
            }
        }
        write!(f, " {}", self.reason)
    }
}

/// All that is wrong, as far as it was looked for.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub fn add(&mut self, file: &Path, (line, column): (usize, usize), reason: impl fmt::Display) {
        self.0.push(Mistake {
            file: file.to_owned(),
            line,
            column,
            reason: reason.to_string(),
        });
    }

    #[cfg(test)]
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }

    /// Takes those of another in.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Shows them in the order of their places; a failure if there are any.
    pub fn check(mut self, what: &Path) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort();
        self.0.dedup();
        for mistake in &self.0 {
            Output::tell(&mistake.to_string());
        }
        let count = match self.0.len() {
            1 => "1 mistake".to_owned(),
            count => format!("{count} mistakes"),
        };
        Err(Failure::usage(format!(
            "{} cannot be used: {count}; nothing was sent",
            what.display()
        ))
        .because("each is named above with its line")
        .next("correct them; xtmig plan --init FILE writes an example with comments"))
    }
}
