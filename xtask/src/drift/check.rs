//! Finds out what each page is about, and compares it with that part of the spec.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::compare::{Difference, Subject};
use super::finding::{Change, Finding, Impact, Place};
use super::statements::{self, Statement};
use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::operation::Operation;
use crate::contract::schema::Property;
use crate::contract::tree::{Node, Value};
use crate::documents::folder::Unreadable;
use crate::documents::place_in_repository;
use crate::facts::{Kind, PageFacts};
use crate::names;

/// What pages are compared with.
pub struct Check<'a> {
    /// The spec.
    pub contract: &'a Contract,
    /// The provenance file.
    pub ledger: &'a Ledger,
    /// The calls that any page read lists among the methods of a type.
    pub listed: BTreeSet<String>,
    /// The members of enumerations that any page read lists in a table, in lower case.
    pub tabled: BTreeSet<String>,
}

impl Check<'_> {
    /// The stable name of a page and its differences; nothing when it is about another API.
    pub fn page(&self, page: &PageFacts) -> Option<(String, Vec<Finding>)> {
        match page.kind {
            Kind::Operation => self.operation_page(page),
            Kind::Resource => Some(self.resource_page(page)),
            Kind::Enumerations => self.enumerations_page(page),
            Kind::Guide => self.guide_page(page),
        }
    }

    /// The Rust items that a page is about.
    pub fn items_of(&self, page: &PageFacts) -> Vec<String> {
        match page.kind {
            Kind::Operation => self
                .operation_of(page)
                .map(|operation| names::method(&operation.id)),
            Kind::Resource => self.schema_of(page).map(|(name, _)| names::type_of(name)),
            Kind::Enumerations | Kind::Guide => None,
        }
        .into_iter()
        .collect()
    }

    fn subject<'s>(&'s self, page: &'s PageFacts, name: &str) -> Subject<'s> {
        Subject {
            page,
            name: name.to_owned(),
            contract: self.contract,
            ledger: self.ledger,
            listed_methods: &self.listed,
            tabled_members: &self.tabled,
            statements: Vec::new(),
            line: 1,
            items: Vec::new(),
        }
    }

    /// The operation of a page: the one that cites it, else the one with its path.
    fn operation_of(&self, page: &PageFacts) -> Option<&Operation> {
        self.contract.operation_of_stem(&page.stem).or_else(|| {
            page.paths()
                .find_map(|path| self.contract.operation_of_path(path))
        })
    }

    fn operation_page(&self, page: &PageFacts) -> Option<(String, Vec<Finding>)> {
        let Some(operation) = self.operation_of(page) else {
            return self.unknown_operation(page);
        };
        let mut subject = self.subject(page, &operation.stem);
        subject.line = operation.line;
        subject.items = vec![names::method(&operation.id)];
        subject.statements = statements::of_operation(self.contract, self.ledger, operation);
        let mut findings = self.statuses_from_elsewhere(&subject, operation);
        let mut known: HashSet<String> = findings
            .iter()
            .map(|finding| finding.fact.clone())
            .collect();
        for finding in subject.facts() {
            let reported = !known.insert(finding.fact.clone());
            // What an unexpected status returns is no second difference.
            let of_unexpected = finding
                .fact
                .strip_prefix("stated:return/")
                .is_some_and(|rest| {
                    let status = rest.split('=').next().unwrap_or_default();
                    subject
                        .statements
                        .iter()
                        .all(|statement| statement.key != format!("response/{status}"))
                });
            if !reported && !of_unexpected {
                findings.push(finding);
            }
        }
        findings.extend(self.paths(&subject, operation));
        findings.extend(subject.conditions(operation));
        findings.extend(self.operation_limits(&subject, operation));
        findings.extend(subject.examples(operation));
        Some((operation.stem.clone(), findings))
    }

    /// Statuses that the page states and the spec lists, but took from another page.
    fn statuses_from_elsewhere(
        &self,
        subject: &Subject<'_>,
        operation: &Operation,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (status, response) in operation.own_responses() {
            let Some(fact) = subject.page.fact(&format!("response/{status}")) else {
                continue;
            };
            if self
                .ledger
                .takes_status_from(&operation.id, status, &operation.stem)
                != Some(false)
            {
                continue;
            }
            let sources = self
                .ledger
                .sources_of_status(&operation.id, status)
                .join(", ");
            findings.push(subject.finding(Difference {
                change: Change::Stated,
                fact: fact.key.clone(),
                line: fact.line,
                says: format!("answers {status}"),
                other_says: format!(
                    "lists {status}, but takes it from {sources}, not from this page"
                ),
                other_line: response.line,
                items: &[],
            }));
        }
        findings
    }

    fn paths(&self, subject: &Subject<'_>, operation: &Operation) -> Vec<Finding> {
        let request = operation.request();
        let documented: Vec<&str> = subject.page.paths().collect();
        let mut findings = Vec::new();
        for path in &documented {
            let known = path.eq_ignore_ascii_case(&request);
            let other = self.contract.operation_of_path(path);
            let shared_page = other.is_some_and(|other| other.stem == operation.stem);
            if known && *path == request || shared_page && !known {
                continue;
            }
            let fact = subject.page.fact(&format!("path/{path}"));
            findings.push(subject.finding(Difference {
                change: Change::Differs,
                fact: format!("path={path}"),
                line: fact.map_or(1, |fact| fact.line),
                says: (*path).to_owned(),
                other_says: format!("{} {}", operation.method, operation.path),
                other_line: operation.line,
                items: &[],
            }));
        }
        findings
    }

    fn unknown_operation(&self, page: &PageFacts) -> Option<(String, Vec<Finding>)> {
        let families = self.contract.families();
        let ours = page.facts.iter().find(|fact| {
            fact.aspect() == "path"
                && families.iter().any(|family| {
                    let path = fact
                        .name()
                        .split(' ')
                        .nth(1)
                        .unwrap_or_default()
                        .to_lowercase();
                    path.starts_with(&format!("{family}/"))
                })
        })?;
        let subject = self.subject(page, &page.stem);
        let finding = subject.finding(Difference {
            change: Change::Stated,
            fact: format!("operation/{}", ours.name()),
            line: ours.line,
            says: format!("documents {}", ours.name()),
            other_says: "knows no such operation".to_owned(),
            other_line: self
                .contract
                .root
                .at("#/paths")
                .map_or(1, |paths| paths.line),
            items: &[],
        });
        Some((page.stem.clone(), vec![finding]))
    }

    fn operation_limits(&self, subject: &Subject<'_>, operation: &Operation) -> Vec<Finding> {
        let mut text = operation.node.all_text();
        let mut bounds = Vec::new();
        let body = operation
            .node
            .get("requestBody")
            .map(|body| self.contract.resolve(body));
        if let Some(schema) = body.and_then(statements::body_schema) {
            self.bounds(schema, &mut text, &mut bounds, 0);
        }
        for parameter in &operation.parameters {
            text.push_str(&self.contract.resolve(parameter).all_text());
        }
        let mut findings = subject.limits(&text, &bounds);
        let own = operation.node.text_of("description").unwrap_or_default();
        findings.extend(subject.spoken_limits(own, operation.line));
        findings
    }

    /// The texts and numeric bounds of a schema and of what it holds.
    fn bounds(
        &self,
        schema: &Node,
        text: &mut String,
        bounds: &mut Vec<(String, u64, usize)>,
        depth: usize,
    ) {
        if depth > 6 {
            return;
        }
        let target = self.contract.resolve(schema);
        text.push_str(target.text_of("description").unwrap_or_default());
        text.push('\n');
        for Property { name, node, .. } in self.contract.properties(target) {
            let inner = self.contract.resolve(node);
            for keyword in ["maxItems", "maxLength", "maximum"] {
                if let Some(bound) = inner.get(keyword)
                    && let Some(number) = bound
                        .as_integer()
                        .and_then(|number| u64::try_from(number).ok())
                {
                    bounds.push((name.to_owned(), number, bound.line));
                }
            }
            self.bounds(node, text, bounds, depth + 1);
        }
        if let Some(items) = target.get("items") {
            self.bounds(items, text, bounds, depth + 1);
        }
    }

    fn schema_of(&self, page: &PageFacts) -> Option<(&str, &Node)> {
        let name = page.fact("type").map_or("", |fact| fact.value.as_str());
        self.contract.schema_of_page(name, &page.stem)
    }

    fn resource_page(&self, page: &PageFacts) -> (String, Vec<Finding>) {
        let type_name = page
            .fact("type")
            .map(|fact| fact.value.clone())
            .unwrap_or_default();
        let Some((name, schema)) = self.schema_of(page) else {
            return (page.stem.clone(), self.unknown_type(page, &type_name));
        };
        let stem = Contract::page_of_schema(schema).unwrap_or_else(|| page.stem.clone());
        let mut subject = self.subject(page, &stem);
        subject.line = schema.line;
        subject.items = vec![names::type_of(name)];
        subject.statements = statements::of_schema(self.contract, self.ledger, name, schema, &stem);
        let mut findings = subject.facts();
        let mut text = schema.all_text();
        let mut bounds = Vec::new();
        self.bounds(schema, &mut text, &mut bounds, 5);
        findings.extend(subject.limits(&text, &[]));
        (stem, findings)
    }

    /// A type that the spec does not have; its methods are compared all the same.
    fn unknown_type(&self, page: &PageFacts, type_name: &str) -> Vec<Finding> {
        let mut subject = self.subject(page, &page.stem);
        subject.line = self
            .contract
            .root
            .at("#/components/schemas")
            .map_or(1, |schemas| schemas.line);
        let mut findings = vec![subject.finding(Difference {
            change: Change::Stated,
            fact: format!("type/{type_name}"),
            line: 1,
            says: format!("describes the type {type_name}"),
            other_says: "has no such schema".to_owned(),
            other_line: subject.line,
            items: &[],
        })];
        let empty = Node {
            line: subject.line,
            value: Value::Mapping(Vec::new()),
        };
        subject.statements =
            statements::of_schema(self.contract, self.ledger, type_name, &empty, &page.stem);
        findings.extend(
            subject
                .facts()
                .into_iter()
                .filter(|finding| finding.fact.contains(":method/")),
        );
        findings
    }

    /// A page of enumerations is compared as far as the spec has them.
    fn enumerations_page(&self, page: &PageFacts) -> Option<(String, Vec<Finding>)> {
        let mut subject = self.subject(page, &page.stem);
        subject.statements = statements::of_enumerations(self.contract, page);
        let ours: Vec<&Statement> = subject.statements.iter().collect();
        let named = |enumeration: &str| {
            let prefix = format!("enum/{}/", enumeration.to_lowercase());
            ours.iter()
                .any(|statement| statement.key.to_lowercase().starts_with(&prefix))
        };
        let mut facts = page.clone();
        facts.facts = page.facts.filtered(|fact| {
            fact.aspect() != "enum" || named(fact.name().split('/').next().unwrap_or_default())
        });
        facts.of("enum").next()?;
        let subject = Subject {
            page: &facts,
            line: subject
                .statements
                .first()
                .map_or(1, |statement| statement.line),
            ..subject
        };
        Some((page.stem.clone(), subject.facts()))
    }

    fn guide_page(&self, page: &PageFacts) -> Option<(String, Vec<Finding>)> {
        let source = self.ledger.page(&page.stem, &page.title)?;
        let subject = self.subject(page, &source.key);
        Some((source.key.clone(), subject.guide()))
    }

    /// Pages that the spec cites and whose folder was read without them.
    ///
    /// A page that continues under another name is told apart: the address that the spec cites dies with the name.
    pub fn gone(&self, read: &[(String, &PageFacts)], unreadable: &[Unreadable]) -> Vec<Finding> {
        let mut places: HashMap<String, &PageFacts> = HashMap::new();
        for (_, page) in read {
            if let Some(place) = place_in_repository(&page.path) {
                places.insert(place, page);
            }
        }
        let unread: HashSet<String> = unreadable
            .iter()
            .filter_map(|file| place_in_repository(&file.path))
            .collect();
        let folders: HashSet<&str> = places
            .keys()
            .filter_map(|place| Some(place.rsplit_once('/')?.0))
            .collect();
        let mut findings = Vec::new();
        for source in &self.ledger.pages {
            let Some(path) = &source.path else { continue };
            let Some((folder, _)) = path.rsplit_once('/') else {
                continue;
            };
            if places.contains_key(path) || unread.contains(path) || !folders.contains(folder) {
                continue;
            }
            let heir = read.iter().find(|(name, page)| {
                *name == source.stem()
                    && place_in_repository(&page.path).is_some_and(|place| {
                        place.starts_with(folder) && !self.ledger.cites_path(&place)
                    })
            });
            let items = self
                .contract
                .operation_of_stem(&source.stem())
                .map(|operation| vec![names::method(&operation.id)])
                .unwrap_or_default();
            let (fact, title, place, says) = match heir {
                Some((_, page)) => (
                    format!("differs:page={}", page.stem),
                    format!("{}: the page has another name", source.key),
                    Place {
                        file: page.file.clone(),
                        line: 1,
                    },
                    format!("is {} now; the address that is cited dies", page.stem),
                ),
                None => (
                    "unstated:page".to_owned(),
                    format!("{}: the page is gone", source.key),
                    Place {
                        file: path.clone(),
                        line: 0,
                    },
                    "is not in its folder any more".to_owned(),
                ),
            };
            findings.push(Finding {
                page: source.key.clone(),
                fact,
                title,
                place,
                says,
                other_says: "was written from it".to_owned(),
                other_place: Some(Place {
                    file: self.ledger.file.clone(),
                    line: source.line,
                }),
                impact: if heir.is_some() {
                    Impact::Record
                } else {
                    Impact::Breaking
                },
                items,
                known: None,
            });
        }
        findings
    }
}
