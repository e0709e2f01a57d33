//! The facts of one page, found by key without walking all of them.

use std::collections::HashMap;

use super::Fact;

/// Facts in the order of the page.
#[derive(Clone, Debug, Default)]
pub struct FactList {
    facts: Vec<Fact>,
    by_key: HashMap<String, Vec<usize>>,
    by_folded_key: HashMap<String, usize>,
    first_lines: HashMap<String, usize>,
}

impl FactList {
    /// Adds a fact unless the page already stated it.
    pub fn state(&mut self, fact: Fact) {
        let known = self.by_key.get(&fact.key).is_some_and(|indices| {
            fact.value.is_empty()
                || indices
                    .iter()
                    .filter_map(|index| self.facts.get(*index))
                    .any(|old| old.value == fact.value)
        });
        if !known {
            self.push(fact);
        }
    }

    fn push(&mut self, fact: Fact) {
        let index = self.facts.len();
        self.by_key.entry(fact.key.clone()).or_default().push(index);
        self.by_folded_key
            .entry(fact.key.to_ascii_lowercase())
            .or_insert(index);
        let first = self
            .first_lines
            .entry(fact.aspect().to_owned())
            .or_insert(fact.line);
        *first = fact.line.min(*first);
        self.facts.push(fact);
    }

    /// All facts in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Fact> {
        self.facts.iter()
    }

    /// The first fact with exactly this key.
    pub fn get(&self, key: &str) -> Option<&Fact> {
        self.facts.get(*self.by_key.get(key)?.first()?)
    }

    /// Whether there is a fact with this key, whatever the case.
    pub fn has_folded(&self, key: &str) -> bool {
        self.by_folded_key.contains_key(&key.to_ascii_lowercase())
    }

    /// The first line on which an aspect is spoken of.
    pub fn first_line(&self, aspect: &str) -> Option<usize> {
        self.first_lines.get(aspect).copied()
    }

    /// The facts that pass a test.
    pub fn filtered(&self, keep: impl Fn(&Fact) -> bool) -> Self {
        let mut kept = Self::default();
        for fact in self.facts.iter().filter(|fact| keep(fact)) {
            kept.push(fact.clone());
        }
        kept
    }
}

impl<'a> IntoIterator for &'a FactList {
    type Item = &'a Fact;
    type IntoIter = std::slice::Iter<'a, Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
