//! A server that gives every call the answer of the documents, without looking further than its path.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};

/// Prints the origin and answers until standard input ends.
pub fn serve(users: usize) -> ExitCode {
    let started = TcpListener::bind("127.0.0.1:0").and_then(|listener| {
        println!("http://{}", listener.local_addr()?);
        Ok(listener)
    });
    let listener = match started {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("no loopback port: {error}");
            return ExitCode::FAILURE;
        }
    };
    std::thread::spawn(move || {
        let answers = Arc::new([cancelled(), job(), page(users)].map(|body| body.to_string()));
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || {
                // A client that goes away ends its own connection only.
                if let Err(error) = answer(stream, &answers) {
                    eprintln!("a connection ended: {error}");
                }
            });
        }
    });
    match io::stdin().read_to_end(&mut Vec::new()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer(mut stream: TcpStream, [cancelled, job, page]: &[String; 3]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
        }
        let (status, body) = if first.contains("/cancel ") {
            (202, cancelled)
        } else if first.contains("/users ") {
            (200, page)
        } else {
            (200, job)
        };
        let head = format!(
            "HTTP/1.1 {status} Status\r\ncontent-type: application/json;odata.metadata=minimal\r\n\
             content-length: {}\r\ncache-control: no-cache\r\nstrict-transport-security: max-age=31536000\r\n\
             request-id: 0c5b1d6e-93fa-4a27-8e40-b6d7f2a91c38\r\n\
             client-request-id: 0c5b1d6e-93fa-4a27-8e40-b6d7f2a91c38\r\n\
             date: Sat, 21 Nov 2026 15:04:05 GMT\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    }
}

fn cancelled() -> Value {
    json!({
        "status": "pendingCancel",
        "message": "The request to cancel the migration job was accepted.",
    })
}

/// A job half way, of few users.
fn job() -> Value {
    json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#solutions/migrations/crossTenantMigrationJobs/$entity",
        "id": crate::JOB,
        "displayName": "Finance, second wave",
        "status": "inProgress",
        "message": "Batch is active in the system.",
        "jobType": "migrate",
        "resourceType": "users",
        "createdDateTime": "2026-11-02T09:12:00Z",
        "lastUpdatedDateTime": "2026-11-20T17:40:31Z",
        "completeAfterDateTime": "2026-11-28T18:00:00Z",
        "sourceTenantId": "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "targetTenantId": "aa53b979-82ca-451c-9aa0-6b24cbbb0d6d",
        "workloads": ["Exchange", "Teams", "ODSP"],
        "resources": ["84c0d5ab-7e21-4936-bf1a-000000000001", "84c0d5ab-7e21-4936-bf1a-000000000002"],
        "exchangeSettings": { "sourceEndpoint": "alderwood", "targetDeliveryDomain": "target.example" },
    })
}

/// Users as a job has them half way: most workloads are done, every tenth mailbox has failed.
fn page(users: usize) -> Value {
    let value: Vec<_> = (0..users)
        .map(|number| {
            let mailbox = if number % 10 == 9 {
                let error = json!({ "code": "EXCH-08", "message": "The mailbox could not be prepared for the move." });
                json!({ "service": "Exchange", "status": "failed", "message": "The mailbox cannot be moved.", "errors": [error] })
            } else {
                json!({ "service": "Exchange", "status": "syncing", "message": "", "errors": [] })
            };
            let synced = |service: &str| json!({ "service": service, "status": "synced", "message": "", "errors": [] });
            json!({
                "id": format!("84c0d5ab-7e21-4936-bf1a-{number:012x}"),
                "lastUpdatedDateTime": "2026-11-23T04:12:55Z",
                "currentStatus": [mailbox, synced("Teams"), synced("ODSP"), synced("Meeting")],
            })
        })
        .collect();
    json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#solutions/migrations/crossTenantMigrationJobs('a35e80d7-4b19-4c6f-92d8-e17f0b6c5a24')/users",
        "value": value,
    })
}
