//! How many requests may be under way at once, for services that limit that.

use serde::{Deserialize, Serialize};

use super::limit::Stretch;

/// How many steps down are tried before the width is taken to be without effect.
const MAX_STEPS: u32 = 4;
/// More than so many flights between two refusals, and they do not come from too many at once.
const FEW_FLIGHTS: f64 = 20.0;
/// After how many refusals half the width is tried for the first time.
const FIRST_TRIAL: u32 = 4;
/// How many times as much has to pass with half the width.
const HELPS: f64 = 4.0;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Width {
    allowed: Option<usize>,
    /// What was allowed before the last attempt at more.
    proven: usize,
    widened_at: f64,
    steps: u32,
    /// How much passed between refusals before the trial that is under way.
    trial: Option<f64>,
    refusals: u32,
    next_trial: u32,
    /// How many of the first requests passed that left before anything was answered.
    first_flight: Option<f64>,
}

impl Width {
    pub fn new() -> Self {
        Self {
            allowed: None,
            proven: 0,
            widened_at: 0.0,
            steps: 0,
            trial: None,
            refusals: 0,
            next_trial: FIRST_TRIAL,
            first_flight: None,
        }
    }

    pub fn allowed(&self) -> usize {
        self.allowed.unwrap_or(usize::MAX)
    }

    /// Tries one or a few more if that was not tried for so long.
    pub fn widen(&mut self, now: f64, after: f64) -> bool {
        let Some(allowed) = self.allowed.filter(|_| now - self.widened_at > after) else {
            return false;
        };
        self.widened_at = now;
        self.proven = allowed;
        self.allowed = Some(allowed + 1 + allowed / 8);
        true
    }

    pub fn lift(&mut self) {
        self.allowed = None;
        self.trial = None;
    }

    /// Notes how many passed of those that left at once, when others of them were refused.
    pub fn note_first_flight(&mut self, stretch: &Stretch) {
        let is_within = stretch.first_flight_refused > 0.0
            && stretch.passed < 3.0 * stretch.first_flight_passed;
        self.first_flight = is_within.then(|| match stretch.passed {
            0.0 => stretch.first_flight_passed,
            passed => passed.min(stretch.first_flight_passed),
        });
    }

    /// Whether a rate was refused only once it came to as many at once as had passed at first.
    pub fn explains(&mut self, stretch: &Stretch, round_trip: f64, now: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "nobody sends so many at once")]
        let width = stretch.width as f64;
        let Some(first_flight) = self.first_flight.filter(|first| *first >= 1.0) else {
            return false;
        };
        let at_once = stretch.rate.unwrap_or_default() * round_trip;
        if width < first_flight || at_once <= 0.7 * first_flight {
            return false;
        }
        self.first_flight = None;
        self.set(first_flight, now);
        true
    }

    /// Whether a refusal only says that there were too many at once; then there are fewer from now on.
    pub fn narrow(&mut self, stretch: &Stretch, now: f64) -> bool {
        let Some(allowed) = self.allowed.filter(|_| self.trial.is_none()) else {
            return false;
        };
        #[expect(clippy::cast_precision_loss, reason = "nobody sends so many at once")]
        let passed_for_long = stretch.all_passed() > 2.0 * allowed as f64;
        if self.steps >= MAX_STEPS || stretch.width + 1 < self.proven || !passed_for_long {
            return false;
        }
        if allowed == self.proven {
            self.steps += 1;
            self.proven = allowed.saturating_sub(1 + allowed / 16).max(1);
        } else {
            self.steps = 0;
        }
        self.allowed = Some(self.proven);
        self.widened_at = now;
        true
    }

    /// Tries half the width now and then, and keeps it if it helps.
    ///
    /// `usual` is how much passes between two refusals. Says whether that accounts for this refusal.
    pub fn experiment(&mut self, stretch: &Stretch, usual: f64, may_begin: bool, now: f64) -> bool {
        self.refusals += 1;
        if let Some(usual) = self.trial.take() {
            if stretch.all_passed() < HELPS * usual {
                self.allowed = None;
                self.refusals = 0;
                self.next_trial = self.next_trial.saturating_mul(4);
            } else {
                self.steps = 0;
                self.widened_at = now;
                self.next_trial = FIRST_TRIAL;
            }
            return true;
        }
        let is_due = self.refusals >= self.next_trial && self.allowed.is_none();
        let flight = stretch.flight();
        if !is_due || !may_begin || flight < 2.0 || usual > FEW_FLIGHTS * flight {
            return false;
        }
        self.set(flight / 2.0, now);
        self.trial = Some(usual);
        true
    }

    fn set(&mut self, width: f64, now: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of requests"
        )]
        let width = (width as usize).max(1);
        self.allowed = Some(width);
        self.proven = width;
        self.steps = 0;
        self.widened_at = now;
    }
}
