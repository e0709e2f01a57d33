//! The program, and a simulator for it.

use std::io::{BufRead, BufReader, Read};
use std::process::{self, Child, ChildStdout, Output, Stdio};

use assert_cmd::Command;
#[cfg(unix)]
use msgraph_migrations_sandbox::{Fault, FaultRule};
use msgraph_migrations_sandbox::{Sandbox, SandboxBuilder};
use serde_json::Value;

/// A token that must never be seen.
pub const TOKEN: &str = "secret-a3f1c9";

/// A simulator with demo data.
pub async fn demo() -> Sandbox {
    start(Sandbox::builder()).await
}

pub async fn start(builder: SandboxBuilder) -> Sandbox {
    builder.seed(7).demo().start().await.expect("a free port")
}

/// Nothing but reads reached the service.
#[track_caller]
pub fn assert_only_read(sandbox: &Sandbox) {
    let requests = sandbox.requests();
    let changes: Vec<_> = requests
        .iter()
        .filter(|request| request.method != "GET")
        .map(|request| &request.path)
        .collect();
    assert!(changes.is_empty(), "{changes:?}");
}

/// Answers to `operation` come late, so that Ctrl-C comes while they are waited for.
#[cfg(unix)]
pub fn slow(sandbox: &Sandbox, operation: &str, milliseconds: u64) {
    let latency = Fault::Latency { milliseconds };
    sandbox
        .set_faults(vec![FaultRule::new(operation, latency)])
        .expect("a rule");
}

/// Waits until the service has carried something out whose answer is on its way.
#[cfg(unix)]
pub async fn until_effect(sandbox: &Sandbox, operation: &str) {
    while sandbox.effects(operation) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The program without any setting of whoever runs the tests.
pub fn program() -> Command {
    let mut command = Command::cargo_bin("xtmig").expect("the program");
    command.env_clear().env("TZ", "UTC");
    command
}

/// The arguments, with what confirms that they touch `count`.
pub fn yes<'a>(arguments: &[&'a str], count: u8) -> Vec<&'a str> {
    let count = ["0", "1", "2", "3"][usize::from(count)];
    if arguments.contains(&"validate") {
        return arguments.to_vec();
    }
    [arguments, &["--yes", "--expect", count]].concat()
}

/// Runs the program against `sandbox`, with nobody to ask.
#[track_caller]
pub fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    run_with_input(sandbox, arguments, "")
}

#[track_caller]
pub fn run_with_input(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Ran {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .args(["--base-url", &sandbox.base_url(), "--utc"])
        .args(arguments)
        .write_stdin(input);
    ran(&command.output().expect("the program runs"))
}

#[track_caller]
pub fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let ran = Ran {
        code: output.status.code().expect("an exit code"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(TOKEN), "the token is shown: {ran:?}");
        assert!(
            !text.contains('\u{1b}'),
            "colour where nobody sees it: {ran:?}"
        );
        assert!(!text.contains("panicked"), "{ran:?}");
    }
    ran
}

/// The program while it runs.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    pub fn start(sandbox: &Sandbox, arguments: &[&str], token_file: Option<&str>) -> Self {
        let mut command = process::Command::new(assert_cmd::cargo::cargo_bin!("xtmig"));
        command
            .env_clear()
            .env("TZ", "UTC")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        match token_file {
            Some(file) => command.env("XTMIG_TOKEN_FILE", file),
            None => command.env("XTMIG_TOKEN", TOKEN),
        };
        command
            .args(["--base-url", &sandbox.base_url(), "--utc"])
            .args(arguments);
        Self::spawn(command)
    }

    pub fn spawn(mut command: process::Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let out = BufReader::new(child.stdout.take().expect("standard output"));
        Self { child, out }
    }

    /// The next line of the results; empty once there is none.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("UTF-8");
        line.trim_end().to_owned()
    }

    pub fn json(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = process::Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the end: the code, the rest of the results, and what was said.
    pub fn end(mut self) -> (i32, String, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("UTF-8");
        let output = self.child.wait_with_output().expect("it ends");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(
            !said.contains(TOKEN) && !said.contains("panicked"),
            "{said}"
        );
        (code(output.status), rest, said)
    }

    /// Presses Ctrl-C until the program ends.
    #[cfg(unix)]
    pub async fn interrupted_until_it_ends(mut self) -> (i32, String, String) {
        while self.child.try_wait().expect("a child").is_none() {
            self.signal("-INT");
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        self.end()
    }
}

/// The exit code; of a process that a signal ended, the signal below zero.
fn code(status: process::ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return -signal;
    }
    status.code().unwrap_or(i32::MIN)
}

/// `jobs run` of one user's Teams, whose job completes after a date.
pub fn a_run<'a>(job: &'a str, complete_after: &'a str) -> [&'a str; 14] {
    [
        "jobs",
        "run",
        job,
        "--source-tenant",
        "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "--complete-after",
        complete_after,
        "--workloads",
        "Teams",
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
        "--interval",
        "1s",
        "--yes",
        "--expect=1",
    ]
}
