//! Cancelling a job.

use std::error::Error;
use std::time::Duration;

use crate::Rehearsal;
use crate::new_job::new_job;
use crate::seen::Seen;

const JOB: &str = "Alderwood wave 1";

pub async fn walk(rehearsal: &mut Rehearsal) -> Result<(), Box<dyn Error>> {
    let Rehearsal {
        client,
        sandbox,
        table,
    } = rehearsal;
    table.heading("Cancel a job");
    let job = new_job(JOB, sandbox, Duration::from_hours(48));
    client.create_job(&job).await?;

    // A job is named by its id or, as here, by its display name.
    let seen = Seen::cancellation(client.cancel_job(JOB).await);
    table.add("cancel_job", seen, 202, "CancelOutcome::Accepted");

    let seen = Seen::cancellation(client.cancel_job(JOB).await);
    table.add("cancel_job, again", seen, 409, "CancelOutcome::Conflict");

    // The sandbox carries a cancellation out in five minutes of its own time.
    sandbox.advance(Duration::from_mins(10))?;
    let seen = Seen::cancellation(client.cancel_job(JOB).await);
    table.add(
        "cancel_job, after its end",
        seen,
        409,
        "CancelOutcome::Conflict",
    );
    Ok(())
}
