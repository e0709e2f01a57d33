//! What each command does.

mod cancellation;
mod explain;
mod jobs;
mod rows;
mod user_input;
mod users;

use clap::CommandFactory;

use crate::arguments::{Arguments, Command, SandboxCommand};
use crate::connection;
use crate::exit::{Exit, Failure};
use crate::output::{Output, put};
use crate::simulator;

/// Carries the command out.
pub async fn run(arguments: Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let connection = arguments.connection;
    match arguments.command {
        Command::Jobs(command) => {
            let client = connection::client(&connection, output).await?;
            jobs::run(&client, command, output).await
        }
        Command::Users(command) => {
            let client = connection::client(&connection, output).await?;
            users::run(&client, command, output).await
        }
        Command::Explain(explain) => explain::run(explain.word.as_deref(), output),
        Command::Sandbox(command) => sandbox(&command, output).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "xtmig", &mut script);
            put(&script).map(|()| Exit::Done)
        }
    }
}

async fn sandbox(command: &SandboxCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        SandboxCommand::Start => {
            let url = simulator::ensure(output).await?;
            put(format!("{url}\n").as_bytes())?;
        }
        SandboxCommand::Status => match simulator::running().await? {
            Some(url) => put(format!("{url}\n").as_bytes())?,
            None => {
                return Err(Failure::new(Exit::NotFound, "no simulator is running")
                    .next("xtmig sandbox start"));
            }
        },
        SandboxCommand::Stop => {
            let was_running = simulator::stop().await?;
            output.say(if was_running {
                "stopped"
            } else {
                "no simulator was running"
            });
        }
        SandboxCommand::Serve => simulator::serve().await?,
    }
    Ok(Exit::Done)
}
