//! Whether refusals have anything to do with how much was sent.

use serde::{Deserialize, Serialize};

use super::limit::Stretch;

/// How much of the past counts after each refusal.
const MEMORY: f64 = 0.9;
/// The furthest that the odds go, so that a change of mind stays possible.
const CERTAIN: f64 = 6.0;
/// How many requests pass for each that is refused, before anything is known.
const PRIOR: f64 = 4.0;

/// The odds that refusals come from a limit, and not from something that a client has no part in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chance {
    refused: f64,
    passed: f64,
    /// The logarithm of the odds.
    odds: f64,
}

impl Chance {
    /// Weighs what became of the requests that were under way at a refusal.
    pub fn weigh(&mut self, stretch: &Stretch) {
        self.odds = (MEMORY * self.odds + self.evidence(stretch)).clamp(-CERTAIN, CERTAIN);
        self.remember(stretch);
    }

    pub fn remember(&mut self, stretch: &Stretch) {
        self.refused = MEMORY * self.refused + 1.0 + stretch.echoes_refused;
        self.passed = MEMORY * self.passed + stretch.all_passed();
    }

    pub fn speaks_for_a_limit(&self) -> bool {
        self.odds >= 0.0
    }

    /// Slowing down did not help.
    pub fn rule_out_a_limit(&mut self) {
        self.odds = -CERTAIN;
    }

    /// The logarithm of how many times likelier the echoes are with a limit than without.
    ///
    /// Without one, each of them is refused as often as any request (a beta-binomial distribution, as
    /// the share is known from the past only). With one, any number of them may be refused: that
    /// depends on how far the limit is below the speed.
    fn evidence(&self, stretch: &Stretch) -> f64 {
        let refused = 1.0 + self.refused;
        let passed = PRIOR + self.passed + stretch.passed;
        let echoes = stretch.flight() - 1.0;
        let mut without = 0.0;
        let mut count = 0.0;
        while count < stretch.echoes_refused {
            let ways = (echoes - count) / (count + 1.0);
            without += (ways * (refused + count) / (refused + passed + count)).ln();
            count += 1.0;
        }
        count = 0.0;
        while count < stretch.echoes_passed {
            let all = refused + passed + stretch.echoes_refused + count;
            without += ((passed + count) / all).ln();
            count += 1.0;
        }
        -(echoes + 1.0).ln() - without
    }
}
