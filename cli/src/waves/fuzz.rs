//! Wave files, sheets, plans and journals that nobody should write, against what reads them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::LazyLock;

use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};

use super::format::Wave;
use super::journal::{self, State};
use super::mapping_sheet;
use super::mistakes::Mistakes;
use super::people;
use super::plan_file::Plan;
use super::reading;
use super::wanted::Side;
use crate::output::escaped;

const WAVE: &str = include_str!("../../templates/wave.toml");
const SMALL: &str = "name = \"Wave 1\"\nsource-tenant = \"5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\"\n\
    complete-after = 2026-12-12T20:00:00Z\nbatch-size = 0x20\n[users]\nfile = 'users.csv'\n";
const JOBS: &str = "name = \"Wave 2\"\nsource-tenant = \"5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\"\n\
    complete-after = \"2026-12-12T20:00:00+01:00\"\nworkloads = [\"Teams\", \"ODSP\"]\nuntil = \"migrated\"\n\
    [users]\nfile = \"u.csv\"\ncolumn = \"who\"\n[[batch]]\nname = \"first\"\n[[batch]]\nname = \"second\"\n";
/// What `xtmig apply` wrote of a run against the simulator.
const JOURNAL: &str = include_str!("../../tests/fixtures/journal.jsonl");
const USERS: &str = "user,batch\r\n84c0d5ab-7e21-4936-bf1a-0d9e63c2f754,first\r\n\"a@b.example\",\"sec\"\"ond\"\n\n,\n";
const MAPPINGS: &str = "source,target,kind,email,remove\na@b.example,c@d.example,regularUser,c@d.example,\n\
    b@b.example,,,,yes\n";

fn text(chosen: &[u8], seeds: &[&str]) -> String {
    let seeds: Vec<&[u8]> = seeds.iter().map(|seed| seed.as_bytes()).collect();
    String::from_utf8_lossy(&input(chosen, &seeds)).into_owned()
}

/// Each mistake names a place that the text has, and is one line.
fn check(mistakes: &Mistakes, text: &str) {
    let lines: Vec<&str> = text.split('\n').collect();
    for mistake in mistakes.all() {
        assert!(
            mistake.line <= lines.len(),
            "{mistake} of {} lines",
            lines.len()
        );
        if mistake.line > 0 && mistake.column > 0 {
            let length = lines[mistake.line - 1].chars().count();
            assert!(
                mistake.column <= length + 1,
                "{mistake} of {length} characters"
            );
        }
        assert!(!mistake.reason.is_empty());
        assert_one_line(&escaped(&mistake.to_string()), 16 * text.len() + 2_000);
    }
}

#[test]
fn wave_files() {
    fuzz!(250, |chosen: &[u8]| {
        let text = text(chosen, &[WAVE, SMALL, JOBS]);
        let file = Path::new("wave.toml");
        let mut mistakes = Mistakes::default();
        let read = reading::read(&text, file, &mut mistakes);
        let read = read.expect("the schema can be used");
        check(&mistakes, &text);
        // Either it is used, or somebody is told why not.
        assert_eq!(read.is_some(), mistakes.is_empty(), "{text}");
        let Some((wave, _)) = read else { return };
        assert!((1..=100).contains(&wave.batch_size), "{text}");
        let written = toml::to_string(&wave).expect("a wave is written");
        let again = reading::read(&written, file, &mut mistakes).expect("the schema can be used");
        assert!(mistakes.is_empty(), "{written}");
        let (again, _) = again.expect("what it writes it reads");
        let json = |wave| serde_json::to_value(wave).expect("JSON");
        assert_eq!(json(&wave), json(&again), "{text}");
    });
}

/// A wave with the columns of the sheet below.
static USERS_WAVE: LazyLock<Wave> = LazyLock::new(|| {
    let mut mistakes = Mistakes::default();
    let read = reading::read(SMALL, Path::new("wave.toml"), &mut mistakes);
    let (mut wave, _) = read.expect("the schema").expect("a wave");
    wave.users.column = "user".to_owned();
    wave.users.batch_column = "batch".to_owned();
    wave
});

#[test]
fn users() {
    fuzz!(250, |chosen: &[u8]| {
        let mut mistakes = Mistakes::default();
        let wave = &*USERS_WAVE;
        let text = text(chosen, &[USERS]);
        let people = people::read(wave, (&text, "users.csv".into()), None, &mut mistakes);
        check(&mistakes, &text);
        let was_whole = mistakes.is_empty();
        let users = people.users(&std::collections::HashMap::new(), &mut mistakes);
        check(&mistakes, &text);
        // Nobody is in it twice, and nobody who is not in the file.
        let mut ids = HashSet::new();
        let lower = text.to_lowercase();
        for assigned in &users {
            let id = assigned.user.id.as_str();
            assert!(people::is_object_id(id), "{id}");
            assert!(lower.contains(&id.to_lowercase()), "{id} of {text}");
            assert!(ids.insert(id.to_lowercase()), "{id} twice");
        }
        // A file without a mistake loses none of its lines.
        if was_whole && mistakes.is_empty() {
            let filled = |line: &str| line.contains(|c: char| c.is_alphanumeric());
            let lines = text.split(['\n', '\r']).filter(|line| filled(line)).count();
            assert!(
                text.contains('"') || users.len() + 1 == lines,
                "{} of {text:?}",
                users.len()
            );
        }
    });
}

#[test]
fn mappings() {
    fuzz!(250, |chosen: &[u8]| {
        let text = text(chosen, &[MAPPINGS]);
        for side in [Side::User, Side::Group] {
            let mut mistakes = Mistakes::default();
            let read = mapping_sheet::read(&text, Path::new("m.csv"), side, &mut mistakes);
            check(&mistakes, &text);
            let mut sources = HashSet::new();
            for mapping in &read {
                assert!(
                    sources.insert(mapping.source.to_lowercase()),
                    "{}",
                    mapping.source
                );
                assert!(
                    !mistakes.is_empty() || side == Side::Group || mapping.source.contains('@')
                );
            }
        }
    });
}

/// The plan of the journal's run, as a file.
static PLAN: LazyLock<String> = LazyLock::new(|| {
    let (_, plan, _) = journal::read(JOURNAL.as_bytes(), Path::new("j")).expect("a journal");
    serde_json::to_string_pretty(&plan).expect("a plan is written")
});

/// Either it is the plan that was made, or it is refused: whatever was changed by hand, nobody has looked at.
#[test]
fn plans() {
    let made = Plan::parse(&PLAN).expect("a plan");
    fuzz!(250, |chosen: &[u8]| {
        match Plan::parse(&text(chosen, &[&PLAN])) {
            Ok(plan) => assert_eq!(plan, made),
            Err(reason) => assert_one_line(&escaped(&reason), 4_000),
        }
    });
}

/// What another reader finds: the last that was said of each change.
fn last_events(text: &[u8]) -> HashMap<String, &'static str> {
    let mut last = HashMap::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line: serde_json::Value = serde_json::from_slice(line).expect("JSON");
        let mut say = |change: &serde_json::Value, what| {
            last.insert(change.as_str().expect("text").to_owned(), what);
        };
        match line["event"].as_str().expect("text") {
            "sending" => {
                let changes = line["changes"].as_array().expect("a list");
                for change in changes {
                    say(change, "sent");
                }
            }
            "done" => say(&line["change"], "done"),
            "notDone" => say(&line["change"], "not done"),
            "unknown" => say(&line["change"], "unknown"),
            _ => {}
        }
    }
    last
}

#[test]
fn journals() {
    let (run, rest) = JOURNAL.split_once('\n').expect("lines");
    let event = |event: &str| {
        let time = "2026-11-22T02:28:46.513Z";
        format!(r#"{{"time":"{time}","event":"{event}","change":"a","why":"interrupted"}}"#)
    };
    let told = format!("{run}\n{}\n{}\n", event("notDone"), event("unknown"));
    let rest = format!("{rest}{}", rest.replace("\"done\"", "\"unknown\""));
    fuzz!(250, |chosen: &[u8]| {
        // The plan has a target of its own, so that what follows it is spoilt here, mostly.
        let whole = match text(chosen, &[&told, &rest]) {
            text if text.starts_with('{') && !text.contains("\"run\"") => format!("{run}\n{text}"),
            text => text,
        };
        match journal::read(whole.as_bytes(), Path::new("journal.jsonl")) {
            Err(failure) => {
                let why = failure.why.unwrap_or_default();
                assert_one_line(&escaped(&format!("{}: {why}", failure.what)), 8_000);
            }
            Ok((_, _, states)) => {
                let states: HashMap<String, &str> = states
                    .into_iter()
                    .map(|(change, state)| {
                        let state = match state {
                            State::Sent => "sent",
                            State::Done { .. } => "done",
                            State::NotDone => "not done",
                            State::Unknown => "unknown",
                        };
                        (change, state)
                    })
                    .collect();
                assert_eq!(states, last_events(whole.as_bytes()), "{whole}");
            }
        }
    });
}
