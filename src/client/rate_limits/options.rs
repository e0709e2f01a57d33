//! How rate limits begin.

use std::time::Duration;

use crate::client::rate_controller::RateController;
use crate::models::operation::ResourceFamily;

/// How [`RateLimits`](super::RateLimits) begin, and what they never exceed.
#[derive(Clone, Debug)]
#[must_use = "options do nothing until limits are made of them"]
pub struct RateLimitOptions {
    max_pause: Duration,
    starting: [Option<f64>; ResourceFamily::ALL.len()],
    max: [Option<f64>; ResourceFamily::ALL.len()],
}

impl Default for RateLimitOptions {
    fn default() -> Self {
        Self {
            max_pause: Duration::from_mins(10),
            starting: [None; ResourceFamily::ALL.len()],
            max: [None; ResourceFamily::ALL.len()],
        }
    }
}

impl RateLimitOptions {
    /// Nothing is held back until the service refuses something.
    pub fn new() -> Self {
        Self::default()
    }

    /// The longest pause that one answer can impose on others; 10 minutes unless set.
    ///
    /// A `Retry-After` up to this is honoured to its end by the whole family. After a longer one, a
    /// single request probes when this is over, and only if it passes do others follow. The refused
    /// request itself is not repeated before its own time.
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// Begins at so many requests per second, for instance at what was learned the last time.
    ///
    /// From there the rate changes as it does after it was learned. What is not a positive number is
    /// taken for the slowest rate, a request in ten seconds.
    pub fn starting_rate(mut self, family: ResourceFamily, per_second: f64) -> Self {
        self.starting[family.index()] = Some(per_second);
        self
    }

    /// Never sends more than so many requests per second, whatever is learned.
    ///
    /// With this, processes that share nothing else divide a limit that is known: each takes its part.
    /// What is not a positive number is taken for the slowest rate, a request in ten seconds.
    pub fn max_rate(mut self, family: ResourceFamily, per_second: f64) -> Self {
        self.max[family.index()] = Some(per_second);
        self
    }

    pub(super) fn controller(&self, family: ResourceFamily, now: Duration) -> RateController {
        let positive = |rate: f64| if rate > 0.1 { rate } else { 0.1 };
        let mut controller = RateController::new(self.max_pause);
        if let Some(rate) = self.starting[family.index()] {
            controller = controller.starting_at(positive(rate), now);
        }
        if let Some(rate) = self.max[family.index()] {
            controller = controller.never_above(positive(rate));
        }
        controller
    }
}
