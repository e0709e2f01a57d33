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
mod what_if;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    suggestion::remember(&arguments.connection);
    let mut output = Output::new(&arguments.output);
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| exit::Failure::unexpected("the program cannot be set up", error))
        .and_then(|runtime| runtime.block_on(commands::run(arguments, &mut output)));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            Output::fail(&failure);
            failure.exit.into()
        }
    }
}
