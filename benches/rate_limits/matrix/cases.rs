//! The limiters of the matrix, and the goal of each.
//!
//! Unless a case says otherwise, a client keeps 16 requests under way that take 20 ms each, a fifth more
//! or less: it could send 800 in a second.

use std::collections::VecDeque;
use std::time::Duration;

use super::limiters::RetryAfter::{self, Fixed, Missing, True, Whole};
use super::limiters::{
    Concurrency, FixedWindow, Governor, Limiter, SlidingWindow, Storm, TokenBucket, Unlimited,
    Unrelated,
};
use super::rate_controller::RateController;
use super::simulation::{Outcome, Pacing, Setup, run};

/// What a run has to stay within.
#[derive(Clone, Copy)]
pub enum Goal {
    /// So many times the ideal time.
    Times(f64),
    /// So many pauses of some seconds, and a part of the ideal time, beyond the ideal time.
    Pauses(f64, f64, f64),
    /// So many times what the best schedule takes that honours each pause.
    ///
    /// Where refusals come by chance, whatever is sent, that is to send at full speed whenever there is
    /// no pause: it is simulated beside the run, with the same seed.
    TimesBest(f64),
    /// Twice the last pause of an outage, and 5 % of the ideal time, beyond the ideal time.
    TwiceLastPause,
    /// Nothing: the figures are for reading.
    None,
}

/// A service, and how much is asked of it.
pub struct Case {
    pub name: String,
    pub setup: Setup,
    /// The seconds that somebody needs who knows the rule.
    pub ideal: f64,
    pub limiter: Box<dyn Fn() -> Box<dyn Limiter> + Send>,
    pub goal: Goal,
    /// The part of all requests that may be refused.
    pub max_refused: f64,
    /// How often one request may be refused; a call gives up after its fifth attempt.
    pub max_refusals: Option<u32>,
    /// Whether the goal is one of this benchmark alone, so that nothing gets worse unseen.
    pub is_own: bool,
}

/// What came of a case, and whether it is within the goal.
pub struct Verdict {
    pub bound: f64,
    pub best: f64,
    pub outcome: Outcome,
    pub passes: bool,
}

impl Case {
    fn new(
        name: impl Into<String>,
        requests: f64,
        ideal: f64,
        goal: Goal,
        limiter: impl Fn() -> Box<dyn Limiter> + Send + 'static,
    ) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of requests"
        )]
        let requests = requests as usize;
        Self {
            name: name.into(),
            setup: Setup {
                requests,
                ..Setup::default()
            },
            ideal,
            limiter: Box::new(limiter),
            goal,
            max_refused: 1.0,
            max_refusals: None,
            is_own: false,
        }
    }

    /// A service that nothing was promised for.
    fn own(mut self) -> Self {
        self.is_own = true;
        self
    }

    fn at_once(mut self, at_once: usize) -> Self {
        self.setup.at_once = at_once;
        self
    }

    fn round_trip(mut self, seconds: f64) -> Self {
        self.setup.round_trip = seconds;
        self
    }

    fn refused(mut self, most: f64) -> Self {
        self.max_refused = most;
        self
    }

    fn refusals(mut self, most: u32) -> Self {
        self.max_refusals = Some(most);
        self
    }

    /// Runs the case with a seed and judges it.
    pub fn judge(&mut self, seed: u64) -> Verdict {
        self.setup.seed = seed;
        let controller = || RateController::new(Duration::from_mins(10));
        let paced = |_| Pacing::Controlled(Box::new(controller()));
        let outcome = run(&self.setup, (self.limiter)().as_mut(), paced);
        let best = match self.goal {
            Goal::TimesBest(_) => {
                run(&self.setup, (self.limiter)().as_mut(), |_| {
                    Pacing::PausesOnly
                })
                .seconds
            }
            _ => self.ideal,
        };
        let bound = match self.goal {
            Goal::Times(times) => self.ideal * times,
            Goal::Pauses(count, seconds, part) => self.ideal * (1.0 + part) + count * seconds,
            Goal::TimesBest(times) => best * times,
            Goal::TwiceLastPause => self.ideal * 1.05 + 2.0 * outcome.last_pause,
            Goal::None => f64::INFINITY,
        };
        let passes = outcome.seconds <= bound
            && outcome.refused_share() <= self.max_refused
            && outcome.dishonoured == 0
            && self
                .max_refusals
                .is_none_or(|most| outcome.max_refusals <= most);
        Verdict {
            bound,
            best,
            outcome,
            passes,
        }
    }
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(true_retry_after());
    cases.extend(long_retry_after());
    cases.extend(unrelated());
    cases.extend(concurrency());
    cases.extend(changes());
    cases.extend(without_retry_after());
    cases.extend(storms());
    cases.extend(windows());
    cases.extend(spacing());
    cases.extend(judge_from_outside());
    cases.extend(mixtures());
    cases.extend(strangers());
    cases
}

fn word(retry_after: RetryAfter) -> String {
    match retry_after {
        True => "true Retry-After".to_owned(),
        Whole => "Retry-After in whole seconds".to_owned(),
        Fixed(seconds) => format!("Retry-After {seconds} s"),
        Missing => "no Retry-After".to_owned(),
    }
}

fn bucket(rate: f64, burst: f64, after: RetryAfter) -> impl Fn() -> Box<dyn Limiter> + Send {
    move || Box::new(TokenBucket::new(rate, burst, after))
}

fn true_retry_after() -> Vec<Case> {
    let mut cases = Vec::new();
    for after in [True, Whole] {
        for (rate, burst) in [(20.0, 20.0), (50.0, 50.0), (50.0, 500.0), (200.0, 200.0)] {
            let name = format!("{rate}/s, burst {burst}, {}", word(after));
            let limiter = bucket(rate, burst, after);
            let case = Case::new(name, rate * 60.0, 60.0, Goal::Times(1.05), limiter);
            cases.push(case.refused(0.05));
        }
        // In whole seconds, that is ten times as long as such a bucket takes to fill.
        let name = format!("400/s, burst 40, {}", word(after));
        let limiter = bucket(400.0, 40.0, after);
        let goal = match after {
            Whole => Goal::Pauses(3.0, 1.0, 0.1),
            _ => Goal::Times(1.05),
        };
        cases.push(Case::new(name, 24_000.0, 60.0, goal, limiter).refused(0.05));
    }
    for (at_once, round_trip) in [(1, 0.01), (4, 0.02), (64, 0.1), (64, 0.02)] {
        let name = format!("50/s, burst 50, {at_once} at once of {round_trip} s, true Retry-After");
        let case = Case::new(
            name,
            3_000.0,
            60.0,
            Goal::Times(1.05),
            bucket(50.0, 50.0, True),
        );
        cases.push(case.at_once(at_once).round_trip(round_trip).refused(0.05));
    }
    cases
}

fn long_retry_after() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rate, burst, at_once, seconds) in [
        (50.0, 50.0, 16, 60.0),
        (50.0, 500.0, 16, 60.0),
        (50.0, 5.0, 16, 60.0),
        (200.0, 200.0, 64, 60.0),
        (400.0, 400.0, 16, 60.0),
        (50.0, 50.0, 1, 60.0),
        (50.0, 50.0, 16, 600.0),
    ] {
        for pause in [1.0, 10.0, 30.0, 60.0, 120.0] {
            let name = format!(
                "{rate}/s, burst {burst}, {at_once} at once, N/R {seconds} s, {}",
                word(Fixed(pause))
            );
            let goal = Goal::Pauses(3.0, pause, 0.1);
            let limiter = bucket(rate, burst, Fixed(pause));
            let mut case = Case::new(name, rate * seconds, seconds, goal, limiter).at_once(at_once);
            if at_once == 1 {
                case = case.round_trip(0.01);
            }
            cases.push(case);
        }
    }
    cases
}

fn unrelated() -> Vec<Case> {
    let mut cases = Vec::new();
    for pause in [1.0, 10.0, 60.0] {
        for share in [0.001, 0.01, 0.05, 0.2] {
            for at_once in [16, 4] {
                let name = format!(
                    "{} % refused by chance, {at_once} at once, {}",
                    share * 100.0,
                    word(Fixed(pause))
                );
                let requests = if pause < 5.0 { 20_000.0 } else { 10_000.0 };
                let limiter = move || -> Box<dyn Limiter> {
                    Box::new(Unrelated {
                        share,
                        retry_after: pause,
                        rest: Unlimited,
                    })
                };
                let goal = Goal::TimesBest(1.3);
                cases.push(Case::new(name, requests, 0.0, goal, limiter).at_once(at_once));
            }
        }
    }
    for share in [0.001, 0.01, 0.05, 0.2] {
        let name = format!(
            "{} % refused by chance, 1 at once, Retry-After 1 s",
            share * 100.0
        );
        let limiter = move || -> Box<dyn Limiter> {
            Box::new(Unrelated {
                share,
                retry_after: 1.0,
                rest: Unlimited,
            })
        };
        let case = Case::new(name, 20_000.0, 0.0, Goal::TimesBest(1.3), limiter).at_once(1);
        cases.push(case);
    }
    cases
}

fn concurrency() -> Vec<Case> {
    let mut cases = Vec::new();
    for cap in [4_u32, 10] {
        for at_once in [16, 64] {
            for after in [Fixed(1.0), Fixed(10.0), Missing] {
                let name = format!("{cap} at once allowed, {at_once} tried, {}", word(after));
                let goal = match after {
                    Fixed(pause) if pause > 1.0 => Goal::Pauses(3.0, pause, 0.2),
                    _ => Goal::Times(1.2),
                };
                let limiter = move || -> Box<dyn Limiter> {
                    Box::new(Concurrency {
                        cap,
                        under_way: 0,
                        retry_after: after,
                    })
                };
                let requests = f64::from(cap) * 50.0 * 60.0;
                cases.push(Case::new(name, requests, 60.0, goal, limiter).at_once(at_once));
            }
        }
    }
    cases
}

fn changes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (from, to) in [(100.0, 50.0), (100.0, 20.0), (20.0, 50.0), (20.0, 200.0)] {
        for after in [True, Fixed(10.0), Missing] {
            // Two pauses are the price of learning the first limit.
            let learning = match after {
                Fixed(pause) => 2.0 * pause,
                _ => 0.0,
            };
            let requests = 60.0 * from + 120.0 * to;
            let ideal = 60.0 + (requests - (60.0 - learning) * from) / to;
            let name = format!("{from}/s, after a minute {to}/s, {}", word(after));
            let limiter = move || -> Box<dyn Limiter> {
                Box::new(TokenBucket::new(from, from, after).then(60.0, to, to))
            };
            cases.push(Case::new(name, requests, ideal, Goal::Times(1.5), limiter));
        }
    }
    cases
}

fn without_retry_after() -> Vec<Case> {
    [(20.0, 20.0), (50.0, 50.0), (50.0, 5.0), (200.0, 200.0)]
        .map(|(rate, burst)| {
            let name = format!("{rate}/s, burst {burst}, {}", word(Missing));
            let limiter = bucket(rate, burst, Missing);
            let case = Case::new(name, rate * 60.0, 60.0, Goal::Times(1.3), limiter);
            case.refused(0.1).refusals(4)
        })
        .into()
}

fn storms() -> Vec<Case> {
    let mut cases = Vec::new();
    for after in [Some(1.0), Some(5.0), Some(30.0), None] {
        for length in [10.0, 60.0, 600.0] {
            let said = word(after.map_or(Missing, Fixed));
            let until = 20.0 + length;
            let limited = move || -> Box<dyn Limiter> {
                Box::new(Storm {
                    from: 20.0,
                    until,
                    retry_after: after,
                    rest: TokenBucket::new(50.0, 50.0, True),
                })
            };
            let free = move || -> Box<dyn Limiter> {
                Box::new(Storm {
                    from: 20.0,
                    until,
                    retry_after: after,
                    rest: Unlimited,
                })
            };
            let goal = Goal::TwiceLastPause;
            let name = format!("all refused for {length} s, {said}, else 50/s");
            cases.push(Case::new(name, 3_000.0, 60.0 + length, goal, limited));
            let name = format!("all refused for {length} s, {said}, else unlimited");
            cases.push(Case::new(name, 40_000.0, 50.0 + length, goal, free));
            for case in cases.iter_mut().rev().take(2) {
                case.setup.until = until;
            }
        }
    }
    cases
}

fn windows() -> Vec<Case> {
    let mut cases = Vec::new();
    for after in [True, Fixed(60.0), Missing] {
        let goal = match after {
            Fixed(pause) => Goal::Pauses(3.0, pause, 0.1),
            _ => Goal::Times(1.3),
        };
        for counts_refused in [false, true] {
            let which = if counts_refused {
                " (refused ones count)"
            } else {
                ""
            };
            let name = format!("1000 in any 600 s{which}, {}", word(after));
            let limiter = move || -> Box<dyn Limiter> {
                Box::new(SlidingWindow {
                    limit: 1_000,
                    seconds: 600.0,
                    counts_refused,
                    retry_after: after,
                    log: VecDeque::new(),
                })
            };
            cases.push(Case::new(name, 2_500.0, 1_200.0, goal, limiter).own());
        }
        let name = format!("600 from one full minute to the next, {}", word(after));
        let limiter = move || -> Box<dyn Limiter> {
            Box::new(FixedWindow {
                limit: 600,
                seconds: 60.0,
                retry_after: after,
                window: 0.0,
                count: 0,
            })
        };
        cases.push(Case::new(name, 6_000.0, 540.0, goal, limiter).own());
    }
    cases
}

/// Buckets that hold a single request: how late each arrives decides whether it gets through, so that
/// no rate below the limit is safe.
fn spacing() -> Vec<Case> {
    let mut cases = Vec::new();
    for after in [True, Whole] {
        for rate in [20.0, 50.0] {
            // Nearer than this, a late request and an early one may meet.
            let least = 1.0 / rate + 0.2 * 0.02;
            let name = format!("one each {} ms, {}", 1_000.0 / rate, word(after));
            let ideal = rate * 60.0 * least;
            let limiter = bucket(rate, 1.0, after);
            let case = Case::new(name, rate * 60.0, ideal, Goal::Times(1.6), limiter);
            cases.push(case.own());
        }
    }
    for pause in [10.0, 60.0] {
        let name = format!("one each 20 ms, {}", word(Fixed(pause)));
        let limiter = bucket(50.0, 1.0, Fixed(pause));
        cases.push(Case::new(name, 3_000.0, 72.0, Goal::None, limiter));
    }
    cases
}

/// A limiter by other people: the crate `governor`.
fn judge_from_outside() -> Vec<Case> {
    let mut cases = Vec::new();
    for (rate, burst) in [(20, 20), (50, 50), (50, 500), (200, 200)] {
        for after in [True, Fixed(30.0), Missing] {
            let goal = match after {
                Fixed(pause) => Goal::Pauses(3.0, pause, 0.1),
                True => Goal::Times(1.05),
                _ => Goal::Times(1.3),
            };
            let name = format!("governor, {rate}/s, burst {burst}, {}", word(after));
            let limiter =
                move || -> Box<dyn Limiter> { Box::new(Governor::new(rate, burst, after)) };
            cases.push(Case::new(name, f64::from(rate) * 60.0, 60.0, goal, limiter).refused(0.1));
        }
    }
    cases
}

fn mixtures() -> Vec<Case> {
    let mut cases = Vec::new();
    for pause in [1.0, 60.0] {
        for share in [0.01, 0.05] {
            let name = format!(
                "50/s, burst 50, and {} % refused by chance, {}",
                share * 100.0,
                word(Fixed(pause))
            );
            let limiter = move || -> Box<dyn Limiter> {
                Box::new(Unrelated {
                    share,
                    retry_after: pause,
                    rest: TokenBucket::new(50.0, 50.0, Fixed(pause)),
                })
            };
            cases.push(Case::new(name, 3_000.0, 60.0, Goal::None, limiter));
        }
    }
    cases
}

/// Clients that share a limit and nothing else.
fn strangers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (clients, after, goal) in [
        (2, True, Goal::Times(1.3)),
        (2, Fixed(10.0), Goal::None),
        (8, True, Goal::Times(1.4)),
        (8, Fixed(10.0), Goal::None),
    ] {
        let name = format!(
            "{clients} clients that share nothing else, 50/s, {}",
            word(after)
        );
        let mut case = Case::new(name, 6_000.0, 120.0, goal, bucket(50.0, 50.0, after));
        case.setup.requests /= clients;
        case.setup.clients = clients;
        cases.push(case.own());
    }
    cases
}
