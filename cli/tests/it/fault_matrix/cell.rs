//! One command under one trouble: what it came to, what matters of what was said, and what has to hold of each.

use std::path::Path;
use std::time::Duration;

use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use super::cases::{Before, Case, RUN};
use super::journal;
use crate::support::{Ran, TOKEN, demo, program, ran};

const SOURCE_TENANT: &str = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
/// What commands read that take a file.
const GROUPS: &str = "source,target,sourceTenant\n\
     6f1c2e0a-4b7d-4e58-9a1c-2d3f4e5a6b7c,7a2d3f1b-5c8e-4f69-8b2d-3e4f5a6b7c8d,5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\n\
     6f1c2e0a-4b7d-4e58-9a1c-2d3f4e5a6b7d,7a2d3f1b-5c8e-4f69-8b2d-3e4f5a6b7c8e,5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\n";

#[derive(Debug)]
pub struct Cell {
    pub code: i32,
    pub effects: u64,
    pub seen: String,
    pub violations: Vec<String>,
}

/// Waits for each user and task whose names stand for it.
fn arguments(sandbox: &Sandbox, folder: &Path, command: &str) -> Vec<String> {
    let users = sandbox.job("Demo inProgress").expect("a job").users;
    let task = |status: &str| {
        let tasks = sandbox.tasks();
        let found = tasks.iter().find(|task| json!(task.status) == status);
        found.expect("a task").id.clone()
    };
    let word = |word: &str| match word {
        "USER" => users[0].id.clone(),
        "OTHER" => users[1].id.clone(),
        "PERSON" => "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754".to_owned(),
        "TENANT" => SOURCE_TENANT.to_owned(),
        "TASK" => task("completed"),
        "WAITING" => task("notStarted"),
        "RUNNING" => task("inProgress"),
        "RUN" => journal::file(folder).display().to_string(),
        other => other.replace('+', " "),
    };
    command.split_whitespace().map(word).collect()
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Trouble {
    Rules(Vec<Value>),
    /// The change takes effect, its answer is lost, and from then on nobody can read what became of it.
    Unreadable,
}

pub async fn try_out(case: Case, trouble: Trouble) -> Cell {
    let sandbox = demo().await;
    let folder = folder();
    prepare(&sandbox, folder.path(), case.before).await;
    if case.command == RUN || is_wave(case) {
        sandbox.set_speed(3_600.0).expect("a speed");
    }
    let mut arguments = arguments(&sandbox, folder.path(), case.command);
    if matches!(&trouble, Trouble::Rules(rules) if rules.iter().all(|rule| rule.get("count").is_some()))
    {
        // The trouble passes, and then the end comes by itself, however slow the machine is.
        for argument in &mut arguments {
            match argument.as_str() {
                "6s" => "60s".clone_into(argument),
                "45s" => "300s".clone_into(argument),
                _ => {}
            }
        }
    }
    let before = sandbox.effects(case.operation);
    let put = |rules: Vec<Value>| {
        let rules = serde_json::from_value(Value::Array(rules)).expect("rules");
        sandbox.set_faults(rules).expect("rules");
    };
    let lost = vec![
        json!({ "operation": case.operation, "fault": { "kind": "latency", "milliseconds": 1_500 } }),
        json!({ "operation": case.operation, "fault": { "kind": "dropAfterEffect" } }),
    ];
    let is_unreadable = matches!(trouble, Trouble::Unreadable);
    put(match trouble {
        Trouble::Rules(rules) => rules,
        Trouble::Unreadable => lost.clone(),
    });
    let url = sandbox.base_url();
    let place = folder.path().to_owned();
    let mut running = tokio::task::spawn_blocking(move || run_in(&place, &url, &arguments));
    let ran = loop {
        tokio::select! {
            ran = &mut running => break ran.expect("it runs"),
            () = tokio::time::sleep(Duration::from_millis(5)), if is_unreadable => {
                if sandbox.effects(case.operation) > before {
                    put([lost, unreadable(case)].concat());
                    break running.await.expect("it runs");
                }
            }
        }
    };
    let mut cell = Cell {
        code: ran.code,
        effects: sandbox.effects(case.operation) - before,
        seen: seen(case, &ran),
        violations: Vec::new(),
    };
    let mut found = violations(case, &cell, &ran);
    if case.read_back.is_some() && is_wave(case) {
        found.extend(journal::violations(folder.path(), case.operation, &cell));
    }
    cell.violations = found
        .into_iter()
        .map(|what| format!("{what}: {ran:?}"))
        .collect();
    sandbox.shutdown().await;
    cell
}

/// Nothing that would tell of the change can be read.
fn unreadable(case: Case) -> Vec<Value> {
    let read = case.read_back.expect("a change");
    let is_user = case.operation == "cancelUser";
    let reads = [read].into_iter().chain(is_user.then_some("listUsers"));
    reads
        .map(|read| json!({ "operation": read, "fault": { "kind": "status", "status": 418 } }))
        .collect()
}

pub fn is_wave(case: Case) -> bool {
    ["plan", "apply", "resume"].contains(&case.command.split(' ').next().unwrap_or_default())
}

/// A folder with the files that commands name, and for what they keep.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("users.csv", "user\n84c0d5ab-7e21-4936-bf1a-0d9e63c2f754\n");
    write("mappings.csv", "source,target\nu@a.example,u@h.example\n");
    folder
}

fn wave(cutover: &str, rest: &str) -> String {
    format!(
        "name = \"Alder\"\nsource-tenant = \"{SOURCE_TENANT}\"\ncomplete-after = {cutover}\nworkloads = [\"Teams\"]\n\
         until = \"{rest}\n[users]\nfile = \"users.csv\"\n"
    )
}

/// Lets happen what has happened before, and leaves the wave that the command is about.
async fn prepare(sandbox: &Sandbox, folder: &Path, before: Before) {
    let write = |text: &str| std::fs::write(folder.join("wave.toml"), text).expect("written");
    let created = wave("2030-12-14T20:00:00Z", "created\"");
    let whole = wave(
        "2030-12-14T20:00:00Z",
        "migrating\"\n[mappings]\nusers = \"mappings.csv\"",
    );
    let (first, expected, code, last) = match before {
        Before::Nothing => return write(&whole),
        Before::Created => (&created, "1", 0, whole.clone()),
        Before::CreatedEarlier => {
            let later = wave("2031-02-01T20:00:00Z", "created\"");
            (&created, "1", 0, later)
        }
        Before::Refused => {
            let refused =
                json!([{ "operation": "createJob", "fault": { "kind": "status", "status": 403 } }]);
            let rules = serde_json::from_value(refused).expect("a rule");
            sandbox.set_faults(rules).expect("a rule");
            (&whole, "4", 5, whole.clone())
        }
    };
    write(first);
    let arguments = ["apply", "wave.toml", "--yes", "--expect", expected].map(str::to_owned);
    let (url, place) = (sandbox.base_url(), folder.to_owned());
    let ran = tokio::task::spawn_blocking(move || run_in(&place, &url, &arguments));
    let ran = ran.await.expect("it runs");
    assert_eq!(ran.code, code, "{before:?}: {ran:?}");
    write(&last);
}

fn run_in(folder: &Path, url: &str, arguments: &[String]) -> Ran {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .env("XTMIG_STATE_DIR", folder.join("state"))
        .current_dir(folder)
        .args(["--base-url", url, "--utc"])
        .args(arguments)
        .write_stdin(GROUPS);
    ran(&command.output().expect("it runs"))
}

/// What matters of what is said: buckets, the error, what was read back, and how to find out.
fn seen(case: Case, ran: &Ran) -> String {
    let mut parts = Vec::new();
    let buckets = [
        "cancelled",
        "being cancelled",
        "over already",
        "GOES ON",
        "UNKNOWN",
    ];
    for line in ran.out.lines() {
        let words: Vec<_> = line
            .split("  ")
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect();
        if let [bucket, count] = words.as_slice()
            && buckets.contains(bucket)
            && *count != "0"
        {
            parts.push(format!("{bucket} {count}"));
        }
    }
    // What came of the job of a wave, and what a probe found.
    let operation = case.operation;
    let results = ran.out.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            // Which of the two statuses of a migration it is depends on the moment.
            ["Alder", jobs, "processing" | "inProgress", ..] => {
                Some(format!("Alder {jobs} migrating {}", words[3..].join(" ")))
            }
            ["Alder", ..] => Some(words.join(" ")),
            // Operation, answers, checks, deviations, and how many were throttled.
            [first, answers, _, deviations, throttled] if *first == operation => Some(format!(
                "{answers} answers, {deviations} deviations, {throttled} throttled"
            )),
            [name, second, .., times] if *second == operation => {
                Some(format!("{name}, {times} times"))
            }
            _ => None,
        }
    });
    parts.extend(results);
    for line in ran.err.lines() {
        if let Some(what) = line.strip_prefix("error: ") {
            // Several are read at once, and whose answer is the one that was spoilt depends on the moment.
            let of_a_job = what.strip_prefix("the users of ");
            parts.push(
                match of_a_job.filter(|rest| rest.ends_with(" cannot be read")) {
                    Some(_) => "the users of a job cannot be read".to_owned(),
                    None => what.to_owned(),
                },
            );
        }
        if line.contains("applied, ") || line.contains(" made") && is_wave(case) {
            parts.push(line.to_owned());
        }
    }
    let of_run = ran.err.lines().rfind(|line| line.starts_with("Wave 4: "));
    parts.extend(of_run.map(str::to_owned));
    let all = format!("{}{}", ran.out, ran.err);
    if all.contains("the answer was lost") && ran.code != 8 {
        parts.push("the answer was lost, and read back".to_owned());
    }
    for (words, short) in [
        ("repeat in", "says when to repeat"),
        ("to find out: ", "says how to find out"),
        ("NOT ALL", "says that users are missing"),
        ("GOES ON by itself", "says that it goes on"),
    ] {
        if all.contains(words) {
            parts.push(short.to_owned());
        }
    }
    without_ids(&parts.join("; "))
}

/// Ids differ from run to run.
fn without_ids(text: &str) -> String {
    const LENGTH: usize = 36;
    let mut made = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_id = rest
            .get(..LENGTH)
            .is_some_and(|part| uuid::Uuid::try_parse(part).is_ok());
        if is_id {
            made.push_str("ID");
            rest = &rest[LENGTH..];
        } else {
            made.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    made
}

/// What does not hold of a cell, and has to of each.
fn violations(case: Case, cell: &Cell, ran: &Ran) -> Vec<&'static str> {
    let all = format!("{}{}", ran.out, ran.err);
    let is_debug = ["Refusal {", "Error(", "Some("]
        .iter()
        .any(|debug| all.contains(debug));
    let lines = ["error: ", "  why:  ", "  next: "];
    let is_told = !ran.out.is_empty()
        || ran.err.contains("NOT ALL")
        || lines.iter().all(|line| ran.err.contains(line));
    let mut found = vec![
        (is_debug, "a debug dump is shown"),
        (
            cell.code != 0 && !is_told,
            "what, why and next are not told",
        ),
        (
            cell.code == 8 && !all.contains("find out: xtmig"),
            "it is unknown, and not said how to find out",
        ),
    ];
    if case.read_back.is_some() {
        // Changes that state where to end do no harm twice.
        let states_the_end = case.operation.starts_with("update");
        let expected = if case.command.contains("--expect 2") {
            2
        } else {
            1
        };
        // What becomes of several changes, of which one is looked at, is judged by the journal.
        let is_run = case.command == RUN || is_wave(case);
        found.extend([
            (
                cell.effects > expected && !states_the_end,
                "it was done twice",
            ),
            (
                cell.effects > 0 && !matches!(cell.code, 0 | 8 | 9) && !is_run,
                "it took effect, and the exit code says that it did not",
            ),
            (
                cell.effects > 0 && cell.code != 9 && all.contains("nothing took effect"),
                "it took effect, and the words say that it did not",
            ),
            (
                cell.effects == 0 && cell.code == 0,
                "it took no effect, and the exit code says that it did",
            ),
        ]);
    }
    let found = found.into_iter().filter(|(is_so, _)| *is_so);
    found.map(|(_, what)| what).collect()
}
