//! One call for each item of a list, with its record.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::engine::{Engine, Plan, ReadTogether, Source, Taken, Unit, UnitEnd, Verdict};
use super::options::BulkOptions;
use super::record::Record;
use super::trouble::{Signal, StopReason, can_wait};
use super::{Bulk, BulkItem};
use crate::Workflows;
use crate::reading::{Reading, read_job};
use crate::waiting::{PollBudget, WaitOptions};
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use msgraph_migrations::{Error, Operation};

/// What came of an item, as it is handed over.
pub(super) type Outcome<O> = Result<O, Arc<Error>>;

/// How the call for one item went.
pub(super) struct Called<O> {
    pub outcome: Outcome<O>,
    /// What it tells about the other items, where the outcome alone does not.
    pub signal: Option<Signal>,
    /// Whether it is to be read back before it is handed over.
    pub is_to_be_read: bool,
}

impl<O> Called<O> {
    pub fn new(outcome: Result<O, Error>) -> Self {
        Self {
            outcome: outcome.map_err(Arc::new),
            signal: None,
            is_to_be_read: false,
        }
    }
}

/// What is to be done for each item of a list.
pub(super) struct Task<I, O> {
    pub action: &'static Operation,
    /// The job whose users the items are.
    pub job: Option<String>,
    /// The name of an item in the record, and by which no two are under way at once.
    pub name: fn(&I) -> String,
    pub verdict: fn(&O) -> Verdict,
}

/// One item on its way through a run.
pub(super) struct Work<I, O> {
    pub index: usize,
    pub name: String,
    pub input: I,
    /// How often it was sent before.
    pub repeats: u32,
    /// Why the answer is missing, if it was sent before.
    pub lost: Option<Arc<Error>>,
    /// What came of it when it was sent, until it is read back.
    pub sent: Option<Outcome<O>>,
    /// How often it was read back since, and since when.
    pub readings: u32,
    pub reading_since: Option<Instant>,
    /// Whether the latest reading showed it, and not as it was asked to be.
    pub is_seen_otherwise: bool,
}

impl<I, O> Work<I, O> {
    pub fn new(index: usize, name: String, input: I) -> Self {
        Self {
            index,
            name,
            input,
            repeats: 0,
            lost: None,
            sent: None,
            readings: 0,
            reading_since: None,
            is_seen_otherwise: false,
        }
    }
}

/// Reads back items that were sent, given where to write down what is done.
pub(super) type Reader<I, O> = Box<dyn ReadTogether<Work<I, O>, BulkItem<I, Outcome<O>>>>;

/// Where a run writes down what is done.
#[derive(Clone)]
pub(super) struct Entry {
    record: Option<Record>,
    action: &'static str,
    job: String,
}

impl Entry {
    #[cfg(test)]
    pub fn of(record: Record, action: &'static str) -> Self {
        Self {
            record: Some(record),
            action,
            job: String::new(),
        }
    }

    /// Whether there is a record at all.
    pub fn is_kept(&self) -> bool {
        self.record.is_some()
    }

    pub fn has(&self, item: &str) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| record.contains(self.action, &self.job, item))
    }

    /// Forces what was written down to the disk; a failure stops the run.
    pub fn sync(&self) -> Result<(), StopReason> {
        let synced = self.record.as_ref().map_or(Ok(()), Record::sync);
        synced.map_err(|error| StopReason::Record(Arc::new(error)))
    }

    /// Writes down an item that is done; a failure stops the run.
    pub fn add(&self, item: &str) -> Option<Signal> {
        let added = self.record.as_ref()?.add(self.action, &self.job, item);
        let error = added.err()?;
        Some(Signal::Stop(StopReason::Record(Arc::new(error))))
    }
}

/// Finds out whether the record fits the run, and what it has of it.
pub(super) async fn entry(
    workflows: &Workflows,
    action: &'static Operation,
    job: Option<&str>,
    options: &BulkOptions,
) -> Result<Entry, StopReason> {
    let mut entry = Entry {
        record: options.record.clone(),
        action: action.id,
        job: String::new(),
    };
    let Some(record) = &options.record else {
        return Ok(entry);
    };
    let mut tenant = None;
    if let Some(job) = job {
        let job = find_job(workflows, job, options).await?;
        entry.job = job.id.unwrap_or_default().to_lowercase();
        tenant = job.target_tenant_id;
    }
    record
        .check(workflows.client().endpoint(), tenant.as_deref())
        .map_err(|error| StopReason::Record(Arc::new(error)))?;
    Ok(entry)
}

/// What is done when a run is over.
pub(super) fn at_end(
    entry: Option<&Entry>,
) -> Option<Box<dyn FnOnce() -> Result<(), StopReason> + Send>> {
    let entry = entry.filter(|entry| entry.is_kept())?.clone();
    Some(Box::new(move || entry.sync()))
}

async fn find_job(
    workflows: &Workflows,
    job: &str,
    options: &BulkOptions,
) -> Result<Job, StopReason> {
    let wait = WaitOptions::new().max_outage(options.max_outage);
    let mut budget = PollBudget::new(&wait, None);
    loop {
        match Box::pin(read_job(workflows.client(), job)).await {
            Ok(Reading::Present(job)) => return Ok(job),
            Ok(Reading::Absent(error)) => return Err(StopReason::NoSuchJob(Arc::new(error))),
            Err(error) => {
                let tolerated = budget.tolerate(error);
                tolerated.map_err(|error| Signal::of_setup(Arc::new(error)))?;
            }
        }
        budget.until_next().await;
    }
}

/// A list of items, each of them a unit.
struct List<'a, I> {
    items: Box<dyn Iterator<Item = I> + Send + 'a>,
    next: usize,
    name: fn(&I) -> String,
    /// None if the run stops before it begins.
    entry: Option<Entry>,
}

impl<I: Send, O> Source<Work<I, O>> for List<'_, I> {
    fn take(&mut self) -> Option<Taken<Work<I, O>>> {
        let input = self.items.next()?;
        let index = self.next;
        self.next += 1;
        let name = (self.name)(&input);
        if self.entry.as_ref().is_some_and(|entry| entry.has(&name)) {
            return Some(Taken::Done);
        }
        Some(Taken::Units(vec![Unit {
            indexes: vec![index],
            // Whoever is listed twice is not asked for twice at once.
            keys: BTreeSet::from([name.clone()]),
            work: Work::new(index, name, input),
        }]))
    }

    fn at_least(&self) -> usize {
        self.items.size_hint().0
    }
}

/// Calls for each of `inputs`, as the options say, and reads back by what `reader` makes.
pub(super) fn each<'a, I, O, F>(
    workflows: &Workflows,
    task: Task<I, O>,
    inputs: impl Iterator<Item = I> + Send + 'a,
    options: BulkOptions,
    reader: impl FnOnce(Entry) -> Option<Reader<I, O>> + Send + 'a,
    call: impl Fn(I) -> F + Send + Sync + 'static,
) -> Bulk<'a, BulkItem<I, Outcome<O>>>
where
    I: Clone + Send + Unpin + 'static,
    O: Send + Sync + Unpin + 'static,
    F: Future<Output = Called<O>> + Send + 'static,
{
    let workflows = workflows.clone();
    let run = async move {
        let entry = entry(&workflows, task.action, task.job.as_deref(), &options).await;
        let (entry, stopped) = match entry {
            Ok(entry) => (Some(entry), None),
            Err(reason) => (None, Some(reason)),
        };
        let plan = Plan {
            source: Box::new(List {
                items: Box::new(inputs),
                next: 0,
                name: task.name,
                entry: entry.clone(),
            }) as Box<dyn Source<Work<I, O>>>,
            read_together: entry.clone().and_then(reader),
            concurrency: options.concurrency,
            order: options.order,
            max_outage: options.max_outage,
            report: options.report,
            at_end: at_end(entry.as_ref()),
        };
        let verdict = task.verdict;
        let engine = Engine::new(plan, move |work: Work<I, O>| {
            let calling = call(work.input.clone());
            let entry = entry.clone();
            Box::pin(async move {
                // Another of the same name may have been done since it was taken from the list.
                if work.lost.is_none() && entry.as_ref().is_some_and(|entry| entry.has(&work.name))
                {
                    return UnitEnd::Done;
                }
                end(work, calling.await, verdict, entry.as_ref())
            })
        });
        match stopped {
            Some(reason) => engine.stopped(reason),
            None => engine,
        }
    };
    Bulk::new(stream::once(run).flatten())
}

type End<I, O> = UnitEnd<Work<I, O>, BulkItem<I, Outcome<O>>>;

fn end<I, O>(
    mut work: Work<I, O>,
    called: Called<O>,
    verdict: fn(&O) -> Verdict,
    entry: Option<&Entry>,
) -> End<I, O> {
    let Called {
        outcome,
        signal,
        is_to_be_read,
    } = called;
    let seen = match &outcome {
        Ok(_) => Signal::Healthy,
        Err(error) if signal.is_none() && can_wait(error) => {
            return UnitEnd::Postponed(work, Arc::clone(error));
        }
        Err(error) => Signal::of(error),
    };
    let seen = signal.unwrap_or(seen);
    if is_to_be_read {
        work.sent = Some(outcome);
        return UnitEnd::Sent(work, seen);
    }
    // That it fails now does not say what became of it when it was sent before.
    let outcome = outcome.map_err(|error| work.lost.take().unwrap_or(error));
    ended(work, outcome, seen, verdict, entry)
}

/// The end of an item, which is written down if it is done.
pub(super) fn ended<I, O>(
    work: Work<I, O>,
    outcome: Outcome<O>,
    mut signal: Signal,
    verdict: fn(&O) -> Verdict,
    entry: Option<&Entry>,
) -> End<I, O> {
    let verdict = outcome.as_ref().map_or(Verdict::Failed, verdict);
    if verdict == Verdict::Done
        && let Some(failed) = entry.and_then(|entry| entry.add(&work.name))
    {
        signal = failed;
    }
    let item = BulkItem {
        index: work.index,
        input: work.input,
        outcome,
    };
    UnitEnd::Ended(vec![(item, verdict)], signal)
}
