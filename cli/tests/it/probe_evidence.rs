//! What `--like` sets, setting by setting: by how answers look, and by what the objects in them show.

use std::path::Path;

use chrono::{TimeDelta, Utc};
use msgraph_migrations_sandbox::{Sandbox, SandboxBuilder, Settings};
use serde_json::{Value, json};

use crate::probe::{NAMED, fixture};
use crate::probe_calibration::with;
use crate::support::{TOKEN, program, ran, run, yes};

/// What is said of the settings when a simulator is started like the tenant of a record of `sandbox`.
fn told(sandbox: &Sandbox, token: &str, folder: &Path) -> String {
    let file = folder.join("record.json");
    let file = file.to_str().expect("UTF-8");
    let mut command = program();
    command
        .env("XTMIG_TOKEN", token)
        .args([
            "--base-url",
            &sandbox.base_url(),
            "probe",
            "--record",
            file,
            "--yes",
        ])
        .args(NAMED);
    let probed = ran(&command.output().expect("it runs"));
    assert_eq!(probed.code, 0, "{probed:?}");
    let started = with(
        folder,
        &["sandbox", "start", "--speed", "0", "--like", file],
    );
    assert_eq!(started.code, 0, "{started:?}");
    assert_eq!(with(folder, &["sandbox", "stop"]).code, 0);
    started.err
}

fn settings(change: Value) -> Settings {
    serde_json::from_value(change).expect("settings")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_that_answers_show_by_how_they_look_is_set() {
    let id = "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61";
    let folder = tempfile::tempdir().expect("a folder");
    for (number, change) in [
        ("J15", json!({ "createdBy": id })),
        ("J17", json!({ "echoResources": "always" })),
        ("J18", json!({ "capitalisedStatuses": true })),
        ("J22", json!({ "wrapEntityInValue": true })),
        ("S3", json!({ "completedLiteral": "success" })),
        ("S16", json!({ "unpaddedTaskDates": true })),
        ("S22", json!({ "stagingContext": true })),
        ("pages", json!({ "maxPageSize": 7 })),
        ("trust", json!({ "trustEstablished": false })),
    ] {
        let (name, value) = change
            .as_object()
            .and_then(|change| change.iter().next())
            .expect("one");
        let expected = if name == "createdBy" {
            // The record has another id in its place.
            format!("setting: {name} = \"")
        } else {
            format!("setting: {name} = {value}")
        };
        let sandbox = fixture(Sandbox::builder().settings(settings(change.clone()))).await;
        let folder = folder.path().join(number);
        std::fs::create_dir(&folder).expect("a folder");
        let told = told(&sandbox, TOKEN, &folder);
        assert!(told.contains(&expected), "{number}: {told}");
    }
}

/// A simulator whose time is that of the record.
async fn present(builder: SandboxBuilder, ago: TimeDelta) -> Sandbox {
    let builder = builder
        .seed(7)
        .start_time(Utc::now() - ago)
        .max_users_per_job(3_000);
    builder.start().await.expect("a free port")
}

fn create(sandbox: &Sandbox, name: &str, cutover: &str) {
    let arguments = [
        "jobs",
        "create",
        name,
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--complete-after",
        cutover,
        "--workloads",
        "Teams",
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
    ];
    let created = run(sandbox, &arguments);
    assert_eq!(created.code, 0, "{created:?}");
}

const AHEAD: &str = "2033-12-14T20:00:00Z";

fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}

fn pass(sandbox: &Sandbox, ago: TimeDelta) {
    let ago = ago.to_std().expect("a time");
    sandbox.advance(ago).expect("time passes");
}

/// Sets a simulator by the record of another one, and returns what was told of it.
fn check(sandbox: &Sandbox, expected: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(sandbox, TOKEN, folder.path());
    for expected in expected {
        assert!(told.contains(expected), "{expected} is lacking: {told}");
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_jobs_have_come_to_decides_what_documents_disagree_about() {
    let quiet = present(Sandbox::builder(), hours(0)).await;
    check(
        &quiet,
        &[
            "not shown by this record, left as the newest documents have it: J5, J6, J7, J8, J9, J10, J12, J13; and never by reading: what actions answer and allow (J1 to J4, J11, J14, S19)",
        ],
    );

    for (starts, expected) in [
        ("migration", "setting: createStarts = \"migration\""),
        // Whoever asks for it at once leaves the same trace.
        (
            "validation",
            "left as the newest documents have it: J5, J6, ",
        ),
    ] {
        let changed = Sandbox::builder().settings(settings(json!({ "createStarts": starts })));
        let sandbox = present(changed, hours(0)).await;
        create(&sandbox, "Wave 1", AHEAD);
        check(&sandbox, &[expected]);
    }

    let sandbox = present(Sandbox::builder(), hours(8)).await;
    create(&sandbox, "Wave 1", AHEAD);
    pass(&sandbox, hours(8));
    let told = check(
        &sandbox,
        &["setting: createStarts = \"nothing\"", "seen: J5, J6: "],
    );
    assert!(!told.contains("completeAfterGates"), "{told}");

    for (gate, status) in [("cutover", "inProgress"), ("processing", "processing")] {
        let changed = Sandbox::builder().settings(settings(json!({ "completeAfterGates": gate })));
        let sandbox = present(changed, hours(8)).await;
        create(&sandbox, "Wave 1", AHEAD);
        sandbox.set_job_status("Wave 1", status).expect("a status");
        pass(&sandbox, hours(8));
        check(
            &sandbox,
            &[&format!("setting: completeAfterGates = \"{gate}\"")],
        );
    }

    let sandbox = present(Sandbox::builder(), hours(0)).await;
    create(&sandbox, "Wave 1", "2026-01-01T00:00:00Z");
    check(
        &sandbox,
        &["setting: pastCompleteAfter = \"accept\"", "seen: J8: "],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_jobs_took_to_end_and_how_many_users_they_have_is_set() {
    let slow = json!({ "timings": { "deleting": 400_000 } });
    let sandbox = present(Sandbox::builder().settings(settings(slow)), hours(30)).await;
    create(&sandbox, "Wave 1", AHEAD);
    sandbox
        .set_job_status("Wave 1", "pendingDelete")
        .expect("a status");
    pass(&sandbox, hours(30));
    check(
        &sandbox,
        &[
            "setting: timings = {\"deleting\":108",
            "J10: a deletion has taken ",
        ],
    );

    let late =
        json!({ "cancelInProgress": "untilCuttingOver", "timings": { "cancelling": 90_000 } });
    let sandbox = present(Sandbox::builder().settings(settings(late)), hours(0)).await;
    create(&sandbox, "Wave 1", "2026-01-01T00:00:00Z");
    sandbox
        .set_job_status("Wave 1", "inProgress")
        .expect("a status");
    let cancelled = run(&sandbox, &yes(&["jobs", "cancel", "Wave 1"], 1));
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    check(
        &sandbox,
        &[
            "setting: cancelInProgress = \"untilCuttingOver\"",
            "seen: J12, J13: ",
        ],
    );

    for (users, limit) in [(150, 2_000), (2_500, 2_500)] {
        let sandbox = present(Sandbox::builder(), hours(0)).await;
        sandbox.preload_jobs(1, users).expect("a job");
        check(
            &sandbox,
            &[
                &format!("setting: maxUsersPerJob = {limit}"),
                &format!("J7: a job has {users} users"),
            ],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_tasks_took_and_who_may_read_them_is_set() {
    use base64::Engine;
    let folder = tempfile::tempdir().expect("a folder");
    let slow =
        json!({ "timings": { "taskWork": 4_000, "taskPickup": 1 }, "requireIdentityMap": false });
    let builder = Sandbox::builder().settings(settings(slow)).seed(7);
    let sandbox = builder.start().await.expect("a free port");
    let create = [
        "sharepoint",
        "create",
        "--site",
        "https://source.sharepoint.example/sites/archive",
        "--to",
        "https://target.sharepoint.example/sites/archive",
        "--target-host",
        "https://target.sharepoint.example",
    ];
    let created = run(&sandbox, &yes(&create, 1));
    assert_eq!(created.code, 0, "{created:?}");
    sandbox
        .advance(std::time::Duration::from_secs(5_000))
        .expect("time passes");
    let said = told(&sandbox, TOKEN, folder.path());
    assert!(
        said.contains("setting: timings = {\"taskWork\":4000}"),
        "{said}"
    );

    let part = |value: Value| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let scope = "SharePointCrossTenantMigration.Manage.All";
    for (allows, is_set) in [(true, true), (false, false)] {
        let token = format!(
            "{}.{}.c2lnbmF0dXJl",
            part(json!({"alg": "none"})),
            part(json!({ "scp": format!("{scope} User.Read.OfSomebody") }))
        );
        let builder = Sandbox::builder()
            .settings(settings(json!({ "manageAllowsReading": allows })))
            .scopes([scope]);
        let sandbox = crate::support::start(builder).await;
        let folder = folder.path().join(allows.to_string());
        std::fs::create_dir(&folder).expect("a folder");
        let said = told(&sandbox, &token, &folder);
        assert_eq!(
            said.contains("setting: manageAllowsReading = true"),
            is_set,
            "{said}"
        );
        let record = std::fs::read_to_string(folder.join("record.json")).expect("a record");
        assert!(
            record.contains(scope) && !record.contains("OfSomebody"),
            "{record}"
        );
    }
}
