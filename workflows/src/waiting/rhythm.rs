//! When to look again. Pure: what happened and a throw of the dice in, a wait out.

use std::time::Duration;

use super::options::WaitOptions;

/// How much longer an interval is than the one before, while nothing changes.
const GROWTH: f64 = 1.5;
/// How far above and below the interval the wait is drawn.
const SPREAD: f64 = 1.25;
const SHORTEST: Duration = Duration::from_millis(1);

/// The interval between readings as it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rhythm {
    min: Duration,
    max: Duration,
    interval: Duration,
}

/// A wait before the next reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wait {
    pub length: Duration,
    /// Whether the service asked for it, so that it must not be cut short.
    pub is_asked: bool,
}

impl Rhythm {
    pub fn new(options: &WaitOptions) -> Self {
        let min = options.min_interval.max(SHORTEST);
        Self {
            min,
            max: options.max_interval.max(min),
            interval: min,
        }
    }

    /// The wait after a reading that found a change; `draw` is from 0 to 1.
    pub fn after_change(&mut self, draw: f64) -> Wait {
        self.interval = self.min;
        self.wait(draw)
    }

    /// The wait after a reading that found nothing new.
    pub fn after_nothing(&mut self, draw: f64) -> Wait {
        self.interval = self.interval.mul_f64(GROWTH).min(self.max);
        self.wait(draw)
    }

    /// The wait after a reading that failed, and was answered by `asked` as the time to stay away.
    pub fn after_failure(&mut self, asked: Option<Duration>, draw: f64) -> Wait {
        let wait = self.after_nothing(draw);
        match asked {
            Some(asked) if asked > wait.length => Wait {
                length: asked,
                is_asked: true,
            },
            _ => wait,
        }
    }

    fn wait(&self, draw: f64) -> Wait {
        let low = self.interval.div_f64(SPREAD).max(self.min);
        let high = self.interval.mul_f64(SPREAD).min(self.max);
        let spread = high.saturating_sub(low);
        Wait {
            length: low + spread.mul_f64(draw.clamp(0.0, 1.0)),
            is_asked: false,
        }
    }

    /// The wait as it fits into the time that is `left`; none when there is no further reading.
    ///
    /// A reading that would come too late comes a little before the deadline instead, so that the last
    /// state seen is no older than it has to be.
    pub fn fit(&self, wait: Wait, left: Duration) -> Option<Duration> {
        if wait.length < left {
            return Some(wait.length);
        }
        left.checked_sub(self.min)
            .filter(|early| !wait.is_asked && *early >= self.min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn rhythm(min: u64, max: u64) -> Rhythm {
        let options = WaitOptions::new()
            .min_interval(seconds(min))
            .max_interval(seconds(max));
        Rhythm::new(&options)
    }

    #[test]
    fn the_interval_grows_by_half_up_to_the_longest_and_falls_back_at_a_change() {
        let mut rhythm = rhythm(4, 20);
        let mut intervals = Vec::new();
        for _ in 0..6 {
            rhythm.after_nothing(0.5);
            intervals.push(rhythm.interval.as_secs_f64());
        }
        assert_eq!(intervals, [6.0, 9.0, 13.5, 20.0, 20.0, 20.0]);
        rhythm.after_change(0.5);
        assert_eq!(rhythm.interval, seconds(4));
    }

    #[test]
    fn every_wait_is_near_the_interval_and_within_the_bounds() {
        for (min, max) in [(4, 20), (5, 5), (7, 2), (0, 0)] {
            let mut rhythm = rhythm(min, max);
            for step in 0..10 {
                for draw in [-1.0, 0.0, 0.3, 1.0, 7.0] {
                    let wait = rhythm.wait(draw);
                    assert!(!wait.is_asked);
                    assert!(wait.length >= rhythm.min && wait.length <= rhythm.max);
                    assert!(
                        wait.length >= rhythm.interval.div_f64(1.26),
                        "{step} {draw}"
                    );
                    assert!(
                        wait.length <= rhythm.interval.mul_f64(1.26),
                        "{step} {draw}"
                    );
                }
                rhythm.after_nothing(0.5);
            }
        }
    }

    #[test]
    fn two_draws_give_two_waits_wherever_the_bounds_leave_room() {
        let mut rhythm = rhythm(4, 20);
        for _ in 0..6 {
            assert!(rhythm.wait(0.0).length < rhythm.wait(1.0).length);
            rhythm.after_nothing(0.5);
        }
    }

    #[test]
    fn what_the_service_asks_for_beats_the_longest_interval() {
        for (asked, expected) in [
            (None, (seconds(6), false)),
            (Some(seconds(1)), (seconds(6), false)),
            (Some(seconds(300)), (seconds(300), true)),
        ] {
            let wait = rhythm(6, 6).after_failure(asked, 0.5);
            assert_eq!((wait.length, wait.is_asked), expected, "{asked:?}");
        }
    }

    #[test]
    fn the_last_reading_comes_before_the_deadline_unless_the_service_forbids_it() {
        for (wait, is_asked, left, expected) in [
            (30, false, 100, Some(30)),
            (30, false, 20, Some(15)),
            (30, false, 30, Some(25)),
            (30, true, 20, None),
            (30, false, 10, Some(5)),
            (30, false, 9, None),
            (30, false, 0, None),
            (30, true, 31, Some(30)),
        ] {
            let wait = Wait {
                length: seconds(wait),
                is_asked,
            };
            let fitted = rhythm(5, 60).fit(wait, seconds(left));
            assert_eq!(fitted, expected.map(seconds), "{wait:?} with {left} left");
        }
    }
}
