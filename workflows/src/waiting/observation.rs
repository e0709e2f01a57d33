//! What is seen while waiting.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use msgraph_migrations::Error;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationTask, SharePointMigrationTask,
};

/// Something seen while waiting for a job, a user or a task.
///
/// Of everything that is watched, the last observation is [`Event::Ended`], exactly once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Observation<T> {
    /// The id or display name that was given.
    pub asked_for: String,
    /// What was seen of it.
    pub event: Event<T>,
}

/// What was seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<T> {
    /// The state at the first reading.
    First(T),
    /// The state, which differs from the one before.
    ///
    /// Status, message and dates count, and a status that no document names counts too.
    Changed(T),
    /// The job has come to `adminActionRequired`; until an administrator acts, it does not go on.
    ///
    /// No document describes this status further. It stands in the place of `First` or `Changed`.
    AdminActionRequired(T),
    /// Nothing has changed for a long time; this is told once until the next change.
    #[non_exhaustive]
    Stalled {
        /// The state.
        state: T,
        /// How long it has been like this, as far as this watch can tell.
        unchanged_for: Duration,
    },
    /// Nothing could be read for a long time; this is told once until a reading succeeds.
    #[non_exhaustive]
    Outage {
        /// The last state seen; none if no reading succeeded yet.
        last: Option<T>,
        /// How long readings have been failing.
        lasting: Duration,
        /// How the latest reading failed.
        error: Arc<Error>,
    },
    /// A reading has succeeded after an outage that was told.
    #[non_exhaustive]
    Recovered {
        /// How long the outage lasted.
        after: Duration,
    },
    /// The wait is over.
    Ended(WaitEnd<T>),
}

/// How a wait ended.
#[derive(Clone, Debug)]
#[must_use = "a wait may end without what was waited for"]
pub enum WaitEnd<T> {
    /// What was waited for has ended, well or badly: the state says how.
    Reached(T),
    /// What was waited for will not come any more: the state says why not.
    Elsewhere(T),
    /// It is not there, with the last state seen; none if it never was seen.
    Gone(Option<T>),
    /// The deadline passed, with the last state seen; none if no reading succeeded.
    DeadlinePassed(Option<T>),
}

/// Something seen of a job.
pub type JobObservation = Observation<CrossTenantMigrationJob>;

/// Something seen of a user of a job.
pub type UserObservation = Observation<CrossTenantMigrationTask>;

/// Something seen of a SharePoint task.
pub type SharePointTaskObservation = Observation<SharePointMigrationTask>;

impl<T> Observation<T> {
    /// The state that was seen, if there is one.
    pub fn state(&self) -> Option<&T> {
        match &self.event {
            Event::First(state)
            | Event::Changed(state)
            | Event::AdminActionRequired(state)
            | Event::Stalled { state, .. } => Some(state),
            Event::Outage { last, .. } => last.as_ref(),
            Event::Recovered { .. } => None,
            Event::Ended(end) => end.state(),
        }
    }
}

impl<T> WaitEnd<T> {
    /// The last state that was seen, if there is one.
    pub fn state(&self) -> Option<&T> {
        match self {
            Self::Reached(state) | Self::Elsewhere(state) => Some(state),
            Self::Gone(last) | Self::DeadlinePassed(last) => last.as_ref(),
        }
    }
}

/// What is remembered from reading to reading.
#[derive(Clone, Debug)]
pub(crate) struct Track<T> {
    last: Option<T>,
    changed: Instant,
    is_stalled: bool,
}

impl<T: Clone> Track<T> {
    pub fn new(now: Instant) -> Self {
        Self {
            last: None,
            changed: now,
            is_stalled: false,
        }
    }

    pub fn last(&self) -> Option<&T> {
        self.last.as_ref()
    }

    /// Takes in a state read at `now`, and says what is to be told about it, if anything.
    pub fn take_in(
        &mut self,
        state: T,
        is_same: impl FnOnce(&T, &T) -> bool,
        now: Instant,
        stalled_after: Option<Duration>,
    ) -> Option<Event<T>> {
        let Some(last) = &self.last else {
            self.renew(&state, now);
            return Some(Event::First(state));
        };
        if !is_same(last, &state) {
            self.renew(&state, now);
            return Some(Event::Changed(state));
        }
        let unchanged_for = now.saturating_duration_since(self.changed);
        if self.is_stalled || stalled_after.is_none_or(|limit| unchanged_for < limit) {
            return None;
        }
        self.is_stalled = true;
        Some(Event::Stalled {
            state,
            unchanged_for,
        })
    }

    fn renew(&mut self, state: &T, now: Instant) {
        self.last = Some(state.clone());
        self.changed = now;
        self.is_stalled = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_told_once_until_the_next_change() {
        let start = Instant::now();
        let mut track = Track::new(start);
        let told: Vec<_> = [
            (0, 'a'),
            (9, 'a'),
            (10, 'a'),
            (50, 'a'),
            (51, 'b'),
            (60, 'b'),
            (61, 'b'),
            (62, 'b'),
            (63, 'a'),
        ]
        .into_iter()
        .map(|(second, state)| {
            let now = start + Duration::from_secs(second);
            let limit = Some(Duration::from_secs(10));
            match track.take_in(state, |a, b| a == b, now, limit) {
                Some(Event::First(state)) => format!("first {state}"),
                Some(Event::Changed(state)) => format!("changed {state}"),
                Some(Event::Stalled { unchanged_for, .. }) => {
                    format!("stalled {}", unchanged_for.as_secs())
                }
                Some(other) => panic!("{other:?}"),
                None => String::new(),
            }
        })
        .collect();
        let expected = [
            "first a",
            "",
            "stalled 10",
            "",
            "changed b",
            "",
            "stalled 10",
            "",
            "changed a",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn without_a_limit_nothing_stalls() {
        let start = Instant::now();
        let mut track = Track::new(start);
        track.take_in('a', |a, b| a == b, start, None);
        let late = start + Duration::from_hours(1000);
        assert!(track.take_in('a', |a, b| a == b, late, None).is_none());
    }
}
