//! What the adversaries share: seeds, and faults drawn at random.

use std::ops::Range;

use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter};

/// How many seeds are tried at once: much of each is waiting.
pub const AT_ONCE: usize = 8;

/// Which seeds: so many unless `ADVERSARY_SEEDS=0..400` says otherwise.
pub fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("ADVERSARY_SEEDS") else {
        return 0..12;
    };
    let ends = text.split_once("..").expect("ADVERSARY_SEEDS=0..400");
    ends.0.parse().expect("a number")..ends.1.parse().expect("a number")
}

/// Some faults, each on one of these operations, with some probability.
pub fn faults(dice: &mut fastrand::Rng, operations: &[&str]) -> Vec<FaultRule> {
    let soon = RetryAfter::Fraction(0.002);
    (0..dice.usize(1..6))
        .map(|_| {
            let after_effect = dice.bool();
            let fault = match dice.usize(0..13) {
                0 => Fault::DropAfterEffect,
                1 => Fault::DropBeforeEffect,
                2 => Fault::GatewayTimeout { after_effect },
                3 => Fault::BadGateway { after_effect },
                4 => Fault::InternalServerError { after_effect },
                5 => Fault::ServiceUnavailable {
                    after_effect,
                    retry_after: RetryAfter::None,
                },
                6 => Fault::ServiceUnavailable {
                    after_effect: false,
                    retry_after: soon,
                },
                7 => Fault::Throttle { retry_after: soon },
                8 => Fault::TruncateBody {
                    well_framed: dice.bool(),
                },
                9 => Fault::EmptyBody,
                10 => Fault::UnknownEnumValue {
                    value: "unheardOf".to_owned(),
                },
                11 => Fault::OddCasing,
                _ => Fault::Latency {
                    milliseconds: dice.u64(1..20),
                },
            };
            let operation = operations[dice.usize(0..operations.len())];
            FaultRule::new(operation, fault).with_probability(dice.f64() * 0.3)
        })
        .collect()
}
