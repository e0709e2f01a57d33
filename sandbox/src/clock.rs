//! Virtual time: it stands still, runs at a multiple of real time, and jumps when told.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// When virtual time starts unless the builder says otherwise: Monday 5 January 2026, 08:00 UTC.
pub const DEFAULT_START: DateTime<Utc> = match DateTime::from_timestamp(1_767_600_000, 0) {
    Some(start) => start,
    None => DateTime::<Utc>::UNIX_EPOCH,
};

/// The clock of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    base: DateTime<Utc>,
    since: Instant,
    speed: f64,
}

/// The time between two instants would leave the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock can't be advanced that far")]
pub struct TooFar;

impl Clock {
    /// A clock that shows `start` and runs `speed` times as fast as real time.
    pub(crate) fn new(start: DateTime<Utc>, speed: f64) -> Self {
        Self {
            base: start,
            since: Instant::now(),
            speed,
        }
    }

    /// The virtual time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        if self.speed <= 0.0 {
            return self.base;
        }
        // A factor that overflows stands for «as far as the calendar goes», never for standing still.
        let elapsed = Duration::try_from_secs_f64(self.since.elapsed().as_secs_f64() * self.speed)
            .ok()
            .and_then(|elapsed| TimeDelta::from_std(elapsed).ok());
        elapsed
            .and_then(|elapsed| self.base.checked_add_signed(elapsed))
            .filter(|now| *now <= latest())
            .unwrap_or_else(latest)
    }

    /// How many times as fast as real time it runs.
    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    /// Runs at another speed from here on.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.set(self.now());
        self.speed = speed;
    }

    /// Shows another time.
    pub(crate) fn set(&mut self, now: DateTime<Utc>) {
        self.base = now;
        self.since = Instant::now();
    }

    /// Moves virtual time forward to a point, which it may have passed already.
    pub(crate) fn advance_to(&mut self, at: DateTime<Utc>) -> Result<(), TooFar> {
        if at > latest() {
            return Err(TooFar);
        }
        if at > self.now() {
            self.set(at);
        }
        Ok(())
    }

    /// Moves virtual time forward at once.
    pub(crate) fn advance(&mut self, by: Duration) -> Result<(), TooFar> {
        let by = TimeDelta::from_std(by).map_err(|_| TooFar)?;
        let base = self.now().checked_add_signed(by).ok_or(TooFar)?;
        if base > latest() {
            return Err(TooFar);
        }
        self.base = base;
        self.since = Instant::now();
        Ok(())
    }
}

/// The last instant the clock can show: the end of the year 9998, so that every answer's year has four digits
/// and every stage that starts then still ends within the calendar.
pub(crate) fn latest() -> DateTime<Utc> {
    DateTime::from_timestamp(253_370_764_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_start_is_the_documented_one() {
        assert_eq!(DEFAULT_START.to_rfc3339(), "2026-01-05T08:00:00+00:00");
        assert_eq!(latest().to_rfc3339(), "9998-12-31T23:59:59+00:00");
    }

    #[test]
    fn time_stands_still_until_it_is_advanced() {
        let mut clock = Clock::new(DEFAULT_START, 0.0);
        assert_eq!(clock.now(), DEFAULT_START);
        assert_eq!(clock.advance(Duration::from_secs(90)), Ok(()));
        assert_eq!(clock.now(), DEFAULT_START + TimeDelta::seconds(90));
    }

    #[test]
    fn time_never_leaves_the_calendar() {
        let mut clock = Clock::new(DEFAULT_START, 0.0);
        assert_eq!(clock.advance(Duration::MAX), Err(TooFar));
        assert_eq!(clock.now(), DEFAULT_START);
        let racing = Clock::new(DEFAULT_START, f64::MAX);
        std::thread::yield_now();
        assert!(racing.now() <= latest());
    }
}
