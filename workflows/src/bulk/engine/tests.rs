//! The engine by itself, with units that take the time they are given.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::FutureExt;

use super::*;

struct Listed<I>(I);

impl<W, I: Iterator<Item = Unit<W>> + Send> Source<W> for Listed<I> {
    fn take(&mut self) -> Option<Taken<W>> {
        self.0.next().map(|unit| Taken::Units(vec![unit]))
    }

    fn at_least(&self) -> usize {
        self.0.size_hint().0
    }
}

/// A run whose unit number n has the keys `keys[n]` and takes `milliseconds[n]`.
fn run(
    keys: &[&[&str]],
    milliseconds: &[u64],
    concurrency: usize,
    order: Order,
) -> Engine<'static, (usize, u64), usize> {
    let unit = |(index, (keys, milliseconds)): (usize, (&&[&str], &u64))| Unit {
        indexes: vec![index],
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        work: (index, *milliseconds),
    };
    let units: Vec<_> = keys
        .iter()
        .zip(milliseconds)
        .enumerate()
        .map(unit)
        .collect();
    let plan = Plan {
        source: Box::new(Listed(units.into_iter())),
        read_together: None,
        concurrency,
        order,
        max_outage: Duration::from_hours(1),
        report: None,
        at_end: None,
    };
    Engine::new(plan, |(index, milliseconds)| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            UnitEnd::Ended(vec![(index, Verdict::Done)], Signal::Healthy)
        })
    })
}

async fn items<W: Unpin + Send + 'static>(run: Engine<'_, W, usize>) -> Vec<usize> {
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
            source: Box::new(Listed((0..count).map(unit))),
            read_together: None,
            concurrency: bound,
            order: Order::Input,
            max_outage: Duration::from_hours(1),
            report: None,
            at_end: None,
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

/// Counts what is taken from it.
struct Counted(usize, Arc<AtomicUsize>);

impl Source<(usize, u64)> for Counted {
    fn take(&mut self) -> Option<Taken<(usize, u64)>> {
        let index = self.1.fetch_add(1, SeqCst);
        let milliseconds = if index == 0 { 3_600_000 } else { 1 };
        (index < self.0).then(|| {
            Taken::Units(vec![Unit {
                indexes: vec![index],
                keys: BTreeSet::new(),
                work: (index, milliseconds),
            }])
        })
    }

    fn at_least(&self) -> usize {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_before_its_turn_is_kept_up_to_a_bound_and_all_comes_in_order() {
    let taken = Arc::new(AtomicUsize::new(0));
    let plan = Plan {
        source: Box::new(Counted(20_000, Arc::clone(&taken))),
        read_together: None,
        concurrency: 16,
        order: Order::Input,
        max_outage: Duration::from_hours(1),
        report: None,
        at_end: None,
    };
    let mut run = Engine::new(plan, |(index, milliseconds)| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            UnitEnd::Ended(vec![(index, Verdict::Done)], Signal::Healthy)
        })
    });
    // The first takes an hour.
    assert_eq!(run.next().await.transpose().expect("no stop"), Some(0));
    assert!(taken.load(SeqCst) <= MAX_ENDED + 16);
    let items = items(run).await;
    assert_eq!(items, (1..20_000).collect::<Vec<_>>());
}
