//! Walks through every answer that a cancellation can get, and through the life of a job.
//!
//! Everything happens against the sandbox, which this program starts on a port of its own: nothing
//! leaves this machine, and no tenant is touched. The exit code is not zero when an answer is not
//! the documented one.
//!
//! ```text
//! cargo run --example cancel
//! ```

mod cancel_job;
mod cancel_sharepoint_task;
mod cancel_user;
mod life_of_a_job;
mod new_job;
mod seen;
mod table;

use std::error::Error;
use std::process::ExitCode;

use msgraph_migrations::{AccessToken, Client};
use msgraph_migrations_sandbox::Sandbox;

use crate::table::Table;

/// What every part of the walk works with.
struct Rehearsal {
    client: Client,
    sandbox: Sandbox,
    table: Table,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut rehearsal = match start().await {
        Ok(rehearsal) => rehearsal,
        Err(error) => {
            eprintln!("the rehearsal cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let walked = walk(&mut rehearsal).await;
    print!("{}", rehearsal.table);
    if let Err(error) = walked {
        eprintln!("the rehearsal stopped: {error}");
        return ExitCode::FAILURE;
    }
    rehearsal.table.exit_code()
}

async fn start() -> Result<Rehearsal, Box<dyn Error>> {
    let sandbox = Sandbox::builder().token("rehearsal").start().await?;
    let client = Client::builder(AccessToken::new("rehearsal")?)
        .endpoint(sandbox.base_url())
        .build()?;
    Ok(Rehearsal {
        client,
        sandbox,
        table: Table::default(),
    })
}

async fn walk(rehearsal: &mut Rehearsal) -> Result<(), Box<dyn Error>> {
    cancel_job::walk(rehearsal).await?;
    cancel_job::walk_refusals(rehearsal).await?;
    cancel_user::walk(rehearsal).await?;
    cancel_sharepoint_task::walk(rehearsal).await?;
    life_of_a_job::walk(rehearsal).await
}
