//! The proof: a thousand users in ten jobs with mappings, throttling, tokens that expire, answers that are lost, and a
//! program that is killed five times. Nothing twice, nothing lost, and journal and tenant agree entry by entry.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use serde_json::Value;

use super::{Folder, effects, id, journals, lines, start};
use crate::support::{program, ran};

const USERS: usize = 1000;
/// When the program is killed: once the journal has so many changes of a kind as done.
const KILLS: [(&str, usize); 5] = [
    ("create ", 4),
    ("validate ", 5),
    ("map user ", 120),
    ("map user ", 700),
    ("migrate ", 3),
];

fn spawn(folder: &Folder, url: &str, arguments: &[&str]) -> Child {
    Command::new(program().get_program())
        .env_clear()
        .env("XTMIG_TOKEN_FILE", folder.path("token"))
        .env("XTMIG_STATE_DIR", folder.path("state"))
        .current_dir(folder.path(""))
        .args(["--base-url", url, "--utc"])
        .args(arguments)
        .args(["--interval", "1s"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

fn done(file: &Path, kind: &str) -> usize {
    let change = format!("\"change\":\"{kind}");
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().skip(1);
    lines
        .filter(|line| line.contains("\"event\":\"done\"") && line.contains(&change))
        .count()
}

fn the_journal(folder: &Folder) -> Option<PathBuf> {
    journals(&folder.path("state/runs")).pop()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekend_of_a_thousand_users_survives_it_all() {
    let folder = Folder::new();
    folder.mappings(USERS);
    folder.wave(
        USERS,
        "until = \"migrating\"\n[mappings]\nusers = \"mappings.csv\"",
    );
    folder.write("token", "first");
    let sandbox = start(Sandbox::builder().speed(300.0)).await;
    let drop = |operation, every| FaultRule::new(operation, Fault::DropAfterEffect).every(every);
    let busy = Fault::Throttle {
        retry_after: RetryAfter::Seconds(1),
    };
    sandbox
        .set_faults(vec![
            drop("createJob", 3),
            drop("validateJob", 3),
            drop("updateUserMappings", 4),
            drop("migrateJob", 3),
            FaultRule::new("*", busy).every(197),
        ])
        .expect("rules");
    let url = sandbox.base_url();
    let expect = format!("{}", 30 + USERS);
    let mut run = String::new();
    for (time, (kind, count)) in KILLS.into_iter().enumerate() {
        // The token that was good so far is refused from now on; the file has another.
        folder.write("token", &format!("token-{time}"));
        sandbox.expire_tokens();
        let arguments = if run.is_empty() {
            vec!["apply", "wave.toml", "--yes", "--expect", &expect]
        } else {
            vec!["resume", &run, "--yes", "--expect", &expect]
        };
        let mut child = spawn(&folder, &url, &arguments);
        loop {
            if the_journal(&folder).is_some_and(|file| done(&file, kind) >= count) {
                break;
            }
            if let Some(ended) = child.try_wait().expect("a child") {
                panic!("kill {time}: it ended by itself with {ended}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        child.kill().expect("kill -9");
        let _ = child.wait();
        let file = the_journal(&folder).expect("a journal");
        run = file
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
    }
    folder.write("token", "last");
    let url = url.clone();
    let output = folder
        .command(
            &url,
            &[
                "resume",
                &run,
                "--yes",
                "--expect",
                &expect,
                "--interval",
                "1s",
            ],
        )
        .env_remove("XTMIG_TOKEN")
        .env("XTMIG_TOKEN_FILE", folder.path("token"))
        .output()
        .expect("it runs");
    let ended = ran(&output);
    assert_eq!(ended.code, 0, "{ended:?}");

    assert_nothing_twice_and_nothing_lost(&sandbox);
    assert_journal_and_tenant_agree(&folder, &sandbox);
}

#[track_caller]
fn assert_nothing_twice_and_nothing_lost(sandbox: &Sandbox) {
    let [created, validated, _, migrated] = effects(sandbox);
    assert_eq!([created, validated, migrated], [10, 10, 10]);
    let jobs = sandbox.jobs();
    assert_eq!(jobs.len(), 10);
    let mut users = BTreeSet::new();
    for job in &jobs {
        assert_eq!(
            (job.users.len(), job.attempts),
            (100, 1),
            "{}",
            job.display_name
        );
        users.extend(job.users.iter().map(|user| user.id.clone()));
    }
    assert_eq!(users, (0..USERS).map(id).collect());
    let mut set: BTreeMap<String, usize> = BTreeMap::new();
    for request in sandbox.requests() {
        if request.operation.as_deref() == Some("updateUserMappings") && request.effect.is_some() {
            let body = request.request_body.expect("a body");
            let body: Value = serde_json::from_str(&body).expect("JSON");
            for item in body["value"].as_array().expect("items") {
                let source = &item["sourceUserIdentity"]["userPrincipalName"];
                *set.entry(source.as_str().expect("a name").to_owned())
                    .or_default() += 1;
            }
        }
    }
    assert_eq!(set.len(), USERS);
    let twice: Vec<_> = set.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// Entry by entry.
#[track_caller]
fn assert_journal_and_tenant_agree(folder: &Folder, sandbox: &Sandbox) {
    let journal = lines(&the_journal(folder).expect("a journal"));
    let of = |event: &str| {
        journal
            .iter()
            .filter(move |line| line["event"] == event)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("resumed").len(), KILLS.len());
    let planned: BTreeSet<&str> = journal[0]["plan"]["difference"]["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["id"].as_str().expect("an id"))
        .collect();
    let done: Vec<&str> = of("done")
        .iter()
        .map(|line| line["change"].as_str().expect("a change"))
        .collect();
    assert_eq!(done.len(), planned.len(), "each once");
    assert_eq!(done.iter().copied().collect::<BTreeSet<_>>(), planned);
    for line in of("done") {
        let change = line["change"].as_str().expect("a change");
        if let Some(name) = change.strip_prefix("create ") {
            assert_eq!(
                line["job"].as_str(),
                Some(sandbox.job(name).expect("a job").id.as_str()),
                "{name}"
            );
        }
    }
    // Whatever took effect was announced before, and what was answered is told with the service's own id.
    let announced: BTreeSet<&str> = of("sending")
        .iter()
        .map(|line| line["clientRequestId"].as_str().expect("an id"))
        .collect();
    let attempts: BTreeMap<&str, &Value> = of("attempt")
        .into_iter()
        .filter_map(|line| Some((line["requestId"].as_str()?, line)))
        .collect();
    let mut seen = BTreeSet::new();
    let requests = sandbox.requests();
    for request in requests.iter().filter(|request| request.method != "GET") {
        let own = request.client_request_id.as_deref().expect("an id");
        assert!(announced.contains(own), "{request:?}");
        if let Some(line) = attempts.get(request.request_id.as_str()) {
            assert_eq!(line["clientRequestId"].as_str(), Some(own));
            assert_eq!(line["status"].as_u64(), request.status.map(u64::from));
            seen.insert(request.request_id.as_str());
        }
    }
    assert_eq!(
        seen.len(),
        attempts.len(),
        "no line about a request that there never was"
    );
    // No token stands in it.
    let text = fs::read_to_string(the_journal(folder).expect("a journal")).expect("text");
    for token in ["token-0", "token-4", "Bearer"] {
        assert!(!text.contains(token), "{token}");
    }
}
