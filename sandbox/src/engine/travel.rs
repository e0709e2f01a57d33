//! Moves virtual time to where something happens, and carries the state from one sandbox to another.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Engine;
use super::rehearse::{self, ControlError};
use crate::faults::Counted;
use crate::scenario::plan::Scenario;
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

    /// What another sandbox needs to go on from here; a scenario under way and the log stay behind.
    pub(crate) fn export(&mut self) -> Export {
        let now = self.settle();
        Export {
            state: self.state.dump(now),
            faults: self.faults.counted().to_vec(),
        }
    }

    /// Goes on from where another sandbox was.
    pub(crate) fn import(&mut self, export: Value) -> Result<DateTime<Utc>, ControlError> {
        let wrong =
            |error: String| ControlError::Invalid(format!("the state doesn't fit: {error}"));
        let export: Export =
            serde_json::from_value(export).map_err(|error| wrong(error.to_string()))?;
        let now = export.state.now;
        let state = State::restore(export.state).map_err(wrong)?;
        self.faults.restore(export.faults).map_err(wrong)?;
        self.state = state;
        self.scenario = None;
        self.clock.set(now);
        Ok(self.settle())
    }
}
