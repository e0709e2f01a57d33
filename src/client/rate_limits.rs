//! The rate limits of a client, which several clients and processes can share.

mod options;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::answers::error::{Error, ErrorKind, RateLimitCause};
use crate::client::rate_controller::{Permit, RateController, Reason, Snapshot, Urgency, Wait};
use crate::client::shared_file::{Busy, SharedFile};
use crate::models::operation::ResourceFamily;

pub use options::RateLimitOptions;

/// How often a file that another process holds is tried again, and how long for by those who cannot
/// wait asynchronously.
const RETRY: Duration = Duration::from_millis(1);
const TRIES: u32 = 100;
/// How often another process is looked at for an answer, or for a pause that somebody lifted.
const LOOK: Duration = Duration::from_millis(20);
const LOOK_AT_PAUSE: Duration = Duration::from_secs(1);
/// The longest sleep that the library's clock counts reliably.
const LONGEST_SLEEP: Duration = Duration::from_hours(24);

/// When requests may leave: one limit for each [`ResourceFamily`], learned from what the service refuses.
///
/// Nothing is held back until the service refuses a request with 429, or with 503 and `Retry-After`.
/// From then on no request of the family leaves before the pause is over, and the family's requests
/// leave at a rate that was seen to get through; the rate grows again when nothing is refused.
/// Cancellations may probe one by one within a pause that began with another call, until one of them
/// is refused.
///
/// Each client has limits of its own. Clients that are handed clones of one value share them, in one
/// process; [`in_directory`](Self::in_directory) shares them among processes.
///
/// ```
/// use msgraph_migrations::{AccessToken, Client, RateLimitOptions, RateLimits, ResourceFamily};
///
/// # fn example(source: AccessToken, target: AccessToken) -> Result<(), msgraph_migrations::Error> {
/// // Both tenants' clients count against the limit of one application.
/// let limits = RateLimits::new(&RateLimitOptions::new().max_rate(ResourceFamily::Reads, 20.0));
/// let source = Client::builder(source).rate_limits(&limits).build()?;
/// let target = Client::builder(target).rate_limits(&limits).build()?;
/// if let Some(pause) = limits.state(ResourceFamily::Reads)?.pause {
///     println!("reads rest for {:?} more", pause.remaining);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RateLimits(Arc<Shared>);

struct Shared {
    options: RateLimitOptions,
    origin: Instant,
    families: [Family; ResourceFamily::ALL.len()],
}

struct Family {
    store: Store,
    /// An answer arrived.
    answered: Notify,
    /// Somebody reset the limits.
    reset: Notify,
}

enum Store {
    Memory(Box<Mutex<RateController>>),
    File(SharedFile),
}

/// What is known about one family's limit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimitState {
    /// The requests per second that leave at most; none while they are not held back.
    pub requests_per_second: Option<f64>,
    /// The requests under way at most; none while they are not held back.
    pub max_concurrent: Option<usize>,
    /// The pause, if there is one.
    pub pause: Option<RateLimitPause>,
    /// How many requests the service refused because of throttling since the beginning or the last
    /// [`reset`](RateLimits::reset).
    pub refusals: u64,
}

/// A time in which a family's requests do not leave, as the service asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitPause {
    /// How long ago it began.
    pub elapsed: Duration,
    /// How long it still lasts, unless the service asks for more.
    pub remaining: Duration,
}

/// A call has no time to wait for its turn.
pub(crate) enum Held {
    Back {
        wait: Duration,
        cause: RateLimitCause,
    },
    /// The file of the limits cannot be used.
    Failed(std::io::Error),
}

impl RateLimits {
    /// Limits of this process.
    #[must_use]
    pub fn new(options: &RateLimitOptions) -> Self {
        Self::with(options, |family| {
            let controller = options.controller(family, Duration::ZERO);
            Ok(Store::Memory(Box::new(Mutex::new(controller))))
        })
        .unwrap_or_else(|never: std::convert::Infallible| match never {})
    }

    /// Limits that all processes share that name the same directory.
    ///
    /// It holds one small file per family, which is locked for some microseconds whenever a request
    /// leaves or an answer arrives, and outlives the processes: what was learned is known the next time.
    /// A process that is killed holds nobody up, or for half a minute where others wait for its answer. The
    /// options of whoever creates a file hold.
    /// The processes have to be on one machine, and its clock has to go evenly.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the directory cannot be created or written to.
    pub fn in_directory(
        directory: impl AsRef<Path>,
        options: &RateLimitOptions,
    ) -> Result<Self, Error> {
        let directory = directory.as_ref();
        std::fs::create_dir_all(directory).map_err(unusable)?;
        Self::with(options, |family| {
            let path = directory.join(format!("{}.json", family.name()));
            SharedFile::open(&path).map(Store::File).map_err(unusable)
        })
    }

    fn with<E>(
        options: &RateLimitOptions,
        store: impl Fn(ResourceFamily) -> Result<Store, E>,
    ) -> Result<Self, E> {
        let family = |family| {
            Ok(Family {
                store: store(family)?,
                answered: Notify::new(),
                reset: Notify::new(),
            })
        };
        let [one, two, three] = ResourceFamily::ALL;
        Ok(Self(Arc::new(Shared {
            options: options.clone(),
            origin: Instant::now(),
            families: [family(one)?, family(two)?, family(three)?],
        })))
    }

    /// What is known about a family's limit now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the file of shared limits cannot be used; never otherwise.
    pub fn state(&self, family: ResourceFamily) -> Result<RateLimitState, Error> {
        let state = |controller: &mut RateController, now| state(controller.snapshot(now), now);
        self.insist(family, state).map_err(unusable)
    }

    /// Forgets what was learned about every family, and ends every pause.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the file of shared limits cannot be used; never otherwise.
    pub fn reset(&self) -> Result<(), Error> {
        for family in ResourceFamily::ALL {
            let begin = |controller: &mut RateController, now| {
                *controller = self.0.options.controller(family, now);
            };
            self.insist(family, begin).map_err(unusable)?;
            self.family(family).reset.notify_waiters();
        }
        Ok(())
    }

    /// Waits until requests of this family may leave: until no pause is left, and no probe is under way.
    ///
    /// This is for those who have many requests to send: who waits here, sends afterwards, and comes
    /// back on [`ErrorKind::RateLimited`], sits out pauses that are longer than a call may take. It
    /// takes no turn, and sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the file of shared limits cannot be used; never otherwise.
    pub async fn ready(&self, family: ResourceFamily) -> Result<(), Error> {
        loop {
            let reset = self.family(family).reset.notified();
            let answered = self.family(family).answered.notified();
            tokio::pin!(reset, answered);
            reset.as_mut().enable();
            answered.as_mut().enable();
            let look = |controller: &mut RateController, now| (controller.snapshot(now), now);
            let (snapshot, now) = self.share(family, look).await.map_err(unusable)?;
            match snapshot.pause {
                Some((_, until)) => {
                    let wait = until.saturating_sub(now) + Duration::from_nanos(1);
                    let sleep = tokio::time::sleep(self.limit(wait, LOOK_AT_PAUSE, family));
                    futures_util::future::select(Box::pin(sleep), reset).await;
                }
                None if snapshot.is_probing => {
                    let sleep = tokio::time::sleep(self.limit(LOOK_AT_PAUSE, LOOK, family));
                    futures_util::future::select(Box::pin(sleep), answered).await;
                }
                None => return Ok(()),
            }
        }
    }

    /// Waits for the turn of a request, unless that takes longer than `longest`.
    ///
    /// Dropping the future gives up the turn, and nothing else. Nor does it hold anybody up when nobody
    /// polls it, as happens to calls within a stream whose owner is busy elsewhere: those that wait hold
    /// nothing, wake at the same time, and the first of them leaves.
    pub(crate) async fn acquire(
        &self,
        family: ResourceFamily,
        urgency: Urgency,
        longest: Duration,
    ) -> Result<Ticket, Held> {
        // Mostly it is nobody's turn but this one's, and there is nothing to listen to. A file is not looked at
        // twice for that.
        let admit = |controller: &mut RateController, now| controller.admit(now, urgency);
        if let Store::Memory(_) = self.family(family).store
            && let Ok(permit) = self.share(family, admit).await.map_err(Held::Failed)?
        {
            return Ok(self.ticket(family, permit));
        }
        let start = Instant::now();
        let mut cause = RateLimitCause::OwnQueue;
        loop {
            let reset = self.family(family).reset.notified();
            let answered = self.family(family).answered.notified();
            tokio::pin!(reset, answered);
            reset.as_mut().enable();
            answered.as_mut().enable();
            let left = longest.saturating_sub(start.elapsed());
            if left.is_zero() && start.elapsed() > Duration::ZERO {
                return Err(Held::Back {
                    wait: Duration::ZERO,
                    cause,
                });
            }
            match self.share(family, admit).await.map_err(Held::Failed)? {
                Ok(permit) => return Ok(self.ticket(family, permit)),
                Err(Wait::For(wait, reason)) => {
                    cause = match reason {
                        Reason::Pause => RateLimitCause::Service,
                        Reason::Turn => RateLimitCause::OwnQueue,
                    };
                    if wait > left {
                        return Err(Held::Back { wait, cause });
                    }
                    let sleep = tokio::time::sleep(self.limit(wait, LOOK_AT_PAUSE, family));
                    futures_util::future::select(Box::pin(sleep), reset).await;
                }
                Err(Wait::ForAnswer) => {
                    let look = left.min(LOOK_AT_PAUSE);
                    let sleep = tokio::time::sleep(self.limit(look, LOOK, family));
                    futures_util::future::select(Box::pin(sleep), answered).await;
                }
            }
        }
    }

    fn ticket(&self, family: ResourceFamily, permit: Permit) -> Ticket {
        Ticket {
            limits: self.clone(),
            family,
            permit: Some(permit),
        }
    }

    /// How long to sleep for `wait`: not past what another process may have changed in the meantime.
    fn limit(&self, wait: Duration, look: Duration, family: ResourceFamily) -> Duration {
        match self.family(family).store {
            Store::Memory(_) => wait.min(LONGEST_SLEEP),
            Store::File(_) => wait.min(look),
        }
    }

    fn family(&self, family: ResourceFamily) -> &Family {
        &self.0.families[family.index()]
    }

    /// Uses the controller as soon as no other process does.
    async fn share<T>(
        &self,
        family: ResourceFamily,
        mut how: impl FnMut(&mut RateController, Duration) -> T,
    ) -> Result<T, std::io::Error> {
        loop {
            match self.attempt(family, &mut how) {
                Ok(result) => return Ok(result),
                Err(Busy::Locked) => tokio::time::sleep(RETRY).await,
                Err(Busy::Failed(error)) => return Err(error),
            }
        }
    }

    /// The same for those who cannot wait asynchronously, and not for ever.
    fn insist<T>(
        &self,
        family: ResourceFamily,
        mut how: impl FnMut(&mut RateController, Duration) -> T,
    ) -> Result<T, std::io::Error> {
        for _ in 0..TRIES {
            match self.attempt(family, &mut how) {
                Ok(result) => return Ok(result),
                Err(Busy::Locked) => std::thread::sleep(RETRY),
                Err(Busy::Failed(error)) => return Err(error),
            }
        }
        Err(std::io::ErrorKind::WouldBlock.into())
    }

    fn attempt<T>(
        &self,
        family: ResourceFamily,
        how: impl FnOnce(&mut RateController, Duration) -> T,
    ) -> Result<T, Busy> {
        match &self.family(family).store {
            Store::Memory(controller) => {
                // A panic elsewhere leaves numbers behind that are as good as any.
                let mut controller = controller.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(how(&mut controller, self.0.origin.elapsed()))
            }
            Store::File(file) => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                file.update(
                    || self.0.options.controller(family, now),
                    |controller| how(controller, now),
                )
            }
        }
    }
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits").finish_non_exhaustive()
    }
}

/// The turn of one request. Dropped without an answer, it says that there was none.
pub(crate) struct Ticket {
    limits: RateLimits,
    family: ResourceFamily,
    permit: Option<Permit>,
}

impl Ticket {
    /// The service let the request through.
    pub async fn accepted(mut self) {
        if let Some(permit) = self.permit.take() {
            let shared = self.limits.share(self.family, |controller, now| {
                controller.accepted(permit, now);
            });
            self.learned(shared.await);
        }
    }

    /// The service refused the request because of throttling.
    pub async fn refused(mut self, retry_after: Option<Duration>) {
        if let Some(permit) = self.permit.take() {
            let shared = self.limits.share(self.family, |controller, now| {
                controller.refused(permit, now, retry_after);
            });
            self.learned(shared.await);
        }
    }

    fn learned(&self, learned: std::io::Result<()>) {
        if let Err(error) = learned {
            tracing::warn!(%error, "the shared rate limits cannot be used");
        }
        self.limits.family(self.family).answered.notify_waiters();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let abandon = |controller: &mut RateController, now| controller.abandoned(permit, now);
            self.learned(self.limits.insist(self.family, abandon));
        }
    }
}

fn state(snapshot: Snapshot, now: Duration) -> RateLimitState {
    RateLimitState {
        requests_per_second: snapshot.rate,
        max_concurrent: snapshot.at_once,
        pause: snapshot.pause.map(|(since, until)| RateLimitPause {
            elapsed: now.saturating_sub(since),
            remaining: until.saturating_sub(now),
        }),
        refusals: snapshot.refusals,
    }
}

fn unusable(error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Configuration,
        "the file of the shared rate limits cannot be used",
    )
    .with_source(error)
}
