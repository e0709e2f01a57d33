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

#[path = "weekend/naive.rs"]
mod naive;
#[path = "weekend/service.rs"]
mod service;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use msgraph_migrations::models::CrossTenantMigrationJobStatus as JobStatus;
use msgraph_migrations::{AccessToken, CancelOutcome, Client, GetOptions};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Order, Progress, Record};
use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved};
use msgraph_migrations_workflows::waiting::{Awaited, Event, WaitOptions};

use service::{Claims, Weekend};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    println!("seed {}", service::SEED);
    let weekend = Weekend::start().await?;
    let start = Instant::now();
    let claims = with_workflows(&weekend).await?;
    let ours = weekend.compare(&claims, start.elapsed());

    let weekend = Weekend::start().await?;
    let start = Instant::now();
    let claims = naive::cancel_all(&weekend).await?;
    let theirs = weekend.compare(&claims, start.elapsed());

    println!("\n                lost  doubled  misreported  requests  seconds");
    println!("workflows    {ours}");
    println!("naive client {theirs}");
    Ok(if ours.is_exact() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Cancels everything, and says of whom it claims what.
async fn with_workflows(weekend: &Weekend) -> Result<Claims, Box<dyn Error>> {
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
    let options = WaitOptions::new().deadline(Duration::from_secs(3));
    let mut watch = workflows.watch_jobs(weekend.whole.clone(), Awaited::Cancellation, &options);
    let mut claims = Claims {
        users,
        jobs: BTreeSet::new(),
    };
    let mut ended = 0;
    while let Some(seen) = watch.try_next().await? {
        if let Event::Ended(end) = &seen.event {
            ended += 1;
            let status = end.state().and_then(|job| job.status.as_ref());
            if status == Some(&JobStatus::Cancelled) {
                claims.jobs.insert(seen.asked_for);
            }
        }
    }
    phases.end("watch", ended);
    assert!(
        claims.jobs.is_subset(&jobs),
        "a job is cancelled that nobody asked for"
    );

    let mut cancelled = 0;
    for job in &weekend.by_user {
        let report = workflows.report(job, &WaitOptions::new()).await?;
        assert!(report.users.is_complete(), "{report}");
        cancelled += report.users.cancelled.len();
    }
    phases.end("report", cancelled);
    phases.print();
    Ok(claims)
}

/// Every answer is confirmed by reading back; what had no effect is asked for again.
fn options(what: &'static str) -> BulkOptions {
    let policy = ReadBack::default()
        .first_wait(Duration::from_millis(50))
        .max_reads(3);
    BulkOptions::new()
        .order(Order::AsCompleted)
        .confirm(policy.clone())
        .read_back(policy)
        .max_repeats(5)
        .on_progress(move |progress| show(what, progress))
}

fn show(what: &str, progress: &Progress) {
    if let Some(pause) = progress.paused_for {
        println!("  {what}: the service wants a pause of {pause:?}");
    } else if progress.ended().is_multiple_of(25) {
        println!("  {what}: {} of {}", progress.ended(), progress.total);
    }
}

async fn cancel_users(
    workflows: &Workflows,
    weekend: &Weekend,
) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("weekend-{}.jsonl", std::process::id()));
    let mut cancelled = BTreeSet::new();
    for job in &weekend.by_user {
        let found = workflows.client().get_job(job, GetOptions::new()).await?;
        let tenant = found.into_value().target_tenant_id.unwrap_or_default();
        // Started again after a crash, the run would go on from this file.
        let record = Record::open(&path, workflows.client().endpoint(), &tenant)?;
        let run = workflows.cancel_users(job, weekend.users(job), options("users").record(&record));
        let mut run = run;
        while let Some(user) = run.try_next().await? {
            match user.outcome {
                Ok(outcome) if outcome.is_cancelled() => {
                    cancelled.insert(user.input);
                }
                Ok(outcome) => println!("  {} is not cancelled: {outcome:?}", user.input),
                Err(error) => println!("  {} is not known to be cancelled: {error}", user.input),
            }
        }
    }
    std::fs::remove_file(path)?;
    Ok(cancelled)
}

async fn cancel_jobs(
    workflows: &Workflows,
    weekend: &Weekend,
) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut run = workflows.cancel_jobs(&weekend.whole, options("jobs"));
    let mut cancelled = BTreeSet::new();
    let mut too_late = 0;
    while let Some(job) = run.try_next().await? {
        match job.outcome {
            Ok(Resolved::Answered(CancelOutcome::Accepted(_)) | Resolved::TookEffect { .. }) => {
                cancelled.insert(job.input);
            }
            Ok(Resolved::Answered(_) | Resolved::RuledOut { .. }) => {
                // A repetition of ours may have been the one that came late; the job itself tells.
                let end = workflows
                    .client()
                    .get_job(&job.input, GetOptions::new())
                    .await?;
                match end.into_value().status {
                    Some(JobStatus::PendingCancel | JobStatus::Cancelled) => {
                        cancelled.insert(job.input);
                    }
                    _ => too_late += 1,
                }
            }
            Ok(unknown @ Resolved::Unknown { .. }) => println!("  {}: {unknown}", job.input),
            Err(error) => println!("  {}: {error}", job.input),
        }
    }
    println!("  jobs: for {too_late} it is too late, their migration goes on");
    Ok(cancelled)
}

/// How long each part took.
struct Phases {
    started: Instant,
    ended: Vec<(&'static str, usize, Duration)>,
}

impl Phases {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            ended: Vec::new(),
        }
    }

    fn end(&mut self, name: &'static str, items: usize) {
        self.ended.push((name, items, self.started.elapsed()));
        self.started = Instant::now();
    }

    fn print(&self) {
        println!("\nphase    items  seconds");
        for (name, items, time) in &self.ended {
            println!("{name:<8} {items:>5} {:>8.1}", time.as_secs_f64());
        }
    }
}
