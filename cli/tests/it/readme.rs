//! The README's walk, command by command, as somebody would paste it.

use crate::support::{program, ran};

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

#[cfg(unix)]
#[test]
fn the_weekend_as_a_file_works_by_pasting() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = walk(2);
    assert_eq!(commands.len(), 6, "{commands:?}");
    paste(folder.path(), &commands);
}
