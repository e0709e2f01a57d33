//! Waiting for a turn, with a clock that jumps.

use futures_util::{FutureExt, StreamExt};

use super::*;

const FAMILY: ResourceFamily = ResourceFamily::Actions;
const DAY: Duration = Duration::from_hours(24);

fn limits(max_pause: Duration) -> RateLimits {
    RateLimits::new(&RateLimitOptions::new().max_pause(max_pause))
}

async fn ticket(limits: &RateLimits, longest: Duration) -> Result<Ticket, Held> {
    limits.acquire(FAMILY, Urgency::Ordinary, longest).await
}

async fn refuse(limits: &RateLimits, retry_after: Duration) {
    let ticket = ticket(limits, Duration::ZERO).await;
    let Ok(ticket) = ticket else {
        panic!("something holds it back");
    };
    ticket.refused(Some(retry_after)).await;
}

fn is_about(one: Duration, other: Duration) -> bool {
    one.abs_diff(other) <= Duration::from_millis(2)
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_wait_that_long_learns_at_once_how_long_it_takes() {
    let limits = limits(DAY);
    refuse(&limits, Duration::from_secs(90)).await;
    let start = Instant::now();
    let Err(Held::Back { wait, cause }) = ticket(&limits, Duration::from_mins(1)).await else {
        panic!("it was let through");
    };
    assert!(is_about(wait, Duration::from_secs(90)), "{wait:?}");
    assert_eq!(cause, RateLimitCause::Service);
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(ticket(&limits, Duration::from_secs(100)).await.is_ok());
    assert!(is_about(start.elapsed(), Duration::from_secs(90)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_a_day_is_sat_out_to_its_end_or_to_the_bound() {
    for (bound, expected) in [
        (2 * DAY, DAY),
        (Duration::from_mins(10), Duration::from_mins(10)),
    ] {
        let limits = limits(bound);
        refuse(&limits, DAY).await;
        let start = Instant::now();
        limits.ready(FAMILY).await.expect("in memory");
        assert!(is_about(start.elapsed(), expected), "{:?}", start.elapsed());
        assert!(ticket(&limits, Duration::ZERO).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_that_was_cut_short_a_single_request_leaves_until_it_is_answered() {
    let limits = limits(Duration::from_mins(10));
    refuse(&limits, DAY).await;
    limits.ready(FAMILY).await.expect("in memory");
    let probe = ticket(&limits, Duration::ZERO).await;
    assert!(ticket(&limits, DAY).now_or_never().is_none());
    assert!(limits.ready(FAMILY).now_or_never().is_none());
    assert_eq!(
        limits.state(FAMILY).expect("in memory").max_concurrent,
        Some(1)
    );
    if let Ok(probe) = probe {
        probe.accepted().await;
    }
    limits
        .ready(FAMILY)
        .now_or_never()
        .expect("at once")
        .expect("in memory");
    // One answer was enough for all.
    let mut left = Vec::new();
    for _ in 0..10 {
        left.extend(ticket(&limits, Duration::ZERO).await.ok());
    }
    assert_eq!(left.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_answer_of_another_goes_on_when_it_is_there() {
    let limits = limits(DAY);
    refuse(&limits, Duration::from_secs(10)).await;
    let Ok(probe) = ticket(&limits, DAY).await else {
        panic!("the pause is over");
    };
    let start = Instant::now();
    let (waited, ()) = tokio::join!(ticket(&limits, DAY), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        probe.accepted().await;
    });
    assert!(waited.is_ok());
    assert!(is_about(start.elapsed(), Duration::from_millis(50)));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_leaves_its_place_to_the_next() {
    let limits = limits(DAY);
    refuse(&limits, Duration::from_secs(10)).await;
    drop(ticket(&limits, DAY).await);
    let start = Instant::now();
    assert!(ticket(&limits, DAY).await.is_ok());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_answer_of_another_does_not_wait_for_ever() {
    let limits = limits(DAY);
    refuse(&limits, Duration::from_secs(10)).await;
    let probe = ticket(&limits, DAY).await;
    let start = Instant::now();
    let waited = ticket(&limits, Duration::from_secs(1));
    let waited = tokio::time::timeout(Duration::from_secs(20), waited).await;
    let Ok(Err(Held::Back { wait, cause })) = waited else {
        panic!("it was let through, or waited on");
    };
    assert_eq!((wait, cause), (Duration::ZERO, RateLimitCause::OwnQueue));
    assert!(is_about(start.elapsed(), Duration::from_secs(1)));
    drop(probe);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_process_was_killed_holds_others_up_for_half_a_minute() {
    let limits = limits(DAY);
    refuse(&limits, Duration::ZERO).await;
    let start = Instant::now();
    // Nobody is left to say what became of it.
    std::mem::forget(ticket(&limits, DAY).await);
    limits.ready(FAMILY).await.expect("in memory");
    assert!(ticket(&limits, Duration::ZERO).await.is_ok());
    let waited = start.elapsed();
    assert!(waited <= Duration::from_secs(35), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_its_turn_holds_nobody_up() {
    let limits = limits(DAY);
    refuse(&limits, Duration::from_secs(10)).await;
    let start = Instant::now();
    assert!(ticket(&limits, DAY).now_or_never().is_none());
    assert!(ticket(&limits, DAY).await.is_ok());
    assert!(is_about(start.elapsed(), Duration::from_secs(10)));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_without_being_polled_holds_nobody_up() {
    let limits = limits(DAY);
    refuse(&limits, Duration::from_secs(10)).await;
    let mut idle: Vec<_> = (0..10).map(|_| Box::pin(ticket(&limits, DAY))).collect();
    for waiting in &mut idle {
        assert!(waiting.now_or_never().is_none());
    }
    let start = Instant::now();
    assert!(ticket(&limits, DAY).await.is_ok());
    assert!(is_about(start.elapsed(), Duration::from_secs(10)));
    for waiting in idle {
        assert!(waiting.await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_leave_in_about_the_order_in_which_they_came() {
    let limits = RateLimits::new(&RateLimitOptions::new().max_rate(FAMILY, 20.0));
    let waiting = (0..100_usize).map(|number| {
        let limits = &limits;
        async move { ticket(limits, DAY).await.map(|_| number) }
    });
    let left: Vec<_> = waiting
        .collect::<futures_util::stream::FuturesUnordered<_>>()
        .map(|left| left.ok().expect("no limit"))
        .collect()
        .await;
    assert_eq!(left.len(), 100);
    for (index, number) in left.iter().enumerate() {
        assert!(index.abs_diff(*number) <= 10, "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_never_refused_anything_is_never_held_back() {
    let limits = limits(DAY);
    let start = Instant::now();
    for _ in 0..10_000 {
        let Ok(ticket) = ticket(&limits, Duration::ZERO).await else {
            panic!("something holds it back");
        };
        ticket.accepted().await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_set_is_kept_from_the_beginning_and_never_exceeded() {
    for (options, least) in [
        (RateLimitOptions::new().max_rate(FAMILY, 5.0), 199.0),
        (RateLimitOptions::new().max_rate(FAMILY, f64::NAN), 9_990.0),
        (RateLimitOptions::new().max_rate(FAMILY, -1.0), 9_990.0),
    ] {
        let limits = RateLimits::new(&options);
        let start = Instant::now();
        for _ in 0..1_000 {
            let Ok(ticket) = ticket(&limits, DAY).await else {
                panic!("it does not take that long");
            };
            ticket.accepted().await;
        }
        let seconds = start.elapsed().as_secs_f64();
        assert!((least..least * 1.01).contains(&seconds), "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_starting_rate_holds_for_a_while_and_grows_when_nothing_is_refused() {
    let limits = RateLimits::new(&RateLimitOptions::new().starting_rate(FAMILY, 10.0));
    let rate = || limits.state(FAMILY).expect("in memory").requests_per_second;
    let mut sent = 0_u32;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let Ok(ticket) = ticket(&limits, DAY).await else {
            panic!("it does not take that long");
        };
        ticket.accepted().await;
        sent += 1;
    }
    assert!((195..=205).contains(&sent), "{sent}");
    assert_eq!(rate(), Some(10.0));
    // When it is fast enough not to matter any more, no time passes.
    while rate().is_some_and(|rate| rate <= 50.0) && start.elapsed() < Duration::from_mins(2) {
        let Ok(ticket) = ticket(&limits, DAY).await else {
            panic!("it does not take that long");
        };
        ticket.accepted().await;
    }
    assert!(rate().is_none_or(|rate| rate > 50.0), "{:?}", rate());
}
