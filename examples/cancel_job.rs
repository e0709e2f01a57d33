//! Cancels one job of a real tenant, and says what came of it.
//!
//! ```text
//! GRAPH_TOKEN=… cargo run --example cancel_job -- 'Alderwood wave 3'
//! ```

use msgraph_migrations::{CancelOutcome, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let job = std::env::args().nth(1).ok_or("name the job to cancel")?;
    let client = Client::new(&std::env::var("GRAPH_TOKEN")?)?;
    match client.cancel_job(&job).await {
        Ok(CancelOutcome::Accepted(answer)) => {
            let status = answer.value().status.as_deref().unwrap_or("unknown");
            println!("being cancelled ({status}); poll the job until it is cancelled");
        }
        Ok(CancelOutcome::Conflict(refusal)) => {
            println!("TOO LATE, the migration continues: {refusal}");
        }
        Err(error) if error.may_have_taken_effect() => {
            println!("UNCLEAR, look at the job before anything else: {error}");
        }
        Err(error) => println!("not cancelled: {error}"),
    }
    Ok(())
}
