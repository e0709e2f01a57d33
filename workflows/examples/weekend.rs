//! A migration weekend is called off: 50 jobs of 100 users are to be cancelled, and every one is
//! confirmed. A naive client then does the same beside it.
//!
//! The service is simulated. It allows 100 requests per second, refuses and stumbles now and then, and
//! loses answers before and after it acted. Thirty jobs are cancelled whole, fifteen user by user; for
//! five it is too late, which must not be called cancelled. Ends with a failure if the workflows lose,
//! double or misreport anything.
//!
//! ```text
//! cargo run -p msgraph-migrations-workflows --example weekend
//! ```

#[path = "weekend/live.rs"]
mod live;
#[path = "weekend/naive.rs"]
mod naive;
#[path = "weekend/service.rs"]
mod service;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as JobStatus,
};
use msgraph_migrations::{AccessToken, CancelOutcome, Client, FinalStatus, GetOptions};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Order, Record};
use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved, Sighting};
use msgraph_migrations_workflows::waiting::{Awaited, Event, WaitOptions};

use live::{Live, Phases};
use service::{Claims, Weekend};

/// Of how many jobs users are cancelled at once.
const JOBS_AT_ONCE: usize = 3;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    println!("seed {}", service::SEED);
    let weekend = Weekend::start().await?;
    let start = Instant::now();
    let (claims, phases) = with_workflows(&weekend).await?;
    let ours = weekend.compare(&claims, start.elapsed());

    println!("  the naive client begins");
    let weekend = Weekend::start().await?;
    let start = Instant::now();
    let claims = naive::cancel_all(&weekend).await?;
    let theirs = weekend.compare(&claims, start.elapsed());

    phases.print(theirs.time);
    println!("\n              lost  doubled  misreported  requests  in pauses  pauses  seconds");
    println!("workflows    {ours}");
    println!("naive client {theirs}");
    println!(
        "\nPauses: for how many seconds the service wanted no request, and how many came in them; \
         an urgent client may try one now and then."
    );
    Ok(if ours.is_exact() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Cancels everything, and says of whom it claims what.
async fn with_workflows(weekend: &Weekend) -> Result<(Claims, Phases), Box<dyn Error>> {
    let client = Client::builder(AccessToken::new("weekend")?)
        .endpoint(weekend.sandbox.base_url())
        .build()?;
    let workflows = Workflows::new(client);
    let mut phases = Phases::new();
    // Both at once: one client is one pace, however many calls there are.
    let (users, jobs) = tokio::try_join!(
        cancel_users(&workflows, weekend),
        cancel_jobs(&workflows, weekend)
    )?;
    phases.end("cancel", users.len() + jobs.len());

    // What a jump of the clock does here takes the service its time.
    weekend.sandbox.advance(Duration::from_hours(1))?;
    let options = WaitOptions::new().page_size(100);
    let deadline = options.clone().deadline(Duration::from_secs(30));
    let watched = jobs.into_iter().collect();
    let jobs: BTreeSet<String> = workflows
        .watch_jobs(watched, Awaited::Cancellation, &deadline)
        .try_filter_map(async |seen| {
            Ok(match &seen.event {
                Event::Ended(end) if end.state().is_some_and(is_cancelled) => Some(seen.asked_for),
                _ => None,
            })
        })
        .try_collect()
        .await?;
    phases.end("watch", jobs.len());

    let cancelled = stream::iter(&weekend.by_user)
        .then(async |job| workflows.report(job, &options).await)
        .try_fold(0, async |cancelled, report| {
            assert!(report.users.is_complete(), "{report}");
            Ok(cancelled + report.users.cancelled.len())
        })
        .await?;
    phases.end("report", cancelled);
    Ok((Claims { users, jobs }, phases))
}

/// Every answer is confirmed by reading back; what had no effect is asked for again.
fn options(live: &Live) -> BulkOptions {
    let policy = ReadBack::default()
        .first_wait(Duration::from_millis(50))
        .max_reads(3);
    let live = live.clone();
    BulkOptions::new()
        .order(Order::AsCompleted)
        .confirm(policy.clone())
        .read_back(policy)
        .max_repeats(5)
        .on_progress(move |progress| live.pause(progress.paused_for))
}

async fn cancel_users(
    workflows: &Workflows,
    weekend: &Weekend,
) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("weekend-{}.jsonl", std::process::id()));
    let client = workflows.client();
    let first = client
        .get_job(&weekend.by_user[0], GetOptions::new())
        .await?;
    let tenant = first.into_value().target_tenant_id.unwrap_or_default();
    // Started again after a crash, the runs would go on from this file.
    let record = Record::open(&path, client.endpoint(), &tenant)?;
    let live = Live::new("users", service::USERS);
    let runs = weekend.by_user.iter().map(|job| {
        let options = options(&live).record(&record);
        workflows.cancel_users(job, weekend.users(job), options)
    });
    let cancelled = stream::iter(runs)
        .flatten_unordered(JOBS_AT_ONCE)
        .inspect(|_| live.step())
        .try_filter_map(async |user| {
            Ok(match user.outcome {
                Ok(outcome) if outcome.is_cancelled() => Some(user.input),
                Ok(outcome) => live.note(&user.input, &format!("is not cancelled: {outcome:?}")),
                Err(error) => live.note(&user.input, &error),
            })
        })
        .try_collect()
        .await?;
    std::fs::remove_file(path)?;
    Ok(cancelled)
}

async fn cancel_jobs(
    workflows: &Workflows,
    weekend: &Weekend,
) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let live = Live::new("jobs", weekend.whole.len());
    let cancelled = workflows
        .cancel_jobs(&weekend.whole, options(&live))
        .inspect(|_| live.step())
        .try_filter_map(async |job| {
            Ok(match job.outcome {
                Ok(outcome) if was_cancelled(&outcome) => Some(job.input),
                Ok(unknown @ Resolved::Unknown { .. }) => live.note(&job.input, &unknown),
                Ok(_) => live.note(&job.input, &"it is too late, the migration goes on"),
                Err(error) => live.note(&job.input, &error),
            })
        })
        .try_collect()
        .await?;
    Ok(cancelled)
}

fn is_cancelled(job: &Job) -> bool {
    job.status == Some(JobStatus::Cancelled)
}

/// Whether the job is cancelled or being cancelled, by this request or by one before it.
fn was_cancelled(outcome: &Resolved<CancelOutcome, Sighting<Job>>) -> bool {
    match outcome {
        Resolved::Answered(
            CancelOutcome::Accepted(_)
            | CancelOutcome::AlreadyBeingCancelled(_)
            | CancelOutcome::AlreadyFinal {
                status: FinalStatus::Cancelled,
                ..
            },
        )
        | Resolved::TookEffect { .. } => true,
        Resolved::RuledOut { state, .. } => state.present().is_some_and(|job| {
            matches!(
                job.status,
                Some(JobStatus::PendingCancel | JobStatus::Cancelled)
            )
        }),
        _ => false,
    }
}
