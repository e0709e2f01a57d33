//! One call for each item of a list, with its record.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::engine::{Engine, Plan, Unit, UnitEnd, Verdict};
use super::options::{BulkOptions, Progress};
use super::record::Record;
use super::trouble::{Signal, StopReason, can_wait};
use super::{Bulk, BulkItem};
use crate::Workflows;
use crate::reading::{Reading, read_job};
use crate::waiting::{PollBudget, WaitOptions};
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use msgraph_migrations::{Error, Operation};

/// How the call for one item went.
pub(super) struct Called<I, O> {
    pub input: I,
    pub outcome: Result<O, Arc<Error>>,
    /// What it tells about the other items, where the outcome alone does not.
    pub signal: Option<Signal>,
}

impl<I, O> Called<I, O> {
    pub fn new(input: I, outcome: Result<O, Error>) -> Self {
        Self {
            input,
            outcome: outcome.map_err(Arc::new),
            signal: None,
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

/// Where a run writes down what is done.
#[derive(Clone)]
pub(super) struct Entry {
    record: Option<Record>,
    action: &'static str,
    job: String,
}

impl Entry {
    pub fn has(&self, item: &str) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| record.contains(self.action, &self.job, item))
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

/// Calls for each of `inputs`, as the options say.
pub(super) fn each<I, O, F>(
    workflows: &Workflows,
    task: Task<I, O>,
    inputs: Vec<I>,
    options: BulkOptions,
    call: impl Fn(I) -> F + Send + Sync + 'static,
) -> Bulk<BulkItem<I, Result<O, Arc<Error>>>>
where
    I: Clone + Send + Unpin + 'static,
    O: Send + Unpin + 'static,
    F: Future<Output = Called<I, O>> + Send + 'static,
{
    let workflows = workflows.clone();
    let run = async move {
        let entry = entry(&workflows, task.action, task.job.as_deref(), &options).await;
        let (entry, stopped) = match entry {
            Ok(entry) => (Some(entry), None),
            Err(reason) => (None, Some(reason)),
        };
        let mut progress = Progress::default();
        let mut units = std::collections::VecDeque::new();
        for (index, input) in inputs.into_iter().enumerate() {
            progress.total += 1;
            let name = (task.name)(&input);
            if entry.as_ref().is_some_and(|entry| entry.has(&name)) {
                progress.skipped += 1;
                continue;
            }
            units.push_back(Unit {
                indexes: vec![index],
                // Whoever is listed twice is not asked for twice at once.
                keys: BTreeSet::from([name.clone()]),
                work: (index, name, input),
            });
        }
        let plan = Plan {
            units,
            concurrency: options.concurrency,
            order: options.order,
            max_outage: options.max_outage,
            progress,
            report: options.report,
        };
        let verdict = task.verdict;
        let engine = Engine::new(plan, move |(index, name, input): (usize, String, I)| {
            let calling = call(input);
            let entry = entry.clone();
            Box::pin(async move {
                let called = calling.await;
                end(index, name, called, verdict, entry.as_ref())
            })
        });
        match stopped {
            Some(reason) => engine.stopped(reason),
            None => engine,
        }
    };
    Bulk::new(stream::once(run).flatten())
}

type End<I, O> = UnitEnd<(usize, String, I), BulkItem<I, Result<O, Arc<Error>>>>;

fn end<I, O>(
    index: usize,
    name: String,
    called: Called<I, O>,
    verdict: fn(&O) -> Verdict,
    entry: Option<&Entry>,
) -> End<I, O> {
    let Called {
        input,
        outcome,
        signal,
    } = called;
    let (verdict, mut seen) = match &outcome {
        Ok(outcome) => (verdict(outcome), Signal::Healthy),
        Err(error) if signal.is_none() && can_wait(error) => {
            return UnitEnd::Postponed((index, name, input), Arc::clone(error));
        }
        Err(error) => (Verdict::Failed, Signal::of(error)),
    };
    if let Some(signal) = signal {
        seen = signal;
    }
    if verdict == Verdict::Done
        && let Some(failed) = entry.and_then(|entry| entry.add(&name))
    {
        seen = failed;
    }
    let item = BulkItem {
        index,
        input,
        outcome,
    };
    UnitEnd::Ended(vec![(item, verdict)], seen)
}
