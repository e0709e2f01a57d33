//! Cancellations that were sent, read back many at once: those of a job by the list of its users.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;
use tracing::debug;

use super::cancel_outcome::{BulkCancelOutcome, verdict};
use super::each::{Entry, Outcome, Work, ended};
use super::engine::{Finished, ReadEnd, ReadTogether, Unit, UnitEnd};
use super::trouble::{Signal, can_wait};
use super::{BulkItem, options::BulkOptions};
use crate::reading::{Reading, read_task, read_user};
use crate::reconciliation::ReadBack;
use msgraph_migrations::models::{
    CrossTenantMigrationServiceStatus as Workload, CrossTenantMigrationTask as User,
    SharePointMigrationTaskStatus as TaskStatus,
};
use msgraph_migrations::{Client, Error, ListOptions};

/// How many have to be read back for the list of all users to be asked for instead of each of them.
const MIN_FOR_LIST: usize = 4;
/// How many users are asked for on a page; the service may put fewer on it.
const PAGE_SIZE: u16 = 100;
/// How many single readings are under way at once.
const CONCURRENCY: usize = 4;

type Cancelled = Work<String, BulkCancelOutcome>;
type Item = BulkItem<String, Outcome<BulkCancelOutcome>>;
type End = UnitEnd<Cancelled, Item>;

/// What is read back, and how.
#[derive(Clone)]
pub(super) struct ReadCancellations {
    client: Client,
    /// The job whose users they are; none for SharePoint tasks.
    job: Option<String>,
    policy: ReadBack,
    max_repeats: u32,
    entry: Option<Entry>,
    /// Whether the list turned out to be longer than it is worth, or is refused.
    is_list_useless: Arc<AtomicBool>,
}

impl ReadCancellations {
    /// None if the options do not ask for it.
    pub fn new(client: &Client, job: Option<&str>, options: &BulkOptions) -> Option<Self> {
        Some(Self {
            client: client.clone(),
            job: job.map(str::to_owned),
            policy: options.confirm.clone()?,
            max_repeats: options.max_repeats,
            entry: None,
            is_list_useless: Arc::default(),
        })
    }

    /// Has what is done written down there.
    pub fn recording(self, entry: Entry) -> Self {
        Self {
            entry: Some(entry),
            ..self
        }
    }
}

/// What one reading tells of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Cancelled or about to be, as far as it was not over before; or taken out of its job.
    Cancelled,
    /// Something else.
    Otherwise,
}

/// What one reading tells of those that are read together.
#[derive(Default)]
struct Readings {
    seen: HashMap<usize, Seen>,
    trouble: Option<Arc<Error>>,
}

impl ReadTogether<Cancelled, Item> for ReadCancellations {
    fn read(
        &self,
        units: Vec<Unit<Cancelled>>,
    ) -> Pin<Box<dyn Future<Output = ReadEnd<Cancelled, Item>> + Send>> {
        let this = self.clone();
        Box::pin(async move { this.read_once(units).await })
    }

    fn give_up(&self, work: Cancelled) -> End {
        self.unconfirmed(work, Signal::Nothing)
    }
}

impl ReadCancellations {
    async fn read_once(self, units: Vec<Unit<Cancelled>>) -> ReadEnd<Cancelled, Item> {
        let (readings, since) = units.first().map_or((0, None), |unit| {
            (unit.work.readings, unit.work.reading_since)
        });
        let since = since.unwrap_or_else(Instant::now);
        let left = |wait: Duration, reading: u32| {
            reading < self.policy.max_reads
                && wait <= self.policy.settle_within.saturating_sub(since.elapsed())
        };
        let wait = self.policy.wait(readings);
        let read = if left(wait, readings) {
            tokio::time::sleep(wait).await;
            self.look(&units).await
        } else {
            Readings::default()
        };
        let is_last = read.trouble.is_none() && {
            let next = readings.saturating_add(1);
            !left(self.policy.wait(next), next)
        };
        let ends = units.into_iter().map(|unit| {
            let (finished, mut work): (Finished, Cancelled) = unit.into_parts();
            let seen = read.seen.get(&work.index).copied();
            if seen == Some(Seen::Cancelled) {
                return (finished, self.confirmed(work));
            }
            work.is_seen_otherwise = seen.is_some();
            if !is_last {
                if read.trouble.is_none() {
                    work.readings = readings + 1;
                    work.reading_since = Some(since);
                } else {
                    // Time in which nothing can be read is none in which it could have settled.
                    work.reading_since = None;
                }
                return (finished, UnitEnd::Sent(work, Signal::Nothing));
            }
            match &work.sent {
                // Whether it took effect is told by the state: it did not.
                Some(Err(lost)) if work.is_seen_otherwise && work.repeats < self.max_repeats => {
                    let again = Unit {
                        indexes: finished.indexes.clone(),
                        keys: finished.keys.clone(),
                        work: Work {
                            repeats: work.repeats + 1,
                            lost: Some(Arc::clone(lost)),
                            ..Work::new(work.index, work.name, work.input)
                        },
                    };
                    (finished, UnitEnd::Split(vec![again]))
                }
                _ => (finished, self.unconfirmed(work, Signal::Nothing)),
            }
        });
        ReadEnd {
            ends: ends.collect(),
            trouble: read.trouble,
        }
    }

    fn confirmed(&self, mut work: Cancelled) -> End {
        let outcome = match work.sent.take() {
            Some(Ok(BulkCancelOutcome::Accepted(response))) => {
                Ok(BulkCancelOutcome::Confirmed(response))
            }
            Some(Err(lost)) => Ok(BulkCancelOutcome::FoundCancelled(lost)),
            Some(outcome) => outcome,
            None => return UnitEnd::Done,
        };
        ended(work, outcome, Signal::Healthy, verdict, self.entry.as_ref())
    }

    fn unconfirmed(&self, mut work: Cancelled, signal: Signal) -> End {
        match work.sent.take() {
            Some(outcome) => ended(work, outcome, signal, verdict, self.entry.as_ref()),
            None => UnitEnd::Done,
        }
    }

    /// Reads all of them once, as cheaply as can be.
    async fn look(&self, units: &[Unit<Cancelled>]) -> Readings {
        let mut readings = Readings::default();
        if let Some(job) = &self.job
            && units.len() >= MIN_FOR_LIST
            && !self.is_list_useless.load(Ordering::Relaxed)
        {
            let listed = Box::pin(self.look_at_list(job, units, &mut readings)).await;
            if let Err(error) = listed {
                debug!(kind = ?error.kind(), "the list of users cannot be read");
                if can_wait(&error) {
                    readings.trouble = Some(Arc::new(error));
                    return readings;
                }
                self.is_list_useless.store(true, Ordering::Relaxed);
            }
        }
        let others = units
            .iter()
            .map(|unit| &unit.work)
            .filter(|work| !readings.seen.contains_key(&work.index));
        let others: Vec<_> = others
            .map(|work| (work.index, work.input.clone()))
            .collect();
        let mut looks = stream::iter(others)
            .map(|(index, id)| async move { (index, Box::pin(self.look_at(&id)).await) })
            .buffer_unordered(CONCURRENCY);
        while let Some((index, look)) = looks.next().await {
            match look {
                Ok(seen) => {
                    readings.seen.insert(index, seen);
                }
                Err(error) if can_wait(&error) => {
                    readings.trouble = Some(Arc::new(error));
                    break;
                }
                Err(error) => debug!(kind = ?error.kind(), "reading back failed"),
            }
        }
        readings
    }

    /// Takes from the list who is in it; stops once reading each of those who are left costs less.
    async fn look_at_list(
        &self,
        job: &str,
        units: &[Unit<Cancelled>],
        readings: &mut Readings,
    ) -> Result<(), Error> {
        let mut sought: HashMap<String, usize> = units
            .iter()
            .map(|unit| (unit.work.input.to_lowercase(), unit.work.index))
            .collect();
        let mut listed = HashSet::new();
        let max_pages = units.len().div_ceil(2);
        let options = ListOptions::new().top(PAGE_SIZE);
        let mut pages = self.client.user_pages(job, options).take(max_pages).boxed();
        let mut has_more = false;
        while !sought.is_empty()
            && let Some(page) = pages.try_next().await?
        {
            let page = page.into_value();
            has_more = page.odata_next_link.is_some();
            for user in page.value {
                let id = user.id.as_deref().unwrap_or_default().to_lowercase();
                if let Some(index) = sought.remove(&id) {
                    readings.seen.insert(index, seen(&user));
                    listed.insert(id);
                }
            }
        }
        if has_more && !sought.is_empty() {
            self.is_list_useless.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn look_at(&self, id: &str) -> Result<Seen, Error> {
        if let Some(job) = &self.job {
            return Ok(match Box::pin(read_user(&self.client, job, id)).await? {
                Reading::Present(user) => seen(&user),
                // The job is there, and the user who was is no longer in it.
                Reading::Absent(_) => Seen::Cancelled,
            });
        }
        let task = Box::pin(read_task(&self.client, id)).await?.present()?;
        Ok(if task.status == Some(TaskStatus::Cancelled) {
            Seen::Cancelled
        } else {
            Seen::Otherwise
        })
    }
}

pub(super) fn is_cancelling(status: &Workload) -> bool {
    matches!(status, Workload::Cancelled | Workload::PendingCancel)
}

/// Whether all is cancelled that was not over before.
fn seen(user: &User) -> Seen {
    let statuses = || {
        user.current_status
            .iter()
            .map(|workload| workload.status.as_ref())
    };
    let is_cancelled = statuses().any(|status| status.is_some_and(is_cancelling))
        && statuses().all(|status| {
            status.is_some_and(|status| {
                is_cancelling(status) || matches!(status, Workload::Completed | Workload::Failed)
            })
        });
    if is_cancelled {
        Seen::Cancelled
    } else {
        Seen::Otherwise
    }
}
