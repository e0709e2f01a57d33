//! Answers that are odd, huge or written to deceive.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use msgraph_migrations::{
    AnswerLimits, CancelOutcome, Error, ErrorKind, FinalStatus, GetOptions, ListOptions, Page,
};
use serde_json::{Value, json};

use crate::support::calls::{CALLS, JOB, call};
use crate::support::server::{Reply, Server};

async fn page(body: impl AsRef<[u8]>) -> Server {
    Server::start(Reply::json(200, body)).await
}

/// What a terminal or a log would do anything with but show it.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
}

#[track_caller]
fn assert_one_line(shown: &str, most: usize) {
    assert!(!shown.contains(is_active), "{shown:?}");
    let length = shown.chars().count();
    assert!(length <= most, "{length} characters");
}

#[tokio::test]
async fn an_error_is_one_bounded_line_whatever_the_service_wrote() {
    let nasty = "a\r\n2026-11-21 INFO cancelled\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}txet\u{2066}\u{2028}\u{2029}\u{9b}31m\u{feff}";
    let huge = nasty.repeat(300);
    let many: Vec<_> = (0..300)
        .map(|n| json!({ "code": format!("{n}{huge:.200}") }))
        .collect();
    let body = json!({ "error": {
        "code": huge, "message": huge, "target": huge, "details": many, "innerError": { "code": nasty, "request-id": huge },
    }});
    for (status, body) in [
        (400, body.to_string()),
        (409, body.to_string()),
        (499, nasty.repeat(100)),
        (202, body.to_string()),
        (202, nasty.repeat(10)),
        (200, json!({ nasty: 1, "value": nasty }).to_string()),
    ] {
        let server = Server::start(Reply::new(status, &[("location", "/x")], &body)).await;
        let client = server.client();
        for (id, _) in CALLS {
            match call(id)(&client).await {
                Ok(seen) => {
                    for deviation in seen.deviations {
                        assert_one_line(&deviation, 600);
                    }
                }
                Err(error) => {
                    assert_one_line(&error.to_string(), 5_000);
                    if let Some(refusal) = error.refusal() {
                        assert_one_line(&refusal.to_string(), 2_500);
                    }
                }
            }
        }
        if status == 409 {
            let outcome = client.cancel_job(JOB).await.expect("an outcome");
            assert!(!matches!(outcome, CancelOutcome::Accepted(_)));
        }
    }
}

#[tokio::test]
async fn a_status_or_a_date_is_shown_on_one_bounded_line_and_kept_as_it_came() {
    let nasty = "done\r\n2026-11-21 INFO cancelled\u{1b}[2J\u{202e}".repeat(300);
    let job = json!({ "id": "1", "status": nasty, "createdDateTime": nasty });
    let server = page(job.to_string()).await;
    let client = server.client();
    let answer = client.get_job(JOB, GetOptions::new()).await.expect("a job");
    let (status, date) = (&answer.value().status, &answer.value().created_date_time);
    let (status, date) = (
        status.as_ref().expect("a status"),
        date.as_ref().expect("a date"),
    );
    assert_eq!((status.as_str(), date.as_str()), (&*nasty, &*nasty));
    for shown in [status.to_string(), date.to_string()] {
        assert_one_line(&shown, 130);
        assert!(shown.starts_with("done\\r\\n2026-11-21 INFO"), "{shown}");
    }
}

#[tokio::test]
async fn what_is_cut_off_a_line_is_counted() {
    let body = json!({ "error": { "code": "x", "message": "m".repeat(1_234) } }).to_string();
    let server = Server::start(Reply::json(400, body)).await;
    let error = server.client().cancel_job(JOB).await.expect_err("400");
    assert!(
        error
            .to_string()
            .contains("mmm… (234 characters more) (request-id"),
        "{error}"
    );
}

#[tokio::test]
async fn of_an_error_beyond_all_measure_a_bounded_part_is_kept() {
    // Fifteen megabytes of small errors, which as a tree of values take sixty times as much.
    let details: Vec<_> = (0..600_000)
        .map(|n| format!(r#"{{"code":"c{n}"}}"#))
        .collect();
    let body = format!(
        r#"{{"error":{{"code":"first","details":[{}]}}}}"#,
        details.join(",")
    );
    assert!(body.len() > 10_000_000);
    let server = Server::start(Reply::json(400, &body)).await;
    let error = server.client().cancel_job(JOB).await.expect_err("400");
    let refusal = error.refusal().expect("a refusal");
    assert!(error.has_code("first") && error.has_code("c0"));
    assert!(refusal.error().codes().count() <= 128);
    assert_eq!(refusal.text().len(), body.len());
}

/// How many threads beside its own a runtime needs to read this page.
fn threads_beside(jobs: usize) -> usize {
    let started = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&started);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_start(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let odd = json!({ "value": vec![json!({ "id": 1, "displayName": "one" }); jobs] });
        let server = page(odd.to_string()).await;
        let answer = server.client().list_jobs(ListOptions::new()).await;
        assert_eq!(answer.expect("a page").deviations().len(), jobs);
    });
    drop(runtime);
    started.load(Ordering::SeqCst)
}

#[test]
fn a_huge_page_that_has_to_be_mended_holds_up_no_other_call() {
    assert_eq!(threads_beside(100), 0);
    assert_eq!(threads_beside(100_000), 1);
}

#[tokio::test]
async fn a_lone_surrogate_loses_no_more_than_itself() {
    let body = r#"{"value":[{"id":"1","message":"a\ud800b","displayName":"one"},{"id":"2"}]}"#;
    let answer = page(body)
        .await
        .client()
        .list_jobs(ListOptions::new())
        .await
        .expect("a page");
    let jobs = &answer.value().value;
    assert_eq!(jobs.len(), 2);
    assert_eq!(jobs[0].message.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(jobs[0].display_name.as_deref(), Some("one"));
    let odd: Vec<_> = answer
        .deviations()
        .iter()
        .map(|d| d.pointer.as_str())
        .collect();
    assert_eq!(odd, ["/value/0/message"]);

    let error = Server::start(Reply::json(
        409,
        r#"{"error":{"code":"Conflict","message":"\udc00 current status is finalizing"}}"#,
    ))
    .await
    .client()
    .delete_job(JOB)
    .await
    .expect("an outcome");
    assert!(format!("{error:?}").contains("finalizing"), "{error:?}");
}

/// A generator of numbers that is the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}

/// Pointers to all parts of a tree.
fn pointers(json: &Value, at: String, found: &mut Vec<String>) {
    match json {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
    found.push(at);
}

fn kind(json: &Value) -> u8 {
    match json {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Parts of a page are replaced by parts of another shape; whatever they are, each is named where it stands,
/// everything else is read, and no item vanishes.
#[tokio::test]
async fn every_odd_part_is_named_where_it_stands() {
    let status = |service: &str| json!({ "service": service, "status": "synced", "message": "", "errors": [{ "code": "c", "message": "m" }, { "code": "d" }] });
    let user = |id: usize| json!({ "id": id.to_string(), "taskType": "Users", "currentStatus": [status("Teams"), status("ODSP"), status("Exchange")] });
    let whole = json!({ "value": (0..6).map(user).collect::<Vec<_>>() });
    let mut parts = Vec::new();
    pointers(&whole, String::new(), &mut parts);
    parts.retain(|pointer| pointer.starts_with("/value/"));
    let odd = [
        json!(true),
        json!(7),
        json!("odd"),
        json!(["odd"]),
        json!({ "odd": 1 }),
    ];
    let mut random = Random(41);
    for round in 0..60 {
        let mut body = whole.clone();
        let mut expected = Vec::new();
        for _ in 0..=random.below(8) {
            let pointer = &parts[random.below(parts.len())];
            let instead = &odd[random.below(odd.len())];
            if let Some(part) = body.pointer_mut(pointer)
                && whole.pointer(pointer) == Some(&*part)
                && kind(part) != kind(instead)
            {
                *part = instead.clone();
                expected.push(pointer.clone());
            }
        }
        expected.sort();
        let answer = page(body.to_string())
            .await
            .client()
            .list_users(JOB, ListOptions::new())
            .await
            .unwrap_or_else(|error| panic!("{round}: {error}\n{body}"));
        let mut named: Vec<_> = answer
            .deviations()
            .iter()
            .map(|d| d.pointer.clone())
            .collect();
        named.sort();
        assert_eq!(named, expected, "{round}: {body}");
        assert_eq!(answer.value().value.len(), 6, "{round}: {body}");
        let ids = answer
            .value()
            .value
            .iter()
            .enumerate()
            .filter(|(index, user)| {
                user.id.as_deref() != Some(&index.to_string())
                    && !expected.iter().any(|odd| {
                        *odd == format!("/value/{index}") || *odd == format!("/value/{index}/id")
                    })
            });
        assert_eq!(ids.count(), 0, "{round}: {body}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_odd_items_are_read_in_one_go() {
    let items: Vec<_> = (0..100_000)
        .map(|n| match n % 4 {
            0 => json!({ "id": n, "displayName": format!("job {n}") }),
            1 => json!("no object"),
            2 => json!({ "id": n.to_string(), "resources": ["a", 1, "b", null] }),
            _ => json!({ "id": n.to_string(), "status": { "is": "odd" }, "workloads": "Teams" }),
        })
        .collect();
    let server = page(json!({ "value": items }).to_string()).await;
    let answer = server
        .client()
        .list_jobs(ListOptions::new())
        .await
        .expect("a page");
    assert_eq!(answer.value().value.len(), 100_000);
    assert_eq!(answer.deviations().len(), 25_000 * (1 + 1 + 2 + 2));
    assert_eq!(answer.value().value[99_999].id.as_deref(), Some("99999"));

    let many: Vec<_> = (0..100_000).map(Value::from).collect();
    let server = page(json!({ "id": "x", "resources": many }).to_string()).await;
    let answer = server
        .client()
        .get_job(JOB, GetOptions::new())
        .await
        .expect("a job");
    assert_eq!(answer.deviations().len(), 100_000);
    assert_eq!(answer.deviations()[99_999].pointer, "/resources/99999");
}

#[tokio::test]
async fn an_item_says_what_was_left_out_of_it() {
    let body = json!({ "@odata.count": "many", "value": [
        { "id": "1", "currentStatus": [{ "service": "Teams", "status": "synced" }] },
        { "id": "2", "currentStatus": "failed" },
        null,
        { "id": "4", "currentStatus": ["failed"] },
    ]});
    let server = page(body.to_string()).await;
    let client = server.client();
    let mut users = pin!(client.users(JOB, ListOptions::new()));
    let mut seen = Vec::new();
    while let Some(user) = users.try_next().await.expect("a user") {
        let odd: Vec<_> = user.deviations().iter().map(ToString::to_string).collect();
        seen.push((user.id.clone(), odd.join(", ")));
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(id, odd)| (id.as_deref(), odd.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("1"), ""),
            (Some("2"), "/currentStatus: expected a list, found a string"),
            (None, "/: expected an object, found null"),
            (
                Some("4"),
                "/currentStatus/0: expected an object, found a string"
            ),
        ]
    );
    let page = client
        .list_users(JOB, ListOptions::new())
        .await
        .expect("a page");
    assert_eq!(page.deviations().len(), 4);
    assert_eq!(page.value().clone().into_items().len(), 4);
}

/// Lists never end early and never look empty.
#[tokio::test]
async fn a_page_that_cannot_be_trusted_ends_the_list_in_an_error() {
    async fn count(server: &Server) -> Result<usize, Error> {
        let jobs: Vec<_> = server
            .client()
            .jobs(ListOptions::new())
            .try_collect()
            .await?;
        Ok(jobs.len())
    }

    for (body, kind) in [
        (
            r#"{"value":[{"id":"1"}],"@odata.nextLink":7}"#,
            ErrorKind::Unreadable,
        ),
        (
            r#"{"value":[{"id":"1"}],"@odata.nextLink":["/x"]}"#,
            ErrorKind::Unreadable,
        ),
        (
            r#"{"value":[],"@odata.nextLink":null,"@odata.nextLink":"/x"}"#,
            ErrorKind::Unreadable,
        ),
        (
            r#"{"value":[],"@odata.nextLink":"/x","@odata.nextLink":"/y"}"#,
            ErrorKind::Unreadable,
        ),
        (
            r#"{"value":[{"id":"1"}],"value":[]}"#,
            ErrorKind::Unreadable,
        ),
        (r#"{"value":["odd"],"value":[]}"#, ErrorKind::Unreadable),
        (r#"{"value":{"id":"1"}}"#, ErrorKind::Unreadable),
        (r#"{"value":null}"#, ErrorKind::Unreadable),
        (r#"{"@odata.context":"x"}"#, ErrorKind::Unreadable),
        (r#"{"v\u0061lue":{}}"#, ErrorKind::Unreadable),
        (
            r#"{"\u0065rror":{"code":"x"},"value":[]}"#,
            ErrorKind::Contradicted,
        ),
        (r#"{"error":{},"value":[]}"#, ErrorKind::Contradicted),
        ("[]", ErrorKind::Unreadable),
        ("<html>Sign in</html>", ErrorKind::Contradicted),
        ("\u{1f}\u{8b}\u{8}", ErrorKind::Contradicted),
    ] {
        let server = page(body).await;
        let error = count(&server).await.expect_err(body);
        assert_eq!(error.kind(), kind, "{body}: {error}");
    }
    for (body, items) in [
        (r#"{"value":[],"@odata.nextLink":null}"#, 0),
        (r#"{"value":[{"id":"1"}],"error":null}"#, 1),
        (r#"{"value":[{"id":"1","error":{"code":"of the job"}}]}"#, 1),
    ] {
        assert_eq!(count(&page(body).await).await.expect(body), items, "{body}");
    }
}

#[tokio::test]
async fn a_page_with_two_next_links_is_not_read() {
    let body = r#"{"value":[],"@odata.nextLink":"/x","@odata.nextLink":"/y"}"#;
    let server = page(body).await;
    let error = server.client().list_jobs(ListOptions::new()).await;
    let error = error.expect_err("which of the two");
    assert_eq!(error.kind(), ErrorKind::Unreadable, "{error}");
}

#[tokio::test]
async fn an_error_that_says_nothing_is_a_deviation_of_an_acceptance() {
    for (error, is_accepted) in [
        (r#""""#, true),
        ("7", true),
        ("null", true),
        ("{}", false),
        (r#""gone""#, false),
    ] {
        let server = Server::start(Reply::json(202, format!(r#"{{"error":{error}}}"#))).await;
        match server.client().cancel_job(JOB).await {
            Ok(CancelOutcome::Accepted(response)) => {
                assert!(is_accepted, "{error}");
                let pointers: Vec<_> = response
                    .deviations()
                    .iter()
                    .map(|odd| &*odd.pointer)
                    .collect();
                let expected: &[&str] = if error == "null" { &[] } else { &["/error"] };
                assert_eq!(pointers, expected, "{error}");
            }
            Ok(other) => panic!("{other}"),
            Err(failure) => {
                assert!(!is_accepted, "{error}: {failure}");
                assert_eq!(failure.kind(), ErrorKind::Contradicted);
            }
        }
    }
}

/// A task tells in `error` why it failed.
#[tokio::test]
async fn the_error_of_a_task_is_no_error_of_the_answer() {
    let failed = json!({ "id": "t", "status": "failed", "error": { "code": "accessDenied", "message": "No." } });
    let narrowed = json!({ "@odata.context": "…/$entity", "error": { "code": "accessDenied" } });
    for body in [failed, narrowed] {
        let answer = page(body.to_string())
            .await
            .client()
            .get_sharepoint_task("t", GetOptions::new())
            .await
            .unwrap_or_else(|error| panic!("{body}: {error}"));
        let code = answer
            .value()
            .error
            .as_ref()
            .and_then(|error| error.code.as_deref());
        assert_eq!(code, Some("accessDenied"), "{body}");
    }
    let error = page(r#"{"error":{"code":"accessDenied"}}"#)
        .await
        .client()
        .get_sharepoint_task("t", GetOptions::new())
        .await
        .expect_err("nothing but an error");
    assert_eq!(error.kind(), ErrorKind::Contradicted);
    assert!(
        error
            .to_string()
            .contains("the body is an error, accessDenied"),
        "{error}"
    );
}

/// Half a status is another status: `completedWithErrors` begins with `completed`.
#[tokio::test]
async fn a_message_that_was_cut_tells_no_status() {
    let words = "Current status is completedWithErrors.";
    let refusal = |fill: usize| {
        let message = format!("{}{words}", "m".repeat(fill));
        Reply::json(
            409,
            json!({ "error": { "code": "Conflict", "message": message } }).to_string(),
        )
    };
    for cut_off in 0..words.len() {
        // As much of the message is kept as leaves out so many of its last characters.
        let fill = 16 * 1024 + cut_off - words.len();
        let server = Server::start(refusal(fill)).await;
        let outcome = server.client().cancel_job(JOB).await.expect("an outcome");
        let CancelOutcome::Undetermined(refusal) = outcome else {
            panic!("{cut_off} characters are missing: {outcome:.200}");
        };
        assert_eq!(refusal.current_status(), None, "{cut_off}");
    }
    let server = Server::start(refusal(16_000)).await;
    let outcome = server.client().cancel_job(JOB).await.expect("an outcome");
    assert!(matches!(
        outcome,
        CancelOutcome::AlreadyFinal {
            status: FinalStatus::CompletedWithErrors,
            ..
        }
    ));
}

#[tokio::test]
async fn how_much_of_an_answer_is_taken_in_can_be_chosen() {
    let limits = AnswerLimits::new()
        .body_bytes(2_000)
        .error_levels(2)
        .errors(5)
        .text_bytes(40)
        .shown_message(10);
    let limited = |server: &Server| {
        let builder = server.builder().answer_limits(limits);
        builder.build().expect("a client")
    };
    let details: Vec<_> = (0..20).map(|n| json!({ "code": n.to_string() })).collect();
    let deep = json!({ "code": "second", "innerError": { "code": "third" } });
    let body = json!({ "error": {
        "code": "first", "message": "m".repeat(100), "innerError": deep, "details": details,
    }});
    let server = Server::start(Reply::json(400, body.to_string())).await;
    let error = limited(&server).cancel_job(JOB).await.expect_err("400");
    let codes: Vec<_> = error
        .refusal()
        .expect("a refusal")
        .error()
        .codes()
        .collect();
    assert!(
        codes.contains(&"first") && !codes.contains(&"third"),
        "{codes:?}"
    );
    assert!(codes.len() <= 5, "{codes:?}");
    assert_eq!(error.message().map(str::len), Some(40));
    let shown = error.to_string();
    assert!(
        shown.contains("mmmmmmmmmm… (30 characters more)"),
        "{shown}"
    );

    let long = json!({ "id": "x", "displayName": "n".repeat(3_000) });
    let server = page(long.to_string()).await;
    let error = limited(&server)
        .get_job(JOB, GetOptions::new())
        .await
        .expect_err("a body that is too long");
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert!(
        error.to_string().contains("longer than 2000 bytes"),
        "{error}"
    );
    // The same for an action: it may have taken effect, whatever could not be read.
    let server = Server::start(Reply::json(202, long.to_string())).await;
    let error = limited(&server)
        .cancel_job(JOB)
        .await
        .expect_err("too long");
    assert!(error.may_have_taken_effect(), "{error}");
}

#[tokio::test]
async fn limits_under_which_nothing_could_be_read_are_refused() {
    let server = page("{}").await;
    for (limits, name) in [
        (AnswerLimits::new().body_bytes(0), "body_bytes"),
        (AnswerLimits::new().error_levels(0), "error_levels"),
        (AnswerLimits::new().error_levels(65), "error_levels"),
        (AnswerLimits::new().errors(0), "errors"),
        (AnswerLimits::new().text_bytes(0), "text_bytes"),
    ] {
        let error = server
            .builder()
            .answer_limits(limits)
            .build()
            .expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(name), "{error}");
    }
    // The deepest that is allowed can be read.
    let limits = AnswerLimits::new().error_levels(64).errors(1_000);
    let body = format!(
        "{}null{}",
        r#"{"code":"x","innerError":"#.repeat(100),
        "}".repeat(100)
    );
    let server = Server::start(Reply::json(400, format!(r#"{{"error":{body}}}"#))).await;
    let client = server.builder().answer_limits(limits);
    let client = client.build().expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("400");
    assert_eq!(
        error.refusal().expect("a refusal").error().codes().count(),
        64
    );
}
