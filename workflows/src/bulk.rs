//! Many items at once: users, jobs, SharePoint tasks and identity mappings, each with its own outcome.
//!
//! A run is a stream. It sends nothing before it is polled and nothing more after it is dropped, has a
//! bounded number of calls under way, and hands over every item with what came of it, in the order of
//! the input or as they end. With a [`Record`], a run that was interrupted, even by `kill -9`, is taken
//! up again where it stopped; without one, running again is safe too.
//!
//! What concerns the whole run is no outcome of an item: a pause that the service asks for, an outage
//! of the service or of the token source is sat out for [`BulkOptions::max_outage`], and no item is lost
//! to it. Beyond that, and when the caller may not do this at all or there is no such job, the stream
//! ends with one [`RunStopped`], and what was not sent stays unsent.
//!
//! ```
//! use futures_util::TryStreamExt;
//! use msgraph_migrations_workflows::Workflows;
//! use msgraph_migrations_workflows::bulk::{BulkOptions, Record};
//!
//! # async fn example(workflows: &Workflows, users: Vec<String>, tenant: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let record = Record::open("weekend.jsonl", workflows.client().endpoint(), tenant)?;
//! let options = BulkOptions::new().record(&record);
//! let mut run = workflows.cancel_users("Alderwood wave 3", users, options);
//! while let Some(user) = run.try_next().await? {
//!     if !user.outcome.is_ok_and(|outcome| outcome.is_settled()) {
//!         println!("{} is not known to be cancelled", user.input);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod cancel;
mod cancel_outcome;
mod change;
mod each;
mod engine;
#[cfg(test)]
mod fuzz;
mod jobs;
mod mappings;
mod options;
mod read_together;
mod record;
mod slow_start;
mod trouble;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

pub use cancel_outcome::{BulkCancelItem, BulkCancelOutcome};
pub use change::{BulkMappingOutcome, Unconfirmed};
pub use jobs::{BulkJobItem, BulkTaskItem};
pub use mappings::BulkMappingResult;
pub use options::{BulkOptions, Order, Progress};
pub use record::{Record, RecordError};
pub use trouble::{RunStopped, StopReason};

/// One item of a run and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BulkItem<I, O> {
    /// The index of the item in the list, from 0.
    pub index: usize,
    /// The item as it was given.
    pub input: I,
    /// What came of it.
    pub outcome: O,
}

/// The items of a run, as they are done, and an error only if the run stops before its end.
///
/// The list is read as the run gets to its items, so that it may be as long as one likes, and may come
/// from a file: about as many items are kept as calls are under way, besides those that are
/// [read back](BulkOptions::confirm), of which there are at most 2,000, and those that ended before their
/// turn in [input order](Order::Input), of which there are about 1,000. Of what is done, a [`Record`]
/// keeps some bytes for each item.
///
/// Dropping it sends nothing more. What was on its way by then may still take effect.
///
/// Calls that are under way stand still while nobody polls the stream. A pause between two items that
/// is longer than the client's timeouts makes errors of them, whose answers may have come in time.
#[must_use = "nothing is sent before the stream is polled"]
pub struct Bulk<'a, T>(Pin<Box<dyn Stream<Item = Result<T, RunStopped>> + Send + 'a>>);

impl<'a, T> Bulk<'a, T> {
    fn new(items: impl Stream<Item = Result<T, RunStopped>> + Send + 'a) -> Self {
        Self(Box::pin(items))
    }
}

impl<T> Stream for Bulk<'_, T> {
    type Item = Result<T, RunStopped>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Bulk<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").finish_non_exhaustive()
    }
}
