//! Applies the ledger: explained differences are known, and explanations of nothing are reported.

use super::finding::{Finding, Impact, Known, Place};
use crate::contract::ledger::Ledger;
use crate::facts::PageFacts;

/// Marks every explained finding and adds one for each entry that no page read supports.
///
/// An entry names a page and a fact, `page#fact`; `page@web#fact` or `page@repository#fact` holds for that
/// layout of the page alone.
pub fn explain(findings: &mut Vec<Finding>, ledger: &Ledger, read: &[(String, &PageFacts)]) {
    let mut obsolete = Vec::new();
    for decision in &ledger.decisions {
        for (key, line) in &decision.known {
            let Some((page, fact)) = key.split_once('#') else {
                obsolete.push(never_applied(
                    ledger,
                    &decision.id,
                    key,
                    *line,
                    "it does not have the form page#fact",
                    None,
                ));
                continue;
            };
            let (name, layout) = page
                .split_once('@')
                .map_or((page, None), |(name, layout)| (name, Some(layout)));
            let pages: Vec<&PageFacts> = read
                .iter()
                .filter(|(stem, page)| {
                    stem == name && layout.is_none_or(|layout| layout == page.layout.name())
                })
                .map(|(_, page)| *page)
                .collect();
            let mut applied = false;
            for finding in findings.iter_mut() {
                let from_page = pages.iter().any(|page| page.file == finding.place.file)
                    || finding.fact == "unstated:page";
                if finding.page == name && finding.fact == fact && from_page {
                    applied = true;
                    finding.known.get_or_insert_with(|| Known {
                        decision: decision.id.clone(),
                        why: decision.why.clone(),
                    });
                }
            }
            if !applied && let Some(page) = pages.first() {
                let reason = "the page was read and the difference is not there any more";
                obsolete.push(never_applied(
                    ledger,
                    &decision.id,
                    key,
                    *line,
                    reason,
                    Some(page),
                ));
            }
        }
    }
    findings.extend(obsolete);
}

fn never_applied(
    ledger: &Ledger,
    decision: &str,
    key: &str,
    line: usize,
    reason: &str,
    page: Option<&&PageFacts>,
) -> Finding {
    let entry = Place {
        file: ledger.file.clone(),
        line,
    };
    let (name, fact) = key.split_once('#').unwrap_or((key, ""));
    Finding {
        page: name.split('@').next().unwrap_or(name).to_owned(),
        fact: format!("never-applied:{fact}"),
        title: format!("{name}: ledger entry never applied"),
        place: page.map_or_else(
            || entry.clone(),
            |page| Place {
                file: page.file.clone(),
                line: 0,
            },
        ),
        says: reason.to_owned(),
        other_says: format!("decision {decision} explains {fact}"),
        other_place: Some(entry),
        impact: Impact::Record,
        items: Vec::new(),
        known: None,
    }
}
