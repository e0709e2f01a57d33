//! From the report to the change: what is plain is written into the files, what is a decision is listed.

mod operation;
mod proposal;
#[cfg(test)]
mod scaling;
mod skeleton;
mod values;
mod yaml;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use crate::contract::Contract;
use crate::contract::held::Held;
use crate::contract::ledger::Ledger;
use crate::documents::folder::{self, Edition};
use crate::drift::finding::Finding;
use crate::drift::{self, Report};
use crate::facts::{self, PageFacts};
use crate::regenerate::hashes;
use crate::terminal::visible;
pub use proposal::DRAFT;
use proposal::{Files, Situation};
use yaml::Lines;

/// What to do.
pub struct Options {
    /// The documents.
    pub documents: PathBuf,
    /// The spec.
    pub spec: PathBuf,
    /// The provenance file.
    pub provenance: PathBuf,
    /// Change the files instead of showing what would change.
    pub write: bool,
    /// Ask about each change.
    pub interactive: bool,
    /// The pages whose change somebody has read.
    pub reviewed: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many changes were adopted.
    pub adopted: usize,
    /// How many things are left to decide.
    pub decisions: usize,
    /// Whether a file would be, or was, changed.
    pub changed: bool,
    /// How often documents and files were compared.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests count work by it"))]
    pub comparisons: usize,
}

/// The files as they would be.
struct State {
    files: Files,
    held: Held,
}

/// Adopts what is plain.
///
/// # Errors
/// Says which file cannot be read or written.
pub fn run(options: &Options) -> Result<Outcome, String> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let (spec_text, provenance_text) = (read(&options.spec)?, read(&options.provenance)?);
    let held_path = options.provenance.with_file_name(crate::project::HELD);
    let held = Held::load(&held_path)?;
    let held_text = if held.is_empty() {
        String::new()
    } else {
        held.text()
    };
    let mut state = State {
        files: Files {
            spec: Lines::of(&spec_text),
            provenance: Lines::of(&provenance_text),
        },
        held,
    };
    let session = Session::through(options, &mut state)?;
    record_pages(options, &mut state, &session.report, &session.adopted)?;
    for (finding, advice) in &session.decisions {
        show_decision(finding, advice);
    }
    let mut outcome = Outcome {
        adopted: session.count,
        decisions: session.decisions.len(),
        changed: false,
        comparisons: session.comparisons,
    };
    let held_now = if state.held.is_empty() {
        String::new()
    } else {
        state.held.text()
    };
    let changes = [
        (&options.spec, &spec_text, state.files.spec.text()),
        (
            &options.provenance,
            &provenance_text,
            state.files.provenance.text(),
        ),
        (&held_path, &held_text, held_now),
    ];
    for (path, old, new) in changes {
        if *old == new {
            continue;
        }
        outcome.changed = true;
        // The marks of pages say nothing to a reader.
        if path != &held_path {
            print!("{}", difference(path, old, &new));
        }
        if options.write {
            fs::write(path, new)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            println!("written: {}", path.display());
        }
    }
    Ok(outcome)
}

/// The findings, taken one by one.
#[derive(Default)]
struct Session {
    /// What is left after the last change.
    report: Report,
    /// How often all was compared.
    comparisons: usize,
    /// How many changes were adopted.
    count: usize,
    /// The lines of pages whose facts were adopted.
    adopted: HashSet<(String, usize)>,
    /// What is left to decide, with advice.
    decisions: Vec<(Finding, String)>,
}

impl Session {
    /// Adopts until nothing plain is left.
    ///
    /// What does not depend on each other is adopted after one comparison; then all is compared anew, since a change
    /// that was adopted may settle other findings, or make them plain.
    fn through(options: &Options, state: &mut State) -> Result<Self, String> {
        let mut edition = folder::read(&options.documents)?;
        let mut pages = Pages::default();
        let mut passed: HashSet<String> = HashSet::new();
        let mut session = Self::default();
        loop {
            let (contract, ledger) = parsed(options, state)?;
            session.report =
                drift::against_contract(edition.clone(), &contract, &ledger, &state.held);
            session.comparisons += 1;
            if session.comparisons == 1 {
                keep_read(&mut edition, &session.report);
            }
            let findings: Vec<Finding> = session.report.new_findings().cloned().collect();
            let mut is_stale = false;
            for finding in findings {
                if is_told(&finding, &session.adopted) || passed.contains(&finding.key()) {
                    continue;
                }
                let page = pages.of(&edition, &finding);
                let proposed = match page {
                    None => Err("the page is not there; see whether it moved".to_owned()),
                    Some(page) => {
                        let situation = Situation {
                            contract: &contract,
                            ledger: &ledger,
                            page,
                        };
                        proposal::adopt(&finding, &situation, &state.files)
                    }
                };
                // What cannot be adopted beside what was adopted before it may be plain, or settled, after it.
                if proposed.is_err() && is_stale {
                    continue;
                }
                passed.insert(finding.key());
                match proposed {
                    Ok(files)
                        if !options.interactive || agreed(&finding, &state.files, &files)? =>
                    {
                        state.files = files;
                        is_stale = true;
                        session.count += 1;
                        println!("adopt: {}", visible(&finding.title));
                        // What can be drafted of an operation is in the files; the rest is for a person to write.
                        if let (Some(page), true) = (page, is_operation(&finding)) {
                            skeleton::print(page, &contract);
                            session.adopted.extend(rows_of_method(&edition, &page.stem));
                            let advice = proposal::advice("stated", "operation");
                            session.decisions.push((finding.clone(), advice));
                        }
                        let is_operation = is_operation(&finding);
                        session
                            .adopted
                            .insert((finding.place.file, finding.place.line));
                        // Much of what its page states is settled by the draft.
                        if is_operation {
                            break;
                        }
                    }
                    Ok(_) => session
                        .decisions
                        .push((finding, "you did not agree".to_owned())),
                    Err(advice) => session.decisions.push((finding, advice)),
                }
            }
            if !is_stale {
                return Ok(session);
            }
            state.files.spec.settle();
            state.files.provenance.settle();
        }
    }
}

/// The facts of the pages that findings were about, each page taken apart once.
#[derive(Default)]
struct Pages {
    known: HashMap<String, Option<PageFacts>>,
}

impl Pages {
    fn of(&mut self, edition: &Edition, finding: &Finding) -> Option<&PageFacts> {
        let file = &finding.place.file;
        self.known
            .entry(file.clone())
            .or_insert_with(|| {
                let page = edition.pages.iter().find(|page| page.file == *file)?;
                facts::extract(page).ok()
            })
            .as_ref()
    }
}

/// The rows in which pages about types list a method: they say nothing that its own page does not.
fn rows_of_method(edition: &Edition, stem: &str) -> Vec<(String, usize)> {
    let mut rows = Vec::new();
    for page in &edition.pages {
        let Ok(facts) = facts::extract(page) else {
            continue;
        };
        let listed = facts.of("method").filter(|fact| fact.name() == stem);
        rows.extend(listed.map(|fact| (page.file.clone(), fact.line)));
    }
    rows
}

fn is_operation(finding: &Finding) -> bool {
    finding.fact.starts_with("stated:operation/")
}

fn show_decision(finding: &Finding, advice: &str) {
    println!("decide: {}", visible(&finding.title));
    println!(
        "  --> {}:{}",
        visible(&finding.place.file),
        finding.place.line
    );
    println!("   | the page: {}", visible(&finding.says));
    println!("   | the spec: {}", visible(&finding.other_says));
    println!("   = {}", visible(advice));
    println!("   = key {}", visible(&finding.key()));
}

fn parsed(options: &Options, state: &State) -> Result<(Contract, Ledger), String> {
    let contract = Contract::parse(
        &options.spec.display().to_string(),
        &state.files.spec.text(),
    )?;
    let ledger = Ledger::parse(
        &options.provenance.display().to_string(),
        &state.files.provenance.text(),
    )?;
    Ok((contract, ledger))
}

/// Leaves out what the first look found to be about other products.
fn keep_read(edition: &mut Edition, report: &Report) {
    let read: HashSet<&PathBuf> = report.read.iter().collect();
    edition.pages.retain(|page| read.contains(&page.path));
    edition.unreadable.clear();
}

/// Records the text of each page about which nothing is left to decide.
fn record_pages(
    options: &Options,
    state: &mut State,
    report: &Report,
    adopted: &HashSet<(String, usize)>,
) -> Result<(), String> {
    let (_, ledger) = parsed(options, state)?;
    let open: HashSet<&str> = report
        .new_findings()
        .filter(|finding| !is_told(finding, adopted))
        .map(|finding| finding.place.file.as_str())
        .collect();
    let mut reviewed = options.reviewed.clone();
    for page in &report.changed {
        if !open.contains(page.file.as_str()) {
            reviewed.push(page.source.clone());
            for change in page.changes.iter().filter(|change| change.after.is_some()) {
                println!(
                    "read: {}:{}: {}",
                    visible(&page.file),
                    change.line,
                    visible(change.after.as_deref().unwrap_or_default())
                );
            }
        }
    }
    let refreshed = hashes::refresh(
        &state.files.provenance.text(),
        &ledger,
        &mut state.held,
        &options.documents,
        &reviewed,
    )?;
    state.files.provenance = Lines::of(&refreshed.text);
    for line in &refreshed.changes {
        println!("provenance: {line}");
    }
    for line in &refreshed.unread {
        println!("left: {line}");
    }
    Ok(())
}

/// Whether a change of text stands on a line whose fact has been adopted.
fn is_told(finding: &Finding, adopted: &HashSet<(String, usize)>) -> bool {
    finding.fact.contains(":text/")
        && adopted.contains(&(finding.place.file.clone(), finding.place.line))
}

/// Shows one change and asks.
fn agreed(finding: &Finding, old: &Files, new: &Files) -> Result<bool, String> {
    println!("{}", visible(&finding.title));
    println!("   | the page: {}", visible(&finding.says));
    print!(
        "{}",
        difference(Path::new("spec"), &old.spec.text(), &new.spec.text())
    );
    print!(
        "{}",
        difference(
            Path::new("provenance"),
            &old.provenance.text(),
            &new.provenance.text()
        )
    );
    print!("Adopt? [y/n] ");
    std::io::stdout()
        .flush()
        .map_err(|error| format!("cannot ask: {error}"))?;
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| format!("cannot read the answer: {error}"))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn difference(path: &Path, old: &str, new: &str) -> String {
    let name = path.display().to_string();
    similar::TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(2)
        .header(&name, &name)
        .to_string()
}
