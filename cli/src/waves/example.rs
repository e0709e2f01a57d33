//! The example that `plan --init` writes, with the schema beside it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::format::SCHEMA;
use crate::exit::Failure;
use crate::output::Output;
use crate::suggestion::{command, quoted};

/// The example: a wave, and the CSV files that it names.
const WAVE: &str = include_str!("../../templates/wave.toml");
const USERS: &str = include_str!("../../templates/wave-users.csv");
const USER_MAPPINGS: &str = include_str!("../../templates/wave-user-mappings.csv");

/// Writes the example beside the schema that it names; overwrites nothing but an older schema.
pub fn write(file: &Path, output: &Output) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    }
    new(file, WAVE)?;
    output.say(&format!("written to {}", file.display()));
    let schema = folder.join("wave.schema.json");
    std::fs::write(&schema, SCHEMA).map_err(|error| cannot(&schema, error))?;
    for (name, text) in [("users.csv", USERS), ("user-mappings.csv", USER_MAPPINGS)] {
        let path = folder.join(name);
        if path.exists() {
            output.say(&format!("{} is there already, and stays", path.display()));
        } else {
            new(&path, text)?;
            output.say(&format!("written to {}", path.display()));
        }
    }
    output.say(&format!("written to {}, for editors", schema.display()));
    output.say("put your tenants, dates and users in; an editor that knows TOML completes the keys by the schema");
    let plan = format!("plan {}", quoted(&file.display().to_string()));
    output.say(&format!("next: {}", command(&plan)));
    Ok(())
}

fn new(file: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).open(file);
    let written = opened.and_then(|mut to| to.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} is there already", file.display())).next("name another file")
        }
        _ => cannot(file, error),
    })
}

fn cannot(path: &Path, error: std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be written", path.display()))
        .because(error)
        .next("name another file")
}
