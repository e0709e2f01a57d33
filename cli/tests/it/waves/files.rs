//! Wave files: every mistake at once with its place, the example, and CSV as spreadsheets write it.

use std::fmt::Write as _;
use std::fs;

use msgraph_migrations_sandbox::Sandbox;

use super::{Folder, id, plan_rows, start, wave};
use crate::support::{Ran, program, ran};

/// A run that reaches nobody: mistakes are found before anything is asked.
fn offline(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.command("http://127.0.0.1:9", arguments);
    ran(&command.output().expect("it runs"))
}

/// None of these ends with a line break, behind which a run that was killed has left nothing whole.
#[test]
fn a_file_that_is_named_by_mistake_is_told_and_not_touched() {
    let folder = Folder::new();
    folder.wave(2, "until = \"migrating\"");
    let wave = fs::read_to_string(folder.path("wave.toml")).expect("a file");
    let texts = [
        ("wave.toml", wave.trim_end()),
        ("users.csv", "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754"),
        (
            "journal.jsonl",
            "{\"time\":\"2026-11-01T20:00:00Z\",\"event\":\"resumed\"}\n{\"time\"",
        ),
    ];
    for (name, text) in texts {
        let file = folder.write(name, text);
        let refused = offline(&folder, &["resume", name, "--yes", "--expect", "1"]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(
            refused.err.contains(&format!("{name} is no journal")),
            "{refused:?}"
        );
        assert_eq!(fs::read_to_string(file).expect("a file"), text, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_written_over_a_plan_and_over_nothing_else() {
    let folder = Folder::new();
    folder.wave(2, "until = \"migrating\"");
    let sandbox = start(Sandbox::builder()).await;
    let wave = fs::read_to_string(folder.path("wave.toml")).expect("a file");
    let to = |file: &str| folder.run(&sandbox, &["plan", "wave.toml", "--out", file]);
    let refused = to("wave.toml");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("it is there, and it is no plan"),
        "{refused:?}"
    );
    assert_eq!(
        fs::read_to_string(folder.path("wave.toml")).expect("a file"),
        wave
    );
    folder.write("empty", "");
    for file in ["plan.json", "plan.json", "empty"] {
        let written = to(file);
        assert_eq!(written.code, 10, "{file}: {written:?}");
    }
}

#[test]
fn every_mistake_is_told_at_once_with_line_column_and_reason() {
    let folder = Folder::new();
    folder.write(
        "users.csv",
        &format!(
            "user\n{}\nnobody\nines@h.example\n{}\n",
            id(1),
            id(1).to_uppercase()
        ),
    );
    folder.write(
        "mappings.csv",
        "source,target,remove\nines@a.example,,\ntomas,tomas@h.example,\njun@a.example,jun@h.example,perhaps\n",
    );
    folder.write(
        "wave.toml",
        r#"name = " Alder"
source-tenant = "alder.example"
complete-after = 2030-12-14T20:00:00
untill = "migrating"
until = "soon"
batch-size = 101
workloads = ["Exchange", "Exchange", "Mail"]
retry-failed = "yes"

[exchange]
source-endpoint = "one"
target-domain = "two"

[users]
file = "users.csv"
"#,
    );
    let refused = offline(&folder, &["plan", "wave.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    for expected in [
        r#"wave.toml:1:8: " Alder" is no name"#,
        r#"wave.toml:2:17: "alder.example" is no id of a tenant (a GUID)"#,
        r#"wave.toml:3:18: "2030-12-14T20:00:00" is no time with a zone"#,
        "wave.toml:4:1: there is no key untill here; there are batch, batch-size, complete-after,",
        r#"wave.toml:5:9: "soon" is not known here; there are created, validated, mapped, migrating, migrated"#,
        "wave.toml:6:14: 101 users are more than the 100 that a job may have",
        "wave.toml:7:13: one of these is named twice",
        r#"wave.toml:7:38: "Mail" is not known here; there are Exchange, ODSP, Teams, Meeting"#,
        r#"wave.toml:8:16: boolean is wanted here, not "yes""#,
        "wave.toml:10:1: the key target-delivery-domain is missing",
        "wave.toml:12:1: there is no key target-domain here; there are source-endpoint, target-delivery-domain",
    ] {
        assert!(
            refused.err.contains(expected),
            "{expected}\n{}",
            refused.err
        );
    }
    assert!(
        refused.err.contains("11 mistakes; nothing was sent"),
        "{}",
        refused.err
    );

    // What the schema cannot say, and what is wrong in the other files.
    folder.write(
        "wave.toml",
        &wave("until = \"mapped\"\n[mappings]\nusers = \"mappings.csv\"\ngroups = \"none.csv\"\n[[batch]]\nname = \"One\"\nworkloads = [\"Meeting\"]\n[[batch]]\nname = \"one\"\nworkloads = [\"Exchange\"]"),
    );
    let refused = offline(&folder, &["plan", "wave.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    for expected in [
        "wave.toml:8:10: none.csv cannot be read",
        "wave.toml:11:13: Meeting goes only with Teams and Exchange",
        "wave.toml:13:8: there are two batches one",
        "wave.toml:14:13: Exchange is among the workloads",
        "users.csv:1: there is no column batch; the columns are: user",
        "users.csv:3: nobody is neither an object id nor a user principal name",
        "users.csv:4: ines@h.example is no object id: name a CSV with both in [users.directory]",
        "users.csv:5:",
        "mappings.csv:2: no target is named",
        "mappings.csv:3: the source tomas is no user principal name",
        "mappings.csv:4: perhaps in the column remove is neither yes nor no",
    ] {
        assert!(
            refused.err.contains(expected),
            "{expected}\n{}",
            refused.err
        );
    }
    // A text that is no TOML has all its mistakes told too.
    folder.write("wave.toml", "name = \nusers = [1, \nbatch-size = = 3\n");
    let refused = offline(&folder, &["plan", "wave.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("wave.toml:1:"), "{}", refused.err);
}

#[test]
fn the_example_is_valid_names_its_schema_and_is_never_overwritten() {
    let folder = Folder::new();
    let written = ran(&program()
        .current_dir(folder.path(""))
        .args(["plan", "--init", "weekend/wave.toml"])
        .output()
        .expect("it runs"));
    assert_eq!(written.code, 0, "{written:?}");
    let text = fs::read_to_string(folder.path("weekend/wave.toml")).expect("the example");
    assert!(text.starts_with("#:schema ./wave.schema.json\n"), "{text}");
    let schema = fs::read_to_string(folder.path("weekend/wave.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    // Every key stands in it, so that somebody who reads it knows them all.
    for key in schema["properties"].as_object().expect("keys").keys() {
        assert!(text.contains(key.as_str()), "{key}");
    }
    let shown = offline(&folder, &["apply", "weekend/wave.toml", "--what-if"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.out.contains("Alderwood wave 4, plant"), "{shown:?}");
    let again = ran(&program()
        .current_dir(folder.path(""))
        .args(["plan", "--init", "weekend/wave.toml"])
        .output()
        .expect("it runs"));
    assert_eq!(again.code, 2, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_read_as_spreadsheets_write_it() {
    let folder = Folder::new();
    let sandbox = start(Sandbox::builder()).await;
    let text = format!(
        "\u{feff}User ,\"Full name\"\r\n{},\"Moreau, Ines\"\r\n\r\n{},\"Two\r\nlines\"\r\n",
        id(1).to_uppercase(),
        id(2)
    );
    folder.write("users.csv", &text);
    folder.write(
        "wave.toml",
        &format!("\u{feff}{}", wave("").replace('\n', "\r\n")),
    );
    let rows = plan_rows(&folder, &sandbox, 10);
    let users = rows[0]["after"]["users"].as_array().expect("users").clone();
    assert_eq!(users.len(), 2, "{rows:?}");
    assert_eq!(
        users[0]["id"],
        id(1),
        "in small letters, as the service compares them"
    );
    // The same user again, in other letters, behind a line that goes over two.
    folder.write("users.csv", &format!("{text}{},\"\"\r\n", id(1)));
    let refused = offline(&folder, &["plan", "wave.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused
            .err
            .contains(&format!("users.csv:6: {} is in line 2 already", id(1))),
        "{}",
        refused.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_other_waves_are_found_in_the_same_folder_and_where_they_are_named() {
    let folder = Folder::new();
    let sandbox = start(Sandbox::builder()).await;
    folder.wave(3, "");
    folder.write("others.csv", &format!("user\n{}\n", id(2).to_uppercase()));
    let other = wave("")
        .replace("\"Alder\"", "\"Birch\"")
        .replace("users.csv", "others.csv");
    // Anything else may be in the folder as well.
    folder.write("Cargo.toml", "[package]\nname = \"something\"\n");
    folder.write("birch.toml", &other);
    let refused = offline(&folder, &["plan", "wave.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains(&format!(
            "users.csv:4: {} is in Birch 1 of ./birch.toml too",
            id(2)
        )),
        "{}",
        refused.err
    );
    // A wave that is over is in nobody's way.
    folder.write("birch.toml", &other.replace("2030", "2020"));
    assert_eq!(plan_rows(&folder, &sandbox, 10).len(), 2);
    fs::remove_file(folder.path("birch.toml")).expect("gone");

    let elsewhere = Folder::new();
    elsewhere.wave(1, "");
    let named = elsewhere.path("wave.toml").display().to_string();
    let refused = offline(&folder, &["plan", "wave.toml", "--against", &named]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("has a job Alder 1 too"),
        "{}",
        refused.err
    );
    assert!(
        refused
            .err
            .contains(&format!("users.csv:2: {} is in Alder 1 of", id(0))),
        "{}",
        refused.err
    );
}

#[test]
fn a_hundred_and_one_users_are_two_jobs_and_never_one() {
    let folder = Folder::new();
    folder.wave(101, "");
    let shown = offline(&folder, &["apply", "wave.toml", "--what-if"]);
    let creations = shown
        .out
        .lines()
        .filter(|line| line.ends_with("crossTenantMigrationJobs"));
    assert_eq!(creations.count(), 2, "{shown:?}");
    let mut text = String::from("user,batch\n");
    for number in 0..101 {
        let _ = writeln!(text, "{},One", id(number));
    }
    folder.write("users.csv", &text);
    folder.write("wave.toml", &wave("[[batch]]\nname = \"One\""));
    let refused = offline(&folder, &["apply", "wave.toml", "--what-if"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused
            .err
            .contains("One has 101 users, more than the 100 that batch-size allows"),
        "{}",
        refused.err
    );
}
