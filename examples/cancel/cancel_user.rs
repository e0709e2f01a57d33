//! Cancelling one user of a job.

use std::error::Error;
use std::time::Duration;

use msgraph_migrations_sandbox::Settings;

use crate::Rehearsal;
use crate::new_job::{OTHER_USER, USER, new_job};
use crate::seen::Seen;

const JOB: &str = "Alderwood wave 2";
const STRANGER: &str = "f09d62c7-1b58-43ae-a6d4-27e5b8c9130f";

pub async fn walk(rehearsal: &mut Rehearsal) -> Result<(), Box<dyn Error>> {
    let Rehearsal {
        client,
        sandbox,
        table,
    } = rehearsal;
    table.heading("Cancel one user of a job");
    let job = new_job(JOB, sandbox, Duration::from_hours(48));
    client.create_job(&job).await?;

    let seen = Seen::cancellation(client.cancel_user(JOB, USER).await);
    table.add("cancel_user", seen, 202, "CancelOutcome::Accepted");

    // The first draft of the page answers 200 and wraps the answer in `value`. The sandbox follows
    // the newest page unless it is set otherwise.
    let newest = sandbox.settings();
    sandbox.set_settings(Settings {
        cancel_user_status: 200,
        wrap_cancel_in_value: true,
        ..newest.clone()
    })?;
    let seen = Seen::cancellation(client.cancel_user(JOB, OTHER_USER).await);
    table.add(
        "cancel_user, by the first draft",
        seen,
        200,
        "CancelOutcome::Accepted",
    );
    sandbox.set_settings(newest)?;

    let seen = Seen::cancellation(client.cancel_user(JOB, USER).await);
    table.add(
        "cancel_user, again",
        seen,
        409,
        "CancelOutcome::AlreadyBeingCancelled",
    );

    let seen = Seen::cancellation(client.cancel_user(JOB, STRANGER).await);
    table.add(
        "cancel_user, not in the job",
        seen,
        404,
        "Error, ErrorKind::Refused",
    );

    let seen = Seen::cancellation(client.cancel_user("Alderwood wave 99", USER).await);
    table.add(
        "cancel_user, no such job",
        seen,
        404,
        "Error, ErrorKind::Refused",
    );

    Ok(())
}
