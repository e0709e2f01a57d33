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
mod shapes;
mod statements;

use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::documents::folder::{Edition, Unreadable};
use crate::facts::{self, PageFacts};
use check::Check;
use finding::Finding;

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
}

impl Report {
    /// The differences that nothing explains.
    pub fn new_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.known.is_none())
    }

    /// 0 nothing new, 1 drift, 2 unreadable input or nothing to compare.
    pub fn exit_code(&self) -> u8 {
        if !self.unreadable.is_empty() || self.compared == 0 {
            2
        } else {
            u8::from(self.new_findings().next().is_some())
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
                reason: format!("not understood: {reason}"),
            }),
        }
    }
    (pages, unreadable)
}

/// Compares documents with the spec.
pub fn against_contract(edition: Edition, contract: &Contract, ledger: &Ledger) -> Report {
    let (pages, unreadable) = understood(edition);
    let mut report = Report {
        unreadable,
        ..Report::default()
    };
    let listed = pages
        .iter()
        .flat_map(|page| page.of("method"))
        .map(|method| method.name().to_owned())
        .collect();
    let check = Check {
        contract,
        ledger,
        listed,
    };
    let mentioned = check.mentioned_types(&pages);
    let mut read: Vec<(String, &PageFacts)> = Vec::new();
    for page in &pages {
        match check.page(page, &mentioned) {
            Some((name, findings)) => {
                report.compared += 1;
                report.findings.extend(findings);
                report.remark(page);
                read.push((name, page));
            }
            None => report.unrelated += 1,
        }
    }
    report.findings.extend(check.gone(&read));
    ledger::explain(&mut report.findings, ledger, &read);
    report
}
