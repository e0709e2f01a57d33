//! What an answer means. Pure: an answer in, a judgement out.
//!
//! This is the only place that spells a status. One rule holds for all operations:
//!
//! 1. The status decides: 2xx is done or accepted, 409 of an action is its conflict, all else is a refusal.
//! 2. A 2xx is then held against its body:
//!    * None: accepted, and the value is empty. A read was told nothing, and is unreadable.
//!    * JSON that can be read: the value; what had to be left out of it is a deviation each.
//!    * An error object, or something that is no JSON (a proxy's HTML): the status and the body contradict
//!      each other. That is an error of its own kind, also where no body is expected; unless the call is a
//!      read, it may have taken effect.
//!    * JSON that is no object (`null`, `"accepted"`, `[]`): accepted, with a deviation. A read is unreadable.
//!    * JSON that breaks off: unreadable.
//! 3. A page whose list is missing or odd, or whose next link is odd, is unreadable: it would look like an
//!    empty or a finished list.

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::answers::answer::{Answer, CutShort};
use crate::answers::cancellation;
use crate::answers::graph_error::GraphError;
use crate::answers::outcome::{CancelOutcome, DeleteOutcome, StartOutcome};
use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::tolerant::{self, Deviation, Read, Unread};

/// An answer that is not what the caller hoped for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A status outside 2xx, other than those that are outcomes.
    Refused(Refusal),
    /// A 2xx whose body says otherwise: an error, or something that is not the service's.
    Contradicted(Box<Answer>, String),
    /// A 2xx whose body contradicts the model, or did not arrive whole.
    Unreadable(Box<Answer>, Fault),
}

/// What is wrong with the body of a success.
#[derive(Debug)]
pub(crate) struct Fault {
    pub reason: String,
    /// Whether the end of the body is missing, so that asking again may bring the whole.
    pub is_incomplete: bool,
}

type Judgement<T> = Result<T, Failure>;
type Reading<T> = Result<Read<T>, Unread>;

/// A call answered with one object.
pub(crate) fn object<T: DeserializeOwned + Default>(answer: Answer) -> Judgement<Response<T>> {
    accepted(answer, tolerant::read_object)
}

/// A call answered with a collection.
pub(crate) fn collection<T: DeserializeOwned + Default>(answer: Answer) -> Judgement<Response<T>> {
    accepted(answer, tolerant::read_collection)
}

/// A call answered with nothing, or with something that does not matter.
pub(crate) fn nothing(answer: Answer) -> Judgement<Response<()>> {
    accepted(answer, tolerant::read_nothing)
}

/// A read answered with one object.
pub(crate) fn read_object<T: DeserializeOwned>(answer: Answer) -> Judgement<Response<T>> {
    told(answer, tolerant::read_object)
}

/// A read answered with a collection.
pub(crate) fn read_collection<T: DeserializeOwned>(answer: Answer) -> Judgement<Response<T>> {
    told(answer, tolerant::read_collection)
}

/// The cancellation of a job.
pub(crate) fn cancel_job(answer: Answer) -> Judgement<CancelOutcome> {
    cancel(answer, cancellation::of_job)
}

/// The cancellation of a user of a job.
pub(crate) fn cancel_user(answer: Answer) -> Judgement<CancelOutcome> {
    cancel(answer, cancellation::of_user)
}

/// The cancellation of a SharePoint task.
pub(crate) fn cancel_task(answer: Answer) -> Judgement<CancelOutcome> {
    cancel(answer, cancellation::of_task)
}

fn cancel(answer: Answer, conflict: fn(Refusal) -> CancelOutcome) -> Judgement<CancelOutcome> {
    match answer.status {
        StatusCode::CONFLICT => Ok(conflict(Refusal::new(answer))),
        _ => object(answer).map(CancelOutcome::Accepted),
    }
}

/// The start of a validation or a migration.
pub(crate) fn start(answer: Answer) -> Judgement<StartOutcome> {
    match answer.status {
        StatusCode::CONFLICT => {
            let refusal = Refusal::new(answer);
            // No document gives a code for the two reasons, so that the documented words have to
            // do.
            let message = refusal.message().unwrap_or_default().to_ascii_lowercase();
            Ok(if message.contains("expired") {
                StartOutcome::ValidationExpired(refusal)
            } else if message.contains("status") {
                StartOutcome::InvalidStatus(refusal)
            } else {
                StartOutcome::Undetermined(refusal)
            })
        }
        _ => object(answer).map(StartOutcome::Started),
    }
}

/// The deletion of a job.
pub(crate) fn delete(answer: Answer) -> Judgement<DeleteOutcome> {
    match answer.status {
        StatusCode::CONFLICT => Ok(DeleteOutcome::NotFinal(Refusal::new(answer))),
        _ => nothing(answer).map(DeleteOutcome::Accepted),
    }
}

/// Whether the status is known to mean that the request was not carried out.
///
/// Anything else may have been, or somebody in front of the service may speak of what it did not see: 408
/// and 499 tell that one side had not the patience to wait for the other, 3xx points elsewhere, and a server
/// that stumbles (5xx) may have acted before it did. A status that nobody knows is not taken for a promise.
pub(crate) fn was_not_processed(refusal: &Refusal) -> bool {
    match refusal.status().as_u16() {
        // RFC 9110: the request is refused before it is looked into, for its form (400, 405, 411, 413, 414,
        // 415), its sender (401, 403, 407), its target (404, 410, 421), a protocol (426), a condition (412)
        // or the state of the target (409). Graph documents 400, 401, 403, 404, 409 and 411 for these calls,
        // 405 for paths of another version.
        400 | 401 | 403 | 404 | 405 | 407 | 409 | 410 | 411 | 412 | 413 | 414 | 415 | 421 | 426
        // RFC 9110 again: the content was understood and not acted upon. Graph answers it to a creation with
        // a name that is taken or a date that has passed.
        | 422
        // RFC 4918: the target is locked (423), or what the request depends on failed (424, which Graph
        // answers in batches), so that it could not be performed.
        | 423 | 424
        // RFC 8470 and RFC 6585: the server is unwilling to process the request yet, without a condition, so
        // soon after others (Graph throttles), or with such headers.
        | 425 | 428 | 429 | 431
        // RFC 7725: access is denied by law.
        | 451
        // RFC 9110: the server does not know the method.
        | 501 => true,
        // With a time to come back, it did not begin; without one, it may be a gateway that gave up.
        503 => refusal.retry_after().is_some(),
        _ => false,
    }
}

/// Whether the service did not process the request and asks to come back.
pub(crate) fn asks_to_come_back(refusal: &Refusal) -> bool {
    refusal.status() == StatusCode::TOO_MANY_REQUESTS
        || (refusal.status() == StatusCode::SERVICE_UNAVAILABLE && refusal.retry_after().is_some())
}

/// Whether the service had trouble that passes, and may or may not have processed the request.
pub(crate) fn is_passing_trouble(refusal: &Refusal) -> bool {
    // 509 is what Graph answers when the bandwidth is used up.
    matches!(refusal.status().as_u16(), 408 | 500 | 502 | 503 | 504 | 509)
}

/// What an answer says about how much the service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// It wants to be left alone.
    Refused,
    Passed,
    /// It had trouble that need not come from too many requests.
    Unknown,
}

/// What an answer says about how much the service takes.
pub(crate) fn pressure(answer: &Answer) -> Pressure {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Pressure::Refused,
        StatusCode::SERVICE_UNAVAILABLE if answer.retry_after().is_some() => Pressure::Refused,
        StatusCode::SERVICE_UNAVAILABLE => Pressure::Unknown,
        _ => Pressure::Passed,
    }
}

/// Whether the status says that the token is not, or no longer, good.
pub(crate) fn is_unauthorized(refusal: &Refusal) -> bool {
    refusal.status() == StatusCode::UNAUTHORIZED
}

impl Refusal {
    /// Whether the service itself says that there is no such thing, or no longer.
    ///
    /// A 404 without a Graph error may come from something in front of the service, and does not count.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.status(), StatusCode::NOT_FOUND | StatusCode::GONE)
            && (self.code().is_some() || self.message().is_some())
    }
}

/// What a 2xx means for a call that asks the service to do something: it was accepted, and the body tells
/// more, tells nothing, or contradicts it.
fn accepted<T: Default>(
    answer: Answer,
    read: impl FnOnce(&[u8]) -> Reading<T>,
) -> Judgement<Response<T>> {
    let answer = succeeded(answer)?;
    if answer.is_blank() {
        return Ok(Response::new(T::default(), answer, Vec::new()));
    }
    match read(answer.json_text()) {
        Ok(Read { value, deviations }) => Ok(Response::new(value, answer, deviations)),
        Err(Unread::NotAnObject) => {
            let deviation = Deviation {
                pointer: String::new(),
                reason: NOT_AN_OBJECT.to_owned(),
            };
            Ok(Response::new(T::default(), answer, vec![deviation]))
        }
        Err(unread) => Err(failure(answer, unread)),
    }
}

/// What a 2xx means for a call that asks what is: whatever the body tells. One that tells nothing would look
/// like a thing without a status, or an empty list.
fn told<T>(answer: Answer, read: impl FnOnce(&[u8]) -> Reading<T>) -> Judgement<Response<T>> {
    let answer = succeeded(answer)?;
    if answer.is_blank() {
        let fault = Fault {
            reason: "the answer has no body".to_owned(),
            is_incomplete: true,
        };
        return Err(Failure::Unreadable(Box::new(answer), fault));
    }
    match read(answer.json_text()) {
        Ok(Read { value, deviations }) => Ok(Response::new(value, answer, deviations)),
        Err(unread) => Err(failure(answer, unread)),
    }
}

/// An answer with a status of success, all of which arrived.
fn succeeded(answer: Answer) -> Judgement<Answer> {
    if !answer.status.is_success() {
        return Err(Failure::Refused(Refusal::new(answer)));
    }
    if let Some(cut_short) = &answer.cut_short {
        let fault = Fault {
            reason: cut_short.to_string(),
            is_incomplete: matches!(cut_short, CutShort::BrokenOff(_)),
        };
        return Err(Failure::Unreadable(Box::new(answer), fault));
    }
    Ok(answer)
}

const NOT_AN_OBJECT: &str = "expected an object";

fn failure(answer: Answer, unread: Unread) -> Failure {
    let unreadable = |answer, reason, is_incomplete| {
        let fault = Fault {
            reason,
            is_incomplete,
        };
        Failure::Unreadable(Box::new(answer), fault)
    };
    match unread {
        Unread::Error => {
            let error = GraphError::read(answer.json_text(), answer.limits);
            let reason = format!(
                "the body is an error{}",
                error.in_one_line(answer.limits.shown_message)
            );
            Failure::Contradicted(Box::new(answer), reason)
        }
        Unread::NotJson(error) => {
            let reason = format!("the body is no JSON, and so not the service's: {error}");
            Failure::Contradicted(Box::new(answer), reason)
        }
        Unread::Incomplete(error) => unreadable(answer, error.to_string(), true),
        Unread::NotAnObject => unreadable(answer, NOT_AN_OBJECT.to_owned(), false),
        Unread::Unusable(reason) => unreadable(answer, reason, false),
    }
}
