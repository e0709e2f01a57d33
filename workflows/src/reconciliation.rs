//! Finding out by reading what became of an action whose answer was lost.
//!
//! When a connection dies after an action was sent, the action may have taken effect or not, and
//! sending it again could double it. [`Workflows::reading_back`](crate::Workflows::reading_back) is for whoever wants the question
//! settled: it notes the state before the action, sends the action once, and, only if the answer is
//! lost, reads the state until it tells. It never sends an action again, and it never guesses: what
//! the documents do not make certain is [`Resolved::Unknown`].
//!
//! ```
//! use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved};
//! use msgraph_migrations::{CancelOutcome, Error};
//! use msgraph_migrations_workflows::Workflows;
//!
//! # async fn example(workflows: &Workflows) -> Result<(), Error> {
//! match workflows.reading_back(ReadBack::default()).cancel_job("Alderwood wave 3").await? {
//!     Resolved::Answered(CancelOutcome::Accepted(_)) => println!("being cancelled"),
//!     Resolved::Answered(refused) => println!("{refused}"),
//!     Resolved::TookEffect { state, .. } => println!("being cancelled, as seen: {state:?}"),
//!     Resolved::RuledOut { state, .. } => println!("not cancelled by this request: {state:?}"),
//!     Resolved::Unknown { last_seen, error, .. } => {
//!         println!("look at the job before anything else; last seen {last_seen:?}: {error}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod judgement;
mod lifecycle;
mod policy;
mod reading_back;
mod resolved;
mod sharepoint_task;
mod subject;
mod verdict;

pub use policy::ReadBack;
pub use reading_back::ReadingBack;
pub use resolved::{Resolved, Sighting};
