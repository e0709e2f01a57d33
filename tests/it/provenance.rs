//! Everything that the specification states has a source, and every decision in the ledger leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use msgraph_migrations_checks::sets::assert_same;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::support::documented_messages::{files, shared};
use crate::support::openapi_schema::{Specification, members};
use crate::support::spec::yaml;

/// The numbered disagreements of the maintainers' fact sheets.
const DISAGREEMENTS: [(&str, usize); 2] = [("jobs 1b.", 27), ("sharepoint D", 37)];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provenance {
    pages: BTreeMap<String, Page>,
    operations: BTreeMap<String, OperationSources>,
    schemas: BTreeMap<String, SchemaSources>,
    decisions: Vec<Decision>,
    no_bearing: Vec<NoBearing>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    title: String,
    url: String,
    path: Option<String>,
    edition: String,
    sha256: Option<String>,
    held: Option<bool>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationSources {
    pages: Vec<String>,
    statuses: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaSources {
    pages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    id: String,
    subject: String,
    facts: String,
    says: Vec<Statement>,
    spec: String,
    why: String,
    pointers: Vec<String>,
    known: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    source: String,
    edition: String,
    #[serde(rename = "statement")]
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoBearing {
    facts: String,
    why: String,
}

const LEDGER: &str = "openapi/provenance.yaml";

fn read() -> Provenance {
    serde_json::from_value(yaml("openapi/provenance.yaml"))
        .expect("the provenance has its documented shape")
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
    names.into_iter().map(String::as_str).collect()
}

#[test]
fn every_operation_and_status_has_a_source() {
    let (specification, provenance) = (Specification::read(), read());
    let operations = specification.operations();
    let described: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    assert_same(
        "operations of the ledger",
        names(provenance.operations.keys()),
        &described,
        LEDGER,
    );
    assert_eq!(
        operations.len(),
        described.len(),
        "an operation id occurs twice"
    );
    for operation in &operations {
        let sources = &provenance.operations[operation.id];
        let responses = &operation.definition["responses"];
        let statuses: BTreeSet<_> = members(responses).map(|(status, _)| status).collect();
        assert_same(
            &format!("statuses of {} in the ledger", operation.id),
            names(sources.statuses.keys()),
            statuses,
            LEDGER,
        );
        assert!(!sources.pages.is_empty(), "{} has no source", operation.id);
        for (status, pages) in &sources.statuses {
            assert!(
                !pages.is_empty(),
                "{status} of {} has no source",
                operation.id
            );
        }
        let link = operation.definition["externalDocs"]["url"].as_str();
        let linked = sources
            .pages
            .iter()
            .any(|page| Some(provenance.pages[page].url.as_str()) == link);
        assert!(
            linked,
            "{} links to {link:?}, which is none of its sources",
            operation.id
        );
    }
}

#[test]
fn every_schema_and_enum_has_a_source() {
    let (specification, provenance) = (Specification::read(), read());
    let schemas = &specification.document()["components"]["schemas"];
    let described: BTreeSet<_> = members(schemas).map(|(name, _)| name).collect();
    assert_same(
        "schemas of the ledger",
        names(provenance.schemas.keys()),
        described,
        LEDGER,
    );
    for (name, schema) in members(schemas) {
        let sources = &provenance.schemas[name];
        assert!(!sources.pages.is_empty(), "{name} has no source");
        let link = schema["externalDocs"]["url"].as_str();
        let linked = sources
            .pages
            .iter()
            .any(|page| Some(provenance.pages[page].url.as_str()) == link);
        assert!(
            linked,
            "{name} links to {link:?}, which is none of its sources"
        );
    }
    let enums = members(schemas)
        .filter(|(_, schema)| schema.get("enum").is_some())
        .count();
    assert!(enums >= 6, "only {enums} enums");
}

#[test]
fn every_page_that_is_named_is_listed_and_every_listed_page_is_named() {
    let provenance = read();
    let mut named = BTreeSet::new();
    for sources in provenance.operations.values() {
        named.extend(names(&sources.pages));
        named.extend(sources.statuses.values().flat_map(names));
    }
    named.extend(
        provenance
            .schemas
            .values()
            .flat_map(|sources| names(&sources.pages)),
    );
    for decision in &provenance.decisions {
        named.extend(
            decision
                .says
                .iter()
                .map(|statement| statement.source.as_str()),
        );
    }
    assert_same(
        "pages of the ledger, and those that it names",
        names(provenance.pages.keys()),
        named,
        LEDGER,
    );
}

#[test]
fn every_page_says_where_it_is_and_whether_a_copy_is_held() {
    for (key, page) in &read().pages {
        assert!(
            !page.title.is_empty() && !page.edition.is_empty(),
            "{key} lacks title or edition"
        );
        assert!(page.url.starts_with("https://"), "{key}: {}", page.url);
        match (&page.sha256, page.held) {
            (Some(hash), None) => {
                let hexadecimal = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(hash.len() == 64 && hexadecimal, "{key}: {hash}");
            }
            (None, Some(false)) => {
                assert!(page.path.is_none(), "{key} has a path but no copy");
                assert!(page.note.is_some(), "{key} does not say how it is known");
            }
            _ => panic!("{key} needs either a hash or `held: false`"),
        }
    }
}

#[test]
fn every_decision_is_complete_and_its_pointers_resolve() {
    let (specification, provenance) = (Specification::read(), read());
    let (mut ids, mut known) = (BTreeSet::new(), BTreeSet::new());
    for decision in &provenance.decisions {
        let id = &decision.id;
        assert!(ids.insert(id), "{id} occurs twice");
        for text in [
            id,
            &decision.subject,
            &decision.facts,
            &decision.spec,
            &decision.why,
        ] {
            assert!(!text.trim().is_empty(), "{id} has an empty text");
        }
        assert!(!decision.says.is_empty(), "{id} names no source");
        for statement in &decision.says {
            let complete = !statement.edition.is_empty() && !statement.text.is_empty();
            assert!(complete, "{id}: {} says nothing", statement.source);
        }
        assert!(!decision.pointers.is_empty(), "{id} points nowhere");
        for difference in &decision.known {
            assert!(
                known.insert(difference),
                "{difference} is explained twice, once by {id}"
            );
        }
        for pointer in &decision.pointers {
            assert!(
                specification.at(pointer).is_some(),
                "{id}: nothing stands at {pointer}"
            );
        }
    }
}

#[test]
fn every_numbered_disagreement_is_decided_or_has_a_reason_not_to_be() {
    let provenance = read();
    let decided: BTreeSet<_> = provenance
        .decisions
        .iter()
        .flat_map(|decision| decision.facts.split(", "))
        .collect();
    for entry in &provenance.no_bearing {
        assert!(!entry.why.is_empty(), "{} has no reason", entry.facts);
    }
    let set_aside: BTreeSet<_> = provenance
        .no_bearing
        .iter()
        .map(|entry| entry.facts.as_str())
        .collect();
    let both: Vec<_> = decided.intersection(&set_aside).collect();
    assert!(both.is_empty(), "decided and set aside: {both:?}");
    let mut expected = BTreeSet::new();
    for (prefix, count) in DISAGREEMENTS {
        expected.extend((1..=count).map(|number| format!("{prefix}{number}")));
    }
    let numbered: BTreeSet<_> = decided
        .union(&set_aside)
        .filter(|facts| {
            DISAGREEMENTS
                .iter()
                .any(|(prefix, _)| facts.starts_with(prefix))
        })
        .map(|facts| (*facts).to_owned())
        .collect();
    let astray: Vec<_> = numbered.symmetric_difference(&expected).collect();
    assert!(
        astray.is_empty(),
        "left out, or not a number of the sheets: {astray:?}"
    );
    assert!(
        decided.contains("own"),
        "the ledger has no decisions of its own"
    );
}

#[test]
fn the_hashes_of_the_pages_are_those_of_the_copies() {
    let Some(shared) = shared("the comparison with the copies of the pages") else {
        return;
    };
    let documents = shared.join("docs");
    let mut copies = BTreeMap::new();
    for file in files(&documents) {
        let bytes =
            std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        copies.insert(file, hexadecimal(&Sha256::digest(bytes)));
    }
    let mut compared = 0;
    for (key, page) in &read().pages {
        let Some(hash) = &page.sha256 else { continue };
        compared += 1;
        match &page.path {
            Some(path) => {
                let copy = copies.get(&documents.join("current").join(path));
                assert_eq!(copy, Some(hash), "{key}: {path} changed or is gone");
            }
            None => assert!(
                copies.values().any(|copy| copy == hash),
                "{key}: no copy has this hash"
            ),
        }
    }
    assert!(compared >= 40, "only {compared} pages have a hash");
    let recorded: BTreeSet<_> = read()
        .pages
        .into_values()
        .filter_map(|page| page.sha256)
        .collect();
    let unrecorded: Vec<_> = copies
        .iter()
        .filter(|(_, hash)| !recorded.contains(*hash))
        .collect();
    assert!(
        unrecorded.is_empty(),
        "copies that no page records: {unrecorded:?}"
    );
    println!("{compared} pages have the recorded hash");
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
