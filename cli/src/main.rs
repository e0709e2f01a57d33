//! `xtmig`: cross-tenant migrations from the command line.

mod arguments;
mod commands;
mod confirmation;
mod connection;
mod deadlines;
mod error_codes;
mod exit;
mod interruption;
mod output;
mod probe;
mod progress;
mod simulator;
mod suggestion;
mod time;
mod waves;
mod what_if;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use commands::session::Session;
use exit::{Exit, Failure};
use output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    suggestion::remember(&arguments.connection);
    let mut output = Output::new(&arguments.output);
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| exit::Failure::unexpected("the program cannot be set up", error))
        .and_then(|runtime| runtime.block_on(run(arguments, &mut output)));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            Output::fail(&failure);
            failure.exit.into()
        }
    }
}

async fn run(arguments: Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let connection = &arguments.connection;
    match arguments.command {
        Command::Plan(plan) if plan.init => waves::init(&plan.wave, output).map(|()| Exit::Done),
        Command::Plan(plan) => {
            commands::connected(connection, output, async |session: &mut Session<'_>| {
                waves::plan(session, &plan).await
            })
            .await
        }
        Command::Apply(apply) => {
            commands::connected(connection, output, async |session: &mut Session<'_>| {
                waves::apply(session, &apply).await
            })
            .await
        }
        Command::Resume(resume) => {
            commands::connected(connection, output, async |session: &mut Session<'_>| {
                waves::resume(session, &resume).await
            })
            .await
        }
        Command::Rehearse(rehearse) => waves::rehearse(connection, &rehearse, output).await,
        _ => commands::run(arguments, output).await,
    }
}
