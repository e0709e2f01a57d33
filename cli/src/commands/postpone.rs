//! Moving the cutover: `xtmig postpone`, `xtmig jobs update`.

use chrono::{TimeDelta, Utc};
use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::CrossTenantMigrationJob as Job;

use super::rows;
use super::session::{Session, name_of};
use crate::arguments::{Confirmation, Cutover};
use crate::confirmation::confirm;
use crate::deadlines;
use crate::exit::{Exit, Failure};
use crate::interruption::Interruption;
use crate::suggestion::command_on;
use crate::time::to_service;

/// Moves the cutover by a length of time, or to a time.
pub async fn by_or_to(
    session: &mut Session<'_>,
    job: &str,
    cutover: &Cutover,
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let found = session.look_up(job).await?;
    let time = match (&cutover.time, cutover.by) {
        (Some(time), _) => time.clone(),
        (None, Some(by)) => {
            let old = deadlines::cutover(&found).unwrap_or_else(Utc::now);
            TimeDelta::from_std(by)
                .ok()
                .and_then(|by| old.checked_add_signed(by))
                .ok_or_else(|| "that is beyond all time".to_owned())
                .and_then(to_service)
                .map_err(|error| {
                    Failure::usage("the new time cannot be told")
                        .because(error)
                        .next("name a shorter time, or the new time itself")
                })?
        }
        (None, None) => {
            return Err(Failure::usage("no new time is named")
                .because("neither a time nor --by is there")
                .next("name one"));
        }
    };
    move_cutover(session, job, &found, time, confirmation).await
}

/// Moves the cutover to a time.
pub async fn to(
    session: &mut Session<'_>,
    job: &str,
    time: DateTimeOffset,
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let found = session.look_up(job).await?;
    move_cutover(session, job, &found, time, confirmation).await
}

async fn move_cutover(
    session: &mut Session<'_>,
    job: &str,
    found: &Job,
    time: DateTimeOffset,
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let zone = session.output.zone();
    session.announce("move the cutover of", &[found]);
    session
        .output
        .say(&format!("  to {}", rows::when(Some(&time), zone)));
    if time.to_utc().is_some_and(|time| time <= Utc::now()) {
        session
            .output
            .say("  That has passed: the service takes it as due at once.");
    }
    confirm(confirmation, 1, name_of(found, job), session.output)?;
    let look = command_on("jobs show", job);
    let changed = Interruption::take_over()
        .or_leave(
            &format!("moving the cutover of {job}"),
            &look,
            session.client().update_job(job, time.clone()),
        )
        .await?;
    if let Err(error) = changed {
        let what = format!("the cutover of {job} was not moved");
        if !error.may_have_taken_effect() {
            return Err(Failure::of_call(what, &error, &look));
        }
        // The answer was lost; the job itself tells.
        let is_moved = match session.job(job).await {
            Ok(state) => deadlines::cutover(&state) == time.to_utc() && time.to_utc().is_some(),
            Err(_) => false,
        };
        if !is_moved {
            return Err(Failure::new(
                Exit::Unknown,
                format!("whether the cutover of {job} was moved is UNKNOWN"),
            )
            .because(error)
            .next(format!("to find out: {look}")));
        }
        session
            .output
            .say("the answer was lost; reading back shows that it took effect");
    }
    session.output.say(&format!(
        "the cutover of {job} was moved to {}",
        rows::when(Some(&time), zone)
    ));
    Ok(Exit::Done)
}
