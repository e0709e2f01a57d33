//! When a request is sent again, and how long to wait before.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::judgement;

/// How often and how patiently a call repeats its request.
///
/// A request is repeated only when that cannot double its effect: when nothing was sent, when the
/// service says that it did not process it (429, and 503 with `Retry-After`), or, after other trouble,
/// when it reads or states where to end. An action whose answer was lost is never repeated.
///
/// `Retry-After` beats the back-off. A wait that would exceed the total timeout of the call is not
/// begun: the call fails at once, with what the service asked for in
/// [`Error::retry_after`](crate::Error::retry_after).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most requests that one call sends; 5 unless set, and 1 never repeats.
    pub max_attempts: u32,
    /// The longest first wait of the back-off, which doubles from wait to wait; 500 ms unless set.
    ///
    /// The wait is drawn evenly between nothing and this, so that many clients do not return at once.
    pub base_delay: Duration,
    /// The longest that a wait of the back-off becomes; 30 s unless set.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// Never repeats a request.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sends at most this many requests for one call.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the longest first wait.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// How long to wait before sending again after attempt number `attempt` failed by `error`; none to
    /// give up. `draw` is a number from 0 to 1 that says where in its range the wait falls.
    pub(crate) fn wait(&self, error: &Error, attempt: u32, draw: f64) -> Option<Duration> {
        if attempt >= self.max_attempts || !is_worth_repeating(error) {
            return None;
        }
        Some(error.retry_after().unwrap_or_else(|| {
            let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
            let longest = self.base_delay.saturating_mul(doubled).min(self.max_delay);
            longest.mul_f64(draw.clamp(0.0, 1.0))
        }))
    }
}

/// Whether the same request may fare better in a while, and can do no harm.
pub(crate) fn is_worth_repeating(error: &Error) -> bool {
    // A deletion could be repeated without harm, but the repetition would be answered by "not in a
    // final status", which reads as if nothing had been deleted.
    let repeatable = error
        .operation()
        .is_some_and(|operation| matches!(operation.method, "GET" | "PATCH"));
    match error.kind() {
        ErrorKind::Connect => true,
        ErrorKind::Interrupted | ErrorKind::Unreadable => repeatable,
        ErrorKind::Refused => error.refusal().is_some_and(|refusal| {
            judgement::asks_to_come_back(refusal)
                || (repeatable && judgement::is_passing_trouble(refusal))
        }),
        ErrorKind::Configuration
        | ErrorKind::InvalidRequest
        | ErrorKind::Token
        | ErrorKind::HeldBack => false,
    }
}
