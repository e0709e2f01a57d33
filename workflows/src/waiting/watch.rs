//! Reading one thing again and again until it has ended.

use std::time::Duration;

use futures_core::Stream;
use futures_util::stream;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::warn;

use super::ends::Stage;
use super::observation::{Observation, Track, WaitEnd};
use super::options::WaitOptions;
use super::rhythm::{Rhythm, Wait};
use msgraph_migrations::{Error, ErrorKind, Refusal};

/// How many times in a row a thing that was seen has to be missing before it counts as gone; a replica
/// that lags may miss it once.
pub(crate) const MISSING: u32 = 2;

/// Something that can be read and ends.
pub(crate) trait Subject: Send + Sync {
    /// What a reading gives.
    type State: Clone + Send + Sync;

    /// Reads the state of what has this id or name.
    fn read(&self, key: &str) -> impl Future<Output = Result<Self::State, Error>> + Send;

    /// Where the state stands with regard to what is waited for.
    fn stage(&self, state: &Self::State) -> Stage;

    /// Whether nothing has changed that is worth telling.
    fn is_same(before: &Self::State, after: &Self::State) -> bool;

    /// The id, by which to read on even if the name is given to something else.
    fn id(state: &Self::State) -> Option<&str>;

    /// Whether the state is older than what is known already, and so tells nothing.
    fn is_outdated(&self, state: &Self::State) -> bool {
        let _ = state;
        false
    }

    /// Whether it is an end, not an error, when there is nothing to read at all.
    fn may_be_absent(&self) -> bool {
        false
    }
}

/// What a reading that failed means for the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no such thing.
    Absent,
    /// Asking again may help.
    Passing,
    /// Asking again will not help.
    Lasting,
}

impl Trouble {
    pub fn of(error: &Error) -> Self {
        if error.refusal().is_some_and(Refusal::is_not_found) {
            Self::Absent
        } else if error.is_transient()
            || matches!(error.kind(), ErrorKind::Token | ErrorKind::RateLimited)
        {
            Self::Passing
        } else {
            Self::Lasting
        }
    }
}

/// How much longer a wait may take, and whether its readings fail.
#[derive(Debug)]
pub(crate) struct Patience {
    deadline: Option<Instant>,
    max_failures: u32,
    failures: u32,
    rhythm: Rhythm,
    wait: Option<Wait>,
}

impl Patience {
    pub fn new(options: &WaitOptions, deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            max_failures: options.max_failures,
            failures: 0,
            rhythm: Rhythm::new(options),
            wait: None,
        }
    }

    /// Sleeps until the next reading is due; false when the deadline comes first.
    pub async fn until_next(&mut self) -> bool {
        let Some(wait) = self.wait.take() else {
            return true;
        };
        let Some(deadline) = self.deadline else {
            sleep(wait.length).await;
            return true;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if let Some(length) = self.rhythm.fit(wait, left) {
            sleep(length).await;
            true
        } else {
            sleep_until(deadline).await;
            false
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub fn succeeded(&mut self, has_changed: bool) {
        self.failures = 0;
        let draw = fastrand::f64();
        self.wait = Some(if has_changed {
            self.rhythm.after_change(draw)
        } else {
            self.rhythm.after_nothing(draw)
        });
    }

    /// Looks again soon.
    pub fn doubt(&mut self) {
        self.wait = Some(self.rhythm.after_change(fastrand::f64()));
    }

    /// Bears a passing failure; gives back any other, and one too many in a row.
    pub fn bear(&mut self, error: Error) -> Result<(), Error> {
        if Trouble::of(&error) != Trouble::Passing {
            return Err(error);
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures > self.max_failures {
            return Err(error);
        }
        warn!(%error, in_a_row = self.failures, "a reading failed; the wait goes on");
        self.wait = Some(
            self.rhythm
                .after_failure(error.retry_after(), fastrand::f64()),
        );
        Ok(())
    }
}

/// The result of `reading`, or none when the deadline comes first.
pub(crate) async fn limit<T>(
    deadline: Option<Instant>,
    reading: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        None => Some(reading.await),
        Some(deadline) => timeout_at(deadline, reading).await.ok(),
    }
}

/// A wait for one thing.
pub(crate) struct Watch<S: Subject> {
    subject: S,
    key: String,
    patience: Patience,
    stalled_after: Option<Duration>,
    track: Track<S::State>,
    /// Whether it is known to have been there, although this watch has not seen it.
    is_known: bool,
    missing: u32,
    is_over: bool,
}

impl<S: Subject> Watch<S> {
    pub fn new(subject: S, key: &str, options: &WaitOptions, deadline: Option<Instant>) -> Self {
        Self {
            subject,
            key: key.to_owned(),
            patience: Patience::new(options, deadline),
            stalled_after: options.stalled_after,
            track: Track::new(Instant::now()),
            is_known: false,
            missing: 0,
            is_over: false,
        }
    }

    /// Says that it is there, so that it is gone if it cannot be found.
    pub fn known(mut self) -> Self {
        self.is_known = true;
        self
    }

    /// The next observation; none after the end.
    pub async fn next(&mut self) -> Result<Option<Observation<S::State>>, Error> {
        while !self.is_over {
            if !self.patience.until_next().await {
                return Ok(Some(self.deadline_passed()));
            }
            // On the heap, since a call to the service is long to write down.
            let reading = Box::pin(self.subject.read(&self.key));
            let reading = limit(self.patience.deadline(), reading).await;
            let observation = match reading {
                None => Some(self.deadline_passed()),
                Some(Ok(state)) => self.take_in(state),
                Some(Err(error)) => self.judge(error)?,
            };
            if observation.is_some() {
                return Ok(observation);
            }
        }
        Ok(None)
    }

    fn take_in(&mut self, state: S::State) -> Option<Observation<S::State>> {
        self.missing = 0;
        if self.subject.is_outdated(&state) {
            self.patience.succeeded(false);
            return None;
        }
        if let Some(id) = S::id(&state) {
            id.clone_into(&mut self.key);
        }
        match self.subject.stage(&state) {
            Stage::Reached => Some(self.end(WaitEnd::Reached(state))),
            Stage::Elsewhere => Some(self.end(WaitEnd::Elsewhere(state))),
            Stage::UnderWay => {
                let now = Instant::now();
                let seen = self
                    .track
                    .take_in(state, S::is_same, now, self.stalled_after);
                let is_new = matches!(seen, Some(Observation::First(_) | Observation::Changed(_)));
                self.patience.succeeded(is_new);
                seen
            }
        }
    }

    fn judge(&mut self, error: Error) -> Result<Option<Observation<S::State>>, Error> {
        let trouble = Trouble::of(&error);
        if trouble != Trouble::Absent {
            self.missing = 0;
        }
        match trouble {
            Trouble::Absent if self.subject.may_be_absent() => Ok(Some(self.gone())),
            Trouble::Absent if self.is_known || self.track.last().is_some() => {
                self.missing += 1;
                if self.missing >= MISSING {
                    return Ok(Some(self.gone()));
                }
                self.patience.doubt();
                Ok(None)
            }
            Trouble::Passing | Trouble::Absent | Trouble::Lasting => self
                .patience
                .bear(error)
                .map(|()| None)
                .inspect_err(|_| self.is_over = true),
        }
    }

    fn deadline_passed(&mut self) -> Observation<S::State> {
        let last = self.track.last().cloned();
        self.end(WaitEnd::DeadlinePassed(last))
    }

    fn gone(&mut self) -> Observation<S::State> {
        let last = self.track.last().cloned();
        self.end(WaitEnd::Gone(last))
    }

    fn end(&mut self, end: WaitEnd<S::State>) -> Observation<S::State> {
        self.is_over = true;
        Observation::Ended(end)
    }

    /// Watches to the end, and shows every observation to `observer`.
    pub async fn finish(
        mut self,
        observer: impl Fn(&Observation<S::State>) + Send,
    ) -> Result<WaitEnd<S::State>, Error> {
        while let Some(observation) = self.next().await? {
            observer(&observation);
            if let Observation::Ended(end) = observation {
                return Ok(end);
            }
        }
        // A watch ends by saying so; this only keeps the compiler and the reader from wondering.
        Ok(WaitEnd::DeadlinePassed(self.track.into_last()))
    }

    pub fn into_stream(
        self,
    ) -> impl Stream<Item = Result<Observation<S::State>, Error>> + Send + use<S>
    where
        S: 'static,
    {
        stream::try_unfold(self, |mut watch| async move {
            Ok(watch.next().await?.map(|observation| (observation, watch)))
        })
    }
}
