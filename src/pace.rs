//! One pace for all calls of a client, so that a burst of requests does not become a storm.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The wait when the service throttles without saying for how long.
const UNSAID_PAUSE: Duration = Duration::from_secs(1);
/// How long the pace stays where it settled before it grows again.
const SETTLED: Duration = Duration::from_secs(30);
/// How long it then stays before each further step.
const STEP: Duration = Duration::from_secs(1);
/// The slowest pace, in requests per second.
const SLOWEST: f64 = 0.1;

/// Slows down when the service throttles, and speeds up again when it no longer does.
///
/// Two refusals in a row tell the service's limit: between them it let through as many requests as it
/// allows. The pace settles just below that. Until the second refusal it is a guess that grows quickly.
pub(crate) struct Pace {
    state: Mutex<State>,
}

struct State {
    /// Nobody sends before this.
    paused_until: Option<Instant>,
    /// Requests per second; none while the service has never throttled.
    rate: Option<Rate>,
    /// When the next request may leave, given the rate.
    next: Instant,
    /// Answers that were no refusal since the last refusal.
    passed: u32,
    /// Since when `passed` counts.
    since: Instant,
    /// Counts the refusals that changed the pace; a request carries the number of its departure.
    epoch: u64,
}

#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    /// The limit of the service as last measured; none while it is a guess.
    measured: Option<f64>,
    changed: Instant,
}

/// Says when a request left, so that refusals of one burst count once.
#[derive(Clone, Copy)]
pub(crate) struct Departure {
    epoch: u64,
}

impl Pace {
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                paused_until: None,
                rate: None,
                next: now,
                passed: 0,
                since: now,
                epoch: 0,
            }),
        }
    }

    /// Waits for its turn, unless that takes longer than `longest`; then says how long it would take.
    ///
    /// Dropping the future gives up the turn, and nothing else.
    pub async fn depart(&self, longest: Duration) -> Result<Departure, Duration> {
        loop {
            let wait = {
                let mut state = self.lock();
                let now = Instant::now();
                match state.wait(now) {
                    None => return Ok(state.take(now)),
                    Some(wait) => wait,
                }
            };
            if wait > longest {
                return Err(wait);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns that a request was let through.
    pub fn passed(&self) {
        let mut state = self.lock();
        state.passed = state.passed.saturating_add(1);
    }

    /// Learns that a request was refused because they come too fast, and how long the service wants
    /// to be left alone.
    pub fn throttled(&self, departure: Departure, asked: Option<Duration>) {
        self.lock()
            .throttle(Instant::now(), departure, asked.unwrap_or(UNSAID_PAUSE));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves numbers behind that are as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&self, now: Instant) -> Option<Duration> {
        let paused = self
            .paused_until
            .map(|until| until.saturating_duration_since(now));
        let turn = self.rate.map(|_| self.next.saturating_duration_since(now));
        paused.max(turn).filter(|wait| !wait.is_zero())
    }

    fn take(&mut self, now: Instant) -> Departure {
        if let Some(rate) = &mut self.rate {
            rate.grow(now);
            let gap = Duration::from_secs_f64(1.0 / rate.per_second);
            // What was not used during a pause may be caught up with, as far as a second's worth.
            let earliest = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
            self.next = self.next.max(earliest) + gap;
        }
        Departure { epoch: self.epoch }
    }

    fn throttle(&mut self, now: Instant, departure: Departure, asked: Duration) {
        let until = now + asked;
        self.paused_until = Some(
            self.paused_until
                .map_or(until, |already| already.max(until)),
        );
        if departure.epoch != self.epoch {
            // It left before the last slowing down; that was the answer to it.
            return;
        }
        let seconds = now.duration_since(self.since).as_secs_f64().max(0.001);
        let let_through = f64::from(self.passed) / seconds;
        let (per_second, measured) = match self.rate {
            // How much the service had saved up before the first refusal is not known.
            None => (let_through * 0.6, None),
            Some(_) if self.passed > 0 => (let_through * 0.96, Some(let_through)),
            Some(rate) => (rate.per_second * 0.5, rate.measured),
        };
        self.rate = Some(Rate {
            per_second: per_second.max(SLOWEST),
            measured,
            changed: now,
        });
        self.next = now;
        self.passed = 0;
        self.since = now;
        self.epoch += 1;
    }
}

impl Rate {
    fn grow(&mut self, now: Instant) {
        let calm = now.duration_since(self.changed);
        match self.measured {
            // A guess doubles every four seconds or so.
            None => {
                self.per_second *= 1.0 + 0.2 * calm.as_secs_f64().min(1.0);
                self.changed = now;
            }
            Some(_) if calm > SETTLED => {
                self.per_second *= 1.01;
                // The next percent a step later.
                self.changed += STEP;
            }
            Some(_) => {}
        }
    }
}
