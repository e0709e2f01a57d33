//! The sandbox as a program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use msgraph_migrations_sandbox::JobStatus;
use serde_json::{Value, json};

use crate::support::http;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_msgraph-migrations-sandbox");
const JOBS: &str = "/v1.0/solutions/migrations/crossTenantMigrationJobs";

/// A running program that is ended with the test.
pub struct Running {
    pub child: Child,
    pub lines: BufReader<std::process::ChildStdout>,
    pub url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn start(arguments: &[&str]) -> Running {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    let mut first = String::new();
    lines.read_line(&mut first).expect("a first line");
    let url = first
        .trim_end()
        .strip_prefix("listening on ")
        .expect("where it listens")
        .to_owned();
    assert!(url.contains("://127.0.0.1:"), "{url}");
    Running { child, lines, url }
}

async fn get(url: &str) -> (u16, Value) {
    let response = http()
        .build()
        .expect("a client")
        .get(url)
        .bearer_auth("secret-token")
        .send()
        .await
        .expect("an answer");
    (
        response.status().as_u16(),
        response.json().await.expect("JSON"),
    )
}

fn file(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::File::create(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("a file");
    path.display().to_string()
}

#[tokio::test]
async fn the_program_says_where_it_listens_and_reports_each_request() {
    let faults = file(
        "faults.json",
        &json!([{"operation": "getJob", "fault": {"kind": "gatewayTimeout"}}]).to_string(),
    );
    let mut program = start(&[
        "--demo",
        "--token",
        "secret-token",
        "--seed",
        "3",
        "--speed",
        "2",
        "--port",
        "0",
        "--faults",
        &faults,
    ]);
    let (status, page) = get(&format!("{}{JOBS}?$count=true", program.url)).await;
    let each_status = u64::try_from(JobStatus::ALL.len()).expect("a count");
    assert_eq!(
        (status, page["@odata.count"].as_u64()),
        (200, Some(each_status))
    );
    assert_eq!(get(&format!("{}{JOBS}/x", program.url)).await.0, 504);
    for expected in [
        format!("1 GET {JOBS}?$count=true 200\n"),
        format!("2 GET {JOBS}/x 504 {{gatewayTimeout}}\n"),
    ] {
        let mut line = String::new();
        program.lines.read_line(&mut line).expect("a line");
        assert_eq!(line, expected);
    }
}

#[cfg(unix)]
#[test]
fn signals_stop_the_program_cleanly() {
    for signal in ["TERM", "INT"] {
        let mut program = start(&[]);
        let id = program.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        let status = program.child.wait().expect("the program ends");
        assert_eq!(status.code(), Some(0), "SIG{signal}");
        let mut rest = String::new();
        program
            .lines
            .read_to_string(&mut rest)
            .expect("the rest of its output");
        assert_eq!(rest, "");
    }
}

#[test]
fn bad_flags_and_files_get_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let not_json = file("not.json", "{");
    let not_rules = file(
        "not-rules.json",
        r#"[{"operation": "*", "fault": {"kind": "earthquake"}}]"#,
    );
    let no_operation = file(
        "no-operation.json",
        r#"[{"operation": "fly", "fault": {"kind": "emptyBody"}}]"#,
    );
    let bad_settings = file("bad-settings.json", r#"{"colour": "blue"}"#);
    for (arguments, words) in [
        (vec!["--port", "70000"], "70000"),
        (vec!["--port", &port], "can't listen"),
        (vec!["--speed", "fast"], "fast"),
        (vec!["--speed=-1"], "speed"),
        (vec!["--fly"], "--fly"),
        (vec!["--start-time", "soon"], "soon"),
        (vec!["--rate-limit", "0"], "rate limit"),
        (
            vec!["--faults", "/does/not/exist.json"],
            "/does/not/exist.json",
        ),
        (vec!["--faults", &not_json], "not.json"),
        (vec!["--faults", &not_rules], "earthquake"),
        (vec!["--faults", &no_operation], "fly"),
        (vec!["--settings", &bad_settings], "colour"),
    ] {
        let output = Command::new(PROGRAM)
            .args(&arguments)
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(output.stderr).expect("text");
        assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
        assert!(text.contains(words), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty());
    }
    let help = Command::new(PROGRAM)
        .arg("--help")
        .output()
        .expect("the program runs");
    assert_eq!(
        (help.status.code(), help.stderr.is_empty()),
        (Some(0), true)
    );
}
