//! What is read before anything is run, as reviewed copies: help, manual pages, tables.

use std::fmt::Write;

use crate::support::{demo, program, ran, run, yes};

fn help(words: &[String]) -> String {
    let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    let mut command = program();
    // Help is as wide as the terminal.
    let ran = ran(&command
        .env("COLUMNS", "100")
        .args(&arguments)
        .output()
        .expect("it runs"));
    assert_eq!(ran.code, 0, "{words:?}");
    ran.out
}

/// The commands below one, as its help names them.
fn below(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|word| word != "help")
        .collect()
}

#[test]
fn the_help_of_every_command_is_reviewed() {
    let mut all = String::new();
    let mut todo = vec![Vec::<String>::new()];
    while let Some(words) = todo.pop() {
        let whole = help(&words);
        // What goes for every command is shown once.
        let shared = whole
            .split("\nConnecting:\n")
            .next()
            .expect("the command's own");
        let text = if words.is_empty() { &whole } else { shared };
        writeln!(all, "$ xtmig {} --help\n{text}", words.join(" ")).expect("a text");
        for word in below(text).into_iter().rev() {
            todo.push([words.clone(), vec![word]].concat());
        }
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let written = ran(&program().args(["man", path]).output().expect("it runs"));
    assert_eq!(written.code, 0, "{written:?}");
    for page in [
        "xtmig.1",
        "xtmig-jobs-cancel.1",
        "xtmig-sharepoint-find.1",
        "xtmig-mappings-apply.1",
    ] {
        let text = std::fs::read_to_string(folder.path().join(page)).expect(page);
        assert!(text.contains(".TH"), "{page}");
    }
    let first = ran(&program().arg("man").output().expect("it runs"));
    assert!(first.out.contains(".TH xtmig 1"), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_reviewed() {
    let sandbox = demo().await;
    let mut all = String::new();
    for arguments in [
        &["explain", "cuttingOver"][..],
        &["explain", "EXCH-07"],
        &["explain", "409"],
        &[
            "users",
            "list",
            "--job",
            "Demo validateFailed",
            "--problems",
        ],
        &["problems", "Demo completedWithErrors"],
        &["mappings", "show", "users", "next@source.example"],
        &["sharepoint", "find", "--group", "demo-group"],
    ] {
        let ran = run(&sandbox, arguments);
        writeln!(all, "$ xtmig {}\n{}", arguments.join(" "), ran.out).expect("a text");
    }
    let cancel = yes(
        &[
            "jobs",
            "cancel",
            "Demo inProgress",
            "Demo cuttingOver",
            "Demo cancelled",
        ],
        3,
    );
    let ran = run(&sandbox, &cancel);
    writeln!(all, "$ xtmig {}\n{}", cancel.join(" "), ran.out).expect("a text");
    insta::assert_snapshot!("tables", all);
}
