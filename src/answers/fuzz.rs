//! Answers that no service should give, against what judges them.
//!
//! What is right is said by a second reading of the body, by `serde_json::Value`, and by lists of statuses that are
//! written out here once more.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::answers::answer::{Answer, CutShort, SentRequest, parse_retry_after};
use crate::answers::error::{Error, ErrorKind};
use crate::answers::graph_error::GraphError;
use crate::answers::judgement::{self, Failure};
use crate::answers::limits::AnswerLimits;
use crate::answers::outcome::{CancelOutcome, DeleteOutcome, StartOutcome};
use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::fuzz::body;
use crate::models::generated::{operations, types};
use crate::models::operation::Operation;

const YEAR: Duration = Duration::from_hours(24 * 365);

/// Refusals as the service words them, and some that go on where they should end.
const CONFLICTS: [&str; 8] = [
    r#"{"error":{"code":"Conflict","message":"The job cannot be cancelled. Current status is cuttingOver"}}"#,
    r#"{"error":{"code":"Conflict","message":"Current status is pendingCancel. TraceId: 7"}}"#,
    r#"{"error":{"code":"Conflict","message":"Current status is completed"}}"#,
    r#"{"error":{"code":"Conflict","message":"current status is completedWithErrors."}}"#,
    r#"{"error":{"code":"Conflict","message":"The task can't be cancelled because the task is in progress."}}"#,
    r#"{"error":{"code":"Conflict","innerError":{"message":"Current status is completed"}}}"#,
    r#"{"error":{"code":"Conflict","message":"The validation has expired"}}"#,
    r#"{"error":{"code":"notFound","message":"There is no such job","details":[{"code":"a"},{"code":"b"}]}}"#,
];

/// What a caller learns of an answer.
enum Learned {
    /// It was accepted, or read.
    Accepted {
        shown: String,
        deviations: usize,
    },
    /// One of the legitimate refusals; of a cancellation the status that it claims.
    Refused {
        shown: String,
        claims: Option<String>,
    },
    Failed(Error),
}

fn response<T: Serialize>(response: &Response<T>) -> Learned {
    serde_json::to_string(response).expect("a response is written");
    Learned::Accepted {
        shown: response.to_string(),
        deviations: response.deviations().len(),
    }
}

fn plain<T: Serialize>(judged: Result<Response<T>, Failure>) -> Learned {
    judged.map_or_else(failed, |judged| response(&judged))
}

fn failed(failure: Failure) -> Learned {
    Learned::Failed(Error::from_failure(failure))
}

fn cancelled(judged: Result<CancelOutcome, Failure>) -> Learned {
    let outcome = match judged {
        Ok(outcome) => outcome,
        Err(failure) => return failed(failure),
    };
    serde_json::to_string(&outcome).expect("an outcome is written");
    let claims = match &outcome {
        CancelOutcome::Accepted(accepted) => return response(accepted),
        CancelOutcome::AlreadyBeingCancelled(_) => Some("pendingCancel".to_owned()),
        CancelOutcome::AlreadyFinal { status, .. } => Some(status.to_string()),
        CancelOutcome::TooLate { status, .. } => Some(status.to_string()),
        CancelOutcome::Undetermined(_) => None,
    };
    let shown = outcome.to_string();
    Learned::Refused { shown, claims }
}

fn started(judged: Result<StartOutcome, Failure>) -> Learned {
    match judged {
        Ok(StartOutcome::Started(job)) => response(&job),
        Ok(outcome) => Learned::Refused {
            shown: outcome.to_string(),
            claims: None,
        },
        Err(failure) => failed(failure),
    }
}

fn deleted(judged: Result<DeleteOutcome, Failure>) -> Learned {
    match judged {
        Ok(DeleteOutcome::Accepted(nothing)) => response(&nothing),
        Ok(outcome) => Learned::Refused {
            shown: outcome.to_string(),
            claims: None,
        },
        Err(failure) => failed(failure),
    }
}

type Judge = fn(Answer) -> Learned;

/// A call of every kind of judgement.
const JUDGES: [(&Operation, Judge); 10] = [
    (&operations::CANCEL_JOB, |a| {
        cancelled(judgement::cancel_job(a))
    }),
    (&operations::CANCEL_USER, |a| {
        cancelled(judgement::cancel_user(a))
    }),
    (&operations::CANCEL_SHAREPOINT_TASK, |a| {
        cancelled(judgement::cancel_task(a))
    }),
    (&operations::MIGRATE_JOB, |a| started(judgement::start(a))),
    (&operations::DELETE_JOB, |a| deleted(judgement::delete(a))),
    (&operations::UPDATE_JOB, |a| plain(judgement::nothing(a))),
    (&operations::CREATE_JOB, |a| {
        plain(judgement::object::<types::CrossTenantMigrationJob>(a))
    }),
    (&operations::UPDATE_USER_MAPPINGS, |a| {
        plain(judgement::collection::<
            types::SharePointUserIdentityMappingCollectionResponse,
        >(a))
    }),
    (&operations::GET_JOB, |a| {
        plain(judgement::read_object::<types::CrossTenantMigrationJob>(a))
    }),
    (&operations::LIST_USERS, |a| {
        plain(judgement::read_collection::<
            types::CrossTenantMigrationTaskCollectionResponse,
        >(a))
    }),
];

const STATUSES: [u16; 24] = [
    200, 201, 202, 204, 206, 299, 301, 304, 400, 401, 403, 404, 408, 409, 410, 422, 425, 429, 499,
    500, 501, 503, 509, 599,
];
/// RFC 9110, 4918, 6585, 7725 and 8470: the request was not carried out.
const NOT_CARRIED_OUT: [u16; 25] = [
    400, 401, 403, 404, 405, 407, 409, 410, 411, 412, 413, 414, 415, 421, 422, 423, 424, 425, 426,
    428, 429, 431, 451, 501, 503,
];

fn answer(operation: &'static Operation, status: u16, chosen: &[u8], text: Vec<u8>) -> Answer {
    let mut headers = HeaderMap::new();
    // Any bytes that HTTP allows in a header.
    let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).ok();
    let rest = chosen.get(3..).unwrap_or_default();
    for (name, value) in [
        (RETRY_AFTER, value(rest)),
        (DATE, value(rest)),
        (
            HeaderName::from_static("request-id"),
            value(&rest.repeat(60)),
        ),
    ] {
        if let (true, Some(value)) = (chosen.len().is_multiple_of(2), value) {
            headers.insert(name, value);
        }
    }
    let cut_short = match chosen.get(2).copied().unwrap_or_default() {
        0..=7 => Some(CutShort::BrokenOff("reset\r\n\u{1b}[2J".to_owned())),
        8..=11 => Some(CutShort::TooLong(67_108_864)),
        _ => None,
    };
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers,
        text: Bytes::from(text),
        cut_short,
        request: SentRequest {
            operation,
            path: format!("/v1.0/solutions/{}", "long\u{202e}".repeat(400)).into(),
            client_request_id: "00000000-0000-4000-8000-000000000000".into(),
        },
        limits: AnswerLimits::new(),
    }
}

/// What is said of an answer is no more than the answer tells.
fn judge(chosen: &[u8], operation: &'static Operation, learn: Judge) {
    let [first, second, ..] = *chosen else { return };
    let status = STATUSES[usize::from(first / 8) % STATUSES.len()];
    let seeds: Vec<&[u8]> = CONFLICTS.iter().map(|text| text.as_bytes()).collect();
    let rest = chosen.get(2..).unwrap_or_default();
    let text = match second % 8 {
        0 => Vec::new(),
        1..=3 => input(rest, &seeds),
        _ => body(rest),
    };
    let json: Option<Value> = serde_json::from_slice(&text).ok();
    // Numbers beyond all numbers and half surrogates are in no tree, but in the grammar of JSON.
    let is_json = serde_json::from_slice::<IgnoredAny>(&text).is_ok();
    let answer = answer(operation, status, chosen, text);
    let asks_to_wait = answer.retry_after().is_some();
    let is_whole = answer.cut_short.is_none();
    let is_blank = answer.is_blank();
    let is_read = operation.method == "GET";
    let is_success = (200..300).contains(&status);
    let context = format!("{} {status} {json:?}", operation.id);
    match learn(answer) {
        Learned::Accepted { shown, deviations } => {
            assert!(is_success && is_whole, "{context}");
            assert!(!(is_read && is_blank), "{context}");
            assert_one_line(&shown, 1_500);
            // An object that is an error was not accepted; what is no JSON was not either.
            if let Some(Value::Object(members)) = &json {
                let is_error =
                    members.len() == 1 && members.get("error").is_some_and(Value::is_object);
                assert!(!is_error, "{context}");
            } else {
                let is_outside = json.is_none() && is_json;
                assert!(is_blank || deviations > 0 || is_outside, "{context}");
            }
        }
        Learned::Refused { shown, claims } => {
            assert!(status == 409 && !is_read, "{context}");
            assert_one_line(&shown, 4_500);
            if let (Some(claims), Some(json)) = (claims, json) {
                // Any spelling of a status that the message names counts, and nothing else does.
                let said = json.to_string().to_lowercase().replace(' ', "");
                assert!(said.contains(&claims.to_lowercase()), "{context}: {claims}");
                let whole = format!("{}witherrors", claims.to_lowercase());
                assert!(
                    claims == "completedWithErrors" || !said.contains(&whole),
                    "{context}"
                );
            }
        }
        Learned::Failed(error) => {
            assert_one_line(&error.to_string(), 5_000);
            assert_one_line(&format!("{error:?}"), 5_000);
            serde_json::to_string(&error).expect("an error is written");
            assert!(error.was_sent() && error.attempts() <= 1, "{context}");
            assert!(error.retry_after().is_none_or(|wait| wait <= YEAR));
            let carried_out = match error.kind() {
                ErrorKind::Refused => {
                    assert!(!is_success, "{context}");
                    !NOT_CARRIED_OUT.contains(&status) || (status == 503 && !asks_to_wait)
                }
                ErrorKind::Contradicted => {
                    assert!(is_success && is_whole, "{context}");
                    !is_read
                }
                ErrorKind::Unreadable => {
                    assert!(is_success, "{context}");
                    true
                }
                other => panic!("{other:?}: {context}"),
            };
            assert_eq!(
                error.may_have_taken_effect(),
                carried_out,
                "{context}: {error}"
            );
        }
    }
}

#[test]
fn answers() {
    fuzz!(2_000, |chosen: &[u8]| {
        let turn = chosen.first().map_or(0, |first| usize::from(*first));
        let (operation, learn) = JUDGES[(turn + chosen.len()) % JUDGES.len()];
        judge(chosen, operation, learn);
    });
}

/// All texts and numbers of a body, where they stand or not.
fn words(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        Value::Object(members) => members.values().for_each(|member| words(member, found)),
        _ => {}
    }
}

/// The errors in an error, itself included, and that every text in it stands in the body.
fn count(error: &GraphError, said: Option<&[String]>) -> usize {
    let texts = [
        &error.code,
        &error.message,
        &error.target,
        &error.request_id,
        &error.client_request_id,
    ];
    for text in texts.into_iter().flatten() {
        assert!(text.len() <= 16 * 1024, "{} bytes", text.len());
        if let Some(said) = said {
            let stands = said.iter().any(|word| word.starts_with(text.as_str()));
            let is_number = text.parse::<f64>().is_ok();
            assert!(stands || is_number, "{text:?} is not in the body");
        }
    }
    let inner = error.inner.iter().map(AsRef::as_ref);
    let below = error.details.iter().chain(inner);
    1 + below.map(|error| count(error, said)).sum::<usize>()
}

#[test]
fn errors() {
    fuzz!(800, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = CONFLICTS.iter().map(|text| text.as_bytes()).collect();
        let text = input(chosen, &seeds);
        let error = GraphError::read(&text, AnswerLimits::new());
        let json: Option<Value> = serde_json::from_slice(&text).ok();
        // A member that stands twice is in the tree once.
        let is_twice = String::from_utf8_lossy(&text)
            .matches("\"message\"")
            .count()
            > 1;
        let said = json.filter(|_| !is_twice).map(|json| {
            let mut found = Vec::new();
            words(&json, &mut found);
            found
        });
        assert!(count(&error, said.as_deref()) <= 128);
        assert_one_line(&error.in_one_line(1_000).to_string(), 2_400);
        let mut answer = answer(&operations::CANCEL_JOB, 409, &[], text);
        answer.headers.clear();
        let refusal = Refusal::new(answer);
        assert_one_line(&refusal.to_string(), 2_500);
        if let Some(status) = refusal.current_status() {
            assert!(
                refusal
                    .message()
                    .is_some_and(|words| words.contains(status))
            );
        }
    });
}

#[test]
fn pauses() {
    const PAUSES: [&str; 8] = [
        "10",
        "2.128",
        "Sat, 12 Dec 2026 20:01:30 GMT",
        "Saturday, 12-Dec-26 20:01:30 GMT",
        "Sat Dec 12 20:01:30 2026",
        "99999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "-1",
    ];
    fuzz!(2_000, |chosen: &[u8]| {
        let now: DateTime<Utc> = "2026-12-12T20:00:00Z".parse().expect("a time");
        let seeds: Vec<&[u8]> = PAUSES.iter().map(|text| text.as_bytes()).collect();
        let text = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        let pause = parse_retry_after(&text, now);
        assert!(pause.is_none_or(|pause| pause <= YEAR), "{text:?}");
        if let Ok(seconds) = text.parse::<u64>() {
            let expected = Duration::from_secs(seconds).min(YEAR);
            assert_eq!(pause, Some(expected), "{text:?}");
        }
        // Years of two digits are read apart: both readings are in use.
        let is_obsolete = text.contains('-');
        if let (Ok(date), false) = (httpdate::parse_http_date(&text), is_obsolete) {
            let wait = date
                .duration_since(now.into())
                .unwrap_or_default()
                .min(YEAR);
            assert_eq!(pause, Some(wait), "{text:?}");
        }
    });
}
