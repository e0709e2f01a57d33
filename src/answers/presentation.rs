//! How answers are shown to people, as one line, and written as JSON.
//!
//! Both name the request by method and path. Headers and raw text are left out of both, and so is every
//! token, of which an answer knows none.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::answers::answer::{MAX_SHOWN_ID, SentRequest};
use crate::answers::error::{Error, ErrorKind, MAX_SHOWN_PATH};
use crate::answers::graph_error::GraphError;
use crate::answers::outcome::{
    CancelOutcome, DeleteOutcome, FinalStatus, RunningStatus, StartOutcome,
};
use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::one_line::OneLine;
use crate::models::tolerant::Deviation;

/// Method and path, which holds ids of any length.
impl fmt::Display for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = OneLine(&self.path, MAX_SHOWN_PATH);
        write!(f, "{} {path}", self.operation.method)
    }
}

/// Method, path, status and request id, on one line.
impl<T> fmt::Display for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request(), self.status())?;
        if !self.deviations().is_empty() {
            write!(f, ", {} deviations", self.deviations().len())?;
        }
        write!(
            f,
            " (request-id {})",
            OneLine(self.request_id().unwrap_or("unknown"), MAX_SHOWN_ID)
        )
    }
}

/// What became of the cancellation, on one line.
impl fmt::Display for CancelOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(response) => write!(f, "{response}; the cancellation was accepted"),
            Self::AlreadyBeingCancelled(refusal) => {
                write!(f, "{}: it is being cancelled already", refusal.request())
            }
            Self::AlreadyFinal { status, refusal } => write!(
                f,
                "{}: there is nothing to cancel, it is {status}",
                refusal.request()
            ),
            Self::TooLate { status, refusal } => write!(
                f,
                "{}: TOO LATE, the migration continues, it is {status}",
                refusal.request()
            ),
            Self::Undetermined(refusal) => write!(
                f,
                "{}: NOT CANCELLED, and whether the migration continues is not known",
                refusal.request()
            ),
        }?;
        match self.refusal() {
            Some(refusal) => write!(f, "; {refusal}"),
            None => Ok(()),
        }
    }
}

/// Whether it was started, on one line.
impl fmt::Display for StartOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (why, refusal) = match self {
            Self::Started(response) => return write!(f, "{response}; it was started"),
            Self::InvalidStatus(refusal) => ("its status does not allow it", refusal),
            Self::ValidationExpired(refusal) => ("its validation has expired", refusal),
            Self::Undetermined(refusal) => ("there is a conflict", refusal),
        };
        write!(
            f,
            "{}: nothing was started, {why}; {refusal}",
            refusal.request()
        )
    }
}

/// Whether it will be deleted, on one line.
impl fmt::Display for DeleteOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(response) => write!(f, "{response}; it will be deleted"),
            Self::NotFinal(refusal) => write!(
                f,
                "{}: it was not deleted, because it has not ended; {refusal}",
                refusal.request()
            ),
        }
    }
}

/// What every answer is written with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a, Body> {
    operation: &'static str,
    method: &'static str,
    path: &'a str,
    status: u16,
    request_id: Option<&'a str>,
    client_request_id: &'a str,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
struct Success<'a, T> {
    value: &'a T,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    deviations: &'a [Deviation],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<f64>,
    error: &'a GraphError,
}

/// The request, `status`, `requestId`, `value`, and `deviations` if there are any.
impl<T: Serialize> Serialize for Response<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request();
        Written {
            operation: request.operation.id,
            method: request.operation.method,
            path: &request.path,
            status: self.status().as_u16(),
            request_id: self.request_id(),
            client_request_id: self.client_request_id(),
            body: Success {
                value: self.value(),
                deviations: self.deviations(),
            },
        }
        .serialize(serializer)
    }
}

/// The request, `status`, `requestId`, and `error` as far as it could be read.
impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request();
        Written {
            operation: request.operation.id,
            method: request.operation.method,
            path: &request.path,
            status: self.status().as_u16(),
            request_id: self.request_id(),
            client_request_id: self.client_request_id(),
            body: Failure {
                retry_after_seconds: self.retry_after().map(|wait| wait.as_secs_f64()),
                error: self.error(),
            },
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenError<'a> {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    method: Option<&'static str>,
    path: Option<&'a str>,
    status: Option<u16>,
    request_id: Option<&'a str>,
    client_request_id: Option<&'a str>,
    attempts: u32,
    was_sent: bool,
    may_have_taken_effect: bool,
    is_safe_to_repeat: bool,
    retry_after_seconds: Option<f64>,
    error: Option<&'a GraphError>,
}

/// `kind`, the sentence as `message`, the request, how far it got, and the service's `error`.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WrittenError {
            kind: self.kind(),
            message: self.to_string(),
            operation: self.operation().map(|operation| operation.id),
            method: self.operation().map(|operation| operation.method),
            path: self.path(),
            status: self.status().map(|status| status.as_u16()),
            request_id: self.request_id(),
            client_request_id: self.client_request_id(),
            attempts: self.attempts(),
            was_sent: self.was_sent(),
            may_have_taken_effect: self.may_have_taken_effect(),
            is_safe_to_repeat: self.is_safe_to_repeat(),
            retry_after_seconds: self.retry_after().map(|wait| wait.as_secs_f64()),
            error: self.refusal().map(Refusal::error),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenOutcome<'a, Answer> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_status: Option<&'static str>,
    answer: &'a Answer,
}

fn written<S: Serializer>(
    outcome: &'static str,
    current_status: Option<&'static str>,
    answer: &impl Serialize,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    WrittenOutcome {
        outcome,
        current_status,
        answer,
    }
    .serialize(serializer)
}

/// `outcome`, `currentStatus` where it is known, and `answer`.
impl Serialize for CancelOutcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Accepted(answer) => written("accepted", None, answer, to),
            Self::AlreadyBeingCancelled(answer) => {
                written("alreadyBeingCancelled", None, answer, to)
            }
            Self::AlreadyFinal { status, refusal } => {
                written("alreadyFinal", Some(status.as_str()), refusal, to)
            }
            Self::TooLate { status, refusal } => {
                written("tooLate", Some(status.as_str()), refusal, to)
            }
            Self::Undetermined(answer) => written("undetermined", None, answer, to),
        }
    }
}

/// `outcome` and `answer`.
impl Serialize for StartOutcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Started(answer) => written("started", None, answer, to),
            Self::InvalidStatus(answer) => written("invalidStatus", None, answer, to),
            Self::ValidationExpired(answer) => written("validationExpired", None, answer, to),
            Self::Undetermined(answer) => written("undetermined", None, answer, to),
        }
    }
}

/// `outcome` and `answer`.
impl Serialize for DeleteOutcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Accepted(answer) => written("accepted", None, answer, to),
            Self::NotFinal(answer) => written("notFinal", None, answer, to),
        }
    }
}

impl Serialize for FinalStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for RunningStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
