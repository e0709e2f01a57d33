//! One pace for all calls of a client, so that a burst of requests does not become a storm.
//!
//! Nothing is held back until the service refuses a request for coming too fast. From then on requests
//! leave one after the other at a rate that is found like this:
//!
//! 1. The first refusal tells what got through lately; that is the first guess. It grows until the
//!    service refuses again, since the service may allow more than was asked of it.
//! 2. Each further refusal tells how much got through since the one before. A service that counts
//!    lets through exactly what it allows, however much faster it was asked; so when two of these
//!    measures agree, they are the limit, and the pace settles just below it for a while. When they do
//!    not, the service minds the distance between requests, or has another reason, and a little slower
//!    is slow enough.
//! 3. A pace that is not refused grows again, slowly at first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The pause when the service throttles without saying for how long.
const UNSAID_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that is kept; whoever asks for more is not to be reckoned with.
const MAX_PAUSE: Duration = Duration::from_hours(365 * 24);
/// How far back "lately" reaches; also how long a service is taken to save up what was not used.
const LATELY: Duration = Duration::from_secs(1);
/// How long the first guess takes to double.
const DOUBLING: f64 = 1.5;
/// How long a pace that follows a measured limit stays as it is before it grows again.
const SETTLED: Duration = Duration::from_secs(20);
/// The growth of a pace in its first ten seconds, per second.
const SLOW_GROWTH: f64 = 0.02;
/// The growth that it reaches when nothing is refused for long, per second.
const FAST_GROWTH: f64 = 0.25;
/// How much below the measured limit the pace settles.
const MARGIN: f64 = 0.97;
/// What a refusal leaves of a pace while the limit is not known.
const CUT: f64 = 0.9;
/// A measure says something only if no more than this part of the pace got through.
const TELLING: f64 = 0.75;
/// How much two measures may differ and still agree, beside one request more or less.
const AGREEMENT: f64 = 0.05;
/// The slowest and the fastest pace, in requests per second.
const RANGE: (f64, f64) = (0.1, 100_000.0);
/// How far requests may lag behind the pace and still be caught up with: a scheduler is not exact.
const SLACK: Duration = Duration::from_millis(200);

/// Slows down when the service throttles, and speeds up again when it no longer does.
pub(crate) struct RateLimiter {
    state: Mutex<State>,
}

struct State {
    /// Nobody sends before this.
    paused_until: Instant,
    /// None while the service has never throttled.
    rate: Option<Rate>,
    /// When the next request may leave, given the rate.
    next: Instant,
    /// What got through lately.
    lately: Decaying,
    /// What got through since the last refusal that counted.
    passed: u32,
    /// When that refusal was, or rather the moment from which `passed` is worth measuring.
    since: Instant,
    /// What was measured at that refusal, if it was telling.
    measured: Option<f64>,
    /// The number of refusals that counted; a request carries the number at its permit.
    epoch: u64,
}

#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    /// Whether it is the first guess, from below.
    is_guess: bool,
    /// How long it stays as it is.
    rest: Duration,
    /// When it was last refused, or resumed after that.
    resumed: Instant,
    grown: Instant,
}

/// A count that forgets.
struct Decaying {
    level: f64,
    at: Instant,
}

/// Says when a request left, so that the refusals of one burst count once.
#[derive(Clone, Copy)]
pub(crate) struct Permit {
    epoch: u64,
    at: Instant,
}

impl RateLimiter {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State::new(Instant::now())),
        }
    }

    /// Waits for its turn, unless that takes longer than `longest`; then says how long it would take.
    ///
    /// Dropping the future gives up the turn, and nothing else. Nor does it hold anybody up when nobody
    /// polls it, as happens to calls within a stream whose owner is busy elsewhere: those that wait hold
    /// nothing, wake at the same time, and the first of them leaves.
    pub async fn acquire(&self, longest: Duration) -> Result<Permit, Duration> {
        let start = Instant::now();
        loop {
            let now = Instant::now();
            let wait = {
                let mut state = self.lock();
                match state.wait(now) {
                    None => return Ok(state.take(now)),
                    Some(wait) => wait,
                }
            };
            if wait > longest.saturating_sub(now.duration_since(start)) {
                return Err(wait);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns that a request was let through.
    pub fn passed(&self, permit: Permit) {
        self.lock().pass(Instant::now(), permit);
    }

    /// Learns that a request was refused because they come too fast, and how long the service wants
    /// to be left alone.
    pub fn throttled(&self, permit: Permit, asked: Option<Duration>) {
        self.lock()
            .throttle(Instant::now(), permit, asked.unwrap_or(UNSAID_PAUSE));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves numbers behind that are as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            paused_until: now,
            rate: None,
            next: now,
            lately: Decaying {
                level: 0.0,
                at: now,
            },
            passed: 0,
            since: now,
            measured: None,
            epoch: 0,
        }
    }

    fn wait(&self, now: Instant) -> Option<Duration> {
        let until = match self.rate {
            Some(_) => self.paused_until.max(self.next),
            None => self.paused_until,
        };
        Some(until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn take(&mut self, now: Instant) -> Permit {
        if let Some(rate) = &mut self.rate {
            rate.grow(now);
            let earliest = now.checked_sub(SLACK).unwrap_or(now);
            self.next = self.next.max(earliest) + Duration::from_secs_f64(1.0 / rate.per_second);
        }
        Permit {
            epoch: self.epoch,
            at: now,
        }
    }

    fn pass(&mut self, now: Instant, permit: Permit) {
        self.lately.add(now);
        // What left before the last refusal was let through by what the service had left then.
        if permit.epoch == self.epoch {
            self.passed = self.passed.saturating_add(1);
        }
    }

    fn throttle(&mut self, now: Instant, permit: Permit, asked: Duration) {
        let until = now + asked.min(MAX_PAUSE);
        self.paused_until = self.paused_until.max(until);
        if permit.epoch == self.epoch {
            self.slow_down(now);
            self.epoch += 1;
            self.passed = 0;
        }
        self.next = self.paused_until;
        if let Some(rate) = &mut self.rate {
            rate.resumed = self.paused_until;
            rate.grown = self.paused_until;
        }
        if self.passed == 0 {
            // Of the time until a request arrives again, the service saves up no more than it can hold.
            let on_the_way = now.saturating_duration_since(permit.at);
            self.since = (self.paused_until + on_the_way)
                .checked_sub(LATELY)
                .map_or(now, |latest| latest.max(now));
        }
    }

    /// Chooses the pace after a refusal that is no echo of an earlier one.
    fn slow_down(&mut self, now: Instant) {
        let is_guess = self.rate.is_none();
        let (per_second, rest) = match self.rate {
            None => (self.lately.per_second(now), Duration::ZERO),
            Some(rate) if self.passed == 0 => (rate.per_second / 2.0, Duration::ZERO),
            Some(rate) => match self.agreed_measure(now, rate) {
                Some(limit) => ((limit * MARGIN).min(rate.per_second), SETTLED),
                None => (rate.per_second * CUT, Duration::ZERO),
            },
        };
        self.rate = Some(Rate {
            per_second: per_second.clamp(RANGE.0, RANGE.1),
            is_guess,
            rest,
            resumed: now,
            grown: now,
        });
    }

    /// What got through since the last refusal, per second, if the refusal before told the same.
    fn agreed_measure(&mut self, now: Instant, rate: Rate) -> Option<f64> {
        let seconds = now.saturating_duration_since(self.since).as_secs_f64();
        let measured = f64::from(self.passed) / seconds.max(0.001);
        // What got through at the pace at which it was sent is the pace, and no limit. To follow it
        // would be to slow down with every refusal that has another reason, without end.
        let telling = Some(measured).filter(|measured| *measured <= rate.per_second * TELLING);
        let before = std::mem::replace(&mut self.measured, telling);
        let tolerance = measured * (AGREEMENT + 1.0 / f64::from(self.passed));
        telling
            .filter(|measured| before.is_some_and(|before| (measured - before).abs() <= tolerance))
    }
}

impl Rate {
    fn grow(&mut self, now: Instant) {
        // Time in which nothing was sent proves nothing.
        let step = now
            .saturating_duration_since(self.grown)
            .min(LATELY)
            .as_secs_f64();
        self.grown = now;
        if self.is_guess {
            self.per_second *= (step / DOUBLING).exp2();
        } else {
            let calm = now.saturating_duration_since(self.resumed);
            let Some(growing) = calm.checked_sub(self.rest) else {
                return;
            };
            let growth = SLOW_GROWTH * (growing.as_secs_f64() / 10.0).max(1.0);
            self.per_second *= 1.0 + growth.min(FAST_GROWTH) * step;
        }
        self.per_second = self.per_second.min(RANGE.1);
    }
}

impl Decaying {
    fn forget(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level *= (-passed / LATELY.as_secs_f64()).exp();
        self.at = now;
    }

    fn add(&mut self, now: Instant) {
        self.forget(now);
        self.level += 1.0;
    }

    /// A steady stream of so many per second, or a burst of as many, leaves this level.
    fn per_second(&mut self, now: Instant) -> f64 {
        self.forget(now);
        self.level.max(1.0) / LATELY.as_secs_f64()
    }
}
