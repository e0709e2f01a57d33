//! What is believed about the service, and how a refusal changes it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::limit::{Limit, Stretch};
use super::width::Width;

/// How much below the measured limit the rate settles.
const MARGIN: f64 = 0.985;
/// The least pause, unless the service saves up little.
const MIN_PAUSE: f64 = 1.0;
/// The slowest rate, and the one from which it makes no difference, in requests per second.
const MIN_RATE: f64 = 0.1;
const NO_LIMIT: f64 = 5_000.0;
/// The growth of a settled rate in its first ten seconds, per second, and the most that it becomes.
const SLOW_GROWTH: f64 = 0.02;
const FAST_GROWTH: f64 = 0.25;
/// How many times as fast it grows where it is held for less than a second, since little is at stake.
const BOLD: f64 = 3.0;
/// For how many pauses a settled rate stays before it grows again: at first, and at most.
const MIN_PATIENCE: f64 = 4.0;
const MAX_PATIENCE: f64 = 24.0;
/// How many of the last stretches tell whether slowing down helps.
const TELLING: usize = 4;
/// How many times as much has to pass between two refusals, for it to help.
const HELPS: f64 = 3.0;
/// A pause after which a bucket is taken to be full.
const LONG_GAP: f64 = 10.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stance {
    /// Nothing is held back.
    Free,
    /// There is a limit; the rate doubles until it is met.
    Searching,
    /// The limit was measured, and the rate is a little below.
    Settled,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Belief {
    stance: Stance,
    rate: f64,
    /// The rate when it settled.
    settled: f64,
    /// From when on the rate grows, and when it last did.
    grows_from: f64,
    grown: f64,
    pub patience: f64,
    limit: Limit,
    /// The most that the service lets through at once, if that is known.
    full: Option<f64>,
    chance: Chance,
    pub width: Width,
    /// What passed between refusals at full speed, as a sum and a count that forget.
    free: (f64, f64),
    /// The same for the last stretches at a rate, and whether the limit accounts for their end.
    slow: VecDeque<(f64, bool)>,
    /// For how long the rate stays after the pause.
    hold: f64,
}

impl Belief {
    pub fn new() -> Self {
        Self {
            stance: Stance::Free,
            rate: NO_LIMIT,
            settled: 0.0,
            grows_from: 0.0,
            grown: 0.0,
            patience: MIN_PATIENCE,
            limit: Limit::default(),
            full: None,
            chance: Chance::default(),
            width: Width::new(),
            free: (0.0, 0.0),
            slow: VecDeque::new(),
            hold: 0.0,
        }
    }

    /// As if this rate had been learned.
    pub fn of_rate(per_second: f64) -> Self {
        let rate = per_second.clamp(MIN_RATE, NO_LIMIT);
        Self {
            stance: Stance::Settled,
            rate,
            settled: rate,
            hold: MAX_PATIENCE,
            ..Self::new()
        }
    }

    pub fn known_rate(&self) -> Option<f64> {
        (self.stance != Stance::Free).then_some(self.rate)
    }

    /// The least pause at a limit. Coming back the moment that one request would pass gains nothing, unless the
    /// service saves up so little that it is soon all there again.
    pub fn least_pause(&self) -> f64 {
        match self.full {
            Some(full) if full < 0.5 * self.limit.rate => 0.5 * full / self.limit.rate,
            _ => MIN_PAUSE,
        }
    }

    pub fn fullest(&self) -> Option<f64> {
        self.full
    }

    /// The rate now, after it has grown.
    pub fn rate(&mut self, now: f64) -> Option<f64> {
        // Time in which nothing was sent proves nothing.
        let step = (now - self.grown).clamp(0.0, 1.0);
        self.grown = now;
        match self.stance {
            Stance::Free => return None,
            Stance::Searching => self.rate *= step.exp2(),
            Stance::Settled if now > self.grows_from => {
                let boldness = if self.hold < 1.0 { BOLD } else { 1.0 };
                let growth = boldness * SLOW_GROWTH * ((now - self.grows_from) / 10.0).max(1.0);
                self.rate *= 1.0 + growth.min(FAST_GROWTH) * step;
                if self.rate > 1.5 * self.settled && self.full.is_some() {
                    // It is another limit by now.
                    self.full = None;
                    self.limit.stretches.clear();
                }
            }
            Stance::Settled => {}
        }
        if self.rate >= NO_LIMIT {
            self.stance = Stance::Free;
            self.limit.stretches.clear();
            return None;
        }
        Some(self.rate)
    }

    /// A pause is over.
    pub fn resume(&mut self, now: f64) {
        self.grown = now;
        self.grows_from = now + self.hold;
    }

    /// Changes what is believed after a stretch of which something passed.
    pub fn learn(&mut self, stretch: &Stretch, pause: f64, round_trip: f64, now: f64) {
        if self.stance == Stance::Free {
            self.learn_freely(stretch, round_trip, now);
        } else {
            self.learn_at_a_rate(stretch, pause, round_trip, now);
            self.chance.remember(stretch);
        }
    }

    fn learn_freely(&mut self, stretch: &Stretch, round_trip: f64, now: f64) {
        if self.width.narrow(stretch, now) {
            self.patience = (2.0 * self.patience).min(MAX_PATIENCE);
            return;
        }
        self.chance.weigh(stretch);
        self.free.0 = 0.9 * self.free.0 + stretch.all_passed();
        self.free.1 = 0.9 * self.free.1 + 1.0;
        let usual = self.free.0 / self.free.1;
        let is_limit = self.chance.speaks_for_a_limit();
        if self.width.experiment(stretch, usual, !is_limit, now) {
            self.patience = 2.0 * MIN_PATIENCE;
        } else if is_limit {
            self.width.lift();
            self.search(stretch, round_trip);
            self.width.note_first_flight(stretch);
        } else {
            self.width.lift();
        }
    }

    fn learn_at_a_rate(&mut self, stretch: &Stretch, pause: f64, round_trip: f64, now: f64) {
        let rate = stretch.rate.unwrap_or(self.rate);
        let is_search = self.stance == Stance::Searching;
        let has_grown = rate > 1.03 * self.settled;
        let explained = is_search || has_grown || self.limit.explains(stretch);
        let before = average(self.slow.iter().map(|(passed, _)| *passed));
        self.slow.push_back((stretch.all_passed(), explained));
        if self.slow.len() > TELLING {
            self.slow.pop_front();
        }
        if !self.slowing_down_helps() {
            self.stance = Stance::Free;
            self.chance.rule_out_a_limit();
            self.width.lift();
            self.limit.stretches.clear();
        } else if is_search && self.width.explains(stretch, round_trip, now) {
            self.stance = Stance::Free;
            self.patience = 2.0 * MIN_PATIENCE;
            self.limit.stretches.clear();
        } else if explained {
            self.settle(stretch, rate, pause);
        } else if before.is_some_and(|usual| stretch.all_passed() + 1.0 < 0.03 * usual) {
            // Far too early for a refusal of the usual kind: it is another limit by now.
            self.limit.stretches.clear();
            self.search(stretch, round_trip);
        }
        // Else it has nothing to do with the rate, and the rate stays.
    }

    /// Whether more passes between two refusals than does at full speed.
    fn slowing_down_helps(&self) -> bool {
        if self.slow.len() < TELLING {
            return true;
        }
        let unexplained = self.slow.iter().filter(|(_, explained)| !explained).count();
        let passed = average(self.slow.iter().map(|(passed, _)| *passed)).unwrap_or_default();
        let free = if self.free.1 > 0.0 {
            self.free.0 / self.free.1
        } else {
            0.0
        };
        unexplained < TELLING - 1 && passed >= HELPS * free
    }

    /// Guesses a rate from below, to be doubled until it is refused.
    fn search(&mut self, stretch: &Stretch, round_trip: f64) {
        let passed = stretch.all_passed();
        self.stance = Stance::Searching;
        self.slow.clear();
        self.patience = MIN_PATIENCE;
        self.hold = 0.0;
        // Most services save up what was not used in a second. The less that is, the less it says.
        let doubt = if passed < 16.0 { 4.0 } else { 1.0 };
        self.rate = doubt * passed.max(1.0) / (stretch.seconds + 1.0);
        if stretch.flight() > 8.0 && round_trip > 0.0 {
            // Of those under way, the limit let pass what was refilled in one round trip.
            let refilled = stretch.echoes_passed;
            let spread = 2.0 * refilled.sqrt();
            let least = (refilled - spread).max(0.0) / round_trip;
            self.rate = self
                .rate
                .clamp(least, (refilled + spread + 3.0) / round_trip);
        }
        self.rate = self.rate.clamp(MIN_RATE, NO_LIMIT);
        let was_full = stretch.gap.is_none_or(|gap| gap >= LONG_GAP);
        self.full = was_full.then_some(passed + 1.0);
        self.limit = Limit::default();
        self.limit.stretches.push_back(Stretch {
            gap: None,
            least_rate: 0.0,
            ..stretch.clone()
        });
    }

    /// Measures the limit and sets the rate just below.
    fn settle(&mut self, stretch: &Stretch, rate: f64, pause: f64) {
        if self.stance == Stance::Settled && rate <= 1.02 * self.settled {
            self.limit.measure_anew(stretch);
            let below = MARGIN * self.limit.rate;
            self.rate = (0.85 * rate).max(below).min(0.95 * rate);
        } else {
            if self.stance == Stance::Settled {
                self.patience = if rate > 1.5 * self.settled {
                    MIN_PATIENCE
                } else {
                    (2.0 * self.patience).min(MAX_PATIENCE)
                };
            }
            self.limit.measure(stretch);
            let below = MARGIN * self.limit.rate;
            let most_cut = match () {
                () if self.limit.is_sure => 0.05,
                () if stretch.all_passed() < 8.0 => 0.7,
                () => 0.4,
            };
            self.rate = (most_cut * rate).max(below).min(rate.max(below));
        }
        self.rate = self.rate.clamp(MIN_RATE, NO_LIMIT);
        self.stance = Stance::Settled;
        self.settled = self.rate;
        // What was refilled while the first burst passed was no part of it.
        self.full = self.full.map(|full| full.min(self.limit.burst + 1.0));
        // A service that saves up little is measured badly at first.
        let is_small = self.full.is_some_and(|full| full < 0.5 * self.limit.rate);
        let part = match self.limit.stretches.len() {
            ..3 if is_small && pause <= 1.0 => 0.1,
            ..4 if is_small => 0.5,
            _ => 1.0,
        };
        self.hold = part * self.patience * pause.max(1.0);
    }
}

fn average(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let count = values.len() as f64;
    (count > 0.0).then(|| values.sum::<f64>() / count)
}
