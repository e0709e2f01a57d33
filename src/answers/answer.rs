//! An answer of the service: status first, headers next, body last.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::answers::limits::AnswerLimits;
use crate::models::operation::Operation;

/// How much of an id that others made is shown.
pub(crate) const MAX_SHOWN_ID: usize = 100;

/// What came back for a request, whole and unjudged.
#[derive(Clone)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as far as it arrived.
    pub text: Bytes,
    /// Why the body is not complete, if it is not.
    pub cut_short: Option<CutShort>,
    /// The request that it answers.
    pub request: SentRequest,
    /// How much of it is taken in.
    pub limits: AnswerLimits,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct SentRequest {
    pub operation: &'static Operation,
    /// The path without the query.
    pub path: Arc<str>,
    /// The caller's id.
    pub client_request_id: Arc<str>,
}

/// Why a body is not complete.
#[derive(Clone, Debug)]
pub(crate) enum CutShort {
    /// The connection ended in the middle of it.
    BrokenOff(String),
    /// It is longer than any answer of this service.
    TooLong(usize),
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenOff(reason) => write!(f, "the body broke off: {reason}"),
            Self::TooLong(bytes) => write!(f, "the body is longer than {bytes} bytes"),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn request_id(&self) -> Option<&str> {
        self.header("request-id")
    }

    /// The caller's id as the service repeated it, if it did.
    pub fn echoed_client_request_id(&self) -> Option<&str> {
        self.header("client-request-id")
    }

    pub fn retry_after(&self) -> Option<Duration> {
        // A date is about the service's clock, which its answer tells.
        let now = self
            .header(DATE.as_str())
            .and_then(parse_http_date)
            .unwrap_or_else(|| SystemTime::now().into());
        parse_retry_after(self.header(RETRY_AFTER.as_str())?, now)
    }

    pub fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    /// The body without a byte order mark.
    pub fn json_text(&self) -> &[u8] {
        self.text
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(&self.text)
    }
}

/// Leaves out the body, which may name people, and the headers, which may set cookies.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("bytes", &self.text.len())
            .field("cut_short", &self.cut_short)
            .finish_non_exhaustive()
    }
}

/// Longer than anybody waits, and short enough to be added to any point in time.
const MAX_WAIT: Duration = Duration::from_hours(24 * 365);

/// Reads `Retry-After`: whole seconds, fractional seconds as Graph also sends them, or an HTTP
/// date.
pub(crate) fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return seconds
            .is_finite()
            .then(|| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(MAX_WAIT))
            .map(|wait| wait.min(MAX_WAIT));
    }
    let wait = parse_http_date(value)? - now;
    Some(wait.to_std().unwrap_or(Duration::ZERO).min(MAX_WAIT))
}

/// Reads the three forms of a date that recipients of HTTP must accept.
fn parse_http_date(value: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(date.to_utc());
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(value, form).ok())
        .map(|date| date.and_utc())
}

#[cfg(test)]
impl SentRequest {
    /// A request that tests have no interest in.
    pub fn example() -> Self {
        Self {
            operation: &crate::models::generated::operations::GET_JOB,
            path: Arc::default(),
            client_request_id: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn retry_after_is_read_in_its_three_forms() {
        for (value, expected) in [
            ("10", Some(Duration::from_secs(10))),
            ("2.128", Some(Duration::from_millis(2128))),
            (" 0 ", Some(Duration::ZERO)),
            ("-5", Some(Duration::ZERO)),
            (
                "Sat, 12 Dec 2026 20:01:30 GMT",
                Some(Duration::from_secs(90)),
            ),
            (
                "Saturday, 12-Dec-26 20:01:30 GMT",
                Some(Duration::from_secs(90)),
            ),
            ("Sat Dec 12 20:01:30 2026", Some(Duration::from_secs(90))),
            ("Sat, 12 Dec 2026 19:00:00 GMT", Some(Duration::ZERO)),
            ("Sun, 12 Dec 2026 20:01:30 GMT", None),
            ("99999999999999999999", Some(MAX_WAIT)),
            ("1e300", Some(MAX_WAIT)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(MAX_WAIT)),
            ("soon", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
        ] {
            assert_eq!(
                parse_retry_after(value, at("2026-12-12T20:00:00Z")),
                expected,
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_date_counts_from_the_clock_of_the_service() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (DATE, "Sat, 12 Dec 2009 20:00:00 GMT"),
            (RETRY_AFTER, "Sat, 12 Dec 2009 20:00:07 GMT"),
        ] {
            headers.insert(name, value.parse().expect("a header"));
        }
        let answer = Answer {
            status: StatusCode::SERVICE_UNAVAILABLE,
            headers,
            text: Bytes::new(),
            cut_short: None,
            request: SentRequest::example(),
            limits: AnswerLimits::new(),
        };
        assert_eq!(answer.retry_after(), Some(Duration::from_secs(7)));
    }
}
