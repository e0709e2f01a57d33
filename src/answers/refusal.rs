//! An answer that is not a success.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};

use crate::answers::answer::{Answer, MAX_SHOWN_ID, SentRequest};
use crate::answers::graph_error::GraphError;
use crate::models::one_line::OneLine;
use crate::models::operation::Operation;

/// What the service said when it did not do what it was asked.
///
/// Status, headers and raw text are there whatever the body was; codes and message as far as it
/// could be read.
#[derive(Clone)]
pub struct Refusal(Box<Parts>);

#[derive(Clone)]
struct Parts {
    answer: Answer,
    error: GraphError,
}

impl Refusal {
    pub(crate) fn new(answer: Answer) -> Self {
        let error = GraphError::read(answer.json_text(), answer.limits);
        Self(Box::new(Parts { answer, error }))
    }

    pub(crate) fn request(&self) -> &SentRequest {
        &self.0.answer.request
    }

    /// The call that was refused.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        self.request().operation
    }

    /// The path of the request, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.request().path
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.answer.status
    }

    /// All headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.answer.headers
    }

    /// The service's id of the request, to be quoted to Microsoft support; from the header, else
    /// from the body.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.answer.request_id().or_else(|| {
            let inner = self
                .0
                .error
                .inner
                .as_ref()
                .and_then(|inner| inner.request_id.as_deref());
            self.0.error.request_id.as_deref().or(inner)
        })
    }

    /// The caller's id of the request: as the service repeated it, else as it was sent.
    #[must_use]
    pub fn client_request_id(&self) -> &str {
        let in_body = || {
            let error = &self.0.error;
            let inner = error.inner.as_ref();
            error
                .client_request_id
                .as_deref()
                .or_else(|| inner?.client_request_id.as_deref())
        };
        self.0
            .answer
            .echoed_client_request_id()
            .or_else(in_body)
            .unwrap_or(&self.0.answer.request.client_request_id)
    }

    /// How long the service asks to wait, from `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.answer.retry_after()
    }

    /// Where the service points to, from `Location`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.answer.header(LOCATION.as_str())
    }

    /// Codes, message, target and details, as far as the body could be read.
    #[must_use]
    pub fn error(&self) -> &GraphError {
        &self.0.error
    }

    /// The outermost code, if there is one and it is not empty.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.error.code.as_deref().filter(|code| !code.is_empty())
    }

    /// Whether `code` stands anywhere in the body: outermost, in `details`, or in an inner error.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.0
            .error
            .codes()
            .any(|found| found.eq_ignore_ascii_case(code))
    }

    /// The service's words, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.error.message.as_deref()
    }

    /// The message, unless its end was left out: what a cut text seems to say may be something else.
    pub(crate) fn whole_message(&self) -> Option<&str> {
        // A cut never goes back more than three bytes, to the beginning of a character.
        let cut = self.0.answer.limits.text_bytes.saturating_sub(3);
        self.message().filter(|message| message.len() < cut)
    }

    /// The status of the job or user that the message names as the reason, when it does.
    ///
    /// The documents give two such messages, both ending in "current status is" and the status.
    #[must_use]
    pub fn current_status(&self) -> Option<&str> {
        let message = self.whole_message()?;
        let (_, status) = message.rsplit_once("urrent status is ")?;
        let end = status
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(status.len());
        Some(&status[..end]).filter(|status| !status.is_empty())
    }

    /// The raw body, as far as it arrived.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0.answer.text)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("answer", &self.0.answer)
            .field("error", &self.0.error)
            .finish()
    }
}

/// Status, codes, message and request id, on one line of at most 2,500 characters unless
/// [`AnswerLimits`](crate::AnswerLimits) allow longer messages.
///
/// Of long codes and messages the beginning is shown, and how much more there is. Characters that would begin
/// a line, move a cursor or turn the direction of the line are escaped.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status().as_u16())?;
        if let Some(reason) = self.status().canonical_reason() {
            write!(f, " {reason}")?;
        }
        write!(
            f,
            "{}",
            self.0.error.in_one_line(self.0.answer.limits.shown_message)
        )?;
        if self.message().is_none() && !self.0.answer.is_blank() {
            let bytes = self.0.answer.text.len();
            write!(f, ": {bytes} bytes that are no Graph error")?;
        }
        write!(
            f,
            " (request-id {})",
            OneLine(self.request_id().unwrap_or("unknown"), MAX_SHOWN_ID)
        )
    }
}
