//! The handle of a running sandbox.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::Access;
use crate::clock::latest;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::log::RequestEntry;
use crate::engine::rehearse::{self, ControlError};
use crate::engine::snapshot::{JobSnapshot, TaskSnapshot};
use crate::engine::travel::Import;
use crate::faults::FaultRule;
use crate::scenario;
use crate::scenario::plan::{Scenario, ScenarioEvent};
use crate::scenario::script::ScenarioError;
use crate::settings::Settings;
use crate::state::outcome::UserOutcome;
use crate::state::task::SourceOutcome;
use crate::wire::connection::{Fuse, FusedListener};
use crate::wire::core::{Core, Observer, closed};
use crate::wire::door::{Door, PublicUrl};
use crate::wire::{http, tls};

/// How long a shutdown waits for answers that are under way.
const PATIENCE: Duration = Duration::from_secs(2);

/// A simulated service that listens on a port of its own.
///
/// It stops when it is dropped. Every method takes effect at once; none waits.
#[derive(Debug)]
pub struct Sandbox {
    core: Core,
    address: SocketAddr,
    certificate: Option<String>,
    /// Dropped to stop the server; whoever listens sees the channel close.
    open: Option<watch::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

/// Why a sandbox cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("can't listen on {address}; choose another port or address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something about the setup makes no sense.
    #[error("can't set up the sandbox: {0}")]
    Setup(String),
}

/// Where and how a sandbox is reached.
pub(crate) struct Listen {
    pub(crate) wanted: SocketAddr,
    pub(crate) public: Option<PublicUrl>,
    pub(crate) has_tls: bool,
    pub(crate) patience: Duration,
}

impl Sandbox {
    /// Listens and answers as `config` says.
    pub(crate) async fn start(
        config: Config,
        listen: Listen,
        observer: Option<Observer>,
    ) -> Result<Self, StartError> {
        if !(config.speed.is_finite() && config.speed >= 0.0) {
            return Err(StartError::Setup(format!(
                "the speed {} isn't zero or more",
                config.speed
            )));
        }
        if let Some(rate) = config
            .rate_limit
            .filter(|rate| !(rate.is_finite() && *rate > 0.0))
        {
            return Err(StartError::Setup(format!(
                "the rate limit {rate} isn't more than zero"
            )));
        }
        if config.start_time > latest() || config.start_time < DateTime::<Utc>::UNIX_EPOCH {
            return Err(StartError::Setup(
                "the start time isn't between 1970 and 9998".into(),
            ));
        }
        let engine = Engine::new(config).map_err(StartError::Setup)?;
        let wanted = listen.wanted;
        let refused = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let tls = if listen.has_tls {
            let names: Vec<String> = listen.public.iter().map(PublicUrl::name).collect();
            Some(tls::make(wanted.ip(), &names).map_err(StartError::Setup)?)
        } else {
            None
        };
        let (open, closing) = watch::channel(());
        let door = Door::new(address, tls.is_some(), listen.public);
        let core = Core::new(engine, observer, door, closing.clone());
        let service = Router::new()
            .fallback(http::serve)
            .with_state(core.clone())
            .into_make_service_with_connect_info::<Fuse>();
        let (acceptor, certificate) = match tls {
            Some(tls) => (Some(tls.acceptor), Some(tls.certificate)),
            None => (None, None),
        };
        let listener = FusedListener {
            listener,
            tls: acceptor,
            patience: listen.patience,
        };
        let server = tokio::spawn(async move {
            // Serving never fails: what goes wrong on a connection ends that connection alone.
            let _ = axum::serve(listener, service)
                .with_graceful_shutdown(closed(closing))
                .await;
        });
        Ok(Self {
            core,
            address,
            certificate,
            open: Some(open),
            server: Some(server),
        })
    }

    /// Scheme, host and port that are listened on, without a version: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.core.door.base_url()
    }

    /// The certificate that a client has to trust, in PEM, if the sandbox answers TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.core.engine().clock.now()
    }

    /// Moves virtual time forward, with everything that happens meanwhile.
    ///
    /// # Errors
    ///
    /// When time would leave the calendar; it then stays where it is.
    pub fn advance(&self, by: Duration) -> Result<DateTime<Utc>, ControlError> {
        let mut engine = self.core.engine();
        engine
            .clock
            .advance(by)
            .map_err(|error| ControlError::Invalid(error.to_string()))?;
        Ok(engine.settle())
    }

    /// The latest requests to Graph's paths, oldest first, at most 100,000.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestEntry> {
        let entries: Vec<_> = self.core.engine().log.entries().cloned().collect();
        entries.iter().map(|entry| (**entry).clone()).collect()
    }

    /// How many requests of an operation changed something, whether or not their answer arrived.
    #[must_use]
    pub fn effects(&self, operation: &str) -> u64 {
        self.core
            .engine()
            .log
            .effects()
            .get(operation)
            .copied()
            .unwrap_or(0)
    }

    /// Every job with its users, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobSnapshot> {
        let picture = self.core.engine().picture();
        let jobs = picture.jobs.all();
        jobs.map(|job| JobSnapshot::of(job, &picture)).collect()
    }

    /// One job with its users, by id or display name.
    #[must_use]
    pub fn job(&self, id_or_name: &str) -> Option<JobSnapshot> {
        let (index, picture) = {
            let mut engine = self.core.engine();
            let picture = engine.picture();
            let index = rehearse::find(&engine.state, id_or_name).ok()?;
            (index, picture)
        };
        Some(JobSnapshot::of(picture.jobs.get(index)?, &picture))
    }

    /// Every SharePoint task, oldest first.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskSnapshot> {
        let picture = self.core.engine().picture();
        let tasks = picture.tasks.iter();
        tasks.map(|task| TaskSnapshot::of(task, &picture)).collect()
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.core.engine().state.settings.clone()
    }

    /// Puts other settings in force.
    ///
    /// # Errors
    ///
    /// When they make no sense; the old ones then stay.
    pub fn set_settings(&self, settings: Settings) -> Result<(), ControlError> {
        rehearse::set_settings(&mut self.core.engine(), settings)
    }

    /// Puts other fault rules in force; their counts start anew.
    ///
    /// # Errors
    ///
    /// When a rule makes no sense; the old ones then stay.
    pub fn set_faults(&self, rules: Vec<FaultRule>) -> Result<(), ControlError> {
        self.core
            .engine()
            .faults
            .replace(rules)
            .map_err(ControlError::Invalid)
    }

    /// Puts a job into a status, by id or display name, with users to match.
    ///
    /// # Errors
    ///
    /// When there is no such job or status.
    pub fn set_job_status(&self, id_or_name: &str, status: &str) -> Result<(), ControlError> {
        rehearse::set_job_status(&mut self.core.engine(), id_or_name, status)
    }

    /// Makes time pass a job by, or go on for it.
    ///
    /// # Errors
    ///
    /// When there is no such job.
    pub fn set_job_stalled(&self, id_or_name: &str, stalled: bool) -> Result<(), ControlError> {
        rehearse::set_job_stalled(&mut self.core.engine(), id_or_name, stalled)
    }

    /// Chooses what becomes of a user, in every job; migration counts it from the next cutover on.
    ///
    /// # Errors
    ///
    /// When the id is not a GUID.
    pub fn set_user_outcome(&self, user: &str, outcome: UserOutcome) -> Result<(), ControlError> {
        rehearse::set_user_outcome(&mut self.core.engine(), user, outcome)
    }

    /// Chooses what becomes of every user of a job.
    ///
    /// # Errors
    ///
    /// When there is no such job.
    pub fn set_job_outcome(
        &self,
        id_or_name: &str,
        outcome: &UserOutcome,
    ) -> Result<(), ControlError> {
        rehearse::set_job_outcome(&mut self.core.engine(), id_or_name, outcome.clone())
    }

    /// Chooses whether SharePoint tasks of a source fail: a user principal name, site address or mail nickname.
    pub fn set_source_fails(&self, source: &str, fails: bool) {
        let outcome = SourceOutcome {
            fails,
            ..SourceOutcome::default()
        };
        self.set_source_outcome(source, outcome);
    }

    /// Chooses what becomes of SharePoint tasks of a source, with an error of choice.
    pub fn set_source_outcome(&self, source: &str, outcome: SourceOutcome) {
        rehearse::set_source_outcome(&mut self.core.engine(), source, outcome);
    }

    /// Creates `count` jobs of `users_each` users at once, all `submitted`, and returns their ids.
    ///
    /// # Errors
    ///
    /// When a job would have more users than the settings allow.
    pub fn preload_jobs(
        &self,
        count: usize,
        users_each: usize,
    ) -> Result<Vec<String>, ControlError> {
        rehearse::preload_jobs(&mut self.core.engine(), count, users_each)
    }

    /// Adds what [`SandboxBuilder::demo`](crate::SandboxBuilder::demo) starts with.
    ///
    /// # Errors
    ///
    /// When it is there already.
    pub fn load_demo(&self) -> Result<(), ControlError> {
        rehearse::load_demo(&mut self.core.engine())
    }

    /// Moves virtual time to the moment at which a job, by id or display name, reaches a status.
    ///
    /// # Errors
    ///
    /// When there is no such job or status, or when time alone never brings the job there; time then stays.
    pub fn advance_until(
        &self,
        id_or_name: &str,
        status: &str,
    ) -> Result<DateTime<Utc>, ControlError> {
        self.core.engine().advance_until(id_or_name, status)
    }

    /// Lets virtual time run so many times as fast as real time from here on; 0 stops it.
    ///
    /// # Errors
    ///
    /// When the speed is negative or no number.
    pub fn set_speed(&self, speed: f64) -> Result<(), ControlError> {
        if !(speed.is_finite() && speed >= 0.0) {
            return Err(ControlError::Invalid(format!(
                "the speed {speed} isn't zero or more"
            )));
        }
        let mut engine = self.core.engine();
        engine.settle();
        engine.clock.set_speed(speed);
        Ok(())
    }

    /// Puts other tokens, scopes and lifetimes in force; the ages of tokens start anew.
    pub fn set_access(&self, access: Access) {
        self.core.engine().set_access(access);
    }

    /// Refuses every token seen so far, as when they expire; another is good.
    pub fn expire_tokens(&self) {
        self.core.engine().expire_tokens();
    }

    /// Limits how many requests a second of real time are answered, or no longer.
    ///
    /// # Errors
    ///
    /// When the limit isn't more than zero.
    pub fn set_rate_limit(&self, requests_per_second: Option<f64>) -> Result<(), ControlError> {
        self.core
            .engine()
            .set_rate_limit(requests_per_second)
            .map_err(ControlError::Invalid)
    }

    /// Plays a scenario from here on: the name of one that comes with the sandbox, or the text of a file.
    ///
    /// # Errors
    ///
    /// When the scenario is wrong, with the line and the reason; nothing then happens.
    pub fn start_scenario(&self, name_or_text: &str) -> Result<(), ScenarioError> {
        let script = scenario::read(name_or_text)?;
        self.core.engine().start_scenario(&script)
    }

    /// What the scenario under way has done so far; nothing without one.
    #[must_use]
    pub fn scenario_events(&self) -> Vec<ScenarioEvent> {
        let mut engine = self.core.engine();
        engine.settle();
        let events = engine.scenario.as_ref().map(Scenario::events);
        events.unwrap_or_default().to_vec()
    }

    /// What a rehearsal has come to, for [`Sandbox::import`] of this or another sandbox: jobs, tasks, mappings,
    /// outcomes, settings, faults, the scenario under way, scopes, the ages of tokens, the rate limit and the time.
    ///
    /// The log, the speed and the token that [`SandboxBuilder::token`](crate::SandboxBuilder::token) asks for stay behind.
    #[must_use]
    pub fn export(&self) -> serde_json::Value {
        let export = self.core.engine().export();
        serde_json::json!(export)
    }

    /// Goes on from where another sandbox was exported.
    ///
    /// # Errors
    ///
    /// When it is no export of this version, or one that was changed into something that makes no sense.
    pub fn import(&self, export: serde_json::Value) -> Result<(), ControlError> {
        let imported = Import::from_json(export)?;
        self.core.engine().import(imported);
        Ok(())
    }

    /// Starts over as the sandbox was started: state, clock, faults and log.
    ///
    /// # Errors
    ///
    /// Never with what the sandbox was started with; the type leaves room.
    pub fn reset(&self) -> Result<(), ControlError> {
        self.core.engine().reset().map_err(ControlError::Invalid)
    }

    /// Stops listening and waits until answers under way are sent, for two seconds at most.
    ///
    /// Answers that a fault delays are not waited for; their connections are closed.
    pub async fn shutdown(mut self) {
        self.open = None;
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(PATIENCE, &mut server).await.is_err()
        {
            server.abort();
        }
    }
}
