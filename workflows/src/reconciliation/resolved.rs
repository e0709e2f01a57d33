//! What became of an action.

use std::fmt;

use crate::reading::Reading;
use msgraph_migrations::Error;

/// What became of an action, by its answer or else by the state.
///
/// The claims that follow a lost answer are about the state: what another caller does to the same thing
/// in the same moments cannot be told from what this request did.
#[derive(Debug)]
#[must_use = "an action whose answer was lost may or may not have taken effect"]
pub enum Resolved<T, State> {
    /// The service answered, and this is its answer.
    Answered(T),
    /// No answer came, but what was asked for has happened since the state was read before.
    ///
    /// By this request, or in the same moments by another caller or the service itself.
    TookEffect {
        /// The state that shows it.
        state: State,
        /// Why there is no answer.
        error: Error,
    },
    /// No answer came, and it can neither have taken effect nor still do so.
    ///
    /// The state before the action did not allow it, and does not come to allow it by itself.
    RuledOut {
        /// The state that was read back.
        state: State,
        /// Why there is no answer.
        error: Error,
    },
    /// No answer came, and the state does not tell: it may have taken effect, or still do so.
    ///
    /// That nothing was seen to change is no proof, however long it was looked for.
    Unknown {
        /// The state as it was last read back, if any reading succeeded.
        last_seen: Option<State>,
        /// Why there is no answer.
        error: Error,
        /// The latest reading that failed, before or after the action; none if all succeeded.
        reading: Option<Error>,
    },
}

impl<T, State> Resolved<T, State> {
    /// The answer, if one came.
    pub fn answer(&self) -> Option<&T> {
        match self {
            Self::Answered(answer) => Some(answer),
            Self::TookEffect { .. } | Self::RuledOut { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The state that was read back, if an answer was lost and a reading succeeded.
    pub fn state(&self) -> Option<&State> {
        match self {
            Self::Answered(_) => None,
            Self::TookEffect { state, .. } | Self::RuledOut { state, .. } => Some(state),
            Self::Unknown { last_seen, .. } => last_seen.as_ref(),
        }
    }

    /// Why there is no answer; none if there is one.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Answered(_) => None,
            Self::TookEffect { error, .. }
            | Self::RuledOut { error, .. }
            | Self::Unknown { error, .. } => Some(error),
        }
    }
}

/// One line for a log: the conclusion, and each error that led to it.
impl<T, State> fmt::Display for Resolved<T, State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(_) => f.write_str("the service answered"),
            Self::TookEffect { error, .. } => {
                write!(f, "took effect, as the state shows ({error})")
            }
            Self::RuledOut { error, .. } => {
                write!(f, "had no effect, as the state shows ({error})")
            }
            Self::Unknown { error, reading, .. } => {
                write!(f, "still unknown whether it took effect ({error})")?;
                match reading {
                    Some(reading) => write!(f, "; the state could not be read ({reading})"),
                    None => f.write_str("; the state does not tell"),
                }
            }
        }
    }
}

/// What a reading found.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighting<T> {
    /// It is there, and this is its state.
    Present(T),
    /// The service says that there is no such thing.
    Absent,
}

impl<T> From<Reading<T>> for Sighting<T> {
    fn from(reading: Reading<T>) -> Self {
        match reading {
            Reading::Present(state) => Self::Present(state),
            Reading::Absent(_) => Self::Absent,
        }
    }
}

impl<T> Sighting<T> {
    /// What is there, if it is.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(state) => Some(state),
            Self::Absent => None,
        }
    }

    /// What is there, if it is.
    pub fn into_present(self) -> Option<T> {
        match self {
            Self::Present(state) => Some(state),
            Self::Absent => None,
        }
    }
}
