//! Reports for people, machines and pull requests.

use std::fs;

use crate::support::{Copy, drift, drift_with, editions, fixtures, project, run, text};

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

/// Findings of every kind, remarks, notes and what could not be read.
fn eventful() -> Copy {
    let copy = changed();
    copy.replace(
        "resources/cratejob.md",
        "|label|String|Name of the order.|",
        "|label (deprecated)|String|",
    );
    copy.write(
        "api-reference/beta/resources/relocation-overview.md",
        b"\xff",
    );
    copy.write("api-reference/beta/api/planet-get.md", b"\xff");
    copy
}

#[test]
fn machines_get_what_the_published_schema_says() {
    let schema = fs::read_to_string(project().join("xtask/drift-report.schema.json"))
        .expect("the published schema");
    let schema = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let copy = eventful();
    let mut reports = vec![
        drift(copy.path()).json(),
        editions(&fixtures().join("docs"), copy.path()).json(),
    ];
    // The real pages bring known differences, and a changed one a note.
    let page = project()
        .join("../shared/docs/current/api-reference/beta/api/crosstenantmigrationjob-cancel.md");
    if let Ok(text) = fs::read_to_string(&page) {
        let noted = copy.write(
            "crosstenantmigrationjob-cancel.md",
            text.replace("If successful,", "When everything went well,"),
        );
        let run = run(&["drift", crate::support::text(&noted), "--format", "json"]);
        let report = run.json();
        assert_eq!(run.code, 0, "{}", run.output);
        assert_eq!(report["notes"].as_array().map(Vec::len), Some(1));
        reports.push(report);
    } else {
        println!("SKIPPED: {} is not there", page.display());
    }
    for report in reports {
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(report["version"], 1);
    }
    let broken = serde_json::json!({"version": 2});
    assert!(!validator.is_valid(&broken));
}

#[test]
fn a_finding_is_taken_apart_for_machines() {
    let report = drift(changed().path()).json();
    let finding = report["findings"]
        .as_array()
        .and_then(|findings| {
            findings
                .iter()
                .find(|finding| finding["change"] == "stated" && finding["aspect"] == "enum")
        })
        .expect("the new member");
    assert_eq!(finding["page"], "cratejob");
    assert_eq!(finding["subject"], "crateJobStatus/lost");
    assert_eq!(finding["deprecation"], false);
}

#[test]
fn tools_that_show_findings_beside_lines_get_their_own_form() {
    let copy = eventful();
    let run = drift_with(copy.path(), &fixtures().join("provenance.yaml"), "sarif");
    let log = run.json();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 4, "{}", run.output);
    let rules: Vec<&str> = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    for result in results {
        let rule = result["ruleId"].as_str().expect("a rule");
        assert!(rules.contains(&rule), "{rule}");
        let place = &result["locations"][0]["physicalLocation"];
        assert!(
            place["artifactLocation"]["uri"]
                .as_str()
                .is_some_and(|uri| uri.ends_with("spec.yaml")),
            "{place}"
        );
        assert!(place["region"]["startLine"].as_u64() > Some(0), "{place}");
        assert!(result["partialFingerprints"]["key/v1"].is_string());
    }
    assert_eq!(results[0]["ruleId"], "stated/deprecated");
    assert_eq!(results[0]["level"], "error");
}

#[test]
fn pull_requests_get_keys_and_the_lines_of_the_spec() {
    let report = drift_with(
        changed().path(),
        &fixtures().join("provenance.yaml"),
        "markdown",
    )
    .output;
    assert!(
        report.contains("| `cratejob-cancel#unstated:response/202` |"),
        "{report}"
    );
    assert!(report.contains("spec.yaml:45"), "{report}");
}
