//! What went wrong with a call: on which request, how far it got, and what to do next.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Serialize;

use crate::answers::answer::{Answer, MAX_SHOWN_ID};
use crate::answers::judgement::{self, Failure};
use crate::answers::refusal::Refusal;
use crate::answers::response::Response;
use crate::models::one_line::OneLine;
use crate::models::operation::Operation;

/// How much of a path is shown; ids in it are the caller's, and those of next links the service's.
pub(crate) const MAX_SHOWN_PATH: usize = 1_000;
/// How much of a reason is shown; a part of it may be the service's.
const MAX_SHOWN_DETAIL: usize = 2_500;

/// How far a call got before it failed.
///
/// When a call sent several requests, this is about the last of them; "nothing was sent" then means
/// nothing more, and [`Error::was_sent`] and [`Error::may_have_taken_effect`] count the earlier ones too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client is set up in a way that it cannot work with. Nothing was sent.
    Configuration,
    /// The arguments break a documented rule or cannot be sent. Nothing was sent.
    InvalidRequest,
    /// The token source gave no token. Nothing was sent.
    Token,
    /// The request was described, as [`CallOptions::describe_only`](crate::CallOptions::describe_only) asks.
    /// Nothing was sent.
    DescribedOnly,
    /// Its turn came later than this call may take. [`rate_limit_cause`](Error::rate_limit_cause) says
    /// whether the service or the client's own queue is the reason, and
    /// [`retry_after`](Error::retry_after) how long it takes. Nothing was sent.
    RateLimited,
    /// No connection to the service came about. Nothing was sent.
    Connect,
    /// The request was on its way, and no answer came back: it may have taken effect.
    Interrupted,
    /// The service answered with a status outside 2xx.
    Refused,
    /// The service answered with a 2xx, and the body says otherwise: it is an error, or no JSON and so not the
    /// service's, like a proxy's page. Unless the call was a read, it may have taken effect.
    Contradicted,
    /// The service answered with a 2xx, whose body contradicts the documents or did not arrive
    /// whole.
    Unreadable,
}

/// What kept a request from being sent in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateLimitCause {
    /// The service asked, in answer to another request, to be left alone.
    Service,
    /// Too many other requests of the client came first, at the rate that gets through.
    OwnQueue,
}

/// A failed call.
///
/// [`was_sent`](Self::was_sent), [`may_have_taken_effect`](Self::may_have_taken_effect) and
/// [`is_safe_to_repeat`](Self::is_safe_to_repeat) answer what a caller who starts or stops a
/// migration cannot find out alone. An answer that the documents expect, such as a cancellation
/// refused with 409, is no error but an [outcome](crate::outcome).
///
/// It is shown (`Display`) as one line. `Debug`, which is what a `main` that returns it prints, is the same
/// line followed by the causes below it; `{:#?}` lists the parts.
#[derive(Clone)]
pub struct Error(Box<Inner>);

/// What became of the earlier requests of the same call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Earlier {
    pub was_sent: bool,
    pub in_doubt: bool,
}

impl Earlier {
    /// What the error of the latest request tells, which counts those before it.
    pub fn of(latest: Option<&Error>) -> Self {
        Self {
            was_sent: latest.is_some_and(Error::was_sent),
            in_doubt: latest.is_some_and(Error::may_have_taken_effect),
        }
    }
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Option<Operation>,
    path: String,
    client_request_id: Option<String>,
    attempts: u32,
    earlier: Earlier,
    retry_after: Option<Duration>,
    rate_limit_cause: Option<RateLimitCause>,
    detail: String,
    is_lasting: bool,
    refusal: Option<Refusal>,
    answer: Option<Answer>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            path: String::new(),
            client_request_id: None,
            attempts: 0,
            earlier: Earlier::default(),
            retry_after: None,
            rate_limit_cause: None,
            detail: detail.into(),
            is_lasting: false,
            refusal: None,
            answer: None,
            source: None,
        }))
    }

    /// The request has no time to wait for its turn.
    pub(crate) fn rate_limited(cause: RateLimitCause, wait: Duration) -> Self {
        let detail = match cause {
            RateLimitCause::Service => {
                "the service asked for a pause that is longer than this call may take"
            }
            RateLimitCause::OwnQueue => {
                "other requests of this client come first, and this call may not take so long"
            }
        };
        let mut error = Self::new(ErrorKind::RateLimited, detail);
        error.0.rate_limit_cause = Some(cause);
        error.0.retry_after = Some(wait).filter(|wait| !wait.is_zero());
        error
    }

    pub(crate) fn from_failure(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => {
                let mut error = Self::new(ErrorKind::Refused, "");
                error.0.refusal = Some(refusal);
                error
            }
            Failure::Contradicted(answer, reason) => {
                Self::answered(ErrorKind::Contradicted, *answer, reason, false)
            }
            Failure::Unreadable(answer, fault) => {
                Self::unreadable(*answer, fault.reason, fault.is_incomplete)
            }
        }
    }

    pub(crate) fn unreadable(answer: Answer, reason: String, is_incomplete: bool) -> Self {
        Self::answered(ErrorKind::Unreadable, answer, reason, is_incomplete)
    }

    fn answered(kind: ErrorKind, answer: Answer, reason: String, is_incomplete: bool) -> Self {
        let request = answer.request.clone();
        let mut error = Self::new(kind, reason);
        error.0.answer = Some(answer);
        error.0.is_lasting = !is_incomplete;
        error.0.attempts = 1;
        error.on(
            request.operation,
            &request.path,
            Some(&request.client_request_id),
        )
    }

    #[must_use]
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    #[must_use]
    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Whether the same request would end in the same way.
    pub(crate) fn is_lasting(&self) -> bool {
        self.0.is_lasting
    }

    /// Says that this was request number `attempts` of the call, and what became of the earlier ones.
    #[must_use]
    pub(crate) fn after(mut self, attempts: u32, earlier: Earlier) -> Self {
        self.0.attempts = attempts;
        self.0.earlier = earlier;
        self
    }

    /// Names the request; `path` is empty when none was built.
    #[must_use]
    pub(crate) fn on(
        mut self,
        operation: &Operation,
        path: &str,
        client_request_id: Option<&str>,
    ) -> Self {
        self.0.operation = Some(*operation);
        path.clone_into(&mut self.0.path);
        self.0.client_request_id = client_request_id.map(str::to_owned);
        self
    }

    /// How far the call got.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The call, unless the client itself could not be set up.
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        self.0.operation.as_ref()
    }

    /// The path of the request without the query; none when no request was built.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        Some(self.0.path.as_str()).filter(|path| !path.is_empty())
    }

    /// Whether any request of the call can have reached the service.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        self.0.earlier.was_sent || self.was_sent_itself()
    }

    fn was_sent_itself(&self) -> bool {
        match self.kind() {
            ErrorKind::Configuration
            | ErrorKind::InvalidRequest
            | ErrorKind::Token
            | ErrorKind::DescribedOnly
            | ErrorKind::RateLimited
            | ErrorKind::Connect => false,
            ErrorKind::Interrupted
            | ErrorKind::Refused
            | ErrorKind::Contradicted
            | ErrorKind::Unreadable => true,
        }
    }

    /// Whether the service can have done what it was asked.
    ///
    /// When it can, read the state back before deciding anything.
    #[must_use]
    pub fn may_have_taken_effect(&self) -> bool {
        // The last request was refused, but an earlier one of the same call may have got through.
        self.0.earlier.in_doubt || self.is_in_doubt_itself()
    }

    fn is_in_doubt_itself(&self) -> bool {
        match &self.0.refusal {
            Some(refusal) => !judgement::was_not_processed(refusal),
            // What answered a read, whoever it was, left everything as it is.
            None if self.kind() == ErrorKind::Contradicted => self
                .operation()
                .is_none_or(|operation| operation.method != "GET"),
            None => self.was_sent_itself(),
        }
    }

    /// How many times the call tried to send its request.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether sending the same request again can do no harm.
    ///
    /// True when nothing took effect, and for calls that end in the same state however often they
    /// are sent. It does not promise that repeating helps.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        !self.may_have_taken_effect() || self.operation().is_some_and(Operation::is_idempotent)
    }

    /// Whether the same request may fare better in a while, and can do no harm by then.
    ///
    /// That is so when nothing was sent for want of a connection, when the service says that it did not
    /// process the request (429, and 503 with `Retry-After`), and after other trouble that passes for
    /// reads and updates. [`RetryPolicy`](crate::RetryPolicy) repeats by this rule.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        // A deletion could be repeated without harm, but the repetition would be answered by "not in a
        // final status", which reads as if nothing had been deleted.
        let repeatable = self
            .operation()
            .is_some_and(|operation| matches!(operation.method, "GET" | "PATCH"));
        match self.kind() {
            ErrorKind::Connect => true,
            ErrorKind::Interrupted | ErrorKind::Unreadable => repeatable && !self.is_lasting(),
            ErrorKind::Refused => self.refusal().is_some_and(|refusal| {
                judgement::asks_to_come_back(refusal)
                    || (repeatable && judgement::is_passing_trouble(refusal))
            }),
            ErrorKind::Configuration
            | ErrorKind::InvalidRequest
            | ErrorKind::Token
            | ErrorKind::DescribedOnly
            | ErrorKind::RateLimited
            | ErrorKind::Contradicted => false,
        }
    }

    /// Whether the service or the client's own queue is the reason, for [`ErrorKind::RateLimited`].
    #[must_use]
    pub fn rate_limit_cause(&self) -> Option<RateLimitCause> {
        self.0.rate_limit_cause
    }

    /// The service's refusal, with its codes and message, for [`ErrorKind::Refused`].
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// The status, if an answer came.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        let unreadable = self.0.answer.as_ref().map(|answer| answer.status);
        self.refusal().map(Refusal::status).or(unreadable)
    }

    /// All headers, if an answer came.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        let unreadable = self.0.answer.as_ref().map(|answer| &answer.headers);
        self.refusal().map(Refusal::headers).or(unreadable)
    }

    /// The outermost code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal().and_then(Refusal::code)
    }

    /// Whether `code` stands anywhere in a refusal.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.has_code(code))
    }

    /// The service's words, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.refusal().and_then(Refusal::message)
    }

    /// The service's id of the request, to be quoted to Microsoft support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let unreadable = self.0.answer.as_ref().and_then(Answer::request_id);
        self.refusal().and_then(Refusal::request_id).or(unreadable)
    }

    /// The caller's id of the request, made by this client.
    #[must_use]
    pub fn client_request_id(&self) -> Option<&str> {
        self.0.client_request_id.as_deref()
    }

    /// How long the service asks to wait, from `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let unreadable = self.0.answer.as_ref().and_then(Answer::retry_after);
        self.refusal()
            .and_then(Refusal::retry_after)
            .or(unreadable)
            .or(self.0.retry_after)
    }

    /// Where the service points to, from `Location`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers()?
            .get(reqwest::header::LOCATION)?
            .to_str()
            .ok()
    }

    /// The raw body, as far as it arrived.
    #[must_use]
    pub fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
        let unreadable = self
            .0
            .answer
            .as_ref()
            .map(|answer| String::from_utf8_lossy(&answer.text));
        self.refusal().map(Refusal::text).or(unreadable)
    }

    /// What became of the request.
    fn effect(&self) -> &'static str {
        if self.is_in_doubt_itself() {
            "it may have taken effect"
        } else if self.0.earlier.in_doubt {
            "an earlier attempt may have taken effect"
        } else if self.was_sent() {
            "it was not carried out"
        } else {
            "nothing was sent"
        }
    }

    /// What the caller should do.
    fn advice(&self) -> &'static str {
        let asks_to_come_back = self.refusal().is_some_and(judgement::asks_to_come_back);
        match self.kind() {
            _ if self.may_have_taken_effect() => {
                if self.is_safe_to_repeat() {
                    "repeating is safe"
                } else {
                    "read the state back before repeating"
                }
            }
            ErrorKind::Configuration => "set the client up differently",
            ErrorKind::InvalidRequest => "correct the arguments",
            ErrorKind::Token => "see to the token source",
            ErrorKind::DescribedOnly => "make the call without describe_only to send it",
            ErrorKind::Connect => "check the network and repeat",
            _ if self.retry_after().is_some() => "wait as long as asked and repeat",
            ErrorKind::RateLimited => "allow the call more time and repeat",
            ErrorKind::Refused if asks_to_come_back => "wait a while and repeat",
            ErrorKind::Refused
            | ErrorKind::Interrupted
            | ErrorKind::Contradicted
            | ErrorKind::Unreadable => "repeating will not help unless the cause is removed",
        }
    }
}

impl<T> Response<T> {
    /// The error that this answer is to a caller who cannot use its value, for `reason`.
    ///
    /// It is of the kind [`ErrorKind::Unreadable`] and keeps status, headers and text.
    pub fn into_unreadable(self, reason: impl Into<String>) -> Error {
        Error::unreadable(self.answer, reason.into(), true)
    }
}

/// Method, path, status, codes, message and request id, then how far it got and what to do, on one line of at
/// most 5,000 characters.
///
/// Of long texts the beginning is shown, and how much more there is. Characters that would begin a line, move
/// a cursor or turn the direction of the line are escaped.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation() {
            let path = if self.0.path.is_empty() {
                operation.path
            } else {
                &self.0.path
            };
            write!(
                f,
                "{} {}: ",
                operation.method,
                OneLine(path, MAX_SHOWN_PATH)
            )?;
        }
        match (self.kind(), self.refusal(), &self.0.answer) {
            (_, Some(refusal), _) => write!(f, "{refusal}")?,
            (_, _, Some(answer)) => write!(
                f,
                "{} with a body that cannot be used: {} (request-id {})",
                answer.status,
                OneLine(&self.0.detail, MAX_SHOWN_DETAIL),
                OneLine(answer.request_id().unwrap_or("unknown"), MAX_SHOWN_ID),
            )?,
            _ => {
                write!(f, "{}", OneLine(&self.0.detail, MAX_SHOWN_DETAIL))?;
                if let Some(id) = self.client_request_id() {
                    write!(f, " (client-request-id {id})")?;
                }
            }
        }
        if self.attempts() > 1 {
            write!(f, "; {} attempts", self.attempts())?;
        }
        write!(f, "; {}; {}", self.effect(), self.advice())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            write!(f, "{self}")?;
            let mut source = std::error::Error::source(self);
            while let Some(cause) = source {
                write!(f, "; caused by: {cause}")?;
                source = cause.source();
            }
            return Ok(());
        }
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation.map(|operation| operation.id))
            .field("path", &self.0.path)
            .field("client_request_id", &self.0.client_request_id)
            .field("detail", &self.0.detail)
            .field("refusal", &self.0.refusal)
            .field("answer", &self.0.answer)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
