//! Setting up a client.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::answers::error::{Error, ErrorKind};
use crate::answers::limits::AnswerLimits;
use crate::client::endpoint::{Endpoint, Version};
use crate::client::http::{HttpSettings, ProxyChoice};
use crate::client::rate_limits::{RateLimitOptions, RateLimits};
use crate::client::retry::RetryPolicy;
use crate::client::tls::Tls;
use crate::client::token::TokenSource;
use crate::client::transport::DEFAULT_USER_AGENT;
use crate::client::{Client, Timeouts};

const GRAPH: &str = "https://graph.microsoft.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUTS: Timeouts = Timeouts {
    attempt: Duration::from_secs(100),
    total: Duration::from_mins(5),
};

/// Sets up a [`Client`].
///
/// The HTTP client below is this crate's own: it follows no redirects and repeats nothing by itself, since
/// an action that is sent on or again unseen cannot be accounted for. So it cannot be brought along; how it
/// connects is chosen here.
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    token: Arc<dyn TokenSource>,
    endpoint: String,
    version: Version,
    http: HttpSettings,
    application: Option<String>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    rate_limits: Option<RateLimits>,
    answer_limits: AnswerLimits,
}

impl ClientBuilder {
    pub(crate) fn new(token: Arc<dyn TokenSource>) -> Self {
        Self {
            token,
            endpoint: GRAPH.to_owned(),
            version: Version::default(),
            http: HttpSettings {
                connect_timeout: CONNECT_TIMEOUT,
                proxy: ProxyChoice::Environment,
                resolver: None,
                local_address: None,
                tls: Tls::default(),
            },
            application: None,
            retry: RetryPolicy::default(),
            timeouts: TIMEOUTS,
            rate_limits: None,
            answer_limits: AnswerLimits::new(),
        }
    }

    /// Sends requests to another origin than the global service, such as a sandbox.
    ///
    /// It has to be https; plain http is allowed to this machine only. A path is that of a gateway, which
    /// goes in front of the version; the version itself is [chosen](Self::version), not part of it.
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
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Limits how long a connection may take to come about; 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
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
    ///
    /// What changes something is not sent in the last 10 s (or half of a shorter limit, or one
    /// [attempt](Self::attempt_timeout) that may take less): its answer would be given up for lack of time, and
    /// leave a doubt.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.total = timeout;
        self
    }

    /// Shares limits with other clients, or begins with known ones; limits of its own unless set.
    pub fn rate_limits(mut self, limits: &RateLimits) -> Self {
        self.rate_limits = Some(limits.clone());
        self
    }

    /// Bounds what is read, kept and shown of an answer; see [`AnswerLimits`] for what holds unless this is called.
    pub fn answer_limits(mut self, limits: AnswerLimits) -> Self {
        self.answer_limits = limits;
        self
    }

    /// Connects through the proxy at `address`, such as `http://proxy.example:3128`, also to this machine.
    ///
    /// A name and a password may stand in front of its host. Unless this is called, https takes the proxies
    /// of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), and plain http, where a proxy would read
    /// the token, takes none.
    ///
    /// ```
    /// # use msgraph_migrations::{AccessToken, Client};
    /// # fn example(token: AccessToken) -> Result<(), msgraph_migrations::Error> {
    /// let proxy = "http://proxy.harborlane.example:3128";
    /// let client = Client::builder(token).proxy(proxy).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn proxy(mut self, address: impl Into<String>) -> Self {
        self.http.proxy = ProxyChoice::At(address.into());
        self
    }

    /// Connects directly, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.http.proxy = ProxyChoice::None;
        self
    }

    /// Finds the addresses of a name by `resolve` instead of the system.
    ///
    /// ```
    /// # use std::net::{IpAddr, Ipv4Addr};
    /// # use msgraph_migrations::{AccessToken, Client};
    /// # fn example(token: AccessToken) -> Result<(), msgraph_migrations::Error> {
    /// // A private link of the company.
    /// let link = IpAddr::V4(Ipv4Addr::new(10, 20, 30, 40));
    /// let client = Client::builder(token)
    ///     .dns_resolver(move |_name| async move { Ok(vec![link]) })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn dns_resolver<F, Resolving>(mut self, resolve: F) -> Self
    where
        F: Fn(String) -> Resolving + Send + Sync + 'static,
        Resolving: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        self.http.resolver = Some(Arc::new(move |name| Box::pin(resolve(name))));
        self
    }

    /// Connects from this address of the machine.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.http.local_address = Some(address);
        self
    }

    /// Trusts these certificate authorities beside those of the system: certificates in PEM, or one in DER.
    ///
    /// May be called more than once. What cannot be read is an error of [`build`](Self::build).
    ///
    /// ```no_run
    /// # use msgraph_migrations::{AccessToken, Client};
    /// # fn example(token: AccessToken) -> Result<(), Box<dyn std::error::Error>> {
    /// let inspection = std::fs::read("/etc/harborlane/inspection.pem")?;
    /// let client = Client::builder(token).add_root_certificates(inspection).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_root_certificates(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.http.tls.add_roots(certificates.into());
        self
    }

    /// Trusts these certificate authorities and no others: certificates in PEM, or one in DER.
    ///
    /// May be called more than once and together with
    /// [`add_root_certificates`](Self::add_root_certificates): then all that are given are trusted, and
    /// none of the system's.
    pub fn only_root_certificates(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.http.tls.trust_only_added();
        self.add_root_certificates(certificates)
    }

    /// Shows a certificate of the client to a server or gateway that asks for one.
    ///
    /// Both are in PEM: `certificates` begins with the client's own, followed by those that lead to its
    /// authority; `key` is in PKCS #8. This has nothing to do with signing in, which the token does.
    pub fn client_identity(
        mut self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.http.tls.set_identity(certificates.into(), key.into());
        self
    }

    /// Builds the client; nothing is sent.
    ///
    /// With the feature `rustls`, the provider of cryptography that the process has installed is used, and
    /// otherwise aws-lc-rs; none is installed here.
    ///
    /// # Errors
    ///
    /// When the endpoint is no address that a token may go to, the application's name does not fit into
    /// a header, a limit allows nothing, the proxy's address or a certificate cannot be read, or the TLS
    /// library cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let endpoint = Endpoint::parse(&self.endpoint)?;
        self.answer_limits.check()?;
        let user_agent = user_agent(self.application.as_deref())?;
        let http = self.http.build(endpoint.is_tls(), DEFAULT_USER_AGENT)?;
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
            answer_limits: self.answer_limits,
            extras: Arc::default(),
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
