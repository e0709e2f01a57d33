//! When something happens in a scenario.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::clock::latest;

/// A point in time as a scenario writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// `+2h30m`, so long after the scenario began.
    After(TimeDelta),
    /// `20:00`, the next time that the clock shows it in UTC.
    Clock(NaiveTime),
    /// `2026-01-09T20:00:00Z`.
    At(DateTime<Utc>),
}

impl When {
    /// Reads one of the three forms.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' isn't a time; write it like +2h30m, 20:00 or 2026-01-09T20:00:00Z")
        };
        if let Some(duration) = text.strip_prefix('+') {
            return duration_of(duration).map(Self::After).ok_or_else(wrong);
        }
        for form in ["%H:%M", "%H:%M:%S"] {
            if let Ok(time) = NaiveTime::parse_from_str(text, form) {
                return Ok(Self::Clock(time));
            }
        }
        DateTime::parse_from_rfc3339(text)
            .map(|at| at.to_utc())
            .ok()
            .filter(|at| *at <= latest() && *at >= DateTime::<Utc>::UNIX_EPOCH)
            .map(Self::At)
            .ok_or_else(wrong)
    }

    /// The point in time, for a scenario that began at `start`; a time of day is the next one from `from` on.
    pub(crate) fn resolve(self, start: DateTime<Utc>, from: DateTime<Utc>) -> DateTime<Utc> {
        let at = match self {
            Self::After(after) => start.checked_add_signed(after),
            Self::At(at) => Some(at),
            Self::Clock(time) => {
                let today = from.date_naive().and_time(time).and_utc();
                if today >= from {
                    Some(today)
                } else {
                    today.checked_add_signed(TimeDelta::days(1))
                }
            }
        };
        at.map_or_else(latest, |at| at.min(latest()))
    }
}

/// Reads `1d2h30m15s`, each part at most once and from the largest to the smallest.
fn duration_of(text: &str) -> Option<TimeDelta> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut parts = 0;
    for (unit, seconds) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            let count: u32 = number.parse().ok()?;
            total = total.checked_add(i64::from(count) * seconds)?;
            rest = after;
            parts += 1;
        }
    }
    (rest.is_empty() && parts > 0)
        .then(|| TimeDelta::try_seconds(total))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_resolved() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("a time").to_utc();
        let start = at("2026-01-05T08:00:00Z");
        let from = at("2026-01-05T21:00:00Z");
        for (text, expected) in [
            ("+0s", "2026-01-05T08:00:00Z"),
            ("+2h30m", "2026-01-05T10:30:00Z"),
            ("+1d5s", "2026-01-06T08:00:05Z"),
            ("21:00", "2026-01-05T21:00:00Z"),
            ("20:59:59", "2026-01-06T20:59:59Z"),
            ("2026-01-09T20:00:00+01:00", "2026-01-09T19:00:00Z"),
        ] {
            let when = When::parse(text).expect("a time");
            assert_eq!(when.resolve(start, from), at(expected), "{text}");
        }
        for wrong in [
            "",
            "+",
            "+2",
            "+h",
            "+2m1h",
            "+1h1h",
            "+-1h",
            "25:00",
            "8 pm",
            "20:00Z",
            "+99999999999h",
        ] {
            let error = When::parse(wrong).expect_err("no time");
            assert!(error.contains(wrong), "{error}");
        }
    }
}
