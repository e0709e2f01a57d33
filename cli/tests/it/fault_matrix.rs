//! Every command under every fault: the exit code, what the service did, and what somebody sees. The table is reviewed,
//! and no cell may claim less effect than the service had.

mod cases;
mod cell;
mod journal;

use std::fmt::Write;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use cases::{CHANGES, Case, READS, WAVES, faults};
use cell::{Trouble, try_out};

/// How many cells are tried at once; most of the time they wait.
const AT_ONCE: usize = 64;

fn rules(case: Case, fault: &Value, count: Option<u32>) -> Trouble {
    if fault.is_null() {
        return Trouble::Rules(Vec::new());
    }
    let mut rule = json!({ "operation": case.operation, "fault": fault });
    if let Some(count) = count {
        rule["count"] = count.into();
    }
    Trouble::Rules(vec![rule])
}

async fn matrix(cases: &'static [Case]) -> String {
    let mut todo: Vec<(usize, usize, Case, Trouble)> = Vec::new();
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
        if case.read_back.is_some() {
            todo.push((row, names.len() - 1, *case, Trouble::Unreadable));
        }
    }
    let mut running = JoinSet::new();
    let mut cells = Vec::new();
    for (row, column, case, trouble) in todo {
        if running.len() == AT_ONCE {
            cells.extend(running.join_next().await.map(|cell| cell.expect("a cell")));
        }
        running.spawn(async move { (row, column, try_out(case, trouble).await) });
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

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_waves_under_every_fault() {
    insta::assert_snapshot!("waves_under_faults", matrix(WAVES).await);
}
