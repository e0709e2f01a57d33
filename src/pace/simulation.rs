//! The pace against simulated services, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;

use super::Pace;
use crate::bulk::engine::{Engine, Plan, Unit, Verdict};
use crate::bulk::options::{Order, Progress};

/// A service that allows so many requests per second.
struct Service {
    per_second: f64,
    /// How much of what was not used it saves up, in requests; 1 minds the distance of requests.
    holds: f64,
    saved: f64,
    filled: Instant,
    /// What else it allows from when on.
    later: Option<(Instant, f64)>,
    says_when: bool,
    /// Refuses each so-manieth request for no reason that a client could know.
    refuses_every: Option<u32>,
    passed: u32,
    refused: u32,
}

impl Service {
    fn new(per_second: f64, holds: f64) -> Self {
        Self {
            per_second,
            holds,
            saved: holds,
            filled: Instant::now(),
            later: None,
            says_when: true,
            refuses_every: None,
            passed: 0,
            refused: 0,
        }
    }

    /// Lets a request through, or says how long to stay away if it says so at all.
    fn ask(&mut self) -> Result<(), Option<Duration>> {
        let now = Instant::now();
        if let Some((_, per_second)) = self.later.take_if(|(from, _)| *from <= now) {
            self.per_second = per_second;
            self.holds = per_second;
        }
        let seconds = now.duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.saved = (self.saved + seconds * self.per_second).min(self.holds);
        let number = self.passed + self.refused + 1;
        if self
            .refuses_every
            .is_some_and(|every| number.is_multiple_of(every))
        {
            self.refused += 1;
            return Err(Some(Duration::from_secs(1)));
        }
        // What is missing by less than a billionth is there; the rest is rounding.
        if self.saved >= 1.0 - 1e-9 {
            self.saved -= 1.0;
            self.passed += 1;
            return Ok(());
        }
        self.refused += 1;
        let wait = ((1.0 - self.saved) / self.per_second).ceil();
        Err(self.says_when.then(|| Duration::from_secs_f64(wait)))
    }
}

struct Figures {
    seconds: f64,
    refused_share: f64,
}

/// Sends `count` requests, each again until it gets through, as a run over many items does.
async fn run(service: Service, count: usize, concurrency: usize, latency: Duration) -> Figures {
    let service = Arc::new(Mutex::new(service));
    let pace = Arc::new(Pace::new());
    let units = (0..count).map(|place| Unit {
        places: vec![place],
        keys: std::collections::BTreeSet::new(),
        work: (),
    });
    let plan = Plan {
        units: units.collect(),
        concurrency,
        order: Order::AsCompleted,
        progress: Progress::default(),
        report: None,
    };
    let start = Instant::now();
    let asked = Arc::clone(&service);
    let engine = Engine::new(plan, move |()| {
        let (service, pace) = (Arc::clone(&asked), Arc::clone(&pace));
        Box::pin(async move {
            send(&service, &pace, latency).await;
            vec![((), Verdict::Done)]
        })
    });
    assert_eq!(engine.count().await, count);
    let service = service.lock().expect("no panic");
    assert_eq!(service.passed as usize, count);
    Figures {
        seconds: start.elapsed().as_secs_f64(),
        refused_share: f64::from(service.refused) / f64::from(service.refused + service.passed),
    }
}

async fn send(service: &Mutex<Service>, pace: &Pace, latency: Duration) {
    loop {
        let departure = pace.depart(Duration::MAX).await.expect("no limit");
        tokio::time::sleep(latency / 2).await;
        let answer = service.lock().expect("no panic").ask();
        tokio::time::sleep(latency / 2).await;
        match answer {
            Ok(()) => return pace.passed(departure),
            Err(wait) => {
                pace.throttled(departure, wait);
                tokio::time::sleep(wait.unwrap_or_default()).await;
            }
        }
    }
}

/// Prints what came of a case, and holds it against its bounds.
#[track_caller]
fn check(case: &str, figures: &Figures, ideal: f64, longest: f64, most_refused: f64) {
    let case = format!(
        "{case}: {:.3} of the ideal time, {:.2} % refused",
        figures.seconds / ideal,
        figures.refused_share * 100.0
    );
    println!("{case}");
    assert!(figures.seconds <= longest * ideal, "{case}");
    assert!(figures.refused_share <= most_refused, "{case}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_used_up_and_hardly_overstepped() {
    let limits = [
        (20, 10),
        (20, 20),
        (50, 10),
        (100, 10),
        (100, 20),
        (400, 20),
    ];
    for (per_second, seconds) in limits {
        for concurrency in [1_u32, 4, 16, 64] {
            for milliseconds in [1_u32, 100] {
                let can_reach_the_limit = concurrency * 1_000 > per_second * milliseconds * 3 / 2;
                if !can_reach_the_limit {
                    continue;
                }
                let limit = f64::from(per_second);
                let figures = run(
                    Service::new(limit, limit),
                    (per_second * seconds) as usize,
                    concurrency as usize,
                    Duration::from_millis(milliseconds.into()),
                )
                .await;
                let case = format!(
                    "{seconds} s of {per_second}/s, {concurrency} at once, {milliseconds} ms"
                );
                check(&case, &figures, seconds.into(), 1.10, 0.05);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_kinds_of_limits_are_found_too() {
    let silent = |limit| Service {
        says_when: false,
        ..Service::new(limit, limit)
    };
    // What it is, the service, the requests and the ideal time, how much longer it may take.
    let cases = [
        (
            "says not when to return, 20/s",
            silent(20.0),
            400,
            20.0,
            1.10,
        ),
        (
            "says not when to return, 50/s",
            silent(50.0),
            1_500,
            30.0,
            1.10,
        ),
        (
            "saves nothing up, 20/s",
            Service::new(20.0, 1.0),
            1_200,
            60.0,
            1.45,
        ),
        (
            "saves nothing up, 100/s",
            Service::new(100.0, 1.0),
            6_000,
            60.0,
            1.45,
        ),
        ("a small one, 5/s", Service::new(5.0, 5.0), 300, 60.0, 1.15),
        (
            "saves up ten seconds",
            Service::new(50.0, 500.0),
            3_000,
            60.0,
            1.10,
        ),
        (
            "saves up a tenth of a second",
            Service::new(50.0, 5.0),
            3_000,
            60.0,
            1.45,
        ),
    ];
    for (case, service, count, ideal, longest) in cases {
        let figures = run(service, count, 16, Duration::from_millis(20)).await;
        check(case, &figures, ideal, longest, 0.05);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_changes_midway_is_followed() {
    for (from, to) in [(100.0, 50.0), (100.0, 20.0), (20.0, 50.0), (20.0, 200.0)] {
        let service = Service {
            later: Some((Instant::now() + Duration::from_mins(1), to)),
            ..Service::new(from, from)
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let count = (60.0 * from + 120.0 * to) as usize;
        let figures = run(service, count, 16, Duration::from_millis(20)).await;
        check(
            &format!("{from}/s, then {to}/s"),
            &figures,
            180.0,
            1.30,
            0.05,
        );
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_without_a_limit_behind_them_do_not_slow_down_without_end() {
    for (every, count, ideal) in [
        (200, 4_000, 100.0),
        (200, 16_000, 400.0),
        (1_000, 50_000, 500.0),
    ] {
        let service = Service {
            refuses_every: Some(every),
            ..Service::new(1e6, 1e6)
        };
        let figures = run(service, count, 16, Duration::from_millis(20)).await;
        let case = format!("{count} requests, each {every}th refused");
        check(&case, &figures, ideal, 1.25, 0.01);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_wait_that_long_learns_at_once_how_long_it_takes() {
    let pace = Pace::new();
    let departure = pace
        .depart(Duration::ZERO)
        .await
        .expect("nothing holds it back");
    pace.throttled(departure, Some(Duration::from_secs(90)));
    let start = Instant::now();
    let refused = pace.depart(Duration::from_mins(1)).await.err();
    assert_eq!(refused, Some(Duration::from_secs(90)));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(pace.depart(Duration::from_secs(100)).await.is_ok());
    assert_eq!(start.elapsed(), Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_its_turn_holds_nobody_up() {
    let pace = Pace::new();
    let departure = pace
        .depart(Duration::ZERO)
        .await
        .expect("nothing holds it back");
    pace.throttled(departure, Some(Duration::from_secs(10)));
    let start = Instant::now();
    assert!(pace.depart(Duration::MAX).now_or_never().is_none());
    assert!(pace.depart(Duration::MAX).await.is_ok());
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_without_being_polled_holds_nobody_up() {
    let pace = Pace::new();
    let departure = pace
        .depart(Duration::ZERO)
        .await
        .expect("nothing holds it back");
    pace.throttled(departure, Some(Duration::from_secs(10)));
    let mut idle: Vec<_> = (0..10)
        .map(|_| Box::pin(pace.depart(Duration::MAX)))
        .collect();
    for waiting in &mut idle {
        assert!(waiting.now_or_never().is_none());
    }
    let start = Instant::now();
    assert!(pace.depart(Duration::MAX).await.is_ok());
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    for waiting in idle {
        assert!(waiting.await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_leave_in_the_order_in_which_they_came() {
    let pace = Pace::new();
    let departure = pace
        .depart(Duration::ZERO)
        .await
        .expect("nothing holds it back");
    pace.throttled(departure, Some(Duration::from_secs(1)));
    let waiting = (0..100).map(|number| {
        let pace = &pace;
        async move { pace.depart(Duration::MAX).await.map(|_| number) }
    });
    let left: Vec<_> = waiting
        .collect::<futures_util::stream::FuturesUnordered<_>>()
        .map(|left| left.expect("no limit"))
        .collect()
        .await;
    assert_eq!(left.len(), 100);
    // Nobody is overtaken by more than a few, whatever order timers fire in.
    for (place, number) in left.iter().enumerate() {
        assert!(place.abs_diff(*number) <= 10, "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_never_throttled_is_never_held_back() {
    let pace = Pace::new();
    let start = Instant::now();
    for _ in 0..10_000 {
        let departure = pace
            .depart(Duration::ZERO)
            .await
            .expect("nothing holds it back");
        pace.passed(departure);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}
