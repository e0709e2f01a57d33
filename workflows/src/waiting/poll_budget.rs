//! What a series of readings may cost: time, and failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::warn;

use super::options::WaitOptions;
use super::poll_interval::{Delay, PollInterval};
use msgraph_migrations::{Error, ErrorKind};

/// Whether asking again may help although a reading failed.
///
/// A token that cannot be had and a pause that the service asked for concern no single reading; both
/// pass.
pub(crate) fn is_passing(error: &Error) -> bool {
    error.is_transient() || matches!(error.kind(), ErrorKind::Token | ErrorKind::RateLimited)
}

/// How much longer a series of readings may take, and how long they have been failing.
#[derive(Debug)]
pub(crate) struct PollBudget {
    deadline: Option<Instant>,
    max_failures: Option<u32>,
    max_outage: Duration,
    outage_after: Duration,
    failures: u32,
    failing_since: Option<Instant>,
    is_outage_told: bool,
    interval: PollInterval,
    delay: Option<Delay>,
}

/// Readings that have been failing for long enough to be told.
#[derive(Clone, Debug)]
pub(crate) struct Outage {
    pub lasting: Duration,
    pub error: Arc<Error>,
}

impl PollBudget {
    pub fn new(options: &WaitOptions, deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            max_failures: options.max_failures,
            max_outage: options.max_outage,
            outage_after: options.outage_after,
            failures: 0,
            failing_since: None,
            is_outage_told: false,
            interval: PollInterval::new(options),
            delay: None,
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sleeps until the next reading is due; false when the deadline comes first.
    pub async fn until_next(&mut self) -> bool {
        let Some(delay) = self.delay.take() else {
            return true;
        };
        let Some(deadline) = self.deadline else {
            sleep(delay.length).await;
            return true;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if let Some(length) = self.interval.fit(delay, left) {
            sleep(length).await;
            true
        } else {
            sleep_until(deadline).await;
            false
        }
    }

    /// Ends a series of failures; says how long they lasted if that was told as an outage.
    pub fn succeeded(&mut self, has_changed: bool) -> Option<Duration> {
        let since = self.failing_since.take();
        self.failures = 0;
        let draw = fastrand::f64();
        self.delay = Some(if has_changed {
            self.interval.after_change(draw)
        } else {
            self.interval.after_nothing(draw)
        });
        let was_told = std::mem::take(&mut self.is_outage_told);
        since.filter(|_| was_told).map(|since| since.elapsed())
    }

    /// Tolerates a passing failure, and says whether it is time to tell of an outage; gives back any
    /// other failure, and one beyond the budget.
    pub fn tolerate(&mut self, error: Error) -> Result<Option<Outage>, Error> {
        if !self.tolerates(&error) {
            return Err(error);
        }
        let lasting = self
            .failing_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        if self.is_outage_told || lasting < self.outage_after {
            return Ok(None);
        }
        self.is_outage_told = true;
        let error = Arc::new(error);
        Ok(Some(Outage { lasting, error }))
    }

    /// Whether a failure passes and is within the budget; a later reading may do.
    pub fn tolerates(&mut self, error: &Error) -> bool {
        let now = Instant::now();
        let since = *self.failing_since.get_or_insert(now);
        let lasting = now.saturating_duration_since(since);
        self.failures = self.failures.saturating_add(1);
        self.delay = Some(
            self.interval
                .after_failure(error.retry_after(), fastrand::f64()),
        );
        let is_beyond = lasting >= self.max_outage
            || self.max_failures.is_some_and(|most| self.failures > most);
        if !is_passing(error) || is_beyond {
            return false;
        }
        warn!(%error, in_a_row = self.failures, ?lasting, "a reading failed; the wait goes on");
        true
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
