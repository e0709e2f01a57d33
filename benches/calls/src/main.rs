//! Makes one call many times, for `benches/run` to count the instructions and allocations of, and to time.
//!
//! `calls serve` answers on a loopback port, which it prints, until its standard input ends, so that the
//! counted program holds nothing but the client; `calls <origin> <client> <scenario> <times> <at once>` calls
//! it, and prints what it read and the nanoseconds of a call.

mod answers;
mod by_hand;
mod client;
mod generated_client;
mod hyper_client;
mod layered;
mod server;

#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_docs,
    reason = "generated code; what humans write is held to the lints"
)]
mod generated {
    include!("../../../tests/golden/client.rs");
}

/// The generated client names the models by the path that they have in their crate.
mod models {
    pub mod generated {
        pub use msgraph_migrations::models as types;
    }
}

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::stream::{self, StreamExt, TryStreamExt};

/// The call that is made.
#[derive(Clone, Copy)]
pub enum Scenario {
    /// Cancels a job.
    Cancel,
    /// Reads a job.
    Get,
    /// Lists one page of users.
    Users,
}

/// Who makes it.
trait Caller {
    /// Makes a call; the number is of what was read, so that no compiler leaves the reading out.
    async fn call(&self, scenario: Scenario) -> Made<usize>;
}

/// The job that all calls are about.
pub const JOB: &str = "a35e80d7-4b19-4c6f-92d8-e17f0b6c5a24";
/// A token of the length that Entra's have.
pub const TOKEN_BYTES: usize = 1_600;
/// What came of it.
pub type Made<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [origin, client, scenario, times, at_once] = arguments[..] else {
        return match arguments[..] {
            ["serve", users] => server::serve(users.parse().unwrap_or_default()),
            _ => usage(),
        };
    };
    let scenario = match scenario {
        "cancel" => Scenario::Cancel,
        "get" => Scenario::Get,
        "users" => Scenario::Users,
        _ => return usage(),
    };
    let (Ok(times), Ok(at_once)) = (times.parse(), at_once.parse()) else {
        return usage();
    };
    match run(origin, client, scenario, times, at_once) {
        Ok((read, nanoseconds)) => {
            println!("{read} {nanoseconds}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(
    origin: &str,
    client: &str,
    scenario: Scenario,
    times: usize,
    at_once: usize,
) -> Made<(usize, u128)> {
    let token = "t".repeat(TOKEN_BYTES);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match client {
            "hyper" => {
                let caller = hyper_client::OnHyper::new(origin, &token);
                call_many(caller, scenario, times, at_once).await
            }
            "by-hand" => {
                let caller = by_hand::ByHand::new(origin, &token)?;
                call_many(caller, scenario, times, at_once).await
            }
            "generated" => {
                let caller = generated_client::Generated::new(origin, &token)?;
                call_many(caller, scenario, times, at_once).await
            }
            "layered" => {
                let caller = layered::Layered::new(origin, &token)?;
                call_many(caller, scenario, times, at_once).await
            }
            other => Err(format!("there is no client {other}").into()),
        }
    })
}

async fn call_many(
    caller: impl Caller,
    scenario: Scenario,
    times: usize,
    at_once: usize,
) -> Made<(usize, u128)> {
    let start = Instant::now();
    let mut read = 0;
    if at_once == 1 {
        for _ in 0..times {
            read += caller.call(scenario).await?;
        }
    } else {
        // This moves each call to the heap, which is part of what calling at once costs.
        let calls = stream::iter(0..times).map(|_| caller.call(scenario));
        let mut calls = calls.buffer_unordered(at_once);
        while let Some(more) = calls.try_next().await? {
            read += more;
        }
    }
    let each = start.elapsed().as_nanos() / times.max(1) as u128;
    Ok((read, each))
}

fn usage() -> ExitCode {
    eprintln!(
        "calls serve <users> | \
         calls <origin> hyper|by-hand|generated|layered cancel|get|users <times> <at once>"
    );
    ExitCode::FAILURE
}
