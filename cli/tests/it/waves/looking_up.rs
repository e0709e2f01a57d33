//! `--resolve`: user principal names by Graph's `/users`, which is no part of the migration APIs.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::{Folder, id, wave};
use crate::support::{TOKEN, ran};

/// Answers as Graph would: users by their names, no job, and what is asked is kept.
fn graph() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let heard = Arc::clone(&heard);
            std::thread::spawn(move || answer(stream, &heard));
        }
    });
    (url, asked)
}

fn answer(mut stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    while let Some(Ok(first)) = lines.next() {
        let mut is_signed_in = false;
        for line in lines.by_ref() {
            let Ok(line) = line else { return };
            is_signed_in |= line.eq_ignore_ascii_case(&format!("authorization: Bearer {TOKEN}"));
            if line.is_empty() {
                break;
            }
        }
        let times = {
            let mut asked = asked.lock().expect("a list");
            asked.push(first.clone());
            asked.iter().filter(|one| **one == first).count()
        };
        let (status, header, body) = if !is_signed_in {
            ("401 Unauthorized", "", "{}".to_owned())
        } else if first.contains("/users/ines%23EXT%23@h.example?") {
            (
                "200 OK",
                "",
                format!(
                    r#"{{"id":"{}","userPrincipalName":"x"}}"#,
                    id(7).to_uppercase()
                ),
            )
        } else if first.contains("/users/busy@h.example?") && times == 1 {
            (
                "429 Too Many Requests",
                "retry-after: 0\r\n",
                "{}".to_owned(),
            )
        } else if first.contains("/users/busy@h.example?") {
            ("200 OK", "", format!(r#"{{"id":"{}"}}"#, id(8)))
        } else if first.contains("/users/secret@h.example?") {
            ("403 Forbidden", "", "{}".to_owned())
        } else if first.contains("/users/") {
            (
                "404 Not Found",
                "",
                r#"{"error":{"code":"Request_ResourceNotFound"}}"#.to_owned(),
            )
        } else {
            ("200 OK", "", r#"{"value":[]}"#.to_owned())
        };
        let _ = write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n{body}",
            body.len()
        );
    }
}

#[test]
fn names_are_looked_up_only_where_that_is_asked_for() {
    let folder = Folder::new();
    folder.write("wave.toml", &wave("until = \"created\""));
    folder.write("users.csv", "user\nines#EXT#@h.example\nbusy@h.example\n");
    let (url, asked) = graph();
    let run = |arguments: &[&str]| ran(&folder.command(&url, arguments).output().expect("it runs"));
    let refused = run(&["plan", "wave.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused
            .err
            .contains("users.csv:2: ines#EXT#@h.example is no object id"),
        "{refused:?}"
    );
    assert_eq!(asked.lock().expect("a list").len(), 0);

    let planned = run(&["plan", "wave.toml", "--resolve", "-o", "json"]);
    assert_eq!(planned.code, 10, "{planned:?}");
    let rows: serde_json::Value = serde_json::from_str(&planned.out).expect("JSON");
    let users = &rows[0]["after"]["users"];
    assert_eq!(users[0]["id"], id(7), "in small letters");
    assert_eq!(users[0]["name"], "ines#EXT#@h.example");
    assert_eq!(users[1]["id"], id(8), "after a pause that was asked for");
    let asked = asked.lock().expect("a list").clone();
    assert!(
        asked.iter().all(|line| line.starts_with("GET /v1.0/")),
        "{asked:?}"
    );

    // Who is not there is a mistake with a line; what is not allowed is told as that.
    folder.write("users.csv", "user\nnobody@h.example\n");
    let refused = run(&["plan", "wave.toml", "--resolve"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused
            .err
            .contains("users.csv:2: the tenant has no user nobody@h.example"),
        "{refused:?}"
    );
    folder.write("users.csv", "user\nsecret@h.example\n");
    let refused = run(&["plan", "wave.toml", "--resolve"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.err.contains("User.ReadBasic.All"), "{refused:?}");
}
