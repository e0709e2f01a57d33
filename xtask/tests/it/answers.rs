//! `drift --answers`: a record of a probe as one more document.

use serde_json::{Value, json};

use crate::support::{Copy, Run, project, run, text};

fn record(answers: &[Value]) -> Vec<u8> {
    let record = json!({"answers": answers, "format": "xtmig probe record 1", "program": "xtmig 0.1.0",
        "specification": "0"});
    serde_json::to_vec_pretty(&record).expect("JSON")
}

fn answer(operation: &str, status: u16, expected: u16, body: &Value) -> Value {
    json!({"operation": operation, "question": "by id", "expected": expected, "status": status,
        "headers": [], "body": {"json": body}})
}

fn drift(bytes: &[u8], more: &[&str]) -> Run {
    let folder = Copy::empty();
    let file = folder.write("record.json", bytes);
    run(&[
        &["drift", "--answers", text(&file), "--format", "json"],
        more,
    ]
    .concat())
}

fn keys(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = report["findings"].as_array().expect("findings");
    let key = |finding: &Value| finding["key"].as_str().expect("a key").to_owned();
    findings.iter().map(key).collect()
}

#[test]
fn what_the_spec_allows_is_no_difference() {
    let job = json!({"id": "1", "status": "completed", "createdDateTime": "2026-10-03T20:00:00Z"});
    let refused = json!({"error": {"code": "NotFound", "message": "There is no such job."}});
    let good = record(&[
        answer("getJob", 200, 200, &job),
        answer("getJob", 404, 404, &refused),
        answer("listJobs", 429, 200, &refused),
    ]);
    let run = drift(&good, &[]);
    assert_eq!((run.code, keys(&run)), (0, Vec::new()), "{}", run.output);
}

#[test]
fn what_the_service_answers_otherwise_is_drift_with_its_line_in_the_record_and_in_the_spec() {
    let job =
        json!({"id": 7, "status": "Completed", "unheardOf": 1, "createdDateTime": "2026-10-3"});
    let refused = json!({"error": {"code": "NotFound"}});
    let odd = record(&[
        answer("getJob", 200, 200, &json!({"id": "1"})),
        answer("getJob", 200, 200, &job),
        answer("getUser", 400, 404, &refused),
    ]);
    let run = drift(&odd, &[]);
    assert_eq!(run.code, 1, "{}", run.output);
    let keys = keys(&run);
    for key in [
        "answers#differs:getJob/200/id/type=",
        "answers#differs:getJob/200/status/member=Completed",
        "answers#differs:getJob/200/unheardOf/undeclared=",
        "answers#differs:getJob/200/createdDateTime/format=",
        "answers#differs:getUser/status=400",
        "answers#differs:getUser/400/error.message/missing=",
    ] {
        assert!(
            keys.iter().any(|found| found.starts_with(key)),
            "{key} in {keys:#?}"
        );
    }
    assert_eq!(keys.len(), 6, "{keys:#?}");
    let lines: Vec<String> = String::from_utf8(odd)
        .expect("UTF-8")
        .lines()
        .map(str::to_owned)
        .collect();
    for finding in run.json()["findings"].as_array().expect("findings") {
        let line = finding["place"]["line"].as_u64().expect("a line");
        let line = &lines[usize::try_from(line).expect("a line") - 1];
        assert!(line.contains("\"operation\": \"get"), "{finding}: {line}");
    }
}

#[test]
fn a_decision_explains_a_difference_and_what_is_no_record_cannot_be_compared() {
    let odd = record(&[answer("getJob", 200, 200, &json!({"status": "Completed"}))]);
    let folder = Copy::empty();
    let ledger =
        std::fs::read_to_string(project().join("openapi/provenance.yaml")).expect("the ledger");
    let held = std::fs::read(project().join("openapi/documents.lock")).expect("what is held");
    folder.write("documents.lock", held);
    let marker = "decisions:\n";
    assert_eq!(ledger.matches(marker).count(), 1);
    let decision = "  - id: tenant-writes-capitals\n    why: A record shows it.\n    known:\n      \
        - answers#differs:getJob/200/status/member=Completed\n";
    let ledger = ledger.replace(marker, &format!("{marker}{decision}"));
    let provenance = folder.write("provenance.yaml", ledger);
    let run = drift(&odd, &["--provenance", text(&provenance)]);
    assert_eq!(run.code, 0, "{}", run.output);
    for bytes in [
        &b"{}"[..],
        b"no JSON",
        br#"{"format": "xtmig probe record 2", "answers": []}"#,
    ] {
        let run = drift(bytes, &[]);
        assert_eq!(run.code, 2, "{}", run.output);
    }
}
