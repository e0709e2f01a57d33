//! Nobody but its user steers the sandbox, and nobody can make it wait.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use msgraph_migrations_sandbox::Sandbox;

use crate::program::{PROGRAM, Running, start};
use crate::support::{JOBS, room, room_with};

#[tokio::test]
async fn a_page_from_elsewhere_and_a_name_that_leads_here_are_refused() {
    let room = room().await;
    let own = room.sandbox.base_url();
    let host = room.sandbox.address().to_string();
    let port = room.sandbox.address().port();
    for (header, value, status) in [
        ("origin", "http://evil.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
        ("origin", own.replace("http:", "https:"), 403),
        ("origin", own.clone(), 200),
        ("origin", format!("http://localhost:{port}"), 200),
        ("host", format!("evil.example:{port}"), 403),
        ("host", "127.0.0.1:1".to_owned(), 403),
        ("host", format!("localhost:{port}"), 200),
        ("host", host, 200),
    ] {
        room.sandbox.preload_jobs(1, 1).expect("a job");
        let request = room
            .client
            .post(format!("{own}/_sandbox/reset"))
            .header(header, &value);
        let reply = room.send(request).await.expect(status);
        let left = room.sandbox.jobs().len();
        assert_eq!(
            left == 0,
            status == 200,
            "{header}: {value}: {}",
            reply.text
        );
        room.sandbox.reset().expect("a reset");
    }
    // The simulated service itself has no such door: its callers bring a token.
    let request = room
        .request("GET", JOBS)
        .header("origin", "http://evil.example");
    room.send(request).await.expect(200);
}

#[tokio::test]
async fn behind_a_public_address_its_own_page_may_steer_it() {
    let room = room_with(Sandbox::builder().public_url("https://sandbox.example/")).await;
    let state = format!("{}/_sandbox/state", room.sandbox.base_url());
    for (host, origin, status) in [
        ("sandbox.example", "https://sandbox.example", 200),
        ("sandbox.example", "http://sandbox.example", 403),
        ("other.example", "https://sandbox.example", 403),
    ] {
        let request = room
            .client
            .get(&state)
            .header("host", host)
            .header("origin", origin);
        room.send(request).await.expect(status);
    }
}

#[tokio::test]
async fn half_open_connections_end_and_slow_answers_do_not() {
    let builder = Sandbox::builder().idle_timeout(Duration::from_millis(200));
    let room = room_with(builder).await;
    let address = room.sandbox.address();
    for start in [
        String::new(),
        "GET /v1.0/ HT".to_owned(),
        format!("POST {JOBS} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{{"),
    ] {
        let ended = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.write_all(start.as_bytes()).expect("half a request");
            // An end in any form will do: this read only has to come back.
            stream.read_to_end(&mut Vec::new()).is_ok()
        });
        let waited = tokio::time::timeout(Duration::from_mins(1), ended).await;
        assert!(waited.is_ok(), "the connection stays open");
    }
    let fault = msgraph_migrations_sandbox::Fault::Latency {
        milliseconds: 1_000,
    };
    room.sandbox
        .set_faults(vec![msgraph_migrations_sandbox::FaultRule::new(
            "listJobs", fault,
        )])
        .expect("a rule");
    room.get(JOBS).await.expect(200);
}

#[tokio::test]
async fn a_large_answer_that_nobody_takes_ends() {
    let builder = Sandbox::builder().idle_timeout(Duration::from_millis(200));
    let room = room_with(builder).await;
    // More than the sockets on both sides hold.
    room.sandbox.preload_jobs(200, 2_000).expect("jobs");
    let address = room.sandbox.address();
    let refused = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let request = format!("GET /_sandbox/export HTTP/1.1\r\nhost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        // A connection that was closed with unread bytes takes no more.
        while stream.write_all(b"\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let waited = tokio::time::timeout(Duration::from_mins(1), refused).await;
    assert!(waited.is_ok(), "the connection stays open");
    room.get(JOBS).await.expect(200);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_ended() {
    let builder = Sandbox::builder()
        .tls()
        .idle_timeout(Duration::from_millis(200));
    let room = room_with(builder).await;
    let address = room.sandbox.address();
    let ended = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        // The head of a record that promises more.
        stream
            .write_all(&[0x16, 0x03, 0x01, 0x02, 0x00])
            .expect("half a record");
        stream.read_to_end(&mut Vec::new()).is_ok()
    });
    let waited = tokio::time::timeout(Duration::from_mins(1), ended).await;
    assert!(waited.is_ok(), "the connection stays open");
}

/// Sends requests one after the other on one connection and returns how many were answered with 200.
fn send_many(address: &str, count: usize) -> usize {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .expect("a time limit");
    let mut lines = BufReader::new(stream.try_clone().expect("the same connection"));
    let mut answered = 0;
    for _ in 0..count {
        let request = format!(
            "GET {JOBS}/$count HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer t\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("a request");
        let mut length = 0;
        let mut line = String::new();
        lines.read_line(&mut line).expect("a status");
        answered += usize::from(line.contains(" 200 "));
        loop {
            line.clear();
            lines.read_line(&mut line).expect("a header");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        lines.read_exact(&mut vec![0; length]).expect("a body");
    }
    answered
}

#[cfg(unix)]
fn stop(program: &mut Running) {
    let id = program.child.id().to_string();
    let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(program.child.wait().expect("an end").code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_unread_log_holds_nothing_up_and_its_lost_lines_are_counted() {
    const REQUESTS: usize = 5_000;
    // Only the first line is read; the pipe behind it holds a fraction of the rest.
    let mut program = start(&[]);
    let address = program.url.trim_start_matches("http://").to_owned();
    assert_eq!(send_many(&address, REQUESTS), REQUESTS);
    // The control endpoints answer too, and from here on somebody reads.
    let mut control = TcpStream::connect(&address).expect("a connection");
    write!(
        control,
        "GET /_sandbox/requests?after={} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n",
        REQUESTS - 1
    )
    .expect("a request");
    let mut answer = String::new();
    control.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("\"total\":5000"), "{answer}");
    let reader = {
        let mut lines = std::mem::replace(
            &mut program.lines,
            BufReader::new(
                Command::new("true")
                    .stdout(Stdio::piped())
                    .spawn()
                    .expect("true")
                    .stdout
                    .take()
                    .expect("a pipe"),
            ),
        );
        std::thread::spawn(move || {
            let mut text = String::new();
            lines.read_to_string(&mut text).expect("the log");
            text
        })
    };
    stop(&mut program);
    let text = reader.join().expect("the log");
    let dropped: usize = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix('(')?
                .split(' ')
                .next()?
                .parse::<usize>()
                .ok()
        })
        .sum();
    let written = text.lines().filter(|line| line.contains(" GET ")).count();
    assert_eq!(
        written + dropped,
        REQUESTS,
        "{written} written, {dropped} dropped"
    );
}

#[cfg(unix)]
#[test]
fn a_full_pipe_does_not_hold_up_the_end() {
    let mut program = start(&[]);
    let address = program.url.trim_start_matches("http://").to_owned();
    assert_eq!(send_many(&address, 5_000), 5_000);
    stop(&mut program);
}

#[cfg(unix)]
#[test]
fn the_log_can_be_silent_or_go_to_a_file() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("requests.log");
    let _ = std::fs::remove_file(&path);
    let file = path.display().to_string();
    for (arguments, in_file) in [(vec!["--quiet"], 0), (vec!["--log", &file], 3)] {
        let mut program = start(&arguments);
        let address = program.url.trim_start_matches("http://").to_owned();
        assert_eq!(send_many(&address, 3), 3);
        stop(&mut program);
        let mut rest = String::new();
        program.lines.read_to_string(&mut rest).expect("the output");
        assert_eq!(rest, "", "{arguments:?}");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text.lines().count(), in_file, "{text}");
    }
    let output = Command::new(PROGRAM)
        .args(["--log", "/does/not/exist/log"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
}
