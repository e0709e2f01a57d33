//! The drift check: documents against the spec, or one edition of the documents against another.

pub mod answers;
mod check;
pub mod compare;
mod conditions;
pub mod describe;
pub mod editions;
mod examples;
pub mod finding;
#[cfg(test)]
mod fuzz;
mod guide;
mod ledger;
mod limits;
mod pair;
pub mod relevance;
mod statements;
pub mod text;

use crate::contract::Contract;
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use crate::contract::held::Held;
use crate::contract::ledger::Ledger;
use crate::documents::folder::{Edition, Unreadable};
use crate::facts::vocabulary::mark;
use crate::facts::{self, PageFacts};
use check::Check;
use finding::{Finding, Place};
use relevance::{Ours, Scope};
pub use statements::request_schema;

/// A page whose text is not what it was.
#[derive(Clone, Debug)]
pub struct ChangedPage {
    /// Its stable name.
    pub page: String,
    /// Its name in the ledger.
    pub source: String,
    /// The file as it is named in reports.
    pub file: String,
    /// What changed; empty when only form changed.
    pub changes: Vec<text::Change>,
}

impl ChangedPage {
    /// Whether somebody has to look at it: more than its form changed.
    pub fn is_note(&self) -> bool {
        !self.changes.is_empty()
    }
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// The differences, explained ones included.
    pub findings: Vec<Finding>,
    /// Files that could not be read or understood.
    pub unreadable: Vec<Unreadable>,
    /// Remarks about pages that were compared: file, line, words.
    pub remarks: Vec<(String, usize, String)>,
    /// Aspects that a page leaves to an included file that is not there: file, aspect.
    pub elsewhere: Vec<(String, &'static str)>,
    /// Pages whose text is not what it was.
    pub changed: Vec<ChangedPage>,
    /// The files that were compared.
    pub read: Vec<PathBuf>,
    /// How many pages were compared.
    pub compared: usize,
    /// How many pages are about something else.
    pub unrelated: usize,
    /// How many files about something else could not be understood.
    pub unrelated_unreadable: usize,
}

impl Report {
    /// The differences that nothing explains.
    pub fn new_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.known.is_none())
    }

    /// The pages whose text says something else, or the same in other words.
    pub fn notes(&self) -> impl Iterator<Item = &ChangedPage> {
        self.changed.iter().filter(|page| page.is_note())
    }

    /// Adds what changed in the text of a page.
    pub fn text_changed(
        &mut self,
        (name, source): (&str, &str),
        page: &PageFacts,
        other: &Place,
        items: &[String],
        changes: Vec<text::Change>,
    ) {
        let statements = changes
            .iter()
            .filter(|change| change.meaning == text::Meaning::Statement)
            .map(|change| compare::text_finding(name, page, change, other, items));
        self.findings.extend(statements);
        self.changed.push(ChangedPage {
            page: name.to_owned(),
            source: source.to_owned(),
            file: page.file.clone(),
            changes,
        });
    }

    /// Takes out the changes of text that another new finding speaks of.
    pub fn without_repetition(&mut self) {
        let of_text = |finding: &Finding| finding.fact.contains(":text/");
        let mut lines: HashSet<(String, usize)> = HashSet::new();
        let mut losses: HashSet<String> = HashSet::new();
        for finding in self.new_findings().filter(|finding| !of_text(finding)) {
            lines.insert((finding.place.file.clone(), finding.place.line));
            if !finding.fact.starts_with("stated:") {
                losses.insert(finding.place.file.clone());
            }
        }
        self.findings.retain(|finding| {
            let told = if finding.fact.starts_with("unstated:text/") {
                losses.contains(&finding.place.file)
            } else {
                lines.contains(&(finding.place.file.clone(), finding.place.line))
            };
            finding.known.is_some() || !of_text(finding) || !told
        });
    }

    /// 0 nothing new, 1 drift, 2 a page of ours that could not be read, or nothing to compare.
    ///
    /// Drift that was seen counts more than a page that was not.
    pub fn exit_code(&self) -> u8 {
        if self.new_findings().next().is_some() {
            1
        } else if !self.unreadable.is_empty() || self.compared == 0 {
            2
        } else {
            0
        }
    }

    /// The same report without anything that steers a terminal.
    pub fn visible(mut self) -> Self {
        use crate::terminal::visible;
        let clean = |words: &mut String| *words = visible(words);
        for finding in &mut self.findings {
            clean(&mut finding.page);
            clean(&mut finding.fact);
            clean(&mut finding.title);
            clean(&mut finding.place.file);
            clean(&mut finding.says);
            clean(&mut finding.other_says);
            if let Some(place) = &mut finding.other_place {
                clean(&mut place.file);
            }
            finding.items.iter_mut().for_each(clean);
            if let Some(known) = &mut finding.known {
                clean(&mut known.decision);
                clean(&mut known.why);
            }
        }
        for file in &mut self.unreadable {
            clean(&mut file.file);
            clean(&mut file.reason);
        }
        for (file, _, words) in &mut self.remarks {
            clean(file);
            clean(words);
        }
        for (file, _) in &mut self.elsewhere {
            clean(file);
        }
        for page in &mut self.changed {
            clean(&mut page.page);
            clean(&mut page.file);
            for change in &mut page.changes {
                change.before.iter_mut().for_each(clean);
                change.after.iter_mut().for_each(clean);
            }
        }
        self
    }

    /// Keeps of the files that could not be understood those that are ours, and counts the others.
    fn unreadable(
        &mut self,
        files: Vec<Unreadable>,
        scope: Option<Scope<'_>>,
        ours: Option<&Ours>,
        lone: bool,
    ) {
        for file in files {
            let is_ours = match (scope, ours) {
                (Some(scope), Some(ours)) => scope.owns_unreadable(&file, ours, lone),
                _ => true,
            };
            if is_ours {
                self.unreadable.push(file);
            } else {
                self.unrelated_unreadable += 1;
            }
        }
    }

    /// Notes what had to be passed over on a page.
    fn remark(&mut self, page: &PageFacts) {
        let open = |aspect: &&&str| page.of(aspect).next().is_none();
        for aspect in page.elsewhere.iter().filter(open) {
            self.elsewhere.push((page.file.clone(), aspect));
        }
        for (line, words) in &page.remarks {
            self.remarks.push((page.file.clone(), *line, words.clone()));
        }
    }
}

/// Extracts the facts of every page that can be understood.
pub fn understood(edition: Edition) -> (Vec<PageFacts>, Vec<Unreadable>) {
    let mut unreadable = edition.unreadable;
    let mut pages = Vec::new();
    for page in &edition.pages {
        match facts::extract(page) {
            Ok(facts) => pages.push(facts),
            Err(reason) => unreadable.push(Unreadable {
                file: page.file.clone(),
                path: page.path.clone(),
                reason: format!("not understood: {reason}"),
            }),
        }
    }
    (pages, unreadable)
}

/// The members of enumerations that a page of their own or a table lists, in lower case.
fn tabled_members(pages: &[&PageFacts]) -> BTreeSet<String> {
    pages
        .iter()
        .filter(|page| page.kind == facts::Kind::Enumerations)
        .flat_map(|page| page.of("enum"))
        .map(|fact| fact.name().to_lowercase())
        .collect()
}

/// A member that joins the form of a type says nothing beside its row among the properties.
///
/// Whether the two agree, and whether the spec has it, is compared as a fact.
fn told_by_table(page: &PageFacts, changes: &mut [text::Change]) {
    let shown: HashSet<usize> = page
        .of("representation")
        .filter(|fact| page.fact(&format!("property/{}", fact.name())).is_some())
        .map(|fact| fact.line)
        .collect();
    for change in changes {
        if change.before.is_none() && shown.contains(&change.line) {
            change.meaning = text::Meaning::Wording;
        }
    }
}

/// Compares documents with the spec.
pub fn against_contract(
    edition: Edition,
    contract: &Contract,
    ledger: &Ledger,
    held: &Held,
) -> Report {
    let lone = edition.lone;
    let (pages, unreadable) = understood(edition);
    let scope = Scope { contract, ledger };
    let ours = scope.ours(&pages, lone);
    let mut report = Report::default();
    report.unreadable(unreadable, Some(scope), Some(&ours), lone);
    let own_pages: Vec<&PageFacts> = pages
        .iter()
        .enumerate()
        .filter(|(index, _)| ours.has(*index))
        .map(|(_, page)| page)
        .collect();
    report.unrelated = pages.len() - own_pages.len();
    let listed = own_pages
        .iter()
        .flat_map(|page| page.of("method"))
        .map(|method| method.name().to_owned())
        .collect();
    let tabled = tabled_members(&own_pages);
    let elsewhere: HashSet<u32> = tabled
        .iter()
        .filter_map(|member| Some(mark(member.rsplit_once('/')?.1)))
        .collect();
    let check = Check {
        contract,
        ledger,
        listed: if lone {
            // One page alone does not have to list what the others list.
            contract
                .operations
                .iter()
                .map(|operation| operation.stem.clone())
                .collect()
        } else {
            listed
        },
        tabled,
    };
    let mut read: Vec<(String, &PageFacts)> = Vec::new();
    for page in own_pages {
        match check.page(page) {
            Some((name, findings)) => {
                report.compared += 1;
                report.read.push(page.path.clone());
                report.findings.extend(findings);
                report.remark(page);
                if let Some(source) = ledger.copied_by(page)
                    && source.sha256.as_deref() != Some(page.sha256.as_str())
                {
                    let other = Place {
                        file: ledger.file.clone(),
                        line: source.line,
                    };
                    match held.passages(&source.key) {
                        Some(passages) => {
                            let mut changes = text::changes(passages, &page.passages(), &elsewhere);
                            told_by_table(page, &mut changes);
                            let items = check.items_of(page);
                            report.text_changed(
                                (&name, &source.key),
                                page,
                                &other,
                                &items,
                                changes,
                            );
                        }
                        None if source.sha256.is_some() && !held.is_empty() => {
                            report.remarks.push((
                                page.file.clone(),
                                1,
                                format!("the text is not the one that is recorded, and {} does not hold what it said", held.file),
                            ));
                        }
                        None => {}
                    }
                }
                read.push((name, page));
            }
            None => report.unrelated += 1,
        }
    }
    // A page by itself says nothing about those beside it.
    let gone = if lone {
        Vec::new()
    } else {
        check.gone(&read, &report.unreadable)
    };
    report.findings.extend(gone);
    ledger::explain(&mut report.findings, ledger, &read);
    report.without_repetition();
    report
}
