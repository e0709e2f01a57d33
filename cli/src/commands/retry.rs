//! `xtmig retry`: again what failed.

use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;

use super::session::{Session, name_of, status_of};
use super::starting;
use crate::arguments::Confirmation;
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure};
use crate::interruption::{Interruption, NOT_SENT};
use crate::output::Output;
use crate::suggestion::command_on;

/// Which step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Validation,
    Migration,
}

pub async fn run(
    session: &mut Session<'_>,
    jobs: &[String],
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for (job, state) in session.look_up_all(jobs).await? {
        let step = match state.status {
            Some(Status::ValidateFailed) => Step::Validation,
            Some(Status::Failed | Status::CompletedWithErrors) => Step::Migration,
            // Nothing is known of it where nothing is sent.
            None if session.output.is_muted() => Step::Migration,
            _ => {
                return Err(Failure::new(
                    Exit::Refused,
                    format!("{job} did not fail; nothing was sent"),
                )
                .because(format!("it is {}", status_of(&state)))
                .next(format!(
                    "see what its status allows: {}",
                    command_on("explain", status_of(&state))
                )));
            }
        };
        found.push((job, state, step));
    }
    for (what, step) in [
        ("validate again", Step::Validation),
        (
            "migrate again those users who were not migrated of",
            Step::Migration,
        ),
    ] {
        let of_step: Vec<_> = found
            .iter()
            .filter(|(.., own)| *own == step)
            .map(|(_, job, _)| job)
            .collect();
        if !of_step.is_empty() {
            session.announce(what, &of_step);
        }
    }
    let typed = match found.as_slice() {
        [(name, one, _)] => name_of(one, name).to_owned(),
        several => format!("{} jobs", several.len()),
    };
    confirm(confirmation, found.len(), &typed, session.output)?;
    let mut failed: Vec<Exit> = Vec::new();
    let interruption = Interruption::take_over();
    for (job, _, step) in &found {
        if interruption.is_requested() {
            Output::fail(
                &Failure::new(Exit::Interrupted, format!("{job} was not tried again"))
                    .because(NOT_SENT)
                    .next("run the same command again"),
            );
            failed.push(Exit::Interrupted);
            continue;
        }
        let started = match step {
            Step::Validation => starting::validate(session, job).await,
            Step::Migration => starting::migrate(session, job).await,
        };
        if let Err(failure) = started {
            if found.len() == 1 {
                return Err(failure);
            }
            if !session.output.is_muted() {
                Output::fail(&failure);
            }
            failed.push(failure.exit);
        }
    }
    Ok(match failed.as_slice() {
        [] => Exit::Done,
        some if some.contains(&Exit::Unknown) => Exit::Unknown,
        some if some.contains(&Exit::Interrupted) => Exit::Interrupted,
        [first, ..] if failed.len() == found.len() => *first,
        _ => Exit::Partly,
    })
}
