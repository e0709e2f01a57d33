//! How a call is sent: tokens, rate limits, requests, repetitions, TLS.
//!
//! It is handed one method of the bare client and one judgement, and knows neither operations nor what
//! an answer means. No path, argument or model of a single call may enter; it uses `answers` and
//! `models`.

pub(crate) mod attempt;
#[cfg(feature = "azure")]
pub mod azure;
pub(crate) mod bare;
pub(crate) mod builder;
mod call;
pub(crate) mod call_options;
pub(crate) mod described;
pub(crate) mod endpoint;
mod exchange;
#[cfg(test)]
mod fuzz;
mod http;
pub(crate) mod odata;
mod rate_controller;
pub(crate) mod rate_limits;
pub(crate) mod refreshing;
pub(crate) mod retry;
mod shared_file;
mod tls;
pub(crate) mod token;
mod token_cache;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::answers::error::{Error, ErrorKind};
use crate::answers::limits::AnswerLimits;
use crate::client::builder::ClientBuilder;
use crate::client::call_options::Extras;
use crate::client::endpoint::{Endpoint, Version};
use crate::client::rate_limits::RateLimits;
use crate::client::retry::RetryPolicy;
use crate::client::token::{AccessToken, TokenSource};

/// A client of the cross-tenant migration APIs.
///
/// It has one method per documented call. Cloning is cheap and shares connections. Dropping the
/// future of a call stops waiting for its answer and sends nothing more; what was sent by then may
/// still take effect.
///
/// Each call is a [`tracing`] span `graph call` of level debug, with operation, method, the template of
/// the path and client-request-id; each of its requests is a span `graph request` inside, with attempt,
/// status and request-id. Tokens, queries, bodies and the ids in paths never appear.
///
/// ```no_run
/// use msgraph_migrations::{CancelOutcome, Client};
///
/// # async fn example(token: &str, job: &str) -> Result<(), msgraph_migrations::Error> {
/// let client = Client::new(token)?;
/// match client.cancel_job(job).await? {
///     CancelOutcome::Accepted(answer) => println!("being cancelled: {:?}", answer.value().status),
///     refused => println!("{refused}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoint: Endpoint,
    pub(crate) version: Version,
    pub(crate) token: Arc<dyn TokenSource>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) rate_limits: RateLimits,
    pub(crate) answer_limits: AnswerLimits,
    pub(crate) extras: Arc<Extras>,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub attempt: Duration,
    pub total: Duration,
}

impl Client {
    /// A client of the global service with one token, for `v1.0`.
    ///
    /// # Errors
    ///
    /// When the token cannot be sent, or the TLS library cannot be set up.
    pub fn new(token: &str) -> Result<Self, Error> {
        let token = AccessToken::new(token)
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        Self::builder(token).build()
    }

    /// Sets up a client that takes its tokens from `token`.
    pub fn builder(token: impl TokenSource + 'static) -> ClientBuilder {
        ClientBuilder::new(Arc::new(token))
    }

    /// The origin that requests go to, `https://graph.microsoft.com` unless another was chosen.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str()
    }

    /// The version that job calls go to.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// When its requests may leave, as learned so far; clones of the client share it.
    #[must_use]
    pub fn rate_limits(&self) -> &RateLimits {
        &self.rate_limits
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
