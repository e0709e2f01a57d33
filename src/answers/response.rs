//! A successful answer.

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::answers::answer::{Answer, SentRequest};
use crate::models::operation::Operation;
use crate::models::tolerant::Deviation;

/// A value that the service answered with, and the answer around it.
///
/// Any 2xx is a success, whatever its number. When it had no body, the value is the empty one, all
/// of whose properties are absent, and [`has_body`](Self::has_body) is false.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    pub(super) answer: Answer,
    deviations: Vec<Deviation>,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, answer: Answer, deviations: Vec<Deviation>) -> Self {
        Self {
            value,
            answer,
            deviations,
        }
    }

    pub(crate) fn request(&self) -> &SentRequest {
        &self.answer.request
    }

    /// The call that was answered.
    pub fn operation(&self) -> &Operation {
        self.request().operation
    }

    /// The path of the request, without the query.
    pub fn path(&self) -> &str {
        &self.request().path
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value alone.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The status, some 2xx.
    pub fn status(&self) -> StatusCode {
        self.answer.status
    }

    /// All headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.answer.headers
    }

    /// The service's id of the request, to be quoted to Microsoft support.
    pub fn request_id(&self) -> Option<&str> {
        self.answer.request_id()
    }

    /// The caller's id of the request: as the service repeated it, else as it was sent.
    pub fn client_request_id(&self) -> &str {
        self.answer
            .echoed_client_request_id()
            .unwrap_or(&self.answer.request.client_request_id)
    }

    /// Whether the answer had a body.
    pub fn has_body(&self) -> bool {
        !self.answer.is_blank()
    }

    /// The raw body, with everything that the value does not hold.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.answer.text)
    }

    /// The parts that contradicted the documents and were left out of the value; normally none.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// The same answer with its value turned into another.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: into(self.value),
            answer: self.answer,
            deviations: self.deviations,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("answer", &self.answer)
            .field("deviations", &self.deviations)
            .finish()
    }
}
