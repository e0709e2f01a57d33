//! Maintenance commands: drift check and regeneration.

mod contract;
mod documents;
mod drift;
mod facts;
mod names;
mod project;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use contract::Contract;
use contract::ledger::Ledger;
use documents::folder;
use drift::Report;
use report::Format;

/// Maintenance commands of msgraph-migrations.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compare documents with the spec, or two editions of the documents with each other.
    ///
    /// Exits with 0 when there is nothing new, 1 on drift, 2 when a page could not be understood or none was
    /// compared.
    Drift {
        /// A folder of documents or a single page; the old edition when NEW is given.
        documents: PathBuf,
        /// The new edition; compares the two without the spec.
        new: Option<PathBuf>,
        /// The form of the report.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// The spec, when it is not the project's own.
        #[arg(long, value_name = "FILE")]
        spec: Option<PathBuf>,
        /// The provenance file, when it is not the project's own.
        #[arg(long, value_name = "FILE")]
        provenance: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, String> {
    match arguments.command {
        Command::Drift {
            documents,
            new,
            format,
            spec,
            provenance,
        } => {
            let (found, other) = match new {
                Some(new) => (
                    drift::editions::between(folder::read(&documents)?, folder::read(&new)?),
                    "the old edition",
                ),
                None => (against_spec(&documents, spec, provenance)?, "the spec"),
            };
            report::write(&found, format, other)
                .map_err(|error| format!("cannot write the report: {error}"))?;
            Ok(ExitCode::from(found.exit_code()))
        }
    }
}

fn against_spec(
    documents: &std::path::Path,
    spec: Option<PathBuf>,
    provenance: Option<PathBuf>,
) -> Result<Report, String> {
    let spec = project::file(spec, "openapi/cross-tenant-migration.yaml")?;
    let provenance = project::file(provenance, "openapi/provenance.yaml")?;
    let contract = Contract::load(&spec)?;
    let ledger = Ledger::load(&provenance)?;
    let edition = folder::read(documents)?;
    Ok(drift::against_contract(edition, &contract, &ledger))
}
