//! Reports for people, machines and pull requests.

use crate::support::{Copy, drift, drift_with, fixtures, run, text};

fn changed() -> Copy {
    let copy = Copy::of("docs");
    copy.replace(
        "api/cratejob-cancel.md",
        "a `202 Accepted` response",
        "a `200 OK` response",
    );
    copy.replace("resources/cratejob.md", "`stopped`,", "`stopped`, `lost`,");
    copy
}

#[test]
fn people_see_page_and_line_both_statements_the_place_in_the_spec_and_the_rust_items() {
    let copy = changed();
    let report = drift_with(copy.path(), &fixtures().join("provenance.yaml"), "human").output;
    let expected = [
        "drift[breaking]: cratejob-cancel: status 202 is no longer on the page",
        "cratejob-cancel.md:54",
        "| the spec: status 202",
        "spec.yaml:45",
        "= affects Client::cancel_crate_job",
        "= key cratejob-cancel#unstated:response/202",
        "drift[additive]: cratejob: member `lost` of enum `crateJobStatus` is not in the spec",
        "6 pages compared, 3 new differences (2 breaking), 0 known",
    ];
    for part in expected {
        assert!(report.contains(part), "{part:?} is missing in\n{report}");
    }
    let breaking = report
        .find("drift[breaking]")
        .expect("a breaking difference");
    let additive = report
        .find("drift[additive]")
        .expect("an additive difference");
    assert!(breaking < additive, "breaking differences come first");
    assert!(!report.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn machines_get_one_object_with_the_exit_code() {
    let copy = changed();
    let run = drift(copy.path());
    let report = run.json();
    assert_eq!(run.code, 1);
    assert_eq!(report["exitCode"], 1);
    assert_eq!(report["new"], 3);
    for finding in report["findings"].as_array().expect("findings") {
        for member in [
            "key",
            "title",
            "impact",
            "place",
            "pageSays",
            "otherSays",
            "otherPlace",
            "items",
            "known",
        ] {
            assert!(
                finding.get(member).is_some(),
                "{member} is missing in {finding}"
            );
        }
        assert!(
            finding["place"]["line"]
                .as_u64()
                .is_some_and(|line| line > 0),
            "{finding}"
        );
    }
}

#[test]
fn pull_requests_get_tables_whose_cells_hold() {
    let copy = changed();
    copy.replace(
        "resources/cratejob.md",
        "|label|String|",
        "|a<script>|String|\n|label|String|",
    );
    let report = drift_with(copy.path(), &fixtures().join("provenance.yaml"), "markdown").output;
    assert!(report.contains("### Breaking for callers"), "{report}");
    assert!(report.contains("### Additive"), "{report}");
    assert!(report.contains("Client::cancel_crate_job"), "{report}");
    assert!(!report.contains("<script>"), "{report}");
}

#[test]
fn each_outcome_has_its_exit_code() {
    let same = Copy::of("docs");
    assert_eq!(drift(same.path()).code, 0);
    assert_eq!(drift(changed().path()).code, 1);
    same.write(
        "api-reference/beta/resources/relocation-overview.md",
        b"\xff",
    );
    assert_eq!(drift(same.path()).code, 2);
    assert_eq!(run(&["drift"]).code, 2);
}

#[test]
fn colours_are_there_for_those_who_ask_for_them() {
    let copy = changed();
    let coloured = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "drift",
            text(copy.path()),
            "--spec",
            text(&fixtures().join("spec.yaml")),
        ])
        .args(["--provenance", text(&fixtures().join("provenance.yaml"))])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("the program starts");
    assert!(coloured.stdout.contains(&0x1b), "colours were asked for");
}
