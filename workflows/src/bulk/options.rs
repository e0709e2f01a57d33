//! How a run over many items goes about it.

use std::fmt;
use std::sync::Arc;

use super::record::Record;

/// How many calls are under way at once unless set.
const CONCURRENCY: usize = 8;

/// Options of a run over many items.
///
/// ```
/// use msgraph_migrations_workflows::bulk::{BulkOptions, Order, Record};
///
/// let record = Record::new();
/// let options = BulkOptions::new()
///     .concurrency(4)
///     .order(Order::AsCompleted)
///     .record(&record)
///     .on_progress(|progress| println!("{} of {}", progress.ended(), progress.total));
/// ```
#[derive(Clone)]
pub struct BulkOptions {
    pub(crate) concurrency: usize,
    pub(crate) order: Order,
    pub(crate) record: Option<Record>,
    pub(crate) report: Option<Report>,
}

pub(crate) type Report = Arc<dyn Fn(&Progress) + Send + Sync>;

/// In which order a run hands over its items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they were given; what ends early is kept until its turn.
    #[default]
    Input,
    /// As they end.
    AsCompleted,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The items that were given.
    pub total: usize,
    /// Those that were left out because the record had them as done.
    pub skipped: usize,
    /// Those that are as they were asked to be: accepted, applied, or so already.
    pub done: usize,
    /// Those that the service answered without doing them, or without saying that it did.
    pub not_done: usize,
    /// Those whose call failed.
    pub failed: usize,
}

impl Progress {
    /// The items that need no further waiting.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.skipped + self.done + self.not_done + self.failed
    }
}

impl BulkOptions {
    /// Eight calls at once, input order, no record, no progress.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows so many calls to be under way at once, at least one.
    ///
    /// A run begins with few and gets there as answers come. However many there are, all calls of a
    /// client slow down together when the service throttles.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Chooses the order in which items are handed over.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Leaves out what this record has as done when the run is set up, and adds to it what gets done.
    #[must_use]
    pub fn record(mut self, record: &Record) -> Self {
        self.record = Some(record.clone());
        self
    }

    /// Calls `report` whenever a request of the run has ended.
    ///
    /// It runs between answers, so that it should be quick.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.report = Some(Arc::new(report));
        self
    }
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            order: Order::default(),
            record: None,
            report: None,
        }
    }
}

impl fmt::Debug for BulkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkOptions")
            .field("concurrency", &self.concurrency)
            .field("order", &self.order)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
