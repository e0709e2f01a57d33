//! Services that refuse requests, each by a rule of its own. Time is in seconds.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::random::Random;

/// What a refusal says about when to come back.
#[derive(Clone, Copy)]
pub enum RetryAfter {
    /// When the request would pass, to the millisecond.
    True,
    /// The same in whole seconds, rounded up, as most services write it.
    Whole,
    /// So many seconds, whatever would be needed.
    Fixed(f64),
    /// Nothing.
    Missing,
}

impl RetryAfter {
    fn after(self, needed: f64) -> Option<f64> {
        match self {
            // A header has three decimals at most; a client that is a rounding early is refused again.
            Self::True => Some((needed * 1000.0).ceil() / 1000.0),
            Self::Whole => Some(needed.ceil()),
            Self::Fixed(seconds) => Some(seconds),
            Self::Missing => None,
        }
    }
}

/// Passed, or refused with what the header says.
pub type Answer = Result<(), Option<f64>>;

/// A rule by which requests are refused.
pub trait Limiter {
    /// A request arrives.
    fn ask(&mut self, now: f64, random: &mut Random) -> Answer;
    /// The answer to a request that passed has left.
    fn done(&mut self) {}
}

/// Allows so many requests per second and saves up what was not used.
#[derive(Clone)]
pub struct TokenBucket {
    rate: f64,
    burst: f64,
    level: f64,
    at: f64,
    retry_after: RetryAfter,
    later: Option<(f64, f64, f64)>,
}

impl TokenBucket {
    pub fn new(rate: f64, burst: f64, retry_after: RetryAfter) -> Self {
        Self {
            rate,
            burst,
            level: burst,
            at: 0.0,
            retry_after,
            later: None,
        }
    }

    /// From `at` on it allows `rate`, and saves up `burst`.
    pub fn then(mut self, at: f64, rate: f64, burst: f64) -> Self {
        self.later = Some((at, rate, burst));
        self
    }
}

impl Limiter for TokenBucket {
    fn ask(&mut self, now: f64, _: &mut Random) -> Answer {
        if let Some((at, rate, burst)) = self.later
            && at <= now
        {
            self.level = (self.level + (at - self.at) * self.rate).min(burst);
            (self.at, self.rate, self.burst, self.later) = (at, rate, burst, None);
        }
        self.level = (self.level + (now - self.at) * self.rate).min(self.burst);
        self.at = now;
        // What is missing by less than a billionth is there; the rest is rounding.
        if self.level >= 1.0 - 1e-9 {
            self.level -= 1.0;
            return Ok(());
        }
        Err(self.retry_after.after((1.0 - self.level) / self.rate))
    }
}

/// Allows so many requests in any `seconds`, and may count those that it refused.
pub struct SlidingWindow {
    pub limit: usize,
    pub seconds: f64,
    pub counts_refused: bool,
    pub retry_after: RetryAfter,
    pub log: VecDeque<f64>,
}

impl Limiter for SlidingWindow {
    fn ask(&mut self, now: f64, _: &mut Random) -> Answer {
        while self.log.front().is_some_and(|at| *at + self.seconds <= now) {
            self.log.pop_front();
        }
        let is_full = self.log.len() >= self.limit;
        if !is_full || self.counts_refused {
            self.log.push_back(now);
        }
        if !is_full {
            return Ok(());
        }
        let next = self.log[self.log.len() - self.limit] + self.seconds - now;
        Err(self.retry_after.after(next))
    }
}

/// Allows so many requests from one full `seconds` to the next.
pub struct FixedWindow {
    pub limit: u32,
    pub seconds: f64,
    pub retry_after: RetryAfter,
    pub window: f64,
    pub count: u32,
}

impl Limiter for FixedWindow {
    fn ask(&mut self, now: f64, _: &mut Random) -> Answer {
        let window = (now / self.seconds).floor();
        if window > self.window {
            (self.window, self.count) = (window, 0);
        }
        if self.count < self.limit {
            self.count += 1;
            return Ok(());
        }
        Err(self.retry_after.after((window + 1.0) * self.seconds - now))
    }
}

/// Allows so many requests at once.
pub struct Concurrency {
    pub cap: u32,
    pub under_way: u32,
    pub retry_after: RetryAfter,
}

impl Limiter for Concurrency {
    fn ask(&mut self, _: f64, _: &mut Random) -> Answer {
        if self.under_way < self.cap {
            self.under_way += 1;
            return Ok(());
        }
        Err(self.retry_after.after(0.01))
    }

    fn done(&mut self) {
        self.under_way -= 1;
    }
}

/// Refuses this share of requests for reasons of its own, and asks another limiter about the rest.
pub struct Unrelated<L> {
    pub share: f64,
    pub retry_after: f64,
    pub rest: L,
}

impl<L: Limiter> Limiter for Unrelated<L> {
    fn ask(&mut self, now: f64, random: &mut Random) -> Answer {
        if random.unit() < self.share {
            return Err(Some(self.retry_after));
        }
        self.rest.ask(now, random)
    }

    fn done(&mut self) {
        self.rest.done();
    }
}

/// Refuses everything for a while, and asks another limiter outside of it.
pub struct Storm<L> {
    pub from: f64,
    pub until: f64,
    pub retry_after: Option<f64>,
    pub rest: L,
}

impl<L: Limiter> Limiter for Storm<L> {
    fn ask(&mut self, now: f64, random: &mut Random) -> Answer {
        if (self.from..self.until).contains(&now) {
            return Err(self.retry_after);
        }
        self.rest.ask(now, random)
    }

    fn done(&mut self) {
        self.rest.done();
    }
}

/// Allows everything.
pub struct Unlimited;

impl Limiter for Unlimited {
    fn ask(&mut self, _: f64, _: &mut Random) -> Answer {
        Ok(())
    }
}

/// The crate `governor`, which other people wrote, with a clock that this simulation turns.
pub struct Governor {
    limiter: RateLimiter<NotKeyed, InMemoryState, FakeRelativeClock, NoOpMiddleware<Nanos>>,
    clock: FakeRelativeClock,
    at: Duration,
    retry_after: RetryAfter,
}

type Nanos = <FakeRelativeClock as Clock>::Instant;

impl Governor {
    pub fn new(per_second: u32, burst: u32, retry_after: RetryAfter) -> Self {
        let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(positive(per_second)).allow_burst(positive(burst));
        let clock = FakeRelativeClock::default();
        Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            at: Duration::ZERO,
            retry_after,
        }
    }
}

impl Limiter for Governor {
    fn ask(&mut self, now: f64, _: &mut Random) -> Answer {
        let now = Duration::from_secs_f64(now);
        self.clock.advance(now.saturating_sub(self.at));
        self.at = now;
        self.limiter.check().map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            self.retry_after.after(wait.as_secs_f64())
        })
    }
}
