//! What appears in traces, and what never does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use msgraph_migrations::{Client, ErrorKind, GetOptions, ListOptions, RetryPolicy};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
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

/// Every span and event of every crate on one thread.
#[derive(Clone, Debug, Default)]
struct Traces {
    spans: BTreeMap<u64, Trace>,
    events: Vec<Trace>,
    entered: Vec<u64>,
}

thread_local! {
    static TRACES: RefCell<Option<Traces>> = const { RefCell::new(None) };
}

/// Starts to keep what is traced on this thread, on which everything of such a test runs.
///
/// One subscriber serves all threads: what a subscriber of one thread alone gets depends on which
/// thread comes first to a place that traces.
fn watch() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(Keeper).expect("no other subscriber");
    });
    TRACES.set(Some(Traces::default()));
}

fn watched() -> Traces {
    TRACES.take().expect("watch was called")
}

impl Traces {
    fn spans(&self, name: &str) -> Vec<&Trace> {
        self.spans
            .values()
            .filter(|span| span.name == name)
            .collect()
    }
}

struct Keeper;

fn with<T>(change: impl FnOnce(&mut Traces) -> T) -> Option<T> {
    TRACES.with_borrow_mut(|traces| traces.as_mut().map(change))
}

impl Subscriber for Keeper {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        with(|_| ()).is_some()
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::SeqCst);
        let mut span = Trace {
            name: attributes.metadata().name(),
            target: attributes.metadata().target().to_owned(),
            parent: attributes.parent().map(Id::into_u64),
            ..Trace::default()
        };
        attributes.record(&mut span);
        with(|traces| {
            span.parent = span.parent.or_else(|| traces.entered.last().copied());
            traces.spans.insert(id, span);
        });
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        with(|traces| {
            traces
                .spans
                .get_mut(&id.into_u64())
                .map(|span| values.record(span))
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut trace = Trace {
            name: "event",
            target: event.metadata().target().to_owned(),
            parent: event.parent().map(Id::into_u64),
            ..Trace::default()
        };
        event.record(&mut trace);
        with(|traces| traces.events.push(trace));
    }

    fn enter(&self, id: &Id) {
        with(|traces| traces.entered.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        with(|traces| {
            let place = traces
                .entered
                .iter()
                .rposition(|entered| *entered == id.into_u64());
            place.map(|place| traces.entered.remove(place))
        });
    }
}

fn client(server: &Server) -> Client {
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1));
    server.builder().retry(retry).build().expect("a client")
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

#[tokio::test(flavor = "current_thread")]
async fn a_call_is_a_span_and_each_of_its_requests_one_inside() {
    watch();
    let server = Server::start_with({
        let first = AtomicU64::new(0);
        move |_| match first.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::new(503, &[("retry-after", "0"), ("request-id", "first")], "{}"),
            _ => Reply::json(202, "{}"),
        }
    })
    .await;
    let _ = client(&server).cancel_job(JOB).await.expect("an outcome");

    let traces = watched();
    let [call] = traces.spans("graph call")[..] else {
        panic!("{traces:?}");
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
    let requests = traces.spans("graph request");
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
    for request in requests {
        let parent = request.parent.and_then(|id| traces.spans.get(&id));
        assert_eq!(parent.map(|span| span.name), Some("graph call"));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_request_without_an_answer_has_no_status() {
    watch();
    let server = Server::start(Reply::Hangup).await;
    let error = client(&server)
        .cancel_job(JOB)
        .await
        .expect_err("no answer");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    let traces = watched();
    let [request] = traces.spans("graph request")[..] else {
        panic!("{traces:?}");
    };
    assert_eq!(request.fields.keys().collect::<Vec<_>>(), [&"attempt"]);
    let failed = traces.events.iter().find(|event| {
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
    watch();
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
    let traces = watched();
    let shown = format!("{traces:?}");
    assert!(
        traces.spans("graph request").len() > 150,
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
