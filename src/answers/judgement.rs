//! What an answer means. Pure: an answer in, a judgement out.
//!
//! This is the only place that spells a status.

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::answers::answer::{Answer, CutShort};
use crate::answers::cancellation;
use crate::answers::outcome::{CancelOutcome, DeleteOutcome, StartOutcome};
use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::tolerant::{self, Read};

/// An answer that is not what the caller hoped for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A status outside 2xx, other than those that are outcomes.
    Refused(Refusal),
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

/// A call answered with one object.
pub(crate) fn object<T: DeserializeOwned + Default>(answer: Answer) -> Judgement<Response<T>> {
    body(succeeded(answer)?, tolerant::read_object)
}

/// A call answered with a collection of `Item`.
pub(crate) fn collection<T, Item>(answer: Answer) -> Judgement<Response<T>>
where
    T: DeserializeOwned + Default,
    Item: DeserializeOwned,
{
    body(succeeded(answer)?, tolerant::read_collection::<T, Item>)
}

/// A read answered with one object.
pub(crate) fn read_object<T: DeserializeOwned + Default>(answer: Answer) -> Judgement<Response<T>> {
    object(with_body(answer)?)
}

/// A read answered with a collection of `Item`.
pub(crate) fn read_collection<T, Item>(answer: Answer) -> Judgement<Response<T>>
where
    T: DeserializeOwned + Default,
    Item: DeserializeOwned,
{
    collection::<T, Item>(with_body(answer)?)
}

/// A call answered with nothing, or with something that does not matter.
pub(crate) fn nothing(answer: Answer) -> Judgement<Response<()>> {
    Ok(Response::new((), succeeded(answer)?, Vec::new()))
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
                StartOutcome::Conflict(refusal)
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

/// Whether the service says of itself that it did not act on the request.
///
/// A server that stumbles (5xx) may have acted before it did, and whoever answers 3xx or 408 may
/// not be the service; only 501, and 503 with `Retry-After`, say that nothing was done.
pub(crate) fn was_not_processed(refusal: &Refusal) -> bool {
    let status = refusal.status();
    status == StatusCode::NOT_IMPLEMENTED
        || (status == StatusCode::SERVICE_UNAVAILABLE && refusal.retry_after().is_some())
        || (status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT)
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

fn succeeded(answer: Answer) -> Judgement<Answer> {
    if answer.status.is_success() {
        Ok(answer)
    } else {
        Err(Failure::Refused(Refusal::new(answer)))
    }
}

fn body<T: Default>(
    answer: Answer,
    read: impl FnOnce(&[u8]) -> Result<Read<T>, serde_json::Error>,
) -> Judgement<Response<T>> {
    if let Some(cut_short) = &answer.cut_short {
        let fault = Fault {
            reason: cut_short.to_string(),
            is_incomplete: matches!(cut_short, CutShort::BrokenOff(_)),
        };
        return Err(Failure::Unreadable(Box::new(answer), fault));
    }
    if answer.is_blank() {
        return Ok(Response::new(T::default(), answer, Vec::new()));
    }
    match read(answer.json_text()) {
        Ok(Read { value, deviations }) => Ok(Response::new(value, answer, deviations)),
        Err(error) => {
            let fault = Fault {
                reason: error.to_string(),
                is_incomplete: error.is_eof(),
            };
            Err(Failure::Unreadable(Box::new(answer), fault))
        }
    }
}

/// A read that is answered by nothing would look like a thing without a status, or an empty list.
fn with_body(answer: Answer) -> Judgement<Answer> {
    if answer.status.is_success() && answer.cut_short.is_none() && answer.is_blank() {
        let fault = Fault {
            reason: "the answer has no body".to_owned(),
            is_incomplete: true,
        };
        return Err(Failure::Unreadable(Box::new(answer), fault));
    }
    Ok(answer)
}
