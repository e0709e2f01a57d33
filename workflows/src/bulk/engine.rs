//! Runs many units of work, a bounded number at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::options::{Order, Progress, Report};
use super::ramp::Ramp;

type Boxed<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// What is sent by one request.
pub(crate) struct Unit<W> {
    /// The places of its items in the caller's list.
    pub places: Vec<usize>,
    /// What it changes; units that share a key run one after the other, in the caller's order.
    pub keys: BTreeSet<String>,
    pub work: W,
}

/// What the end of a unit means, item by item in the order of its places.
pub(crate) type Ends<T> = Vec<(T, Verdict)>;

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
    pub progress: Progress,
    pub report: Option<Report>,
}

/// The items of a run as they end.
pub(crate) struct Engine<W, T> {
    waiting: VecDeque<Unit<W>>,
    start: Box<dyn FnMut(W) -> Boxed<Ends<T>> + Send>,
    under_way: FuturesUnordered<Boxed<(Finished, Ends<T>)>>,
    busy: BTreeSet<String>,
    ramp: Ramp,
    order: Order,
    /// What ended and was not handed over yet.
    ended: BTreeMap<usize, T>,
    /// The places that are to be handed over, in the order of the input.
    expected: VecDeque<usize>,
    /// The places in the order in which they ended.
    as_ended: VecDeque<usize>,
    /// How many items are to be handed over yet.
    left: usize,
    progress: Progress,
    report: Option<Report>,
}

/// A unit whose work is over.
pub(crate) struct Finished {
    places: Vec<usize>,
    keys: BTreeSet<String>,
}

impl<W, T> Engine<W, T> {
    pub fn new(plan: Plan<W>, start: impl FnMut(W) -> Boxed<Ends<T>> + Send + 'static) -> Self {
        let mut expected: Vec<_> = plan
            .units
            .iter()
            .flat_map(|unit| unit.places.iter().copied())
            .collect();
        expected.sort_unstable();
        Self {
            waiting: plan.units,
            start: Box::new(start),
            under_way: FuturesUnordered::new(),
            busy: BTreeSet::new(),
            ramp: Ramp::new(plan.concurrency),
            order: plan.order,
            ended: BTreeMap::new(),
            left: expected.len(),
            expected: expected.into(),
            as_ended: VecDeque::new(),
            progress: plan.progress,
            report: plan.report,
        }
    }
}

impl<W, T: 'static> Engine<W, T> {
    fn start_what_may(&mut self) {
        while self.under_way.len() < self.ramp.width()
            && let Some(unit) = self
                .waiting
                .pop_front_if(|unit| self.busy.is_disjoint(&unit.keys))
        {
            self.busy.extend(unit.keys.iter().cloned());
            let finished = Finished {
                places: unit.places,
                keys: unit.keys,
            };
            let work = (self.start)(unit.work);
            self.under_way
                .push(Box::pin(async move { (finished, work.await) }));
        }
    }

    fn finish(&mut self, finished: Finished, ends: Ends<T>) {
        self.ramp.returned();
        self.busy.retain(|key| !finished.keys.contains(key));
        for (place, (item, verdict)) in finished.places.into_iter().zip(ends) {
            match verdict {
                Verdict::Done => self.progress.done += 1,
                Verdict::NotDone => self.progress.not_done += 1,
                Verdict::Failed => self.progress.failed += 1,
            }
            self.as_ended.push_back(place);
            self.ended.insert(place, item);
        }
        if let Some(report) = &self.report {
            report(&self.progress);
        }
    }

    fn hand_over(&mut self) -> Option<T> {
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
}

impl<W: Unpin, T: Unpin + 'static> Stream for Engine<W, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let engine = self.get_mut();
        loop {
            engine.start_what_may();
            if let Some(item) = engine.hand_over() {
                return Poll::Ready(Some(item));
            }
            match ready!(engine.under_way.poll_next_unpin(context)) {
                Some((finished, ends)) => engine.finish(finished, ends),
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    /// A run whose unit number n has the keys `keys[n]` and takes `milliseconds[n]`.
    fn run(
        keys: &[&[&str]],
        milliseconds: &[u64],
        concurrency: usize,
        order: Order,
    ) -> Engine<(usize, u64), usize> {
        let unit = |(place, (keys, milliseconds)): (usize, (&&[&str], &u64))| Unit {
            places: vec![place],
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            work: (place, *milliseconds),
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
            report: None,
        };
        Engine::new(plan, |(place, milliseconds)| {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                vec![(place, Verdict::Done)]
            })
        })
    }

    #[tokio::test(start_paused = true)]
    async fn items_come_in_input_order_or_as_they_end() {
        let (keys, milliseconds): (&[&[&str]], _) = (&[&[], &[], &[], &[]], [40, 10, 30, 20]);
        for (order, expected) in [
            (Order::Input, [0, 1, 2, 3]),
            (Order::AsCompleted, [1, 3, 2, 0]),
        ] {
            let run = run(keys, &milliseconds, 4, order);
            assert_eq!(run.size_hint(), (4, Some(4)));
            assert_eq!(run.collect::<Vec<_>>().await, expected, "{order:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_units_are_under_way_as_allowed_and_never_more() {
        for bound in [1, 2, 5, 16] {
            let count = 1_000;
            let unit = |place| Unit {
                places: vec![place],
                keys: BTreeSet::new(),
                work: place,
            };
            let plan = Plan {
                units: (0..count).map(unit).collect(),
                concurrency: bound,
                order: Order::Input,
                progress: Progress::default(),
                report: None,
            };
            let under_way = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let (counter, highest) = (Arc::clone(&under_way), Arc::clone(&most));
            let run = Engine::new(plan, move |place: usize| {
                let (counter, highest) = (Arc::clone(&counter), Arc::clone(&highest));
                Box::pin(async move {
                    highest.fetch_max(counter.fetch_add(1, SeqCst) + 1, SeqCst);
                    tokio::time::sleep(Duration::from_millis(1 + place as u64 % 7)).await;
                    counter.fetch_sub(1, SeqCst);
                    vec![(place, Verdict::Done)]
                })
            });
            assert!(run.collect::<Vec<_>>().await.is_sorted());
            assert_eq!(most.load(SeqCst), bound);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn units_that_share_a_key_run_one_after_the_other_in_order() {
        let keys: &[&[&str]] = &[&["a"], &["b"], &["b", "a"], &["c"], &["a"]];
        // The later, the quicker: without the keys the order would be reversed.
        let run = run(keys, &[50, 40, 30, 20, 10], 4, Order::AsCompleted);
        assert_eq!(run.collect::<Vec<_>>().await, [1, 0, 3, 2, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_that_has_ended_is_handed_over_without_waiting_for_others() {
        let mut run = run(&[&[], &[]], &[10, 1_000], 4, Order::Input);
        assert_eq!(run.next().await, Some(0));
        assert!(run.next().now_or_never().is_none());
        assert_eq!(run.next().await, Some(1));
        assert_eq!(run.next().await, None);
    }
}
