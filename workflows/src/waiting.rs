//! Waiting for jobs and SharePoint tasks: a stream of what changes, and a future for the end.
//!
//! Whoever waits only reads. Dropping a stream or a future stops that and sends nothing more; it
//! changes nothing about the job.
//!
//! A job that failed is an answer, a [`MigrationEnd`] for instance. An [`Error`](msgraph_migrations::Error) means
//! that asking failed: at once when the service refuses to tell (401, 403, 404 for a job that was
//! never seen), and otherwise only when no reading has succeeded for [`WaitOptions::max_outage`].
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::TryStreamExt;
//! use msgraph_migrations_workflows::waiting::{Awaited, Event, ValidationEnd, WaitOptions};
//! use msgraph_migrations::Error;
//! use msgraph_migrations_workflows::Workflows;
//!
//! # async fn example(workflows: &Workflows) -> Result<(), Error> {
//! let options = WaitOptions::new().deadline(Duration::from_secs(4 * 3600));
//! match workflows.wait_for_validation("Alderwood wave 3", &options).await? {
//!     ValidationEnd::Passed(_) => println!("ready to migrate"),
//!     ValidationEnd::Failed(job) => println!("not ready: {:?}", job.message),
//!     ValidationEnd::Elsewhere(job) => println!("no longer validating: {:?}", job.status),
//!     ValidationEnd::Gone(_) => println!("deleted in the meantime"),
//!     ValidationEnd::DeadlinePassed(_) => println!("still not validated"),
//! }
//!
//! let mut watch = workflows.watch_job("Alderwood wave 3", Awaited::Migration, &options);
//! while let Some(seen) = watch.try_next().await? {
//!     match seen.event {
//!         Event::First(job) | Event::Changed(job) => println!("{:?}", job.status),
//!         Event::AdminActionRequired(_) => println!("{} waits for an administrator", seen.asked_for),
//!         Event::Stalled { unchanged_for, .. } => println!("nothing for {unchanged_for:?}"),
//!         Event::Outage { lasting, error, .. } => println!("no answer for {lasting:?}: {error}"),
//!         Event::Ended(end) => println!("{end:?}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod ends;
mod job;
mod job_list;
mod observation;
mod options;
mod poll;
mod poll_budget;
mod poll_interval;
mod sharepoint_task;
mod user;
mod watch;

pub use ends::{
    Awaited, CancellationEnd, DeletionEnd, JobEnd, MigrationEnd, SharePointTaskEnd, ValidationEnd,
};
pub(crate) use job::Known;
pub use observation::{
    Event, JobObservation, Observation, SharePointTaskObservation, UserObservation, WaitEnd,
};
pub use options::WaitOptions;
pub(crate) use poll_budget::{PollBudget, is_passing};
pub use watch::{EndOf, Watch};
