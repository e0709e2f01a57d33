//! Every dependency has its reason in `docs/dependencies.md`, and every licence that is not the project's own its row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use msgraph_migrations_checks::sets::assert_same;
use serde_json::Value;

use crate::support::project;

/// The members, by the names that the page has for them.
const MEMBERS: [(&str, &str); 7] = [
    ("msgraph-migrations", "library"),
    ("msgraph-migrations-workflows", "workflows"),
    ("msgraph-migrations-sandbox", "sandbox"),
    ("msgraph-migrations-checks", "checks"),
    ("msgraph-migrations-calls", "benches"),
    ("xtmig", "xtmig"),
    ("xtask", "xtask"),
];

fn metadata(arguments: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(arguments)
        .current_dir(project())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("packages")
}

fn text(json: &Value) -> &str {
    json.as_str().unwrap_or_default()
}

/// The rows of a table under a heading, as cells.
fn rows(page: &str, first: &str) -> Vec<Vec<String>> {
    let lines = page
        .lines()
        .skip_while(|line| !line.starts_with(first))
        .skip(2);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

fn page() -> String {
    fs::read_to_string(project().join("docs/dependencies.md")).expect("the page")
}

#[test]
fn every_dependency_stands_in_the_table_with_its_users_and_its_reason() {
    let metadata = metadata(&["--no-deps"]);
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages(&metadata) {
        let own = MEMBERS
            .iter()
            .find(|(name, _)| *name == text(&package["name"]));
        let (_, own) = own.unwrap_or_else(|| panic!("{} is a new member", package["name"]));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            if dependency["path"].is_string() {
                continue;
            }
            let kind = match (text(&dependency["kind"]), dependency["optional"] == true) {
                (_, true) => " (optional)",
                ("build", _) => " (build)",
                ("dev", _) => " (tests)",
                _ => "",
            };
            let users = used
                .entry(text(&dependency["name"]).to_owned())
                .or_default();
            users.insert(format!("{own}{kind}"));
        }
    }
    let used = used.iter().map(|(name, users)| {
        let users: Vec<_> = users.iter().map(String::as_str).collect();
        format!("{name}: {}", users.join(", "))
    });
    let rows = rows(&page(), "| Crate |");
    let told = rows.iter().map(|row| {
        let [name, users, why] = row.as_slice() else {
            panic!("{row:?} has not three cells");
        };
        assert!(
            why.len() > 10 && why.ends_with('.'),
            "{name} has no reason: {why}"
        );
        let users: BTreeSet<&str> = users.split(", ").collect();
        let users: Vec<&str> = users.into_iter().collect();
        format!("{}: {}", name.trim_matches('`'), users.join(", "))
    });
    assert_same(
        "dependencies",
        used,
        told.collect::<Vec<_>>(),
        "docs/dependencies.md",
    );
}

#[test]
fn every_licence_beside_the_projects_own_stands_in_the_table_with_its_crates() {
    let metadata = metadata(&["--all-features"]);
    let mut odd = BTreeSet::new();
    for package in packages(&metadata) {
        let licence = text(&package["license"]);
        let is_own = |choice: &str| matches!(choice.trim(), "MIT" | "Apache-2.0");
        let mut choices = licence.split('/').flat_map(|part| part.split(" OR "));
        if licence.contains(" AND ") || !choices.any(is_own) {
            odd.insert(format!("{licence}: {}", text(&package["name"])));
        }
    }
    let mut told = BTreeSet::new();
    for row in rows(&page(), "| Licence |") {
        for name in row[1].split(", ") {
            told.insert(format!("{}: {}", row[0], name.trim_matches('`')));
        }
    }
    assert!(!told.is_empty());
    assert_same("licences", odd, told, "docs/dependencies.md");
}
