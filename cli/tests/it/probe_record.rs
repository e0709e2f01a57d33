//! The record of a probe: nothing of the tenant survives, and it is still the same table.
//!
//! The searcher knows nothing of how values are replaced. It has the tenant's own values, looks for pieces of them in
//! every form that it can think of, and reads through what is encoded in the record itself.

mod searcher;
mod tenant;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use msgraph_migrations::SPECIFICATION;
use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use self::searcher::{forms, pieces, readings};
use self::tenant::{SECRETS, Tenant};
use crate::probe::{NAMED, fixture, shape, table};
use crate::support::{TOKEN, program, ran, run};

fn probe_to(url: &str, file: &Path, arguments: &[&str]) -> crate::support::Ran {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .args(["--base-url", url, "--utc", "probe", "--record"])
        .arg(file)
        .args(arguments);
    ran(&command.output().expect("it runs"))
}

#[test]
fn nothing_of_the_tenant_survives_in_its_record() {
    let tenant = Tenant::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.json");
    let named = [
        "--yes",
        "--source-user",
        SECRETS[7],
        "--source-site",
        SECRETS[11],
        "--source-group",
        SECRETS[15],
        "--mapped-group",
        SECRETS[0],
        "--job",
        SECRETS[5],
    ];
    let ran = probe_to(&tenant.url, &file, &named);
    assert_eq!(ran.code, 0, "{ran:?}");
    let record = std::fs::read_to_string(&file).expect("a record");
    // The tenant did tell all of it.
    let live = probe_live(&tenant.url, &named[1..]);
    let readings = readings(&record);
    let held: HashMap<String, usize> = readings
        .iter()
        .enumerate()
        .flat_map(|(index, text)| pieces(text).map(move |piece| (piece, index)))
        .collect();
    let documents: HashSet<String> = pieces(&SPECIFICATION.to_lowercase()).collect();
    // What the program itself writes of every tenant, such as placeholders, says nothing.
    let own = [
        "00000000",
        "-0000-40",
        "0-4000-8",
        "000-8000",
        "https%3a%2f%2f",
    ];
    let mut survived = Vec::new();
    let mut looked_for = 0;
    for secret in SECRETS
        .iter()
        .copied()
        .chain([TOKEN, tenant.url.trim_start_matches("http://")])
    {
        for piece in forms(secret) {
            if documents.contains(&piece) || own.iter().any(|own| own.contains(piece.as_str())) {
                continue;
            }
            looked_for += 1;
            if let Some(index) = held.get(&piece) {
                let reading = &readings[*index];
                let at = reading.find(&piece).unwrap_or_default();
                let before: Vec<char> = reading[..at].chars().rev().take(30).collect();
                let around: String = before
                    .into_iter()
                    .rev()
                    .chain(reading[at..].chars().take(40))
                    .collect();
                survived.push(format!("{secret}: {piece:?} in {around:?}"));
            }
        }
    }
    assert!(looked_for > 5_000, "{looked_for}");
    assert!(
        survived.is_empty(),
        "{} of {looked_for}: {survived:#?}",
        survived.len()
    );
    // The fixture did answer with all of it, and the searcher finds what is there.
    let found = readings_of_the_fixture(&tenant);
    for secret in SECRETS.iter().filter(|secret| **secret != SECRETS[16]) {
        assert!(found.contains(&secret.to_lowercase()), "{secret}");
    }
    assert!(
        forms(SECRETS[5])
            .iter()
            .any(|piece| live.to_lowercase().contains(piece)),
        "{live}"
    );
    assert_still_tells(&record);
    // It was shown, line by line, before it was written.
    for line in record.lines() {
        assert!(ran.err.contains(line.trim()), "{line}");
    }
    // Reads alone, seen from the wire.
    let requests = tenant.requests.lock().expect("the log");
    assert!(requests.len() > 30, "{requests:?}");
    for request in requests.iter() {
        assert!(
            request.starts_with("GET /") && request.ends_with(" HTTP/1.1"),
            "{request}"
        );
    }
}

/// What the record still tells.
fn assert_still_tells(record: &str) {
    // What was one stays one, and different ones stay different.
    let kept: Value = serde_json::from_str(record).expect("JSON");
    let answers = kept["answers"].as_array().expect("answers");
    let list = answers
        .iter()
        .find(|answer| answer["question"] == "list")
        .expect("a list");
    let jobs = &list["body"]["json"]["value"];
    let single = answers
        .iter()
        .find(|answer| answer["operation"] == "getJob" && answer["status"] == 200)
        .expect("a job");
    assert_eq!(jobs[0]["id"], single["body"]["json"]["id"]);
    assert_eq!(
        jobs[0]["displayName"],
        single["body"]["json"]["displayName"]
    );
    assert_ne!(jobs[0]["id"], jobs[1]["id"]);
    let message = jobs[0]["message"].as_str().expect("a text");
    let id = jobs[0]["id"].as_str().expect("an id").to_uppercase();
    assert!(
        message.contains(&id),
        "the id inside a message is the same one: {message}"
    );
    assert!(
        single["url"]
            .as_str()
            .expect("a url")
            .contains(jobs[0]["id"].as_str().expect("an id"))
    );
    assert_eq!(jobs[0]["status"], "completedWithErrors");
    assert!(
        record.contains("EXCH-08") && record.contains("MnATargetUserIsNotSpoEnabled"),
        "codes stay"
    );
}

/// All that the fixture says, as it stands on the wire.
fn readings_of_the_fixture(tenant: &Tenant) -> String {
    tenant.said.lock().expect("what was said").to_lowercase()
}

/// What the screen shows of the deviations.
fn probe_live(url: &str, named: &[&str]) -> String {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .args(["--base-url", url, "--utc", "probe", "-o", "json", "-v"])
        .args(named);
    let ran = ran(&command.output().expect("it runs"));
    assert_eq!(ran.code, 0, "{ran:?}");
    format!("{}{}", ran.out, ran.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_gives_the_same_table_as_the_probe_that_made_it() {
    let odd = json!({"echoResources": "always", "capitalisedStatuses": true, "wrapEntityInValue": true,
        "createdBy": "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61", "completedLiteral": "success",
        "unpaddedTaskDates": true, "stagingContext": true, "maxPageSize": 7});
    for settings in [json!({}), odd] {
        let settings = serde_json::from_value(settings).expect("settings");
        let sandbox = fixture(Sandbox::builder().settings(settings)).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("record.json");
        let file = file.to_str().expect("UTF-8");
        let live = run(
            &sandbox,
            &[
                &["probe", "-o", "json", "--record", file, "--yes"],
                &NAMED[..],
            ]
            .concat(),
        );
        let mut command = program();
        command.args(["probe", "-o", "json", "--answers", file]);
        let again = ran(&command.output().expect("it runs"));
        assert_eq!(shape(&table(&live)), shape(&table(&again)));
        assert!(
            !std::fs::read_to_string(file)
                .expect("a record")
                .contains("Demo "),
            "names are gone"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_only_written_when_somebody_has_seen_it() {
    let sandbox = fixture(Sandbox::builder()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.json");
    let file = path.to_str().expect("UTF-8");
    let nobody = run(&sandbox, &["probe", "--record", file]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
    assert!(
        nobody.err.contains("\"answers\""),
        "it is shown: {nobody:?}"
    );
    assert!(!path.exists());
    std::fs::write(&path, "mine").expect("a file");
    let before = sandbox.requests().len();
    let exists = run(&sandbox, &["probe", "--record", file, "--yes"]);
    assert_eq!(exists.code, 2, "{exists:?}");
    assert_eq!(sandbox.requests().len(), before, "nothing is sent first");
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_the_record_and_asks_before_it_is_written() {
    use crate::terminal::{code, start};

    // A tenant without jobs has a short record.
    let sandbox = Sandbox::builder().start().await.expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    for (typed, is_written) in [("n", false), ("", false), ("y", true)] {
        let path = folder.path().join("record.json");
        let file = path.to_str().expect("UTF-8");
        let mut session = start(&sandbox, &["probe", "--quiet", "--record", file], &[]);
        session.exp_string("\"format\"").expect("the record");
        session.exp_string("Write it? [y/N]").expect("the question");
        assert!(!path.exists(), "not before the answer");
        session.send_line(typed).expect("an answer");
        let said = session.exp_eof().expect("the end");
        assert_eq!(code(&session), 0, "{typed}: {said}");
        assert_eq!(path.exists(), is_written, "{typed}: {said}");
    }
}
