//! An answer of the service: status first, headers next, body last.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What came back for a request, whole and unjudged.
#[derive(Clone)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as far as it arrived.
    pub text: Bytes,
    /// Why the body is not complete, if it is not.
    pub cut_short: Option<String>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn request_id(&self) -> Option<&str> {
        self.header("request-id")
    }

    pub fn client_request_id(&self) -> Option<&str> {
        self.header("client-request-id")
    }

    pub fn retry_after(&self) -> Option<Duration> {
        parse_retry_after(self.header(RETRY_AFTER.as_str())?, SystemTime::now())
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

/// Reads `Retry-After`: whole seconds, fractional seconds as Graph also sends them, or an HTTP
/// date.
pub(crate) fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?.to_utc();
    Some(
        (date - DateTime::<Utc>::from(now))
            .to_std()
            .unwrap_or(Duration::ZERO),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_its_three_forms() {
        let now = DateTime::parse_from_rfc3339("2026-12-12T20:00:00Z").map(SystemTime::from);
        let now = now.unwrap_or(SystemTime::UNIX_EPOCH);
        for (value, expected) in [
            ("10", Some(Duration::from_secs(10))),
            ("2.128", Some(Duration::from_millis(2128))),
            (" 0 ", Some(Duration::ZERO)),
            ("-5", Some(Duration::ZERO)),
            (
                "Sat, 12 Dec 2026 20:01:30 GMT",
                Some(Duration::from_secs(90)),
            ),
            ("Sat, 12 Dec 2026 19:00:00 GMT", Some(Duration::ZERO)),
            ("soon", None),
            ("NaN", Some(Duration::ZERO)),
            ("inf", None),
            ("", None),
        ] {
            assert_eq!(parse_retry_after(value, now), expected, "{value:?}");
        }
    }
}
