//! An adversary of runs over many: every fault there is, drawn at random, and a caller that dies again
//! and again. The seed of a failure is in its message.
//!
//! ```text
//! ADVERSARY_SEEDS=0..400 cargo test -p msgraph-migrations-workflows --test it -- bulk::adversary
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use msgraph_migrations::{AccessToken, Client, RetryPolicy};
use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkCancelOutcome, BulkOptions, Order, Record};
use msgraph_migrations_workflows::reconciliation::ReadBack;

use super::{file, tenant};
use crate::adversary::{AT_ONCE, faults, seeds};

const USERS: usize = 30;
const MAX_RUNS: usize = 40;
const OPERATIONS: [&str; 6] = [
    "*",
    "cancelUser",
    "cancelUser",
    "getUser",
    "listUsers",
    "getJob",
];

fn options(dice: &mut fastrand::Rng, record: &Record) -> BulkOptions {
    let policy = ReadBack::default()
        .first_wait(Duration::from_millis(1))
        .max_reads(dice.u32(0..4));
    let options = BulkOptions::new()
        .record(record)
        .concurrency(dice.usize(1..12))
        .max_repeats(dice.u32(0..3));
    let options = match dice.u8(0..3) {
        0 => options,
        1 => options.confirm(policy),
        _ => options.confirm_lost(policy),
    };
    if dice.bool() {
        options.order(Order::AsCompleted)
    } else {
        options
    }
}

/// What only the simulated service can tell.
fn cancelled(sandbox: &Sandbox, job: &str) -> BTreeSet<String> {
    let job = sandbox.job(job).expect("the job");
    let users = job.users.into_iter().filter(|user| user.cancelled);
    users.map(|user| user.id).collect()
}

/// How many runs there were, how many of them died, and what was claimed how often.
type Tally = (usize, usize, BTreeMap<&'static str, usize>);

#[tokio::test]
async fn whatever_befalls_a_run_it_doubles_nothing_and_claims_only_what_is_so() {
    let seeds = seeds();
    println!("seeds {seeds:?}");
    let (mut runs, mut deaths, mut claims) = Tally::default();
    let mut attacks = stream::iter(seeds).map(attack).buffer_unordered(AT_ONCE);
    while let Some((more_runs, more_deaths, more_claims)) = attacks.next().await {
        runs += more_runs;
        deaths += more_deaths;
        for (claim, count) in more_claims {
            *claims.entry(claim).or_insert(0) += count;
        }
    }
    println!("{runs} runs, {deaths} deaths, {claims:?}");
    assert!(deaths > 0);
}

/// A service, what there is on it, and who is to be cancelled.
struct Stage {
    sandbox: Sandbox,
    workflows: Workflows,
    job: String,
    tenant: String,
    users: Vec<String>,
    is_late: bool,
}

async fn stage(seed: u64, dice: &mut fastrand::Rng) -> Stage {
    let sandbox = Sandbox::builder().seed(seed).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let job = sandbox.preload_jobs(1, USERS).expect("a job").remove(0);
    // For some it is too late.
    let is_late = dice.u8(0..5) == 0;
    if is_late {
        sandbox
            .set_job_status(&job, "cuttingOver")
            .expect("a status");
        sandbox.set_job_stalled(&job, true).expect("a job");
    }
    let users = sandbox.job(&job).expect("the job").users;
    let client = Client::builder(AccessToken::new("adversary").expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
        .build()
        .expect("a client");
    let tenant = tenant(&sandbox, &job).await;
    sandbox
        .set_faults(faults(dice, &OPERATIONS))
        .expect("rules");
    Stage {
        workflows: Workflows::new(client),
        users: users.into_iter().map(|user| user.id).collect(),
        sandbox,
        job,
        tenant,
        is_late,
    }
}

async fn attack(seed: u64) -> Tally {
    let (mut runs, mut deaths, mut claims) = Tally::default();
    let mut dice = fastrand::Rng::with_seed(seed);
    let Stage {
        sandbox,
        workflows,
        job,
        tenant,
        users,
        is_late,
    } = stage(seed, &mut dice).await;
    let path = file(&format!("adversary-{seed}"));
    for run in 1.. {
        assert!(run < MAX_RUNS, "seed {seed}: it never comes to an end");
        runs += 1;
        if run > MAX_RUNS / 2 {
            // By then the service has recovered.
            sandbox.set_faults(Vec::new()).expect("rules");
        }
        let record = Record::open(&path, &sandbox.base_url(), &tenant).expect("a record");
        let done = record.len();
        let options = options(&mut dice, &record);
        let is_certain_to_die = run < MAX_RUNS / 2 && dice.bool();
        let life = if is_certain_to_die {
            dice.usize(0..USERS)
        } else {
            usize::MAX
        };
        let mut stream = workflows.cancel_users(&job, &users, options.clone());
        let mut handed = BTreeSet::new();
        let mut is_settled = true;
        let ended = loop {
            if handed.len() >= life {
                break None;
            }
            let item = match stream.next().await {
                None => break Some(0),
                Some(Err(stopped)) => break Some(stopped.unsent),
                Some(Ok(item)) => item,
            };
            let at = format!("seed {seed}, run {run}, {options:?}: {item:?}");
            assert!(handed.insert(item.index), "twice: {at}");
            assert_eq!(item.input, users[item.index], "{at}");
            let is_cancelled = cancelled(&sandbox, &job).contains(&item.input);
            let kind = match &item.outcome {
                Ok(outcome) => {
                    assert!(!outcome.is_cancelled() || is_cancelled, "{at}");
                    assert!(!is_late || !is_cancelled, "{at}");
                    match outcome {
                        BulkCancelOutcome::Accepted(_) => "accepted",
                        BulkCancelOutcome::Confirmed(_) => "confirmed",
                        BulkCancelOutcome::FoundCancelled(_) => "found",
                        BulkCancelOutcome::AlreadyCancelled(_) => "already",
                        BulkCancelOutcome::NotInJob(_) => panic!("{at}"),
                        BulkCancelOutcome::AlreadyFinal { .. }
                        | BulkCancelOutcome::TooLate { .. } => {
                            assert!(!is_cancelled, "{at}");
                            "over or too late"
                        }
                        // It may be anything.
                        BulkCancelOutcome::Undetermined(_) => "undetermined",
                    }
                }
                Err(error) if error.may_have_taken_effect() => "in doubt",
                // Only this request is known to have had no effect, and one before may have.
                Err(_) => "failed",
            };
            *claims.entry(kind).or_default() += 1;
            is_settled &= matches!(&item.outcome, Ok(outcome) if is_late || outcome.is_settled());
            if let Ok(outcome) = &item.outcome
                && outcome.is_settled()
            {
                assert!(
                    record.contains("cancelUser", &id(&sandbox, &job), &item.input),
                    "{at}"
                );
            }
        };
        drop(stream);
        let truth = cancelled(&sandbox, &job);
        assert_recorded(&path, &truth, &format!("seed {seed}, run {run}"));
        assert_eq!(
            sandbox.effects("cancelUser"),
            truth.len() as u64,
            "seed {seed}, run {run}: somebody was cancelled twice"
        );
        match ended {
            None => deaths += 1,
            Some(unsent) => {
                assert_eq!(
                    done + handed.len() + unsent,
                    USERS,
                    "seed {seed}, run {run}: {unsent} unsent"
                );
                if unsent == 0 && is_settled {
                    assert_eq!(truth.len(), if is_late { 0 } else { USERS }, "seed {seed}");
                    break;
                }
            }
        }
    }
    (runs, deaths, claims)
}

/// A record names nobody who is not cancelled.
fn assert_recorded(path: &Path, truth: &BTreeSet<String>, at: &str) {
    let lines = std::fs::read_to_string(path).expect("a file");
    for line in lines.lines().skip(1) {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line");
        let user = entry["item"].as_str().expect("a user");
        assert!(truth.contains(user), "{at}: {user} is recorded");
    }
}

/// The id under which a record knows a job.
fn id(sandbox: &Sandbox, job: &str) -> String {
    sandbox.job(job).expect("the job").id.to_lowercase()
}
