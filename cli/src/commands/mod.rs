//! What each command does.

pub mod auth;
mod cancellation;
mod explain;
mod jobs;
mod mapping_input;
mod mappings;
mod offline;
mod postpone;
mod probe;
mod problems;
mod recording;
mod report;
mod retry;
mod rows;
pub mod session;
mod sharepoint;
mod sharepoint_watch;
mod starting;
mod status;
mod to_end;
mod user_input;
mod users;
mod users_cancel;
mod watch;

use crate::arguments::{Arguments, AuthCommand, Command, ConnectionArguments, ProbeArguments};
use crate::connection;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::what_if::Plan;
use session::Session;

/// Carries the command out.
pub async fn run(arguments: Arguments, output: &mut Output) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Explain(explain) => explain::run(explain.word.as_deref(), output),
        Command::Sandbox(sandbox) => offline::sandbox(sandbox, output).await,
        Command::Completions { shell } => offline::completions(shell),
        Command::Man { folder } => offline::man(folder.as_deref(), output),
        Command::Probe(ProbeArguments {
            answers: Some(file),
            ..
        }) => probe::again(&file, output),
        command => {
            connected(&arguments.connection, output, async |session| {
                online(session, command).await
            })
            .await
        }
    }
}

/// Connects, and does `work`; or shows the requests of it, of which none is sent.
pub async fn connected(
    arguments: &ConnectionArguments,
    output: &mut Output,
    work: impl AsyncFnOnce(&mut Session<'_>) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let connection = connection::connect(arguments, output).await?;
    let client = connection.client.clone();
    if !arguments.what_if {
        return work(&mut Session::new(connection, client, output)).await;
    }
    let plan = Plan::default();
    output.mute();
    let client = plan.describing(&client);
    let ended = work(&mut Session::new(connection, client, output)).await;
    plan.show(ended, output)
}

/// Carries out a command that talks to the service.
async fn online(session: &mut Session<'_>, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Jobs(command) => jobs::run(session, command).await,
        Command::Users(command) => users::run(session, command).await,
        Command::Sharepoint(command) => sharepoint::run(session, command).await,
        Command::Mappings(command) => mappings::run(session, command).await,
        Command::Status => status::run(session).await,
        Command::Problems { jobs } => problems::run(session, &jobs).await,
        Command::Retry { jobs, confirmation } => retry::run(session, &jobs, &confirmation).await,
        Command::Postpone {
            job,
            cutover,
            confirmation,
        } => postpone::by_or_to(session, &job, &cutover, &confirmation).await,
        Command::Auth(AuthCommand::Check) => auth::check(session).await,
        Command::Probe(arguments) => probe::run(session, &arguments).await,
        // These need no connection, or have their own part.
        Command::Plan(_)
        | Command::Apply(_)
        | Command::Rehearse(_)
        | Command::Resume(_)
        | Command::Explain(_)
        | Command::Sandbox(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(Exit::Done),
    }
}
