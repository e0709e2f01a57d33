//! Names in addresses, as a whole request has them, judged by a reader of `OData` that shares nothing with the client.
//!
//! With `LITERALS` set to the name of a file, name and address go there too, a line of JSON each, for the parsers of
//! other people that `.ci/literals` runs.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};

use msgraph_migrations::{CallOptions, Client, ErrorKind, GetOptions};
use msgraph_migrations_checks::hostile::{each, input};
use serde_json::json;

use crate::support::server::{Reply, Server};

const NAMES: [&str; 8] = [
    "ines.moreau@alderwood.example",
    "O'Brien''s (wave) 3/4, x='y'",
    "https://alderwood.sharepoint.example/sites/Finance?a=b#c",
    "%2e%2E%27)",
    "Ünïcödé 移行 \u{1f642}",
    "a\\b;c=d,e+f&g @h",
    "'",
    "\u{feff}\u{200b} ",
];

/// What stands between the parentheses of the last segment, decoded and with its quotes undone.
fn named(address: &str) -> Option<String> {
    let (_, last) = address.rsplit_once('/')?;
    let inside = last.split_once('(')?.1.strip_suffix(')')?;
    let (_, quoted) = inside.split_once('=')?;
    let mut bytes = Vec::new();
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        };
        bytes.push(byte);
    }
    let text = String::from_utf8(bytes).ok()?;
    let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let parts: Vec<&str> = inside.split("''").collect();
    parts
        .iter()
        .all(|part| !part.contains('\''))
        .then(|| parts.join("'"))
}

#[tokio::test]
async fn a_name_comes_out_of_the_address_as_it_went_in() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let client: Client = server
        .client()
        .with(CallOptions::new().describe_only(move |request| {
            sink.lock().expect("a list").push(request.url.clone());
        }));
    let names = Mutex::new(Vec::new());
    let seeds: Vec<&[u8]> = NAMES.iter().map(|name| name.as_bytes()).collect();
    each(600, |chosen| {
        let name = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        if name.len() < 2_000 {
            names.lock().expect("a list").push(name);
        }
    });
    let mut file = std::env::var_os("LITERALS").map(|path| File::create(path).expect("a file"));
    let mut told = 0;
    for name in names.into_inner().expect("a list") {
        let error = client
            .get_sharepoint_task_by_source_site_url(&name, GetOptions::new())
            .await
            .expect_err("nothing is sent");
        let urls: Vec<String> = seen.lock().expect("a list").drain(..).collect();
        if error.kind() == ErrorKind::InvalidRequest {
            assert!(
                name.is_empty() || name.contains(char::is_control),
                "{name:?}: {error}"
            );
            continue;
        }
        let [url] = urls.as_slice() else {
            panic!("{name:?} is described in {} requests", urls.len());
        };
        assert_eq!(named(url).as_deref(), Some(name.as_str()), "{url}");
        if let Some(file) = &mut file {
            let path = url
                .strip_prefix(&server.origin())
                .expect("the path of the server");
            writeln!(file, "{}", json!({ "name": name, "path": path })).expect("room");
        }
        told += 1;
    }
    assert!(told > 300, "{told}");
    assert!(server.requests().is_empty());
}
