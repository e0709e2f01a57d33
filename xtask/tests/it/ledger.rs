//! Decisions explain differences, and explanations of nothing are reported.

use std::fs;
use std::path::PathBuf;

use crate::support::{Copy, drift_with, fixtures};

/// A ledger with one decision that explains these findings.
fn ledger(copy: &Copy, known: &[&str]) -> PathBuf {
    let text = fs::read_to_string(fixtures().join("provenance.yaml")).expect("a fixture");
    let list: Vec<String> = known
        .iter()
        .map(|key| format!("      - '{key}'\n"))
        .collect();
    let list = list.concat();
    let decision = format!(
        "decisions:\n  - id: weights\n    subject: Weights\n    why: The scale is broken.\n    known:\n{list}"
    );
    copy.write("ledger.yaml", text.replace("decisions: []\n", &decision))
}

const ADDED: &str = "cratejob#stated:property/weight=Int32";

fn with_weight() -> Copy {
    let copy = Copy::of("docs");
    copy.replace(
        "resources/cratejob.md",
        "|label|String|",
        "|weight|Int32|In tons.|\n|label|String|",
    );
    copy
}

#[test]
fn an_explained_difference_is_shown_with_its_reason_and_does_not_fail() {
    let copy = with_weight();
    let aside = Copy::empty();
    let ledger = ledger(&aside, &[ADDED]);
    let run = drift_with(copy.path(), &ledger, "json");
    assert_eq!(
        (run.code, run.known_keys()),
        (0, vec![ADDED.to_owned()]),
        "{}",
        run.errors
    );
    let shown = drift_with(copy.path(), &ledger, "human").output;
    assert!(
        shown.contains("known: cratejob: property `weight`"),
        "{shown}"
    );
    assert!(shown.contains("weights: The scale is broken."), "{shown}");
}

#[test]
fn an_explanation_does_not_cover_the_next_change() {
    let copy = Copy::of("docs");
    copy.replace(
        "resources/cratejob.md",
        "|label|String|",
        "|weight|String|In tons.|\n|label|String|",
    );
    let aside = Copy::empty();
    let run = drift_with(copy.path(), &ledger(&aside, &[ADDED]), "json");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.new_keys(),
        [
            "cratejob#never-applied:stated:property/weight=Int32",
            "cratejob#stated:property/weight=String",
        ]
    );
}

#[test]
fn an_entry_that_no_page_supports_any_more_fails_as_never_applied() {
    let copy = Copy::of("docs");
    let aside = Copy::empty();
    let ledger = ledger(&aside, &[ADDED]);
    let run = drift_with(copy.path(), &ledger, "json");
    assert_eq!(run.code, 1);
    assert_eq!(
        run.new_keys(),
        ["cratejob#never-applied:stated:property/weight=Int32"]
    );
    let report = run.json();
    let place = &report["findings"][0]["otherPlace"];
    let text = fs::read_to_string(&ledger).expect("the ledger");
    let line = place["line"]
        .as_u64()
        .and_then(|line| usize::try_from(line).ok())
        .expect("a line");
    assert!(
        text.lines()
            .nth(line - 1)
            .is_some_and(|line| line.contains(ADDED)),
        "{place}"
    );
}

#[test]
fn an_entry_about_a_page_that_was_not_read_is_left_alone() {
    let copy = Copy::of("web");
    fs::remove_file(copy.file("copied-type.txt")).expect("a copy can be removed");
    let aside = Copy::empty();
    let run = drift_with(copy.path(), &ledger(&aside, &[ADDED]), "json");
    assert_eq!((run.code, run.new_keys()), (0, Vec::new()));
}

#[test]
fn an_entry_can_hold_for_one_layout_alone() {
    let key = "cratejob-cancel#stated:header/If-Match";
    let copy = Copy::of("web");
    let row = "| Authorization | Bearer {token}. Required. |";
    copy.replace(
        "cratejob-cancel.md",
        row,
        &format!("{row}\n| If-Match | An etag. |"),
    );
    fs::remove_file(copy.file("copied.txt")).expect("a copy can be removed");
    let aside = Copy::empty();
    for (entry, code) in [
        (key.to_owned(), 0),
        (key.replace('#', "@web#"), 0),
        (key.replace('#', "@repository#"), 1),
    ] {
        let run = drift_with(copy.path(), &ledger(&aside, &[&entry]), "json");
        assert_eq!(run.code, code, "{entry}: {}", run.output);
    }
    let repository = Copy::of("docs");
    let run = drift_with(
        repository.path(),
        &ledger(&aside, &[&key.replace('#', "@web#")]),
        "json",
    );
    assert_eq!(run.code, 0, "{}", run.output);
}

#[test]
fn an_entry_of_the_wrong_form_is_reported() {
    let copy = Copy::of("docs");
    let aside = Copy::empty();
    let run = drift_with(copy.path(), &ledger(&aside, &["no hash in it"]), "human");
    assert_eq!(run.code, 1);
    assert!(
        run.output.contains("it does not have the form page#fact"),
        "{}",
        run.output
    );
}
