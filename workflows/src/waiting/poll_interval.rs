//! When to look again. Pure: what happened and a random number in, a delay out.

use std::time::Duration;

use super::options::WaitOptions;

/// How much longer an interval is than the one before, while nothing changes.
const GROWTH: f64 = 1.5;
/// How far above and below the interval the wait is drawn.
const SPREAD: f64 = 1.25;
const SHORTEST: Duration = Duration::from_millis(1);

/// The interval between readings as it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PollInterval {
    min: Duration,
    max: Duration,
    interval: Duration,
}

/// The delay before the next reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Delay {
    pub length: Duration,
    /// Whether the service asked for it, so that it must not be cut short.
    pub is_requested: bool,
}

impl PollInterval {
    pub fn new(options: &WaitOptions) -> Self {
        let min = options.min_interval.max(SHORTEST);
        Self {
            min,
            max: options.max_interval.max(min),
            interval: min,
        }
    }

    /// The delay after a reading that found a change; `draw` is from 0 to 1.
    pub fn after_change(&mut self, draw: f64) -> Delay {
        self.interval = self.min;
        self.delay(draw)
    }

    /// The delay after a reading that found nothing new.
    pub fn after_nothing(&mut self, draw: f64) -> Delay {
        self.interval = self.interval.mul_f64(GROWTH).min(self.max);
        self.delay(draw)
    }

    /// The delay after a reading that failed; `requested` is what its `Retry-After` says.
    pub fn after_failure(&mut self, requested: Option<Duration>, draw: f64) -> Delay {
        let delay = self.after_nothing(draw);
        match requested {
            Some(requested) if requested > delay.length => Delay {
                length: requested,
                is_requested: true,
            },
            _ => delay,
        }
    }

    fn delay(&self, draw: f64) -> Delay {
        let low = self.interval.div_f64(SPREAD).max(self.min);
        let high = self.interval.mul_f64(SPREAD).min(self.max);
        let spread = high.saturating_sub(low);
        Delay {
            length: low + spread.mul_f64(draw.clamp(0.0, 1.0)),
            is_requested: false,
        }
    }

    /// The delay as it fits into the time that is `left`; none when there is no further reading.
    ///
    /// A reading that would come too late comes a little before the deadline instead, so that the last
    /// state seen is no older than it has to be.
    pub fn fit(&self, delay: Delay, left: Duration) -> Option<Duration> {
        if delay.length < left {
            return Some(delay.length);
        }
        left.checked_sub(self.min)
            .filter(|early| !delay.is_requested && *early >= self.min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn poll(min: u64, max: u64) -> PollInterval {
        let options = WaitOptions::new()
            .min_interval(seconds(min))
            .max_interval(seconds(max));
        PollInterval::new(&options)
    }

    #[test]
    fn the_interval_grows_by_half_up_to_the_longest_and_falls_back_at_a_change() {
        let mut poll = poll(4, 20);
        let mut intervals = Vec::new();
        for _ in 0..6 {
            poll.after_nothing(0.5);
            intervals.push(poll.interval.as_secs_f64());
        }
        assert_eq!(intervals, [6.0, 9.0, 13.5, 20.0, 20.0, 20.0]);
        poll.after_change(0.5);
        assert_eq!(poll.interval, seconds(4));
    }

    #[test]
    fn every_wait_is_near_the_interval_and_within_the_bounds() {
        for (min, max) in [(4, 20), (5, 5), (7, 2), (0, 0)] {
            let mut poll = poll(min, max);
            for step in 0..10 {
                for draw in [-1.0, 0.0, 0.3, 1.0, 7.0] {
                    let wait = poll.delay(draw);
                    assert!(!wait.is_requested);
                    assert!(wait.length >= poll.min && wait.length <= poll.max);
                    assert!(wait.length >= poll.interval.div_f64(1.26), "{step} {draw}");
                    assert!(wait.length <= poll.interval.mul_f64(1.26), "{step} {draw}");
                }
                poll.after_nothing(0.5);
            }
        }
    }

    #[test]
    fn two_draws_give_two_waits_wherever_the_bounds_leave_room() {
        let mut poll = poll(4, 20);
        for _ in 0..6 {
            assert!(poll.delay(0.0).length < poll.delay(1.0).length);
            poll.after_nothing(0.5);
        }
    }

    #[test]
    fn what_the_service_asks_for_beats_the_longest_interval() {
        for (asked, expected) in [
            (None, (seconds(6), false)),
            (Some(seconds(1)), (seconds(6), false)),
            (Some(seconds(300)), (seconds(300), true)),
        ] {
            let wait = poll(6, 6).after_failure(asked, 0.5);
            assert_eq!((wait.length, wait.is_requested), expected, "{asked:?}");
        }
    }

    #[test]
    fn the_last_reading_comes_before_the_deadline_unless_the_service_forbids_it() {
        for (wait, is_requested, left, expected) in [
            (30, false, 100, Some(30)),
            (30, false, 20, Some(15)),
            (30, false, 30, Some(25)),
            (30, true, 20, None),
            (30, false, 10, Some(5)),
            (30, false, 9, None),
            (30, false, 0, None),
            (30, true, 31, Some(30)),
        ] {
            let wait = Delay {
                length: seconds(wait),
                is_requested,
            };
            let fitted = poll(5, 60).fit(wait, seconds(left));
            assert_eq!(fitted, expected.map(seconds), "{wait:?} with {left} left");
        }
    }
}
