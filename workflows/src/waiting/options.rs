//! How to wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::observation::JobObservation;

/// How often to look, for how long, and what to tolerate meanwhile.
///
/// While nothing changes, the interval between two readings grows by half from time to time, up to
/// the longest; a change brings it back to the shortest. Each is drawn at random near that, so that
/// many who wait do not ask at once. `Retry-After` is honoured, however long.
///
/// ```
/// use std::time::Duration;
/// use msgraph_migrations_workflows::waiting::WaitOptions;
///
/// let options = WaitOptions::new()
///     .deadline(Duration::from_secs(48 * 3600))
///     .on_observation(|seen| println!("{}: {:?}", seen.asked_for, seen.event));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct WaitOptions {
    /// The shortest interval between two readings; 5 s unless set, and never under a millisecond.
    pub min_interval: Duration,
    /// The longest interval between two readings; 2 min unless set.
    pub max_interval: Duration,
    /// How long the whole wait may take, counted from the call; without end unless set.
    ///
    /// A migration may take weeks, and a deletion thirty days.
    pub deadline: Option<Duration>,
    /// How long nothing may change before that is reported, once until the next change; 1 h unless
    /// set.
    pub stalled_after: Option<Duration>,
    /// How long readings may fail by passing trouble before that is reported, once until one succeeds;
    /// 5 min unless set.
    pub outage_after: Duration,
    /// How long readings may fail by passing trouble before the wait ends with an error; 24 h unless
    /// set.
    pub max_outage: Duration,
    /// How many readings in a row may fail by passing trouble, however short that is; any number unless
    /// set, and 0 tolerates none.
    ///
    /// Each has been repeated by the client's [`RetryPolicy`](msgraph_migrations::RetryPolicy) before it counts.
    pub max_failures: Option<u32>,
    /// How long something that was there has to be missing before it counts as gone; 1 min unless set.
    ///
    /// A replica that lags misses what was just created. One reading is never enough.
    pub gone_after: Duration,
    /// How long readings that are older than one seen before are taken for those of a replica that
    /// lags; 10 min unless set.
    ///
    /// After that, and at least three readings, they count: then it is the service that changed its
    /// mind about the date.
    pub max_lag: Duration,
    /// Whether what is waited for was just created, so that it may be missing for a while although this
    /// wait has not seen it yet; false unless set.
    pub just_created: bool,
    /// How many jobs or users to ask for on a page of a list; what the service chooses unless set.
    pub page_size: Option<u16>,
    observer: Option<Observer>,
}

type Observer = Arc<dyn Fn(&JobObservation) + Send + Sync>;

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            min_interval: Duration::from_secs(5),
            max_interval: Duration::from_mins(2),
            deadline: None,
            stalled_after: Some(Duration::from_hours(1)),
            outage_after: Duration::from_mins(5),
            max_outage: Duration::from_hours(24),
            max_failures: None,
            gone_after: Duration::from_mins(1),
            max_lag: Duration::from_mins(10),
            just_created: false,
            page_size: None,
            observer: None,
        }
    }
}

impl WaitOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the shortest interval between two readings.
    #[must_use]
    pub fn min_interval(mut self, interval: Duration) -> Self {
        self.min_interval = interval;
        self
    }

    /// Sets the longest interval between two readings.
    #[must_use]
    pub fn max_interval(mut self, interval: Duration) -> Self {
        self.max_interval = interval;
        self
    }

    /// Ends the wait after this time, whatever was seen by then.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Reports when nothing changed for this time.
    #[must_use]
    pub fn stalled_after(mut self, time: Duration) -> Self {
        self.stalled_after = Some(time);
        self
    }

    /// Reports when no reading succeeded for this time.
    #[must_use]
    pub fn outage_after(mut self, time: Duration) -> Self {
        self.outage_after = time;
        self
    }

    /// Tolerates readings that fail by passing trouble for this time.
    #[must_use]
    pub fn max_outage(mut self, time: Duration) -> Self {
        self.max_outage = time;
        self
    }

    /// Tolerates no more than this many readings in a row that fail by passing trouble.
    #[must_use]
    pub fn max_failures(mut self, failures: u32) -> Self {
        self.max_failures = Some(failures);
        self
    }

    /// Takes for gone what is missing for this time.
    #[must_use]
    pub fn gone_after(mut self, time: Duration) -> Self {
        self.gone_after = time;
        self
    }

    /// Passes over readings that are older than one seen before for this time.
    #[must_use]
    pub fn max_lag(mut self, time: Duration) -> Self {
        self.max_lag = time;
        self
    }

    /// Says that what is waited for was just created.
    #[must_use]
    pub fn just_created(mut self) -> Self {
        self.just_created = true;
        self
    }

    /// Asks for pages of this many items where they are read from a list.
    #[must_use]
    pub fn page_size(mut self, items: u16) -> Self {
        self.page_size = Some(items);
        self
    }

    /// Shows every observation of a job to `observer`, also in the methods that answer only the end.
    ///
    /// It is called between two readings and should not take long.
    #[must_use]
    pub fn on_observation(
        mut self,
        observer: impl Fn(&JobObservation) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    pub(crate) fn show(&self, observation: &JobObservation) {
        if let Some(observer) = &self.observer {
            observer(observation);
        }
    }

    /// The same, but with the deadline of a wait that has begun already.
    pub(crate) fn until(&self, end: Option<Instant>) -> Self {
        Self {
            deadline: end.map(|end| end.saturating_duration_since(Instant::now())),
            ..self.clone()
        }
    }

    /// When the wait that begins now is over; a deadline beyond all time is none.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        self.deadline
            .and_then(|deadline| Instant::now().checked_add(deadline))
    }
}

impl fmt::Debug for WaitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOptions")
            .field("min_interval", &self.min_interval)
            .field("max_interval", &self.max_interval)
            .field("deadline", &self.deadline)
            .field("stalled_after", &self.stalled_after)
            .field("outage_after", &self.outage_after)
            .field("max_outage", &self.max_outage)
            .field("max_failures", &self.max_failures)
            .field("gone_after", &self.gone_after)
            .field("max_lag", &self.max_lag)
            .field("just_created", &self.just_created)
            .field("page_size", &self.page_size)
            .finish_non_exhaustive()
    }
}
