//! What appears in traces, and what never does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msgraph_migrations::{Client, ErrorKind, GetOptions, ListOptions, RetryPolicy};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::calls::{CALLS, JOB, TASK, UPN, USER, call};
use crate::support::server::{REQUEST_ID, Reply, SECRET, Server};

/// One span or event.
#[derive(Clone, Debug, Default)]
struct Trace {
    name: &'static str,
    target: String,
    parent: Option<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Trace {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Keeps every span and event of every crate.
#[derive(Clone, Default)]
struct Capture {
    spans: Arc<Mutex<BTreeMap<u64, Trace>>>,
    events: Arc<Mutex<Vec<Trace>>>,
    entered: Arc<Mutex<Vec<u64>>>,
    next: Arc<AtomicU64>,
}

impl Capture {
    fn spans(&self, name: &str) -> Vec<Trace> {
        let spans = self.spans.lock().expect("no panic");
        spans
            .values()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }

    fn all(&self) -> Vec<Trace> {
        let spans = self.spans.lock().expect("no panic");
        let events = self.events.lock().expect("no panic");
        spans.values().chain(events.iter()).cloned().collect()
    }

    fn current(&self) -> Option<u64> {
        self.entered.lock().expect("no panic").last().copied()
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::SeqCst) + 1;
        let mut span = Trace {
            name: attributes.metadata().name(),
            target: attributes.metadata().target().to_owned(),
            parent: attributes
                .parent()
                .map(Id::into_u64)
                .or_else(|| self.current()),
            ..Trace::default()
        };
        attributes.record(&mut span);
        self.spans.lock().expect("no panic").insert(id, span);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        if let Some(span) = self.spans.lock().expect("no panic").get_mut(&id.into_u64()) {
            values.record(span);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut trace = Trace {
            name: "event",
            target: event.metadata().target().to_owned(),
            parent: event.parent().map(Id::into_u64).or_else(|| self.current()),
            ..Trace::default()
        };
        event.record(&mut trace);
        self.events.lock().expect("no panic").push(trace);
    }

    fn enter(&self, id: &Id) {
        self.entered.lock().expect("no panic").push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        let mut entered = self.entered.lock().expect("no panic");
        if let Some(place) = entered
            .iter()
            .rposition(|entered| *entered == id.into_u64())
        {
            entered.remove(place);
        }
    }
}

fn client(server: &Server) -> Client {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1));
    server.builder().retry(retry).build().expect("a client")
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

// The subscriber is that of this thread, on which everything of such a test runs.
#[tokio::test(flavor = "current_thread")]
async fn a_call_is_a_span_and_each_of_its_requests_one_inside() {
    let capture = Capture::default();
    let _guard = tracing::subscriber::set_default(capture.clone());
    let server = Server::start_with({
        let first = AtomicU64::new(0);
        move |_| match first.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::new(503, &[("retry-after", "0"), ("request-id", "first")], "{}"),
            _ => Reply::json(202, "{}"),
        }
    })
    .await;
    let _ = client(&server).cancel_job(JOB).await.expect("an outcome");

    let [call] = &capture.spans("graph call")[..] else {
        panic!("{:?}", capture.spans("graph call"));
    };
    assert!(call.target.starts_with("msgraph_migrations"), "{call:?}");
    let id = server.requests()[0].header("client-request-id").map(quoted);
    for (field, expected) in [
        ("operation", Some(quoted("cancelJob"))),
        ("method", Some(quoted("POST"))),
        (
            "path",
            Some(quoted(
                "/solutions/migrations/crossTenantMigrationJobs/{crossTenantMigrationJobId}/cancel",
            )),
        ),
        ("client_request_id", id),
    ] {
        assert_eq!(call.fields.get(field), expected.as_ref(), "{field}");
    }
    let requests = capture.spans("graph request");
    let told: Vec<_> = requests
        .iter()
        .map(|span| {
            ["attempt", "status", "request_id"].map(|field| span.fields.get(field).cloned())
        })
        .collect();
    let expected = [("1", "503", "first"), ("2", "202", REQUEST_ID)];
    assert_eq!(
        told,
        expected.map(|(attempt, status, id)| [
            Some(attempt.to_owned()),
            Some(status.to_owned()),
            Some(quoted(id))
        ])
    );
    assert!(
        requests.iter().all(|span| span.parent == Some(1)),
        "{requests:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_request_without_an_answer_has_no_status() {
    let capture = Capture::default();
    let _guard = tracing::subscriber::set_default(capture.clone());
    let server = Server::start(Reply::Hangup).await;
    let error = client(&server)
        .cancel_job(JOB)
        .await
        .expect_err("no answer");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    let [request] = &capture.spans("graph request")[..] else {
        panic!("{:?}", capture.spans("graph request"));
    };
    assert_eq!(request.fields.keys().collect::<Vec<_>>(), [&"attempt"]);
    let events = capture.events.lock().expect("no panic").clone();
    let failed = events.iter().find(|event| {
        event
            .fields
            .get("message")
            .is_some_and(|message| message == "request failed")
    });
    let failed = &failed.expect("an event").fields;
    assert_eq!(failed["kind"], "Interrupted");
    assert_eq!(failed["may_have_taken_effect"], "true");
}

#[tokio::test(flavor = "current_thread")]
async fn traces_show_no_token_no_query_no_body_and_nobody() {
    const WORDS: &str = "Ines Moreau has moved";
    let capture = Capture::default();
    let _guard = tracing::subscriber::set_default(capture.clone());
    let body = json!({ "error": { "code": "x", "message": WORDS } }).to_string();
    for reply in [
        Reply::json(200, "{}"),
        Reply::json(401, &body),
        Reply::json(404, &body),
        Reply::json(409, &body),
        Reply::json(500, &body),
        Reply::json(200, "<html>"),
        Reply::Hangup,
    ] {
        let server = Server::start(reply).await;
        let client = client(&server);
        for (id, _) in CALLS {
            let _ = call(id)(&client).await;
        }
        let options = ListOptions::new()
            .select(["displayName"])
            .skip_token("half-way");
        let _ = client.list_users(JOB, options).await;
        let _ = client.get_job("Alderwood wave 3", GetOptions::new()).await;
    }
    let shown = format!("{:?}", capture.all());
    assert!(
        capture.spans("graph request").len() > 150,
        "few requests were traced"
    );
    for secret in [
        SECRET,
        WORDS,
        JOB,
        USER,
        TASK,
        UPN,
        "ines.moreau",
        "displayName",
        "half-way",
        "Alderwood",
    ] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}
