//! `xtmig sandbox --like FILE`: a simulator that behaves like the tenant of a record.

use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use serde_json::{Value, json};

use crate::probe::{deviations, fixture, shape, table};
use crate::support::{Ran, program, ran, run};

/// The demo data, which both have; the mapping of a group would have to be made in the second.
const DEMO: [&str; 10] = [
    "--source-user",
    "completed@source.example",
    "--source-site",
    "https://source.sharepoint.example/sites/archive",
    "--source-group",
    "demo-group",
    "--job",
    "Demo inProgress",
    "-o",
    "json",
];

pub fn with(folder: &std::path::Path, arguments: &[&str]) -> Ran {
    let mut command = program();
    command.env("XTMIG_STATE_DIR", folder).args(arguments);
    ran(&command.output().expect("it runs"))
}

/// What a second simulator, set by the record of the first, is found to do.
fn second(record: &str, how: &[&str]) -> (Vec<Value>, Ran) {
    let folder = tempfile::tempdir().expect("a folder");
    let started = with(folder.path(), &[how, &["--like", record]].concat());
    assert_eq!(started.code, 0, "{started:?}");
    let probed = with(
        folder.path(),
        &[&["--sandbox", "probe"], &DEMO[..]].concat(),
    );
    assert_eq!(with(folder.path(), &["sandbox", "stop"]).code, 0);
    (table(&probed), started)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulator_set_by_a_record_is_found_to_do_the_same() {
    let object_id = "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61";
    let rules = |rules: Value| -> Vec<FaultRule> { serde_json::from_value(rules).expect("rules") };
    let tenants = [
        (
            "settings",
            json!({"echoResources": "always", "capitalisedStatuses": true,
            "wrapEntityInValue": true, "createdBy": object_id, "completedLiteral": "success", "maxPageSize": 7}),
            json!([]),
        ),
        ("trust", json!({"trustEstablished": false}), json!([])),
        (
            "casing",
            json!({}),
            json!([{"operation": "listUsers", "fault": {"kind": "oddCasing"}},
            {"operation": "getJob", "fault": {"kind": "oddCasing"}}]),
        ),
        (
            "members",
            json!({}),
            json!([{"operation": "listJobs", "fault": {"kind": "unknownEnumValue", "value": "awaitingReview"}},
            {"operation": "getUser", "fault": {"kind": "unknownMembers"}}]),
        ),
        ("nothing odd", json!({}), json!([])),
    ];
    for (what, settings, faults) in tenants {
        let settings = serde_json::from_value(settings).expect(what);
        let first = fixture(Sandbox::builder().settings(settings)).await;
        first.set_faults(rules(faults)).expect(what);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("record.json");
        let file = file.to_str().expect("UTF-8");
        let probed = run(
            &first,
            &[&["probe", "--record", file, "--yes"], &DEMO[..]].concat(),
        );
        let (found, started) = second(file, &["sandbox", "start", "--speed", "0"]);
        assert_eq!(shape(&table(&probed)), shape(&found), "{what}: {started:?}");
        assert_eq!(
            deviations(&found).is_empty(),
            what == "nothing odd",
            "{what}: {found:#?}"
        );
        // Time goes on in this one.
        let (short, _) = second(file, &["sandbox"]);
        assert_eq!(deviations(&short), deviations(&found), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_throttling_and_permissions_are_those_of_the_record() {
    let builder = Sandbox::builder()
        .rate_limit(8.0)
        .scopes(["CrossTenantContentMigration.Read.All"]);
    let first = crate::support::start(builder).await;
    let late = Fault::Latency { milliseconds: 120 };
    first
        .set_faults(vec![FaultRule::new("listJobs", late)])
        .expect("it is set");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.json");
    let file = file.to_str().expect("UTF-8");
    let probed = run(
        &first,
        &[&["probe", "--record", file, "--yes"], &DEMO[..]].concat(),
    );
    let throttled = |table: &[Value]| -> u64 {
        table
            .iter()
            .map(|row| row["throttled"].as_u64().expect("a number"))
            .sum()
    };
    assert!(throttled(&table(&probed)) > 0, "{probed:?}");
    let (found, started) = second(file, &["sandbox", "start", "--speed", "0"]);
    assert!(throttled(&found) > 0, "{found:#?}");
    for said in [
        "listJobs: ",
        "ms to answer",
        "rate limit: ",
        "permissions: CrossTenantContentMigration.Read.All",
    ] {
        assert!(started.err.contains(said), "{said}: {started:?}");
    }
    assert_eq!(deviations(&table(&probed)), deviations(&found));
}

#[test]
fn what_is_no_record_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.json");
    std::fs::write(&file, "{}").expect("a file");
    let path = file.to_str().expect("UTF-8");
    let refused = with(folder.path(), &["sandbox", "start", "--like", path]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("is no record of a probe"),
        "{refused:?}"
    );
    assert_eq!(with(folder.path(), &["sandbox", "status"]).code, 4);
    let bare = with(folder.path(), &["sandbox"]);
    assert_eq!(bare.code, 2, "{bare:?}");
}
