//! What single calls do differently from the others of their client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use msgraph_migrations::{
    CallOptions, Client, ErrorKind, GetOptions, RefreshingToken, RetryPolicy, TokenError,
};

use crate::support::calls::{CALLS, JOB};
use crate::support::server::{Reply, SECRET, Server};

#[tokio::test]
async fn options_reach_the_calls_they_are_given_to_and_no_others() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let client = server.client();
    let options = CallOptions::new()
        .client_request_id("5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77")
        .include_unknown_enum_members()
        .header("X-Wave", "3")
        .header("Prefer", "odata.maxpagesize=50");
    let derived = client.with(options);
    let job = derived
        .get_job(JOB, GetOptions::new())
        .await
        .expect("a job");
    assert_eq!(
        job.client_request_id(),
        "5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77"
    );
    client.get_job(JOB, GetOptions::new()).await.expect("a job");
    // Later options win over earlier ones of the same name, and leave the others.
    let again = derived.with(CallOptions::new().header("x-wave", "4"));
    drop(again.cancel_job(JOB).await.expect("an outcome"));

    let requests = server.requests();
    let sent = |number: usize, name: &str| -> Vec<_> {
        let headers = requests[number].headers.iter();
        headers
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value.clone())
            .collect()
    };
    let id = "5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77";
    assert_eq!(sent(0, "client-request-id"), [id]);
    let preferences = ["include-unknown-enum-members", "odata.maxpagesize=50"];
    assert_eq!(sent(0, "prefer"), preferences);
    assert_eq!(sent(0, "x-wave"), ["3"]);
    assert_ne!(sent(1, "client-request-id"), [id]);
    assert!(sent(1, "prefer").is_empty() && sent(1, "x-wave").is_empty());
    assert_eq!(sent(2, "client-request-id"), [id]);
    assert_eq!(sent(2, "prefer"), preferences);
    assert_eq!(sent(2, "x-wave"), ["4"]);
}

#[tokio::test]
async fn what_the_client_answers_for_cannot_be_replaced() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let client = server.client();
    for (name, value) in [
        ("Authorization", "Bearer another"),
        ("content-length", "5"),
        ("Host", "elsewhere.example"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "upgrade"),
        ("Accept-Encoding", "gzip"),
        ("accept", "text/html"),
        ("content-type", "text/plain"),
        ("user-agent", "another"),
        ("client-request-id", "another"),
        ("range", "bytes=0-1"),
        ("x-http-method-override", "DELETE"),
        ("X-HTTP-Method", "DELETE"),
        ("", "x"),
        ("two words", "x"),
        ("x-line\r\nx-other", "x"),
        ("x-line", "one\r\nx-other: two"),
        ("x-zero", "a\0b"),
        ("x-naïve", "x"),
        ("x-name", "naïve"),
        ("x-escape", "\u{1b}[31m"),
    ] {
        let derived = client.with(CallOptions::new().header(name, value));
        for error in [
            derived.cancel_job(JOB).await.map(drop).expect_err(name),
            derived
                .get_job(JOB, GetOptions::new())
                .await
                .map(drop)
                .expect_err(name),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}: {error}");
            assert!(!error.was_sent(), "{error}");
            let text = error.to_string();
            assert!(!text.contains(['\n', '\r', '\u{1b}']), "{text:?}");
        }
    }
    for id in [
        "",
        "two words",
        "line\nend",
        "naïve",
        "\u{1b}[31m",
        &"x".repeat(129),
    ] {
        let derived = client.with(CallOptions::new().client_request_id(id));
        let error = derived.cancel_job(JOB).await.expect_err(id);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{id:?}: {error}");
        assert_ne!(error.client_request_id(), Some(id), "not into logs");
    }
    assert!(server.requests().is_empty());
    let outcome = client.cancel_job(JOB).await;
    assert!(outcome.is_ok(), "the client itself is as it was");
    let request = server.request();
    let token = format!("Bearer {SECRET}");
    assert_eq!(request.header("authorization"), Some(token.as_str()));
}

#[tokio::test]
async fn a_call_may_be_given_less_time_and_fewer_attempts() {
    let server = Server::start(Reply::Silence).await;
    let client = server.builder().retry(RetryPolicy::default()).build();
    let client = client.expect("a client");
    let hasty = CallOptions::new()
        .retry(RetryPolicy::never())
        .attempt_timeout(Duration::from_millis(20));
    for options in [
        hasty,
        CallOptions::new().total_timeout(Duration::from_millis(20)),
    ] {
        let error = client.with(options).get_job(JOB, GetOptions::new()).await;
        let error = error.expect_err("no answer in time");
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert_eq!(error.attempts(), 1);
    }
}

#[test]
fn values_of_headers_are_not_shown() {
    let options = CallOptions::new().header("x-api-key", "hunter2");
    let shown = format!("{options:?}");
    assert!(
        shown.contains("x-api-key") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_is_described_is_what_would_be_sent_and_none_of_it_is() {
    let server = Server::start(Reply::json(200, "{}")).await;
    for (operation, call) in CALLS {
        let described = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&described);
        // A source that fails shows that no token is asked for either.
        let without_token = RefreshingToken::new(|| async { Err(TokenError::new("no token")) });
        let options = CallOptions::new()
            .client_request_id("5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77")
            .describe_only(move |request| seen.lock().expect("a list").push(request.clone()));
        let silent = Client::builder(without_token)
            .endpoint(server.origin())
            .build()
            .expect("a client")
            .with(options);
        let before = server.requests().len();
        let error = call(&silent).await.expect_err("nothing is sent");
        assert_eq!(
            error.kind(),
            ErrorKind::DescribedOnly,
            "{operation}: {error}"
        );
        assert!(
            !error.was_sent() && !error.may_have_taken_effect(),
            "{operation}"
        );
        assert_eq!(server.requests().len(), before, "{operation}");

        let id = CallOptions::new().client_request_id("5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77");
        let _ = call(&server.client().with(id)).await;
        let sent = server.requests().pop().expect("a request");
        let described = described.lock().expect("a list").clone();
        let [described] = described.as_slice() else {
            panic!("{operation}: {described:?}");
        };
        assert_eq!(described.method, sent.method, "{operation}");
        assert_eq!(described.url, format!("{}{}", server.origin(), sent.target));
        let body = described.body.clone().unwrap_or_default();
        assert_eq!(body.as_bytes(), sent.body, "{operation}");
        for (name, value) in &described.headers {
            assert_eq!(
                sent.header(name),
                Some(value.as_str()),
                "{operation}: {name}"
            );
            assert!(!value.contains(SECRET), "{operation}: {name}");
        }
        let is_told = |name: &str| described.headers.iter().any(|(told, _)| told == name);
        assert!(!is_told("authorization"), "{operation}");
        for (name, _) in &sent.headers {
            // The HTTP library adds these by itself as it sends.
            let is_added =
                ["accept", "authorization", "content-length", "host"].contains(&name.as_str());
            assert!(
                is_added || is_told(name),
                "{operation}: {name} is not told of"
            );
        }
    }
}

#[tokio::test]
async fn each_request_is_told_of_with_its_ids_whether_or_not_it_is_answered() {
    let asked = AtomicUsize::new(0);
    let server = Server::start_with(move |_| {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        let id = format!("request-{number}");
        match number {
            0 => Reply::new(503, &[("retry-after", "0"), ("request-id", &id)], "{}"),
            _ => Reply::new(202, &[("request-id", &id)], "{}"),
        }
    })
    .await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let options = CallOptions::new()
        .client_request_id("5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77")
        .on_attempt(move |attempt| {
            heard.lock().expect("a list").push(format!(
                "{} {} {} {:?} {:?} {}",
                attempt.operation.id,
                attempt.number,
                attempt.client_request_id,
                attempt.request_id,
                attempt.status.map(|status| status.as_u16()),
                attempt.was_sent,
            ));
        });
    let client = server.builder().retry(RetryPolicy::default()).build();
    let client = client.expect("a client").with(options.clone());
    drop(client.cancel_job(JOB).await);
    // Nobody listens there any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let gone = Client::builder(msgraph_migrations::AccessToken::new("any").expect("a token"))
        .endpoint(origin)
        .retry(RetryPolicy::never())
        .build()
        .expect("a client")
        .with(options);
    gone.cancel_job(JOB).await.expect_err("no answer");
    let id = "5b0f3a52-7f2c-4a0e-9a55-0f0d2a9c1e77";
    let told = told.lock().expect("a list");
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(
        told[0],
        format!("cancelJob 1 {id} Some(\"request-0\") Some(503) true")
    );
    assert_eq!(
        told[1],
        format!("cancelJob 2 {id} Some(\"request-1\") Some(202) true")
    );
    assert!(
        told[2].starts_with(&format!("cancelJob 1 {id} None None ")),
        "{told:?}"
    );
}
