//! Every command under every fault: the exit code, what the service did, and what somebody sees. The table is reviewed,
//! and no cell may claim less effect than the service had.

use std::fmt::Write;

use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Ran, demo, run_with_input};

/// How many cells are tried at once; most of the time they wait.
const AT_ONCE: usize = 64;
const SOURCE_TENANT: &str = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
/// What commands read that take a file.
const GROUPS: &str = "source,target,sourceTenant\n\
     6f1c2e0a-4b7d-4e58-9a1c-2d3f4e5a6b7c,7a2d3f1b-5c8e-4f69-8b2d-3e4f5a6b7c8d,5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\n\
     6f1c2e0a-4b7d-4e58-9a1c-2d3f4e5a6b7d,7a2d3f1b-5c8e-4f69-8b2d-3e4f5a6b7c8e,5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\n";

/// A command, the call that is disturbed, and the call that reads back what became of it.
#[derive(Clone, Copy, Debug)]
struct Case {
    command: &'static str,
    operation: &'static str,
    /// How many readings come before the change.
    read_back: Option<(&'static str, u32)>,
}

const fn read(command: &'static str, operation: &'static str) -> Case {
    Case {
        command,
        operation,
        read_back: None,
    }
}

const fn change(
    command: &'static str,
    operation: &'static str,
    read: &'static str,
    before: u32,
) -> Case {
    Case {
        command,
        operation,
        read_back: Some((read, before)),
    }
}

const READS: &[Case] = &[
    read("jobs list", "listJobs"),
    read("jobs show Demo+failed", "getJob"),
    read("jobs watch --for 6s --interval 1s", "listJobs"),
    read("jobs watch Demo+failed --for 6s --interval 1s", "listJobs"),
    read("jobs report Demo+failed", "getJob"),
    read("jobs report Demo+failed --html -", "listUsers"),
    read("status", "listJobs"),
    read("problems", "listJobs"),
    read("problems Demo+failed", "listUsers"),
    read("users list --job Demo+failed", "listUsers"),
    read("users show --job Demo+inProgress USER", "getUser"),
    read("sharepoint show TASK", "getSharepointTask"),
    read(
        "sharepoint watch TASK --for 6s --interval 1s",
        "getSharepointTask",
    ),
    read(
        "sharepoint find --user completed@source.example",
        "getSharepointTaskBySourceUserPrincipalName",
    ),
    read(
        "sharepoint find --site https://source.sharepoint.example/sites/archive",
        "getSharepointTaskBySourceSiteUrl",
    ),
    read(
        "sharepoint find --group demo-group",
        "getSharepointTaskBySourceGroupMailNickname",
    ),
    read("mappings show users next@source.example", "getUserMapping"),
    read("mappings show groups one", "getGroupMapping"),
];

const CHANGES: &[Case] = &[
    change(
        "jobs create Wave+3 --source-tenant TENANT --complete-after 2030-01-01T00:00:00Z --workloads Teams PERSON",
        "createJob",
        "getJob",
        0,
    ),
    change("jobs validate Demo+submitted", "validateJob", "getJob", 1),
    change(
        "jobs migrate Demo+validatePassed --yes --expect 1",
        "migrateJob",
        "getJob",
        2,
    ),
    change(
        "jobs update Demo+approved --complete-after 2030-01-01T00:00:00Z --yes --expect 1",
        "updateJob",
        "getJob",
        1,
    ),
    change(
        "postpone Demo+approved --by 2d --yes --expect 1",
        "updateJob",
        "getJob",
        1,
    ),
    change(
        "jobs cancel Demo+inProgress --yes --expect 1",
        "cancelJob",
        "getJob",
        1,
    ),
    change(
        "jobs cancel Demo+inProgress Demo+processing --yes --expect 2",
        "cancelJob",
        "getJob",
        2,
    ),
    change(
        "jobs delete Demo+completed --yes --expect 1",
        "deleteJob",
        "getJob",
        2,
    ),
    change(
        "retry Demo+failed --yes --expect 1",
        "migrateJob",
        "getJob",
        2,
    ),
    change(
        "retry Demo+validateFailed --yes --expect 1",
        "validateJob",
        "getJob",
        2,
    ),
    change(
        "retry Demo+failed Demo+validateFailed --yes --expect 2",
        "migrateJob",
        "getJob",
        3,
    ),
    change(
        "users cancel --job Demo+inProgress USER --yes --expect 1",
        "cancelUser",
        "getUser",
        0,
    ),
    change(
        "users cancel --job Demo+inProgress USER OTHER --yes --expect 2",
        "cancelUser",
        "getUser",
        0,
    ),
    change(
        "mappings remove users next@source.example --yes --expect 1",
        "updateUserMappings",
        "getUserMapping",
        0,
    ),
    change(
        "mappings apply groups --from - --yes --expect 2",
        "updateGroupMappings",
        "getGroupMapping",
        0,
    ),
    change(
        "sharepoint create --site https://source.example/a --to https://target.example/a \
         --target-host https://target.example --yes --expect 1",
        "createSharepointTask",
        "getSharepointTaskBySourceSiteUrl",
        0,
    ),
    change(
        "sharepoint cancel WAITING RUNNING --yes --expect 2",
        "cancelSharepointTask",
        "getSharepointTask",
        2,
    ),
    change(
        "sharepoint cancel WAITING --yes --expect 1",
        "cancelSharepointTask",
        "getSharepointTask",
        1,
    ),
    change(RUN, "createJob", "getJob", 1),
    change(RUN, "validateJob", "getJob", 1),
    change(RUN, "migrateJob", "getJob", 2),
];

const RUN: &str = "jobs run Wave+4 --source-tenant TENANT --complete-after 2026-01-06T20:00:00Z --workloads Teams PERSON \
     --interval 1s --for 45s --yes --expect 1";

/// What goes wrong, and for how many requests; none is for all.
fn faults() -> Vec<(&'static str, Value, Option<u32>)> {
    let status = |status: u16| json!({ "kind": "status", "status": status });
    vec![
        ("none", Value::Null, None),
        (
            "429 for an hour",
            json!({ "kind": "throttle", "retryAfter": { "seconds": 3600 } }),
            None,
        ),
        (
            "429 for a second",
            json!({ "kind": "throttle", "retryAfter": { "seconds": 1 } }),
            Some(1),
        ),
        (
            "503 for a second",
            json!({ "kind": "serviceUnavailable", "retryAfter": { "seconds": 1 } }),
            Some(1),
        ),
        ("500 always", json!({ "kind": "internalServerError" }), None),
        (
            "500 after the effect",
            json!({ "kind": "internalServerError", "afterEffect": true }),
            Some(1),
        ),
        (
            "504 after the effect",
            json!({ "kind": "gatewayTimeout", "afterEffect": true }),
            Some(1),
        ),
        (
            "dropped before the effect, once",
            json!({ "kind": "dropBeforeEffect" }),
            Some(1),
        ),
        (
            "dropped before the effect, always",
            json!({ "kind": "dropBeforeEffect" }),
            None,
        ),
        (
            "dropped after the effect, once",
            json!({ "kind": "dropAfterEffect" }),
            Some(1),
        ),
        ("body cut off", json!({ "kind": "truncateBody" }), Some(1)),
        ("body empty", json!({ "kind": "emptyBody" }), Some(1)),
        ("token expired", json!({ "kind": "tokenExpired" }), None),
        ("400", status(400), None),
        ("401", status(401), None),
        ("403", status(403), None),
        ("404", status(404), None),
        ("409", status(409), None),
        ("409, once", status(409), Some(1)),
        ("409, twice", status(409), Some(2)),
        ("418", status(418), None),
        ("422", status(422), None),
    ]
}

#[derive(Debug)]
struct Cell {
    code: i32,
    effects: u64,
    seen: String,
    violations: Vec<String>,
}

/// Waits for each user and task whose names stand for it.
fn arguments(sandbox: &Sandbox, command: &str) -> Vec<String> {
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
        other => other.replace('+', " "),
    };
    command.split_whitespace().map(word).collect()
}

async fn try_out(case: Case, rules: Vec<Value>) -> Cell {
    let sandbox = demo().await;
    if case.command == RUN {
        sandbox.set_speed(3_600.0).expect("a speed");
    }
    let arguments = arguments(&sandbox, case.command);
    let rules = serde_json::from_value(Value::Array(rules)).expect("rules");
    sandbox.set_faults(rules).expect("rules");
    let (sandbox, ran) = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = run_with_input(&sandbox, &arguments, GROUPS);
        (sandbox, ran)
    })
    .await
    .expect("it runs");
    let mut cell = Cell {
        code: ran.code,
        effects: sandbox.effects(case.operation),
        seen: seen(&ran),
        violations: Vec::new(),
    };
    let violations = violations(case, &cell, &ran).into_iter();
    cell.violations = violations.map(|what| format!("{what}: {ran:?}")).collect();
    sandbox.shutdown().await;
    cell
}

/// What matters of what is said: buckets, the error, what was read back, and how to find out.
fn seen(ran: &Ran) -> String {
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
    for line in ran.err.lines() {
        if let Some(what) = line.strip_prefix("error: ") {
            parts.push(what.to_owned());
        }
        if line.contains("applied, ") {
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
    let text = parts.join("; ");
    // Ids differ from run to run.
    text.split(' ')
        .map(|word| {
            let id = word.trim_matches(['(', ')']);
            if id.len() != word.len() && id.matches('-').count() == 4 {
                return "ID)";
            }
            if word.len() == 36 && word.matches('-').count() == 4 {
                "ID"
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
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
        let is_run = case.command == RUN;
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

fn rules(case: Case, fault: &Value, count: Option<u32>) -> Vec<Value> {
    if fault.is_null() {
        return Vec::new();
    }
    let mut rule = json!({ "operation": case.operation, "fault": fault });
    if let Some(count) = count {
        rule["count"] = count.into();
    }
    vec![rule]
}

/// The change takes effect, its answer is lost, and nobody can read what became of it.
fn unreadable(case: Case) -> Option<Vec<Value>> {
    let (read, before) = case.read_back.filter(|_| {
        // How often a run looks before it migrates is not known beforehand.
        (case.command, case.operation) != (RUN, "migrateJob")
    })?;
    let unreadable = json!({ "kind": "status", "status": 418 });
    let mut rules = vec![
        json!({ "operation": case.operation, "fault": { "kind": "dropAfterEffect" } }),
        json!({ "operation": read, "fault": unreadable, "skip": before }),
    ];
    if case.operation == "cancelUser" {
        rules.push(json!({ "operation": "listUsers", "fault": unreadable }));
    }
    Some(rules)
}

async fn matrix(cases: &'static [Case]) -> String {
    let mut todo: Vec<(usize, usize, Case, Vec<Value>)> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for (column, (name, fault, count)) in faults().into_iter().enumerate() {
        names.push(name);
        for (row, case) in cases.iter().enumerate() {
            // One job or task that is not there is how a watch of it ends, a minute later.
            if name == "404" && case.command.contains("watch") {
                continue;
            }
            todo.push((row, column, *case, rules(*case, &fault, count)));
        }
    }
    names.push("dropped after the effect, and unreadable");
    for (row, case) in cases.iter().enumerate() {
        if let Some(rules) = unreadable(*case) {
            todo.push((row, names.len() - 1, *case, rules));
        }
    }
    let mut running = JoinSet::new();
    let mut cells = Vec::new();
    for (row, column, case, rules) in todo {
        if running.len() == AT_ONCE {
            cells.extend(running.join_next().await.map(|cell| cell.expect("a cell")));
        }
        running.spawn(async move { (row, column, try_out(case, rules).await) });
    }
    cells.extend(running.join_all().await);
    cells.sort_by_key(|(row, column, _)| (*row, *column));

    let violations: Vec<String> = cells
        .iter()
        .flat_map(|(row, column, cell)| {
            let what = cell.violations.iter();
            what.map(|what| format!("{} under {}: {what}", cases[*row].command, names[*column]))
        })
        .collect();
    assert!(violations.is_empty(), "{}", violations.join("\n\n"));

    let mut text = String::new();
    for (row, case) in cases.iter().enumerate() {
        let command = case.command.replace('+', " ");
        writeln!(text, "{command}\n  ({})", case.operation).expect("a text");
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for (_, column, cell) in cells.iter().filter(|(own, ..)| *own == row) {
            let effects = match (case.read_back, cell.effects) {
                (None, _) => String::new(),
                (_, 0) => " no effect".to_owned(),
                (_, 1) => " one effect".to_owned(),
                _ => " several effects".to_owned(),
            };
            let end = format!("exit {}{effects}: {}", cell.code, cell.seen);
            match groups.iter_mut().find(|(known, _)| *known == end) {
                Some((_, names_of)) => names_of.push(names[*column]),
                None => groups.push((end, vec![names[*column]])),
            }
        }
        for (end, faults) in groups {
            writeln!(
                text,
                "    {}\n      {}",
                faults.join(" | "),
                end.trim_end_matches(": ")
            )
            .expect("a text");
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_reads_under_every_fault() {
    insta::assert_snapshot!("reads_under_faults", matrix(READS).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_changes_under_every_fault() {
    insta::assert_snapshot!("changes_under_faults", matrix(CHANGES).await);
}
