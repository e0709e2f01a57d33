//! What one call does differently from the others of its client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::client::Client;
use crate::client::attempt::{Attempt, AttemptObserver};
use crate::client::described::{DescribedRequest, Describer};
use crate::client::retry::RetryPolicy;

/// The longest id that a caller may give; a GUID has 36 characters.
const MAX_CLIENT_REQUEST_ID_LENGTH: usize = 128;

/// Headers that are this crate's own, or that would change what is sent, to whom, or how the answer is
/// to be read. The last three let some servers take a request for another method.
const RESERVED_HEADERS: [&str; 23] = [
    "accept",
    "accept-encoding",
    "authorization",
    "client-request-id",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "return-client-request-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Options of single calls, for [`Client::with`].
///
/// What is left open stays as the client has it. Anything that cannot be sent makes the calls fail with
/// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) before anything is sent.
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    client_request_id: Option<String>,
    headers: HeaderMap,
    describer: Option<Describer>,
    attempts: Option<AttemptObserver>,
    /// Why a header cannot be sent.
    invalid: Option<String>,
}

impl CallOptions {
    /// No options: as the client is set up.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits how long one request may take; see
    /// [`ClientBuilder::attempt_timeout`](crate::ClientBuilder::attempt_timeout).
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Limits how long the call may take; see
    /// [`ClientBuilder::total_timeout`](crate::ClientBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// Chooses when a request of the call is repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Sends this `client-request-id`, by which Microsoft's support finds the request, instead of a new one.
    ///
    /// The service wants a GUID; up to 128 printable ASCII characters are sent as they are. Every call
    /// that is made with these options, and so every page of a list, carries the same id.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        self.client_request_id = Some(id.into());
        self
    }

    /// Sends one more header; one that is named twice is sent twice.
    ///
    /// Headers that this crate sets itself, such as `Authorization`, and those that change what is sent or
    /// how the answer is to be read, such as `Host`, `Content-Length` and `Accept-Encoding`, are refused.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        match read_header(name, value.as_ref()) {
            Ok((name, value)) => {
                self.headers.append(name, value);
            }
            Err(reason) => {
                let reason = format!("the header {name:?} {reason}");
                self.invalid.get_or_insert(reason);
            }
        }
        self
    }

    /// Asks for the members that enumerations have gained since they were first published, by
    /// `Prefer: include-unknown-enum-members`; without it the service sends `unknownFutureValue` instead.
    pub fn include_unknown_enum_members(self) -> Self {
        self.header("prefer", "include-unknown-enum-members")
    }

    /// Hands each request to `observer` instead of sending it.
    ///
    /// Nothing goes over the network, no token is asked for, and every call ends with
    /// [`ErrorKind::DescribedOnly`](crate::ErrorKind::DescribedOnly), of a list at its first page. Arguments are
    /// checked as ever, so that what is handed over is what would be sent.
    ///
    /// ```
    /// use msgraph_migrations::{AccessToken, CallOptions, Client, ErrorKind};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = CallOptions::new()
    ///     .describe_only(|request| println!("{} {}", request.method, request.url));
    /// let client = Client::new("any-token")?.with(options);
    /// let error = client.cancel_job("Alderwood wave 3").await.expect_err("nothing is sent");
    /// assert_eq!(error.kind(), ErrorKind::DescribedOnly);
    /// # Ok(())
    /// # }
    /// ```
    pub fn describe_only(
        mut self,
        observer: impl Fn(&DescribedRequest) + Send + Sync + 'static,
    ) -> Self {
        self.describer = Some(Describer(Arc::new(observer)));
        self
    }

    /// Tells `observer` of each request, as soon as its answer came or failed to come.
    ///
    /// It is told before the answer is judged and before anything is repeated, and so of requests that the caller
    /// never hears of; a journal of them is what Microsoft's support asks for. It runs between requests, so that it
    /// should be quick. Nothing is told of a request that is dropped, with its call, before its answer came.
    ///
    /// ```no_run
    /// use msgraph_migrations::{CallOptions, Client};
    ///
    /// # async fn example(client: Client) -> Result<(), msgraph_migrations::Error> {
    /// let options = CallOptions::new().on_attempt(|attempt| {
    ///     println!("{} {:?} {:?}", attempt.operation.id, attempt.status, attempt.request_id);
    /// });
    /// client.with(options).validate_job("Alderwood wave 3").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_attempt(mut self, observer: impl Fn(&Attempt<'_>) + Send + Sync + 'static) -> Self {
        self.attempts = Some(AttemptObserver(Arc::new(observer)));
        self
    }

    fn check_client_request_id(&self) -> Option<String> {
        let id = self.client_request_id.as_deref()?;
        let is_sendable = (1..=MAX_CLIENT_REQUEST_ID_LENGTH).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic());
        (!is_sendable).then(|| {
            format!(
                "a client-request-id has 1 to {MAX_CLIENT_REQUEST_ID_LENGTH} printable ASCII \
                 characters and no space"
            )
        })
    }
}

fn read_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "has no name of a header")?;
    if RESERVED_HEADERS.contains(&name.as_str()) {
        return Err("is not for callers to set");
    }
    // A control character or a byte beyond ASCII is read differently by each server.
    if !value
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err("has a value with characters other than printable ASCII");
    }
    let value = HeaderValue::from_str(value).map_err(|_| "has a value that cannot be sent")?;
    Ok((name, value))
}

/// Names the headers, whose values may be secret.
impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("attempt_timeout", &self.attempt_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("retry", &self.retry)
            .field("client_request_id", &self.client_request_id)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("describe_only", &self.describer.is_some())
            .field("on_attempt", &self.attempts.is_some())
            .finish_non_exhaustive()
    }
}

/// What the options add to each request of a client.
#[derive(Clone, Default)]
pub(crate) struct Extras {
    pub client_request_id: Option<Arc<str>>,
    pub headers: Arc<HeaderMap>,
    pub describer: Option<Describer>,
    pub attempts: Option<AttemptObserver>,
    invalid: Option<String>,
}

impl Extras {
    /// Whether all of it can be sent.
    pub fn check(&self) -> Result<(), String> {
        self.invalid.clone().map_or(Ok(()), Err)
    }
}

impl Client {
    /// The same client, whose calls follow these options.
    ///
    /// It shares connections, tokens and rate limits with this one, and is as cheap as a clone. Options of a
    /// client that was itself made by `with` are kept where these say nothing; headers of the same name are
    /// replaced.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use msgraph_migrations::{CallOptions, Client, GetOptions};
    ///
    /// # async fn example(client: Client, ticket: &str) -> Result<(), msgraph_migrations::Error> {
    /// let options = CallOptions::new()
    ///     .total_timeout(Duration::from_secs(10))
    ///     .client_request_id(ticket)
    ///     .include_unknown_enum_members();
    /// let job = client.with(options).get_job("Alderwood wave 3", GetOptions::new()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        let mut client = self.clone();
        let invalid_id = options.check_client_request_id();
        let extras = Arc::make_mut(&mut client.extras);
        let headers = Arc::make_mut(&mut extras.headers);
        for name in options.headers.keys() {
            headers.remove(name);
        }
        for (name, value) in &options.headers {
            headers.append(name, value.clone());
        }
        // One that cannot be sent is no fit for logs either.
        if let Some(id) = options.client_request_id.filter(|_| invalid_id.is_none()) {
            extras.client_request_id = Some(id.into());
        }
        if let Some(describer) = options.describer {
            extras.describer = Some(describer);
        }
        if let Some(observer) = options.attempts {
            extras.attempts = Some(observer);
        }
        if let Some(reason) = options.invalid.or(invalid_id) {
            extras.invalid.get_or_insert(reason);
        }
        if let Some(timeout) = options.attempt_timeout {
            client.timeouts.attempt = timeout;
        }
        if let Some(timeout) = options.total_timeout {
            client.timeouts.total = timeout;
        }
        if let Some(policy) = options.retry {
            client.retry = policy;
        }
        client
    }
}
