//! An adversary of whole jobs: two processes carry one job on, a third watches it, each dies again and
//! again, somebody else may cancel or delete the job, and every fault there is befalls them all. What is
//! claimed is held against what only the simulated service knows. The seed of a failure is in its message.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join3;
use futures_util::stream::{self, StreamExt};
use msgraph_migrations::models::{CrossTenantMigrationJob, CrossTenantMigrationJobCreate};
use msgraph_migrations::{Client, RetryPolicy};
use msgraph_migrations_sandbox::{JobSnapshot, JobStatus, Sandbox, UserOutcome};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{JobRunEnd, MigrateOptions};
use msgraph_migrations_workflows::reconciliation::ReadBack;
use msgraph_migrations_workflows::waiting::{Awaited, Event, WaitEnd};

use crate::adversary::{AT_ONCE, faults, seeds};
use crate::support::calls::new_job;
use crate::waiting::{client_builder, options};

const OPERATIONS: [&str; 7] = [
    "*",
    "createJob",
    "validateJob",
    "migrateJob",
    "getJob",
    "listJobs",
    "listUsers",
];
const USERS: usize = 5;
/// How often each of them may die.
const MAX_DEATHS: u32 = 12;
/// After so many steps of the clock everybody must have come to an end; they need some hundreds.
const MAX_STEPS: u32 = 10_000;

/// What one seed came to: how many calls died, and how often each thing was claimed.
type Tally = (usize, BTreeMap<&'static str, usize>);

#[tokio::test]
async fn whoever_dies_whenever_nothing_is_started_twice_and_no_end_is_claimed_that_is_not_so() {
    let seeds = seeds();
    println!("seeds {seeds:?}");
    let (mut deaths, mut claims) = Tally::default();
    let mut attacks = stream::iter(seeds).map(attack).buffer_unordered(AT_ONCE);
    while let Some((more_deaths, more_claims)) = attacks.next().await {
        deaths += more_deaths;
        for (claim, count) in more_claims {
            *claims.entry(claim).or_insert(0) += count;
        }
    }
    println!("{deaths} deaths, {claims:?}");
    assert!(deaths > 0);
    assert!(claims.contains_key("completed"), "{claims:?}");
}

/// What all of a seed share.
struct Stage {
    seed: u64,
    sandbox: Sandbox,
    job: CrossTenantMigrationJobCreate,
    fails: bool,
}

async fn attack(seed: u64) -> Tally {
    let mut dice = fastrand::Rng::with_seed(seed);
    let sandbox = Sandbox::builder().seed(seed).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let mut job = new_job();
    job.complete_after_date_time = "2026-01-12T08:00:00Z".parse().expect("a time");
    job.resources = (1..=USERS)
        .map(|number| format!("84c0d5ab-7e21-4936-bf1a-{number:012}"))
        .collect();
    let fails = dice.u8(0..4) == 0;
    if fails {
        sandbox
            .set_user_outcome(&job.resources[0], UserOutcome::fails())
            .expect("a user");
    }
    sandbox
        .set_faults(faults(&mut dice, &OPERATIONS))
        .expect("rules");
    let stage = Stage {
        seed,
        sandbox,
        job,
        fails,
    };
    let (first, second, third) = (dice.fork(), dice.fork(), dice.fork());
    let everybody = join3(
        carry_on(&stage, first),
        carry_on(&stage, second),
        look_on(&stage, third),
    );
    let (first, second, third) = tokio::select! {
        all = everybody => all,
        () = interfere(&stage, dice) => panic!("seed {seed}: it never comes to an end"),
    };
    let effects = ["createJob", "validateJob", "migrateJob"].map(|id| stage.sandbox.effects(id));
    assert_eq!(effects[0], 1, "seed {seed}: {effects:?}");
    assert!(
        effects[1] <= 1 && effects[2] <= 1,
        "seed {seed}: something was started twice: {effects:?}"
    );
    let (mut deaths, mut claims) = Tally::default();
    for (more, claim) in [first, second, third] {
        deaths += more;
        *claims.entry(claim).or_insert(0) += 1;
    }
    (deaths, claims)
}

/// Lets time pass; in some seeds somebody else cancels or deletes the job, and in the end all is well again.
async fn interfere(stage: &Stage, mut dice: fastrand::Rng) {
    let until_well = dice.u32(100..400);
    let mut forced = match dice.u8(0..4) {
        0 => Some((dice.u32(5..100), JobStatus::PendingCancel)),
        1 => Some((dice.u32(5..100), JobStatus::PendingDelete)),
        _ => None,
    };
    for step in 0..MAX_STEPS {
        tokio::time::sleep(Duration::from_millis(dice.u64(1..8))).await;
        let waits = |job: &JobSnapshot| job.status == JobStatus::InProgress;
        let waits_for_its_date = stage.sandbox.jobs().iter().any(waits);
        let most = if waits_for_its_date { 24 * 60 } else { 5 };
        let minutes = Duration::from_mins(dice.u64(0..most));
        stage.sandbox.advance(minutes).expect("time passes");
        if let Some((at, status)) = forced
            && step >= at
            && let Some(job) = stage.sandbox.job(&stage.job.display_name)
        {
            if !is_final(job.status) {
                stage
                    .sandbox
                    .set_job_status(&job.id, status.as_str())
                    .expect("a status");
            }
            forced = None;
        }
        if step == until_well {
            stage.sandbox.set_faults(Vec::new()).expect("rules");
        }
    }
}

fn is_final(status: JobStatus) -> bool {
    matches!(
        status,
        JobStatus::Completed
            | JobStatus::CompletedWithErrors
            | JobStatus::Failed
            | JobStatus::ValidateFailed
            | JobStatus::Cancelled
            | JobStatus::Deleted
    )
}

fn client(sandbox: &Sandbox, dice: &mut fastrand::Rng) -> Client {
    let retry = if dice.bool() {
        RetryPolicy::never()
    } else {
        RetryPolicy::default().base_delay(Duration::from_millis(1))
    };
    client_builder(sandbox)
        .retry(retry)
        .build()
        .expect("a client")
}

/// For how long a process lives: some die at once, some much later, and in the end one lives on.
fn life(dice: &mut fastrand::Rng, deaths: usize) -> Duration {
    if deaths >= MAX_DEATHS as usize {
        return Duration::MAX;
    }
    Duration::from_millis(1 << dice.u32(0..11))
}

/// Calls again after every death and every error, as a person would, until an end is claimed.
async fn carry_on(stage: &Stage, mut dice: fastrand::Rng) -> (usize, &'static str) {
    let mut deaths = 0;
    loop {
        let read_back = ReadBack::default()
            .first_wait(Duration::from_millis(1))
            .max_reads(dice.u32(0..4));
        let options = MigrateOptions::new().wait(&options()).read_back(read_back);
        let workflows = Workflows::new(client(&stage.sandbox, &mut dice));
        let life = life(&mut dice, deaths);
        let run = workflows.migrate_job_to_end(&stage.job, &options);
        let Ok(ended) = tokio::time::timeout(life, run).await else {
            deaths += 1;
            continue;
        };
        let Ok(run) = ended else {
            // Nothing is claimed; what it may have started is judged by the count of effects.
            continue;
        };
        let at = format!("seed {}: {run}", stage.seed);
        let truth = stage.sandbox.job(&stage.job.display_name);
        let status = truth.as_ref().map(|job| job.status);
        let was = |wanted: JobStatus| {
            let job = truth.as_ref().expect("the job");
            let changes = job.history.iter().map(|change| change.to);
            job.status == wanted || changes.into_iter().any(|to| to == wanted)
        };
        let (claim, is_so) = match run.end {
            JobRunEnd::Completed => ("completed", status == Some(JobStatus::Completed)),
            JobRunEnd::CompletedWithErrors => (
                "completed with errors",
                stage.fails && status == Some(JobStatus::CompletedWithErrors),
            ),
            JobRunEnd::Failed => ("failed", status == Some(JobStatus::Failed)),
            JobRunEnd::Cancelled => ("cancelled", status == Some(JobStatus::Cancelled)),
            JobRunEnd::Elsewhere => ("elsewhere", was(JobStatus::PendingDelete)),
            JobRunEnd::Gone => ("gone", status.is_none_or(|it| it == JobStatus::Deleted)),
            // Somebody else was faster, or stopped it; calling again goes on.
            JobRunEnd::ValidationNotStarted(_) | JobRunEnd::MigrationNotStarted(_) => continue,
            other => panic!("{at}: {other:?}"),
        };
        assert!(is_so, "{at}, and it is {status:?}");
        // A report that a fault cut short says so.
        if claim == "completed" && run.report.users.is_complete() {
            assert_eq!(run.report.users.read, USERS, "{at}");
            assert!(run.report.users.problems.is_empty(), "{at}");
        }
        return (deaths, claim);
    }
}

/// Watches until the watch says how it ended, and holds each observation against the job's history.
async fn look_on(stage: &Stage, mut dice: fastrand::Rng) -> (usize, &'static str) {
    let mut deaths = 0;
    loop {
        let workflows = Workflows::new(client(&stage.sandbox, &mut dice));
        let options = options().max_failures(dice.u32(1..6));
        let life = tokio::time::sleep(life(&mut dice, deaths));
        let mut life = std::pin::pin!(life);
        let mut watch = workflows.watch_job(&stage.job.display_name, Awaited::Final, &options);
        let mut seen = 0;
        let end = loop {
            let next = tokio::select! {
                next = watch.next() => next,
                () = &mut life => break None,
            };
            let Some(Ok(observation)) = next else {
                assert!(
                    next.is_some(),
                    "seed {}: it ended without an end",
                    stage.seed
                );
                // The outage was too long, which is no claim; one looks again.
                tokio::time::sleep(Duration::from_millis(5)).await;
                break None;
            };
            let at = format!("seed {}: {observation:?}", stage.seed);
            match observation.event {
                Event::First(job) => {
                    assert_eq!(seen, 0, "{at}");
                    assert_was(stage, &job, &at);
                }
                Event::Changed(job) => {
                    assert!(seen > 0, "{at}");
                    assert_was(stage, &job, &at);
                }
                Event::Ended(end) => {
                    let after = watch.next().await;
                    assert!(after.is_none(), "{at}, and then {after:?}");
                    break Some(end);
                }
                _ => {}
            }
            seen += 1;
        };
        let status = stage
            .sandbox
            .job(&stage.job.display_name)
            .map(|job| job.status);
        match end {
            None => deaths += 1,
            // It was not there yet.
            Some(WaitEnd::Gone(None)) => {}
            Some(WaitEnd::Gone(Some(last))) => {
                assert!(
                    status.is_none_or(|status| status == JobStatus::Deleted),
                    "seed {}: gone after {last:?}, and it is {status:?}",
                    stage.seed
                );
                return (deaths, "watched until it was gone");
            }
            Some(WaitEnd::Reached(job) | WaitEnd::Elsewhere(job)) => {
                let claimed = job.status.as_ref().map(ToString::to_string);
                // After its end a job can only be deleted.
                let is_so = status.is_none_or(|status| {
                    status == JobStatus::Deleted
                        || status == JobStatus::PendingDelete
                        || claimed.as_deref() == Some(status.as_str())
                });
                assert!(
                    is_so,
                    "seed {}: {claimed:?}, and it is {status:?}",
                    stage.seed
                );
                return (deaths, "watched to its end");
            }
            Some(end) => panic!("seed {}: {end:?}", stage.seed),
        }
    }
}

/// The job has been what it is said to be; a status that nobody has heard of is a fault's.
fn assert_was(stage: &Stage, seen: &CrossTenantMigrationJob, at: &str) {
    let job = stage.sandbox.job(&stage.job.display_name);
    let (Some(job), Some(status)) = (job, &seen.status) else {
        return;
    };
    let status = status.as_str();
    let was = job
        .history
        .iter()
        .flat_map(|change| [change.from, change.to])
        .chain([job.status])
        .any(|was| was.as_str() == status);
    assert!(
        was || ["unheardOf", "unknownFutureValue"].contains(&status),
        "{at}"
    );
}
