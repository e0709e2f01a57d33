//! How a run over many items goes about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::record::Record;
use crate::reconciliation::ReadBack;
use msgraph_migrations::MAX_MAPPINGS;

/// How many calls are under way at once unless set.
const CONCURRENCY: usize = 8;

/// Options of a run over many items.
///
/// ```
/// use msgraph_migrations_workflows::bulk::{BulkOptions, Order};
///
/// let options = BulkOptions::new()
///     .concurrency(4)
///     .order(Order::AsCompleted)
///     .on_progress(|progress| println!("{} of {}", progress.ended(), progress.total));
/// ```
#[derive(Clone)]
pub struct BulkOptions {
    pub(crate) concurrency: usize,
    pub(crate) order: Order,
    pub(crate) record: Option<Record>,
    pub(crate) max_outage: Duration,
    pub(crate) confirm: Option<ReadBack>,
    pub(crate) confirms_accepted: bool,
    pub(crate) max_repeats: u32,
    pub(crate) read_back: ReadBack,
    pub(crate) request_size: usize,
    pub(crate) report: Option<ReportProgress>,
}

pub(crate) type ReportProgress = Arc<dyn Fn(&Progress) + Send + Sync>;

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
    /// The items that were given, as far as the list tells before it is read to its end.
    ///
    /// Lists of a known length tell at once; of others, these are those that were read by now.
    pub total: usize,
    /// Those that were left out because the record had them as done.
    pub skipped: usize,
    /// Those that are as they were asked to be: accepted, applied, or so already.
    pub done: usize,
    /// Those that the service answered without doing them, or without saying that it did.
    pub not_done: usize,
    /// Those whose call failed.
    pub failed: usize,
    /// For how long the run sends nothing, since the service asked for a pause or is unavailable; none
    /// while it goes on.
    pub paused_for: Option<Duration>,
}

impl Progress {
    /// The items that need no further waiting.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.skipped + self.done + self.not_done + self.failed
    }
}

impl BulkOptions {
    /// Eight calls at once, input order, no record, no progress; outages of a day are sat out.
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

    /// Leaves out what this record has as done, and adds to it what gets done.
    ///
    /// Whoever is in the list twice is done once, then.
    ///
    /// A record of another service or tenant stops the run before anything is sent.
    #[must_use]
    pub fn record(mut self, record: &Record) -> Self {
        self.record = Some(record.clone());
        self
    }

    /// Sits out pauses and outages up to this long; 24 h unless set, and zero sits out none.
    ///
    /// Meanwhile nothing is sent but, from time to time, one item to see whether the trouble has passed.
    /// Beyond that, the run stops with one error and leaves the rest unsent.
    #[must_use]
    pub fn max_outage(mut self, time: Duration) -> Self {
        self.max_outage = time;
        self
    }

    /// Reads each cancelled user or task back, until it is seen as cancelled or about to be, or the
    /// policy's readings or time are over.
    ///
    /// So are those whose answer was lost. Without this, or [`confirm_lost`](Self::confirm_lost), nobody
    /// is read back. Users are read back many at once, by the list of the job's users where that takes
    /// fewer requests than to read each of them: when 250 have gathered, five seconds after the first of
    /// them, or when there is nobody left to send. The policy counts from then, and not the time in which
    /// nothing can be read.
    #[must_use]
    pub fn confirm(mut self, policy: ReadBack) -> Self {
        self.confirm = Some(policy);
        self.confirms_accepted = true;
        self
    }

    /// Reads back only those users and tasks whose answer was lost, otherwise as
    /// [`confirm`](Self::confirm) does.
    ///
    /// What the service accepted is handed over at once.
    #[must_use]
    pub fn confirm_lost(mut self, policy: ReadBack) -> Self {
        self.confirm = Some(policy);
        self.confirms_accepted = false;
        self
    }

    /// Sends a cancellation again, up to so many times, when its answer was lost and the state that was
    /// read back shows that it did not take effect; 0 unless set.
    ///
    /// A cancellation that arrives twice does no harm: the second is answered by 409. It needs
    /// [`confirm`](Self::confirm) or [`confirm_lost`](Self::confirm_lost) where users and tasks are
    /// cancelled, and sends nothing again that could not be read back.
    #[must_use]
    pub fn max_repeats(mut self, repeats: u32) -> Self {
        self.max_repeats = repeats;
        self
    }

    /// Sets how to read back what became of a request about a job, or of the creation of a task, whose
    /// answer was lost.
    #[must_use]
    pub fn read_back(mut self, policy: ReadBack) -> Self {
        self.read_back = policy;
        self
    }

    /// Sends so many changes of mappings in one request, from 1 to [`MAX_MAPPINGS`], which it is unless
    /// set.
    #[must_use]
    pub fn request_size(mut self, changes: usize) -> Self {
        self.request_size = changes.clamp(1, MAX_MAPPINGS);
        self
    }

    /// Calls `report` whenever a request of the run has ended, and when the run pauses.
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
            max_outage: Duration::from_hours(24),
            confirm: None,
            confirms_accepted: false,
            max_repeats: 0,
            read_back: ReadBack::default(),
            request_size: MAX_MAPPINGS,
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
            .field("max_outage", &self.max_outage)
            .field("confirm", &self.confirm)
            .field("confirms_accepted", &self.confirms_accepted)
            .field("max_repeats", &self.max_repeats)
            .field("read_back", &self.read_back)
            .field("request_size", &self.request_size)
            .finish_non_exhaustive()
    }
}
