//! Maintenance commands: drift check and regeneration.

mod adopt;
mod compatibility;
mod contract;
mod documents;
mod drift;
mod facts;
mod names;
mod project;
mod regenerate;
mod report;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use contract::Contract;
use contract::held::Held;
use contract::ledger::Ledger;
use documents::folder;
use drift::relevance::Scope;
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
    /// Exits with 0 when there is nothing new, 1 on drift, 2 when a page of ours could not be understood or none was
    /// compared. A page that says the same in other words than when it was last read is a note.
    Drift {
        /// A folder of documents or a single page; the old edition when NEW is given.
        #[arg(required_unless_present = "answers")]
        documents: Option<PathBuf>,
        /// The new edition; compares the two without the spec.
        new: Option<PathBuf>,
        /// Compare every page of two editions, those about other products too.
        #[arg(long, requires = "new")]
        all: bool,
        /// Compare a record that `xtmig probe --record` wrote, as one more document.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["documents", "new"])]
        answers: Option<PathBuf>,
        /// Exit with 3 when there is no drift but a page has another text than when it was last read.
        #[arg(long)]
        fail_on_notes: bool,
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
    /// Write into the spec and the provenance file what is plain in the documents, and list what is to be decided.
    ///
    /// Shows the difference and changes nothing unless --write is given. Exits with 0 when nothing is left to decide,
    /// 1 when something is, 2 when a file could not be used.
    Adopt {
        /// A folder of documents or a single page.
        documents: PathBuf,
        /// Change the files, and refresh what is derived from them.
        #[arg(long)]
        write: bool,
        /// Ask about each change, and change the files.
        #[arg(long)]
        interactive: bool,
        /// A page, by its name in the provenance file, whose change you have read; `all` for every page.
        #[arg(long, value_name = "PAGE")]
        reviewed: Vec<String>,
        /// Do not refresh what is derived.
        #[arg(long)]
        no_regenerate: bool,
        /// The spec, when it is not the project's own.
        #[arg(long, value_name = "FILE")]
        spec: Option<PathBuf>,
        /// The provenance file, when it is not the project's own.
        #[arg(long, value_name = "FILE")]
        provenance: Option<PathBuf>,
    },
    /// Compare the spec with its last release, and name what breaks its users.
    ///
    /// Exits with 0 when nothing does, 1 when something does that openapi/lint/compatibility.yaml does not accept, 2 when
    /// something could not be read, 75 when nothing was released to compare with.
    Compatibility {
        /// A commit or release instead of the last release.
        #[arg(long, value_name = "REVISION", conflicts_with = "against")]
        since: Option<String>,
        /// A file instead of the last release.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// The spec, when it is not the project's own.
        #[arg(long, value_name = "FILE")]
        spec: Option<PathBuf>,
        /// The accepted changes, when they are not the project's own.
        #[arg(long, value_name = "FILE")]
        accepted: Option<PathBuf>,
    },
    /// Refresh everything that is derived from the spec, and show the changed public items, breaking first.
    ///
    /// Says what the hand-written code lacks: methods, their types, rows of tables, places in state machines. Exits with 0 when everything is fresh, 1 when something is stale under --check or incomplete, 2 when a
    /// step could not be taken.
    Regenerate {
        /// Change nothing; fail when anything is stale.
        #[arg(long)]
        check: bool,
        /// Documents whose hashes and dates are recorded in the provenance file.
        #[arg(long, value_name = "DIR")]
        docs: Option<PathBuf>,
        /// A page, by its name in the provenance file, whose change you have read; `all` for every page.
        #[arg(long, value_name = "PAGE", requires = "docs")]
        reviewed: Vec<String>,
        /// The commit or release with which the public items of the library are compared.
        #[arg(
            long,
            value_name = "REVISION",
            default_value = "HEAD",
            conflicts_with = "check"
        )]
        since: String,
        /// Leave the linters out.
        #[arg(long)]
        no_lint: bool,
    },
}

fn main() -> ExitCode {
    if let Some(code) = regenerate::public_items::stand_in() {
        return code;
    }
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {}", terminal::visible(&message));
            ExitCode::from(2)
        }
    }
}

fn compatible(comparison: compatibility::Comparison) -> Result<ExitCode, String> {
    Ok(match compatibility::compare(comparison)? {
        compatibility::Verdict::NothingReleased => {
            println!("SKIPPED: there is no release (a tag v*) to compare the specification with");
            ExitCode::from(75)
        }
        compatibility::Verdict::Compared(report, is_good) => {
            print!("{report}");
            ExitCode::from(u8::from(!is_good))
        }
    })
}

fn run(arguments: Arguments) -> Result<ExitCode, String> {
    match arguments.command {
        Command::Compatibility {
            since,
            against,
            spec,
            accepted,
        } => {
            let comparison = compatibility::Comparison {
                since,
                against,
                spec,
                accepted,
            };
            compatible(comparison)
        }
        Command::Drift {
            documents,
            new,
            all,
            answers,
            fail_on_notes,
            format,
            spec,
            provenance,
        } => {
            let sides = Sides {
                documents,
                new,
                all,
                answers,
            };
            let (found, other) = compared(&sides, spec, provenance)?;
            let code = match found.exit_code() {
                0 if fail_on_notes && found.notes().next().is_some() => 3,
                code => code,
            };
            report::write(found, format, other)
                .map_err(|error| format!("cannot write the report: {error}"))?;
            Ok(ExitCode::from(code))
        }
        Command::Adopt {
            documents,
            write,
            interactive,
            reviewed,
            no_regenerate,
            spec,
            provenance,
        } => {
            let own = spec.is_none() && provenance.is_none();
            let write = write || interactive;
            let outcome = adopt::run(&adopt::Options {
                documents,
                spec: project::file(spec, "openapi/cross-tenant-migration.yaml")?,
                provenance: project::file(provenance, "openapi/provenance.yaml")?,
                write,
                interactive,
                reviewed,
            })?;
            println!(
                "{} adopted, {} to decide",
                outcome.adopted, outcome.decisions
            );
            if outcome.changed && !write {
                println!("nothing was written; do so with `--write`");
            }
            if outcome.changed && write && own && !no_regenerate {
                return regenerate_all(&regenerate::Options {
                    root: project::root()?,
                    check: false,
                    without_lint: false,
                    since: Some("HEAD".to_owned()),
                    documents: None,
                    reviewed: Vec::new(),
                });
            }
            Ok(ExitCode::from(u8::from(outcome.decisions > 0)))
        }
        Command::Regenerate {
            check,
            docs,
            reviewed,
            since,
            no_lint,
        } => regenerate_all(&regenerate::Options {
            root: project::root()?,
            check,
            without_lint: no_lint,
            // The gate asks whether files are fresh, and not what changed.
            since: (!check).then_some(since),
            documents: docs,
            reviewed,
        }),
    }
}

fn regenerate_all(options: &regenerate::Options) -> Result<ExitCode, String> {
    let outcome = regenerate::run(options)?;
    for problem in &outcome.problems {
        println!("incomplete: {problem}");
    }
    let stale = options.check && !outcome.stale.is_empty();
    if stale {
        for file in &outcome.stale {
            println!("stale: {file}");
        }
        println!("refresh with `cargo xtask regenerate`, read the difference and commit it");
    } else if outcome.problems.is_empty() {
        println!("everything derived from the spec is fresh");
    }
    Ok(ExitCode::from(u8::from(
        stale || !outcome.problems.is_empty(),
    )))
}

/// What is compared.
struct Sides {
    documents: Option<PathBuf>,
    new: Option<PathBuf>,
    all: bool,
    answers: Option<PathBuf>,
}

/// Compares, and says with what.
fn compared(
    sides: &Sides,
    spec: Option<PathBuf>,
    provenance: Option<PathBuf>,
) -> Result<(drift::Report, &'static str), String> {
    if let (Some(documents), Some(new)) = (&sides.documents, &sides.new) {
        let (old, new) = (folder::read(documents)?, folder::read(new)?);
        if sides.all {
            return Ok((drift::editions::between(old, new, None), "the old edition"));
        }
        let (contract, ledger, _) = own_files(spec, provenance)?;
        let scope = Scope {
            contract: &contract,
            ledger: &ledger,
        };
        let found = drift::editions::between(old, new, Some(scope));
        return Ok((found, "the old edition"));
    }
    let (contract, ledger, held) = own_files(spec, provenance)?;
    let found = match (&sides.documents, &sides.answers) {
        (Some(documents), _) => {
            let edition = folder::read(documents)?;
            drift::against_contract(edition, &contract, &ledger, &held)
        }
        (None, Some(record)) => drift::answers::against_contract(record, &contract, &ledger),
        (None, None) => return Err("there is nothing to compare".to_owned()),
    };
    Ok((found, "the spec"))
}

fn own_files(
    spec: Option<PathBuf>,
    provenance: Option<PathBuf>,
) -> Result<(Contract, Ledger, Held), String> {
    let spec = project::file(spec, "openapi/cross-tenant-migration.yaml")?;
    let provenance = project::file(provenance, "openapi/provenance.yaml")?;
    let held = Held::load(&provenance.with_file_name(project::HELD))?;
    Ok((Contract::load(&spec)?, Ledger::load(&provenance)?, held))
}
