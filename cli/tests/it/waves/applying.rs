//! Plans, and carrying them out.

use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use serde_json::Value;

use super::{Folder, effects, id, plan_rows, start};
use crate::support::{TOKEN, assert_only_read};

const FAST: [&str; 2] = ["--interval", "1s"];

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_is_planned_applied_and_then_has_nothing_to_do() {
    let folder = Folder::new();
    folder.mappings(3);
    folder.wave(
        5,
        "batch-size = 3\nuntil = \"migrating\"\n[mappings]\nusers = \"mappings.csv\"",
    );
    let sandbox = start(Sandbox::builder().speed(3000.0)).await;
    let planned = folder.run(&sandbox, &["plan", "wave.toml", "--out", "plan.json"]);
    assert_eq!(planned.code, 10, "{planned:?}");
    assert!(planned.out.contains("+ create"), "{planned:?}");
    assert!(
        planned
            .err
            .contains("9 changes: 2 to create, 2 to validate, 3 to map, 2 to migrate"),
        "{planned:?}"
    );
    assert!(
        planned.err.contains("apply --plan plan.json"),
        "{planned:?}"
    );
    assert_only_read(&sandbox);

    let refused = folder.run(&sandbox, &["apply", "--plan", "plan.json"]);
    assert_eq!(refused.code, 2, "nobody can be asked: {refused:?}");
    let refused = folder.run(
        &sandbox,
        &["apply", "--plan", "plan.json", "--yes", "--expect", "8"],
    );
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_only_read(&sandbox);

    let applied = folder.run(
        &sandbox,
        &[
            &["apply", "--plan", "plan.json", "--yes", "--expect", "9"][..],
            &FAST,
        ]
        .concat(),
    );
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(effects(&sandbox), [2, 2, 1, 2]);
    assert!(
        applied.err.contains("9 of 9 changes are made"),
        "{applied:?}"
    );
    for (name, users) in [("Alder 1", 3), ("Alder 2", 2)] {
        let job = sandbox.job(name).expect("a job");
        assert_eq!(job.users.len(), users);
        assert_eq!(job.attempts, 1);
    }

    // The same plan once more: the tenant has moved.
    let again = folder.run(
        &sandbox,
        &["apply", "--plan", "plan.json", "--yes", "--expect", "9"],
    );
    assert_eq!(again.code, 3, "{again:?}");
    assert!(
        again.err.contains("Alder 1 has been created meanwhile"),
        "{again:?}"
    );
    let nothing = folder.run(&sandbox, &["plan", "wave.toml"]);
    assert_eq!(nothing.code, 0, "{nothing:?}");
    let nothing = folder.run(&sandbox, &["apply", "wave.toml"]);
    assert_eq!(nothing.code, 0, "there is nothing to ask: {nothing:?}");
    assert_eq!(effects(&sandbox), [2, 2, 1, 2]);

    // Everything that was sent stands in the journal with its ids, and no secret does.
    let journal = folder.journal();
    let text = serde_json::to_string(&journal).expect("JSON");
    assert!(!text.contains(TOKEN) && !text.contains("Bearer"));
    let sent: Vec<_> = sandbox
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET")
        .collect();
    let told: Vec<&Value> = journal
        .iter()
        .filter(|line| line["event"] == "attempt")
        .collect();
    assert_eq!(told.len(), sent.len());
    for request in sent {
        let is_it = |line: &&&Value| line["requestId"] == request.request_id.as_str();
        let line = told.iter().find(is_it).expect("a line");
        assert_eq!(
            line["clientRequestId"].as_str(),
            request.client_request_id.as_deref()
        );
        assert_eq!(line["status"].as_u64(), request.status.map(u64::from));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_as_far_as_the_file_says_and_on_from_there() {
    let folder = Folder::new();
    folder.mappings(2);
    let sandbox = start(Sandbox::builder().speed(6000.0)).await;
    for (until, expected, done) in [
        ("created", "1", [1, 0, 0, 0]),
        ("validated", "1", [1, 1, 0, 0]),
        ("mapped", "2", [1, 1, 1, 0]),
        ("migrating", "1", [1, 1, 1, 1]),
    ] {
        folder.wave(
            2,
            &format!("until = \"{until}\"\n[mappings]\nusers = \"mappings.csv\""),
        );
        let applied = folder.run(
            &sandbox,
            &[
                &["apply", "wave.toml", "--yes", "--expect", expected][..],
                &FAST,
            ]
            .concat(),
        );
        assert_eq!(applied.code, 0, "{until}: {applied:?}");
        assert_eq!(effects(&sandbox), done, "{until}: {applied:?}");
        assert_eq!(
            plan_rows(&folder, &sandbox, 0),
            Vec::<Value>::new(),
            "{until}"
        );
    }
    // To the end: a date that has come lets it cut over.
    folder.wave(2, "until = \"migrated\"");
    sandbox.set_speed(0.0).expect("a speed");
    sandbox
        .set_job_status("Alder 1", "cuttingOver")
        .expect("a status");
    sandbox.set_speed(6000.0).expect("a speed");
    let watched = folder.run(&sandbox, &[&["apply", "wave.toml"][..], &FAST].concat());
    assert_eq!(watched.code, 0, "{watched:?}");
    assert!(watched.out.contains("completed"), "{watched:?}");
    assert_eq!(sandbox.effects("migrateJob"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_if_prints_the_requests_of_a_plan_and_sends_none() {
    let folder = Folder::new();
    folder.mappings(60);
    folder.wave(
        2,
        "until = \"migrating\"\n[mappings]\nusers = \"mappings.csv\"",
    );
    let sandbox = start(Sandbox::builder()).await;
    let shown = folder.run(&sandbox, &["apply", "wave.toml", "--what-if"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let starts: Vec<&str> = shown
        .out
        .lines()
        .filter(|line| line.starts_with("POST ") || line.starts_with("PATCH "))
        .collect();
    assert_eq!(starts.len(), 5, "{starts:?}");
    assert!(shown.out.contains(&id(1)), "{shown:?}");
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again_once_where_the_file_says_so() {
    let folder = Folder::new();
    let sandbox = start(Sandbox::builder().speed(6000.0)).await;
    folder.wave(2, "until = \"validated\"");
    let applied = folder.run(
        &sandbox,
        &[&["apply", "wave.toml", "--yes", "--expect", "2"][..], &FAST].concat(),
    );
    assert_eq!(applied.code, 0, "{applied:?}");
    sandbox
        .set_job_status("Alder 1", "validateFailed")
        .expect("a status");
    let rows = plan_rows(&folder, &sandbox, 0);
    assert_eq!(rows[0]["change"], "attention", "{rows:?}");
    folder.wave(2, "until = \"validated\"\nretry-failed = true");
    let rows = plan_rows(&folder, &sandbox, 10);
    assert_eq!(
        (&rows[0]["change"], &rows[0]["retry"]),
        (&"validate".into(), &true.into())
    );
    let applied = folder.run(
        &sandbox,
        &[&["apply", "wave.toml", "--yes", "--expect", "1"][..], &FAST].concat(),
    );
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(sandbox.effects("validateJob"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_that_the_file_moves_is_moved_also_when_its_answer_is_lost() {
    let folder = Folder::new();
    let sandbox = start(Sandbox::builder()).await;
    folder.wave(1, "until = \"created\"");
    let apply = ["apply", "wave.toml", "--yes", "--expect", "1"];
    assert_eq!(folder.run(&sandbox, &apply).code, 0);
    let text = std::fs::read_to_string(folder.path("wave.toml")).expect("the wave");
    folder.write("wave.toml", &text.replace("2030-12-14", "2031-02-01"));
    sandbox
        .set_faults(vec![
            FaultRule::new("updateJob", Fault::DropAfterEffect).times(1),
        ])
        .expect("a rule");
    let rows = plan_rows(&folder, &sandbox, 10);
    assert_eq!(
        rows[0]["detail"],
        "cutover 2030-12-14T20:00:00Z -> 2031-02-01T20:00:00Z"
    );
    let applied = folder.run(&sandbox, &apply);
    assert_eq!(applied.code, 0, "{applied:?}");
    let job = sandbox.job("Alder 1").expect("a job");
    assert_eq!(job.complete_after.to_rfc3339(), "2031-02-01T20:00:00+00:00");
    assert_eq!(plan_rows(&folder, &sandbox, 0).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_that_fail_keep_every_migration_from_starting() {
    let folder = Folder::new();
    folder.mappings(2);
    folder.wave(
        2,
        "until = \"migrating\"\n[mappings]\nusers = \"mappings.csv\"",
    );
    let sandbox = start(Sandbox::builder().speed(6000.0)).await;
    let refusal = Fault::Status {
        status: 400,
        code: None,
        message: None,
        headers: std::collections::BTreeMap::new(),
        body: None,
        after_effect: false,
    };
    sandbox
        .set_faults(vec![FaultRule::new("updateUserMappings", refusal)])
        .expect("a rule");
    let applied = folder.run(
        &sandbox,
        &[&["apply", "wave.toml", "--yes", "--expect", "5"][..], &FAST].concat(),
    );
    assert_eq!(applied.code, 6, "{applied:?}");
    assert!(applied.out.contains("NOT MIGRATED"), "{applied:?}");
    assert_eq!(effects(&sandbox), [1, 1, 0, 0]);
    // Once it is mended, the same run goes on.
    sandbox.set_faults(Vec::new()).expect("no rule");
    let run = super::journals(&folder.path("state/runs"));
    let run = run[0].display().to_string();
    let resumed = folder.run(
        &sandbox,
        &[&["resume", &run, "--yes", "--expect", "5"][..], &FAST].concat(),
    );
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(effects(&sandbox), [1, 1, 1, 1]);
}
