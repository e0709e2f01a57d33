//! Everything behind one lock: the core, the clock, the faults and the log.

mod demo;
pub(crate) mod log;
mod rate;
pub(crate) mod rehearse;
mod shape;
pub(crate) mod snapshot;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use self::log::{Log, RequestEntry};
use self::rate::RateLimiter;
use crate::answer::{Answer, Body, GraphError, Ids};
use crate::call::Request;
use crate::clock::Clock;
use crate::config::Config;
use crate::dispatch;
use crate::faults::{Fault, Faults, RetryAfter};
use crate::operation::Operation;
use crate::state::State;
use crate::state::job_store::JobKey;
use crate::state::random::{guid, stream};

/// The number that each stream of random numbers has.
const REQUEST_IDS: u64 = 2;
const FAULTS: u64 = 3;

/// The sandbox without its sockets.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) state: State,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    limiter: Option<RateLimiter>,
    request_ids: fastrand::Rng,
}

/// How the answer leaves the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it should.
    Whole,
    /// Half of the body, then the connection is closed.
    CutOff,
    /// Half of the body, with a length that fits.
    Halved,
    /// The connection is closed without an answer.
    Dropped,
}

/// An answer together with how it is to be sent.
pub(crate) struct Delivery {
    pub(crate) answer: Answer,
    pub(crate) ids: Ids,
    pub(crate) ending: Ending,
    pub(crate) latency: Duration,
    /// Whether the caller's preference for unknown enumeration members was heeded.
    pub(crate) preference_applied: bool,
    pub(crate) entry: RequestEntry,
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
        Ok(Self {
            limiter: config
                .rate_limit
                .map(|limit| RateLimiter::new(limit, Instant::now())),
            request_ids: stream(config.seed, REQUEST_IDS),
            log: Log::default(),
            faults,
            clock,
            state,
            config,
        })
    }

    /// Starts over as the sandbox was started.
    pub(crate) fn reset(&mut self) -> Result<(), String> {
        *self = Self::new(self.config.clone())?;
        Ok(())
    }

    /// The virtual time, with everything done that is due.
    pub(crate) fn settle(&mut self) -> DateTime<Utc> {
        let now = self.clock.now();
        self.state.settle(now);
        now
    }

    /// Answers a request.
    pub(crate) fn handle(
        &mut self,
        request: &Request,
        manners: Manners,
        real: Instant,
    ) -> Delivery {
        let now = self.settle();
        let ids = ids(&mut self.request_ids, manners.client_request_id.clone());
        let prepared = dispatch::prepare(&self.state, request);
        let operation = prepared.as_ref().ok().map(|prepared| prepared.operation);
        let limited = self
            .limiter
            .as_mut()
            .and_then(|limiter| limiter.take(real).err());
        let faults = match (&prepared, limited) {
            (Ok(prepared), None) => {
                let found = prepared.job().and_then(|job| {
                    let key = JobKey::IdOrName(job.to_owned());
                    let index = self.state.jobs.find(&key, &self.state.settings)?;
                    self.state.jobs.get(index)
                });
                let mut names: Vec<&str> = prepared.job().into_iter().collect();
                if let Some(job) = found {
                    names.extend([job.id.as_str(), job.display_name.as_str()]);
                }
                self.faults
                    .decide(prepared.operation, &names, prepared.user())
            }
            _ => Vec::new(),
        };
        let result = if let Some(wait) = limited {
            Err(too_many_requests().with_header("retry-after", whole_seconds(wait).to_string()))
        } else if let Some(fault) = faults.iter().find(|fault| fault.prevents_effect()) {
            Err(refusal(fault))
        } else if manners.is_oversized {
            let message = "The request body is too large, or ended before its length.";
            Err(GraphError::new(413, "RequestEntityTooLarge", message))
        } else {
            dispatch::admit::admit(
                &self.config.access,
                &self.state.settings,
                request,
                operation,
            )
            .and(prepared)
            .and_then(|prepared| dispatch::perform(&mut self.state, request, &prepared, now))
        };
        let answer = result.unwrap_or_else(|error| error.into_answer(&ids, now));
        let mut delivery = Delivery {
            entry: RequestEntry {
                sequence: 0,
                at: now,
                method: request.method.clone(),
                path: manners.target,
                operation: operation.map(|operation| operation.id().to_owned()),
                status: None,
                client_request_id: manners.client_request_id,
                request_id: ids.request.clone(),
                effect: answer.effect.clone(),
                faults: faults.iter().map(|fault| fault.name().to_owned()).collect(),
            },
            answer,
            ids,
            ending: Ending::Whole,
            latency: Duration::ZERO,
            preference_applied: manners.prefers_unknown_members,
        };
        if limited.is_some() {
            delivery.entry.faults.push("rateLimit".into());
        }
        for fault in &faults {
            distort(&mut delivery, fault, operation, now);
        }
        delivery.entry.status =
            (delivery.ending != Ending::Dropped).then_some(delivery.answer.status);
        delivery.entry = self.log.push(delivery.entry);
        delivery
    }
}

fn too_many_requests() -> GraphError {
    GraphError::new(429, "TooManyRequests", "Please retry again later.")
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}

fn retry_after(error: GraphError, header: RetryAfter) -> GraphError {
    let value = match header {
        RetryAfter::None => return error,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Fraction(seconds) => seconds.to_string(),
        // A client holds a date against its own clock, so this one is real time.
        RetryAfter::Date(seconds) => (Utc::now() + crate::settings::span(seconds))
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string(),
    };
    error.with_header("retry-after", value)
}

/// The answer of a fault that has a status of its own.
fn refusal(fault: &Fault) -> GraphError {
    match fault {
        Fault::Throttle {
            retry_after: header,
        } => retry_after(too_many_requests(), *header),
        Fault::ServiceUnavailable {
            retry_after: header,
            ..
        } => {
            let message = "The service is temporarily unavailable.";
            retry_after(GraphError::new(503, "ServiceUnavailable", message), *header)
        }
        Fault::GatewayTimeout { .. } => {
            GraphError::new(504, "GatewayTimeout", "The service didn't answer in time.")
        }
        Fault::BadGateway { .. } => GraphError::new(502, "BadGateway", "Bad gateway."),
        _ => GraphError::new(500, "InternalServerError", "An unexpected error occurred."),
    }
}

const BAD_GATEWAY_PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1>\r\n</body>\r\n</html>\r\n";

/// Applies a fault to an answer that is otherwise ready.
fn distort(
    delivery: &mut Delivery,
    fault: &Fault,
    operation: Option<Operation>,
    now: DateTime<Utc>,
) {
    let is_success = (200..300).contains(&delivery.answer.status);
    match (fault, operation) {
        (
            Fault::InternalServerError { .. }
            | Fault::ServiceUnavailable { .. }
            | Fault::GatewayTimeout { .. },
            _,
        ) => {
            delivery.answer = refusal(fault).into_answer(&delivery.ids, now);
        }
        (Fault::BadGateway { .. }, _) => {
            delivery.answer = Answer {
                body: Body::Html(BAD_GATEWAY_PAGE.into()),
                ..Answer::empty(502)
            };
        }
        (Fault::Latency { milliseconds }, _) => {
            delivery.latency = delivery
                .latency
                .saturating_add(Duration::from_millis(*milliseconds));
        }
        (Fault::DropBeforeEffect | Fault::DropAfterEffect, _) => delivery.ending = Ending::Dropped,
        (Fault::TruncateBody { well_framed: true }, _) => delivery.ending = Ending::Halved,
        (Fault::TruncateBody { well_framed: false }, _) => delivery.ending = Ending::CutOff,
        (Fault::EmptyBody, _) => delivery.answer.body = Body::None,
        (Fault::Throttle { .. }, _) | (_, None) => {}
        (Fault::UnknownEnumValue { value }, Some(operation)) if is_success => {
            let is_preferred = delivery.preference_applied;
            alter(delivery, |body| {
                shape::unknown_enum_value(body, operation, value, is_preferred);
            });
        }
        (Fault::UnknownMembers, _) => alter(delivery, shape::unknown_members),
        (Fault::OddCasing, Some(operation)) if is_success => {
            alter(delivery, |body| shape::odd_casing(body, operation));
        }
        (Fault::UnknownEnumValue { .. } | Fault::OddCasing, Some(_)) => {}
    }
}

fn alter(delivery: &mut Delivery, change: impl FnOnce(&mut Value)) {
    if let Body::Json(body) = &mut delivery.answer.body {
        change(body);
    }
}

/// The identifiers of a request: the service's own, and the caller's if it sent one.
fn ids(random: &mut fastrand::Rng, client_request: Option<String>) -> Ids {
    let request = guid(random).to_string();
    Ids {
        client_request: client_request.unwrap_or_else(|| request.clone()),
        request,
    }
}
