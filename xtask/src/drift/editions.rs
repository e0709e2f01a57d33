//! Compares two editions of the documents with each other.

use std::collections::{HashMap, HashSet};

use super::finding::{Change, Finding, Place, impact};
use super::pair::Pair;
use super::relevance::Scope;
use super::{Report, understood};
use crate::documents::Layout;
use crate::documents::folder::Edition;
use crate::facts::PageFacts;

/// What changed from the old edition to the new one, of pages in scope where one is given.
pub fn between(old: Edition, new: Edition, scope: Option<Scope<'_>>) -> Report {
    let mut report = Report::default();
    let old_pages = in_scope(old, scope, &mut report);
    let new_pages = in_scope(new, scope, &mut report);
    let tabled = super::tabled_members(&new_pages.iter().collect::<Vec<_>>());
    let elsewhere: HashSet<u32> = tabled
        .iter()
        .filter_map(|member| Some(crate::facts::vocabulary::mark(member.rsplit_once('/')?.1)))
        .collect();
    let partners = partners(&old_pages, &new_pages);
    for (new, partner) in new_pages.iter().zip(&partners) {
        report.compared += 1;
        let Some(old) = partner.and_then(|place| old_pages.get(place)) else {
            report.findings.push(whole_page(Change::Stated, new));
            continue;
        };
        report.remark(new);
        let pair = Pair { old, new };
        report
            .findings
            .extend(pair.differences(&mut report.remarks));
        if old.sha256 != new.sha256 && old.layout == new.layout && !(copied(old) || copied(new)) {
            let changes = super::text::changes(&old.passages(), &new.passages(), &elsewhere);
            let other = Place {
                file: old.file.clone(),
                line: 1,
            };
            report.text_changed((&new.stem, ""), new, &other, &[], changes);
        }
    }
    let paired: HashSet<usize> = partners.into_iter().flatten().collect();
    for (place, old) in old_pages.iter().enumerate() {
        if !paired.contains(&place) {
            report.findings.push(whole_page(Change::Unstated, old));
        }
    }
    report.without_repetition();
    report
}

/// Copied text has lost what tells a row from a sentence.
fn copied(page: &PageFacts) -> bool {
    page.layout == Layout::Web && page.source.is_none()
}

/// The pages of an edition that are in scope; the others are counted.
fn in_scope(edition: Edition, scope: Option<Scope<'_>>, report: &mut Report) -> Vec<PageFacts> {
    let lone = edition.lone;
    let (pages, unreadable) = understood(edition);
    let ours = scope.map(|scope| scope.ours(&pages, lone));
    report.unreadable(unreadable, scope, ours.as_ref(), lone);
    let Some(ours) = ours else { return pages };
    let total = pages.len();
    let kept: Vec<PageFacts> = pages
        .into_iter()
        .enumerate()
        .filter(|(index, _)| ours.has(*index))
        .map(|(_, page)| page)
        .collect();
    report.unrelated += total - kept.len();
    kept
}

/// For each new page the place of the old one that it continues.
///
/// Pages of the same name belong together, then pages about the same call or type, then of the same title.
fn partners(old: &[PageFacts], new: &[PageFacts]) -> Vec<Option<usize>> {
    type Names = fn(&PageFacts) -> Vec<String>;
    let rules: [Names; 4] = [
        |page| vec![format!("{:?} {:?} {}", page.kind, page.version, page.stem)],
        |page| vec![format!("{:?} {}", page.kind, page.stem)],
        |page| {
            let types = page.fact("type").map(|fact| fact.value.to_lowercase());
            page.paths().map(str::to_lowercase).chain(types).collect()
        },
        |page| vec![format!("{:?} {}", page.kind, page.title.to_lowercase())],
    ];
    let mut partners: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = HashSet::new();
    for names in rules {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, page) in old
            .iter()
            .enumerate()
            .filter(|(place, _)| !taken.contains(place))
        {
            for name in names(page) {
                places.entry(name).or_default().push(place);
            }
        }
        for (page, partner) in new
            .iter()
            .zip(&mut partners)
            .filter(|(_, partner)| partner.is_none())
        {
            let free = names(page)
                .iter()
                .filter_map(|name| places.get(name))
                .flatten()
                .copied()
                .find(|place| !taken.contains(place));
            if let Some(place) = free {
                taken.insert(place);
                *partner = Some(place);
            }
        }
    }
    partners
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
