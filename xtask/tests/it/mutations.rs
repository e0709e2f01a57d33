//! Each kind of fact, changed one at a time, is noticed: against the spec and between editions.

use saphyr::{LoadableYamlNode, Yaml};

use crate::support::{Copy, drift, editions, fixtures};

/// A change: what it is, the file, the text before and after, and a part of the key that must be reported
/// against the spec and between editions. Nothing: that comparison cannot see the change.
struct Mutation {
    kind: String,
    file: String,
    from: String,
    to: String,
    in_spec: Option<String>,
    in_editions: Option<String>,
}

/// The changes listed in a file of the fixtures.
fn listed(name: &str) -> Vec<Mutation> {
    let file = fixtures().join("mutations").join(name);
    let text = std::fs::read_to_string(&file).expect("a fixture");
    let documents = Yaml::load_from_str(&text).expect("YAML");
    let list = documents.first().and_then(Yaml::as_vec).expect("a list");
    let text = |entry: &Yaml<'_>, member: &str| {
        let value = entry.as_mapping_get(member).and_then(Yaml::as_str);
        value.map(str::to_owned)
    };
    let needed = |entry: &Yaml<'_>, member: &str| {
        text(entry, member).unwrap_or_else(|| panic!("{name}: {member} is missing"))
    };
    list.iter()
        .map(|entry| Mutation {
            kind: needed(entry, "kind"),
            file: needed(entry, "file"),
            from: needed(entry, "from"),
            to: needed(entry, "to"),
            in_spec: text(entry, "spec"),
            in_editions: text(entry, "editions"),
        })
        .collect()
}

/// Which mutations of a folder are not noticed, and how many comparisons were made.
fn missed(folder: &str, mutations: &[Mutation]) -> (usize, Vec<String>) {
    let original = fixtures().join(folder);
    let mut comparisons = 0;
    let mut missed = Vec::new();
    for mutation in mutations {
        let copy = Copy::of(folder);
        copy.replace(&mutation.file, &mutation.from, &mutation.to);
        let runs = [
            ("spec", &mutation.in_spec, drift(copy.path())),
            (
                "editions",
                &mutation.in_editions,
                editions(&original, copy.path()),
            ),
        ];
        for (against, expected, run) in runs {
            let Some(expected) = expected else { continue };
            comparisons += 1;
            let keys = run.new_keys();
            let noticed = run.code == 1 && keys.iter().any(|key| key.contains(expected.as_str()));
            if !noticed {
                missed.push(format!(
                    "{} ({against}): expected {expected}, got {} {keys:?}",
                    mutation.kind, run.code
                ));
            }
        }
    }
    (comparisons, missed)
}

#[track_caller]
fn all_are_noticed(folder: &str, lists: &[&str]) {
    let mutations: Vec<Mutation> = lists.iter().flat_map(|list| listed(list)).collect();
    let (comparisons, missed) = missed(folder, &mutations);
    println!(
        "{folder}: {} mutations, detected {}/{comparisons}",
        mutations.len(),
        comparisons - missed.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn every_kind_of_changed_fact_about_calls_is_noticed() {
    all_are_noticed("docs", &["operations.yaml"]);
}

#[test]
fn every_kind_of_changed_fact_about_types_is_noticed() {
    all_are_noticed("docs", &["types.yaml"]);
}

#[test]
fn every_kind_of_changed_fact_in_guides_and_examples_is_noticed() {
    all_are_noticed("docs", &["guides.yaml", "examples.yaml"]);
}

#[test]
fn every_kind_of_changed_fact_is_noticed_in_the_layouts_of_the_web() {
    all_are_noticed("web", &["web.yaml"]);
}

#[test]
fn the_unchanged_fixtures_agree_with_their_spec() {
    for folder in ["docs", "web"] {
        let run = drift(&fixtures().join(folder));
        assert_eq!(
            (run.code, run.new_keys()),
            (0, Vec::new()),
            "{folder}: {}",
            run.errors
        );
    }
}

#[test]
fn a_page_that_is_gone_and_a_page_that_is_new_are_noticed() {
    let copy = Copy::of("docs");
    std::fs::remove_file(copy.file("api/cratejob-cancel.md")).expect("a copy can be removed");
    copy.write(
        "api-reference/beta/api/cratejob-ship.md",
        "# crateJob: ship\n\n## HTTP request\n\n```http\nPOST /solutions/relocations/crateJobs/{id}/ship\n```\n\n## Response\n\nIf successful, this action returns a `204 No Content` response code.\n",
    );
    let against_spec = drift(copy.path());
    assert_eq!(against_spec.code, 1);
    assert_eq!(
        against_spec.new_keys(),
        [
            "cratejob-cancel#unstated:page",
            "cratejob-ship#stated:operation/POST /solutions/relocations/crateJobs/{}/ship",
        ]
    );
    let between = editions(&fixtures().join("docs"), copy.path());
    assert_eq!(
        between.new_keys(),
        ["cratejob-cancel#unstated:page", "cratejob-ship#stated:page"]
    );
}

#[test]
fn a_type_that_the_spec_does_not_have_is_noticed_when_a_page_uses_it() {
    let copy = Copy::of("docs");
    copy.replace(
        "resources/cratejob.md",
        "|label|String|",
        "|seal|[crateSeal](../resources/crateseal.md)|Lead.|\n|label|String|",
    );
    copy.write(
        "api-reference/beta/resources/crateseal.md",
        "# crateSeal resource type\n\n## Properties\n\n|Property|Type|Description|\n|:--|:--|:--|\n|number|String|Stamped.|\n\n## JSON representation\n\n```json\n{\"number\": \"String\"}\n```\n",
    );
    let keys = drift(copy.path()).new_keys();
    assert!(
        keys.contains(&"crateseal#stated:type/crateSeal".to_owned()),
        "{keys:?}"
    );
    assert!(
        keys.contains(&"cratejob#stated:property/seal=crateSeal".to_owned()),
        "{keys:?}"
    );
}
