//! Everything behind one lock: the core, the clock, the faults and the log.

mod batch;
pub(crate) mod delivery;
mod demo;
#[cfg(test)]
mod fuzz;
pub(crate) mod log;
mod play;
mod rate;
pub(crate) mod rehearse;
mod shape;
pub(crate) mod snapshot;
mod tokens;
pub(crate) mod travel;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

pub(crate) use self::delivery::{Delivery, Ending};
use self::delivery::{distort, payload, refusal, too_many_requests, whole_seconds};
use self::log::{Log, RequestEntry};
use self::rate::RateLimiter;
use self::tokens::Tokens;
use crate::access::Access;
use crate::answer::{Answer, Body, GraphError, Ids};
use crate::call::Request;
use crate::clock::Clock;
use crate::config::Config;
use crate::dispatch::{self, Prepared, admit};
use crate::faults::Faults;
use crate::operation::Operation;
use crate::scenario::plan::Scenario;
use crate::settings::Settings;
use crate::state::State;
use crate::state::job_store::JobKey;
use crate::state::picture::Picture;
use crate::state::random::{guid, stream};

/// The number that each stream of random numbers has.
const REQUEST_IDS: u64 = 2;
const FAULTS: u64 = 3;
const BATCHES: u64 = 4;

/// The sandbox without its sockets.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) state: State,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) access: Access,
    pub(crate) scenario: Option<Scenario>,
    tokens: Tokens,
    limiter: Option<RateLimiter>,
    request_ids: fastrand::Rng,
    /// Decides in which order the answers of a batch stand.
    batches: fastrand::Rng,
}

/// What only the shell knows of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    pub(crate) client_request_id: Option<String>,
    pub(crate) prefers_unknown_members: bool,
    /// Whether the body was larger than the shell reads, or ended too early.
    pub(crate) is_oversized: bool,
    /// The path and query for the log.
    pub(crate) target: String,
    /// The headers for the log, which masks what is secret in them.
    pub(crate) headers: Vec<(String, String)>,
    /// The request id of the batch that the request came in.
    pub(crate) batch: Option<String>,
}

/// Whether the values of the `Prefer` headers ask for members of enumerations that came later.
pub(crate) fn prefers_unknown_members<'a>(mut preferences: impl Iterator<Item = &'a str>) -> bool {
    preferences.any(|value| {
        value.split(',').any(|preference| {
            preference
                .trim()
                .eq_ignore_ascii_case("include-unknown-enum-members")
        })
    })
}

impl Engine {
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        config.settings.check()?;
        let faults = Faults::new(config.faults.clone(), stream(config.seed, FAULTS))?;
        let clock = Clock::new(config.start_time, config.speed);
        let mut state = State::new(config.settings.clone(), config.seed);
        if config.demo {
            demo::load(&mut state, clock.now())?;
        }
        let script = config.scenario.clone();
        let mut engine = Self {
            limiter: config
                .rate_limit
                .map(|limit| RateLimiter::new(limit, Instant::now())),
            request_ids: stream(config.seed, REQUEST_IDS),
            batches: stream(config.seed, BATCHES),
            access: config.access.clone(),
            scenario: None,
            tokens: Tokens::default(),
            log: Log::default(),
            faults,
            clock,
            state,
            config,
        };
        if let Some(script) = script {
            engine
                .start_scenario(&script)
                .map_err(|error| format!("the scenario '{}', {error}", script.name))?;
        }
        Ok(engine)
    }

    /// Starts over as the sandbox was started.
    pub(crate) fn reset(&mut self) -> Result<(), String> {
        *self = Self::new(self.config.clone())?;
        Ok(())
    }

    /// The virtual time, with everything done that is due.
    pub(crate) fn settle(&mut self) -> DateTime<Utc> {
        let now = self.clock.now();
        self.play(now);
        self.state.settle(now);
        now
    }

    /// What there is, with everything done that is due, to be looked at while requests go on.
    pub(crate) fn picture(&mut self) -> Picture {
        let now = self.settle();
        self.state.picture(now)
    }

    /// Puts other tokens and scopes in force; ages start anew.
    pub(crate) fn set_access(&mut self, access: Access) {
        self.access = access;
        self.tokens.forget();
    }

    /// Refuses every token seen so far; another is good.
    pub(crate) fn expire_tokens(&mut self) {
        self.tokens.expire(&self.access);
    }

    /// Limits the requests per second of real time, or no longer.
    pub(crate) fn set_rate_limit(&mut self, rate: Option<f64>) -> Result<(), String> {
        rate.map_or(Ok(()), rate::check)?;
        self.limiter = rate.map(|rate| RateLimiter::new(rate, Instant::now()));
        Ok(())
    }

    /// The limit of requests per second in force.
    pub(crate) fn rate_limit(&self) -> Option<f64> {
        self.limiter.as_ref().map(RateLimiter::per_second)
    }

    /// Puts other settings in force; what has happened stays.
    fn put_settings(&mut self, settings: Settings, now: DateTime<Utc>) {
        self.state.keep_all(now);
        self.state.settings = settings;
        self.state.jobs.reschedule_all(now, &self.state.settings);
    }

    /// Answers a request, or every request of a batch.
    pub(crate) fn handle(
        &mut self,
        request: &Request,
        manners: Manners,
        real: Instant,
    ) -> Delivery {
        let prepared = dispatch::prepare(&self.state, request);
        match prepared {
            Ok(prepared) if prepared.operation == Operation::Batch => {
                self.handle_batch(request, manners, &prepared, real)
            }
            prepared => self.handle_one(request, manners, prepared, None, real),
        }
    }

    /// Answers a request, with `untried` if it waited in a batch for another that failed.
    fn handle_one(
        &mut self,
        request: &Request,
        manners: Manners,
        prepared: Result<Prepared, GraphError>,
        untried: Option<GraphError>,
        real: Instant,
    ) -> Delivery {
        let now = self.settle();
        let ids = self.ids(&manners);
        let mut about = About::new(prepared.as_ref().ok());
        self.look_up(&mut about);
        // What isn't tried uses nothing up and meets no fault.
        let limited = self
            .limiter
            .as_mut()
            .filter(|_| untried.is_none())
            .and_then(|limiter| limiter.take(real).err());
        let faults = match (about.operation, limited) {
            (Some(operation), None) if untried.is_none() => {
                let names = about.names();
                self.faults
                    .decide(operation, &names, about.user.as_deref(), now)
            }
            _ => Vec::new(),
        };
        let result = if let Some(error) = untried {
            Err(error)
        } else if let Some(wait) = limited {
            Err(too_many_requests().with_header("retry-after", whole_seconds(wait).to_string()))
        } else if let Some(fault) = faults.iter().find(|fault| fault.prevents_effect()) {
            Err(refusal(fault))
        } else {
            self.admit(request, &manners, about.operation, now)
                .and(prepared)
                .and_then(|prepared| dispatch::perform(&mut self.state, request, &prepared, now))
        };
        let answer = result.unwrap_or_else(|error| error.into_answer(&ids, now));
        let mut delivery = Delivery {
            payload: None,
            answer,
            ids,
            ending: Ending::Whole,
            latency: Duration::ZERO,
            preference_applied: manners.prefers_unknown_members,
            entries: Vec::new(),
        };
        let effect = delivery.answer.effect.clone();
        for fault in &faults {
            distort(&mut delivery, fault, about.operation, now);
        }
        let mut names: Vec<String> = faults.iter().map(|fault| fault.name().to_owned()).collect();
        if limited.is_some() {
            names.push("rateLimit".into());
        }
        // A creation is about the job that it made.
        if about.operation == Some(Operation::CreateJob) && effect.is_some() {
            about.job = self
                .state
                .jobs
                .roster()
                .all()
                .last()
                .map(|job| job.id.clone());
        }
        self.finish(&mut delivery, request, manners, about, effect, names, now);
        delivery
    }

    /// Checks who calls, and whether the token is still good.
    fn admit(
        &mut self,
        request: &Request,
        manners: &Manners,
        operation: Option<Operation>,
        now: DateTime<Utc>,
    ) -> Result<(), GraphError> {
        if manners.is_oversized {
            let message = "The request body is too large, or ended before its length.";
            return Err(GraphError::new(413, "RequestEntityTooLarge", message));
        }
        let is_public = operation.is_some_and(Operation::is_public);
        if let Some(token) = admit::bearer(request).filter(|_| !is_public)
            && self.tokens.has_expired(token, &self.access, now)
        {
            return Err(admit::expired());
        }
        admit::admit(&self.access, &self.state.settings, request, operation)
    }

    /// Writes the answer out and puts it into the log.
    #[expect(clippy::too_many_arguments, reason = "what one entry of the log holds")]
    fn finish(
        &mut self,
        delivery: &mut Delivery,
        request: &Request,
        manners: Manners,
        about: About,
        effect: Option<String>,
        faults: Vec<String>,
        now: DateTime<Utc>,
    ) {
        delivery.payload = payload(&delivery.answer.body);
        let entry = RequestEntry {
            sequence: 0,
            at: now,
            method: request.method.clone(),
            path: manners.target,
            operation: about.operation.map(|operation| operation.id().to_owned()),
            job: about.job,
            user: about.user,
            batch: manners.batch,
            status: (delivery.ending != Ending::Dropped).then_some(delivery.answer.status),
            client_request_id: manners.client_request_id,
            request_id: delivery.ids.request.clone(),
            effect,
            faults,
            request_headers: log::masked(&manners.headers),
            request_body: log::kept_body(&request.body),
            response_headers: delivery
                .answer
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect(),
            response_body: delivery
                .payload
                .as_ref()
                .and_then(|(_, text)| log::kept_body(text.as_bytes())),
        };
        delivery.entries.push(self.log.push(entry));
    }

    /// The identifiers of a request: the service's own, and the caller's if it sent one.
    fn ids(&mut self, manners: &Manners) -> Ids {
        let request = guid(&mut self.request_ids).to_string();
        Ids {
            client_request: manners
                .client_request_id
                .clone()
                .unwrap_or_else(|| request.clone()),
            request,
        }
    }

    /// Finds the job that a request is about, so that rules and the log know it by id and by name.
    fn look_up(&self, about: &mut About) {
        let Some(called) = &about.called else {
            return;
        };
        let key = JobKey::IdOrName(called.clone());
        let found = self
            .state
            .jobs
            .find(&key, &self.state.settings)
            .and_then(|index| self.state.jobs.get(index));
        about.job = Some(found.map_or_else(|| called.clone(), |job| job.id.clone()));
        about.job_name = found.map(|job| job.display_name.clone());
    }
}

/// What a request is about.
#[derive(Default)]
struct About {
    operation: Option<Operation>,
    /// What the path calls the job.
    called: Option<String>,
    job: Option<String>,
    job_name: Option<String>,
    user: Option<String>,
}

impl About {
    fn new(prepared: Option<&Prepared>) -> Self {
        let Some(prepared) = prepared else {
            return Self::default();
        };
        Self {
            operation: Some(prepared.operation),
            called: prepared.job().map(str::to_owned),
            user: prepared.user().map(str::to_owned),
            ..Self::default()
        }
    }

    /// Everything that a rule can call the job.
    fn names(&self) -> Vec<&str> {
        [&self.called, &self.job, &self.job_name]
            .into_iter()
            .filter_map(|name| name.as_deref())
            .collect()
    }
}

/// The answer to a request that could not be told from others, for the log of a batch.
fn plain_answer(body: serde_json::Value) -> Answer {
    Answer {
        body: Body::Json(body),
        ..Answer::empty(200)
    }
}

/// Entries that belong to one delivery.
type Entries = Vec<Arc<RequestEntry>>;
