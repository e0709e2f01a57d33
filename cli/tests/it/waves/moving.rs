//! The tenant, the file, or another run moves between plan and apply: nothing is sent then, and it is said why.

use msgraph_migrations_sandbox::Sandbox;

use super::{Folder, SOURCE, effects, id, plan_rows, start};
use crate::support::Ran;

/// A plan that is kept, of a wave that has one job validated and one that is not there.
async fn planned() -> (Folder, Sandbox) {
    let folder = Folder::new();
    let sandbox = start(Sandbox::builder()).await;
    folder.wave(2, "until = \"created\"\nbatch-size = 2");
    let created = folder.run(&sandbox, &["apply", "wave.toml", "--yes", "--expect", "1"]);
    assert_eq!(created.code, 0, "{created:?}");
    sandbox
        .set_job_status("Alder 1", "validatePassed")
        .expect("a status");
    folder.wave(4, "until = \"migrating\"\nbatch-size = 2");
    let kept = folder.run(&sandbox, &["plan", "wave.toml", "--out", "plan.json"]);
    assert_eq!(kept.code, 10, "{kept:?}");
    (folder, sandbox)
}

fn apply(folder: &Folder, sandbox: &Sandbox) -> Ran {
    let expected = ["apply", "--plan", "plan.json", "--yes", "--expect", "4"];
    folder.run(sandbox, &expected)
}

async fn post(sandbox: &Sandbox, path: &str, body: &str) {
    let url = format!(
        "{}/v1.0/solutions/migrations/crossTenantMigrationJobs{path}",
        sandbox.base_url()
    );
    let status = msgraph_migrations::dependencies::reqwest::Client::new()
        .post(url)
        .bearer_auth("another")
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer")
        .status();
    assert!(status.is_success(), "{status}");
}

fn job(name: &str, user: usize) -> String {
    format!(
        r#"{{"displayName":"{name}","completeAfterDateTime":"2030-12-14T20:00:00Z","sourceTenantId":"{SOURCE}",
            "resourceType":"Users","resources":["{}"],"workloads":["ODSP"]}}"#,
        id(user)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_moves_in_the_tenant_is_named_and_nothing_is_sent() {
    for what in [
        "status",
        "date",
        "created",
        "user elsewhere",
        "deleted",
        "another of the name",
    ] {
        let (folder, sandbox) = planned().await;
        let said = match what {
            "status" => {
                sandbox
                    .set_job_status("Alder 1", "validateFailed")
                    .expect("a status");
                "the status of Alder 1 was validatePassed and is validateFailed"
            }
            "date" => {
                let moved = folder.run(
                    &sandbox,
                    &[
                        "postpone",
                        "Alder 1",
                        "2031-01-01T00:00:00Z",
                        "--yes",
                        "--expect",
                        "1",
                    ],
                );
                assert_eq!(moved.code, 0, "{moved:?}");
                "the cutover of Alder 1 was 2030-12-14T20:00:00Z and is 2031-01-01T00:00:00Z"
            }
            "created" => {
                post(&sandbox, "", &job("Alder 2", 2)).await;
                "Alder 2 has been created meanwhile"
            }
            "user elsewhere" => {
                post(&sandbox, "", &job("Birch", 3)).await;
                "is in Birch now"
            }
            "deleted" => {
                sandbox
                    .set_job_status("Alder 1", "deleted")
                    .expect("a status");
                "the status of Alder 1 was validatePassed and is deleted"
            }
            _ => {
                // It is gone, and there is another of its name.
                sandbox.reset().expect("a fresh start");
                post(&sandbox, "", &job("Birch", 90)).await;
                post(&sandbox, "", &job("Alder 1", 0)).await;
                "Alder 1 is another job than before"
            }
        };
        let before = effects(&sandbox);
        let refused = apply(&folder, &sandbox);
        assert_eq!(refused.code, 3, "{what}: {refused:?}");
        assert!(refused.err.contains(said), "{what}: {refused:?}");
        assert_eq!(effects(&sandbox), before, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_moves_in_the_files_is_named_and_nothing_is_sent() {
    for file in ["wave.toml", "users.csv"] {
        let (folder, sandbox) = planned().await;
        let text = std::fs::read_to_string(folder.path(file)).expect("a file");
        folder.write(file, &format!("{text}\n"));
        let refused = apply(&folder, &sandbox);
        assert_eq!(refused.code, 3, "{file}: {refused:?}");
        assert!(
            refused
                .err
                .contains(&format!("{file} is another than when it was planned")),
            "{refused:?}"
        );
        assert_eq!(sandbox.effects("migrateJob"), 0);
    }
    // A plan that somebody changed by hand is no plan that was shown.
    let (folder, sandbox) = planned().await;
    let text = std::fs::read_to_string(folder.path("plan.json")).expect("a plan");
    for (old, new) in [
        (id(3), id(33)),
        (
            "2030-12-14T20:00:00Z".to_owned(),
            "2030-12-13T20:00:00Z".to_owned(),
        ),
        (
            "\"retryFailed\": false".to_owned(),
            "\"retryFailed\": true".to_owned(),
        ),
    ] {
        assert!(text.contains(&old), "{old}");
        folder.write("plan.json", &text.replace(&old, &new));
        let refused = apply(&folder, &sandbox);
        assert_eq!(refused.code, 2, "{old}: {refused:?}");
        assert!(
            refused.err.contains("it was changed after it was made"),
            "{refused:?}"
        );
    }
    assert_eq!(sandbox.effects("migrateJob"), 0);
    // A plan for another service goes nowhere.
    let other = start(Sandbox::builder()).await;
    folder.write("plan.json", &text);
    let refused = apply(&folder, &other);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_found_before_anything_is_sent() {
    let folder = Folder::new();
    let sandbox = start(Sandbox::builder()).await;
    folder.wave(3, "until = \"migrating\"");
    // A user of the wave is in another job of the tenant, as the service writes ids: in capitals.
    let body = job("Birch", 0x2a).replace(&id(0x2a), &id(2).to_uppercase());
    post(&sandbox, "", &body).await;
    let rows = plan_rows(&folder, &sandbox, 3);
    let blocked = rows
        .iter()
        .find(|row| row["change"] == "blocked")
        .expect("a row");
    assert!(
        blocked["detail"]
            .as_str()
            .expect("text")
            .contains("in Birch"),
        "{blocked}"
    );
    let refused = folder.run(&sandbox, &["apply", "wave.toml", "--yes", "--expect", "3"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(sandbox.effects("createJob"), 1, "the other one");

    // A date in the past.
    let text = std::fs::read_to_string(folder.path("wave.toml")).expect("the wave");
    folder.write("wave.toml", &text.replace("2030-12-14", "2020-12-14"));
    folder.write("users.csv", &format!("user\n{}\n", id(70)));
    let rows = plan_rows(&folder, &sandbox, 3);
    assert!(
        rows.iter().any(|row| row["detail"]
            .as_str()
            .is_some_and(|text| text.contains("has passed"))),
        "{rows:?}"
    );

    // A job of the name with other users.
    folder.write("wave.toml", &text);
    post(&sandbox, "", &job("Alder 1", 71)).await;
    let rows = plan_rows(&folder, &sandbox, 3);
    let blocked: Vec<_> = rows
        .iter()
        .filter(|row| row["change"] == "blocked")
        .collect();
    assert_eq!(
        blocked.len(),
        3,
        "workloads, and users on both sides: {rows:?}"
    );
    let before = effects(&sandbox);
    let refused = folder.run(&sandbox, &["apply", "wave.toml", "--yes", "--expect", "2"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(effects(&sandbox), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_one_does_it_and_nothing_is_done_twice() {
    // Two machines: each has a state folder of its own, so that no lock keeps them apart.
    let sandbox = start(Sandbox::builder().speed(6000.0)).await;
    let folders: Vec<Folder> = (0..2)
        .map(|_| {
            let folder = Folder::new();
            folder.wave(4, "until = \"migrating\"\nbatch-size = 2");
            let kept = folder.run(&sandbox, &["plan", "wave.toml", "--out", "plan.json"]);
            assert_eq!(kept.code, 10, "{kept:?}");
            folder
        })
        .collect();
    let url = sandbox.base_url();
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let runs: Vec<_> = folders
            .iter()
            .map(|folder| {
                let url = &url;
                scope.spawn(move || {
                    let arguments = [
                        "apply",
                        "--plan",
                        "plan.json",
                        "--yes",
                        "--expect",
                        "6",
                        "--interval",
                        "1s",
                    ];
                    let output = folder.command(url, &arguments).output().expect("it runs");
                    output.status.code().expect("a code")
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().expect("no panic"))
            .collect()
    });
    assert_eq!(effects(&sandbox), [2, 2, 0, 2], "{codes:?}");
    for name in ["Alder 1", "Alder 2"] {
        assert_eq!(sandbox.job(name).expect("a job").attempts, 1);
    }
    for code in codes {
        // Whoever came second for a job says that it has moved; with both jobs each, that is 9 or 3.
        assert!([0, 3, 9].contains(&code), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_one_machine_a_second_run_of_a_wave_waits_its_turn() {
    let folder = Folder::new();
    folder.wave(1, "until = \"validated\"");
    // Time stands still, so that the first run waits for the validation.
    let sandbox = start(Sandbox::builder()).await;
    let mut first = std::process::Command::new(crate::support::program().get_program());
    let mut first = first
        .env_clear()
        .env("XTMIG_TOKEN", "any")
        .env("XTMIG_STATE_DIR", folder.path("state"))
        .current_dir(folder.path(""))
        .args([
            "--base-url",
            &sandbox.base_url(),
            "apply",
            "wave.toml",
            "--yes",
            "--expect",
            "2",
        ])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    while sandbox.effects("validateJob") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let second = folder.run(&sandbox, &["apply", "wave.toml", "--yes", "--expect", "0"]);
    first.kill().expect("killed");
    let _ = first.wait();
    assert_eq!(second.code, 7, "{second:?}");
    assert!(
        second.err.contains("another run of this wave is under way"),
        "{second:?}"
    );
}
