//! Times as people read them.

use std::time::Duration;

use chrono::{DateTime, Local, SecondsFormat, TimeDelta, Utc};
use msgraph_migrations::DateTimeOffset;

/// In which zone times are shown.
#[derive(Clone, Copy, Debug)]
pub enum Zone {
    Local,
    Utc,
}

impl Zone {
    /// A time of the service; one that cannot be read is shown as it came.
    pub fn show(self, time: Option<&DateTimeOffset>) -> String {
        let Some(time) = time else {
            return String::new();
        };
        match time.to_utc() {
            None => time.as_str().to_owned(),
            Some(time) => self.format(time),
        }
    }

    /// A point in time, to the minute.
    pub fn format(self, time: DateTime<Utc>) -> String {
        match self {
            Self::Utc => time.format("%Y-%m-%d %H:%MZ").to_string(),
            Self::Local => time
                .with_timezone(&Local)
                .format("%Y-%m-%d %H:%M %:z")
                .to_string(),
        }
    }

    /// The time of day, to the second.
    pub fn clock(self, time: DateTime<Utc>) -> String {
        match self {
            Self::Utc => time.format("%H:%M:%SZ").to_string(),
            Self::Local => time.with_timezone(&Local).format("%H:%M:%S").to_string(),
        }
    }
}

/// How far `time` is from `now`, in the two largest units.
pub fn distance(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let length = two_units((time - now).abs());
    if time >= now {
        format!("in {length}")
    } else {
        format!("{length} ago")
    }
}

pub fn two_units(length: TimeDelta) -> String {
    let minutes = length.num_minutes();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A length of time that somebody typed, such as `90m` or `2d`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write it like 30s, 90m, 12h or 2d".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// A time as the service takes it.
pub fn to_service(time: DateTime<Utc>) -> Result<DateTimeOffset, String> {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        .parse()
        .map_err(|error| format!("{error}"))
}

/// A time that somebody typed: with a zone, or in the local one.
pub fn parse(text: &str) -> Result<DateTimeOffset, String> {
    if let Ok(time) = text.parse::<DateTimeOffset>() {
        return Ok(time);
    }
    let naive = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| chrono::NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(|| {
            "write it like 2026-12-12T20:00:00Z, or 2026-12-12 20:00 in local time".to_owned()
        })?;
    match naive.and_local_timezone(Local) {
        chrono::LocalResult::Single(time) => to_service(time.to_utc()),
        chrono::LocalResult::Ambiguous(..) => Err(
            "the clocks go back then, so that there are two such times; name the zone".to_owned(),
        ),
        chrono::LocalResult::None => Err(
            "the clocks go forward then, so that there is no such time; name the zone".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_distance_has_two_units_and_a_direction() {
        let now = at("2026-12-12T20:00:00Z");
        for (time, expected) in [
            ("2026-12-12T20:00:30Z", "in less than a minute"),
            ("2026-12-12T20:09:00Z", "in 9 min"),
            ("2026-12-12T16:04:00Z", "3 h 56 min ago"),
            ("2026-12-19T22:00:00Z", "in 7 d 2 h"),
        ] {
            assert_eq!(distance(at(time), now), expected, "{time}");
        }
    }

    #[test]
    fn a_typed_length_has_a_number_and_a_unit() {
        for (text, seconds) in [("30s", 30), ("90m", 5400), ("12h", 43200), ("2d", 172_800)] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for wrong in ["", "90", "m", "1w", "-1h", "99999999999999999999d", "1h30m"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_typed_time_needs_a_date_and_a_time() {
        assert_eq!(
            parse("2026-12-12T20:00:00Z")
                .as_ref()
                .map(DateTimeOffset::as_str),
            Ok("2026-12-12T20:00:00Z")
        );
        assert!(parse("2026-12-12 20:00").is_ok());
        for wrong in ["tomorrow", "2026-12-12", "20:00", "2026-13-01 00:00"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
