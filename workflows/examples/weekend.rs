//! A migration weekend is called off: 50 jobs of 100 users are cancelled, and every one is confirmed.
//!
//! The service is simulated. It allows 100 requests per second, refuses and stumbles now and then, and
//! loses answers before and after it acted. Thirty-five jobs are cancelled whole, fifteen user by user.
//! Ends with a failure if anything is lost.
//!
//! ```text
//! cargo run -p msgraph-migrations-workflows --example weekend
//! ```

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use msgraph_migrations::models::{
    CrossTenantMigrationJobStatus as JobStatus, CrossTenantMigrationServiceStatus as UserStatus,
    CrossTenantMigrationTask,
};
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, FinalStatus, GetOptions, ListOptions,
};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions, Order, Record};

const SEED: u64 = 20_261_212;
const JOBS: usize = 50;
const USERS_EACH: usize = 100;
const USER_BY_USER: usize = 15;
const REQUESTS_PER_SECOND: f64 = 100.0;
/// How often a cancellation is asked for before it counts as lost.
const ROUNDS: usize = 6;

/// What happened, for the summary.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    accepted: usize,
    already: usize,
    /// Answers that were lost, and what reading back told.
    had_taken_effect: usize,
    had_not: usize,
    /// Refused or failed without any effect, and asked for again.
    asked_again: usize,
    given_up: usize,
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            already: self.already + other.already,
            had_taken_effect: self.had_taken_effect + other.had_taken_effect,
            had_not: self.had_not + other.had_not,
            asked_again: self.asked_again + other.asked_again,
            given_up: self.given_up + other.given_up,
        }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let start = Instant::now();
    let sandbox = sandbox().await?;
    let client = Client::builder(AccessToken::new("weekend")?)
        .endpoint(sandbox.base_url())
        .build()?;
    let jobs: Vec<String> = client
        .jobs(ListOptions::new().select(["id"]))
        .map_ok(|job| job.into_value().id.unwrap_or_default())
        .try_collect()
        .await?;
    let (by_user, whole) = jobs.split_at(USER_BY_USER);
    println!(
        "seed {SEED}: {} jobs of {USERS_EACH} users, {} to be cancelled whole, {} user by user",
        jobs.len(),
        whole.len(),
        by_user.len()
    );

    // Both at once: one client is one pace, however many calls there are.
    let (whole_jobs, users) = tokio::try_join!(
        cancel_whole_jobs(&client, whole),
        cancel_user_by_user(&client, by_user),
    )?;

    // What a jump of the clock does here takes the service its time: poll with patience.
    sandbox.advance(Duration::from_hours(1))?;
    let found = read_back(&client, by_user, whole).await?;

    print_tally("whole jobs", whole_jobs);
    print_tally("users", users);
    print_requests(&sandbox, start.elapsed());
    let is_exact = compare_with_the_service(&sandbox, by_user.len(), whole.len());
    println!(
        "read back, jobs: {:?}; users: {:?}",
        found.jobs, found.users
    );
    println!("lost: {}", found.lost);
    let given_up = whole_jobs.given_up + users.given_up;
    Ok(if found.lost == 0 && given_up == 0 && is_exact {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The service on a bad day.
async fn sandbox() -> Result<Sandbox, Box<dyn Error>> {
    let rule = |operation, likely, fault| FaultRule::new(operation, fault).with_probability(likely);
    let unavailable = |retry_after| Fault::ServiceUnavailable {
        after_effect: false,
        retry_after,
    };
    let sandbox = Sandbox::builder()
        .seed(SEED)
        .rate_limit(REQUESTS_PER_SECOND)
        .faults(vec![
            rule("cancelUser", 0.01, Fault::DropAfterEffect),
            rule("cancelUser", 0.01, Fault::DropBeforeEffect),
            rule("cancelUser", 0.01, Fault::BadGateway { after_effect: true }),
            rule(
                "cancelUser",
                0.01,
                Fault::BadGateway {
                    after_effect: false,
                },
            ),
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
    let statuses = [
        "submitted",
        "validateInProgress",
        "validatePassed",
        "inProgress",
    ];
    let jobs = sandbox.preload_jobs(JOBS, USERS_EACH)?;
    for (job, status) in jobs.iter().zip(statuses.iter().cycle()) {
        sandbox.set_job_status(job, status)?;
    }
    Ok(sandbox)
}

async fn cancel_whole_jobs(client: &Client, jobs: &[String]) -> Result<Tally, Box<dyn Error>> {
    stream::iter(jobs)
        .map(|job| cancel_whole_job(client, job))
        .buffer_unordered(4)
        .try_fold(
            Tally::default(),
            |sum, job| async move { Ok(sum.plus(job)) },
        )
        .await
}

/// Cancels a job until the service says so, or the job itself does.
async fn cancel_whole_job(client: &Client, job: &str) -> Result<Tally, Box<dyn Error>> {
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        match client.cancel_job(job).await {
            Ok(CancelOutcome::Accepted(_)) => {
                tally.accepted += 1;
                return Ok(tally);
            }
            Ok(
                CancelOutcome::AlreadyBeingCancelled(_)
                | CancelOutcome::AlreadyFinal {
                    status: FinalStatus::Cancelled,
                    ..
                },
            ) => {
                tally.already += 1;
                return Ok(tally);
            }
            Ok(CancelOutcome::Undetermined(_)) if is_job_cancelled(client, job).await? => {
                tally.already += 1;
                return Ok(tally);
            }
            Ok(refused) => {
                println!("{refused}");
                break;
            }
            // The answer was lost. The job knows.
            Err(error) if error.may_have_taken_effect() => {
                if is_job_cancelled(client, job).await? {
                    tally.had_taken_effect += 1;
                    return Ok(tally);
                }
                tally.had_not += 1;
            }
            Err(_) => tally.asked_again += 1,
        }
    }
    tally.given_up += 1;
    Ok(tally)
}

async fn is_job_cancelled(client: &Client, job: &str) -> Result<bool, Box<dyn Error>> {
    let job = client.get_job(job, GetOptions::new()).await?.into_value();
    Ok(matches!(
        job.status,
        Some(JobStatus::PendingCancel | JobStatus::Cancelled)
    ))
}

async fn cancel_user_by_user(client: &Client, jobs: &[String]) -> Result<Tally, Box<dyn Error>> {
    // Written to a file now and then, this is where a run that was interrupted goes on.
    let record = Record::new();
    let mut tally = Tally::default();
    for job in jobs {
        let users = client
            .users(job, ListOptions::new().select(["id"]).top(100))
            .map_ok(|user| user.into_value().id.unwrap_or_default())
            .try_collect()
            .await?;
        tally = tally.plus(cancel_all_users(client, job, users, &record).await?);
    }
    Ok(tally)
}

/// Cancels users until the service says so of each, or the user itself does.
async fn cancel_all_users(
    client: &Client,
    job: &str,
    mut users: Vec<String>,
    record: &Record,
) -> Result<Tally, Box<dyn Error>> {
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        let options = BulkOptions::new().order(Order::AsCompleted).record(record);
        let mut run =
            Workflows::new(client.clone()).cancel_users(job, std::mem::take(&mut users), options);
        let mut in_doubt = Vec::new();
        while let Some(user) = run.next().await {
            match user.outcome {
                Ok(BulkCancelOutcome::Accepted(_)) => tally.accepted += 1,
                Ok(BulkCancelOutcome::AlreadyCancelled(_)) => tally.already += 1,
                Ok(BulkCancelOutcome::Conflict(refusal)) => {
                    println!("too late, user {} goes on: {refusal}", user.input);
                    tally.given_up += 1;
                }
                Err(error) if error.may_have_taken_effect() => in_doubt.push(user.input),
                Err(_) => {
                    tally.asked_again += 1;
                    users.push(user.input);
                }
            }
        }
        // Their answers were lost. The status of each tells what came of it.
        for user in in_doubt {
            let status = client.get_user(job, &user, GetOptions::new()).await?;
            if is_every_workload(status.value(), |status| {
                matches!(status, UserStatus::PendingCancel | UserStatus::Cancelled)
            }) {
                tally.had_taken_effect += 1;
            } else {
                tally.had_not += 1;
                users.push(user);
            }
        }
        if users.is_empty() {
            break;
        }
    }
    tally.given_up += users.len();
    Ok(tally)
}

fn is_every_workload(user: &CrossTenantMigrationTask, is: impl Fn(&UserStatus) -> bool) -> bool {
    let mut workloads = user.current_status.iter();
    workloads.len() > 0 && workloads.all(|workload| workload.status.as_ref().is_some_and(&is))
}

/// What the service says of everything, once it had its time.
#[derive(Default)]
struct ReadBack {
    jobs: BTreeMap<String, usize>,
    users: BTreeMap<String, usize>,
    /// Those that were to be cancelled and are not.
    lost: usize,
}

async fn read_back(
    client: &Client,
    by_user: &[String],
    whole: &[String],
) -> Result<ReadBack, Box<dyn Error>> {
    let mut found = ReadBack::default();
    for job in by_user.iter().chain(whole) {
        let answer = client.get_job(job, GetOptions::new()).await?;
        let status = answer.into_value().status;
        let is_cancelled = status == Some(JobStatus::Cancelled);
        found.lost += usize::from(whole.contains(job) && !is_cancelled);
        *found.jobs.entry(name(status)).or_default() += 1;

        let users: Vec<_> = client
            .users(job, ListOptions::new().top(100))
            .try_collect()
            .await?;
        found.lost += USERS_EACH.saturating_sub(users.len());
        for user in users {
            let is_cancelled = is_every_workload(&user, |status| *status == UserStatus::Cancelled);
            found.lost += usize::from(!is_cancelled);
            let first = user.into_value().current_status.into_iter().next();
            let status = first.and_then(|workload| workload.status);
            *found.users.entry(name(status)).or_default() += 1;
        }
    }
    Ok(found)
}

fn name(status: Option<impl ToString>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

fn print_tally(what: &str, tally: Tally) {
    println!(
        "{what}: {} accepted, {} cancelled already, {} in doubt ({} had taken effect, {} had not \
         and were asked for again), {} refused and asked for again, {} given up",
        tally.accepted,
        tally.already,
        tally.had_taken_effect + tally.had_not,
        tally.had_taken_effect,
        tally.had_not,
        tally.asked_again,
        tally.given_up,
    );
}

fn print_requests(sandbox: &Sandbox, elapsed: Duration) {
    let requests = sandbox.requests();
    let answered = |status| {
        requests
            .iter()
            .filter(|request| request.status == status)
            .count()
    };
    let calls: HashSet<_> = requests
        .iter()
        .map(|request| &request.client_request_id)
        .collect();
    println!(
        "{} requests in {:.1} s: {} refused with 429, {} answered by 502, 503 or 504, {} without an \
         answer; {} were repetitions by the client",
        requests.len(),
        elapsed.as_secs_f64(),
        answered(Some(429)),
        [502, 503, 504]
            .map(|status| answered(Some(status)))
            .iter()
            .sum::<usize>(),
        answered(None),
        requests.len() - calls.len(),
    );
}

/// What only a simulated service can tell: whether each cancellation took effect exactly once.
fn compare_with_the_service(sandbox: &Sandbox, by_user: usize, whole: usize) -> bool {
    let (users, jobs) = (sandbox.effects("cancelUser"), sandbox.effects("cancelJob"));
    println!("took effect: {jobs} cancellations of jobs, {users} of users");
    users == (by_user * USERS_EACH) as u64 && jobs == whole as u64
}
