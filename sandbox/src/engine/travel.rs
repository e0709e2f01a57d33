//! Moves virtual time to where something happens, and carries the state from one sandbox to another.

use std::time::Instant;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Engine;
use super::rate::{self, RateLimiter};
use super::rehearse::{self, ControlError};
use super::tokens::Tokens;
use crate::access::Access;
use crate::faults::{Counted, Faults};
use crate::scenario::plan::{Scenario, ScenarioDump};
use crate::state::State;
use crate::state::dump::Dump;
use crate::state::status::JobStatus;

/// How many events are looked through before a status counts as out of reach.
const MAX_EVENTS: usize = 1_000_000;

/// Everything that one sandbox can hand to another.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Export {
    state: Dump,
    #[serde(default)]
    faults: Vec<Counted>,
    #[serde(default)]
    dice: Option<Dice>,
    #[serde(default)]
    scenario: Option<ScenarioDump>,
    #[serde(default)]
    access: Rules,
    #[serde(default)]
    tokens: Tokens,
    #[serde(default)]
    rate_limit: Option<f64>,
}

/// What decides the next throws of the dice, in text because many readers of JSON keep only 53 bits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dice {
    faults: String,
    request_ids: String,
    batches: String,
}

/// Who may call, but for the token: it is never told.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Rules {
    scopes: Option<Vec<String>>,
    token_requests: Option<u64>,
    token_seconds: Option<u32>,
}

/// An export that was read and checked, ready to take the place of what there is.
pub(crate) struct Import {
    now: DateTime<Utc>,
    state: State,
    faults: Faults,
    /// What decides the ids of requests and the order of answers in batches.
    dice: Option<(fastrand::Rng, fastrand::Rng)>,
    scenario: Option<Scenario>,
    access: Rules,
    tokens: Tokens,
    rate_limit: Option<f64>,
}

impl Import {
    /// Reads what [`Engine::export`] wrote, without an engine, since a large state takes its time.
    pub(crate) fn from_slice(json: &[u8]) -> Result<Self, ControlError> {
        Self::check(serde_json::from_slice(json))
    }

    pub(crate) fn from_json(json: Value) -> Result<Self, ControlError> {
        Self::check(serde_json::from_value(json))
    }

    fn check(export: serde_json::Result<Export>) -> Result<Self, ControlError> {
        export
            .map_err(|error| error.to_string())
            .and_then(Self::read)
            .map_err(|error| ControlError::Invalid(format!("the state doesn't fit: {error}")))
    }

    fn read(export: Export) -> Result<Self, String> {
        if let Some(rate) = export.rate_limit {
            rate::check(rate)?;
        }
        let mut faults = Faults::restore(export.faults)?;
        let dice = match export.dice {
            None => None,
            Some(dice) => {
                faults.set_dice(seed(&dice.faults)?);
                let rng = |text: &str| seed(text).map(fastrand::Rng::with_seed);
                Some((rng(&dice.request_ids)?, rng(&dice.batches)?))
            }
        };
        Ok(Self {
            now: export.state.now,
            state: State::restore(export.state)?,
            faults,
            dice,
            scenario: export.scenario.map(Scenario::restore).transpose()?,
            access: export.access,
            tokens: export.tokens,
            rate_limit: export.rate_limit,
        })
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("the seed '{text}' isn't a whole number in text"))
}

impl Engine {
    /// When something happens next by the passing of time.
    fn next_event(&self) -> Option<DateTime<Utc>> {
        let step = self.scenario.as_ref().and_then(Scenario::next_at);
        [self.state.jobs.next_event(), step]
            .into_iter()
            .flatten()
            .min()
    }

    /// Moves time to the moment at which a job reaches a status; it stays where it is if that never happens.
    pub(crate) fn advance_until(
        &mut self,
        id_or_name: &str,
        status: &str,
    ) -> Result<DateTime<Utc>, ControlError> {
        let wanted = JobStatus::parse(status).ok_or_else(|| rehearse::unknown_status(status))?;
        let start = self.settle();
        let index = rehearse::find(&self.state, id_or_name)?;
        let log = std::mem::take(&mut self.log);
        let before = self.clone();
        let reached = self.run_until(index, wanted, start);
        if !reached {
            *self = before;
        }
        self.log = log;
        if reached {
            return Ok(self.settle());
        }
        let now = self
            .state
            .jobs
            .get(index)
            .map_or("gone", |job| job.status.as_str());
        Err(ControlError::Invalid(format!(
            "time alone never brings the job from {now} to {status}; nothing was changed"
        )))
    }

    fn run_until(&mut self, index: usize, wanted: JobStatus, start: DateTime<Utc>) -> bool {
        let has_reached = |engine: &Self, since: DateTime<Utc>| {
            engine.state.jobs.get(index).is_some_and(|job| {
                let passed =
                    |step: &crate::state::job::Transition| step.to == wanted && step.at > since;
                job.status == wanted || job.history.iter().any(passed)
            })
        };
        if has_reached(self, start) {
            return true;
        }
        for _ in 0..MAX_EVENTS {
            let Some(at) = self.next_event() else {
                return false;
            };
            if self.clock.advance_to(at).is_err() {
                return false;
            }
            self.settle();
            if has_reached(self, start) {
                return true;
            }
        }
        false
    }

    /// What another sandbox needs to go on from here; the log, the speed and the token stay behind.
    ///
    /// It shares jobs, tasks and mappings with the state, so that it is made at once and written out later.
    pub(crate) fn export(&mut self) -> Export {
        let now = self.settle();
        Export {
            state: self.state.dump(now),
            faults: self.faults.counted().to_vec(),
            dice: Some(Dice {
                faults: self.faults.dice().to_string(),
                request_ids: self.request_ids.get_seed().to_string(),
                batches: self.batches.get_seed().to_string(),
            }),
            scenario: self.scenario.as_ref().map(Scenario::dump),
            access: Rules {
                scopes: self.access.scopes.clone(),
                token_requests: self.access.token_requests,
                token_seconds: self.access.token_seconds,
            },
            tokens: self.tokens.clone(),
            rate_limit: self.rate_limit(),
        }
    }

    /// Goes on from where another sandbox was. Returns the time, and the state from before to be thrown away.
    pub(crate) fn import(&mut self, import: Import) -> (DateTime<Utc>, State) {
        let before = std::mem::replace(&mut self.state, import.state);
        let dice = self.faults.dice();
        self.faults = import.faults;
        match import.dice {
            Some((request_ids, batches)) => {
                self.request_ids = request_ids;
                self.batches = batches;
            }
            None => self.faults.set_dice(dice),
        }
        self.scenario = import.scenario;
        self.access = Access {
            token: self.access.token.take(),
            scopes: import.access.scopes,
            token_requests: import.access.token_requests,
            token_seconds: import.access.token_seconds,
        };
        self.tokens = import.tokens;
        self.limiter = import
            .rate_limit
            .map(|rate| RateLimiter::new(rate, Instant::now()));
        self.clock.set(import.now);
        (self.settle(), before)
    }
}
