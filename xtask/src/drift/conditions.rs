//! Compares rows of error tables with the conditions that the spec describes.

use std::collections::HashSet;

use super::compare::{Difference, Subject};
use super::finding::{Change, Finding};
use crate::contract::Contract;
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use crate::facts::wording::{Condition, anchors, names_number, share, telling_words};

/// How much of a condition's words the other side must know for both to mean the same.
const SAME_CONDITION: f64 = 0.4;

impl Subject<'_> {
    /// Compares the rows of error tables with the conditions the spec describes.
    pub fn conditions(&self, operation: &Operation) -> Vec<Finding> {
        let mut found = Vec::new();
        for (status, response) in operation.own_responses() {
            let rows: Vec<&Condition> = self
                .page
                .conditions
                .iter()
                .filter(|condition| condition.tabled && condition.status == status)
                .collect();
            let elsewhere = self
                .ledger
                .takes_status_from(&operation.id, status, &operation.stem)
                == Some(false);
            if rows.is_empty() || elsewhere {
                continue;
            }
            let examples = error_examples(self.contract, response);
            let mut everything = response
                .text_of("description")
                .unwrap_or_default()
                .to_owned();
            for (_, text, _) in &examples {
                everything.push('\n');
                everything.push_str(text);
            }
            let words = telling_words(&everything);
            let names = names(self.contract);
            for row in &rows {
                let strange = unknown_anchors(&row.text, &everything, &names);
                if strange.is_empty() && share(&telling_words(&row.text), &words) >= SAME_CONDITION
                {
                    continue;
                }
                let other_says = if strange.is_empty() {
                    format!("describes no such condition of {status}")
                } else {
                    format!("does not mention {} under {status}", strange.join(", "))
                };
                found.push(self.finding(Difference {
                    change: Change::Stated,
                    fact: format!("error/{}={}", row.slug(), digest(&row.text)),
                    line: row.line,
                    says: row.text.clone(),
                    other_says,
                    other_line: response.line,
                    items: &[],
                }));
            }
            for (name, text, line) in without_row(&examples, &rows) {
                found.push(self.finding(Difference {
                    change: Change::Unstated,
                    fact: format!("error/{status}/{name}"),
                    line: rows.first().map_or(1, |row| row.line),
                    says: format!("has no row for this condition of {status}"),
                    other_says: text.clone(),
                    other_line: *line,
                    items: &[],
                }));
            }
        }
        found
    }
}

/// Name, words and line of an example.
type Named = (String, String, usize);

/// The named examples of an error response: name, words, line.
fn error_examples(contract: &Contract, response: &Node) -> Vec<Named> {
    let examples = response
        .get("content")
        .and_then(|content| content.members().first())
        .and_then(|(_, media)| media.get("examples"));
    examples.map_or_else(Vec::new, |examples| {
        examples
            .members()
            .iter()
            .map(|(name, node)| {
                let target = contract.resolve(node);
                let summary = target.text_of("summary").unwrap_or_default();
                let message = target
                    .get("value")
                    .and_then(|value| value.get("error"))
                    .and_then(|error| error.text_of("message"))
                    .unwrap_or_default();
                (name.clone(), format!("{summary} {message}"), target.line)
            })
            .collect()
    })
}

/// The examples that are left when every row has been given to the example it fits best.
fn without_row<'e>(examples: &'e [Named], rows: &[&Condition]) -> Vec<&'e Named> {
    let mut scores: Vec<(f64, usize, usize)> = Vec::new();
    let rows_words: Vec<Vec<String>> = rows.iter().map(|row| telling_words(&row.text)).collect();
    for (place, (_, text, _)) in examples.iter().enumerate() {
        let words = telling_words(text);
        for (row, row_words) in rows_words.iter().enumerate() {
            let score = share(&words, row_words).max(share(row_words, &words));
            scores.push((score, place, row));
        }
    }
    scores.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut given = vec![false; rows.len()];
    let mut served = vec![false; examples.len()];
    for (score, place, row) in scores {
        let free = given.get(row) == Some(&false) && served.get(place) == Some(&false);
        if score >= SAME_CONDITION && free {
            given[row] = true;
            served[place] = true;
        }
    }
    examples
        .iter()
        .zip(served)
        .filter_map(|(example, served)| (!served).then_some(example))
        .collect()
}

/// What calls and types are called: a row may name the call that it is about, marked or not.
fn names(contract: &Contract) -> HashSet<String> {
    let actions = contract
        .operations
        .iter()
        .filter_map(|operation| operation.path.rsplit('/').next());
    let schemas = contract.root.at("#/components/schemas");
    let types = schemas.map_or(&[][..], Node::members);
    actions
        .chain(types.iter().map(|(name, _)| name.as_str()))
        .map(str::to_lowercase)
        .collect()
}

/// The parts of a condition that no rewording changes and that the spec does not mention.
fn unknown_anchors(text: &str, everything: &str, names: &HashSet<String>) -> Vec<String> {
    let lower = everything.to_lowercase();
    let placeholders: Vec<String> = text
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .map(str::to_lowercase)
        .collect();
    anchors(text)
        .into_iter()
        .filter(|anchor| !placeholders.contains(anchor) && !names.contains(anchor))
        .filter(|anchor| match anchor.parse() {
            Ok(number) => !names_number(everything, number),
            Err(_) => !lower.contains(anchor.as_str()),
        })
        .collect()
}

/// A short mark of a text's telling content, so that a later change of it is new again.
fn digest(text: &str) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    let mut anchored: Vec<String> = anchors(text).into_iter().collect();
    let mut words = telling_words(text);
    words.sort();
    anchored.extend(words);
    let hash = Sha256::digest(anchored.join(" ").as_bytes());
    hash.iter().take(4).fold(String::new(), |mut digest, byte| {
        let _ = write!(digest, "{byte:02x}");
        digest
    })
}
