//! How eight processes divide one limit, in real time and over real sockets.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use msgraph_migrations::{
    AccessToken, Client, ErrorKind, GetOptions, RateLimitOptions, RateLimits, ResourceFamily,
};
use msgraph_migrations_sandbox::Sandbox;

type Failure = Box<dyn std::error::Error>;

const PROCESSES: u32 = 8;
const PER_SECOND: u32 = 50;
const EACH: u32 = 150;
const AT_ONCE: usize = 8;
/// What the environment tells a process that it is one of those that are measured.
const WORKER: &str = "RATE_LIMITS_BENCH_WORKER";

/// The most times the ideal time, and times that the slowest process takes longer than the fastest.
const GOAL: (f64, f64) = (1.2, 1.3);

/// Runs as one of the measured processes, if it is one.
pub fn worker() -> Option<ExitCode> {
    let told = std::env::var(WORKER).ok()?;
    let code = match told.split('\n').collect::<Vec<_>>()[..] {
        [url, job, mode, directory] => run(async { work(url, job, mode, directory).await }),
        _ => Err("the environment tells something else".into()),
    };
    Some(match code {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    })
}

/// Prints the figures of each way to divide a limit, and says whether the goals are reached.
pub fn measure() -> bool {
    let ideal = f64::from(PROCESSES * EACH) / f64::from(PER_SECOND);
    println!("\n{PROCESSES} processes, {EACH} requests each, {PER_SECOND}/s: N/R {ideal:.1} s");
    let mut passes = true;
    for (mode, words, has_goal) in [
        ("alone", "that know nothing of each other", false),
        ("share", "each with an eighth of the limit", true),
        ("directory", "that share a directory", true),
    ] {
        match run(measure_one(mode)) {
            Ok(seconds) => {
                let slowest = seconds.iter().copied().fold(0.0, f64::max);
                let fastest = seconds.iter().copied().fold(f64::INFINITY, f64::min);
                let (ratio, unfairness) = (slowest / ideal, slowest / fastest);
                let reached = ratio <= GOAL.0 && unfairness <= GOAL.1;
                let goal = match (has_goal, reached) {
                    (false, _) => "(none)",
                    (true, true) => "reached",
                    (true, false) => "MISSED",
                };
                passes &= reached || !has_goal;
                println!(
                    "{words:<34} fastest {fastest:>5.1} s, slowest {slowest:>5.1} s, \
                     ratio {ratio:.2}, slowest/fastest {unfairness:.2}  {goal}"
                );
            }
            Err(error) => {
                println!("{words:<34} {error}");
                passes = false;
            }
        }
    }
    passes
}

fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

async fn measure_one(mode: &str) -> Result<Vec<f64>, Failure> {
    let sandbox = Sandbox::builder()
        .rate_limit(f64::from(PER_SECOND))
        .start()
        .await?;
    let jobs = sandbox.preload_jobs(1, 1)?;
    let job = jobs.first().ok_or("no job")?;
    let directory = std::env::temp_dir().join(format!("rate-limits-bench-{}", std::process::id()));
    let told = [
        &sandbox.base_url(),
        job,
        mode,
        &directory.display().to_string(),
    ]
    .map(String::from);
    let children = (0..PROCESSES).map(|_| {
        let told = told.join("\n");
        tokio::task::spawn_blocking(move || -> std::io::Result<(bool, f64)> {
            let start = Instant::now();
            let status = Command::new(std::env::current_exe()?)
                .env(WORKER, told)
                .stdin(Stdio::null())
                .status()?;
            Ok((status.success(), start.elapsed().as_secs_f64()))
        })
    });
    let children: Vec<_> = children.collect();
    let mut seconds = Vec::new();
    for child in children {
        match child.await?? {
            (true, elapsed) => seconds.push(elapsed),
            (false, _) => return Err("a process failed".into()),
        }
    }
    if mode == "directory" {
        std::fs::remove_dir_all(directory)?;
    }
    Ok(seconds)
}

async fn work(url: &str, job: &str, mode: &str, directory: &str) -> Result<(), Failure> {
    let options = RateLimitOptions::new();
    let limits = match mode {
        "alone" => RateLimits::new(&options),
        "share" => {
            let share = f64::from(PER_SECOND) / f64::from(PROCESSES);
            RateLimits::new(&options.max_rate(ResourceFamily::Reads, share))
        }
        "directory" => RateLimits::in_directory(directory, &options)?,
        other => return Err(format!("there is no way called {other}").into()),
    };
    let client = Client::builder(AccessToken::new("bench")?)
        .endpoint(url)
        .total_timeout(Duration::from_secs(20))
        .rate_limits(&limits)
        .build()?;
    let reads = futures_util::stream::iter(0..EACH).map(|_| read(&client, job));
    let mut reads = reads.buffer_unordered(AT_ONCE);
    while let Some(read) = reads.next().await {
        read?;
    }
    Ok(())
}

/// Reads the job, however long it is held back.
async fn read(client: &Client, job: &str) -> Result<(), Failure> {
    loop {
        client.rate_limits().ready(ResourceFamily::Reads).await?;
        match client.get_job(job, GetOptions::new()).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::RateLimited => {}
            Err(error) if error.is_transient() => {}
            Err(error) => return Err(error.into()),
        }
    }
}
