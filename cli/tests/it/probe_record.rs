//! The record of a probe: nothing of the tenant survives, and it is still the same table.
//!
//! The searcher knows nothing of how values are replaced. It has the tenant's own values, looks for pieces of them in
//! every form that it can think of, and reads through what is encoded in the record itself.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use msgraph_migrations::SPECIFICATION;
use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::probe::{NAMED, fixture, shape, table};
use crate::support::{TOKEN, program, ran, run};

/// What nobody but the tenant knows.
const SECRETS: [&str; 24] = [
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

/// A tenant that answers reads with everything that could tell whose it is, in every corner.
struct Tenant {
    url: String,
    /// The first line of every request.
    requests: Arc<Mutex<Vec<String>>>,
    /// Every answer.
    said: Arc<Mutex<String>>,
}

impl Tenant {
    fn start() -> Self {
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

fn percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits: Option<String> =
            (byte == b'%').then(|| rest.by_ref().take(2).map(char::from).collect());
        match digits.and_then(|digits| u8::from_str_radix(&digits, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How long the pieces are that are looked for.
const PIECE: usize = 7;

/// Every text that the record holds in one way or another: as it is, unescaped, decoded.
fn readings(record: &str) -> Vec<String> {
    let unescaped: Value = serde_json::from_str(record).expect("JSON");
    let plain = texts(&unescaped);
    let mut all = vec![
        record.to_owned(),
        percent(&plain),
        percent(&percent(&plain)),
        plain,
    ];
    let is_encoded = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let words: BTreeSet<String> = all
        .iter()
        .flat_map(|text| text.split(|c: char| !is_encoded(c)))
        .filter(|word| word.len() > PIECE)
        .map(str::to_owned)
        .collect();
    for word in words {
        for start in 0..4.min(word.len()) {
            let piece = &word[start..];
            let whole = &piece[..piece.len() / 4 * 4];
            for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
                let decoded = engine.decode(piece).or_else(|_| engine.decode(whole));
                let decoded = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                all.extend(decoded.ok());
            }
        }
    }
    all.iter().map(|text| text.to_lowercase()).collect()
}

/// Names and values of everything, one a line.
fn texts(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let pairs = members.iter();
            let pairs = pairs.map(|(name, member)| [name.as_str(), "\n", &texts(member)].concat());
            pairs.collect()
        }
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::String(text) => format!("{text}\n"),
        other => format!("{other}\n"),
    }
}

/// Pieces of a value, in each form that something could write it in.
fn forms(secret: &str) -> BTreeSet<String> {
    let mut whole = vec![
        secret.to_owned(),
        secret.replace('-', ""),
        secret.replace(['.', ' ', '@', '/'], ""),
        secret.chars().rev().collect(),
        secret.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a text");
            hex
        }),
        secret.bytes().fold(String::new(), |mut all, byte| {
            write!(all, "%{byte:02X}").expect("a text");
            all
        }),
        secret.chars().fold(String::new(), |mut all, c| {
            write!(all, "\\u{:04x}", u32::from(c)).expect("a text");
            all
        }),
    ];
    for shift in ["", "x", "xx"] {
        let encoded = BASE64_STANDARD_NO_PAD.encode(format!("{shift}{secret}"));
        // The first and the last characters hold bits of what stands beside it.
        whole.push(encoded[4..encoded.len() - 2].to_owned());
    }
    whole
        .iter()
        .flat_map(|form| {
            let pieces: Vec<String> = pieces(&form.to_lowercase()).collect();
            pieces
        })
        .collect()
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    let last = (letters.len() + 1).saturating_sub(PIECE);
    (0..last).map(move |start| letters[start..start + PIECE].iter().collect())
}

fn probe_to(url: &str, file: &Path, arguments: &[&str]) -> crate::support::Ran {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .args(["--base-url", url, "--utc", "probe", "--record"])
        .arg(file)
        .args(arguments);
    ran(&command.output().expect("it runs"))
}

#[test]
fn nothing_of_the_tenant_survives_in_its_record() {
    let tenant = Tenant::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.json");
    let named = [
        "--yes",
        "--source-user",
        SECRETS[7],
        "--source-site",
        SECRETS[11],
        "--source-group",
        SECRETS[15],
        "--mapped-group",
        SECRETS[0],
        "--job",
        SECRETS[5],
    ];
    let ran = probe_to(&tenant.url, &file, &named);
    assert_eq!(ran.code, 0, "{ran:?}");
    let record = std::fs::read_to_string(&file).expect("a record");
    // The tenant did tell all of it.
    let live = probe_live(&tenant.url, &named[1..]);
    let readings = readings(&record);
    let held: HashMap<String, usize> = readings
        .iter()
        .enumerate()
        .flat_map(|(index, text)| pieces(text).map(move |piece| (piece, index)))
        .collect();
    let documents: HashSet<String> = pieces(&SPECIFICATION.to_lowercase()).collect();
    // What the program itself writes of every tenant, such as placeholders, says nothing.
    let own = [
        "00000000",
        "-0000-40",
        "0-4000-8",
        "000-8000",
        "https%3a%2f%2f",
    ];
    let mut survived = Vec::new();
    let mut looked_for = 0;
    for secret in SECRETS
        .iter()
        .copied()
        .chain([TOKEN, tenant.url.trim_start_matches("http://")])
    {
        for piece in forms(secret) {
            if documents.contains(&piece) || own.iter().any(|own| own.contains(piece.as_str())) {
                continue;
            }
            looked_for += 1;
            if let Some(index) = held.get(&piece) {
                let reading = &readings[*index];
                let at = reading.find(&piece).unwrap_or_default();
                let before: Vec<char> = reading[..at].chars().rev().take(30).collect();
                let around: String = before
                    .into_iter()
                    .rev()
                    .chain(reading[at..].chars().take(40))
                    .collect();
                survived.push(format!("{secret}: {piece:?} in {around:?}"));
            }
        }
    }
    assert!(looked_for > 5_000, "{looked_for}");
    assert!(
        survived.is_empty(),
        "{} of {looked_for}: {survived:#?}",
        survived.len()
    );
    // The fixture did answer with all of it, and the searcher finds what is there.
    let found = readings_of_the_fixture(&tenant);
    for secret in SECRETS.iter().filter(|secret| **secret != SECRETS[16]) {
        assert!(found.contains(&secret.to_lowercase()), "{secret}");
    }
    assert!(
        forms(SECRETS[5])
            .iter()
            .any(|piece| live.to_lowercase().contains(piece)),
        "{live}"
    );
    assert_still_tells(&record);
    // It was shown, line by line, before it was written.
    for line in record.lines() {
        assert!(ran.err.contains(line.trim()), "{line}");
    }
    // Reads alone, seen from the wire.
    let requests = tenant.requests.lock().expect("the log");
    assert!(requests.len() > 30, "{requests:?}");
    for request in requests.iter() {
        assert!(
            request.starts_with("GET /") && request.ends_with(" HTTP/1.1"),
            "{request}"
        );
    }
}

/// What the record still tells.
fn assert_still_tells(record: &str) {
    // What was one stays one, and different ones stay different.
    let kept: Value = serde_json::from_str(record).expect("JSON");
    let answers = kept["answers"].as_array().expect("answers");
    let list = answers
        .iter()
        .find(|answer| answer["question"] == "list")
        .expect("a list");
    let jobs = &list["body"]["json"]["value"];
    let single = answers
        .iter()
        .find(|answer| answer["operation"] == "getJob" && answer["status"] == 200)
        .expect("a job");
    assert_eq!(jobs[0]["id"], single["body"]["json"]["id"]);
    assert_eq!(
        jobs[0]["displayName"],
        single["body"]["json"]["displayName"]
    );
    assert_ne!(jobs[0]["id"], jobs[1]["id"]);
    let message = jobs[0]["message"].as_str().expect("a text");
    let id = jobs[0]["id"].as_str().expect("an id").to_uppercase();
    assert!(
        message.contains(&id),
        "the id inside a message is the same one: {message}"
    );
    assert!(
        single["url"]
            .as_str()
            .expect("a url")
            .contains(jobs[0]["id"].as_str().expect("an id"))
    );
    assert_eq!(jobs[0]["status"], "completedWithErrors");
    assert!(
        record.contains("EXCH-08") && record.contains("MnATargetUserIsNotSpoEnabled"),
        "codes stay"
    );
}

/// All that the fixture says, as it stands on the wire.
fn readings_of_the_fixture(tenant: &Tenant) -> String {
    tenant.said.lock().expect("what was said").to_lowercase()
}

/// What the screen shows of the deviations.
fn probe_live(url: &str, named: &[&str]) -> String {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .args(["--base-url", url, "--utc", "probe", "-o", "json", "-v"])
        .args(named);
    let ran = ran(&command.output().expect("it runs"));
    assert_eq!(ran.code, 0, "{ran:?}");
    format!("{}{}", ran.out, ran.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_gives_the_same_table_as_the_probe_that_made_it() {
    let odd = json!({"echoResources": "always", "capitalisedStatuses": true, "wrapEntityInValue": true,
        "createdBy": "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61", "completedLiteral": "success",
        "unpaddedTaskDates": true, "stagingContext": true, "maxPageSize": 7});
    for settings in [json!({}), odd] {
        let settings = serde_json::from_value(settings).expect("settings");
        let sandbox = fixture(Sandbox::builder().settings(settings)).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("record.json");
        let file = file.to_str().expect("UTF-8");
        let live = run(
            &sandbox,
            &[
                &["probe", "-o", "json", "--record", file, "--yes"],
                &NAMED[..],
            ]
            .concat(),
        );
        let mut command = program();
        command.args(["probe", "-o", "json", "--answers", file]);
        let again = ran(&command.output().expect("it runs"));
        assert_eq!(shape(&table(&live)), shape(&table(&again)));
        assert!(
            !std::fs::read_to_string(file)
                .expect("a record")
                .contains("Demo "),
            "names are gone"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_only_written_when_somebody_has_seen_it() {
    let sandbox = fixture(Sandbox::builder()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.json");
    let file = path.to_str().expect("UTF-8");
    let nobody = run(&sandbox, &["probe", "--record", file]);
    assert_eq!(nobody.code, 2, "{nobody:?}");
    assert!(
        nobody.err.contains("\"answers\""),
        "it is shown: {nobody:?}"
    );
    assert!(!path.exists());
    std::fs::write(&path, "mine").expect("a file");
    let before = sandbox.requests().len();
    let exists = run(&sandbox, &["probe", "--record", file, "--yes"]);
    assert_eq!(exists.code, 2, "{exists:?}");
    assert_eq!(sandbox.requests().len(), before, "nothing is sent first");
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_the_record_and_asks_before_it_is_written() {
    use crate::terminal::{code, start};

    // A tenant without jobs has a short record.
    let sandbox = Sandbox::builder().start().await.expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    for (typed, is_written) in [("n", false), ("", false), ("y", true)] {
        let path = folder.path().join("record.json");
        let file = path.to_str().expect("UTF-8");
        let mut session = start(&sandbox, &["probe", "--quiet", "--record", file], &[]);
        session.exp_string("\"format\"").expect("the record");
        session.exp_string("Write it? [y/N]").expect("the question");
        assert!(!path.exists(), "not before the answer");
        session.send_line(typed).expect("an answer");
        let said = session.exp_eof().expect("the end");
        assert_eq!(code(&session), 0, "{typed}: {said}");
        assert_eq!(path.exists(), is_written, "{typed}: {said}");
    }
}
