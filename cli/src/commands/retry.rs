//! `xtmig retry`: again what failed.

use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;

use super::session::{Session, name_of, status_of};
use super::starting;
use crate::arguments::Confirmation;
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::suggestion::{command, quoted};

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
    for job in jobs {
        let state = session.look_up(job).await?;
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
                    command(&format!("explain {}", quoted(status_of(&state))))
                )));
            }
        };
        found.push((state, step));
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
            .filter(|(_, own)| *own == step)
            .map(|(job, _)| job)
            .collect();
        if !of_step.is_empty() {
            session.announce(what, &of_step);
        }
    }
    let typed = match found.as_slice() {
        [(one, _)] => name_of(one, &jobs[0]).to_owned(),
        several => format!("{} jobs", several.len()),
    };
    confirm(confirmation, found.len(), &typed, session.output)?;
    let mut failed: Vec<Exit> = Vec::new();
    for (job, (_, step)) in jobs.iter().zip(&found) {
        let started = match step {
            Step::Validation => starting::validate(session, job).await,
            Step::Migration => starting::migrate(session, job).await,
        };
        if let Err(failure) = started {
            if jobs.len() == 1 {
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
        [first, ..] if failed.len() == jobs.len() => *first,
        _ => Exit::Partly,
    })
}
