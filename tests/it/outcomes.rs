//! Every operation × every documented status × every kind of body.

use std::collections::BTreeSet;

use msgraph_migrations::{ErrorKind, operations};
use msgraph_migrations_checks::sets::assert_same;
use serde_json::{Value, json};

use crate::support::calls::{CALLS, Seen, Sight, call};
use crate::support::server::{REQUEST_ID, Reply, Server};
use crate::support::spec::{self, spec};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    Documented,
    Empty,
    Html,
    Words,
    Truncated,
    ErrorObject,
    ErrorBesideProperties,
    ErrorCode,
    Null,
    Accepted,
    List,
    Number,
    EmptyObject,
    OddValue,
    ObjectInValue,
    NullInValue,
    TwoValues,
    OddNextLink,
    Huge,
    UnknownMembers,
}

const BODIES: [Body; 20] = [
    Body::Documented,
    Body::Empty,
    Body::Html,
    Body::Words,
    Body::Truncated,
    Body::ErrorObject,
    Body::ErrorBesideProperties,
    Body::ErrorCode,
    Body::Null,
    Body::Accepted,
    Body::List,
    Body::Number,
    Body::EmptyObject,
    Body::OddValue,
    Body::ObjectInValue,
    Body::NullInValue,
    Body::TwoValues,
    Body::OddNextLink,
    Body::Huge,
    Body::UnknownMembers,
];

/// What has to come of a 2xx with a body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// The value, and nothing to say.
    Clean,
    /// Accepted, with a word on the body.
    Deviating,
    /// An error that says that status and body contradict each other.
    Contradicted,
    /// An error that says that the body cannot be read.
    Unreadable,
}

impl Body {
    fn text(self, documented: Option<&Value>) -> String {
        let documented = documented.cloned().unwrap_or_else(|| json!({}));
        let with = |name: &str, value: Value| {
            let mut body = documented.clone();
            body[name] = value;
            body.to_string()
        };
        let error = json!({ "code": "generalException", "message": "It did not work." });
        match self {
            Self::Documented => documented.to_string(),
            Self::Empty => String::new(),
            Self::Html => "<html><body><h1>A gateway speaks</h1></body></html>".to_owned(),
            Self::Words => "Accepted, thank you".to_owned(),
            Self::Truncated => r#"{"id":"a35e80d7","status":"pend"#.to_owned(),
            Self::ErrorObject => json!({ "error": error }).to_string(),
            Self::ErrorBesideProperties => {
                json!({ "@odata.context": "x", "deep": [1], "error": error, "value": [] })
                    .to_string()
            }
            Self::ErrorCode => json!({ "error": "invalid_grant" }).to_string(),
            Self::Null => "null".to_owned(),
            Self::Accepted => "\"accepted\"".to_owned(),
            Self::List => "[]".to_owned(),
            Self::Number => "202".to_owned(),
            Self::EmptyObject => "{}".to_owned(),
            Self::OddValue => r#"{"value":"x"}"#.to_owned(),
            Self::ObjectInValue => r#"{"value":{}}"#.to_owned(),
            Self::NullInValue => r#"{"value":null}"#.to_owned(),
            Self::TwoValues => r#"{"value":[{"id":"1"}],"value":[]}"#.to_owned(),
            Self::OddNextLink => r#"{"value":[],"@odata.nextLink":{"href":"/next"}}"#.to_owned(),
            Self::Huge => with("padding", Value::from("x".repeat(1 << 20))),
            Self::UnknownMembers => with(
                "addedNextYear",
                json!({ "deep": [null, 1.5, { "er": true }] }),
            ),
        }
    }

    /// Whether it says what the documents say.
    fn is_documented(self) -> bool {
        matches!(self, Self::Documented | Self::Huge | Self::UnknownMembers)
    }

    /// The rule of `answers/judgement.rs`, told once more by operation.
    fn fate(self, id: &str) -> Fate {
        let is_list = matches!(
            id,
            "listJobs" | "listUsers" | "updateUserMappings" | "updateGroupMappings"
        );
        let wants_nothing = matches!(id, "updateJob" | "deleteJob");
        match self {
            Self::Empty if is_read(id) => Fate::Unreadable,
            Self::Documented | Self::Huge | Self::UnknownMembers | Self::Empty => Fate::Clean,
            // A task has a member of this name, and an answer may be narrowed down to it by `$select`.
            Self::ErrorBesideProperties
                if id.contains("harepointTask") && !id.starts_with("cancel") =>
            {
                Fate::Clean
            }
            Self::Html
            | Self::Words
            | Self::ErrorObject
            | Self::ErrorBesideProperties
            | Self::ErrorCode => Fate::Contradicted,
            Self::Truncated => Fate::Unreadable,
            Self::Null | Self::Accepted | Self::List | Self::Number if is_read(id) => {
                Fate::Unreadable
            }
            Self::Null | Self::Accepted | Self::List | Self::Number => Fate::Deviating,
            _ if is_list => Fate::Unreadable,
            Self::EmptyObject | Self::ObjectInValue => Fate::Clean,
            _ if wants_nothing => Fate::Clean,
            Self::OddValue | Self::NullInValue | Self::TwoValues | Self::OddNextLink => {
                Fate::Deviating
            }
        }
    }
}

/// The outcome by name that an answer has to become; none for an error.
fn expected_outcome(id: &str, status: u16, documented: &Value) -> Option<&'static str> {
    let message = documented
        .pointer("/error/message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match (id, status) {
        ("cancelJob" | "cancelUser" | "cancelSharepointTask" | "deleteJob", 200..=299) => {
            Some("Accepted")
        }
        ("deleteJob", 409) => Some("NotFinal"),
        ("validateJob" | "migrateJob", 200..=299) => Some("Started"),
        ("validateJob" | "migrateJob", 409) if message.contains("expired") => {
            Some("ValidationExpired")
        }
        ("validateJob" | "migrateJob", 409) if message.contains("status") => Some("InvalidStatus"),
        ("cancelUser", 409) if message.ends_with("finalizing") => Some("TooLate"),
        ("cancelSharepointTask", 409) if message.contains("in progress") => Some("TooLate"),
        (
            "cancelJob" | "cancelUser" | "cancelSharepointTask" | "validateJob" | "migrateJob",
            409,
        ) => Some("Undetermined"),
        (_, 200..=299) => Some(""),
        _ => None,
    }
}

#[test]
fn every_operation_of_the_spec_has_a_method_and_a_call_in_the_tests() {
    let spec = spec();
    let specified: BTreeSet<String> = spec::operations(&spec)
        .into_iter()
        .map(|operation| operation.id)
        .collect();
    let called: BTreeSet<String> = CALLS.iter().map(|(id, _)| (*id).to_owned()).collect();
    let listed: BTreeSet<String> = operations::ALL
        .iter()
        .map(|operation| operation.id.to_owned())
        .collect();
    assert_same(
        "calls of the tests",
        called,
        &specified,
        "CALLS of tests/it/support/calls.rs, after the method in src/calls/",
    );
    assert_same(
        "constants of operations",
        listed,
        &specified,
        "build/operations.rs",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_status_is_told_apart_whatever_the_body() {
    let spec = spec();
    let mut specified = BTreeSet::new();
    let mut exercised = BTreeSet::new();
    let mut answers = 0;
    for operation in spec::operations(&spec) {
        for (status, examples) in spec::statuses(&spec, &operation) {
            specified.insert((operation.id.clone(), status));
            let examples = if examples.is_empty() {
                vec![Value::Null]
            } else {
                examples
            };
            for documented in &examples {
                for body in BODIES {
                    let sent = if status == 204 {
                        String::new()
                    } else {
                        body.text(Some(documented).filter(|example| !example.is_null()))
                    };
                    let server = Server::start(Reply::json(status, &sent)).await;
                    let sight = call(&operation.id)(&server.client()).await;
                    assert_judged(&operation.id, status, documented, body, &sent, sight);
                    assert_eq!(server.request().method, operation.method);
                    exercised.insert((operation.id.clone(), status));
                    answers += 1;
                }
            }
        }
    }
    let shown = |set: BTreeSet<(String, u16)>| -> Vec<String> {
        let texts = set.into_iter();
        texts.map(|(id, status)| format!("{id} {status}")).collect()
    };
    let count = exercised.len();
    assert_same(
        "statuses that were tried",
        shown(exercised),
        shown(specified),
        "tests/it/outcomes.rs",
    );
    println!(
        "{answers} answers to {} documented statuses of {} operations",
        count,
        CALLS.len()
    );
}

#[track_caller]
fn assert_judged(id: &str, status: u16, documented: &Value, body: Body, sent: &str, sight: Sight) {
    let case = format!("{id} {status} {body:?}");
    let is_success = (200..300).contains(&status);
    // 204 has no body, whatever is tried.
    let body = if status == 204 { Body::Empty } else { body };
    // Without its body, the reason for a conflict cannot be told.
    let reason = if body.is_documented() {
        documented
    } else {
        &Value::Null
    };
    let fate = if is_success {
        body.fate(id)
    } else {
        Fate::Clean
    };
    match (expected_outcome(id, status, reason), fate) {
        (Some(outcome), Fate::Clean | Fate::Deviating) => {
            let seen = sight.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!((seen.outcome, seen.status), (outcome, status), "{case}");
            assert_eq!(seen.request_id.as_deref(), Some(REQUEST_ID), "{case}");
            assert_eq!(seen.text, sent, "{case}");
            let is_deviating = !seen.deviations.is_empty();
            assert_eq!(
                is_deviating,
                fate == Fate::Deviating,
                "{case}: {:?}",
                seen.deviations
            );
            if body.is_documented() && is_success && !matches!(id, "updateJob" | "deleteJob") {
                assert_holds(&seen, documented, &case);
            }
        }
        (Some(_), _) => {
            let error = sight
                .err()
                .unwrap_or_else(|| panic!("{case}: taken for a clean success"));
            let kind = match fate {
                Fate::Contradicted => ErrorKind::Contradicted,
                _ => ErrorKind::Unreadable,
            };
            assert_eq!(error.kind(), kind, "{case}: {error}");
            assert_eq!(
                error.status().map(|status| status.as_u16()),
                Some(status),
                "{case}"
            );
            assert_eq!(error.text().as_deref(), Some(sent), "{case}");
            assert_eq!(error.request_id(), Some(REQUEST_ID), "{case}");
            assert!(error.was_sent(), "{case}");
            if kind == ErrorKind::Contradicted {
                assert_eq!(error.may_have_taken_effect(), !is_read(id), "{case}");
                assert!(!error.is_transient(), "{case}");
            } else {
                assert!(error.may_have_taken_effect(), "{case}");
            }
        }
        (None, _) => {
            let error = sight
                .err()
                .unwrap_or_else(|| panic!("{case}: taken for a success"));
            assert_eq!(error.kind(), ErrorKind::Refused, "{case}");
            assert_eq!(
                error.status().map(|status| status.as_u16()),
                Some(status),
                "{case}"
            );
            assert_eq!(error.text().as_deref(), Some(sent), "{case}");
            assert_eq!(error.request_id(), Some(REQUEST_ID), "{case}");
            assert!(error.was_sent() && !error.may_have_taken_effect(), "{case}");
            if body.is_documented() {
                assert_eq!(error.code(), documented["error"]["code"].as_str(), "{case}");
                assert_eq!(
                    error.message(),
                    documented["error"]["message"].as_str(),
                    "{case}"
                );
            }
        }
    }
}

/// Everything that the example says is in the value; the draft's wrapper is off.
#[track_caller]
fn assert_holds(seen: &Seen, documented: &Value, case: &str) {
    let documented = documented
        .get("value")
        .filter(|inner| inner.is_object())
        .unwrap_or(documented);
    assert_contains(&seen.value, documented, case);
}

#[track_caller]
fn assert_contains(value: &Value, part: &Value, case: &str) {
    match (value, part) {
        (_, Value::Null) => {}
        (Value::Object(value), Value::Object(part)) => {
            for (name, part) in part {
                // Empty lists and absent ones are the same to the models.
                if *part == json!([]) || part.is_null() {
                    continue;
                }
                let value = value
                    .get(name)
                    .unwrap_or_else(|| panic!("{case}: {name} was lost"));
                assert_contains(value, part, case);
            }
        }
        (Value::Array(value), Value::Array(part)) => {
            assert_eq!(value.len(), part.len(), "{case}");
            value
                .iter()
                .zip(part)
                .for_each(|(value, part)| assert_contains(value, part, case));
        }
        _ => assert_eq!(value, part, "{case}"),
    }
}

#[tokio::test]
async fn a_success_of_any_number_is_a_success() {
    for (id, _) in CALLS {
        for status in [200, 201, 202, 203, 204, 206, 299] {
            let server = Server::start(Reply::new(status, &[], "")).await;
            let seen = call(id)(&server.client()).await;
            if is_read(id) {
                // A thing without properties, or an empty list, is what nothing would look like.
                let error = seen.expect_err("nothing was told");
                assert_eq!(error.kind(), ErrorKind::Unreadable, "{id} {status}");
                assert!(
                    error.to_string().contains("the answer has no body"),
                    "{id}: {error}"
                );
                continue;
            }
            let seen = seen.unwrap_or_else(|error| panic!("{id} {status}: {error}"));
            assert_eq!(seen.status, status, "{id}");
        }
    }
}

fn is_read(id: &str) -> bool {
    id.starts_with("get") || id.starts_with("list")
}

#[tokio::test]
async fn the_reason_of_a_start_conflict_is_told_apart_by_the_documented_words() {
    for (message, expected) in [
        (
            "Migration can't be started because the current status is cuttingOver",
            "InvalidStatus",
        ),
        (
            "The job is not in a valid status for migration.",
            "InvalidStatus",
        ),
        (
            "The validation results expired (more than seven days ago).",
            "ValidationExpired",
        ),
        ("Something else entirely.", "Undetermined"),
    ] {
        let body = json!({ "error": { "code": "Conflict", "message": message } }).to_string();
        let server = Server::start(Reply::json(409, body)).await;
        for id in ["validateJob", "migrateJob"] {
            let seen = call(id)(&server.client())
                .await
                .unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(seen.outcome, expected, "{id}: {message}");
        }
    }
}

#[tokio::test]
async fn the_status_that_a_conflict_names_can_be_asked_for() {
    for (message, expected) in [
        (
            "Cancel is not possible. Current status is finalizing",
            Some("finalizing"),
        ),
        (
            "Migration can't be started because the current status is validateFailed.",
            Some("validateFailed"),
        ),
        ("Too late.", None),
        ("The current status is ", None),
    ] {
        let body = json!({ "error": { "code": "", "message": message } }).to_string();
        let server = Server::start(Reply::json(409, body)).await;
        let outcome = server
            .client()
            .cancel_job("wave")
            .await
            .expect("an outcome");
        let refusal = outcome.refusal().expect("409 is a refusal");
        assert_eq!(refusal.current_status(), expected, "{message}");
        assert_eq!(refusal.code(), None);
    }
}
