//! Users from the command line, a file, or standard input.

use std::collections::HashSet;
use std::fmt::Display;
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
            None => names.extend(from_lines(&text)?),
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.to_lowercase()));
    Ok(names)
}

/// The text of a file, or of standard input.
pub fn read(file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    let failed = |why: &dyn Display, next: &str| {
        Failure::usage(format!(
            "{} cannot be read; nothing was sent",
            file.display()
        ))
        .because(why)
        .next(next)
    };
    read.map_err(|error| failed(&error, "name another file"))?;
    decoded(&bytes).ok_or_else(|| {
        failed(
            &"it is neither UTF-8 nor UTF-16",
            "save it as UTF-8; a spreadsheet calls that CSV UTF-8",
        )
    })
}

/// The text of UTF-8, or of UTF-16 with a byte order mark, which PowerShell writes.
fn decoded(bytes: &[u8]) -> Option<String> {
    let units = |from: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks_exact(2);
        let is_whole = pairs.remainder().is_empty();
        let units: Vec<u16> = pairs.map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok().filter(|_| is_whole)
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(bytes).ok()?;
            // Spreadsheets begin their files with a byte order mark.
            Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
        }
    }
}

/// What separates the columns: where the comma is a decimal sign, spreadsheets write semicolons.
pub fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // The comma stands last, and is taken where none is there more often.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(b',')
}

/// One name a line, without empty lines and remarks.
fn from_lines(text: &str) -> Result<Vec<String>, Failure> {
    let lines = text.lines().map(str::trim).enumerate();
    let named = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    named
        .map(|(index, line)| {
            if line.contains([',', ';', '\t']) {
                return Err(Failure::usage(format!(
                    "line {} holds more than one value; nothing was sent",
                    index + 1
                ))
                .because("a file without --column has one name a line")
                .next("name the column that is meant with --column"));
            }
            Ok(line.to_owned())
        })
        .collect()
}

fn from_csv(text: &str, column: &str) -> Result<Vec<String>, Failure> {
    let wrong = |error: csv::Error| {
        Failure::usage("the CSV cannot be read; nothing was sent")
            .because(error)
            .next("correct the file")
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter(text))
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
    fn a_file_is_read_as_a_spreadsheet_or_powershell_writes_it() {
        let utf_16 = |to: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}one\r\nÅsa\r\n"
                .encode_utf16()
                .flat_map(to)
                .collect()
        };
        for bytes in [
            "one\nÅsa".as_bytes().to_vec(),
            "\u{feff}one\r\nÅsa\r\n".as_bytes().to_vec(),
            utf_16(u16::to_le_bytes),
            utf_16(u16::to_be_bytes),
        ] {
            let text = decoded(&bytes).expect("a text");
            assert_eq!(from_lines(&text).expect("names"), ["one", "Åsa"]);
        }
        for bytes in [&b"\xc5sa"[..], b"\xff\xfea", b"\xff\xfe\x00\xd8"] {
            assert_eq!(decoded(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn columns_are_separated_as_the_country_of_the_spreadsheet_does_it() {
        for text in [
            "name,id\na,one",
            "name;id\na;one",
            "name\tid\na\tone",
            "\"name, first\";x;id\n\"a;b\";;one\n",
        ] {
            assert_eq!(from_csv(text, "ID").expect("users"), ["one"], "{text}");
        }
        assert_eq!(from_csv("id\r\none\r\n", "id").expect("users"), ["one"]);
    }

    #[test]
    fn a_table_is_not_taken_for_a_list_of_names() {
        for text in ["name,id\na,one", "# list\none;two", "one\ttwo"] {
            let failure = from_lines(text).expect_err("more than one value");
            assert!(failure.what.contains("more than one value"), "{failure:?}");
        }
    }

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
