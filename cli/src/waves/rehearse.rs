//! `xtmig rehearse`: the same file and the same output, against a simulator, with everything that goes wrong.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use msgraph_migrations::{AccessToken, Client, ExpiringToken, RefreshingToken};
use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::reports::Report;
use msgraph_migrations_workflows::waiting::WaitOptions;

use super::carry_out::{Manner, SETTLE_WITHIN};
use super::format::{MAX_USERS, Until};
use super::gathering::{self, Lookup};
use super::journal::Journal;
use super::plan_file::Plan;
use super::running::{Ended, Started};
use super::seen::{self, instant};
use super::wanted::Wanted;
use super::{plan, show, trouble};
use crate::arguments::{ConnectionArguments, RehearseArguments};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::simulator::state_folder;

/// How long before the first cutover the simulated weekend begins.
const AHEAD: TimeDelta = TimeDelta::hours(2);
/// How often is looked, in real time.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));
/// A job that is not over so long after the last cutover stands still.
const PATIENCE: TimeDelta = TimeDelta::hours(6);
/// So long without any change is told, and no less of real time, so that a slow machine is not taken for a stall.
const STALLED_AFTER: Duration = Duration::from_hours(3);
const MIN_SETTLE: Duration = Duration::from_secs(2);
const MIN_STALL: Duration = Duration::from_secs(3);
const MIN_DEADLINE: Duration = Duration::from_secs(20);
/// What becomes of migrations that go on by themselves is played on for so long, in such steps.
const MAX_REST: TimeDelta = TimeDelta::days(7);
const STEP: Duration = Duration::from_mins(15);

pub async fn run(
    connection: &ConnectionArguments,
    arguments: &RehearseArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    if connection.what_if {
        return Err(Failure::usage("a rehearsal sends nothing to the service")
            .next("leave --what-if out, or say it to apply"));
    }
    let against = &arguments.others.against;
    let (mut wanted, inputs) = Box::pin(gathering::read(
        &arguments.wave,
        against,
        Lookup::MadeUp,
        output,
    ))
    .await?;
    if let Some(until) = arguments.until {
        for job in &mut wanted.jobs {
            job.until = until;
        }
    }
    let cutovers = wanted
        .jobs
        .iter()
        .filter_map(|job| instant(&job.complete_after));
    let first = cutovers.min().unwrap_or_else(Utc::now);
    let start = arguments
        .start
        .unwrap_or_else(|| Utc::now().max(first - AHEAD));
    let sandbox = Arc::new(start_sandbox(arguments, &wanted, start, first).await?);
    let client = client(&sandbox)?;
    output.say(&format!(
        "A rehearsal from {} on, {} times as fast; nothing is sent to the service.",
        output.zone().format(start),
        arguments.speed
    ));
    let is_table = output.is_table();
    if !is_table {
        // What is shown in the end is one list.
        output.mute();
    }
    let mut seen = Box::pin(seen::read(&client, &wanted, output)).await?;
    // The simulator's tenant is made up.
    seen.tenant = None;
    let difference = plan::compare(&wanted, &seen, sandbox.now());
    let plan = Plan::new(&sandbox.base_url(), start, inputs, wanted, seen, difference);
    if show::plan(&plan, output)? == Exit::Refused {
        output.unmute();
        return Err(blocked(&plan));
    }
    let clock = Arc::clone(&sandbox);
    let folder = state_folder()?.join("rehearsals");
    let journal = Journal::begin(&folder, &plan, Box::new(move || clock.now()))?;
    output.say(&format!("journal {}", journal.path.display()));
    let impossible = |error: &dyn std::fmt::Display| {
        Failure::usage("the rehearsal cannot run at that speed").because(error)
    };
    sandbox
        .set_speed(arguments.speed)
        .map_err(|error| impossible(&error))?;
    let manner = manner(
        arguments.speed,
        last_cutover(&plan, &sandbox) - sandbox.now(),
    );
    let started = Started {
        plan: Arc::new(plan),
        journal: Arc::new(journal),
    };
    let ended = Box::pin(started.see_through(client.clone(), manner, output)).await?;
    let exit = match ended {
        Ended::ByItself(exit) => exit,
        Ended::Interrupted(_) => {
            output.unmute();
            output.say("The rehearsal was interrupted; nothing was sent to the service.");
            return Ok(Exit::Interrupted);
        }
    };
    let plan = &started.plan;
    play_on(&sandbox, plan)?;
    let reports = Box::pin(reports(&sandbox, client, plan)).await?;
    output.unmute();
    let troubles = trouble::of(&sandbox, plan, &reports);
    output.say("What would have gone wrong, and when:");
    let zone = output.zone();
    let rows: Vec<_> = troubles
        .iter()
        .map(|trouble| trouble::row(trouble, zone))
        .collect();
    output.rows(&rows, "Nothing.")?;
    if plan
        .wanted
        .jobs
        .iter()
        .all(|job| job.until < Until::Migrating)
    {
        output.say("The file stops before the migration; --until migrated rehearses that too.");
    }
    let has_failed_user = reports
        .iter()
        .any(|report| report.users.with_problems() > 0);
    Ok(match exit {
        Exit::Done if has_failed_user => Exit::Partly,
        exit => exit,
    })
}

fn blocked(plan: &Plan) -> Failure {
    let blocked = plan.difference.blocked.iter();
    let why: Vec<String> = blocked
        .map(|remark| format!("{}: {}", remark.name, remark.detail))
        .collect();
    Failure::new(
        Exit::Refused,
        "the plan is blocked, so that there is nothing to rehearse",
    )
    .because(why.join("; "))
    .next("put the file right")
}

/// What became of the users of each job, read without any trouble.
async fn reports(sandbox: &Sandbox, client: Client, plan: &Plan) -> Result<Vec<Report>, Failure> {
    let impossible =
        |error: &dyn std::fmt::Display| Failure::unexpected("the simulator cannot be read", error);
    sandbox
        .set_faults(Vec::new())
        .map_err(|error| impossible(&error))?;
    sandbox
        .set_rate_limit(None)
        .map_err(|error| impossible(&error))?;
    let workflows = Workflows::new(client);
    let mut reports = Vec::new();
    for job in &plan.wanted.jobs {
        if sandbox.job(&job.name).is_some() {
            let report = Box::pin(workflows.report(&job.name, &WaitOptions::new())).await;
            reports.push(report.map_err(|error| {
                Failure::of_call(format!("{} cannot be read", job.name), &error, "")
            })?);
        }
    }
    Ok(reports)
}

async fn start_sandbox(
    arguments: &RehearseArguments,
    wanted: &Wanted,
    start: DateTime<Utc>,
    first: DateTime<Utc>,
) -> Result<Sandbox, Failure> {
    let scenario = match &arguments.scenario {
        // The name of one that comes with it, or a file.
        Some(scenario) => std::fs::read_to_string(scenario).unwrap_or_else(|_| scenario.clone()),
        None => rough_weekend(wanted, start, first),
    };
    Sandbox::builder()
        .start_time(start)
        .max_users_per_job(MAX_USERS)
        .scenario(scenario)
        .expected_jobs(wanted.jobs.iter().map(|job| job.name.as_str()))
        .start()
        .await
        .map_err(|error| Failure::usage("the simulator cannot be started").because(error))
}

fn client(sandbox: &Sandbox) -> Result<Client, Failure> {
    let count = AtomicU32::new(0);
    // Whenever one has expired there is another, as on a real weekend.
    let tokens = RefreshingToken::new(move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move {
            let token = AccessToken::new(&format!("rehearsal-{number}"))?;
            Ok(ExpiringToken::new(token, None))
        }
    });
    Client::builder(tokens)
        .endpoint(sandbox.base_url())
        .application(concat!("xtmig/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::unexpected("the client cannot be set up", error))
}

/// How the plan is carried out, whose last cutover lies so far ahead.
fn manner(speed: f64, ahead: TimeDelta) -> Manner {
    let real = |virtual_time: Duration| {
        Duration::try_from_secs_f64(virtual_time.as_secs_f64() / speed).unwrap_or(Duration::MAX)
    };
    let ahead = ahead.max(TimeDelta::zero()) + PATIENCE;
    Manner {
        interval: INTERVAL,
        deadline: ahead
            .to_std()
            .ok()
            .map(|ahead| real(ahead).max(MIN_DEADLINE)),
        stalled_after: real(STALLED_AFTER).max(MIN_STALL),
        settle_within: real(SETTLE_WITHIN).max(MIN_SETTLE),
        speed,
    }
}

fn last_cutover(plan: &Plan, sandbox: &Sandbox) -> DateTime<Utc> {
    let cutovers = plan
        .wanted
        .jobs
        .iter()
        .filter_map(|job| instant(&job.complete_after));
    cutovers.max().unwrap_or_else(|| sandbox.now())
}

/// Lets time pass until no job of the wave migrates any more.
fn play_on(sandbox: &Sandbox, plan: &Plan) -> Result<(), Failure> {
    let end = last_cutover(plan, sandbox).max(sandbox.now()) + MAX_REST;
    let is_under_way = || {
        plan.wanted.jobs.iter().any(|job| {
            sandbox.job(&job.name).is_some_and(|job| {
                matches!(
                    job.status.as_str(),
                    "processing" | "inProgress" | "cuttingOver"
                )
            })
        })
    };
    while is_under_way() && sandbox.now() < end {
        sandbox
            .advance(STEP)
            .map_err(|error| Failure::unexpected("time cannot pass", error))?;
    }
    Ok(())
}

/// What usually goes wrong: answers get lost, a token expires, a mailbox fails, and the service throttles at the cutover.
fn rough_weekend(wanted: &Wanted, start: DateTime<Utc>, first: DateTime<Utc>) -> String {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    // To the second, as it is written.
    let start = start + TimeDelta::seconds(1);
    let cutover = first.max(start);
    let mut steps = vec![
        (
            start,
            r#"faults = [
    { operation = "createJob", count = 1, fault = { kind = "dropAfterEffect" } },
    { operation = "validateJob", count = 1, fault = { kind = "gatewayTimeout", afterEffect = true } },
    { operation = "updateUserMappings", count = 1, fault = { kind = "dropAfterEffect" } },
    { operation = "migrateJob", count = 1, fault = { kind = "dropAfterEffect" } },
    { operation = "*", every = 17, fault = { kind = "serviceUnavailable", retryAfter = { seconds = 1 } } },
]
say = "Answers get lost, and the service is unavailable now and then."
"#
            .to_owned(),
        ),
        (
            start + TimeDelta::minutes(10),
            "expireTokens = true\nsay = \"The token expires.\"\n".to_owned(),
        ),
        (
            cutover,
            format!(
                "until = \"{}\"\nthrottle = 20\nsay = \"Everybody polls at the cutover.\"\n",
                time(cutover + TimeDelta::hours(1))
            ),
        ),
    ];
    let users = wanted.jobs.first().map(|job| job.users.as_slice());
    if let Some(user) = users.and_then(|users| users.get(users.len() / 2)) {
        let outcome = "outcome = { code = \"EXCH-08\", failingAttempts = 1 }";
        let say = "say = \"A mailbox will fail at its cutover.\"";
        steps.push((start, format!("user = \"{}\"\n{outcome}\n{say}\n", user.id)));
    }
    // They stand in the order of time.
    steps.sort_by_key(|(at, _)| *at);
    let mut text = String::from(
        "name = \"Rough weekend\"\nteaches = \"Lost answers, an expired token, a mailbox that fails, and throttling at the \
         cutover.\"\n",
    );
    for (at, step) in steps {
        let _ = write!(text, "\n[[step]]\nat = \"{}\"\n{step}", time(at));
    }
    text
}
