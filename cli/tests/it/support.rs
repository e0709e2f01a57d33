//! The program, and a simulator for it.

use std::process::Output;

use assert_cmd::Command;
use msgraph_migrations_sandbox::{Sandbox, SandboxBuilder};

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
