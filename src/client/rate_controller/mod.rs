//! When a request may leave, learned from what the service refuses.
//!
//! Pure: time comes in as an argument (the time since any moment that stays the same), and nothing is
//! sent, locked or slept on in here. `benches/rate_limits` judges it against a matrix of limiters in
//! virtual time.
//!
//! A refusal binds everything that this controller admits: nothing leaves before the longest
//! `Retry-After` is over. Graph's guidance on throttling says that it is the client's further requests
//! that are limited, not the one that was refused, and that refused requests count against the limit;
//! SharePoint's says that the header holds for new requests as well as for the repetition. Within that,
//! it has to find out how much to send between two pauses:
//!
//! - Requests leave freely until the first refusal. From then on, time falls into [`Stretch`]es, from
//!   the end of one pause to the refusal that begins the next.
//! - The answers to what was under way at a refusal tell what kind it was. A limit that is used up
//!   refuses nearly all of them; a refusal that has nothing to do with the rate leaves them alone
//!   ([`chance`]).
//! - Against a limit it sends a little less than what stretches of different lengths prove to get
//!   through ([`limit`]), and now and then a little more, the less often the longer the pause it risks.
//! - Slowing down has to help. When as many requests pass between two refusals as did at full speed, it
//!   stops slowing down; the same goes for sending fewer at once ([`width`]).
//! - A refusal that is followed by nothing but refusals was the beginning of an outage and says nothing
//!   about the rate: what was known before is known again, and one request after the other probes.

mod belief;
mod chance;
mod limit;
mod width;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use belief::Belief;
use limit::{Passed, Stretch};

/// The first pause when the service does not say how long; it doubles while nothing passes.
const FIRST_PAUSE: f64 = 1.0;
/// How often it doubles at most.
const MAX_DOUBLINGS: u32 = 5;
/// How long those that were under way at a refusal are waited for at most.
const MAX_RETURN: f64 = 1.0;
/// How far requests may lag behind the rate and still be caught up with: a scheduler is not exact.
const SLACK: f64 = 0.2;
/// When nothing was heard for so long, the requests under way count no longer: whoever sent them may
/// have been killed.
const LOST_AFTER: f64 = 30.0;

/// Whether a request waits for the end of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// It does.
    Ordinary,
    /// It may probe within a pause that began with another request's refusal: one at a time, and no
    /// more once one was refused.
    Urgent,
}

/// Why a request may not leave yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not before so much time is over. Whether the service asked for that, or the rate does.
    For(Duration, Reason),
    /// Not before one of the requests under way is answered.
    ForAnswer,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The end of a pause after a refusal.
    Pause,
    /// Its turn at the rate that was learned or set.
    Turn,
}

/// Says when a request left, so that its answer can be understood.
#[derive(Clone, Copy, Debug)]
#[must_use = "the answer has to be reported, or that there is none"]
pub struct Permit {
    /// How many pauses had begun by then.
    epoch: u64,
    at: f64,
    /// How many requests were under way, with this one.
    under_way: usize,
    /// Whether nothing had been answered yet since the pause before.
    is_of_first_flight: bool,
    is_probe_in_pause: bool,
    is_urgent: bool,
}

/// What is known, for people to read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// Requests per second, if they are held back.
    pub rate: Option<f64>,
    /// The most requests at once, if they are held back.
    pub at_once: Option<usize>,
    /// When the pause began, and when it ends.
    pub pause: Option<(Duration, Duration)>,
    /// Whether others wait for the answer to one that probes.
    pub is_probing: bool,
    /// How many requests were refused.
    pub refusals: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Probe {
    /// Requests leave as the rate allows.
    NotNeeded,
    /// Only one may leave.
    Due,
    /// It has left.
    UnderWay,
    /// It was refused; another one may leave after the pause.
    Refused,
}

/// Decides when requests may leave; see the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RateController {
    /// The longest pause that one answer can impose before a probe.
    longest_pause: f64,
    /// A rate that is never exceeded.
    ceiling: Option<f64>,
    belief: Belief,
    /// What was believed before the last refusal, in case that it began an outage.
    before: Option<Belief>,
    stretch: Stretch,
    /// False from a refusal until the first request after its pause.
    is_running: bool,
    epoch: u64,
    refused_at: f64,
    paused_until: f64,
    /// How long the last pause was.
    pause: f64,
    /// Whether the service asked for a longer pause than one answer may impose.
    was_cut_short: bool,
    /// How many pauses in a row nothing passed.
    fruitless: u32,
    /// After a pause in which nothing passed.
    probe: Probe,
    /// Within a pause.
    urgent_probe: Probe,
    next: f64,
    under_way: usize,
    heard_at: f64,
    round_trip: f64,
    passed: Passed,
    refusals: u64,
}

impl RateController {
    /// Holds nothing back yet, and never lets one answer impose more than `longest_pause`.
    pub fn new(longest_pause: Duration) -> Self {
        Self {
            longest_pause: longest_pause.as_secs_f64(),
            ceiling: None,
            belief: Belief::new(),
            before: None,
            stretch: Stretch::default(),
            is_running: true,
            epoch: 0,
            refused_at: 0.0,
            paused_until: 0.0,
            pause: 0.0,
            was_cut_short: false,
            fruitless: 0,
            probe: Probe::NotNeeded,
            urgent_probe: Probe::NotNeeded,
            next: 0.0,
            under_way: 0,
            heard_at: 0.0,
            round_trip: 0.0,
            passed: Passed::default(),
            refusals: 0,
        }
    }

    /// Begins with this rate, as if it had been learned.
    #[must_use]
    pub fn starting_at(mut self, per_second: f64, now: Duration) -> Self {
        self.belief = Belief::of_rate(per_second);
        self.belief.resume(now.as_secs_f64());
        self
    }

    /// Never sends faster than this.
    #[must_use]
    pub fn never_above(mut self, per_second: f64) -> Self {
        self.ceiling = Some(per_second);
        self
    }

    /// Lets a request leave now, or says what it waits for.
    ///
    /// # Errors
    ///
    /// What the request waits for.
    pub fn admit(&mut self, now: Duration, urgency: Urgency) -> Result<Permit, Wait> {
        let now = now.as_secs_f64();
        self.forget_the_lost(now);
        if !self.is_running && now >= self.paused_until {
            self.conclude(now);
        }
        if now < self.paused_until {
            return self.admit_within_pause(now, urgency);
        }
        if self.probe == Probe::UnderWay || self.under_way >= self.belief.width.allowed() {
            let may_widen = self.probe == Probe::NotNeeded
                && self
                    .belief
                    .width
                    .widen(now, self.belief.patience * self.pause.max(1.0));
            if !may_widen {
                return Err(Wait::ForAnswer);
            }
        }
        let learned = self.belief.rate(now);
        if let Some(rate) = least(learned, self.ceiling) {
            if now < self.next {
                return Err(until(self.next, now, Reason::Turn));
            }
            self.next = self.next.max(now - SLACK) + 1.0 / rate;
        }
        if self.probe == Probe::Due {
            self.probe = Probe::UnderWay;
        }
        Ok(self.permit(now, urgency, false))
    }

    /// Learns that a request was let through, whatever else the answer says.
    pub fn accepted(&mut self, permit: Permit, now: Duration) {
        let now = now.as_secs_f64();
        self.answered(now);
        if permit.is_probe_in_pause {
            self.urgent_probe = Probe::NotNeeded;
            return;
        }
        let trip = (now - permit.at).max(0.0);
        self.round_trip = match self.round_trip {
            0.0 => trip,
            known => 0.9 * known + 0.1 * trip,
        };
        self.fruitless = 0;
        self.passed.add(permit.at);
        self.stretch.was_answered = true;
        if permit.is_of_first_flight {
            self.stretch.first_flight_passed += 1.0;
        }
        if permit.epoch == self.epoch && self.is_running {
            self.stretch.passed += 1.0;
            self.probe = Probe::NotNeeded;
        } else {
            self.stretch.echoes_passed += 1.0;
        }
    }

    /// Learns that a request was refused because of throttling, and how long the service wants to be
    /// left alone.
    pub fn refused(&mut self, permit: Permit, now: Duration, retry_after: Option<Duration>) {
        let now = now.as_secs_f64();
        self.answered(now);
        self.refusals += 1;
        let asked = retry_after.map(|asked| asked.as_secs_f64());
        let unsaid = FIRST_PAUSE * f64::from(1_u32 << self.fruitless.min(MAX_DOUBLINGS));
        let pause = asked.unwrap_or(unsaid).min(self.longest_pause);
        self.was_cut_short |= asked.is_some_and(|asked| asked > self.longest_pause);
        if permit.is_urgent {
            self.urgent_probe = Probe::Refused;
        }
        if permit.is_probe_in_pause {
            self.paused_until = self.paused_until.max(now + pause);
            return;
        }
        self.stretch.was_answered = true;
        if permit.is_of_first_flight {
            self.stretch.first_flight_refused += 1.0;
        }
        if permit.epoch == self.epoch && self.is_running {
            self.end_stretch(permit, now);
            self.pause = pause;
            if self.probe == Probe::UnderWay {
                self.probe = Probe::Refused;
            }
        } else {
            self.stretch.echoes_refused += 1.0;
            if asked.is_none() {
                return;
            }
        }
        // No conclusion before those that were under way have returned.
        let all_back = self.refused_at + (2.0 * self.round_trip).min(MAX_RETURN);
        self.paused_until = self.paused_until.max(now + pause).max(all_back);
    }

    /// Learns that nothing will be known about a request: it was given up, or its answer was lost.
    pub fn abandoned(&mut self, permit: Permit, now: Duration) {
        self.answered(now.as_secs_f64());
        if permit.is_probe_in_pause {
            self.urgent_probe = Probe::NotNeeded;
        } else if permit.epoch == self.epoch && self.probe == Probe::UnderWay {
            self.probe = Probe::Due;
        }
    }

    /// What is known now.
    pub fn snapshot(&mut self, now: Duration) -> Snapshot {
        let now = now.as_secs_f64();
        self.forget_the_lost(now);
        Snapshot {
            rate: least(self.belief.known_rate(), self.ceiling),
            at_once: match self.probe {
                Probe::NotNeeded => {
                    Some(self.belief.width.allowed()).filter(|width| *width < usize::MAX)
                }
                _ => Some(1),
            },
            pause: (now < self.paused_until).then(|| {
                let since = Duration::from_secs_f64(self.refused_at.max(0.0));
                (since, Duration::from_secs_f64(self.paused_until))
            }),
            is_probing: self.probe == Probe::UnderWay,
            refusals: self.refusals,
        }
    }

    fn admit_within_pause(&mut self, now: f64, urgency: Urgency) -> Result<Permit, Wait> {
        match (urgency, self.urgent_probe) {
            (Urgency::Urgent, Probe::NotNeeded) if !self.is_running => {
                self.urgent_probe = Probe::UnderWay;
                Ok(self.permit(now, urgency, true))
            }
            (Urgency::Urgent, Probe::UnderWay) => Err(Wait::ForAnswer),
            _ => Err(until(self.paused_until, now, Reason::Pause)),
        }
    }

    fn permit(&mut self, now: f64, urgency: Urgency, is_probe_in_pause: bool) -> Permit {
        if self.under_way == 0 {
            self.heard_at = now;
        }
        self.under_way += 1;
        Permit {
            epoch: self.epoch,
            at: now,
            under_way: self.under_way,
            is_of_first_flight: self.is_running && !self.stretch.was_answered,
            is_probe_in_pause,
            is_urgent: urgency == Urgency::Urgent,
        }
    }

    fn answered(&mut self, now: f64) {
        self.under_way = self.under_way.saturating_sub(1);
        self.heard_at = now;
    }

    fn forget_the_lost(&mut self, now: f64) {
        if now - self.heard_at <= LOST_AFTER {
            return;
        }
        self.under_way = 0;
        if self.probe == Probe::UnderWay {
            self.probe = Probe::Due;
        }
        if self.urgent_probe == Probe::UnderWay {
            self.urgent_probe = Probe::NotNeeded;
        }
    }

    fn end_stretch(&mut self, permit: Permit, now: f64) {
        self.is_running = false;
        self.epoch += 1;
        self.refused_at = now;
        self.stretch.seconds = (now - self.stretch.began).max(1e-3);
        self.stretch.width = permit.under_way;
        self.stretch.rate = self.belief.known_rate();
        self.stretch.least_rate =
            self.passed
                .least_rate(self.stretch.began, permit.at, self.belief.fullest());
        if self.stretch.passed < 1.0 {
            self.fruitless += 1;
        }
    }

    /// Draws the conclusions from a stretch, once its pause is over.
    fn conclude(&mut self, now: f64) {
        let stretch = std::mem::take(&mut self.stretch);
        self.probe = Probe::NotNeeded;
        if stretch.passed + stretch.echoes_passed < 1.0 {
            self.probe = Probe::Due;
            if let Some(before) = self.before.take() {
                self.belief = before;
            }
        } else {
            self.before = Some(self.belief.clone());
            self.belief
                .learn(&stretch, self.pause, self.round_trip, now);
        }
        if std::mem::take(&mut self.was_cut_short) {
            self.probe = Probe::Due;
        }
        if self.belief.known_rate().is_some() || stretch.was_mostly_refused() {
            let least = self.refused_at + self.belief.least_pause();
            self.paused_until = self.paused_until.max(least);
        }
        self.is_running = true;
        self.urgent_probe = Probe::NotNeeded;
        let resumed = now.max(self.paused_until);
        self.stretch.began = resumed;
        self.stretch.gap = Some(resumed - self.refused_at);
        self.next = resumed;
        self.belief.resume(resumed);
    }
}

fn least(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn until(then: f64, now: f64, reason: Reason) -> Wait {
    // A clock that counts in nanoseconds must not come back too early for a rounding.
    Wait::For(
        Duration::from_secs_f64(then - now) + Duration::from_nanos(1),
        reason,
    )
}
