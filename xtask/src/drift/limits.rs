//! Compares limits stated as numbers.

use super::compare::{Difference, Subject};
use super::describe;
use super::finding::{Change, Finding, Impact};
use crate::facts::wording::Limit;

impl Subject<'_> {
    /// Compares limits: every number of the page must be known, every bound of the spec stated.
    pub fn limits(&self, text: &str, bounds: &[(String, u64, usize)]) -> Vec<Finding> {
        let mut found = Vec::new();
        let spoken = crate::facts::wording::limits(text, 0);
        for limit in &self.page.limits {
            let bound = bounds.iter().any(|(_, number, _)| *number == limit.number);
            let same =
                |other: &Limit| other.number == limit.number && other.counts() == limit.counts();
            if bound || spoken.iter().any(same) {
                continue;
            }
            let other: Vec<String> = spoken
                .iter()
                .filter(|other| other.unit == limit.unit)
                .map(|other| format!("{} {}", other.number, other.unit))
                .chain(
                    bounds
                        .iter()
                        .map(|(name, number, _)| format!("{number} for {name}")),
                )
                .collect();
            let other_says = if other.is_empty() {
                "names no such limit".to_owned()
            } else {
                other.join(", ")
            };
            let other_line = bounds.first().map_or(self.line, |(_, _, line)| *line);
            found.push(self.finding(Difference {
                change: Change::Stated,
                fact: format!("limit/{}", limit.name()),
                line: limit.line,
                says: limit.sentence.clone(),
                other_says,
                other_line,
                items: &[],
            }));
        }
        for (name, number, line) in bounds {
            if self.page.limits.iter().any(|limit| limit.number == *number) {
                continue;
            }
            found.push(self.unstated_limit(
                &format!("{name}/{number}"),
                &format!("at most {number}"),
                *line,
            ));
        }
        found
    }

    /// A limit of the spec's own prose about this subject that the page does not state.
    pub fn spoken_limits(&self, own_text: &str, line: usize) -> Vec<Finding> {
        let known = |limit: &Limit| {
            self.page
                .limits
                .iter()
                .any(|other| other.number == limit.number)
        };
        crate::facts::wording::limits(own_text, line)
            .iter()
            .filter(|limit| !known(limit))
            .map(|limit| self.unstated_limit(&limit.name(), &limit.sentence, line))
            .collect()
    }

    fn unstated_limit(&self, name: &str, says: &str, line: usize) -> Finding {
        let mut finding = self.finding(Difference {
            change: Change::Unstated,
            fact: format!("limit/{name}"),
            line: describe::home(self.page, "limit"),
            says: "names no such limit".to_owned(),
            other_says: says.to_owned(),
            other_line: line,
            items: &[],
        });
        finding.impact = Impact::Record;
        finding
    }
}
