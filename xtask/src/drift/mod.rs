//! The drift check: documents against the spec, or one edition of the documents against another.

mod check;
pub mod compare;
mod conditions;
pub mod describe;
pub mod editions;
mod examples;
pub mod finding;
mod guide;
mod ledger;
mod limits;
mod pair;
pub mod relevance;
mod shapes;
mod statements;

use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::documents::folder::{Edition, Unreadable};
use crate::facts::{self, PageFacts};
use check::Check;
use finding::Finding;
use relevance::{Ours, Scope};

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

/// Compares documents with the spec.
pub fn against_contract(edition: Edition, contract: &Contract, ledger: &Ledger) -> Report {
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
    let check = Check {
        contract,
        ledger,
        listed,
    };
    let mut read: Vec<(String, &PageFacts)> = Vec::new();
    for page in own_pages {
        match check.page(page) {
            Some((name, findings)) => {
                report.compared += 1;
                report.findings.extend(findings);
                report.remark(page);
                read.push((name, page));
            }
            None => report.unrelated += 1,
        }
    }
    let gone = check.gone(&read, &report.unreadable);
    report.findings.extend(gone);
    ledger::explain(&mut report.findings, ledger, &read);
    report
}
