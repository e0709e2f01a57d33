//! Setting up a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::answers::error::{Error, ErrorKind};
use crate::client::endpoint::{Endpoint, Version};
use crate::client::rate_limits::{RateLimitOptions, RateLimits};
use crate::client::retry::RetryPolicy;
use crate::client::token::TokenSource;
use crate::client::transport::DEFAULT_USER_AGENT;
use crate::client::{Client, Timeouts};

const GRAPH: &str = "https://graph.microsoft.com";
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(100),
    total: Duration::from_mins(5),
};

/// Sets up a [`Client`].
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    token: Arc<dyn TokenSource>,
    endpoint: String,
    version: Version,
    http: Http,
    application: Option<String>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    rate_limits: Option<RateLimits>,
}

enum Http {
    Ready(reqwest::Client),
    Configured(Configure),
}

type Configure = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

impl ClientBuilder {
    pub(crate) fn new(token: Arc<dyn TokenSource>) -> Self {
        Self {
            token,
            endpoint: GRAPH.to_owned(),
            version: Version::default(),
            http: Http::Configured(Box::new(|http| http)),
            application: None,
            retry: RetryPolicy::default(),
            timeouts: TIMEOUTS,
            rate_limits: None,
        }
    }

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

    /// Chooses when a request is repeated; see [`RetryPolicy`] for what happens unless this is called.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Names the application in front of this crate in `User-Agent`, for instance `wave-planner/2.1`.
    ///
    /// The header goes with every request, also through an HTTP client that has one of its own.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Limits how long a connection may take to come about; 10 s unless set.
    ///
    /// It does not reach into an [`http_client`](Self::http_client) that is set up elsewhere.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// Limits how long one request may take, from connecting to the end of its answer; 100 s unless
    /// set.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.attempt = timeout;
        self
    }

    /// Limits how long a call may take, from asking for the token to the last repetition and with the
    /// waits between; 300 s unless set.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.total = timeout;
        self
    }

    /// Shares limits with other clients, or begins with known ones; limits of its own unless set.
    pub fn rate_limits(mut self, limits: &RateLimits) -> Self {
        self.rate_limits = Some(limits.clone());
        self
    }

    /// Changes how the HTTP client is set up: proxies, certificates, name resolution.
    ///
    /// Proxies of the environment are used for https; plain http, which goes to this machine only, takes
    /// none that is not set here.
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
    /// something else, and its answer is reported as an error. Its proxies are its own, also for plain
    /// http, where a proxy reads the token.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Http::Ready(client);
        self
    }

    /// Builds the client; nothing is sent.
    ///
    /// # Errors
    ///
    /// When the endpoint is no address that a token may go to, the application's name does not fit into
    /// a header, or the TLS library cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let endpoint = Endpoint::parse(&self.endpoint)?;
        let user_agent = user_agent(self.application.as_deref())?;
        let http = match self.http {
            Http::Ready(http) => http,
            Http::Configured(configure) => {
                http_client(&endpoint, self.timeouts.connect, configure)?
            }
        };
        Ok(Client {
            http,
            endpoint,
            version: self.version,
            token: self.token,
            user_agent,
            retry: self.retry,
            timeouts: self.timeouts,
            rate_limits: self
                .rate_limits
                .unwrap_or_else(|| RateLimits::new(&RateLimitOptions::new())),
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

fn user_agent(application: Option<&str>) -> Result<HeaderValue, Error> {
    let Some(application) = application else {
        return Ok(HeaderValue::from_static(DEFAULT_USER_AGENT));
    };
    let is_name = |name: &str| {
        !name.trim().is_empty()
            && name
                .bytes()
                .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    };
    Some(application.trim())
        .filter(|name| is_name(name))
        .and_then(|name| HeaderValue::from_str(&format!("{name} {DEFAULT_USER_AGENT}")).ok())
        .ok_or_else(|| {
            let reason = "the application's name is empty or has characters beyond ASCII";
            Error::new(ErrorKind::Configuration, reason)
        })
}

fn http_client(
    endpoint: &Endpoint,
    connect_timeout: Duration,
    configure: Configure,
) -> Result<reqwest::Client, Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Configuration, "the HTTP client cannot be set up").with_source(error)
    };
    if endpoint.is_tls() && !cfg!(any(feature = "rustls", feature = "native-tls")) {
        return Err(Error::new(
            ErrorKind::Configuration,
            "this build has no TLS; enable the feature rustls or native-tls",
        ));
    }
    let builder = reqwest::Client::builder()
        .user_agent(DEFAULT_USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect_timeout);
    // A proxy of the environment would carry the token in plain text off this machine.
    let builder = if endpoint.is_tls() {
        builder
    } else {
        builder.no_proxy()
    };
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_preconfigured(
        crate::client::tls::config(endpoint.is_tls()).map_err(|e| failed(e.into()))?,
    );
    configure(builder)
        .build()
        .map_err(|error| failed(error.into()))
}
