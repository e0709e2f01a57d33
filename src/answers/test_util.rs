//! Answers that no service gave, for the tests of programs that handle them.
//!
//! What is built here is judged by the rules that judge the answers of the service, so that a test sees
//! what a real call would have brought: a 502 may have taken effect, a 429 may not.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::answers::answer::{Answer, SentRequest};
use crate::answers::error::{Error, ErrorKind};
use crate::answers::judgement::Failure;
use crate::answers::limits::AnswerLimits;
use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::operation::Operation;

/// An answer of the service, made up.
///
/// ```
/// use msgraph_migrations::test_util::FakeAnswer;
/// use msgraph_migrations::{CancelOutcome, RunningStatus, StatusCode, operations};
///
/// let refusal = FakeAnswer::to(&operations::CANCEL_JOB, StatusCode::CONFLICT)
///     .body(r#"{"error":{"code":"Conflict","message":"Current status is cuttingOver"}}"#)
///     .refusal();
/// assert_eq!(refusal.current_status(), Some("cuttingOver"));
/// let outcome = CancelOutcome::TooLate { status: RunningStatus::CuttingOver, refusal };
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FakeAnswer(Answer);

impl FakeAnswer {
    /// An answer without headers or body.
    pub fn to(operation: &'static Operation, status: StatusCode) -> Self {
        Self(Answer {
            status,
            headers: HeaderMap::new(),
            text: Bytes::new(),
            cut_short: None,
            request: SentRequest {
                operation,
                path: operation.path.into(),
                client_request_id: "00000000-0000-4000-8000-000000000000".into(),
            },
            limits: AnswerLimits::new(),
        })
    }

    /// The path of the request; it is the template of the operation unless set.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.0.request.path = path.into().into();
        self
    }

    /// Adds a header, for instance `retry-after`.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.0.text = Bytes::from(body.into());
        self
    }

    /// A success with this value, whatever the status.
    ///
    /// The value is taken as it is; the body is only what [`Response::text`] shows.
    pub fn response<T>(self, value: T) -> Response<T> {
        Response::new(value, self.0, Vec::new())
    }

    /// A refusal, as outcomes hold it, whatever the status.
    pub fn refusal(self) -> Refusal {
        Refusal::new(self.0)
    }

    /// The error that this answer is to a call that expects another, for a status outside 2xx.
    pub fn error(self) -> Error {
        let request = self.0.request.clone();
        let failure = Failure::Refused(Refusal::new(self.0));
        named(Error::from_failure(failure), &request)
    }
}

/// The error of a call that no answer came to, or that was not sent at all.
///
/// What it tells follows from `kind`: [`ErrorKind::Interrupted`] was sent and may have taken effect,
/// [`ErrorKind::Connect`] was not.
///
/// ```
/// use msgraph_migrations::{ErrorKind, operations, test_util};
///
/// let lost = test_util::error(ErrorKind::Interrupted, &operations::CANCEL_JOB);
/// assert!(lost.may_have_taken_effect() && !lost.is_safe_to_repeat());
/// ```
#[must_use]
pub fn error(kind: ErrorKind, operation: &'static Operation) -> Error {
    let request = FakeAnswer::to(operation, StatusCode::OK).0.request;
    named(Error::new(kind, "made up for a test"), &request)
}

fn named(error: Error, request: &SentRequest) -> Error {
    error.on(
        request.operation,
        &request.path,
        Some(&request.client_request_id),
    )
}
