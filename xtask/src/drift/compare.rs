//! Compares the facts of one page with the statements of the spec about the same subject.

use std::collections::{BTreeSet, HashMap};

use super::describe;
use super::finding::{Change, Finding, Place, impact};
use super::statements::{ANYTHING, Statement};
use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::schema::types_agree;
use crate::facts::{Fact, Kind, PageFacts};

/// One page beside the part of the spec that it is about.
pub struct Subject<'a> {
    /// The facts of the page.
    pub page: &'a PageFacts,
    /// The page's stable name.
    pub name: String,
    /// The spec.
    pub contract: &'a Contract,
    /// The provenance file.
    pub ledger: &'a Ledger,
    /// The statements of the spec.
    pub statements: Vec<Statement>,
    /// The calls that any page read lists among the methods of a type.
    pub listed_methods: &'a BTreeSet<String>,
    /// The members, in lower case, that any page read lists in a table: `jobstatus/done`.
    pub tabled_members: &'a BTreeSet<String>,
    /// The line of the spec that stands for the whole subject.
    pub line: usize,
    /// The Rust items that stand for the whole subject.
    pub items: Vec<String>,
}

/// What a finding is made of, before it is put into words.
pub struct Difference<'a> {
    /// How the two sides differ.
    pub change: Change,
    /// The key of the fact, with the page's value when that matters.
    pub fact: String,
    /// The line of the page.
    pub line: usize,
    /// What the page says.
    pub says: String,
    /// What the spec says.
    pub other_says: String,
    /// The line of the spec.
    pub other_line: usize,
    /// The Rust items concerned; the subject's own when empty.
    pub items: &'a [String],
}

impl Subject<'_> {
    /// Puts a difference into words.
    pub fn finding(&self, difference: Difference<'_>) -> Finding {
        let Difference {
            change,
            fact,
            line,
            says,
            other_says,
            other_line,
            items,
        } = difference;
        let plain = fact.split('=').next().unwrap_or_default();
        let (aspect, name) = plain.split_once('/').unwrap_or((plain, ""));
        Finding {
            page: self.name.clone(),
            title: describe::title(change, aspect, name, &self.name, "spec"),
            place: Place {
                file: self.page.file.clone(),
                line,
            },
            says,
            other_says,
            other_place: Some(Place {
                file: self.contract.file.clone(),
                line: other_line,
            }),
            impact: impact(change, aspect, name, self.page.kind),
            items: if items.is_empty() {
                self.items.clone()
            } else {
                items.to_vec()
            },
            known: None,
            fact: format!("{}:{fact}", change.name()),
        }
    }

    /// Compares the simple facts both ways.
    pub fn facts(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let index = Index::of(&self.statements);
        for fact in &self.page.facts {
            if !compared(fact.aspect()) || self.belongs_to_unknown(fact, &index) {
                continue;
            }
            match index.statement(&fact.key) {
                None => found.push(self.only_stated(fact)),
                Some(statement) if agree(fact, statement) => {}
                Some(statement) => {
                    let written = if fact.key.eq_ignore_ascii_case(&statement.key)
                        && fact.key != statement.key
                    {
                        fact.name().to_owned()
                    } else {
                        describe::value(fact.aspect(), &fact.value)
                    };
                    found.push(self.finding(Difference {
                        change: Change::Differs,
                        fact: keyed(fact),
                        line: fact.line,
                        says: written,
                        other_says: describe::statement(statement),
                        other_line: statement.line,
                        items: &statement.items,
                    }));
                }
            }
        }
        found.extend(self.only_expected());
        found
    }

    /// Whether a fact only details something that the spec does not have, which is reported by itself.
    fn belongs_to_unknown(&self, fact: &Fact, index: &Index<'_>) -> bool {
        let known = |key: &str| index.statement(key).is_some();
        let owner = fact.name().split('/').next().unwrap_or_default();
        match fact.aspect() {
            // Pages about types stand in every version of the documents that has them.
            "version" => self.page.kind != Kind::Operation,
            "deprecated" => match fact.name().split_once('/') {
                Some((
                    kind @ ("property" | "request-property" | "method" | "relationship"),
                    name,
                )) => !known(&format!("{kind}/{name}")),
                _ => false,
            },
            "property-rule" => !known(&format!("property/{owner}")),
            "request-property-rule" => !known(&format!("request-property/{owner}")),
            "representation" => {
                self.page.fact(&format!("property/{owner}")).is_some()
                    && !known(&format!("property/{owner}"))
            }
            _ => false,
        }
    }

    fn only_stated(&self, fact: &Fact) -> Finding {
        let other_says = describe::absence(fact.aspect(), fact.name());
        self.finding(Difference {
            change: Change::Stated,
            fact: keyed(fact),
            line: fact.line,
            says: describe::fact(fact),
            other_says,
            other_line: self.line,
            items: &[],
        })
    }

    fn only_expected(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for statement in self
            .statements
            .iter()
            .filter(|statement| statement.expected)
        {
            let (aspect, name) = statement
                .key
                .split_once('/')
                .unwrap_or((&statement.key, ""));
            let listed_elsewhere = match aspect {
                "method" => self.listed_methods.contains(name),
                "enum" => self.members_stand_elsewhere(name),
                _ => false,
            };
            let stated = listed_elsewhere || self.page.facts.has_folded(&statement.key);
            if stated || self.elsewhere(aspect, name) {
                continue;
            }
            // A status that is not stated returns nothing either; one report is enough.
            if aspect == "return" && self.page.fact(&format!("response/{name}")).is_none() {
                continue;
            }
            if aspect == "enum" && self.misses_property_of(name) {
                continue;
            }
            let line = describe::home(self.page, aspect);
            found.push(self.finding(Difference {
                change: Change::Unstated,
                fact: statement.key.clone(),
                line,
                says: describe::absence(aspect, name),
                other_says: describe::statement(statement),
                other_line: statement.line,
                items: &statement.items,
            }));
        }
        found
    }

    /// Whether the page leaves an aspect to a file that was not there, or says only "some of them".
    fn elsewhere(&self, aspect: &str, name: &str) -> bool {
        match aspect {
            "permission" => {
                let stated = self.page.of("permission").next().is_some();
                (self.page.elsewhere.contains("permission") && !stated)
                    || (name.ends_with("/higher")
                        && self.page.elsewhere.contains("permission-higher"))
            }
            "query-option" => self.page.fact("query-options").is_some(),
            other => self.page.elsewhere.contains(other),
        }
    }

    /// Whether the page names no member of the enumeration, and a table of members on another page does.
    fn members_stand_elsewhere(&self, name: &str) -> bool {
        let enumeration = name.split('/').next().unwrap_or_default().to_lowercase();
        self.tabled_members.contains(&name.to_lowercase())
            && !self.page.of("enum").any(|fact| {
                fact.name()
                    .split('/')
                    .next()
                    .is_some_and(|other| other.eq_ignore_ascii_case(&enumeration))
            })
    }

    /// Whether the page lacks every property of an enumeration, which is reported by itself.
    fn misses_property_of(&self, member: &str) -> bool {
        if self.page.kind == Kind::Enumerations {
            return false;
        }
        let enumeration = member.split('/').next().unwrap_or_default();
        !self.page.facts.iter().any(|fact| {
            matches!(fact.aspect(), "property" | "request-property")
                && fact
                    .value
                    .trim_start_matches("collection of ")
                    .eq_ignore_ascii_case(enumeration)
        })
    }
}

/// A change of a page's text as a finding.
pub fn text_finding(
    name: &str,
    page: &PageFacts,
    change: &super::text::Change,
    other: &Place,
    items: &[String],
) -> Finding {
    let (kind, says, other_says) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => (Change::Differs, after.clone(), before.clone()),
        (None, Some(after)) => (Change::Stated, after.clone(), "was not there".to_owned()),
        (before, None) => (
            Change::Unstated,
            "is not there any more".to_owned(),
            before.clone().unwrap_or_default(),
        ),
    };
    Finding {
        page: name.to_owned(),
        fact: format!("{}:text/{}", kind.name(), change.digest),
        title: match (kind, change.unread) {
            (Change::Stated, "alert") => format!("{name}: an alert is new on the page"),
            (Change::Stated, "table") => format!("{name}: a table row that nothing reads is new"),
            (Change::Stated, _) => format!("{name}: the page states something new"),
            (Change::Unstated, _) => format!("{name}: the page no longer states something"),
            (Change::Differs, _) => format!("{name}: the page states something else than before"),
        },
        place: Place {
            file: page.file.clone(),
            line: change.line,
        },
        says,
        other_says,
        other_place: Some(other.clone()),
        impact: impact(kind, "text", "", page.kind),
        items: items.to_vec(),
        known: None,
    }
}

/// The statements by key.
struct Index<'a> {
    exact: HashMap<&'a str, &'a Statement>,
    folded: HashMap<String, &'a Statement>,
}

impl<'a> Index<'a> {
    fn of(statements: &'a [Statement]) -> Self {
        let mut index = Self {
            exact: HashMap::new(),
            folded: HashMap::new(),
        };
        for statement in statements {
            index.exact.entry(&statement.key).or_insert(statement);
            index
                .folded
                .entry(statement.key.to_ascii_lowercase())
                .or_insert(statement);
        }
        index
    }

    /// The statement with this key, else the one whose key differs in case only.
    fn statement(&self, key: &str) -> Option<&'a Statement> {
        self.exact
            .get(key)
            .or_else(|| self.folded.get(&key.to_ascii_lowercase()))
            .copied()
    }
}

/// Aspects that have a counterpart in the spec; the others are compared between editions only.
fn compared(aspect: &str) -> bool {
    !matches!(
        aspect,
        "base"
            | "query-options"
            | "table"
            | "status-value"
            | "cmdlet-response"
            | "scope"
            | "permissions"
            | "path"
            | "type"
            | "link"
    )
}

fn keyed(fact: &Fact) -> String {
    if fact.value.is_empty() {
        fact.key.clone()
    } else {
        format!("{}={}", fact.key, fact.value)
    }
}

fn agree(fact: &Fact, statement: &Statement) -> bool {
    if statement.value == ANYTHING {
        return true;
    }
    match fact.aspect() {
        "property" | "request-property" | "function-parameter" | "relationship" | "return" => {
            let spelled = matches!(fact.aspect(), "return") || fact.key == statement.key;
            spelled && types_agree(&fact.value, &statement.value)
        }
        "representation" => {
            types_agree(&fact.value, &statement.value)
                || (fact.value == "String"
                    && !statement.value.contains("collection")
                    && statement.value == "Guid")
        }
        "method" => types_agree(&fact.value, &statement.value),
        "path" | "role" | "header" => true,
        // The end in words has to name the date that the page names.
        "deprecated" => statement.value.contains(fact.value.as_str()),
        // Headings and types write the name of an enumeration in any case; a member is what it is.
        "enum" => fact.name().rsplit('/').next() == statement.key.rsplit('/').next(),
        _ => fact.key == statement.key && fact.value == statement.value,
    }
}
