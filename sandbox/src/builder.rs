//! How a sandbox is set up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::access::Access;
use crate::clock::DEFAULT_START;
use crate::config::Config;
use crate::engine::log::RequestEntry;
use crate::faults::FaultRule;
use crate::sandbox::{Listen, Sandbox, StartError};
use crate::scenario;
use crate::settings::{CreateStarts, PastCompleteAfter, Settings, Timings};
use crate::wire::core::Observer;
use crate::wire::door::PublicUrl;

/// Sets up a [`Sandbox`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct SandboxBuilder {
    config: Config,
    address: IpAddr,
    port: u16,
    public_url: Option<String>,
    has_tls: bool,
    idle_timeout: Duration,
    observer: Option<Observer>,
    scenario: Option<String>,
    expected_jobs: Vec<String>,
}

impl std::fmt::Debug for SandboxBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SandboxBuilder")
            .field("address", &self.address)
            .field("port", &self.port)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            config: Config {
                seed: 0,
                speed: 0.0,
                start_time: DEFAULT_START,
                access: Access::default(),
                settings: Settings::default(),
                faults: Vec::new(),
                rate_limit: None,
                demo: false,
                scenario: None,
            },
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            public_url: None,
            has_tls: false,
            idle_timeout: Duration::from_mins(2),
            observer: None,
            scenario: None,
            expected_jobs: Vec::new(),
        }
    }
}

impl Sandbox {
    /// Sets up a sandbox.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }
}

impl SandboxBuilder {
    /// Decides all ids and every throw of the dice; 0 unless chosen.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// How many times as fast as real time virtual time runs; with 0, the default, it stands still.
    pub fn speed(mut self, speed: f64) -> Self {
        self.config.speed = speed;
        self
    }

    /// When virtual time starts, [`DEFAULT_START`] unless chosen.
    pub fn start_time(mut self, start: DateTime<Utc>) -> Self {
        self.config.start_time = start;
        self
    }

    /// The only bearer token that is accepted; without this any is.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.config.access.token = Some(token.into());
        self
    }

    /// The permissions of the caller; without this it has all.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.config.access.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The port to listen on; a free one unless chosen.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The address to listen on, loopback unless chosen.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// The address that callers use if it is not the one listened on, with its scheme; links lead to it.
    ///
    /// Without it links follow `Forwarded`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `Host`.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Answers TLS with a certificate made at the start; see [`Sandbox::certificate`].
    pub fn tls(mut self) -> Self {
        self.has_tls = true;
        self
    }

    /// After how long a connection is closed on which no whole request arrives, or no byte of an answer is taken.
    ///
    /// Two minutes unless chosen, in real time.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Starts with jobs in every status, SharePoint tasks and mappings.
    pub fn demo(mut self) -> Self {
        self.config.demo = true;
        self
    }

    /// Plays a scenario from the start: the name of one that comes with the sandbox, or the text of a file.
    pub fn scenario(mut self, name_or_text: impl Into<String>) -> Self {
        self.scenario = Some(name_or_text.into());
        self
    }

    /// Names of jobs that callers are going to create, which the scenario may name beside those of its own `expects`.
    pub fn expected_jobs(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.expected_jobs.extend(names.into_iter().map(Into::into));
        self
    }

    /// For how many requests, and for how many seconds of virtual time, a token is good; see [`Access`].
    pub fn token_lifetime(mut self, requests: Option<u64>, seconds: Option<u32>) -> Self {
        self.config.access.token_requests = requests;
        self.config.access.token_seconds = seconds;
        self
    }

    /// Makes requests go wrong from the start.
    pub fn faults(mut self, rules: Vec<FaultRule>) -> Self {
        self.config.faults = rules;
        self
    }

    /// How many requests a second, in real time, are answered; those beyond get 429.
    pub fn rate_limit(mut self, requests_per_second: f64) -> Self {
        self.config.rate_limit = Some(requests_per_second);
        self
    }

    /// Everything that the documents leave open, at once.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.config.settings = settings;
        self
    }

    /// See [`Settings::timings`].
    pub fn timings(mut self, timings: Timings) -> Self {
        self.config.settings.timings = timings;
        self
    }

    /// See [`Settings::max_users_per_job`].
    pub fn max_users_per_job(mut self, users: usize) -> Self {
        self.config.settings.max_users_per_job = users;
        self
    }

    /// See [`Settings::create_starts`].
    pub fn create_starts(mut self, starts: CreateStarts) -> Self {
        self.config.settings.create_starts = starts;
        self
    }

    /// Whether the creation of a job starts its validation; see [`Settings::create_starts`].
    pub fn create_starts_validation(self, starts: bool) -> Self {
        self.create_starts(if starts {
            CreateStarts::Validation
        } else {
            CreateStarts::Nothing
        })
    }

    /// See [`Settings::past_complete_after`].
    pub fn past_complete_after(mut self, past: PastCompleteAfter) -> Self {
        self.config.settings.past_complete_after = past;
        self
    }

    /// See [`Settings::cancel_user_status`].
    pub fn cancel_user_status(mut self, status: u16) -> Self {
        self.config.settings.cancel_user_status = status;
        self
    }

    /// See [`Settings::wrap_cancel_in_value`].
    pub fn wrap_cancel_in_value(mut self, wrap: bool) -> Self {
        self.config.settings.wrap_cancel_in_value = wrap;
        self
    }

    /// See [`Settings::require_identity_map`].
    pub fn require_identity_map(mut self, require: bool) -> Self {
        self.config.settings.require_identity_map = require;
        self
    }

    /// Calls `observer` for every request to Graph's paths, after it took effect and before it is answered.
    pub fn on_request(mut self, observer: impl Fn(&RequestEntry) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Listens and answers until the [`Sandbox`] is dropped or shut down.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or when settings, speed, rate or fault rules make no sense.
    pub async fn start(mut self) -> Result<Sandbox, StartError> {
        if let Some(scenario) = &self.scenario {
            let mut script = scenario::read(scenario)
                .map_err(|error| StartError::Setup(format!("the scenario doesn't fit: {error}")))?;
            script.expects.append(&mut self.expected_jobs);
            self.config.scenario = Some(script);
        }
        let public = self
            .public_url
            .as_deref()
            .map(PublicUrl::parse)
            .transpose()
            .map_err(StartError::Setup)?;
        let listen = Listen {
            wanted: SocketAddr::new(self.address, self.port),
            public,
            has_tls: self.has_tls,
            patience: self.idle_timeout,
        };
        Sandbox::start(self.config, listen, self.observer).await
    }
}
