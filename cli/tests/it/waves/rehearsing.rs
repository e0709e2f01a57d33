//! `rehearse`: the same file against the simulator.

use std::fmt::Write as _;

use super::{Folder, id, wave};
use crate::support::{Ran, program, ran};

pub fn rehearse(folder: &Folder, arguments: &[&str]) -> Ran {
    // No token and no service: it cannot reach anything.
    let mut command = program();
    command
        .env("XTMIG_STATE_DIR", folder.path("state"))
        .current_dir(folder.path(""))
        .args(["--utc", "rehearse", "wave.toml"])
        .args(arguments)
        .write_stdin("");
    ran(&command.output().expect("it runs"))
}

#[test]
fn a_rehearsal_ends_with_what_would_have_gone_wrong_and_when() {
    let folder = Folder::new();
    folder.mappings(4);
    let mut text = String::from("user\n");
    for number in 0..6 {
        let _ = writeln!(text, "{}", id(number));
    }
    folder.write("users.csv", &text);
    folder.write(
        "wave.toml",
        &wave("until = \"migrated\"\nbatch-size = 3\n[mappings]\nusers = \"mappings.csv\"")
            .replace("\"ODSP\", \"Teams\"]", "\"Exchange\", \"ODSP\"]\n[exchange]\nsource-endpoint = \"a\"\ntarget-delivery-domain = \"b.example\"\n"),
    );
    let text = std::fs::read_to_string(folder.path("wave.toml")).expect("the wave");
    // Keys that stand above a table come first.
    let (head, tail) = text.split_once("\n[exchange]").expect("a table");
    let (exchange, rest) = tail.split_once("until = ").expect("a key");
    folder.write(
        "wave.toml",
        &format!("{head}\nuntil = {rest}\n[exchange]{exchange}"),
    );
    let played = rehearse(&folder, &[]);
    assert_eq!(played.code, 9, "a mailbox failed: {played:?}");
    for expected in [
        "+ create",
        "> migrate",
        "Alder 1",
        "completedWithErrors",
        "EXCH-08",
        "2030-12-14 20:",
        &id(1),
    ] {
        assert!(played.out.contains(expected), "{expected}: {}", played.out);
    }
    assert!(
        played.err.contains("nothing is sent to the service"),
        "{}",
        played.err
    );
    assert!(
        played.err.contains("What would have gone wrong, and when:"),
        "{}",
        played.err
    );
    // One list for programs.
    let played = rehearse(&folder, &["-o", "json", "--until", "created"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&played.out).expect("JSON");
    assert!(rows.iter().all(|row| row["time"].is_string()), "{rows:?}");
}

#[test]
fn a_scenario_of_ones_own_and_a_mistake_in_it() {
    let folder = Folder::new();
    folder.wave(2, "until = \"validated\"");
    let scenario = format!(
        "name = \"Own\"\nteaches = \"It.\"\n[[step]]\nat = \"+0s\"\nuser = \"{}\"\noutcome = {{ invalid = true, code = \"IM-003\" }}\n",
        id(1)
    );
    folder.write("own.toml", &scenario);
    let played = rehearse(&folder, &["--scenario", "own.toml"]);
    assert_eq!(played.code, 3, "{played:?}");
    assert!(
        played.out.contains("IM-003") && played.out.contains("validateFailed"),
        "{}",
        played.out
    );
    folder.write("own.toml", &scenario.replace("+0s", "soon"));
    let refused = rehearse(&folder, &["--scenario", "own.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let refused = rehearse(&folder, &["--what-if"]);
    assert_eq!(refused.code, 2, "{refused:?}");
}
