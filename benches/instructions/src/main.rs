//! Makes one call many times, for `benches/run` to count the instructions of.
//!
//! `instructions serve` answers on a loopback port, which it prints, until its standard input ends, so that
//! the counting program holds nothing but the client; `instructions <origin> <client> <scenario> <times>`
//! calls it.

mod bare;
mod by_hand;
mod client;
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

use std::process::ExitCode;

/// The call that is made.
#[derive(Clone, Copy)]
pub enum Scenario {
    /// Cancels a job.
    Cancel,
    /// Lists one page of users.
    Users,
}

/// The path of both calls begins with it.
pub const JOB: &str = "a35e80d7-4b19-4c6f-92d8-e17f0b6c5a24";
/// A token of the length that Entra's have.
pub const TOKEN_BYTES: usize = 1_600;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [origin, client, scenario, times] = arguments[..] else {
        return match arguments[..] {
            ["serve", users] => server::serve(users.parse().unwrap_or_default()),
            _ => usage(),
        };
    };
    let scenario = match scenario {
        "cancel" => Scenario::Cancel,
        "users" => Scenario::Users,
        _ => return usage(),
    };
    let Ok(times) = times.parse() else {
        return usage();
    };
    let token = "t".repeat(TOKEN_BYTES);
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return ExitCode::FAILURE;
    };
    let made = runtime.block_on(async {
        match client {
            "by-hand" => by_hand::run(origin, &token, scenario, times).await,
            "generated" => bare::run(origin, &token, scenario, times).await,
            "layered" => layered::run(origin, &token, scenario, times).await,
            other => Err(format!("there is no client {other}").into()),
        }
    });
    match made {
        // What was read is told, so that no compiler leaves the reading out.
        Ok(read) => {
            println!("{read}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "instructions serve <users> | instructions <origin> by-hand|generated|layered cancel|users <times>"
    );
    ExitCode::FAILURE
}

/// The number of users or letters that were read, or why none were.
pub type Made = Result<usize, Box<dyn std::error::Error>>;
