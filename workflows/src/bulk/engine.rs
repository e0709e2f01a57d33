//! Runs many units of work, a bounded number at once, and keeps no more of them than that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, Sleep};

use super::options::{Order, Progress, ReportProgress};
use super::slow_start::SlowStart;
use super::trouble::{Reaction, RunStopped, Signal, StopReason, Trouble};
use msgraph_migrations::Error;

/// How many items that ended wait for their turn before no further item is taken from the list.
const MAX_ENDED: usize = 1_024;
/// How many units are read back together.
const COHORT: usize = 250;
/// For how long a unit waits for others to be read back together with it, while others are sent.
const MAX_GATHERING: Duration = Duration::from_secs(5);
/// How many units are read back, or wait for it, before no further one is sent.
const MAX_UNCONFIRMED: usize = 2_000;

type Boxed<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// What is sent by one request.
#[derive(Debug)]
pub(crate) struct Unit<W> {
    /// The indexes of its items in the caller's list.
    pub indexes: Vec<usize>,
    /// What it changes; units that share a key run one after the other, in the caller's order.
    pub keys: BTreeSet<String>,
    pub work: W,
}

/// What came out of the caller's list.
pub(crate) enum Taken<W> {
    /// An item that is done according to the record.
    Done,
    /// Units whose indexes are greater than those of all before; among them, in any order.
    Units(Vec<Unit<W>>),
}

/// The caller's list, which is read no further than needed.
pub(crate) trait Source<W>: Send {
    /// What comes next; none at the end.
    fn take(&mut self) -> Option<Taken<W>>;

    /// How many items are certainly to come.
    fn at_least(&self) -> usize;
}

/// How the work of a unit went.
pub(crate) enum UnitEnd<W, T> {
    /// Item by item in the order of its indexes, and what that tells about the rest.
    Ended(Vec<(T, Verdict)>, Signal),
    /// An earlier item of the list did the same, and it is in the record.
    Done,
    /// It was not carried out, and can be later.
    Postponed(W, Arc<Error>),
    /// It is to be done in parts, or once more, instead.
    Split(Vec<Unit<W>>),
    /// It was sent, and is to be read back together with others.
    Sent(W, Signal),
}

/// How it went to read back units together.
pub(crate) struct ReadEnd<W, T> {
    /// Each unit with its end; one that is still [`UnitEnd::Sent`] is read again.
    pub ends: Vec<(Finished, UnitEnd<W, T>)>,
    /// Why nothing can be read just now, if so.
    pub trouble: Option<Arc<Error>>,
}

/// Reads back units that were sent.
pub(crate) trait ReadTogether<W, T>: Send {
    /// Reads them once, after the wait that is due.
    fn read(&self, units: Vec<Unit<W>>) -> Boxed<ReadEnd<W, T>>;

    /// The end of a unit that cannot be read back any more.
    fn give_up(&self, work: W) -> UnitEnd<W, T>;
}

/// How an item ended, for the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    NotDone,
    Failed,
}

pub(crate) struct Plan<'a, W, T> {
    pub source: Box<dyn Source<W> + 'a>,
    pub read_together: Option<Box<dyn ReadTogether<W, T>>>,
    pub concurrency: usize,
    pub order: Order,
    pub max_outage: Duration,
    pub report: Option<ReportProgress>,
    pub at_end: Option<Box<dyn FnOnce() -> Result<(), StopReason> + Send>>,
}

/// The items of a run as they end.
pub(crate) struct Engine<'a, W, T> {
    source: Box<dyn Source<W> + 'a>,
    source_is_over: bool,
    /// How many items were taken from the source.
    taken: usize,
    /// What was taken and is to be sent.
    waiting: VecDeque<Unit<W>>,
    start: Box<dyn FnMut(W) -> Boxed<UnitEnd<W, T>> + Send>,
    read_together: Option<Box<dyn ReadTogether<W, T>>>,
    under_way: FuturesUnordered<Boxed<Step<W, T>>>,
    /// How many of those under way are sent, and not read back.
    sending: usize,
    /// What was sent and is to be read back, and since when the first of it waits.
    gathering: Vec<Unit<W>>,
    gathering_since: Option<Instant>,
    /// What was read back together before, and is to be read again.
    reading_again: Vec<Vec<Unit<W>>>,
    /// How many units are read back or wait for it.
    unconfirmed: usize,
    busy: BTreeSet<String>,
    slow_start: SlowStart,
    trouble: Trouble,
    pause: Option<Pin<Box<Sleep>>>,
    stopped: Option<StopReason>,
    is_over: bool,
    order: Order,
    /// What ended and was not handed over yet.
    ended: BTreeMap<usize, T>,
    /// The indexes that were taken and are to be handed over.
    expected: BTreeSet<usize>,
    /// The indexes in the order in which they ended.
    as_ended: VecDeque<usize>,
    progress: Progress,
    report: Option<ReportProgress>,
    at_end: Option<Box<dyn FnOnce() -> Result<(), StopReason> + Send>>,
}

/// A unit whose work is over.
pub(crate) struct Finished {
    pub indexes: Vec<usize>,
    pub keys: BTreeSet<String>,
}

impl Finished {
    fn with<W>(self, work: W) -> Unit<W> {
        Unit {
            indexes: self.indexes,
            keys: self.keys,
            work,
        }
    }
}

impl<W> Unit<W> {
    pub fn into_parts(self) -> (Finished, W) {
        let finished = Finished {
            indexes: self.indexes,
            keys: self.keys,
        };
        (finished, self.work)
    }
}

/// What came back of what is under way.
enum Step<W, T> {
    Sent(Finished, UnitEnd<W, T>),
    Read(ReadEnd<W, T>),
}

impl<'a, W, T> Engine<'a, W, T> {
    pub fn new(
        plan: Plan<'a, W, T>,
        start: impl FnMut(W) -> Boxed<UnitEnd<W, T>> + Send + 'static,
    ) -> Self {
        let progress = Progress {
            total: plan.source.at_least(),
            ..Progress::default()
        };
        Self {
            source: plan.source,
            source_is_over: false,
            taken: 0,
            waiting: VecDeque::new(),
            start: Box::new(start),
            read_together: plan.read_together,
            under_way: FuturesUnordered::new(),
            sending: 0,
            gathering: Vec::new(),
            gathering_since: None,
            reading_again: Vec::new(),
            unconfirmed: 0,
            busy: BTreeSet::new(),
            slow_start: SlowStart::new(plan.concurrency),
            trouble: Trouble::new(plan.max_outage),
            pause: None,
            stopped: None,
            is_over: false,
            order: plan.order,
            ended: BTreeMap::new(),
            expected: BTreeSet::new(),
            as_ended: VecDeque::new(),
            progress,
            report: plan.report,
            at_end: plan.at_end,
        }
    }

    /// Stops before anything is sent.
    pub fn stopped(mut self, reason: StopReason) -> Self {
        self.stopped = Some(reason);
        self
    }
}

impl<W: Send + 'static, T: Send + 'static> Engine<'_, W, T> {
    fn width(&self) -> usize {
        if self.trouble.is_probing() {
            1
        } else {
            self.slow_start.width()
        }
    }

    /// Takes from the list until there is something to send; says whether there is.
    fn take_more(&mut self) -> bool {
        while self.waiting.is_empty() && !self.source_is_over {
            if self.ended.len() >= MAX_ENDED {
                return false;
            }
            match self.source.take() {
                None => self.source_is_over = true,
                Some(Taken::Done) => {
                    self.taken += 1;
                    self.progress.skipped += 1;
                }
                Some(Taken::Units(units)) => {
                    let indexes = units.iter().flat_map(|unit| unit.indexes.iter().copied());
                    let before = self.expected.len();
                    self.expected.extend(indexes);
                    self.taken += self.expected.len() - before;
                    self.waiting.extend(units);
                }
            }
            self.progress.total = self.taken + self.source.at_least();
        }
        !self.waiting.is_empty()
    }

    fn start_what_may(&mut self) {
        while self.stopped.is_none()
            && self.pause.is_none()
            && self.sending < self.width()
            && self.unconfirmed < MAX_UNCONFIRMED
            && self.take_more()
            && let Some(unit) = self
                .waiting
                .pop_front_if(|unit| self.busy.is_disjoint(&unit.keys))
        {
            self.busy.extend(unit.keys.iter().cloned());
            let (finished, work) = unit.into_parts();
            let work = (self.start)(work);
            self.sending += 1;
            self.under_way
                .push(Box::pin(async move { Step::Sent(finished, work.await) }));
        }
    }

    /// Reads back what was sent: many together, or what there is once nothing else can be sent.
    fn read_what_may(&mut self) {
        let Some(reader) = &self.read_together else {
            return;
        };
        if self.pause.is_some() && self.stopped.is_none() {
            return;
        }
        for units in self.reading_again.drain(..) {
            let reading = reader.read(units);
            self.under_way
                .push(Box::pin(async move { Step::Read(reading.await) }));
        }
        let has_gathered = self.gathering.len() >= COHORT
            || self.sending == 0
            || self
                .gathering_since
                .is_some_and(|since| since.elapsed() >= MAX_GATHERING);
        if has_gathered && !self.gathering.is_empty() {
            let reading = reader.read(std::mem::take(&mut self.gathering));
            self.gathering_since = None;
            self.under_way
                .push(Box::pin(async move { Step::Read(reading.await) }));
        }
    }

    fn take_in(&mut self, step: Step<W, T>) {
        match step {
            Step::Sent(finished, end) => {
                self.sending -= 1;
                if matches!(end, UnitEnd::Ended(..) | UnitEnd::Sent(..)) {
                    self.slow_start.returned();
                }
                let again = self.finish(finished, end);
                if let Some(unit) = again {
                    self.unconfirmed += 1;
                    self.gathering_since.get_or_insert_with(Instant::now);
                    self.gathering.push(unit);
                }
            }
            Step::Read(read) => {
                let has_stopped = self.stopped.is_some();
                let mut again = Vec::new();
                for (finished, end) in read.ends {
                    let end = match (end, &self.read_together) {
                        // The run stops, and the service cannot tell any more.
                        (UnitEnd::Sent(work, _), Some(reader))
                            if has_stopped && read.trouble.is_some() =>
                        {
                            reader.give_up(work)
                        }
                        (end, _) => end,
                    };
                    match self.finish(finished, end) {
                        Some(unit) => again.push(unit),
                        None => self.unconfirmed -= 1,
                    }
                }
                if !again.is_empty() {
                    self.reading_again.push(again);
                }
                if let Some(error) = read.trouble {
                    let reaction = self.trouble.unavailable(error);
                    self.react(reaction);
                }
            }
        }
        self.tell();
    }

    /// Takes in how a unit ended; gives it back if it is to be read back.
    fn finish(&mut self, finished: Finished, end: UnitEnd<W, T>) -> Option<Unit<W>> {
        if !matches!(end, UnitEnd::Sent(..)) {
            for key in &finished.keys {
                self.busy.remove(key);
            }
        }
        let mut again = None;
        let reaction = match end {
            UnitEnd::Ended(ends, signal) => {
                for (index, (item, verdict)) in finished.indexes.into_iter().zip(ends) {
                    match verdict {
                        Verdict::Done => self.progress.done += 1,
                        Verdict::NotDone => self.progress.not_done += 1,
                        Verdict::Failed => self.progress.failed += 1,
                    }
                    if self.order == Order::AsCompleted {
                        self.as_ended.push_back(index);
                    }
                    self.ended.insert(index, item);
                }
                self.trouble.ended(signal)
            }
            UnitEnd::Done => {
                for index in finished.indexes {
                    self.progress.skipped += 1;
                    self.expected.remove(&index);
                }
                Reaction::GoOn
            }
            UnitEnd::Postponed(work, error) => {
                self.waiting.push_front(finished.with(work));
                self.trouble.unavailable(error)
            }
            UnitEnd::Split(parts) => {
                for part in parts.into_iter().rev() {
                    self.waiting.push_front(part);
                }
                Reaction::GoOn
            }
            UnitEnd::Sent(work, signal) => {
                again = Some(finished.with(work));
                self.trouble.ended(signal)
            }
        };
        self.react(reaction);
        again
    }

    fn react(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::GoOn => {}
            Reaction::Wait(time) => {
                self.pause = Some(Box::pin(tokio::time::sleep(time)));
                self.progress.paused_for = Some(time);
                self.slow_start.restart();
            }
            // The first reason stays: what follows follows from it.
            Reaction::Stop(reason) => {
                self.stopped.get_or_insert(reason);
            }
        }
    }

    fn tell(&self) {
        if let Some(report) = &self.report {
            report(&self.progress);
        }
    }

    fn hand_over(&mut self) -> Option<T> {
        let (index, item) = if self.stopped.is_some() && self.under_way.is_empty() {
            // What was not sent keeps nothing waiting any more.
            self.ended.pop_first()?
        } else {
            let next = match self.order {
                Order::Input => self.expected.first(),
                Order::AsCompleted => self.as_ended.front(),
            };
            let index = *next?;
            let item = self.ended.remove(&index)?;
            if self.order == Order::AsCompleted {
                self.as_ended.pop_front();
            }
            (index, item)
        };
        self.expected.remove(&index);
        Some(item)
    }

    /// How many items were not sent, now that nothing more is; what the list has left counts too.
    fn count_unsent(&mut self) -> usize {
        let mut unsent = self.expected.len();
        self.expected.clear();
        while let Some(taken) = self.source.take() {
            if let Taken::Units(units) = taken {
                unsent += units.iter().map(|unit| unit.indexes.len()).sum::<usize>();
            }
        }
        unsent
    }

    /// Whether a pause has just ended, or there is none.
    fn has_paused(&mut self, context: &mut Context<'_>) -> bool {
        let Some(pause) = &mut self.pause else {
            return true;
        };
        if pause.as_mut().poll(context).is_pending() {
            return false;
        }
        self.pause = None;
        self.progress.paused_for = None;
        self.tell();
        true
    }
}

impl<W: Unpin + Send + 'static, T: Unpin + Send + 'static> Stream for Engine<'_, W, T> {
    type Item = Result<T, RunStopped>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let engine = self.get_mut();
        loop {
            let may_start = engine.has_paused(context);
            engine.start_what_may();
            engine.read_what_may();
            if let Some(item) = engine.hand_over() {
                return Poll::Ready(Some(Ok(item)));
            }
            match engine.under_way.poll_next_unpin(context) {
                Poll::Ready(Some(step)) => engine.take_in(step),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) if engine.is_over => return Poll::Ready(None),
                Poll::Ready(None) => {
                    let is_done = engine.waiting.is_empty()
                        && engine.source_is_over
                        && engine.unconfirmed == 0;
                    if (is_done || engine.stopped.is_some())
                        && let Some(at_end) = engine.at_end.take()
                        && let Err(reason) = at_end()
                    {
                        engine.stopped.get_or_insert(reason);
                    }
                    if let Some(reason) = engine.stopped.clone() {
                        engine.is_over = true;
                        let unsent = engine.count_unsent();
                        return Poll::Ready(Some(Err(RunStopped { reason, unsent })));
                    }
                    if is_done {
                        engine.is_over = true;
                        return Poll::Ready(None);
                    }
                    if !may_start {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
