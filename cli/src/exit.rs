//! How the command ends: exit codes, and what is said of a failure.

use std::fmt;
use std::process::ExitCode;

use msgraph_migrations::{Error, ErrorKind};
use msgraph_migrations_workflows::jobs::JobRunEnd;

use crate::error_codes::explain;
use crate::suggestion::command;

/// How the command ends, for scripts; the numbers are documented in the README and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or accepted by the service.
    Done = 0,
    /// Something that nobody foresaw.
    Unexpected = 1,
    /// The command line is wrong, or the confirmation is missing. Nothing was sent that changes anything.
    Usage = 2,
    /// The service refused because of the state of the job or user, or the job came to a bad end.
    Refused = 3,
    /// There is no such job, user or task.
    NotFound = 4,
    /// The token is missing, not good, or lacks a permission.
    NotAllowed = 5,
    /// The request is wrong.
    Invalid = 6,
    /// Throttled, timed out, or not reachable; nothing took effect.
    TryLater = 7,
    /// The answer was lost: it may have taken effect.
    Unknown = 8,
    /// Of several, some were done and some were not.
    Partly = 9,
    /// A plan has changes to make.
    Changes = 10,
    /// Somebody pressed Ctrl-C; the migration goes on.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What is said of a failure: what happened, why, and what to do next, one line each.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub what: String,
    pub why: Option<String>,
    pub next: Option<String>,
}

impl Failure {
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            why: None,
            next: None,
        }
    }

    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    pub fn unexpected(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new(Exit::Unexpected, what)
            .because(why)
            .next("repeat; if it stays so, report it with this message")
    }

    pub fn because(mut self, why: impl fmt::Display) -> Self {
        self.why = Some(why.to_string());
        self
    }

    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// What a failed call means; `look` is the command that shows the state.
    pub fn of_call(what: impl Into<String>, error: &Error, look: &str) -> Self {
        let exit = exit_of(error);
        let next = match exit {
            Exit::Unknown => format!("to find out: {look}"),
            Exit::NotFound => format!("see what there is: {}", command("jobs list")),
            Exit::NotAllowed => allowance(error),
            Exit::Invalid => match error.code().and_then(explain) {
                Some(known) => format!("{} {}", known.meaning, known.next),
                None => "correct the request and repeat".to_owned(),
            },
            Exit::TryLater => match error.retry_after() {
                Some(wait) => format!("nothing took effect; repeat in {} s", wait.as_secs().max(1)),
                None => "nothing took effect; repeat in a while".to_owned(),
            },
            _ => look.to_owned(),
        };
        Self::new(exit, what).because(told(error)).next(next)
    }
}

/// What is said of a failed call: of a token source also its own words, which alone tell what is wrong there.
pub fn told(error: &Error) -> String {
    let mut text = error.to_string();
    if error.kind() == ErrorKind::Token {
        let mut cause = std::error::Error::source(error);
        while let Some(why) = cause {
            let why_text = why.to_string();
            // Some repeat what they come from.
            if !text.contains(&why_text) {
                text = format!("{text}: {}", why_text.replace('\n', " "));
            }
            cause = why.source();
        }
    }
    text
}

fn allowance(error: &Error) -> String {
    match error.operation() {
        Some(operation) if error.kind() == ErrorKind::Refused => format!(
            "the token needs {}, and the caller the role Microsoft 365 Migration Administrator",
            operation.least_privileged_scope
        ),
        _ => format!(
            "sign in again, or set XTMIG_TOKEN to another token; {} tells what there is",
            command("auth check")
        ),
    }
}

/// The exit code of a failed call.
pub fn exit_of(error: &Error) -> Exit {
    if error.may_have_taken_effect() && !error.is_safe_to_repeat() {
        return Exit::Unknown;
    }
    if error.refusal().is_some() {
        return match error.status().map(|status| status.as_u16()) {
            Some(409) => Exit::Refused,
            Some(404 | 410) => Exit::NotFound,
            Some(401 | 403) => Exit::NotAllowed,
            Some(400 | 422) => Exit::Invalid,
            Some(408 | 429 | 500..=599) => Exit::TryLater,
            _ => Exit::Unexpected,
        };
    }
    match error.kind() {
        ErrorKind::InvalidRequest => Exit::Invalid,
        ErrorKind::Token => Exit::NotAllowed,
        ErrorKind::RateLimited | ErrorKind::Connect | ErrorKind::Interrupted => Exit::TryLater,
        ErrorKind::Configuration | ErrorKind::DescribedOnly => Exit::Usage,
        _ => Exit::Unexpected,
    }
}

/// How a command ends whose job was seen through so far.
pub fn exit_of_end(end: &JobRunEnd) -> Exit {
    match end {
        JobRunEnd::Completed | JobRunEnd::ValidationPassed | JobRunEnd::Reached(_) => Exit::Done,
        JobRunEnd::CompletedWithErrors => Exit::Partly,
        JobRunEnd::ValidationFailed
        | JobRunEnd::Failed
        | JobRunEnd::Cancelled
        | JobRunEnd::Elsewhere
        | JobRunEnd::ValidationNotStarted(_)
        | JobRunEnd::MigrationNotStarted(_)
        | JobRunEnd::ValidationExpired(_)
        | JobRunEnd::NameTaken
        | JobRunEnd::NotAllowed(_) => Exit::Refused,
        JobRunEnd::Gone => Exit::NotFound,
        JobRunEnd::DeadlinePassed => Exit::TryLater,
    }
}
