//! Times as the service writes them.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A point in time, as the service wrote it.
///
/// The text is kept, so that a time that no parser accepts loses nothing: Microsoft's own examples
/// contain `2025-7-18T09:08:04.451Z`, which is not ISO 8601. [`to_utc`](Self::to_utc) reads that
/// one too.
///
/// ```
/// use msgraph_migrations::DateTimeOffset;
///
/// let cutover: DateTimeOffset = "2026-12-12T20:00:00Z".parse()?;
/// assert_eq!(cutover.as_str(), "2026-12-12T20:00:00Z");
/// assert!(cutover.to_utc() > Some(chrono::DateTime::UNIX_EPOCH));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DateTimeOffset(String);

impl DateTimeOffset {
    /// The text as the service wrote it, or as it will be sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The time in UTC, if the text is one; months, days and hours without a leading zero are
    /// understood.
    #[must_use]
    pub fn to_utc(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.0)
            .map(|time| time.to_utc())
            .ok()
            .or_else(|| parse_unpadded(&self.0))
    }
}

impl fmt::Display for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes RFC 3339 only, since what is sent should be beyond doubt.
impl FromStr for DateTimeOffset {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|_| Self(text.to_owned()))
    }
}

impl From<DateTime<Utc>> for DateTimeOffset {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl From<SystemTime> for DateTimeOffset {
    fn from(time: SystemTime) -> Self {
        DateTime::<Utc>::from(time).into()
    }
}

fn parse_unpadded(text: &str) -> Option<DateTime<Utc>> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let date = NaiveDate::from_ymd_opt(
        date.next()?.parse().ok()?,
        date.next()?.parse().ok()?,
        date.next()?.parse().ok()?,
    )?;
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (time.next()?.parse().ok()?, time.next()?.parse().ok()?);
    let (second, fraction) = time
        .next()?
        .split_once('.')
        .map_or_else(|| (None, ""), |(s, f)| (Some(s), f));
    let second = match second {
        Some(second) => second.parse().ok()?,
        None => text.strip_suffix('Z')?.rsplit(':').next()?.parse().ok()?,
    };
    let nanoseconds = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    date.and_hms_nano_opt(hour, minute, second, nanoseconds)
        .map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> Option<String> {
        DateTimeOffset(text.to_owned())
            .to_utc()
            .map(|time| DateTimeOffset::from(time).0)
    }

    #[test]
    fn a_time_is_read_with_and_without_leading_zeros() {
        for (text, expected) in [
            ("2026-12-12T20:00:00Z", Some("2026-12-12T20:00:00Z")),
            (
                "2026-11-20T09:30:12.4410087Z",
                Some("2026-11-20T09:30:12.441008700Z"),
            ),
            ("2026-11-20T10:30:12+01:00", Some("2026-11-20T09:30:12Z")),
            ("2025-7-8T9:08:04.451Z", Some("2025-07-08T09:08:04.451Z")),
            ("2025-7-8T9:08:04Z", Some("2025-07-08T09:08:04Z")),
            ("2025-13-8T9:08:04Z", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
