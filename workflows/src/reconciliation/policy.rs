//! How often and for how long to read back.

use std::time::Duration;

/// How often and for how long a state is read back.
///
/// The first reading follows the lost answer at once, the others after waits that double. A reading
/// that fails is one of them; each is a call of its own, repeated as the client's
/// [`RetryPolicy`](msgraph_migrations::RetryPolicy) says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadBack {
    /// The most readings after a lost answer; 8 unless set, and 0 never reads back.
    pub max_reads: u32,
    /// The wait before the second reading; 1 s unless set.
    pub first_wait: Duration,
    /// The longest wait; 30 s unless set.
    pub max_wait: Duration,
    /// When to give up, counted from the lost answer; 2 min unless set.
    pub settle_within: Duration,
}

impl Default for ReadBack {
    fn default() -> Self {
        Self {
            max_reads: 8,
            first_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(30),
            settle_within: Duration::from_mins(2),
        }
    }
}

impl ReadBack {
    /// Reads at most this often.
    #[must_use]
    pub fn max_reads(mut self, reads: u32) -> Self {
        self.max_reads = reads;
        self
    }

    /// Sets the wait before the second reading.
    #[must_use]
    pub fn first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Gives up this long after the answer was lost.
    #[must_use]
    pub fn settle_within(mut self, time: Duration) -> Self {
        self.settle_within = time;
        self
    }

    /// How long to wait before reading number `reading`, counting from 0.
    pub(crate) fn wait(&self, reading: u32) -> Duration {
        match reading.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => self
                .first_wait
                .saturating_mul(2_u32.saturating_pow(doublings))
                .min(self.max_wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_double_up_to_the_longest() {
        let policy = ReadBack::default().max_wait(Duration::from_secs(10));
        let waits: Vec<u64> = (0..7).map(|n| policy.wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 10, 10]);
        assert_eq!(policy.wait(u32::MAX), Duration::from_secs(10));
    }
}
