//! Many items at once: cancellations and identity mappings, each with its own outcome.
//!
//! A run is a stream. It sends nothing before it is polled and nothing more after it is dropped, has a
//! bounded number of calls under way, and hands over every item with what came of it, in the order of
//! the input or as they end. With a [`Record`], a run that was interrupted is taken up again where it
//! stopped; without one, running again is safe too.
//!
//! ```
//! use futures_util::StreamExt;
//! use msgraph_migrations_workflows::Workflows;
//! use msgraph_migrations_workflows::bulk::{BulkOptions, Record};
//!
//! # async fn example(workflows: &Workflows, users: Vec<String>, saved: &str) -> Result<(), serde_json::Error> {
//! let record: Record = serde_json::from_str(saved)?;
//! let options = BulkOptions::new().record(&record);
//! let run = workflows.cancel_users("Alderwood wave 3", users, options);
//! let failed = run.filter(|user| std::future::ready(user.outcome.is_err())).count().await;
//! println!("{failed} failed; next time, begin with {}", serde_json::to_string(&record)?);
//! # Ok(())
//! # }
//! ```

mod cancel;
mod change;
pub(crate) mod engine;
mod mappings;
pub(crate) mod options;
mod ramp;
mod record;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

pub use cancel::{BulkCancelItem, BulkCancelOutcome};
pub use change::{BulkMappingOutcome, Unconfirmed};
pub use mappings::BulkMappingResult;
pub use options::{BulkOptions, Order, Progress};
pub use record::Record;

/// One item of a run and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BulkItem<I, O> {
    /// The place of the item in the list, from 0.
    pub place: usize,
    /// The item as it was given.
    pub input: I,
    /// What came of it.
    pub outcome: O,
}

/// The items of a run, as they are done.
///
/// Dropping it sends nothing more. What was on its way by then may still take effect.
///
/// Calls that are under way stand still while nobody polls the stream. A pause between two items that
/// is longer than the client's timeouts makes errors of them, whose answers may have come in time.
#[must_use = "nothing is sent before the stream is polled"]
pub struct Bulk<T>(Pin<Box<dyn Stream<Item = T> + Send>>);

impl<T> Bulk<T> {
    fn new(items: impl Stream<Item = T> + Send + 'static) -> Self {
        Self(Box::pin(items))
    }
}

impl<T> Stream for Bulk<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.as_mut().poll_next(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> fmt::Debug for Bulk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").finish_non_exhaustive()
    }
}
