//! Runs many units of work, a bounded number at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Sleep;

use super::options::{Order, Progress, ReportProgress};
use super::slow_start::SlowStart;
use super::trouble::{Reaction, RunStopped, Signal, StopReason, Trouble};
use msgraph_migrations::Error;

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

/// How the work of a unit went.
pub(crate) enum UnitEnd<W, T> {
    /// Item by item in the order of its indexes, and what that tells about the rest.
    Ended(Vec<(T, Verdict)>, Signal),
    /// It was not carried out, and can be later.
    Postponed(W, Arc<Error>),
    /// It is to be done in parts instead.
    Split(Vec<Unit<W>>),
}

/// How an item ended, for the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    NotDone,
    Failed,
}

pub(crate) struct Plan<W> {
    pub units: VecDeque<Unit<W>>,
    pub concurrency: usize,
    pub order: Order,
    pub max_outage: Duration,
    pub progress: Progress,
    pub report: Option<ReportProgress>,
}

/// The items of a run as they end.
pub(crate) struct Engine<W, T> {
    waiting: VecDeque<Unit<W>>,
    start: Box<dyn FnMut(W) -> Boxed<UnitEnd<W, T>> + Send>,
    under_way: FuturesUnordered<Boxed<(Finished, UnitEnd<W, T>)>>,
    busy: BTreeSet<String>,
    slow_start: SlowStart,
    trouble: Trouble,
    pause: Option<Pin<Box<Sleep>>>,
    stopped: Option<StopReason>,
    is_over: bool,
    order: Order,
    /// What ended and was not handed over yet.
    ended: BTreeMap<usize, T>,
    /// The indexes that are to be handed over, in the order of the input.
    expected: VecDeque<usize>,
    /// The indexes in the order in which they ended.
    as_ended: VecDeque<usize>,
    /// How many items are to be handed over yet.
    left: usize,
    progress: Progress,
    report: Option<ReportProgress>,
}

/// A unit whose work is over.
pub(crate) struct Finished {
    indexes: Vec<usize>,
    keys: BTreeSet<String>,
}

impl<W, T> Engine<W, T> {
    pub fn new(
        plan: Plan<W>,
        start: impl FnMut(W) -> Boxed<UnitEnd<W, T>> + Send + 'static,
    ) -> Self {
        let mut expected: Vec<_> = plan
            .units
            .iter()
            .flat_map(|unit| unit.indexes.iter().copied())
            .collect();
        expected.sort_unstable();
        Self {
            waiting: plan.units,
            start: Box::new(start),
            under_way: FuturesUnordered::new(),
            busy: BTreeSet::new(),
            slow_start: SlowStart::new(plan.concurrency),
            trouble: Trouble::new(plan.max_outage),
            pause: None,
            stopped: None,
            is_over: false,
            order: plan.order,
            ended: BTreeMap::new(),
            left: expected.len(),
            expected: expected.into(),
            as_ended: VecDeque::new(),
            progress: plan.progress,
            report: plan.report,
        }
    }

    /// Stops before anything is sent.
    pub fn stopped(mut self, reason: StopReason) -> Self {
        self.stopped = Some(reason);
        self
    }
}

impl<W: Send + 'static, T: Send + 'static> Engine<W, T> {
    fn width(&self) -> usize {
        if self.trouble.is_probing() {
            1
        } else {
            self.slow_start.width()
        }
    }

    fn start_what_may(&mut self) {
        while self.stopped.is_none()
            && self.pause.is_none()
            && self.under_way.len() < self.width()
            && let Some(unit) = self
                .waiting
                .pop_front_if(|unit| self.busy.is_disjoint(&unit.keys))
        {
            self.busy.extend(unit.keys.iter().cloned());
            let finished = Finished {
                indexes: unit.indexes,
                keys: unit.keys,
            };
            let work = (self.start)(unit.work);
            self.under_way
                .push(Box::pin(async move { (finished, work.await) }));
        }
    }

    fn finish(&mut self, finished: Finished, end: UnitEnd<W, T>) {
        self.busy.retain(|key| !finished.keys.contains(key));
        let reaction = match end {
            UnitEnd::Ended(ends, signal) => {
                self.slow_start.returned();
                for (index, (item, verdict)) in finished.indexes.into_iter().zip(ends) {
                    match verdict {
                        Verdict::Done => self.progress.done += 1,
                        Verdict::NotDone => self.progress.not_done += 1,
                        Verdict::Failed => self.progress.failed += 1,
                    }
                    self.as_ended.push_back(index);
                    self.ended.insert(index, item);
                }
                self.trouble.ended(signal)
            }
            UnitEnd::Postponed(work, error) => {
                self.waiting.push_front(Unit {
                    indexes: finished.indexes,
                    keys: finished.keys,
                    work,
                });
                self.trouble.unavailable(error)
            }
            UnitEnd::Split(parts) => {
                for part in parts.into_iter().rev() {
                    self.waiting.push_front(part);
                }
                Reaction::GoOn
            }
        };
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
        self.tell();
    }

    fn tell(&self) {
        if let Some(report) = &self.report {
            report(&self.progress);
        }
    }

    fn hand_over(&mut self) -> Option<T> {
        if self.stopped.is_some() && self.under_way.is_empty() {
            // What was not sent keeps nothing waiting any more.
            let (_, item) = self.ended.pop_first()?;
            self.left -= 1;
            return Some(item);
        }
        let next = match self.order {
            Order::Input => self.expected.front(),
            Order::AsCompleted => self.as_ended.front(),
        };
        let item = self.ended.remove(next?)?;
        match self.order {
            Order::Input => self.expected.pop_front(),
            Order::AsCompleted => self.as_ended.pop_front(),
        };
        self.left -= 1;
        Some(item)
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

impl<W: Unpin + Send + 'static, T: Unpin + Send + 'static> Stream for Engine<W, T> {
    type Item = Result<T, RunStopped>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let engine = self.get_mut();
        loop {
            let may_start = engine.has_paused(context);
            engine.start_what_may();
            if let Some(item) = engine.hand_over() {
                return Poll::Ready(Some(Ok(item)));
            }
            match engine.under_way.poll_next_unpin(context) {
                Poll::Ready(Some((finished, end))) => engine.finish(finished, end),
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) if engine.is_over => return Poll::Ready(None),
                Poll::Ready(None) => {
                    if let Some(reason) = engine.stopped.clone() {
                        engine.is_over = true;
                        let unsent = engine.left;
                        engine.left = 0;
                        return Poll::Ready(Some(Err(RunStopped { reason, unsent })));
                    }
                    if engine.waiting.is_empty() {
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

    fn size_hint(&self) -> (usize, Option<usize>) {
        // A run that stops has one error more.
        (0, Some(self.left + 1))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use futures_util::FutureExt;

    use super::*;

    /// A run whose unit number n has the keys `keys[n]` and takes `milliseconds[n]`.
    fn run(
        keys: &[&[&str]],
        milliseconds: &[u64],
        concurrency: usize,
        order: Order,
    ) -> Engine<(usize, u64), usize> {
        let unit = |(index, (keys, milliseconds)): (usize, (&&[&str], &u64))| Unit {
            indexes: vec![index],
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            work: (index, *milliseconds),
        };
        let plan = Plan {
            units: keys
                .iter()
                .zip(milliseconds)
                .enumerate()
                .map(unit)
                .collect(),
            concurrency,
            order,
            progress: Progress::default(),
            max_outage: Duration::from_hours(1),
            report: None,
        };
        Engine::new(plan, |(index, milliseconds)| {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                UnitEnd::Ended(vec![(index, Verdict::Done)], Signal::Healthy)
            })
        })
    }

    async fn items<W: Unpin + Send + 'static>(run: Engine<W, usize>) -> Vec<usize> {
        run.map(|item| item.expect("nothing stops it"))
            .collect()
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn items_come_in_input_order_or_as_they_end() {
        let (keys, milliseconds): (&[&[&str]], _) = (&[&[], &[], &[], &[]], [40, 10, 30, 20]);
        for (order, expected) in [
            (Order::Input, [0, 1, 2, 3]),
            (Order::AsCompleted, [1, 3, 2, 0]),
        ] {
            let run = run(keys, &milliseconds, 4, order);
            assert_eq!(items(run).await, expected, "{order:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_units_are_under_way_as_allowed_and_never_more() {
        for bound in [1, 2, 5, 16] {
            let count = 1_000;
            let unit = |index| Unit {
                indexes: vec![index],
                keys: BTreeSet::new(),
                work: index,
            };
            let plan = Plan {
                units: (0..count).map(unit).collect(),
                concurrency: bound,
                order: Order::Input,
                progress: Progress::default(),
                max_outage: Duration::from_hours(1),
                report: None,
            };
            let under_way = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let (counter, highest) = (Arc::clone(&under_way), Arc::clone(&most));
            let run = Engine::new(plan, move |index: usize| {
                let (counter, highest) = (Arc::clone(&counter), Arc::clone(&highest));
                Box::pin(async move {
                    highest.fetch_max(counter.fetch_add(1, SeqCst) + 1, SeqCst);
                    tokio::time::sleep(Duration::from_millis(1 + index as u64 % 7)).await;
                    counter.fetch_sub(1, SeqCst);
                    UnitEnd::Ended(vec![(index, Verdict::Done)], Signal::Healthy)
                })
            });
            assert!(items(run).await.is_sorted());
            assert_eq!(most.load(SeqCst), bound);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn units_that_share_a_key_run_one_after_the_other_in_order() {
        let keys: &[&[&str]] = &[&["a"], &["b"], &["b", "a"], &["c"], &["a"]];
        // The later, the quicker: without the keys the order would be reversed.
        let run = run(keys, &[50, 40, 30, 20, 10], 4, Order::AsCompleted);
        assert_eq!(items(run).await, [1, 0, 3, 2, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_that_has_ended_is_handed_over_without_waiting_for_others() {
        let mut run = run(&[&[], &[]], &[10, 1_000], 4, Order::Input);
        assert_eq!(run.next().await.transpose().expect("no stop"), Some(0));
        assert!(run.next().now_or_never().is_none());
        assert_eq!(run.next().await.transpose().expect("no stop"), Some(1));
        assert!(run.next().await.is_none());
    }
}
