//! The differences between two editions of one page.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::describe;
use super::finding::{Change, Finding, Place, impact};
use crate::contract::schema::types_agree;
use crate::facts::shapes;
use crate::facts::wording::{Condition, Limit, alike, marked_anchors};
use crate::facts::{Fact, Kind, PageFacts};

/// More pairs of changed rows than this are not tried for being the same in other words.
const MAX_REWORDINGS: usize = 40_000;

/// What is left of both sides when equal rows have been taken away.
fn without_equals(ours: &[Condition], theirs: &[Condition]) -> (Vec<Condition>, Vec<Condition>) {
    let mut counts: HashMap<(u16, &str), usize> = HashMap::new();
    for condition in theirs {
        *counts
            .entry((condition.status, condition.text.as_str()))
            .or_default() += 1;
    }
    let mut alone = Vec::new();
    let mut equal: HashMap<(u16, &str), usize> = HashMap::new();
    for condition in ours {
        let key = (condition.status, condition.text.as_str());
        match counts.get_mut(&key) {
            Some(count) if *count > 0 => {
                *count -= 1;
                *equal.entry(key).or_default() += 1;
            }
            _ => alone.push(condition.clone()),
        }
    }
    let mut left = Vec::new();
    for condition in theirs {
        match equal.get_mut(&(condition.status, condition.text.as_str())) {
            Some(count) if *count > 0 => *count -= 1,
            _ => left.push(condition.clone()),
        }
    }
    (alone, left)
}

/// One page in both editions.
pub struct Pair<'a> {
    /// The old edition.
    pub old: &'a PageFacts,
    /// The new edition.
    pub new: &'a PageFacts,
}

impl Pair<'_> {
    /// What changed from the old edition to the new one.
    pub fn differences(&self, remarks: &mut Vec<(String, usize, String)>) -> Vec<Finding> {
        let mut found = self.facts(remarks);
        found.extend(self.conditions());
        found.extend(self.limits());
        found.extend(self.examples());
        found
    }

    fn finding(
        &self,
        change: Change,
        key: &str,
        new: (usize, String),
        old: (usize, String),
    ) -> Finding {
        let plain = key.split('=').next().unwrap_or_default();
        let (aspect, name) = plain.split_once('/').unwrap_or((plain, ""));
        Finding {
            page: self.new.stem.clone(),
            fact: format!("{}:{key}", change.name()),
            title: describe::title(change, aspect, name, &self.new.stem, "old edition"),
            place: Place {
                file: self.new.file.clone(),
                line: new.0,
            },
            says: new.1,
            other_says: old.1,
            other_place: Some(Place {
                file: self.old.file.clone(),
                line: old.0,
            }),
            impact: impact(change, aspect, name, self.new.kind),
            items: Vec::new(),
            known: None,
        }
    }

    fn stated(&self, fact: &Fact) -> Finding {
        let home = describe::home(self.old, fact.aspect());
        let absence = describe::absence(fact.aspect(), fact.name());
        self.finding(
            Change::Stated,
            &fact.key,
            (fact.line, describe::fact(fact)),
            (home, absence),
        )
    }

    fn unstated(&self, fact: &Fact) -> Finding {
        let home = describe::home(self.new, fact.aspect());
        let absence = describe::absence(fact.aspect(), fact.name());
        self.finding(
            Change::Unstated,
            &fact.key,
            (home, absence),
            (fact.line, describe::fact(fact)),
        )
    }

    /// Aspects that one side leaves to a file that was not there cannot be compared.
    fn incomparable(&self, aspect: &str) -> bool {
        [self.old, self.new]
            .iter()
            .any(|page| page.elsewhere.contains(aspect) && page.of(aspect).next().is_none())
    }

    fn facts(&self, remarks: &mut Vec<(String, usize, String)>) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut skipped: BTreeSet<&str> = BTreeSet::new();
        let mut counted = |fact: &Fact| {
            if matches!(fact.aspect(), "link" | "permissions" | "version") {
                return false;
            }
            // A page may leave the sentence on the body to an included file.
            if fact.aspect() == "request-body" {
                return self.old.fact(&fact.key).is_some() && self.new.fact(&fact.key).is_some();
            }
            if fact.aspect() == "return" {
                let key = format!("response/{}", fact.name());
                return self.old.fact(&key).is_some() && self.new.fact(&key).is_some();
            }
            if matches!(fact.aspect(), "permission" | "role" | "method")
                && self.incomparable(fact.aspect())
            {
                skipped.insert(match fact.aspect() {
                    "role" => "roles",
                    "method" => "methods",
                    _ => "permissions",
                });
                return false;
            }
            true
        };
        let moved_paths = self.moved_path(&mut found);
        // A page may state the same thing in two ways; neither is new when both stood there.
        let stated: HashSet<(&str, &str)> = self
            .old
            .facts
            .iter()
            .map(|fact| (fact.key.as_str(), fact.value.as_str()))
            .collect();
        for fact in &self.new.facts {
            let stood = stated.contains(&(fact.key.as_str(), fact.value.as_str()));
            if stood || !counted(fact) || (fact.aspect() == "path" && moved_paths) {
                continue;
            }
            match self.old.fact(&fact.key) {
                None => found.push(self.stated(fact)),
                Some(before)
                    if types_agree(&before.value, &fact.value)
                        && types_agree(&fact.value, &before.value) => {}
                Some(before) => found.push(self.finding(
                    Change::Differs,
                    &format!("{}={}", fact.key, fact.value),
                    (fact.line, describe::value(fact.aspect(), &fact.value)),
                    (before.line, describe::value(fact.aspect(), &before.value)),
                )),
            }
        }
        for fact in &self.old.facts {
            if !counted(fact) || (fact.aspect() == "path" && moved_paths) {
                continue;
            }
            if self.new.fact(&fact.key).is_none() {
                found.push(self.unstated(fact));
            }
        }
        for aspect in skipped {
            let words =
                format!("{aspect} were not compared: one edition does not have them in its text");
            remarks.push((self.new.file.clone(), 1, words));
        }
        found
    }

    /// One request that became another is one difference, not two.
    fn moved_path(&self, found: &mut Vec<Finding>) -> bool {
        let (old, new): (Vec<&Fact>, Vec<&Fact>) =
            (self.old.of("path").collect(), self.new.of("path").collect());
        let ([before], [after]) = (old.as_slice(), new.as_slice()) else {
            return false;
        };
        if before.key == after.key {
            return false;
        }
        found.push(self.finding(
            Change::Differs,
            &format!("path={}", after.name()),
            (after.line, after.name().to_owned()),
            (before.line, before.name().to_owned()),
        ));
        true
    }

    fn conditions(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let tabled = |page: &PageFacts| -> Vec<Condition> {
            page.conditions
                .iter()
                .filter(|condition| condition.tabled)
                .cloned()
                .collect()
        };
        let (old, new) = (tabled(self.old), tabled(self.new));
        let without = |ours: &[Condition], theirs: &[Condition]| -> Vec<Condition> {
            let (ours, mut left) = without_equals(ours, theirs);
            let mut alone = Vec::new();
            // Rewordings are looked for among few rows only; in a table of thousands every row counts.
            if ours.len().saturating_mul(left.len()) > MAX_REWORDINGS {
                return ours;
            }
            for condition in &ours {
                let same = left.iter().position(|other| {
                    other.status == condition.status && alike(&other.text, &condition.text)
                });
                match same {
                    Some(place) => drop(left.remove(place)),
                    None => alone.push(condition.clone()),
                }
            }
            alone
        };
        // A status that one side does not have at all is reported by itself.
        let shared = |condition: &Condition| {
            let key = format!("response/{}", condition.status);
            self.old.fact(&key).is_some() && self.new.fact(&key).is_some()
        };
        for condition in without(&new, &old).into_iter().filter(shared) {
            let line = describe::home(self.old, "error");
            found.push(self.finding(
                Change::Stated,
                &format!("error/{}", condition.slug()),
                (
                    condition.line,
                    format!("{}: {}", condition.status, condition.text),
                ),
                (line, "has no such row".to_owned()),
            ));
        }
        for condition in without(&old, &new).into_iter().filter(shared) {
            let line = describe::home(self.new, "error");
            found.push(self.finding(
                Change::Unstated,
                &format!("error/{}", condition.slug()),
                (line, "has no such row".to_owned()),
                (
                    condition.line,
                    format!("{}: {}", condition.status, condition.text),
                ),
            ));
        }
        // The bare text of a page has lost the marks that tell values from words.
        if old.is_empty() && new.is_empty() && self.old.layout == self.new.layout {
            found.extend(self.spoken_conditions());
        }
        found
    }

    /// Sentences about a status may be reworded, but not name other values.
    fn spoken_conditions(&self) -> Vec<Finding> {
        let spoken = |page: &PageFacts| {
            let mut named: BTreeMap<u16, (usize, BTreeSet<String>)> = BTreeMap::new();
            for condition in page.conditions.iter().filter(|condition| !condition.tabled) {
                let entry = named
                    .entry(condition.status)
                    .or_insert((condition.line, BTreeSet::new()));
                entry.1.extend(marked_anchors(&condition.text));
            }
            named
        };
        let (old, new) = (spoken(self.old), spoken(self.new));
        let joined =
            |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(", ");
        new.iter()
            .filter_map(|(status, (line, values))| {
                let (old_line, before) = old.get(status)?;
                (values != before).then(|| {
                    self.finding(
                        Change::Differs,
                        &format!("error/{status}={}", joined(values)),
                        (*line, joined(values)),
                        (*old_line, joined(before)),
                    )
                })
            })
            .collect()
    }

    fn limits(&self) -> Vec<Finding> {
        let alone = |ours: &PageFacts, theirs: &PageFacts| -> Vec<_> {
            let known: HashSet<String> = theirs.limits.iter().map(Limit::name).collect();
            ours.limits
                .iter()
                .filter(|limit| !known.contains(&limit.name()))
                .cloned()
                .collect()
        };
        let mut gone: Vec<Limit> = alone(self.old, self.new);
        let mut found = Vec::new();
        for limit in alone(self.new, self.old) {
            let before = gone
                .iter()
                .position(|old| old.unit == limit.unit)
                .map(|place| gone.remove(place));
            let (change, old) = match before {
                Some(old) => (Change::Differs, (old.line, old.sentence)),
                None => (
                    Change::Stated,
                    (
                        describe::home(self.old, "limit"),
                        "names no such limit".to_owned(),
                    ),
                ),
            };
            let mut finding = self.finding(
                change,
                &format!("limit/{}", limit.name()),
                (limit.line, limit.sentence),
                old,
            );
            finding.impact = if self.new.kind == Kind::Guide {
                super::finding::Impact::Record
            } else {
                super::finding::Impact::Breaking
            };
            found.push(finding);
        }
        for limit in gone {
            let home = describe::home(self.new, "limit");
            found.push(self.finding(
                Change::Unstated,
                &format!("limit/{}", limit.name()),
                (home, "names no such limit".to_owned()),
                (limit.line, limit.sentence),
            ));
        }
        found
    }

    fn examples(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let old_examples: HashMap<String, _> = self
            .old
            .examples
            .iter()
            .map(|old| (old.name(), old))
            .collect();
        let new_names: HashSet<String> = self
            .new
            .examples
            .iter()
            .map(crate::facts::examples::Example::name)
            .collect();
        for new in &self.new.examples {
            let Some(old) = old_examples.get(&new.name()) else {
                let says = (new.line, format!("shows {}", new.name()));
                let before = (1, "does not show it".to_owned());
                found.push(self.finding(
                    Change::Stated,
                    &format!("example/{}", new.name()),
                    says,
                    before,
                ));
                continue;
            };
            let (before, after) = (shapes::of_example(old), shapes::of_example(new));
            for (member, value) in &after {
                if before.get(member) == Some(value) {
                    continue;
                }
                let key = format!("example/{}/{member}", new.name());
                let line = new.line_of(shapes::last_member(member));
                let old_line = old.line_of(shapes::last_member(member));
                match before.get(member) {
                    Some(old_value) => found.push(self.finding(
                        Change::Differs,
                        &format!("{key}={value}"),
                        (line, value.clone()),
                        (old_line, old_value.clone()),
                    )),
                    None => found.push(self.finding(
                        Change::Stated,
                        &key,
                        (line, format!("{member}: {value}")),
                        (old_line, format!("has no {member}")),
                    )),
                }
            }
            for (member, value) in before
                .iter()
                .filter(|(member, _)| !after.contains_key(*member))
            {
                found.push(self.finding(
                    Change::Unstated,
                    &format!("example/{}/{member}", new.name()),
                    (new.line, format!("has no {member}")),
                    (
                        old.line_of(shapes::last_member(member)),
                        format!("{member}: {value}"),
                    ),
                ));
            }
        }
        for old in &self.old.examples {
            if !new_names.contains(&old.name()) {
                found.push(self.finding(
                    Change::Unstated,
                    &format!("example/{}", old.name()),
                    (1, "does not show it".to_owned()),
                    (old.line, format!("shows {}", old.name())),
                ));
            }
        }
        found
    }
}
