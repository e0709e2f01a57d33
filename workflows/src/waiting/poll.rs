//! Reading things again and again until each has ended.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::ends::Stage;
use super::observation::{Event, Observation, Track, WaitEnd};
use super::options::WaitOptions;
use super::poll_budget::{Outage, PollBudget, limit};
use crate::reading::Reading;
use msgraph_migrations::Error;

/// How many times in a row something has to be missing before it can count as gone.
const MIN_MISSES: u32 = 2;
/// How many readings in a row have to be older than one before to count all the same.
const MIN_OUTDATED: u32 = 3;

/// Where the states of what is watched come from.
pub(crate) trait Source: Send + Sync + 'static {
    /// What a reading gives.
    type State: Clone + Send + Sync + 'static;

    /// Reads `targets` and adds to `found` what it reads, by the index of each target.
    ///
    /// What was found before an error counts.
    fn read(
        &self,
        targets: &[Target],
        found: &mut Found<Self::State>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Where the state stands with regard to what is waited for.
    fn stage(&self, state: &Self::State) -> Stage;

    /// Whether nothing has changed that is worth telling.
    fn is_same(before: &Self::State, after: &Self::State) -> bool;

    /// The id, by which to read on even if the name is given to something else.
    fn id(state: &Self::State) -> Option<&str>;

    /// When the service last changed the state, as far as it says.
    fn last_updated(state: &Self::State) -> Option<DateTime<Utc>>;

    /// Whether it waits for somebody to act.
    fn needs_admin(state: &Self::State) -> bool {
        let _ = state;
        false
    }

    /// Whether not to be there is what is waited for.
    fn awaits_absence(&self) -> bool {
        false
    }

    /// Whether what was never seen and is not there is an error instead of an end.
    fn must_exist(&self) -> bool {
        false
    }

    /// Shows an observation to whoever asked for it beforehand.
    fn show(&self, observation: &Observation<Self::State>) {
        let _ = observation;
    }
}

/// What a round of readings found, by the index of the target.
pub(crate) type Found<T> = Vec<(usize, Reading<T>)>;

/// Something to be read.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub index: usize,
    pub asked_for: String,
    /// The id once it is known; from then on the name does not count.
    pub id: Option<String>,
}

impl Target {
    pub fn key(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.asked_for)
    }
}

/// What is remembered of one thing that is watched.
struct Watched<T> {
    asked_for: String,
    id: Option<String>,
    /// Whether it is known to have been there, although this watch has not seen it.
    is_known: bool,
    track: Track<T>,
    /// The newest date seen, in whole seconds: the documents' samples give some with seven more digits
    /// and some without.
    newest: Option<i64>,
    outdated: Streak,
    missing: Streak,
    is_over: bool,
}

/// Readings in a row of which the same is to be said.
#[derive(Clone, Copy, Debug, Default)]
struct Streak {
    since: Option<Instant>,
    count: u32,
}

impl Streak {
    fn end(&mut self) {
        *self = Self::default();
    }

    /// Counts one more; whether there were so many by now, over such a time.
    fn is_beyond(&mut self, count: u32, time: Duration) -> bool {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        self.count = self.count.saturating_add(1);
        self.count >= count && now.saturating_duration_since(since) >= time
    }
}

/// A wait for one thing or for many.
pub(crate) struct Poll<S: Source> {
    source: S,
    budget: PollBudget,
    stalled_after: Option<Duration>,
    gone_after: Duration,
    max_lag: Duration,
    watched: Vec<Watched<S::State>>,
    pending: usize,
    ready: VecDeque<Observation<S::State>>,
    /// What ends the watch once everything seen before has been told.
    failed: Option<Error>,
    has_news: bool,
}

impl<S: Source> Poll<S> {
    pub fn new(
        source: S,
        targets: Vec<String>,
        options: &WaitOptions,
        deadline: Option<Instant>,
    ) -> Self {
        let now = Instant::now();
        let watched = |asked_for| Watched {
            asked_for,
            id: None,
            is_known: options.just_created,
            track: Track::new(now),
            newest: None,
            outdated: Streak::default(),
            missing: Streak::default(),
            is_over: false,
        };
        Self {
            source,
            budget: PollBudget::new(options, deadline),
            stalled_after: options.stalled_after,
            gone_after: options.gone_after,
            max_lag: options.max_lag,
            pending: targets.len(),
            watched: targets.into_iter().map(watched).collect(),
            ready: VecDeque::new(),
            failed: None,
            has_news: false,
        }
    }

    /// Says that all of them are there.
    pub fn known(mut self) -> Self {
        for watched in &mut self.watched {
            watched.is_known = true;
        }
        self
    }

    /// Says that all of them were in `state`, so that a state tells nothing that is not so many
    /// seconds newer.
    pub fn known_as(mut self, state: &S::State, newer: i64) -> Self {
        for watched in &mut self.watched {
            watched.newest = seconds::<S>(state).map(|date| date.saturating_add(newer));
        }
        self.known()
    }

    /// The next observation; none when everything has ended.
    ///
    /// After an error it can be asked again, and goes on.
    pub async fn next(&mut self) -> Result<Option<Observation<S::State>>, Error> {
        loop {
            if let Some(seen) = self.ready.pop_front() {
                self.source.show(&seen);
                return Ok(Some(seen));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.pending == 0 {
                return Ok(None);
            }
            if self.budget.until_next().await {
                self.look().await;
            } else {
                self.expire();
            }
        }
    }

    async fn look(&mut self) {
        let targets: Vec<_> = self
            .watched
            .iter()
            .enumerate()
            .filter(|(_, watched)| !watched.is_over)
            .map(|(index, watched)| Target {
                index,
                asked_for: watched.asked_for.clone(),
                id: watched.id.clone(),
            })
            .collect();
        let mut found = Vec::new();
        // On the heap, since a call to the service is long to write down.
        let reading = Box::pin(self.source.read(&targets, &mut found));
        let read = limit(self.budget.deadline(), reading).await;
        self.has_news = false;
        for (index, reading) in found {
            if self.watched[index].is_over {
                continue;
            }
            match reading {
                Reading::Present(state) => self.take_in(index, state),
                Reading::Absent(error) => self.miss(index, error),
            }
        }
        match read {
            None => self.expire(),
            Some(Ok(())) => {
                if let Some(after) = self.budget.succeeded(self.has_news) {
                    self.tell_all(|_| Event::Recovered { after });
                }
            }
            Some(Err(error)) => match self.budget.tolerate(error) {
                Ok(None) => {}
                Ok(Some(Outage { lasting, error })) => self.tell_all(|last| Event::Outage {
                    last: last.cloned(),
                    lasting,
                    error: error.clone(),
                }),
                Err(error) => self.failed = Some(error),
            },
        }
    }

    fn take_in(&mut self, index: usize, state: S::State) {
        let watched = &mut self.watched[index];
        watched.missing.end();
        let updated = seconds::<S>(&state);
        let is_older =
            matches!((updated, watched.newest), (Some(read), Some(newest)) if read < newest);
        if is_older && !watched.outdated.is_beyond(MIN_OUTDATED, self.max_lag) {
            // It is looked at again soon.
            self.has_news = true;
            return;
        }
        watched.outdated.end();
        watched.newest = updated.or(watched.newest);
        if let Some(id) = S::id(&state) {
            watched.id = Some(id.to_owned());
        }
        match self.source.stage(&state) {
            Stage::Reached => self.end(index, WaitEnd::Reached(state)),
            Stage::Elsewhere => self.end(index, WaitEnd::Elsewhere(state)),
            Stage::UnderWay => {
                let track = &mut watched.track;
                let seen = track.take_in(state, S::is_same, Instant::now(), self.stalled_after);
                if let Some(event) = seen {
                    self.has_news |= !matches!(event, Event::Stalled { .. });
                    self.tell(index, with_admin::<S>(event));
                }
            }
        }
    }

    fn miss(&mut self, index: usize, error: Error) {
        let watched = &mut self.watched[index];
        let was_there = watched.is_known || watched.track.last().is_some();
        let is_gone = if self.source.awaits_absence() {
            true
        } else if was_there {
            watched.missing.is_beyond(MIN_MISSES, self.gone_after)
        } else if self.source.must_exist() {
            self.failed = Some(error);
            return;
        } else {
            watched.missing.is_beyond(MIN_MISSES, Duration::ZERO)
        };
        if is_gone {
            let last = watched.track.last().cloned();
            self.end(index, WaitEnd::Gone(last));
        } else {
            // It is looked for again soon.
            self.has_news = true;
        }
    }

    fn expire(&mut self) {
        for index in 0..self.watched.len() {
            if !self.watched[index].is_over {
                let last = self.watched[index].track.last().cloned();
                self.end(index, WaitEnd::DeadlinePassed(last));
            }
        }
    }

    fn end(&mut self, index: usize, end: WaitEnd<S::State>) {
        self.watched[index].is_over = true;
        self.pending -= 1;
        self.has_news = true;
        self.tell(index, Event::Ended(end));
    }

    fn tell(&mut self, index: usize, event: Event<S::State>) {
        let asked_for = self.watched[index].asked_for.clone();
        self.ready.push_back(Observation { asked_for, event });
    }

    fn tell_all(&mut self, event: impl Fn(Option<&S::State>) -> Event<S::State>) {
        for index in 0..self.watched.len() {
            let watched = &self.watched[index];
            if !watched.is_over {
                let event = event(watched.track.last());
                self.tell(index, event);
            }
        }
    }
}

fn seconds<S: Source>(state: &S::State) -> Option<i64> {
    S::last_updated(state).map(|date| date.timestamp())
}

fn with_admin<S: Source>(event: Event<S::State>) -> Event<S::State> {
    match event {
        Event::First(state) | Event::Changed(state) if S::needs_admin(&state) => {
            Event::AdminActionRequired(state)
        }
        event => event,
    }
}
