//! What values show of themselves, in `Display`, `Debug` and small questions.

use std::time::{Duration, SystemTime};

use msgraph_migrations::models::{
    CrossTenantMigrationJobStatus, Identity, SharePointGroupIdentityMappingDeltaItem,
    SharePointUserIdentityMappingDeltaItem, UserIdentity,
};
use msgraph_migrations::test_util::FakeAnswer;
use msgraph_migrations::{
    AccessToken, Client, DateTimeOffset, DeleteOutcome, ErrorKind, ExpiringToken, GetOptions,
    ListOptions, RateLimitOptions, RateLimits, RefreshingToken, RetryPolicy, StatusCode, Version,
    operations,
};
use serde_json::json;

use crate::support::calls::JOB;
use crate::support::server::{REQUEST_ID, Reply, SECRET, Server};

#[test]
fn a_status_is_padded_as_text_is_and_bounded_when_it_is_none() {
    let status = |text: &str| CrossTenantMigrationJobStatus::from(text);
    assert_eq!(format!("[{:>12}]", status("inProgress")), "[  inProgress]");
    assert_eq!(format!("[{:<12}]", status("brandNew")), "[brandNew    ]");
    assert_eq!(
        status("ValidationFailed"),
        CrossTenantMigrationJobStatus::ValidateFailed
    );
    for other in ["completionPassed", "validationWondered"] {
        assert_eq!(status(other).meaning(), None, "{other}");
    }
    let long = status(&"n".repeat(300)).to_string();
    assert_eq!(long, format!("{}… (200 characters more)", "n".repeat(100)));
}

#[tokio::test]
async fn an_id_of_nothing_but_a_control_character_is_refused() {
    let server = Server::start(Reply::json(200, "{}")).await;
    for id in ["\u{85}", "\u{7f}", "a\nb", "a\n\nb", "é\u{9b}"] {
        let error = server.client().get_job(id, GetOptions::new()).await;
        let error = error.expect_err("no id");
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{id:?}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn whoever_is_throttled_without_a_time_is_told_to_wait() {
    for (status, expected) in [
        (429, "wait a while and repeat"),
        (403, "repeating will not help unless the cause is removed"),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let error = FakeAnswer::to(&operations::CANCEL_JOB, status).error();
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn an_operation_is_shown_as_method_and_path() {
    assert_eq!(
        operations::CANCEL_JOB.to_string(),
        format!("POST {}", operations::CANCEL_JOB.path)
    );
}

#[tokio::test]
async fn a_client_and_what_it_hands_out_show_where_they_lead_and_no_secret() {
    let server = Server::start(Reply::json(200, r#"{"value":[]}"#)).await;
    let client = server.client();
    let response = client.list_jobs(ListOptions::new()).await.expect("a page");
    for (shown, expected) in [
        (format!("{client:?}"), client.endpoint()),
        (format!("{:?}", client.jobs(ListOptions::new())), "Items"),
        (
            format!("{:?}", client.job_pages(ListOptions::new())),
            "Pages",
        ),
        (format!("{response:?}"), "deviations"),
        (
            format!("{:?}", RateLimits::new(&RateLimitOptions::new())),
            "RateLimits",
        ),
    ] {
        assert!(shown.contains(expected), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
    assert!(client.endpoint().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn a_response_tells_its_path_and_whether_there_was_a_body() {
    for (body, has_body) in [("", false), (" \r\n", false), ("{}", true)] {
        let server = Server::start(Reply::json(202, body)).await;
        let outcome = server.client().delete_job(JOB).await.expect("accepted");
        let DeleteOutcome::Accepted(response) = &outcome else {
            panic!("{outcome}");
        };
        assert_eq!(response.has_body(), has_body, "{body:?}");
        let path = format!("/v1.0/solutions/migrations/crossTenantMigrationJobs/{JOB}");
        assert_eq!(response.path(), path);
        assert!(outcome.to_string().contains(&path), "{outcome}");
        assert!(
            outcome.to_string().contains("it will be deleted"),
            "{outcome}"
        );
    }
}

#[tokio::test]
async fn an_error_has_a_path_only_when_a_request_was_built() {
    let server = Server::start(Reply::json(404, "{}")).await;
    let client = server.client();
    let refused = client
        .get_job(JOB, GetOptions::new())
        .await
        .expect_err("404");
    assert!(refused.path().is_some_and(|path| path.ends_with(JOB)));
    let unsent = client
        .get_job("", GetOptions::new())
        .await
        .expect_err("no id");
    assert_eq!(unsent.path(), None);
}

#[test]
fn only_the_service_itself_can_say_that_there_is_no_such_thing() {
    let said = r#"{"error":{"message":"no such job"}}"#;
    let coded = r#"{"error":{"code":"NotFound"}}"#;
    for (status, body, expected) in [
        (404, said, true),
        (404, coded, true),
        (410, coded, true),
        (404, "<html>", false),
        (404, "", false),
        (400, coded, false),
        (409, said, false),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let refusal = FakeAnswer::to(&operations::GET_JOB, status)
            .body(body)
            .refusal();
        assert_eq!(refusal.is_not_found(), expected, "{status} {body}");
    }
}

#[test]
fn more_codes_than_fit_are_counted() {
    let shown = |codes: usize| {
        let details: Vec<_> = (1..codes)
            .map(|n| json!({ "code": format!("c{n}") }))
            .collect();
        let body = json!({ "error": { "code": "c0", "details": details } });
        FakeAnswer::to(&operations::CREATE_JOB, StatusCode::BAD_REQUEST)
            .body(body.to_string())
            .refusal()
            .to_string()
    };
    let most = (1..40)
        .find(|codes| shown(*codes).contains(" more"))
        .expect("a bound")
        - 1;
    assert!(shown(most).contains(&format!("c{}", most - 1)));
    assert!(!shown(most).contains(" and "), "{}", shown(most));
    assert!(
        shown(most + 1).contains(" and 1 more"),
        "{}",
        shown(most + 1)
    );
    assert!(
        shown(most + 3).contains(" and 3 more"),
        "{}",
        shown(most + 3)
    );
}

#[test]
fn the_form_of_token_endpoints_is_read_at_the_top_only() {
    let refusal = |body: &str| {
        FakeAnswer::to(&operations::GET_JOB, StatusCode::BAD_REQUEST)
            .body(body)
            .refusal()
    };
    let gateway = refusal(r#"{"error":"invalid_grant","error_description":"It has expired."}"#);
    assert_eq!(
        (gateway.code(), gateway.message()),
        (Some("invalid_grant"), Some("It has expired."))
    );
    let nested =
        refusal(r#"{"error":{"code":"c","error_description":"no","innerError":{"error":"x"}}}"#);
    assert_eq!((nested.code(), nested.message()), (Some("c"), None));
    assert_eq!(nested.error().codes().collect::<Vec<_>>(), ["c"]);
    let named = refusal(
        r#"{"error":{"code":"c","innerError":{"client-request-id":"mine","request-id":"theirs"}}}"#,
    );
    assert_eq!(
        (named.client_request_id(), named.request_id()),
        ("mine", Some("theirs"))
    );
}

#[test]
fn of_countless_details_a_bounded_number_is_kept() {
    let details = vec![json!({ "code": "d" }); 1_000];
    let body = json!({ "error": { "code": "c", "details": details } });
    let refusal = FakeAnswer::to(&operations::CREATE_JOB, StatusCode::BAD_REQUEST)
        .body(body.to_string())
        .refusal();
    let kept = &refusal.error().details;
    assert!((1..200).contains(&kept.len()), "{}", kept.len());
    assert!(
        kept.iter()
            .all(|detail| detail.code.as_deref() == Some("d"))
    );
}

#[tokio::test]
async fn a_refusal_without_a_graph_error_says_how_much_there_was_of_something_else() {
    for (body, expected) in [
        ("<html>", Some("6 bytes that are no Graph error")),
        (" ", None),
        ("", None),
    ] {
        let refusal = FakeAnswer::to(&operations::GET_JOB, StatusCode::BAD_GATEWAY)
            .body(body)
            .refusal();
        let shown = refusal.to_string();
        assert_eq!(
            shown.contains("no Graph error"),
            expected.is_some(),
            "{shown}"
        );
        assert!(
            shown.contains(expected.unwrap_or("502 Bad Gateway")),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn what_was_left_out_of_an_answer_is_counted_where_it_is_shown() {
    for (body, expected) in [
        (r#"{"value":[]}"#, None),
        (r#"{"value":[7]}"#, Some(", 1 deviations (")),
        (r#"{"value":[7,{"id":7}]}"#, Some(", 2 deviations (")),
    ] {
        let server = Server::start(Reply::json(200, body)).await;
        let answer = server
            .client()
            .list_jobs(ListOptions::new())
            .await
            .expect("a page");
        let shown = answer.to_string();
        assert_eq!(shown.contains("deviations"), expected.is_some(), "{shown}");
        assert!(shown.contains(expected.unwrap_or("200 OK (")), "{shown}");
        assert_eq!(answer.headers()["request-id"], REQUEST_ID);
        let debugged = format!("{answer:?}");
        assert!(
            debugged.contains(&format!("bytes: {}", body.len())),
            "{debugged}"
        );
    }
}

#[tokio::test]
async fn every_answer_to_a_start_is_shown_with_what_it_means() {
    for (status, message, expected) in [
        (200, "", "started"),
        (409, "current status is cuttingOver", "status"),
        (409, "the results expired", "expired"),
        (409, "something else", "conflict"),
    ] {
        let body = match status {
            200 => "{}".to_owned(),
            _ => json!({ "error": { "code": "Conflict", "message": message } }).to_string(),
        };
        let server = Server::start(Reply::json(status, body)).await;
        let outcome = server.client().validate_job(JOB).await.expect("an outcome");
        let shown = outcome.to_string();
        assert!(shown.contains(&format!("{JOB}/validate")), "{shown}");
        assert!(shown.contains(expected), "{shown}");
    }
}

#[tokio::test]
async fn a_body_that_broke_off_or_never_ends_is_told_as_that() {
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"id\":".to_vec();
    let endless = [
        b"HTTP/1.1 200 OK\r\n\r\n{\"id\":\"".to_vec(),
        vec![b'x'; 65 * 1024 * 1024],
    ]
    .concat();
    for (bytes, expected) in [
        (short, "broke off"),
        (endless, "is longer than 67108864 bytes"),
    ] {
        let server = Server::start(Reply::Raw(bytes)).await;
        let client = server
            .builder()
            .retry(RetryPolicy::never())
            .build()
            .expect("a client");
        let error = client
            .get_job(JOB, GetOptions::new())
            .await
            .expect_err("no whole body");
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn what_sets_a_client_up_shows_no_secret() {
    let token = || AccessToken::new(SECRET).expect("a token");
    let builder = Client::builder(token())
        .endpoint("https://graph.example")
        .version(Version::Beta);
    let shown = format!("{builder:?}");
    assert!(
        shown.contains("https://graph.example") && !shown.contains(SECRET),
        "{shown}"
    );
    assert_eq!(builder.build().expect("a client").version(), Version::Beta);
    let source = RefreshingToken::new(move || async {
        Ok(ExpiringToken::new(AccessToken::new(SECRET)?, None))
    });
    let shown = format!("{source:?}");
    assert!(
        shown.contains("RefreshingToken") && !shown.contains(SECRET),
        "{shown}"
    );
}

#[test]
fn an_error_body_is_read_whatever_stands_where_words_should() {
    let message = |body: serde_json::Value| {
        let refusal = FakeAnswer::to(&operations::CREATE_JOB, StatusCode::BAD_REQUEST)
            .body(body.to_string())
            .refusal();
        (
            refusal.code().map(str::to_owned),
            refusal.message().map(str::to_owned),
            refusal.error().details.len(),
        )
    };
    let words = |text: &str| Some(text.to_owned());
    for (body, expected) in [
        (
            json!({ "error": { "code": 1.5, "message": -2 } }),
            (words("1.5"), words("-2"), 0),
        ),
        (
            json!({ "error": { "code": 7, "message": true } }),
            (words("7"), None, 0),
        ),
        (
            json!({ "error": { "code": { "in": "it" }, "message": ["in", "it"] }, "code": "beside" }),
            (words("beside"), None, 0),
        ),
        (
            json!({ "error": { "code": "c", "details": { "code": "d" } } }),
            (words("c"), None, 0),
        ),
        (
            json!({ "error": { "code": "c", "details": "d" } }),
            (words("c"), None, 0),
        ),
        (json!({ "error": [{ "code": "c" }] }), (None, None, 0)),
        (
            json!({ "error": [{ "code": "c" }], "message": "beside" }),
            (None, words("beside"), 0),
        ),
        (
            json!({ "error": {}, "code": "beside" }),
            (words("beside"), None, 0),
        ),
        (
            json!({ "error": { "error": { "code": "deeper" }, "message": "m" } }),
            (None, words("m"), 0),
        ),
    ] {
        assert_eq!(message(body.clone()), expected, "{body}");
    }
}

#[test]
fn a_mapping_can_be_checked_before_it_is_sent() {
    let whole = SharePointUserIdentityMappingDeltaItem::new(UserIdentity::of_id("a"));
    let empty = SharePointUserIdentityMappingDeltaItem::new(UserIdentity::new());
    assert_eq!(whole.check(), Ok(()));
    assert!(
        empty
            .check()
            .is_err_and(|reason| reason.contains("sourceUserIdentity"))
    );
    let group = SharePointGroupIdentityMappingDeltaItem::new(Identity::new());
    assert!(
        group
            .check()
            .is_err_and(|reason| reason.contains("sourceGroupIdentity"))
    );
}

#[test]
fn times_before_1970_and_between_seconds_are_written_as_they_are() {
    let epoch = SystemTime::UNIX_EPOCH;
    for (time, expected) in [
        (epoch, "1970-01-01T00:00:00Z"),
        (epoch - Duration::from_secs(1), "1969-12-31T23:59:59Z"),
        (
            epoch - Duration::from_millis(250),
            "1969-12-31T23:59:59.750Z",
        ),
        (
            epoch - Duration::from_millis(1_250),
            "1969-12-31T23:59:58.750Z",
        ),
        (
            epoch + Duration::from_millis(1_250),
            "1970-01-01T00:00:01.250Z",
        ),
    ] {
        let written = DateTimeOffset::try_from(time).expect("a year of four digits");
        assert_eq!(written.as_str(), expected);
    }
    // Years of five digits, and those that no calendar counts.
    for years in [10_000, 300_000] {
        let far = Duration::from_secs(60 * 60 * 24 * 366 * years);
        let after = DateTimeOffset::try_from(epoch + far).expect_err("beyond 9999");
        let before = DateTimeOffset::try_from(epoch - far).expect_err("before 0");
        assert!(!after.to_string().contains(" -"), "{after}");
        assert!(before.to_string().contains(" -"), "{before}");
    }
}

/// Ids are of any length, and a log has lines of some.
#[tokio::test]
async fn an_outcome_about_a_job_with_an_endless_name_is_a_bounded_line() {
    let name = "wave ".repeat(3_000);
    for (status, body) in [
        (202, "{}"),
        (
            409,
            r#"{"error":{"code":"Conflict","message":"Current status is cuttingOver"}}"#,
        ),
        (409, r#"{"error":{"code":"Conflict"}}"#),
    ] {
        let server = Server::start(Reply::json(status, body)).await;
        let outcome = server.client().cancel_job(&name).await.expect("an outcome");
        let shown = outcome.to_string();
        assert!(
            shown.chars().count() < 2_500,
            "{} characters",
            shown.chars().count()
        );
        assert!(shown.contains(" characters more)"), "{shown}");
    }
}
