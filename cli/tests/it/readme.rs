//! The README's walk, command by command, as somebody would paste it.

use serde_json::Value;

use crate::support::{demo, program, ran, run, yes};

const README: &str = include_str!("../../README.md");

/// The commands in a block of the README, counting from 1, each with the code that it says to end in.
fn walk(block: usize) -> Vec<(String, i32)> {
    let block = README
        .split("```sh\n")
        .nth(block)
        .and_then(|rest| rest.split("```").next());
    block
        .expect("a block of commands")
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (command, remark) = line.split_once(" #").unwrap_or((line, ""));
            let code = remark.split("exit code ").nth(1).map_or("0", str::trim);
            (command.trim().to_owned(), code.parse().expect("a code"))
        })
        .collect()
}

/// Pastes commands in a folder of their own.
#[cfg(unix)]
fn paste<'a>(folder: &std::path::Path, commands: impl IntoIterator<Item = &'a (String, i32)>) {
    let program_path = program().get_program().to_owned();
    let bin = std::path::Path::new(&program_path)
        .parent()
        .expect("a folder")
        .to_owned();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    for (command, code) in commands {
        let mut shell = assert_cmd::Command::new("/bin/sh");
        shell
            .env_clear()
            .env("PATH", &path)
            .env("XTMIG_STATE_DIR", folder)
            .current_dir(folder)
            .args(["-c", command]);
        let ran = ran(&shell.output().expect("it runs"));
        assert_eq!(ran.code, *code, "{command}: {ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn the_weekend_in_ten_commands_works_by_pasting() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = walk(1);
    let own: Vec<_> = commands
        .iter()
        .filter(|(command, _)| command.starts_with("xtmig "))
        .collect();
    assert_eq!(own.len(), 10, "{commands:?}");
    assert_eq!(
        commands.len(),
        11,
        "besides these, one that installs: {commands:?}"
    );
    paste(folder.path(), own);
    assert!(folder.path().join("report.html").is_file());
}

/// What the README says of the fields of one kind of results.
fn fields(of: &str) -> Vec<String> {
    let results = README.split("\n## Results\n").nth(1).expect("a section");
    let line = results
        .lines()
        .find(|line| line.starts_with(&format!("| {of} |")))
        .unwrap_or_else(|| panic!("the README has no line on {of}"));
    let listed = line.split('|').nth(2).expect("fields");
    let mut names = Vec::new();
    let mut is_value = false;
    for word in listed.split_whitespace() {
        // The values of a field stand in brackets behind it.
        is_value |= word.starts_with('(');
        if !is_value {
            names.push(word.trim_matches(['`', ',']).to_owned());
        }
        is_value &= !word.trim_end_matches(',').ends_with(')');
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_documented() {
    let sandbox = demo().await;
    let task = sandbox.tasks()[0].id.clone();
    let user = sandbox.job("Demo processing").expect("a job").users[0]
        .id
        .clone();
    let cancel = ["users", "cancel", "--job", "Demo processing", &user];
    for (of, arguments) in [
        ("a job", &["jobs", "list"][..]),
        ("`status`", &["status"]),
        ("a user", &["users", "list", "--job", "Demo failed"]),
        ("a cancellation", &yes(&cancel, 1)),
        (
            "a cancellation",
            &yes(&["jobs", "cancel", "Demo inProgress"], 1),
        ),
        ("a line of a watch", &["jobs", "watch", "Demo failed"]),
        ("a report, `problems`", &["jobs", "report", "Demo failed"]),
        ("a report, `problems`", &["problems", "Demo failed"]),
        ("a SharePoint task", &["sharepoint", "show", &task]),
        (
            "a mapping",
            &["mappings", "show", "users", "next@source.example"],
        ),
        (
            "a change of a mapping",
            &yes(&["mappings", "remove", "users", "next@source.example"], 1),
        ),
        ("`auth check`", &["auth", "check"]),
        ("`explain`", &["explain", "409"]),
        ("`--what-if`", &["jobs", "list", "--what-if"]),
    ] {
        let ran = run(&sandbox, &[arguments, &["-o", "jsonl"]].concat());
        let line = ran
            .out
            .lines()
            .next()
            .unwrap_or_else(|| panic!("{of}: {ran:?}"));
        let Value::Object(found) = serde_json::from_str(line).expect("JSON") else {
            panic!("{of}: no object: {line}");
        };
        let mut found: Vec<_> = found.keys().map(String::as_str).collect();
        let mut documented = fields(of);
        // What serde_json keeps is sorted.
        found.sort_unstable();
        documented.sort_unstable();
        assert_eq!(found, documented, "{of}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_wave_and_of_a_probe_is_documented() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let wave = folder.path().join("wave.toml");
    let wave = wave.to_str().expect("UTF-8");
    let in_folder = |arguments: &[&str]| {
        let mut command = crate::support::program();
        command
            .env("XTMIG_TOKEN", crate::support::TOKEN)
            .env("XTMIG_STATE_DIR", folder.path())
            .args(["--base-url", &sandbox.base_url(), "-o", "jsonl"])
            .args(arguments);
        crate::support::ran(&command.output().expect("it runs"))
    };
    assert_eq!(in_folder(&["plan", wave, "--init"]).code, 0);
    sandbox.set_speed(3_600.0).expect("a speed");
    for (of, arguments) in [
        ("a plan", &["plan", wave][..]),
        (
            "`apply`, `resume`",
            &["apply", wave, "--yes", "--expect", "6", "--interval", "1s"],
        ),
        ("`rehearse`", &["rehearse", wave, "--speed", "3000"]),
        ("`probe`", &["probe"]),
    ] {
        let ran = in_folder(arguments);
        assert!(!ran.out.is_empty(), "{of}: {ran:?}");
        for line in ran.out.lines() {
            let Value::Object(found) = serde_json::from_str(line).expect("JSON") else {
                panic!("{of}: no object: {line}");
            };
            let mut found: Vec<_> = found.keys().map(String::as_str).collect();
            let mut documented = fields(of);
            found.sort_unstable();
            documented.sort_unstable();
            assert_eq!(found, documented, "{of}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_weekend_as_a_file_works_by_pasting() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = walk(2);
    assert_eq!(commands.len(), 6, "{commands:?}");
    paste(folder.path(), &commands);
}
