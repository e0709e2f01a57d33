//! A migration weekend as a file: `plan`, `apply`, `rehearse` and `resume`.

mod applying;
#[cfg(unix)]
mod confirming;
mod faults;
mod fields;
mod files;
#[cfg(unix)]
mod interrupting;
mod looking_up;
mod moving;
mod rehearsing;
mod stalling;
mod weekend;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use msgraph_migrations_sandbox::{Sandbox, SandboxBuilder};
use serde_json::Value;

use crate::support::{Ran, TOKEN, ran};

/// The source tenant of all waves here.
const SOURCE: &str = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";

/// A folder with wave files, and a state folder of its own.
struct Folder(tempfile::TempDir);

/// The object id of a user by their number.
fn id(number: usize) -> String {
    format!("84c0d5ab-7e21-4936-bf1a-{number:012x}")
}

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }

    /// A wave of so many users and mappings, and what else its file says.
    fn wave(&self, users: usize, rest: &str) -> PathBuf {
        let mut text = String::from("user\n");
        for number in 0..users {
            let _ = writeln!(text, "{}", id(number));
        }
        self.write("users.csv", &text);
        self.write("wave.toml", &wave(rest))
    }

    /// Mappings of so many users.
    fn mappings(&self, count: usize) {
        let mut text = String::from("source,target\n");
        for number in 0..count {
            let _ = writeln!(text, "u{number}@a.example,u{number}@h.example");
        }
        self.write("mappings.csv", &text);
    }

    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> Ran {
        ran(&self
            .command(&sandbox.base_url(), arguments)
            .output()
            .expect("it runs"))
    }

    fn command(&self, url: &str, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(self.process(url, arguments));
        command.write_stdin("");
        command
    }

    fn process(&self, url: &str, arguments: &[&str]) -> process::Command {
        let mut command = process::Command::new(assert_cmd::cargo::cargo_bin!("xtmig"));
        command
            .env_clear()
            .env("TZ", "UTC")
            .env("XTMIG_TOKEN", TOKEN)
            .env("XTMIG_STATE_DIR", self.path("state"))
            .current_dir(self.0.path())
            .args(["--base-url", url, "--utc"])
            .args(arguments);
        command
    }

    /// The lines of the only journal.
    fn journal(&self) -> Vec<Value> {
        let runs = journals(&self.path("state/runs"));
        assert_eq!(runs.len(), 1, "{runs:?}");
        lines(&runs[0])
    }
}

fn journals(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    all.sort();
    all
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a journal");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

fn wave(rest: &str) -> String {
    format!(
        r#"name = "Alder"
source-tenant = "{SOURCE}"
complete-after = 2030-12-14T20:00:00Z
workloads = ["ODSP", "Teams"]
{rest}
[users]
file = "users.csv"
"#
    )
}

async fn start(builder: SandboxBuilder) -> Sandbox {
    builder
        .seed(7)
        .start_time(chrono_now())
        .max_users_per_job(100)
        .start()
        .await
        .expect("a free port")
}

/// Virtual time begins with real time, as the program goes by its own clock.
fn chrono_now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// The rows of a plan.
fn plan_rows(folder: &Folder, sandbox: &Sandbox, code: i32) -> Vec<Value> {
    let planned = folder.run(sandbox, &["plan", "wave.toml", "-o", "json"]);
    assert_eq!(planned.code, code, "{planned:?}");
    serde_json::from_str(&planned.out).expect("JSON")
}

fn effects(sandbox: &Sandbox) -> [u64; 4] {
    [
        "createJob",
        "validateJob",
        "updateUserMappings",
        "migrateJob",
    ]
    .map(|id| sandbox.effects(id))
}
