//! When a request is sent again, and how long to wait before.

use std::time::Duration;

use crate::answers::error::Error;

/// How often and how patiently a call repeats its request.
///
/// A request is repeated only when that cannot double its effect: when nothing was sent, when the
/// service says that it did not process it (429, and 503 with `Retry-After`), or, after other trouble,
/// when it reads or states where to end. An action whose answer was lost is never repeated, and neither
/// is a deletion. A refused token that its source can renew is another matter: the request is sent once
/// more with the new one, whatever the policy.
///
/// `Retry-After` beats the back-off. A wait that would exceed the total timeout of the call is not
/// begun: the call fails at once, with what the service asked for in
/// [`Error::retry_after`](crate::Error::retry_after).
///
/// ```
/// use std::time::Duration;
/// use msgraph_migrations::{AccessToken, Client, RetryPolicy};
///
/// # fn example(token: AccessToken) -> Result<(), msgraph_migrations::Error> {
/// let patient = RetryPolicy::default().max_attempts(10).max_delay(Duration::from_mins(2));
/// let client = Client::builder(token)
///     .retry(patient)
///     .total_timeout(Duration::from_mins(15))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most requests that one call sends; 5 unless set, and 1 or 0 never repeats.
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
        if attempt >= self.max_attempts || !error.is_transient() {
            return None;
        }
        Some(error.retry_after().unwrap_or_else(|| {
            let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
            let longest = self.base_delay.saturating_mul(doubled).min(self.max_delay);
            longest.mul_f64(draw.clamp(0.0, 1.0))
        }))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;
    use crate::answers::answer::{Answer, CutShort, SentRequest};
    use crate::answers::error::ErrorKind;
    use crate::answers::judgement;
    use crate::answers::limits::AnswerLimits;
    use crate::models::generated::operations;
    use crate::models::operation::Operation;

    fn policy() -> RetryPolicy {
        RetryPolicy::default()
            .max_attempts(100)
            .base_delay(Duration::from_millis(100))
            .max_delay(Duration::from_secs(1))
    }

    fn answer(status: u16, retry_after: Option<&'static str>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        }
        Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers,
            text: Bytes::from_static(b"{"),
            cut_short: None,
            request: SentRequest::example(),
            limits: AnswerLimits::new(),
        }
    }

    fn refused(on: &Operation, status: u16, retry_after: Option<&'static str>) -> Error {
        judgement::nothing(answer(status, retry_after))
            .map_err(Error::from_failure)
            .expect_err("a refusal")
            .on(on, "", None)
    }

    fn unreadable(on: &Operation, answer: Answer) -> Error {
        judgement::read_object::<crate::models::CrossTenantMigrationJob>(answer)
            .map_err(Error::from_failure)
            .expect_err("no object")
            .on(on, "", None)
    }

    #[test]
    fn the_back_off_doubles_up_to_its_cap_and_is_drawn_from_its_whole_range() {
        for (attempt, longest) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1000),
            (6, 1000),
            (33, 1000),
            (99, 1000),
        ] {
            let error = Error::new(ErrorKind::Connect, "").on(&operations::CANCEL_JOB, "", None);
            for (draw, part) in [(0.0, 0), (0.25, 25), (0.5, 50), (1.0, 100), (7.0, 100)] {
                assert_eq!(
                    policy().wait(&error, attempt, draw),
                    Some(Duration::from_millis(longest * part / 100)),
                    "attempt {attempt}, {draw}"
                );
            }
        }
    }

    #[test]
    fn extreme_settings_neither_overflow_nor_repeat_without_end() {
        let error = Error::new(ErrorKind::Connect, "").on(&operations::GET_JOB, "", None);
        let endless = RetryPolicy::default()
            .max_attempts(u32::MAX)
            .base_delay(Duration::MAX)
            .max_delay(Duration::MAX);
        assert!(endless.wait(&error, u32::MAX - 1, 0.9).is_some());
        assert_eq!(endless.wait(&error, u32::MAX, 0.9), None);
        for attempts in [0, 1] {
            assert_eq!(policy().max_attempts(attempts).wait(&error, 1, 0.5), None);
        }
        assert_eq!(RetryPolicy::never().wait(&error, 1, 0.5), None);
    }

    #[test]
    fn what_the_service_asks_beats_the_back_off() {
        let two_thirds = 2.0 / 3.0;
        for (header, expected) in [
            (Some("17"), Duration::from_secs(17)),
            (Some("2.128"), Duration::from_millis(2128)),
            (Some("0"), Duration::ZERO),
            (Some("Sat, 12 Dec 2009 20:00:00 GMT"), Duration::ZERO),
            (Some("soon"), Duration::from_millis(100).mul_f64(two_thirds)),
            (None, Duration::from_millis(100).mul_f64(two_thirds)),
        ] {
            let error = refused(&operations::CREATE_JOB, 429, header);
            assert_eq!(
                policy().wait(&error, 1, two_thirds),
                Some(expected),
                "{header:?}"
            );
        }
    }

    #[test]
    fn a_request_is_repeated_only_when_that_cannot_double_its_effect() {
        // For a read, an update, a deletion and an action.
        let methods = [
            operations::GET_JOB,
            operations::UPDATE_JOB,
            operations::DELETE_JOB,
            operations::CANCEL_JOB,
        ];
        let nothing = [false; 4];
        let all = [true; 4];
        let repeatable = [true, true, false, false];
        for (status, retry_after, expected) in [
            (429, None, all),
            (429, Some("3"), all),
            (503, Some("3"), all),
            (503, Some("soon"), repeatable),
            (503, None, repeatable),
            (408, None, repeatable),
            (500, None, repeatable),
            (500, Some("3"), repeatable),
            (502, None, repeatable),
            (504, None, repeatable),
            (509, None, repeatable),
            (400, None, nothing),
            (401, None, nothing),
            (403, Some("3"), nothing),
            (404, None, nothing),
            (409, None, nothing),
            (422, None, nothing),
            (501, None, nothing),
            (301, None, nothing),
        ] {
            let found = methods
                .each_ref()
                .map(|operation| refused(operation, status, retry_after).is_transient());
            assert_eq!(found, expected, "{status} {retry_after:?}");
        }
        for (kind, expected) in [
            (ErrorKind::Configuration, nothing),
            (ErrorKind::InvalidRequest, nothing),
            (ErrorKind::Token, nothing),
            (ErrorKind::RateLimited, nothing),
            (ErrorKind::Connect, all),
            (ErrorKind::Interrupted, repeatable),
        ] {
            let found = methods
                .each_ref()
                .map(|operation| Error::new(kind, "").on(operation, "", None).is_transient());
            assert_eq!(found, expected, "{kind:?}");
        }
    }

    #[test]
    fn a_body_is_asked_for_again_only_when_its_end_is_missing() {
        let whole = |text: &'static str| Answer {
            text: Bytes::from_static(text.as_bytes()),
            ..answer(200, None)
        };
        let cut = |cut_short| Answer {
            cut_short: Some(cut_short),
            ..answer(200, None)
        };
        for (answer, expected) in [
            (whole(r#"{"status":"pend"#), true),
            (cut(CutShort::BrokenOff(String::new())), true),
            (cut(CutShort::TooLong(1)), false),
            (whole("<html>"), false),
            (whole("[1,2]"), false),
        ] {
            let text = answer.text.clone();
            assert_eq!(
                unreadable(&operations::GET_JOB, answer.clone()).is_transient(),
                expected,
                "{text:?}"
            );
            assert!(!unreadable(&operations::CANCEL_JOB, answer).is_transient());
        }
    }
}
