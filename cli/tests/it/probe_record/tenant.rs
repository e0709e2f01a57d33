//! A tenant that answers reads with everything that could tell whose it is.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::searcher::percent;

/// What nobody but the tenant knows.
pub const SECRETS: [&str; 24] = [
    "b7d1f0c2-93a4-4e58-8c6f-1a2d3e4f5061",
    "C0FFEE11-2233-4455-8677-8899AABBCCDD",
    "5e8a9d13-7b2c-4f60-9a1e-d4c3b2a19087",
    "f1e2d3c4-b5a6-4978-8a9b-0c1d2e3f4a5b",
    "d9c8b7a6-1357-4246-8ace-bdf013579bdf",
    "Projekt Falkenhorst Übernahme",
    "Zwetschgenkuchen GmbH",
    "ingeborg.quastenflosser@zwetschgenkuchen.example",
    "Hjalmar.Oechsle@knäckebröd.example",
    "zwetschgenkuchen.onmicrosoft.example",
    "falkenhorst-nach-kranichfeld",
    "https://zwetschgenkuchen.sharepoint.example/sites/Vorstandsklausur",
    "Quastenflosser",
    "Ingeborg",
    "Vorstandsklausur",
    "kranichfeld-projektgruppe",
    "AWSECRETSKIPTOKENxYz0123",
    "10.47.11.8",
    "fc00:4711:8:15::cafe",
    "WESTDEUTSCHLAND-RING7",
    "sessionKeks=qZ8vN3w",
    "+49 30 4711 0815",
    "Sondervermögenswert",
    "4711081547110815",
];

pub struct Tenant {
    pub url: String,
    /// The first line of every request.
    pub requests: Arc<Mutex<Vec<String>>>,
    /// Every answer.
    pub said: Arc<Mutex<String>>,
}

impl Tenant {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let said = Arc::<Mutex<String>>::default();
        let shared = (url.clone(), Arc::clone(&requests), Arc::clone(&said));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (origin, log, said) = shared.clone();
                thread::spawn(move || serve(&stream, &origin, &log, &said));
            }
        });
        Self {
            url,
            requests,
            said,
        }
    }
}

fn serve(
    stream: &TcpStream,
    origin: &str,
    log: &Mutex<Vec<String>>,
    said: &Mutex<String>,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else {
                break;
            };
            match name.to_lowercase().as_str() {
                "client-request-id" => value.trim().clone_into(&mut id),
                "content-length" => length = value.trim().parse().ok()?,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        log.lock()
            .ok()?
            .push(format!("{}{}", line.trim(), String::from_utf8_lossy(&body)));
        let (status, body) = answer(origin, &path);
        let body = body.to_string();
        let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        let diagnostic = json!({"ServerInfo": {"DataCenter": SECRETS[19], "Slice": SECRETS[0], "Address": SECRETS[17]}});
        for (name, value) in [
            (
                "Content-Type",
                "application/json;odata.metadata=minimal".to_owned(),
            ),
            ("request-id", SECRETS[4].to_owned()),
            ("client-request-id", id),
            ("x-ms-ags-diagnostic", diagnostic.to_string()),
            ("Set-Cookie", SECRETS[20].to_owned()),
            ("X-Tenant", SECRETS[2].to_owned()),
            ("Via", format!("1.1 {}", SECRETS[9])),
            ("Cache-Control", format!("private, owner={}", SECRETS[16])),
            (
                "Location",
                format!("https://{}/users/{}", SECRETS[9], SECRETS[12]),
            ),
        ] {
            write!(head, "{name}: {value}\r\n").ok()?;
        }
        let mut stream = stream.try_clone().ok()?;
        write!(said.lock().ok()?, "{head}{body}").ok()?;
        write!(stream, "{head}\r\n{body}").ok()?;
    }
}

fn job(origin: &str, name: &str, id: &str) -> Value {
    json!({
        "@odata.context": format!("{origin}/v1.0/$metadata#solutions/migrations/crossTenantMigrationJobs('{id}')/$entity"),
        "@odata.etag": format!("W/\"{}\"", BASE64_STANDARD.encode(SECRETS[5])),
        "id": id,
        "displayName": name,
        "jobType": "migrate",
        "status": "completedWithErrors",
        "message": format!("{} cannot be moved, ask {} or call {}; job {} of {} failed.",
            SECRETS[7], SECRETS[12], SECRETS[21], id.to_uppercase(), name),
        "completeAfterDateTime": "2026-10-03T20:00:00Z",
        "sourceTenantId": SECRETS[2],
        "targetTenantId": SECRETS[3],
        "createdBy": SECRETS[8],
        "resources": [SECRETS[0]],
        "resourceType": "users",
        "workloads": ["Teams", "exchange"],
        "exchangeSettings": {"sourceEndpoint": SECRETS[10], "targetDeliveryDomain": SECRETS[9]},
        "createdDateTime": "2026-09-19T08:14:05.1180422Z",
        "lastUpdatedDateTime": "2026-10-04T02:41:37Z",
        "costCentre": SECRETS[22],
        "contact": {"name": SECRETS[13], "number": 4_711_081_547_110_815_u64, SECRETS[14]: true, SECRETS[0]: SECRETS[1]},
        "encoded": BASE64_STANDARD.encode(SECRETS[7]),
        "percent": "ingeborg.quastenflosser%40zwetschgenkuchen.example",
    })
}

fn answer(origin: &str, path: &str) -> (u16, Value) {
    let decoded = percent(path);
    let inner = json!({"date": "2026-10-03T20:00:00", "request-id": SECRETS[4], "client-request-id": SECRETS[1],
        "machine": SECRETS[19], "ip": SECRETS[18]});
    let refused = |message: String| {
        (
            404,
            json!({"error": {"code": "NotFound", "message": message, "target": SECRETS[14],
            "details": [{"code": "resourceNotFound", "message": format!("TraceId: {}", SECRETS[4].replace('-', ""))}],
            "innerError": inner}}),
        )
    };
    let token = BASE64_STANDARD.encode(format!(
        "{{\"after\":\"{}\",\"x\":\"{}\"}}",
        SECRETS[5], SECRETS[16]
    ));
    let user = || {
        json!({
            "id": SECRETS[1], "lastUpdatedDateTime": "2026-10-04T02:41:37Z",
            "currentStatus": [{"service": "Exchange", "status": "failed", "message": format!("Mailbox of {} {}", SECRETS[13], SECRETS[12]),
                "errors": [{"code": "EXCH-08", "message": format!("{} at {} ({})", SECRETS[7].to_uppercase(), SECRETS[11], SECRETS[6])}]}],
        })
    };
    let identity = |name: &str| json!({"id": SECRETS[0], "displayName": SECRETS[13], "userPrincipalName": name});
    if decoded.contains("nobody-") || decoded.contains("unknown") {
        return refused(format!(
            "{} is not in the tenant {}.",
            SECRETS[7], SECRETS[3]
        ));
    }
    if decoded.contains("crossOrganizationMigrationTasks") {
        return (
            200,
            json!({
                "id": SECRETS[15], "status": "failed",
                "error": {"code": "MnATargetUserIsNotSpoEnabled", "message": format!("See {}", SECRETS[11]), "target": SECRETS[11]},
                "parameters": {"@odata.type": "#microsoft.graph.sharePointUserMigrationTaskParameters",
                    "sourceSiteUrl": SECRETS[11], "targetOrganizationId": SECRETS[2], "targetDataLocationCode": SECRETS[19],
                    "sourceUserIdentity": identity(SECRETS[7]), "targetUserIdentity": identity(SECRETS[8])},
                "lastUpdatedDateTime": "2026-10-04T02:41:37Z",
            }),
        );
    }
    if decoded.contains("Mappings") {
        return (
            200,
            json!({"id": BASE64_STANDARD.encode(SECRETS[7]), "sourceOrganizationId": SECRETS[2],
            "sourceUserIdentity": identity(SECRETS[7]), "targetUserIdentity": identity(SECRETS[8]),
            "targetUserMigrationData": {"email": SECRETS[7]}}),
        );
    }
    let (path, query) = decoded.split_once('?').unwrap_or((&decoded, ""));
    let parts: Vec<&str> = path.split('/').skip(5).collect();
    let next = |rest: &str| {
        format!(
            "{origin}/v1.0/solutions/migrations/crossTenantMigrationJobs{rest}?$skiptoken={}&owner={}",
            token.replace('=', "%3D"),
            SECRETS[12]
        )
    };
    match parts.as_slice() {
        [] if query.contains("skiptoken") => (200, json!({"value": []})),
        [] => (
            200,
            json!({"@odata.nextLink": next(""), "@odata.count": 2,
            "value": [job(origin, SECRETS[5], SECRETS[0]), job(origin, SECRETS[6], SECRETS[1])]}),
        ),
        [_, "users"] if query.contains("skiptoken") => (200, json!({"value": [user()]})),
        [id, "users"] if *id == SECRETS[0] => (
            200,
            json!({"@odata.nextLink": next("/x/users"), "value": [user()]}),
        ),
        [_, "users", id] if *id == SECRETS[1] => (200, user()),
        [id] if *id == SECRETS[0] || *id == SECRETS[5] => {
            (200, job(origin, SECRETS[5], SECRETS[0]))
        }
        _ => refused(format!("The job {path} of {} was not found.", SECRETS[12])),
    }
}
