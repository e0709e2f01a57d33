//! The README's walk, command by command, as somebody would paste it.

use crate::support::{program, ran};

const README: &str = include_str!("../../README.md");

/// The commands in the README's first block, each with the code that it says to end in.
fn walk() -> Vec<(String, i32)> {
    let block = README
        .split("```sh\n")
        .nth(1)
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

#[cfg(unix)]
#[test]
fn the_weekend_in_ten_commands_works_by_pasting() {
    let folder = tempfile::tempdir().expect("a folder");
    let program_path = program().get_program().to_owned();
    let bin = std::path::Path::new(&program_path)
        .parent()
        .expect("a folder")
        .to_owned();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let commands = walk();
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
    for (command, code) in own {
        let mut shell = assert_cmd::Command::new("/bin/sh");
        shell
            .env_clear()
            .env("PATH", &path)
            .env("XTMIG_STATE_DIR", folder.path())
            .current_dir(folder.path())
            .args(["-c", command]);
        let ran = ran(&shell.output().expect("it runs"));
        assert_eq!(ran.code, *code, "{command}: {ran:?}");
    }
    assert!(folder.path().join("report.html").is_file());
}
