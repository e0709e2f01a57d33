//! Refreshes everything that is derived from the spec, or says what is stale.

mod blocks;
mod build;
pub mod hashes;
mod outcomes;
mod placement;
pub mod public_items;
mod returns;
mod signatures;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contract::Contract;
use crate::contract::held::Held;
use crate::contract::ledger::Ledger;

/// What to do.
pub struct Options {
    /// The project.
    pub root: PathBuf,
    /// Change nothing and say what is stale.
    pub check: bool,
    /// Leave the linters out.
    pub without_lint: bool,
    /// The commit or release whose public items are compared; none to leave them out.
    pub since: Option<String>,
    /// The documents whose hashes are recorded.
    pub documents: Option<PathBuf>,
    /// The pages whose change somebody has read.
    pub reviewed: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Files that are not, or were not, as the spec wants them.
    pub stale: Vec<String>,
    /// What keeps the result from being complete.
    pub problems: Vec<String>,
}

/// Runs every step, printing what it does.
///
/// # Errors
/// Says which step could not be taken.
pub fn run(options: &Options) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let root = &options.root;
    if options.without_lint {
        println!("lint: SKIPPED, as asked with --no-lint");
    } else {
        lint(root)?;
    }
    println!("build: generating the client from the spec");
    let built = build::generated_code(root)?;
    for (name, code) in &built.files {
        golden(root, name, code, options.check, &mut outcome)?;
    }
    if !built.compiles {
        let problem =
            "the written code does not compile with the generated one; its messages stand above";
        outcome.problems.push(problem.to_owned());
    }

    let contract = Contract::load(&root.join("openapi/cross-tenant-migration.yaml"))?;
    let ledger = Ledger::load(&root.join("openapi/provenance.yaml"))?;
    let sources = signatures::sources(root, "src")?;
    let methods = signatures::of_client(&sources);
    let variants = signatures::outcomes(&sources);
    outcome.problems.extend(returns::check(
        &contract,
        &methods,
        &signatures::payloads(&sources),
    ));
    outcome.problems.extend(returns::unlisted(root, &contract));
    outcome.problems.extend(placement::check(root, &contract));
    outcome.problems.extend(tables::deprecations(
        &contract,
        &signatures::deprecated_methods(&sources),
    ));
    let spec = fs::read_to_string(root.join("openapi/cross-tenant-migration.yaml"))
        .map_err(|error| format!("cannot read the spec: {error}"))?;
    outcome.problems.extend(tables::drafts(&spec));
    let answers = tables::outcomes(&contract, &methods);
    let operations = tables::operations(&contract, &ledger);
    let tables = [("outcomes", answers), ("operations", operations)];
    let mut found: Vec<&str> = Vec::new();
    for file in blocks::candidates(root) {
        let text = fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        if let Some(problems) = outcomes::check(&text, &contract, &methods, &variants) {
            let name = file.strip_prefix(root).unwrap_or(&file).display();
            let named = |problem: String| {
                if problem.starts_with("src/") {
                    problem
                } else {
                    format!("{name}: {problem}")
                }
            };
            outcome.problems.extend(problems.into_iter().map(named));
        }
        let mut refreshed = text.clone();
        for (name, table) in &tables {
            let replaced = blocks::replace(&refreshed, name, table)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            if let Some(replaced) = replaced {
                found.push(name);
                refreshed = replaced;
            }
        }
        settle(root, &file, &text, &refreshed, options.check, &mut outcome)?;
    }
    for (name, _) in &tables {
        if !found.contains(name) {
            outcome.problems.push(format!(
                "no file has a place for the table of {name}; put `{}` and `{}` where it belongs",
                blocks::opening(name),
                blocks::CLOSING
            ));
        }
    }
    match &options.since {
        Some(_) if !built.compiles => {
            println!("public items: SKIPPED, because the library does not compile");
        }
        Some(since) => public_items::show(root, since)?,
        None => {}
    }
    if let Some(documents) = &options.documents {
        let file = root.join("openapi/provenance.yaml");
        let text = fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let lock = root.join("openapi").join(crate::project::HELD);
        let mut held = Held::load(&lock)?;
        let before = held.clone();
        let refreshed = hashes::refresh(&text, &ledger, &mut held, documents, &options.reviewed)?;
        outcome.problems.extend(refreshed.unread.iter().cloned());
        let old = if before.is_empty() {
            String::new()
        } else {
            before.text()
        };
        settle(root, &lock, &old, &held.text(), options.check, &mut outcome)?;
        for line in &refreshed.changes {
            println!("provenance: {line}");
        }
        println!(
            "provenance: {} pages found in {}",
            refreshed.found,
            documents.display()
        );
        settle(
            root,
            &file,
            &text,
            &refreshed.text,
            options.check,
            &mut outcome,
        )?;
    }
    Ok(outcome)
}

fn lint(root: &Path) -> Result<(), String> {
    let script = root.join("openapi/lint/run");
    println!("lint: openapi/lint/run");
    let status = Command::new(&script)
        .current_dir(root)
        .status()
        .map_err(|error| format!("cannot run {}: {error}", script.display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(
            "the linters do not accept the spec; mend it, or leave them out with --no-lint"
                .to_owned(),
        )
    }
}

/// Compares the generated code with the reviewed copy.
fn golden(
    root: &Path,
    name: &str,
    generated: &str,
    check: bool,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let file = root.join("tests/golden").join(name);
    let reviewed = if file.exists() {
        fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?
    } else {
        String::new()
    };
    settle(root, &file, &reviewed, generated, check, outcome)
}

/// Writes a file that is out of date, or notes that it is.
fn settle(
    root: &Path,
    file: &Path,
    old: &str,
    new: &str,
    check: bool,
    outcome: &mut Outcome,
) -> Result<(), String> {
    if old == new {
        return Ok(());
    }
    let name = file
        .strip_prefix(root)
        .unwrap_or(file)
        .display()
        .to_string();
    if !check {
        fs::write(file, new).map_err(|error| format!("cannot write {name}: {error}"))?;
        println!("refreshed: {name}");
    }
    outcome.stale.push(name);
    Ok(())
}
