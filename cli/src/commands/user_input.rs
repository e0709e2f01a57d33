//! Users from the command line, a file, or standard input.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::arguments::UserArguments;
use crate::exit::Failure;

/// The users that were named, each once, in the order of their first naming.
pub fn users(arguments: &UserArguments) -> Result<Vec<String>, Failure> {
    let users = named(
        &arguments.users,
        arguments.from.as_deref(),
        arguments.column.as_deref(),
    )?;
    if users.is_empty() {
        return Err(Failure::usage("no user is named; nothing was sent")
            .because("neither the command line nor a file names one")
            .next("name object ids, or a file of them with --from"));
    }
    Ok(users)
}

/// Those on the command line and in a file, each once, in the order of their first naming.
pub fn named(
    given: &[String],
    from: Option<&Path>,
    column: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let mut names = given.to_vec();
    if let Some(file) = from {
        let text = read(file)?;
        match column {
            Some(column) => names.extend(from_csv(&text, column)?),
            None => names.extend(
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned),
            ),
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.to_lowercase()));
    Ok(names)
}

/// The text of a file, or of standard input.
pub fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().read_to_string(&mut text)
    } else {
        File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| {
        Failure::usage(format!(
            "{} cannot be read; nothing was sent",
            file.display()
        ))
        .because(error)
        .next("name another file")
    })?;
    // Spreadsheets begin their files with a byte order mark.
    Ok(text
        .strip_prefix('\u{feff}')
        .map_or(text.clone(), str::to_owned))
}

fn from_csv(text: &str, column: &str) -> Result<Vec<String>, Failure> {
    let wrong = |error: csv::Error| {
        Failure::usage("the CSV cannot be read; nothing was sent")
            .because(error)
            .next("correct the file")
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(wrong)?.clone();
    let index = header
        .iter()
        .position(|name| name.eq_ignore_ascii_case(column))
        .ok_or_else(|| {
            let known: Vec<_> = header.iter().collect();
            Failure::usage(format!("the CSV has no column {column}; nothing was sent"))
                .because(format!("its columns are {}", known.join(", ")))
                .next("name one of them with --column")
        })?;
    let mut users = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        users.extend(
            record
                .get(index)
                .filter(|user| !user.is_empty())
                .map(str::to_owned),
        );
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_its_name_and_empty_cells_are_left_out() {
        let text = "Name, User Id\n\"Moreau, Ines\", one\nKeller, \nOrtiz, two\n";
        assert_eq!(from_csv(text, "user id").expect("users"), ["one", "two"]);
        let failure = from_csv(text, "mail").expect_err("no such column");
        assert_eq!(
            failure.why.as_deref(),
            Some("its columns are Name, User Id")
        );
    }
}
