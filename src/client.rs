//! The client, and how it is set up.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use progenitor_client::{ByteStream, Error as Bare, ResponseValue};

use crate::answer::Answer;
use crate::endpoint::{Endpoint, Version};
use crate::error::{Error, ErrorKind};
use crate::exchange::exchange;
use crate::generated;
use crate::judgement::Failure;
use crate::operation::Operation;
use crate::request_check::Check;
use crate::token::{AccessToken, TokenSource};
use crate::transport::{DEFAULT_USER_AGENT, Transport};

const GRAPH: &str = "https://graph.microsoft.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(100);

/// A client of the cross-tenant migration APIs.
///
/// It has one method per documented call. Cloning is cheap and shares connections. Dropping the
/// future of a call stops waiting for its answer and sends nothing more; what was sent by then may
/// still take effect.
///
/// ```no_run
/// use msgraph_migrations::{CancelOutcome, Client};
///
/// # async fn example(token: &str, job: &str) -> Result<(), msgraph_migrations::Error> {
/// let client = Client::new(token)?;
/// match client.cancel_job(job).await? {
///     CancelOutcome::Accepted(answer) => println!("being cancelled: {:?}", answer.value().status),
///     CancelOutcome::Conflict(refusal) => println!("the migration continues: {refusal}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    version: Version,
    token: Arc<dyn TokenSource>,
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
        ClientBuilder {
            token: Arc::new(token),
            endpoint: GRAPH.to_owned(),
            version: Version::default(),
            http: Http::Configured(Box::new(|http| http)),
        }
    }

    /// The version that job calls go to.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Checks, sends and judges one call.
    ///
    /// `send` calls one method of the generated client, and `judge` says what its answer means.
    pub(crate) async fn call<F, Sent, T>(
        &self,
        operation: &Operation,
        check: Check,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: FnOnce(generated::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
    {
        let client_request_id = uuid::Uuid::new_v4().to_string();
        let failed = |error: Error, path: &str| error.on(operation, path, &client_request_id);

        check.map_err(|reason| failed(Error::new(ErrorKind::InvalidRequest, reason), ""))?;
        let token = self.token.token().await.map_err(|error| {
            failed(
                Error::new(ErrorKind::Token, "the token source gave no token").with_source(error),
                "",
            )
        })?;
        let version = if operation.in_version_1 {
            self.version
        } else {
            Version::Beta
        };
        let transport = Transport::new(token, client_request_id.clone());
        let bare = generated::Client::new_with_client(
            &self.endpoint.base(version),
            self.http.clone(),
            transport.clone(),
        );
        let answer = exchange(&transport, send(bare)).await;
        let path = transport.departure().unwrap_or_default();
        answer
            .and_then(|answer| judge(answer).map_err(Error::from_failure))
            .map_err(|error| failed(error, path))
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

/// Sets up a [`Client`].
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    token: Arc<dyn TokenSource>,
    endpoint: String,
    version: Version,
    http: Http,
}

enum Http {
    Ready(reqwest::Client),
    Configured(Configure),
}

type Configure = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

impl ClientBuilder {
    /// Sends requests to another origin than the global service, such as a sandbox.
    ///
    /// It has to be https; plain http is allowed to this machine only.
    pub fn endpoint(mut self, origin: impl Into<String>) -> Self {
        self.endpoint = origin.into();
        self
    }

    /// Chooses the version that job calls go to.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Changes how the HTTP client is set up: proxies, certificates, timeouts.
    ///
    /// ```
    /// # use msgraph_migrations::{AccessToken, Client};
    /// # fn example(token: AccessToken) -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = reqwest::Proxy::https("http://proxy.harborlane.example:3128")?;
    /// let client = Client::builder(token).configure_http(|http| http.proxy(proxy)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_http(
        mut self,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.http = Http::Configured(Box::new(configure));
        self
    }

    /// Sends requests through this HTTP client.
    ///
    /// Let it follow no redirects, as the built-in one does not: a redirected action would arrive as
    /// something else, and its answer is reported as an error.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Http::Ready(client);
        self
    }

    /// Builds the client; nothing is sent.
    ///
    /// # Errors
    ///
    /// When the endpoint is no address that a token may go to, or the TLS library cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let endpoint = Endpoint::parse(&self.endpoint)?;
        let http = match self.http {
            Http::Ready(http) => http,
            Http::Configured(configure) => http_client(&endpoint, configure)?,
        };
        Ok(Client {
            http,
            endpoint,
            version: self.version,
            token: self.token,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

fn http_client(endpoint: &Endpoint, configure: Configure) -> Result<reqwest::Client, Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Configuration, "the HTTP client cannot be set up").with_source(error)
    };
    let builder = reqwest::Client::builder()
        .user_agent(DEFAULT_USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT);
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_preconfigured(
        crate::tls::config(endpoint.is_tls()).map_err(|e| failed(e.into()))?,
    );
    configure(builder)
        .build()
        .map_err(|error| failed(error.into()))
}
