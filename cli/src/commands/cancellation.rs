//! What cancellations came to: four buckets that are always all shown.

use msgraph_migrations::Error;
use serde_json::Value;

use crate::exit::{Exit, Failure, exit_of, told};
use crate::interruption::NOT_SENT;
use crate::output::{Output, Row};

/// How many commands are suggested at most.
const MAX_SUGGESTED: usize = 5;

/// What a cancellation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// It is cancelled.
    Cancelled,
    /// The cancellation is being carried out.
    BeingCancelled,
    /// It was over before: completed or failed. The one bucket that is shown only when somebody is in it.
    OverAlready,
    /// It was not cancelled and goes on.
    GoesOn,
    /// Nobody knows.
    Unknown,
}

impl Bucket {
    const ALL: [Self; 5] = [
        Self::Cancelled,
        Self::BeingCancelled,
        Self::OverAlready,
        Self::GoesOn,
        Self::Unknown,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::BeingCancelled => "being cancelled",
            Self::OverAlready => "over already",
            Self::GoesOn => "GOES ON",
            Self::Unknown => "UNKNOWN",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::BeingCancelled => "beingCancelled",
            Self::OverAlready => "overAlready",
            Self::GoesOn => "goesOn",
            Self::Unknown => "unknown",
        }
    }
}

/// What came of the cancellation of one job or user.
#[derive(Debug)]
pub struct Cancelled {
    pub name: String,
    pub bucket: Bucket,
    /// Why, in a sentence.
    pub reason: String,
    /// What can still be done, where something can.
    pub next: Option<String>,
    /// The exit code of the error, where one kept it from being cancelled.
    pub exit: Option<Exit>,
}

impl Cancelled {
    /// One whose cancellation ended in an error: it goes on, or nobody knows.
    pub fn failed(name: String, error: &Error) -> Self {
        let is_unknown = error.may_have_taken_effect();
        Self {
            name,
            bucket: if is_unknown {
                Bucket::Unknown
            } else {
                Bucket::GoesOn
            },
            reason: told(error),
            next: None,
            exit: (!is_unknown).then(|| exit_of(error)),
        }
    }

    /// One that was not sent, since Ctrl-C came before.
    pub fn not_sent(name: String) -> Self {
        Self {
            name,
            bucket: Bucket::GoesOn,
            reason: NOT_SENT.to_owned(),
            next: None,
            exit: Some(Exit::Interrupted),
        }
    }

    /// One whose answer was not waited for, since Ctrl-C was pressed twice.
    pub fn left(name: String) -> Self {
        Self {
            name,
            bucket: Bucket::Unknown,
            reason: "interrupted before its answer came: it may have been sent".to_owned(),
            next: None,
            exit: None,
        }
    }
}

/// Shows what came of all, and says how the command ends. `look` is the command that shows the state of one.
pub fn conclude(
    all: &[Cancelled],
    look: impl Fn(&str) -> String,
    output: &mut Output,
) -> Result<Exit, Failure> {
    if output.is_table() {
        let mut rows = Vec::new();
        for bucket in Bucket::ALL {
            let of_bucket: Vec<_> = all.iter().filter(|one| one.bucket == bucket).collect();
            if bucket == Bucket::OverAlready && of_bucket.is_empty() {
                continue;
            }
            rows.push(
                Row::new()
                    .with("outcome", bucket.title())
                    .with("count", of_bucket.len())
                    .with("name", "")
                    .with("reason", ""),
            );
            if matches!(bucket, Bucket::GoesOn | Bucket::Unknown) {
                rows.extend(of_bucket.into_iter().map(|one| {
                    Row::new()
                        .with("outcome", "")
                        .with("count", "")
                        .with("name", one.name.as_str())
                        .with("reason", one.reason.as_str())
                }));
            }
        }
        output.rows(&rows, "")?;
    } else {
        let rows: Vec<_> = all
            .iter()
            .map(|one| {
                Row::new()
                    .with("name", one.name.as_str())
                    .with("outcome", Value::from(one.bucket.key()))
                    .with("reason", one.reason.as_str())
            })
            .collect();
        output.rows(&rows, "")?;
    }
    for one in all {
        if let Some(next) = &one.next {
            output.say(&format!("{}: {next}", one.name));
        }
    }
    let mut unknown = all.iter().filter(|one| one.bucket == Bucket::Unknown);
    for one in unknown.by_ref().take(MAX_SUGGESTED) {
        output.say(&format!("to find out: {}", look(&one.name)));
    }
    let others = unknown.count();
    if others > 0 {
        output.say(&format!("and so for {others} others"));
    }
    Ok(exit(all))
}

fn exit(all: &[Cancelled]) -> Exit {
    if all.iter().any(|one| one.bucket == Bucket::Unknown) {
        return Exit::Unknown;
    }
    let going_on: Vec<_> = all
        .iter()
        .filter(|one| one.bucket == Bucket::GoesOn)
        .collect();
    match going_on.first() {
        None => Exit::Done,
        _ if going_on
            .iter()
            .any(|one| one.exit == Some(Exit::Interrupted)) =>
        {
            Exit::Interrupted
        }
        Some(first) if going_on.len() == all.len() => first.exit.unwrap_or(Exit::Refused),
        Some(_) => Exit::Partly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bucket: Bucket) -> Cancelled {
        Cancelled {
            name: "Alderwood wave 3".to_owned(),
            bucket,
            reason: String::new(),
            next: None,
            exit: None,
        }
    }

    #[test]
    fn unknown_beats_partly_and_partly_beats_done() {
        use Bucket::{BeingCancelled, Cancelled, GoesOn, OverAlready, Unknown};
        for (buckets, expected) in [
            (vec![Cancelled, BeingCancelled, OverAlready], Exit::Done),
            (vec![GoesOn, GoesOn], Exit::Refused),
            (vec![GoesOn, Cancelled], Exit::Partly),
            (vec![GoesOn, Cancelled, Unknown], Exit::Unknown),
        ] {
            let mut all: Vec<_> = buckets.iter().copied().map(one).collect();
            assert_eq!(exit(&all), expected, "{buckets:?}");
            all.push(super::Cancelled::not_sent("Alderwood wave 4".to_owned()));
            let interrupted = match expected {
                Exit::Unknown => Exit::Unknown,
                _ => Exit::Interrupted,
            };
            assert_eq!(exit(&all), interrupted, "{buckets:?}, then Ctrl-C");
        }
    }
}
