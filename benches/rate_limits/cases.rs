//! The limiters of the matrix, and the goal that each has to reach.

use std::collections::VecDeque;

use super::limiters::*;
use super::simulation::{Outcome, Pacing, Setup, run};

/// What a controller has to reach in a case.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At most so many times the ideal time.
    Times(f64),
    /// At most so many pauses and such a part of the ideal time beyond the ideal time.
    Pauses { count: f64, length: f64, part: f64 },
    /// At most so many times what the best schedule takes that honours each pause.
    TimesBest(f64),
    /// At most so many times the last pause of a storm beyond the ideal time.
    LastPauses(f64),
    None,
}

pub type Make = Box<dyn Fn() -> Box<dyn Limiter>>;

pub struct Case {
    pub name: String,
    pub setup: Setup,
    /// Seconds that somebody needs who knows the rule.
    pub ideal: f64,
    pub limiter: Make,
    pub goal: Goal,
    pub most_refused: f64,
    pub most_attempts: Option<u32>,
}

fn case(
    name: impl Into<String>,
    requests: usize,
    ideal: f64,
    goal: Goal,
    limiter: impl Fn() -> Box<dyn Limiter> + 'static,
) -> Case {
    Case {
        name: name.into(),
        setup: Setup {
            requests,
            ..Setup::default()
        },
        ideal,
        limiter: Box::new(limiter),
        goal,
        most_refused: 1.0,
        most_attempts: None,
    }
}

impl Case {
    fn at_once(mut self, at_once: usize) -> Self {
        self.setup.at_once = at_once;
        self
    }
    fn round_trip(mut self, round_trip: f64) -> Self {
        self.setup.round_trip = round_trip;
        self
    }
    fn refused(mut self, most: f64) -> Self {
        self.most_refused = most;
        self
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn cases() -> Vec<Case> {
    use RetryAfter::{Fixed, Missing, True, Whole};
    let mut cases = Vec::new();
    for (rate, burst) in [(20.0, 20.0), (50.0, 50.0), (50.0, 500.0), (200.0, 200.0)] {
        for (word, after) in [("true", True), ("whole s", Whole)] {
            cases.push(case(
                format!("bucket {rate}/s, burst {burst}, {word}"),
                (rate * 60.0) as usize,
                60.0,
                Goal::Times(1.05),
                move || Box::new(TokenBucket::new(rate, burst, after)),
            ).refused(0.05));
        }
    }
    for (word, after) in [("true", True), ("whole s", Whole)] {
        cases.push(case(format!("bucket 400/s, burst 40, {word}"), 24_000, 60.0, Goal::Times(1.2),
            move || Box::new(TokenBucket::new(400.0, 40.0, after))).refused(0.05));
    }
    for (at_once, round_trip) in [(1, 0.01), (4, 0.02), (64, 0.1), (64, 0.02)] {
        cases.push(case(
            format!("bucket 50/s, burst 50, true, {at_once} at once, {round_trip} s"),
            3000,
            60.0,
            Goal::Times(1.05),
            move || Box::new(TokenBucket::new(50.0, 50.0, True)),
        ).at_once(at_once).round_trip(round_trip).refused(0.05));
    }
    for (rate, burst, at_once, seconds) in [(50.0, 50.0, 16, 60.0), (50.0, 500.0, 16, 60.0), (50.0, 5.0, 16, 60.0), (200.0, 200.0, 64, 60.0), (400.0, 400.0, 16, 60.0), (50.0, 50.0, 1, 60.0), (50.0, 50.0, 16, 600.0)] {
        for pause in [1.0, 10.0, 30.0, 60.0, 120.0] {
            let mut one = case(
                format!("bucket {rate}/s, burst {burst}, {pause} s, {at_once} at once, {seconds} s"),
                (rate * seconds) as usize,
                seconds,
                Goal::Pauses { count: 3.0, length: pause, part: 0.1 },
                move || Box::new(TokenBucket::new(rate, burst, Fixed(pause))),
            ).at_once(at_once);
            if at_once == 1 { one = one.round_trip(0.01); }
            cases.push(one);
        }
    }
    for pause in [1.0, 10.0, 60.0] {
        for share in [0.001, 0.01, 0.05, 0.2] {
            for at_once in [16, 4] {
            let requests = if pause < 5.0 { 20_000 } else { 10_000 };
            let mut one = case(
                format!("{} % refused anyhow, {pause} s, {at_once} at once", share * 100.0),
                requests,
                requests as f64 / 800.0,
                Goal::TimesBest(1.3),
                move || Box::new(Unrelated { share, retry_after: pause, rest: Unlimited }),
            ).at_once(at_once);
            one.setup.patience = 1e6;
            cases.push(one);
            }
        }
    }
    for cap in [4_u32, 10] {
        for (word, after, pause) in [("1 s", Fixed(1.0), 1.0), ("10 s", Fixed(10.0), 10.0), ("no", Missing, 0.0)] {
            for at_once in [16, 64] {
            let goal = if pause > 5.0 { Goal::Pauses { count: 3.0, length: pause, part: 0.2 } } else { Goal::Times(1.2) };
            cases.push(case(
                format!("{cap} at once allowed, {word} Retry-After, {at_once} at once"),
                cap as usize * 50 * 60,
                60.0,
                goal,
                move || Box::new(Concurrency { cap, under_way: 0, retry_after: after }),
            ).at_once(at_once));
            }
        }
    }
    for (from, to) in [(100.0, 50.0), (100.0, 20.0), (20.0, 50.0), (20.0, 200.0)] {
        for (word, after, pause) in [("true", True, 0.0), ("10 s", Fixed(10.0), 10.0), ("no", Missing, 0.0)] {
            let requests = 60.0 * from + 120.0 * to;
            // Two pauses are the price of learning the first limit.
            let ideal = 60.0 + (requests - (60.0 - 2.0 * pause) * from) / to;
            cases.push(case(
                format!("{from}/s, then {to}/s, {word} Retry-After"),
                requests as usize,
                ideal,
                Goal::Times(1.5),
                move || Box::new(TokenBucket::new(from, from, after).then(60.0, to, to)),
            ));
        }
    }
    for rate in [20.0, 50.0] {
        for (word, after) in [("true", True), ("whole s", Whole)] {
            // Nearer than this, a late request and an early one may meet.
            let least = 1.0 / rate + 0.2 * 0.02;
            cases.push(case(
                format!("spacing {rate}/s, {word}"),
                (rate * 60.0) as usize,
                rate * 60.0 * least,
                Goal::Times(1.5),
                move || Box::new(TokenBucket::new(rate, 1.0, after)),
            ));
        }
    }
    for pause in [10.0, 60.0] {
        cases.push(case(format!("spacing 50/s, {pause} s"), 3000, 72.0,
            Goal::Pauses { count: 6.0, length: pause, part: 0.3 },
            move || Box::new(TokenBucket::new(50.0, 1.0, Fixed(pause)))));
    }
    for (word, after, pause) in [("true", True, 0.0), ("60 s", Fixed(60.0), 60.0), ("no", Missing, 0.0)] {
        for counts_refused in [false, true] {
            let goal = if pause > 5.0 { Goal::Pauses { count: 3.0, length: pause, part: 0.1 } } else { Goal::Times(1.3) };
            cases.push(case(
                format!("1000 in any 600 s{}, {word} Retry-After", if counts_refused { ", refused count" } else { "" }),
                2500, 1200.0, goal,
                move || Box::new(SlidingWindow { limit: 1000, seconds: 600.0, counts_refused, retry_after: after, log: VecDeque::new() }),
            ));
        }
        cases.push(case(
            format!("600 per minute (fixed), {word} Retry-After"),
            6000, 540.0, if pause > 5.0 { Goal::Pauses { count: 3.0, length: pause, part: 0.1 } } else { Goal::Times(1.3) },
            move || Box::new(FixedWindow { limit: 600, seconds: 60.0, retry_after: after, window: 0.0, count: 0 }),
        ));
    }
    for (rate, burst) in [(20.0, 20.0), (50.0, 50.0), (50.0, 5.0), (200.0, 200.0)] {
        let mut one = case(
            format!("bucket {rate}/s, burst {burst}, no Retry-After"),
            (rate * 60.0) as usize, 60.0, Goal::Times(1.3),
            move || Box::new(TokenBucket::new(rate, burst, Missing)),
        ).refused(0.1);
        one.most_attempts = Some(4);
        cases.push(one);
    }
    for (word, after) in [("1 s", Some(1.0)), ("5 s", Some(5.0)), ("30 s", Some(30.0)), ("no", None)] {
        for length in [10.0, 60.0, 600.0] {
            let mut one = case(
                format!("storm of {length} s, {word} Retry-After, then 50/s"),
                3000, 20.0 + length + 40.0, Goal::LastPauses(2.0),
                move || Box::new(Storm { from: 20.0, until: 20.0 + length, retry_after: after, rest: TokenBucket::new(50.0, 50.0, True) }),
            );
            one.setup.until = 20.0 + length;
            cases.push(one);
            let mut one = case(
                format!("storm of {length} s, {word} Retry-After, then no limit"),
                40_000, 20.0 + length + 30.0, Goal::LastPauses(2.0),
                move || Box::new(Storm { from: 20.0, until: 20.0 + length, retry_after: after, rest: Unlimited }),
            );
            one.setup.until = 20.0 + length;
            cases.push(one);
        }
    }
    for share in [0.01, 0.05] {
        for pause in [1.0, 60.0] {
            let mut one = case(
                format!("bucket 50/s, {pause} s, and {} % refused anyhow", share * 100.0), 3000, 60.0, Goal::None,
                move || Box::new(Unrelated { share, retry_after: pause, rest: TokenBucket::new(50.0, 50.0, Fixed(pause)) }));
            one.setup.patience = 1e6;
            cases.push(one);
        }
    }
    for (clients, word, after, pause) in [(2, "true", True, 0.0), (2, "10 s", Fixed(10.0), 10.0), (8, "true", True, 0.0), (8, "10 s", Fixed(10.0), 10.0)] {
        let mut one = case(
            format!("{clients} clients that know nothing of each other, 50/s, {word}"), 6000 / clients, 120.0,
            if pause > 5.0 { Goal::Pauses { count: 3.0, length: pause, part: 0.3 } } else { Goal::Times(1.3) },
            move || Box::new(TokenBucket::new(50.0, 50.0, after)));
        one.setup.clients = clients;
        cases.push(one);
    }
    cases
}

pub struct Verdict {
    pub seconds: f64,
    pub bound: f64,
    pub best: f64,
    pub outcome: Outcome,
    pub passes: bool,
}

pub fn judge(case: &mut Case, seed: u64, pacing: impl FnMut(usize) -> Pacing) -> Verdict {
    case.setup.seed = seed; if let Ok(j) = std::env::var("JIT") { case.setup.jitter = j.parse().unwrap(); }
    let outcome = run(&case.setup, (case.limiter)().as_mut(), pacing);
    let best = match case.goal {
        Goal::TimesBest(_) => run(&case.setup, (case.limiter)().as_mut(), |_| Pacing::PausesOnly).seconds,
        _ => case.ideal,
    };
    let bound = match case.goal {
        Goal::Times(times) => case.ideal * times,
        Goal::Pauses { count, length, part } => case.ideal * (1.0 + part) + count * length,
        Goal::TimesBest(times) => best * times,
        Goal::LastPauses(times) => best * 1.05 + times * outcome.last_pause.max(1.0),
        Goal::None => f64::INFINITY,
    };
    let passes = outcome.seconds <= bound
        && outcome.refused_share() <= case.most_refused
        && outcome.dishonoured == 0
        && case.most_attempts.is_none_or(|most| outcome.most_refusals <= most);
    Verdict { seconds: outcome.seconds, bound, best, outcome, passes }
}
