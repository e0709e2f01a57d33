//! Compares two editions of the documents with each other.

use super::finding::{Change, Finding, Place, impact};
use super::pair::Pair;
use super::{Report, understood};
use crate::documents::folder::Edition;
use crate::facts::PageFacts;

/// What changed from the old edition to the new one.
pub fn between(old: Edition, new: Edition) -> Report {
    let (old_pages, mut unreadable) = understood(old);
    let (new_pages, new_unreadable) = understood(new);
    unreadable.extend(new_unreadable);
    let mut report = Report {
        unreadable,
        ..Report::default()
    };
    let pairs = pairs(&old_pages, &new_pages);
    for (old, new) in &pairs {
        report.compared += 1;
        report.remark(new);
        let pair = Pair { old, new };
        report
            .findings
            .extend(pair.differences(&mut report.remarks));
    }
    for new in &new_pages {
        if !pairs.iter().any(|(_, paired)| std::ptr::eq(*paired, new)) {
            report.compared += 1;
            report.findings.push(whole_page(Change::Stated, new));
        }
    }
    for old in &old_pages {
        if !pairs.iter().any(|(paired, _)| std::ptr::eq(*paired, old)) {
            report.findings.push(whole_page(Change::Unstated, old));
        }
    }
    report
}

/// Pages of the same name belong together, then pages about the same call or type, then of the same title.
fn pairs<'p>(old: &'p [PageFacts], new: &'p [PageFacts]) -> Vec<(&'p PageFacts, &'p PageFacts)> {
    type Same = fn(&PageFacts, &PageFacts) -> bool;
    let rules: [Same; 4] = [
        |one, other| {
            one.stem == other.stem && one.version == other.version && one.kind == other.kind
        },
        |one, other| one.stem == other.stem && one.kind == other.kind,
        |one, other| {
            one.paths()
                .any(|path| other.paths().any(|also| also.eq_ignore_ascii_case(path)))
                || one
                    .fact("type")
                    .zip(other.fact("type"))
                    .is_some_and(|(one, other)| one.value.eq_ignore_ascii_case(&other.value))
        },
        |one, other| one.kind == other.kind && one.title.eq_ignore_ascii_case(&other.title),
    ];
    let mut found: Vec<(&PageFacts, &PageFacts)> = Vec::new();
    for same in rules {
        for new_page in new {
            if found
                .iter()
                .any(|(_, paired)| std::ptr::eq(*paired, new_page))
            {
                continue;
            }
            let free =
                |page: &&PageFacts| !found.iter().any(|(paired, _)| std::ptr::eq(*paired, *page));
            if let Some(old_page) = old.iter().filter(free).find(|page| same(page, new_page)) {
                found.push((old_page, new_page));
            }
        }
    }
    found
}

fn whole_page(change: Change, page: &PageFacts) -> Finding {
    let (title, says, other_says) = match change {
        Change::Unstated => ("the page is gone", "is not there any more", "had this page"),
        _ => ("a new page", "is new", "did not have it"),
    };
    Finding {
        page: page.stem.clone(),
        fact: format!("{}:page", change.name()),
        title: format!("{}: {title}", page.stem),
        place: Place {
            file: page.file.clone(),
            line: 0,
        },
        says: says.to_owned(),
        other_says: other_says.to_owned(),
        other_place: None,
        impact: impact(change, "operation", "", page.kind),
        items: Vec::new(),
        known: None,
    }
}
