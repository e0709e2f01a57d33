//! A limit on requests per second of real time.

use std::time::{Duration, Instant};

/// A bucket that holds one second's worth of requests.
#[derive(Clone, Debug)]
pub(crate) struct RateLimiter {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

/// Refuses a rate that nothing can be measured by.
pub(super) fn check(rate: f64) -> Result<(), String> {
    if rate.is_finite() && rate > 0.0 {
        Ok(())
    } else {
        Err(format!("the rate limit {rate} isn't more than zero"))
    }
}

impl RateLimiter {
    pub(crate) fn new(per_second: f64, now: Instant) -> Self {
        Self {
            per_second,
            tokens: per_second.max(1.0),
            filled: now,
        }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Takes one request out of the bucket, or says how long to wait for it.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.per_second.max(1.0));
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - self.tokens) / self.per_second;
        Err(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_so_many_requests_and_no_more() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(5.0, start);
        let first = (0..20).filter(|_| limiter.take(start).is_ok()).count();
        assert_eq!(first, 5);
        let wait = limiter.take(start).expect_err("the bucket is empty");
        assert!(limiter.take(start + wait / 2).is_err());
        assert!(
            limiter
                .take(start + wait + Duration::from_millis(1))
                .is_ok()
        );
        let later = start + Duration::from_mins(1);
        assert_eq!((0..20).filter(|_| limiter.take(later).is_ok()).count(), 5);
    }
}
