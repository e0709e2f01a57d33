//! The service on a bad day, and what only a simulated service can tell afterwards.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use msgraph_migrations_sandbox::{Fault, FaultRule, JobStatus, RequestEntry, RetryAfter, Sandbox};

pub const SEED: u64 = 20_261_212;
const JOBS: usize = 50;
const USERS_EACH: usize = 100;
const BY_USER: usize = 15;
/// How many users are cancelled one by one.
pub const USERS: usize = BY_USER * USERS_EACH;
const TOO_LATE: usize = 5;
const REQUESTS_PER_SECOND: f64 = 100.0;
/// For how long a request may have been on its way when a pause begins.
const ON_ITS_WAY: TimeDelta = TimeDelta::milliseconds(100);

pub struct Weekend {
    pub sandbox: Sandbox,
    /// Jobs whose users are cancelled one by one.
    pub by_user: Vec<String>,
    /// Jobs that are cancelled whole; for the last few it is too late.
    pub whole: Vec<String>,
}

/// Who is said to be cancelled.
pub struct Claims {
    pub users: BTreeSet<String>,
    pub jobs: BTreeSet<String>,
}

/// How the claims compare with the service.
pub struct Figures {
    lost: usize,
    doubled: usize,
    misreported: usize,
    requests: usize,
    /// For how long the service wanted no request of a kind, and how many came all the same.
    pauses: Duration,
    in_pauses: usize,
    pub time: Duration,
}

impl Weekend {
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let rule =
            |operation, likely, fault| FaultRule::new(operation, fault).with_probability(likely);
        let unavailable = |retry_after| Fault::ServiceUnavailable {
            after_effect: false,
            retry_after,
        };
        let sandbox = Sandbox::builder()
            .seed(SEED)
            // As fast as the world: the log tells which requests came in a pause.
            .speed(1.0)
            .rate_limit(REQUESTS_PER_SECOND)
            .faults(vec![
                rule("cancelUser", 0.01, Fault::DropAfterEffect),
                rule("cancelUser", 0.01, Fault::DropBeforeEffect),
                rule("cancelUser", 0.01, Fault::BadGateway { after_effect: true }),
                rule("cancelJob", 0.15, Fault::DropAfterEffect),
                rule("cancelJob", 0.15, Fault::DropBeforeEffect),
                rule(
                    "cancelJob",
                    0.1,
                    Fault::GatewayTimeout { after_effect: true },
                ),
                rule("*", 0.01, unavailable(RetryAfter::Seconds(1))),
                rule("*", 0.01, unavailable(RetryAfter::None)),
                FaultRule::new(
                    "*",
                    Fault::Throttle {
                        retry_after: RetryAfter::Fraction(0.5),
                    },
                )
                .every(400),
            ])
            .start()
            .await?;
        let mut by_user = sandbox.preload_jobs(JOBS, USERS_EACH)?;
        let whole = by_user.split_off(BY_USER);
        let statuses = [
            "submitted",
            "validateInProgress",
            "validatePassed",
            "inProgress",
        ];
        for (job, status) in by_user.iter().chain(&whole).zip(statuses.iter().cycle()) {
            sandbox.set_job_status(job, status)?;
        }
        for job in whole.iter().rev().take(TOO_LATE) {
            sandbox.set_job_status(job, "cuttingOver")?;
            sandbox.set_job_stalled(job, true)?;
        }
        Ok(Self {
            sandbox,
            by_user,
            whole,
        })
    }

    pub fn users(&self, job: &str) -> Vec<String> {
        let job = self.sandbox.job(job);
        let users = job.into_iter().flat_map(|job| job.users);
        users.map(|user| user.id).collect()
    }

    /// Counts who should be cancelled and is not, which requests came although their effect was there,
    /// and of whom something else is claimed than the service knows.
    pub fn compare(&self, claims: &Claims, time: Duration) -> Figures {
        let cancelled_users: BTreeSet<String> = self
            .by_user
            .iter()
            .filter_map(|job| self.sandbox.job(job))
            .flat_map(|job| job.users)
            .filter(|user| user.cancelled)
            .map(|user| user.id)
            .collect();
        let is_cancelled = |job: &&String| {
            let status = self.sandbox.job(job).map(|job| job.status);
            matches!(
                status,
                Some(JobStatus::Cancelled | JobStatus::PendingCancel)
            )
        };
        let cancelled_jobs: BTreeSet<String> =
            self.whole.iter().filter(is_cancelled).cloned().collect();
        let requests = self.sandbox.requests();
        let posts = requests
            .iter()
            .filter(|request| request.method == "POST" && request.status != Some(429));
        // Answered by 409 although it can be cancelled: an earlier one had taken effect.
        let late: Vec<_> = self.whole.iter().rev().take(TOO_LATE).collect();
        let doubled = posts
            .filter(|request| request.status == Some(409))
            .filter(|request| !late.iter().any(|job| request.path.contains(job.as_str())))
            .count();
        let (pauses, in_pauses) = pauses(&requests);
        Figures {
            pauses,
            in_pauses,
            lost: USERS - cancelled_users.len()
                + (self.whole.len() - TOO_LATE - cancelled_jobs.len()),
            doubled,
            misreported: claims.users.symmetric_difference(&cancelled_users).count()
                + claims.jobs.symmetric_difference(&cancelled_jobs).count(),
            requests: requests.len(),
            time,
        }
    }
}

/// The time that answers with `Retry-After` asked for, each moment once, and how many requests came in it.
///
/// Reads and actions are limited apart from each other. What was on its way when the answer came is no
/// request in a pause.
fn pauses(requests: &[RequestEntry]) -> (Duration, usize) {
    let mut pauses = TimeDelta::zero();
    let mut count = 0;
    for method in ["GET", "POST"] {
        // From when, and until when, no request is wanted.
        let mut pause: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
        for request in requests.iter().filter(|one| one.method == method) {
            if pause
                .is_some_and(|(from, until)| from + ON_ITS_WAY < request.at && request.at < until)
            {
                count += 1;
            }
            let seconds = request.response_headers.get("retry-after");
            let Some(seconds) = seconds.and_then(|text| text.parse::<f64>().ok()) else {
                continue;
            };
            let end = request.at + Duration::from_secs_f64(seconds.clamp(0.0, 3_600.0));
            let (from, until) = match pause {
                Some((from, until)) if request.at < until => (from, until),
                _ => (request.at, request.at),
            };
            pauses += (end - until).max(TimeDelta::zero());
            pause = Some((from, until.max(end)));
        }
    }
    (pauses.to_std().unwrap_or_default(), count)
}

impl Figures {
    pub fn is_exact(&self) -> bool {
        self.lost == 0 && self.misreported == 0 && self.doubled == 0
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, doubled, misreported) = (self.lost, self.doubled, self.misreported);
        write!(
            f,
            "{lost:>5} {doubled:>8} {misreported:>12} {:>9} {:>10} {:>7.1} {:>8.1}",
            self.requests,
            self.in_pauses,
            self.pauses.as_secs_f64(),
            self.time.as_secs_f64()
        )
    }
}
