//! How long it takes to cancel N users when the service allows R requests per second.
//!
//! The ideal is N/R seconds. Each case has to stay within 1.10 times that, with at most 5 % of its
//! requests refused. Real sockets and real time; ends with a failure when a bound is broken.
//!
//! ```text
//! cargo bench -p msgraph-migrations-workflows --bench cancel_users
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use msgraph_migrations::{AccessToken, Client};
use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions, Order};

const SEED: u64 = 20_261_212;
const LONGEST: f64 = 1.10;
const MOST_REFUSED: f64 = 0.05;

struct Case {
    users: u32,
    per_second: u32,
    concurrency: usize,
}

struct Figures {
    elapsed: Duration,
    requests: usize,
    refused: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    println!(
        "seed {SEED}; bounds: {LONGEST:.2} of N/R, {:.0} % refused",
        MOST_REFUSED * 100.0
    );
    println!("    N    R  at once     N/R    time   ratio  requests  refused   share");
    let mut is_within = true;
    for (users, per_second, concurrency) in [
        (240, 20, 4),
        (500, 50, 16),
        (1_000, 100, 64),
        (2_000, 200, 16),
    ] {
        let case = Case {
            users,
            per_second,
            concurrency,
        };
        match measure(&case).await {
            Ok(figures) => is_within &= report(&case, &figures),
            Err(error) => {
                println!("N = {users}, R = {per_second}: {error}");
                is_within = false;
            }
        }
    }
    if is_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn measure(case: &Case) -> Result<Figures, Box<dyn Error>> {
    let sandbox = Sandbox::builder()
        .seed(SEED)
        .rate_limit(case.per_second.into())
        .start()
        .await?;
    let jobs = sandbox.preload_jobs(1, case.users as usize)?;
    let job = sandbox.job(&jobs[0]).ok_or("the job is gone")?;
    let client = Client::builder(AccessToken::new("bench")?)
        .endpoint(sandbox.base_url())
        .build()?;
    let options = BulkOptions::new()
        .concurrency(case.concurrency)
        .order(Order::AsCompleted);
    let users = job.users.into_iter().map(|user| user.id);

    let start = Instant::now();
    let mut run = Workflows::new(client.clone()).cancel_users(&job.id, users, options);
    let mut accepted = 0;
    while let Some(user) = run.try_next().await? {
        match user.outcome? {
            BulkCancelOutcome::Accepted(_) => accepted += 1,
            other => return Err(format!("{} was not accepted: {other:?}", user.input).into()),
        }
    }
    let elapsed = start.elapsed();

    if accepted != case.users || sandbox.effects("cancelUser") != u64::from(case.users) {
        return Err(format!("{accepted} of {} users were cancelled", case.users).into());
    }
    let requests = sandbox.requests();
    let refused = requests
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    Ok(Figures {
        elapsed,
        requests: requests.len(),
        refused,
    })
}

/// Prints the figures of a case, and says whether they are within the bounds.
fn report(case: &Case, figures: &Figures) -> bool {
    let ideal = f64::from(case.users) / f64::from(case.per_second);
    let ratio = figures.elapsed.as_secs_f64() / ideal;
    #[expect(clippy::cast_precision_loss, reason = "some thousand requests")]
    let share = figures.refused as f64 / figures.requests as f64;
    let is_within = ratio <= LONGEST && share <= MOST_REFUSED;
    println!(
        "{:>5} {:>4} {:>8} {ideal:>5.1} s {:>5.2} s {ratio:>7.3} {:>9} {:>8} {:>5.2} %{}",
        case.users,
        case.per_second,
        case.concurrency,
        figures.elapsed.as_secs_f64(),
        figures.requests,
        figures.refused,
        share * 100.0,
        if is_within { "" } else { "  BROKEN" },
    );
    is_within
}
