//! Times as the service writes them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::models::one_line::show_value;

/// A point in time, as the service wrote it.
///
/// The text is kept, so that a time that no parser accepts loses nothing: Microsoft's own examples
/// contain `2025-7-18T09:08:04.451Z`, which is not ISO 8601. [`to_utc`](Self::to_utc) reads that
/// one too.
///
/// Two are equal when their texts are. They are ordered by the times that they name, whatever the offset they
/// are written with; texts for the same time follow each other in the order of their letters, and texts that
/// name no time come last.
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

/// On one line, whatever the service wrote; [`as_str`](Self::as_str) is the text itself.
impl fmt::Display for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_value(&self.0, f)
    }
}

/// Takes RFC 3339 only, since what is sent should be beyond doubt.
impl FromStr for DateTimeOffset {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|_| Self(text.to_owned()))
    }
}

impl Ord for DateTimeOffset {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |date: &Self| {
            let time = date.to_utc();
            (time.is_none(), time)
        };
        key(self)
            .cmp(&key(other))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for DateTimeOffset {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A time in a year that RFC 3339 cannot write: before 0 or after 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearOutOfRange {
    year: i32,
}

impl fmt::Display for YearOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the year {} cannot be sent: RFC 3339 writes years from 0 to 9999",
            self.year
        )
    }
}

impl std::error::Error for YearOutOfRange {}

/// Refuses years that nobody could read back, rather than move a date.
impl TryFrom<DateTime<Utc>> for DateTimeOffset {
    type Error = YearOutOfRange;

    fn try_from(time: DateTime<Utc>) -> Result<Self, Self::Error> {
        match time.year() {
            0..=9999 => Ok(Self(time.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
            year => Err(YearOutOfRange { year }),
        }
    }
}

/// Refuses years that nobody could read back, rather than move a date.
impl TryFrom<SystemTime> for DateTimeOffset {
    type Error = YearOutOfRange;

    fn try_from(time: SystemTime) -> Result<Self, Self::Error> {
        // The conversion of the library panics on what it cannot count.
        let (seconds, nanoseconds) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()), since.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).map(|seconds| -seconds);
                match before.subsec_nanos() {
                    0 => (seconds, 0),
                    nanoseconds => (seconds.map(|s| s - 1), 1_000_000_000 - nanoseconds),
                }
            }
        };
        let far = YearOutOfRange { year: i32::MAX };
        let seconds = seconds.map_err(|_| far)?;
        DateTime::from_timestamp(seconds, nanoseconds)
            .ok_or(if seconds < 0 {
                YearOutOfRange { year: i32::MIN }
            } else {
                far
            })?
            .try_into()
    }
}

/// The form of the documents' examples, in UTC, whose numbers need no leading zeros; nothing else is taken for a date.
fn parse_unpadded(text: &str) -> Option<DateTime<Utc>> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (year, month_and_day) = date.split_once('-')?;
    let (month, day) = month_and_day.split_once('-')?;
    let (hour, minute_and_second) = time.split_once(':')?;
    let (minute, second) = minute_and_second.split_once(':')?;
    let (second, nanosecond) = match second.split_once('.') {
        None => (second, 0),
        Some((second, fraction)) => {
            number(fraction, usize::MAX)?;
            (second, format!("{fraction:0<9}").get(..9)?.parse().ok()?)
        }
    };
    let [month, day, hour, minute, second] =
        [month, day, hour, minute, second].map(|text| number(text, 2)?.parse().ok());
    NaiveDate::from_ymd_opt(number(year, 4)?.parse().ok()?, month?, day?)?
        .and_hms_nano_opt(hour?, minute?, second?, nanosecond)
        .map(|time| time.and_utc())
}

/// The text, if it consists of digits, and of no more than so many.
fn number(text: &str, most: usize) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    Some(text).filter(|_| is_number && text.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> Option<String> {
        DateTimeOffset(text.to_owned()).to_utc().map(|time| {
            DateTimeOffset::try_from(time)
                .expect("a year that can be written")
                .0
        })
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
            (
                "2025-7-8T9:08:04.1234567891Z",
                Some("2025-07-08T09:08:04.123456789Z"),
            ),
            ("2025-13-8T9:08:04Z", None),
            ("2025-7-8T9:08:04.Z", None),
            ("2025-7-8T9:08Z", None),
            ("2025-+7-8T+9:08:04Z", None),
            ("2025-7-8T9:08:04.+5Z", None),
            ("2025-7-8T9:08:04.123456789abcZ", None),
            ("2025-7-8T9:08:04Zor later:04Z", None),
            ("20250-7-8T9:08:04Z", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_back_or_is_refused() {
        let at = |year| {
            chrono::NaiveDate::from_ymd_opt(year, 6, 1).and_then(|day| day.and_hms_opt(1, 2, 3))
        };
        for (year, written) in [
            (-1, false),
            (0, true),
            (9999, true),
            (10_000, false),
            (200_000, false),
        ] {
            let time = at(year).expect("a day").and_utc();
            let date = DateTimeOffset::try_from(time);
            assert_eq!(date.is_ok(), written, "{year}");
            if let Ok(date) = date {
                assert_eq!(date.to_utc(), Some(time));
                assert_eq!(date.as_str().parse(), Ok(date.clone()));
                let system = DateTimeOffset::try_from(SystemTime::from(time));
                assert_eq!(system, Ok(date), "{year}");
            }
        }
        let far = SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(u64::MAX >> 2));
        if let Some(far) = far {
            assert!(DateTimeOffset::try_from(far).is_err());
        }
    }

    #[test]
    fn dates_are_ordered_by_time_and_equal_by_text() {
        let mut dates: Vec<_> = [
            "soon",
            "2026-12-12T20:00:00Z",
            "2026-12-12T20:30:00+01:00",
            "2026-12-12T21:00:00+01:00",
            "2025-7-8T9:08:04Z",
            "later",
        ]
        .map(|text| DateTimeOffset(text.to_owned()))
        .into();
        dates.sort();
        let texts: Vec<_> = dates.iter().map(DateTimeOffset::as_str).collect();
        assert_eq!(
            texts,
            [
                "2025-7-8T9:08:04Z",
                "2026-12-12T20:30:00+01:00",
                "2026-12-12T20:00:00Z",
                "2026-12-12T21:00:00+01:00",
                "later",
                "soon",
            ]
        );
        assert_ne!(dates[2], dates[3], "the same time, but another text");
    }
}
