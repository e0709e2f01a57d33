//! Cancels one job of a real tenant, and says what came of it.
//!
//! ```text
//! GRAPH_TOKEN=… cargo run --example cancel_job -- 'Alderwood wave 3'
//! ```

use std::process::ExitCode;

use msgraph_migrations::{CancelOutcome, Client, FinalStatus};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let job = std::env::args().nth(1).ok_or("name the job to cancel")?;
    let client = Client::new(&std::env::var("GRAPH_TOKEN")?)?;
    Ok(cancel(&client, &job).await)
}

/// Cancels a job and says what came of it; each ending has an exit code of its own.
pub async fn cancel(client: &Client, job: &str) -> ExitCode {
    let (code, ending) = match client.cancel_job(job).await {
        Ok(CancelOutcome::Accepted(_)) => (0, "being cancelled, poll it to see the end".to_owned()),
        Ok(CancelOutcome::AlreadyBeingCancelled(_)) => (3, "being cancelled already".to_owned()),
        Ok(CancelOutcome::AlreadyFinal { status, .. }) => match status {
            FinalStatus::Cancelled => (4, "cancelled already".to_owned()),
            moved_or_not => (
                5,
                format!("over, there is nothing to cancel: {moved_or_not}"),
            ),
        },
        Ok(CancelOutcome::TooLate { status, .. }) => {
            (6, format!("TOO LATE, the migration continues: {status}"))
        }
        Ok(CancelOutcome::Undetermined(refusal)) => {
            (7, format!("NOT CANCELLED, look at the job: {refusal}"))
        }
        // The answer was lost, or is none of the service's.
        Err(error) if error.may_have_taken_effect() => (
            8,
            format!("UNKNOWN, look at the job before anything else: {error}"),
        ),
        Err(error) => (1, format!("not cancelled: {error}")),
    };
    println!("{ending}");
    ExitCode::from(code)
}
