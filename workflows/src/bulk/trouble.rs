//! Trouble that concerns a whole run: when to wait, and when to stop. Pure but for the clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::record::RecordError;
use msgraph_migrations::{Error, ErrorKind};

/// How many items in a row are denied before the rest counts as denied too.
const MAX_DENIED: u32 = 3;
/// How many items in a row are left in doubt before the service counts as unavailable.
const MAX_IN_DOUBT: u32 = 3;
/// The wait before the first item that tries whether trouble has passed.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that the service did not ask for.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Why a run stopped before its end.
///
/// What was under way was waited for and handed over; the rest was not sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunStopped {
    /// Why.
    pub reason: StopReason,
    /// How many items were not sent.
    pub unsent: usize,
}

/// What stopped a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// 401 or 403, several times in a row: the caller may not do this to anybody.
    Denied(Arc<Error>),
    /// The job that the run is about is not there.
    NoSuchJob(Arc<Error>),
    /// The service, the way to it, or the token source was unavailable for longer than
    /// [`BulkOptions::max_outage`](super::BulkOptions::max_outage), or asked for a longer pause.
    Outage(Arc<Error>),
    /// The record does not fit the run, or could not be written.
    Record(Arc<RecordError>),
}

impl RunStopped {
    /// The error of the service, of the way to it, or of the token source, if there is one.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.reason {
            StopReason::Denied(error)
            | StopReason::NoSuchJob(error)
            | StopReason::Outage(error) => Some(error),
            StopReason::Record(_) => None,
        }
    }
}

impl fmt::Display for RunStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            StopReason::Denied(_) => f.write_str("the service denies this to the caller")?,
            StopReason::NoSuchJob(_) => f.write_str("there is no such job")?,
            StopReason::Outage(_) => f.write_str("the service could not be used for too long")?,
            StopReason::Record(_) => f.write_str("the record cannot be used")?,
        }
        write!(f, "; {} items were not sent", self.unsent)
    }
}

impl std::error::Error for RunStopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            StopReason::Denied(error)
            | StopReason::NoSuchJob(error)
            | StopReason::Outage(error) => Some(error.as_ref()),
            StopReason::Record(error) => Some(error.as_ref()),
        }
    }
}

/// What the end of one call tells about the calls to come.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    /// The service works.
    Healthy,
    /// Nothing was sent, so that it tells nothing.
    Nothing,
    /// The service stumbled, and what it did is in doubt.
    InDoubt(Arc<Error>),
    /// It would be refused for every item.
    Denied(StopReason),
    /// It will be the same for every item.
    Stop(StopReason),
}

impl Signal {
    /// What a call that failed tells.
    pub fn of(error: &Arc<Error>) -> Self {
        match error.kind() {
            ErrorKind::InvalidRequest | ErrorKind::Configuration => Self::Nothing,
            _ if error.may_have_taken_effect() => Self::InDoubt(Arc::clone(error)),
            _ if error
                .status()
                .is_some_and(|status| matches!(status.as_u16(), 401 | 403)) =>
            {
                Self::Denied(StopReason::Denied(Arc::clone(error)))
            }
            _ => Self::Healthy,
        }
    }
}

impl Signal {
    /// The reason to stop before the first item; what nothing is known of is an outage.
    pub fn of_setup(error: Arc<Error>) -> StopReason {
        match Self::of(&error) {
            Self::Denied(reason) | Self::Stop(reason) => reason,
            _ => StopReason::Outage(error),
        }
    }
}

/// Whether the call was certainly not carried out, for a reason that concerns every call and passes.
pub(crate) fn can_wait(error: &Error) -> bool {
    !error.may_have_taken_effect()
        && match error.kind() {
            ErrorKind::Token | ErrorKind::RateLimited | ErrorKind::Connect => true,
            ErrorKind::Refused => error.is_transient(),
            _ => false,
        }
}

/// What the run does next.
#[derive(Debug)]
pub(crate) enum Reaction {
    GoOn,
    /// Sends nothing for this time, and then one item to see whether the trouble has passed.
    Wait(Duration),
    Stop(StopReason),
}

/// The trouble that a run is in.
#[derive(Debug)]
pub(crate) struct Trouble {
    max_outage: Duration,
    since: Option<Instant>,
    wait: Duration,
    denied: u32,
    in_doubt: u32,
}

impl Trouble {
    pub fn new(max_outage: Duration) -> Self {
        Self {
            max_outage,
            since: None,
            wait: FIRST_WAIT,
            denied: 0,
            in_doubt: 0,
        }
    }

    /// Whether items are sent one by one to see whether the trouble has passed.
    pub fn is_probing(&self) -> bool {
        self.since.is_some()
    }

    /// Takes in how a call ended.
    pub fn ended(&mut self, signal: Signal) -> Reaction {
        match signal {
            Signal::Healthy => {
                *self = Self::new(self.max_outage);
                Reaction::GoOn
            }
            Signal::Nothing => Reaction::GoOn,
            Signal::InDoubt(error) => {
                self.in_doubt += 1;
                if self.in_doubt < MAX_IN_DOUBT {
                    return Reaction::GoOn;
                }
                self.unavailable(error)
            }
            Signal::Denied(reason) => {
                self.denied += 1;
                if self.denied < MAX_DENIED {
                    return Reaction::GoOn;
                }
                Reaction::Stop(reason)
            }
            Signal::Stop(reason) => Reaction::Stop(reason),
        }
    }

    /// Takes in that a call could not be made.
    pub fn unavailable(&mut self, error: Arc<Error>) -> Reaction {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let wait = error.retry_after().unwrap_or_default().max(self.wait);
        self.wait = (self.wait * 2).min(MAX_WAIT);
        if (now + wait).saturating_duration_since(since) > self.max_outage {
            return Reaction::Stop(StopReason::Outage(error));
        }
        Reaction::Wait(wait)
    }
}
