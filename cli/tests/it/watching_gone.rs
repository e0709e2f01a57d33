//! What is watched and taken away by somebody else: it has to be missing for a minute before it counts as gone.

use msgraph_migrations_sandbox::{FaultRule, Sandbox, Settings};
use serde_json::{Value, json};

use crate::support::{Running, a_run, start};

async fn vanishing(speed: f64) -> Sandbox {
    let settings = Settings {
        deleted_jobs_vanish: true,
        ..Settings::default()
    };
    start(Sandbox::builder().settings(settings).speed(speed)).await
}

/// The first line of a watch, after which `job` is deleted.
fn watched(sandbox: &Sandbox, arguments: &[&str]) -> Running {
    let mut watch = Running::start(sandbox, arguments, None);
    assert_eq!(watch.json()["event"], "first");
    watch
}

fn last(rest: &str) -> Value {
    let line = rest.lines().last().expect("a line");
    serde_json::from_str(line).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_is_watched_ends_with_4_and_says_so() {
    let pace = ["--interval", "1s", "-o", "jsonl"];
    // One job; one of two; a job that is run; a task.
    let one = vanishing(0.0).await;
    let of_one = watched(
        &one,
        &[&["jobs", "watch", "Demo inProgress"], &pace[..]].concat(),
    );
    one.set_job_status("Demo inProgress", "deleted")
        .expect("deleted");

    let two = vanishing(0.0).await;
    let arguments = [
        &["jobs", "watch", "Demo inProgress", "Demo completed"],
        &pace[..],
    ]
    .concat();
    let mut of_two = Running::start(&two, &arguments, None);
    let seen = [of_two.json(), of_two.json()];
    assert!(seen.iter().any(|line| line["event"] == "ended"), "{seen:?}");
    two.set_job_status("Demo inProgress", "deleted")
        .expect("deleted");

    let run = vanishing(0.0).await;
    let of_run = Running::start(&run, &a_run("Wave 4", "2030-01-06T20:00:00Z"), None);
    while run.effects("validateJob") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    run.set_job_status("Wave 4", "deleted").expect("deleted");

    let task = vanishing(0.0).await;
    let tasks = task.tasks();
    let id = tasks
        .iter()
        .find(|task| json!(task.status) == "inProgress")
        .expect("a task")
        .id
        .clone();
    let of_task = watched(&task, &[&["sharepoint", "watch", &id], &pace[..]].concat());
    let missing =
        json!([{ "operation": "getSharepointTask", "fault": { "kind": "status", "status": 404 } }]);
    let rules: Vec<FaultRule> = serde_json::from_value(missing).expect("a rule");
    task.set_faults(rules).expect("a rule");

    let (code, rest, said) = of_one.end();
    assert_eq!(code, 4, "{rest} {said}");
    let told = last(&rest);
    assert_eq!(told["event"], "ended", "{told}");
    assert_eq!(
        told["text"], "is no longer there: somebody has deleted it",
        "{told}"
    );
    assert!(
        said.contains("see what there is: xtmig jobs list"),
        "{said}"
    );

    let (code, rest, said) = of_two.end();
    assert_eq!(code, 9, "one of two: {rest} {said}");
    assert_eq!(
        last(&rest)["text"],
        "is no longer there: somebody has deleted it",
        "{rest}"
    );

    let (code, rest, said) = of_run.end();
    assert_eq!(code, 4, "{rest} {said}");
    assert!(
        said.contains("Wave 4: it was deleted in the meantime"),
        "{said}"
    );
    assert!(said.contains("next: xtmig jobs list"), "{said}");

    let (code, rest, said) = of_task.end();
    assert_eq!(code, 4, "{rest} {said}");
    assert_eq!(last(&rest)["text"], "is no longer there", "{rest}");
    assert!(
        said.contains("by its source: xtmig sharepoint find"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_there_ends_with_4() {
    let sandbox = vanishing(0.0).await;
    let nothing = "3f1d7a0c-52be-4e69-8a17-c04d9be6f235";
    for arguments in [
        ["jobs", "watch", "Demo nothing", "--interval", "1s"],
        ["sharepoint", "watch", nothing, "--interval", "1s"],
    ] {
        let ran = crate::support::run(&sandbox, &arguments);
        assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
    }
}
