//! What an error tells.

use std::error::Error as _;
use std::time::Duration;

use msgraph_migrations::{Client, Error, ErrorKind, GetOptions, RetryPolicy};
use serde_json::json;

use crate::support::calls::{CALLS, JOB, call, new_job};
use crate::support::server::{REQUEST_ID, Reply, SECRET, Server};

async fn error(id: &str, reply: Reply) -> Error {
    let server = Server::start(reply).await;
    call(id)(&server.client())
        .await
        .err()
        .unwrap_or_else(|| panic!("{id} succeeded"))
}

#[tokio::test]
async fn a_refusal_tells_all_that_the_answer_told() {
    let body = json!({ "error": {
        "code": "BadArgument",
        "message": "A job with this name exists.",
        "target": "displayName",
        "details": [{ "code": "duplicateDisplayNameJob", "message": "taken", "target": "displayName" }],
        "innererror": { "code": "outer", "request-id": "in the body", "innerError": { "code": "innermost" } },
    }});
    let headers = [
        ("request-id", REQUEST_ID),
        ("client-request-id", "made by the caller"),
        ("retry-after", "2.128"),
        ("location", "/elsewhere"),
    ];
    let error = error("createJob", Reply::new(422, &headers, body.to_string())).await;
    let refusal = error.refusal().expect("a refusal");
    assert_eq!(error.status().map(|s| s.as_u16()), Some(422));
    assert_eq!(error.code(), Some("BadArgument"));
    assert_eq!(error.message(), Some("A job with this name exists."));
    assert_eq!(refusal.error().target.as_deref(), Some("displayName"));
    assert_eq!(refusal.error().details[0].message.as_deref(), Some("taken"));
    for code in [
        "BadArgument",
        "duplicateDisplayNameJob",
        "outer",
        "innermost",
        "INNERMOST",
    ] {
        assert!(error.has_code(code), "{code}");
    }
    assert!(!error.has_code("minThresholdFailed"));
    assert_eq!(error.request_id(), Some(REQUEST_ID));
    assert_eq!(refusal.client_request_id(), "made by the caller");
    assert_eq!(error.retry_after(), Some(Duration::from_millis(2128)));
    assert_eq!(error.location(), Some("/elsewhere"));
    assert_eq!(refusal.location(), Some("/elsewhere"));
    assert_eq!(
        error
            .headers()
            .map(|headers| headers.contains_key("retry-after")),
        Some(true)
    );
    assert_eq!(error.text().as_deref(), Some(body.to_string().as_str()));
}

#[tokio::test]
async fn the_request_id_is_found_in_the_body_when_no_header_has_it() {
    for inner in ["innerError", "innererror"] {
        let body = json!({ "error": { "code": "x", inner: { "request-id": "from the body" } } });
        let error = error("getJob", Reply::new(404, &[], body.to_string())).await;
        assert_eq!(error.request_id(), Some("from the body"), "{inner}");
    }
}

#[tokio::test]
async fn an_error_reads_as_one_line_with_everything_to_act_on() {
    let body =
        json!({ "error": { "code": "NotFound", "message": "No such\njob, it wasn't found." } })
            .to_string();
    let error = error("validateJob", Reply::json(404, body)).await;
    assert_eq!(
        error.to_string(),
        format!(
            "POST /v1.0/solutions/migrations/crossTenantMigrationJobs/{JOB}/validate: 404 Not Found, NotFound: \
             No such\\njob, it wasn't found. (request-id {REQUEST_ID}); it was not carried out; repeating will not help unless the \
             cause is removed"
        )
    );
}

/// Status, headers, whether it may have taken effect.
#[tokio::test]
async fn each_status_says_whether_the_request_may_have_taken_effect() {
    for (status, header, may) in [
        (400, None, false),
        (401, None, false),
        (403, None, false),
        (404, None, false),
        (408, None, true),
        (409, None, false),
        (411, None, false),
        (412, None, false),
        (402, None, true),
        (405, None, false),
        (406, None, true),
        (407, None, false),
        (410, None, false),
        (413, None, false),
        (414, None, false),
        (415, None, false),
        (416, None, true),
        (417, None, true),
        (418, None, true),
        (421, None, false),
        (422, None, false),
        (423, None, false),
        (424, None, false),
        (425, None, false),
        (426, None, false),
        (428, None, false),
        (431, None, false),
        (444, None, true),
        (451, None, false),
        (460, None, true),
        (498, None, true),
        (499, None, true),
        (499, Some(("retry-after", "5")), true),
        (429, None, false),
        (500, None, true),
        (501, None, false),
        (502, None, true),
        (503, None, true),
        (503, Some(("retry-after", "5")), false),
        (503, Some(("retry-after", "not a time")), true),
        (504, None, true),
        (509, None, true),
        (301, None, true),
        (304, None, true),
    ] {
        let headers: Vec<_> = header.into_iter().collect();
        for (id, idempotent) in [("createJob", false), ("getJob", true), ("updateJob", true)] {
            let error = error(id, Reply::new(status, &headers, "<html>")).await;
            assert_eq!(error.kind(), ErrorKind::Refused, "{id} {status}");
            assert!(error.was_sent(), "{id} {status}");
            assert_eq!(
                error.may_have_taken_effect(),
                may,
                "{id} {status} {header:?}"
            );
            assert_eq!(
                error.is_safe_to_repeat(),
                !may || idempotent,
                "{id} {status} {header:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_connection_that_never_came_about_is_safe_to_repeat() {
    let server = Server::start(Reply::Hangup).await;
    let builder = server.builder();
    drop(server);
    // The listener is closed by its task, which may take a moment.
    tokio::task::yield_now().await;
    let error = builder
        .build()
        .expect("a client")
        .cancel_job(JOB)
        .await
        .expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.was_sent() && !error.may_have_taken_effect() && error.is_safe_to_repeat());
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_leaves_an_action_in_doubt() {
    for (id, _) in CALLS {
        let error = error(id, Reply::Hangup).await;
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{id}: {error:?}");
        assert!(error.was_sent() && error.may_have_taken_effect(), "{id}");
        let idempotent = error.operation().expect("an operation").method != "POST";
        assert_eq!(error.is_safe_to_repeat(), idempotent, "{id}");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_leaves_an_action_in_doubt() {
    let server = Server::start(Reply::Silence).await;
    let client = server
        .builder()
        .attempt_timeout(Duration::from_millis(50))
        .build()
        .expect("a client");
    let error = client.migrate_job(JOB).await.expect_err("silence");
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.may_have_taken_effect() && !error.is_safe_to_repeat());
    assert!(error.to_string().contains("no answer in time"), "{error}");
}

#[tokio::test]
async fn a_body_that_breaks_off_does_not_lose_the_status() {
    let cut = |status: u16| {
        let head = format!(
            "HTTP/1.1 {status} Status\r\nrequest-id: {REQUEST_ID}\r\ncontent-length: 500\r\n\r\n"
        );
        Reply::Raw((head + r#"{"status":"pend"#).into_bytes())
    };
    let accepted = error("cancelJob", cut(202)).await;
    assert_eq!(accepted.kind(), ErrorKind::Unreadable, "{accepted}");
    assert_eq!(accepted.status().map(|s| s.as_u16()), Some(202));
    assert_eq!(accepted.request_id(), Some(REQUEST_ID));
    assert!(accepted.may_have_taken_effect());

    let refused = error("getJob", cut(500)).await;
    assert_eq!(refused.status().map(|s| s.as_u16()), Some(500));
    assert_eq!(refused.text().as_deref(), Some(r#"{"status":"pend"#));

    // A conflict is told by its status alone.
    let server = Server::start(cut(409)).await;
    let outcome = server.client().cancel_job(JOB).await.expect("an outcome");
    assert!(matches!(
        outcome,
        msgraph_migrations::CancelOutcome::Undetermined(_)
    ));
}

#[tokio::test]
async fn no_output_ever_shows_the_token() {
    let mut shown = Vec::new();
    let echo = json!({ "error": { "code": "x", "message": "fine" } }).to_string();
    let replies = [
        Reply::Hangup,
        Reply::json(401, &echo),
        Reply::json(200, "[]"),
        Reply::json(200, "{}"),
    ];
    for reply in replies {
        let server = Server::start(reply).await;
        let client = server.client();
        shown.push(format!("{client:?} {:?}", server.builder()));
        for (id, _) in CALLS {
            match call(id)(&client).await {
                Ok(seen) => shown.push(format!("{seen:?}")),
                Err(error) => {
                    shown.push(format!("{error} {error:?} {error:#?}"));
                    shown.push(serde_json::to_string(&error).expect("JSON"));
                    let mut source = error.source();
                    while let Some(inner) = source {
                        shown.push(format!("{inner} {inner:?}"));
                        source = inner.source();
                    }
                }
            }
        }
        shown.push(format!(
            "{:?}",
            client.get_job(JOB, GetOptions::new()).await
        ));
        shown.push(format!("{:?}", client.cancel_job(JOB).await));
    }
    let shown = shown.join("\n");
    assert!(shown.contains("createJob") || shown.contains("crossTenantMigrationJobs"));
    assert!(!shown.contains(SECRET), "the token is shown");
}

#[tokio::test]
async fn an_error_names_its_call_even_when_nothing_was_sent() {
    let server = Server::start(Reply::Hangup).await;
    let mut job = new_job();
    job.display_name.clear();
    let error = server
        .client()
        .create_job(&job)
        .await
        .expect_err("an empty name");
    let text = error.to_string();
    assert!(
        text.starts_with(
            "POST /solutions/migrations/crossTenantMigrationJobs: displayName is empty"
        ),
        "{text}"
    );
    assert!(
        text.ends_with("nothing was sent; correct the arguments"),
        "{text}"
    );
    assert_eq!(
        error.operation().map(|operation| operation.id),
        Some("createJob")
    );
}

#[test]
fn a_token_does_not_travel_over_plain_http_off_this_machine() {
    let token = msgraph_migrations::AccessToken::new(SECRET).expect("a token");
    let error = Client::builder(token)
        .endpoint("http://graph.microsoft.com")
        .build()
        .expect_err("plain http");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("plain http"), "{error}");
}

#[tokio::test]
async fn an_error_that_reaches_main_reads_as_a_sentence_with_its_causes() {
    // What `main` prints of an error that it returns is `Debug`, also of a boxed one.
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let client = Client::builder(msgraph_migrations::AccessToken::new(SECRET).expect("a token"))
        .endpoint(format!("http://{nobody}"))
        .retry(
            RetryPolicy::default()
                .max_attempts(5)
                .max_delay(Duration::from_millis(1)),
        )
        .build()
        .expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("nobody listens");
    let boxed: Box<dyn std::error::Error> = error.clone().into();
    let printed = format!("{boxed:?}");
    let sentence = error.to_string();
    assert!(printed.starts_with(&sentence), "{printed}");
    assert!(
        sentence.starts_with("POST /v1.0/solutions/migrations/"),
        "{sentence}"
    );
    assert!(
        sentence.contains("; 5 attempts; nothing was sent; "),
        "{sentence}"
    );
    assert!(
        printed[sentence.len()..].starts_with("; caused by: "),
        "{printed}"
    );
    assert!(!printed.contains('\n'), "{printed}");
    assert!(format!("{error:#?}").contains("kind: Connect"));
}

#[tokio::test]
async fn an_error_is_cloned_with_all_that_it_tells() {
    let body = json!({ "error": { "code": "NotFound", "message": "No such job." } }).to_string();
    let refused = error("getJob", Reply::json(404, body)).await;
    let unanswered = error("cancelJob", Reply::Hangup).await;
    for error in [refused, unanswered] {
        let copy = error.clone();
        assert_eq!(format!("{error:#?}"), format!("{copy:#?}"));
        assert_eq!(error.to_string(), copy.to_string());
        assert_eq!(error.source().is_some(), copy.source().is_some());
    }
}

#[tokio::test]
async fn an_error_is_written_with_its_request_and_how_far_it_got() {
    let body = json!({ "error": { "code": "NotFound", "message": "No such job." } }).to_string();
    let refused = error("getJob", Reply::json(404, body)).await;
    let written = serde_json::to_value(&refused).expect("JSON");
    assert_eq!(written["kind"], "refused");
    assert_eq!(written["message"], refused.to_string());
    assert_eq!(written["operation"], "getJob");
    assert_eq!(written["method"], "GET");
    assert_eq!(written["status"], 404);
    assert_eq!(written["requestId"], REQUEST_ID);
    assert_eq!(written["error"]["code"], "NotFound");
    assert_eq!(written["mayHaveTakenEffect"], false);

    let lost = error("cancelJob", Reply::Hangup).await;
    let written = serde_json::to_value(&lost).expect("JSON");
    assert_eq!(written["kind"], "interrupted");
    assert_eq!(written["wasSent"], true);
    assert_eq!(written["mayHaveTakenEffect"], true);
    assert_eq!(written["isSafeToRepeat"], false);
    assert_eq!(written["status"], serde_json::Value::Null);
}
