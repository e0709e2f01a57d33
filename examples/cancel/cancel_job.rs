//! Cancelling a job.

use std::error::Error;
use std::time::Duration;

use msgraph_migrations_sandbox::{Fault, FaultRule};

use crate::Rehearsal;
use crate::new_job::new_job;
use crate::seen::Seen;

const JOB: &str = "Alderwood wave 1";
const OTHER_JOB: &str = "Alderwood wave 5";

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
    table.add(
        "cancel_job, again",
        seen,
        409,
        "CancelOutcome::AlreadyBeingCancelled",
    );

    // The sandbox carries a cancellation out in five minutes of its own time.
    sandbox.advance(Duration::from_mins(10))?;
    let seen = Seen::cancellation(client.cancel_job(JOB).await);
    table.add(
        "cancel_job, after its end",
        seen,
        409,
        "CancelOutcome::AlreadyFinal",
    );
    Ok(())
}

/// Every way in which the cancellation of a job is refused or lost.
pub async fn walk_refusals(rehearsal: &mut Rehearsal) -> Result<(), Box<dyn Error>> {
    let Rehearsal {
        client,
        sandbox,
        table,
    } = rehearsal;
    table.heading("Cancel a job that has come further, or whose answer is lost");
    let job = new_job(OTHER_JOB, sandbox, Duration::from_hours(48));
    client.create_job(&job).await?;
    for (call, status, answer) in [
        ("cancel_job, completed", "completed", "AlreadyFinal"),
        ("cancel_job, failed", "failed", "AlreadyFinal"),
        ("cancel_job, cancelled", "cancelled", "AlreadyFinal"),
        ("cancel_job, cutting over", "cuttingOver", "TooLate"),
    ] {
        sandbox.set_job_status(OTHER_JOB, status)?;
        let seen = Seen::cancellation(client.cancel_job(OTHER_JOB).await);
        table.add(call, seen, 409, &format!("CancelOutcome::{answer}"));
    }

    // Without its message, a conflict does not tell whether the migration continues.
    sandbox.set_faults(vec![FaultRule::new("cancelJob", Fault::EmptyBody)])?;
    let seen = Seen::cancellation(client.cancel_job(OTHER_JOB).await);
    table.add(
        "cancel_job, no reason given",
        seen,
        409,
        "CancelOutcome::Undetermined",
    );

    // The same error, whether the request took effect or not: only the job can tell.
    for (call, fault) in [
        ("cancel_job, lost on its way", Fault::DropBeforeEffect),
        ("cancel_job, lost on its way back", Fault::DropAfterEffect),
    ] {
        sandbox.set_job_status(OTHER_JOB, "submitted")?;
        sandbox.set_faults(vec![FaultRule::new("cancelJob", fault)])?;
        let seen = Seen::cancellation(client.cancel_job(OTHER_JOB).await);
        table.add(call, seen, None, "Error, ErrorKind::Interrupted");
        sandbox.set_faults(Vec::new())?;
        let seen = Seen::read_back(client, OTHER_JOB).await;
        table.add("get_job, to learn which", seen, 200, "Response");
    }
    Ok(())
}
