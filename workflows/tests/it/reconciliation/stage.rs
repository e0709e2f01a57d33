//! Where the seeded runs take place, and what goes wrong there.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use fastrand::Rng;
use msgraph_migrations::{AccessToken, Client, RetryPolicy};
use msgraph_migrations_sandbox::{
    CancelInProgress, CreateStarts, Fault, FaultRule, RequestEntry, RetryAfter, Sandbox, Settings,
};
use msgraph_migrations_workflows::reconciliation::ReadBack;

pub const DAY: u64 = 24 * 60 * 60;

/// A sandbox that notes every request and lets time pass after each.
pub struct Stage {
    pub sandbox: Arc<Sandbox>,
    log: Arc<Mutex<Vec<RequestEntry>>>,
    pauses: Arc<Mutex<VecDeque<Duration>>>,
    pub client: Client,
}

impl Stage {
    pub async fn start(batch: usize) -> Self {
        let settings = match batch {
            0 => Settings::default(),
            1 => Settings {
                capitalised_statuses: true,
                wrap_cancel_in_value: true,
                cancel_in_progress: CancelInProgress::UntilCuttingOver,
                ..Settings::default()
            },
            2 => Settings {
                deleted_jobs_vanish: true,
                wrap_entity_in_value: true,
                revalidate_expired: true,
                ..Settings::default()
            },
            _ => Settings {
                cancel_in_progress: CancelInProgress::Never,
                create_starts: CreateStarts::Validation,
                delete_completed_with_errors: false,
                ..Settings::default()
            },
        };
        let log = Arc::new(Mutex::new(Vec::new()));
        let pauses = Arc::new(Mutex::new(VecDeque::<Duration>::new()));
        let handle: Arc<OnceLock<Weak<Sandbox>>> = Arc::default();
        let (noted, passing, stage) = (log.clone(), pauses.clone(), handle.clone());
        let sandbox = Sandbox::builder()
            .settings(settings)
            .seed(batch as u64)
            .on_request(move |entry| {
                noted.lock().expect("no panic").push(entry.clone());
                let pause = passing.lock().expect("no panic").pop_front();
                if let (Some(pause), Some(sandbox)) = (pause, stage.get().and_then(Weak::upgrade)) {
                    sandbox.advance(pause).expect("time within the calendar");
                }
            })
            .start()
            .await
            .expect("a sandbox");
        let sandbox = Arc::new(sandbox);
        let client = client(&sandbox, RetryPolicy::never());
        handle.set(Arc::downgrade(&sandbox)).expect("set once");
        Self {
            sandbox,
            log,
            pauses,
            client,
        }
    }

    /// A client that repeats a request once, and that nothing else has a share in.
    pub fn patient_client(&self) -> Client {
        let retry = RetryPolicy::default().max_attempts(2);
        client(&self.sandbox, retry.base_delay(Duration::ZERO))
    }

    /// How many requests there were since the log was taken.
    pub fn requests(&self) -> usize {
        self.log.lock().expect("no panic").len()
    }

    /// Lets time pass after the requests to come.
    pub fn let_pass(&self, pauses: VecDeque<Duration>) {
        *self.pauses.lock().expect("no panic") = pauses;
    }

    pub fn take_log(&self) -> Vec<RequestEntry> {
        std::mem::take(&mut *self.log.lock().expect("no panic"))
    }
}

fn client(sandbox: &Sandbox, retry: RetryPolicy) -> Client {
    Client::builder(AccessToken::new("a-token").expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(retry)
        .build()
        .expect("a client")
}

pub fn policy() -> ReadBack {
    ReadBack::default()
        .max_reads(3)
        .first_wait(Duration::ZERO)
        .settle_within(Duration::from_secs(20))
}

/// How the answer to the action goes wrong, if it does.
pub fn fault_of_action(rng: &mut Rng) -> Option<Fault> {
    let after_effect = rng.bool();
    let status = |rng: &mut Rng, after_effect| match rng.u8(..4) {
        0 => Fault::InternalServerError { after_effect },
        1 => Fault::BadGateway { after_effect },
        2 => Fault::GatewayTimeout { after_effect },
        _ => Fault::ServiceUnavailable {
            after_effect,
            retry_after: RetryAfter::None,
        },
    };
    match rng.u8(..100) {
        0..8 => None,
        8..35 => Some(Fault::DropBeforeEffect),
        35..65 => Some(Fault::DropAfterEffect),
        65..88 => Some(status(rng, after_effect)),
        88..96 => Some(Fault::TruncateBody {
            well_framed: rng.bool(),
        }),
        _ => Some(Fault::EmptyBody),
    }
}

/// How readings go wrong, if they do; the one before the action only half of the time.
pub fn faults_of_readings(rng: &mut Rng, operation: &str) -> Vec<FaultRule> {
    if rng.u8(..100) < 55 {
        return Vec::new();
    }
    let spares_first = rng.bool();
    (0..rng.usize(1..=2))
        .map(|_| {
            let fault = match rng.u8(..8) {
                0 | 1 => Fault::DropBeforeEffect,
                2 => Fault::ServiceUnavailable {
                    after_effect: false,
                    retry_after: RetryAfter::None,
                },
                3 if spares_first => Fault::Throttle {
                    retry_after: RetryAfter::Fraction(0.001),
                },
                3 | 4 => Fault::TruncateBody {
                    well_framed: rng.bool(),
                },
                5 => Fault::EmptyBody,
                6 => Fault::UnknownEnumValue {
                    value: "awaitingReview".to_owned(),
                },
                _ => Fault::OddCasing,
            };
            let rule = FaultRule::new(operation, fault);
            let rule = match rng.u8(..4) {
                // Nothing can be read at all.
                0 => rule,
                1 => rule.times(rng.u64(1..4)),
                _ => rule.with_probability(0.5),
            };
            if spares_first { rule.after(1) } else { rule }
        })
        .collect()
}

/// How much time passes after each request of a run.
pub fn pauses(rng: &mut Rng) -> VecDeque<Duration> {
    if rng.bool() {
        return VecDeque::new();
    }
    (0..8)
        .map(|_| {
            Duration::from_secs(
                *rng.choice(&[0, 0, 1, 60, 700, 5_000, 8 * DAY])
                    .expect("one"),
            )
        })
        .collect()
}
