//! What gets through a limit, from what got through between pauses.
//!
//! A bucket that is refilled at a rate R and holds at most B lets pass no more than B + R·t in t
//! seconds, and a refusal says that this was reached. So each stretch gives lower bounds on R, and two
//! of different lengths give R itself. The same bounds hold for windows and for spacing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many stretches are remembered.
const REMEMBERED: usize = 6;
/// Two stretches tell a rate if one is so many times as long as the other.
const LONGER: f64 = 1.3;
/// So many requests more in the longer one, and the rate is known well.
const ENOUGH: f64 = 16.0;
/// The parts of a second in which what passed is counted, and how many of them are kept.
const PARTS: f64 = 16.0;
const KEPT: usize = 64;

/// From the end of a pause to the refusal that began the next one, and what was under way by then.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Stretch {
    pub began: f64,
    /// How long the pause before was; none if the service was never heard of, so that its bucket was full.
    pub gap: Option<f64>,
    pub seconds: f64,
    /// What passed before the refusal was known.
    pub passed: f64,
    /// Of those that were under way when the refusal arrived.
    pub echoes_passed: f64,
    pub echoes_refused: f64,
    /// Of those that left before anything was answered.
    pub first_flight_passed: f64,
    pub first_flight_refused: f64,
    pub was_answered: bool,
    /// How many were under way when the refused one left, with it.
    pub width: usize,
    /// The rate by then.
    pub rate: Option<f64>,
    /// What the parts of the stretch before the refusal prove.
    pub least_rate: f64,
}

impl Stretch {
    pub fn all_passed(&self) -> f64 {
        self.passed + self.echoes_passed
    }

    /// Whether most of those that were under way were refused too.
    pub fn was_mostly_refused(&self) -> bool {
        self.flight() >= 4.0 && self.echoes_refused > self.echoes_passed
    }

    /// How many were under way when the refusal arrived, with the refused one.
    pub fn flight(&self) -> f64 {
        self.echoes_passed + self.echoes_refused + 1.0
    }
}

/// What passed lately, in parts of a second.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Passed {
    parts: VecDeque<(u64, f64)>,
}

impl Passed {
    pub fn add(&mut self, at: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "time is positive, and no year has that many parts"
        )]
        let part = (at * PARTS).floor() as u64;
        match self
            .parts
            .iter_mut()
            .rev()
            .find(|(other, _)| *other == part)
        {
            Some((_, count)) => *count += 1.0,
            None => self.parts.push_back((part, 1.0)),
        }
        while self.parts.len() > KEPT {
            self.parts.pop_front();
        }
    }

    /// The highest rate that the time before `until` proves.
    ///
    /// `full` is the most that the service lets through at once, if that is known; else what it lets
    /// through in a second is taken for that.
    pub fn least_rate(&self, from: f64, until: f64, full: Option<f64>) -> f64 {
        let mut count = 0.0;
        let mut best = 0.0_f64;
        for (part, passed) in self.parts.iter().rev() {
            #[expect(clippy::cast_precision_loss, reason = "no year has that many parts")]
            let began = *part as f64 / PARTS;
            if began < from - 1.0 / PARTS {
                break;
            }
            count += passed;
            let seconds = until - began;
            if seconds > 0.1 {
                best = best.max(match full {
                    Some(full) => (count - full - 1.0) / seconds,
                    None => (count - 1.0) / (1.0 + seconds),
                });
            }
        }
        best
    }
}

/// A limit as it was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Limit {
    pub rate: f64,
    pub burst: f64,
    pub is_sure: bool,
    pub stretches: VecDeque<Stretch>,
}

impl Limit {
    /// Measures again with this stretch.
    pub fn measure(&mut self, stretch: &Stretch) {
        self.stretches.push_back(stretch.clone());
        while self.stretches.len() > REMEMBERED {
            self.stretches.pop_front();
        }
        self.estimate();
    }

    /// The same after a refusal at a rate that had been proven: what proved it counts no longer.
    pub fn measure_anew(&mut self, stretch: &Stretch) {
        self.stretches.push_back(stretch.clone());
        while self.stretches.len() > REMEMBERED / 2 {
            self.stretches.pop_front();
        }
        for stretch in &mut self.stretches {
            stretch.least_rate = 0.0;
        }
        self.estimate();
    }

    /// Whether the limit accounts for the end of this stretch.
    pub fn explains(&self, stretch: &Stretch) -> bool {
        let refilled = self.rate * stretch.seconds;
        let fill = stretch
            .gap
            .map_or(self.burst, |gap| self.burst.min(self.rate * gap));
        stretch.all_passed() >= 0.9 * refilled + 0.6 * fill || refilled + fill < 3.0
    }

    fn estimate(&mut self) {
        (self.rate, self.is_sure) = self
            .stretches
            .iter()
            .map(|stretch| self.least_rate(stretch))
            .fold(
                (0.0, false),
                |best, next| if next.0 > best.0 { next } else { best },
            );
        self.burst = self
            .stretches
            .iter()
            .map(|stretch| stretch.all_passed() - self.rate * stretch.seconds)
            .fold(0.0, f64::max);
    }

    /// The highest rate that a stretch proves, alone or with a shorter one, and whether it is sure.
    fn least_rate(&self, stretch: &Stretch) -> (f64, bool) {
        let passed = stretch.all_passed();
        let alone = stretch
            .gap
            .map_or(0.0, |gap| passed / (stretch.seconds + gap));
        let mut best = (alone.max(stretch.least_rate), false);
        for shorter in &self.stretches {
            let had_as_much = match (shorter.gap, stretch.gap) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(shorter), Some(gap)) => shorter >= gap,
            };
            if had_as_much && stretch.seconds > LONGER * shorter.seconds {
                let more = passed - shorter.all_passed();
                let both = more / (stretch.seconds - shorter.seconds);
                // A stretch that was slower than the limit left some of it unused, and measures nothing.
                let was_fast_enough = both <= shorter.all_passed() / shorter.seconds;
                if both > best.0 && was_fast_enough {
                    best = (both, more >= ENOUGH);
                }
            }
        }
        best
    }
}
