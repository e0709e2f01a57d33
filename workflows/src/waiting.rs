//! Waiting for jobs and SharePoint tasks: a stream of what changes, and a future for the end.
//!
//! Whoever waits only reads. Dropping a stream or a future stops that and sends nothing more; it
//! changes nothing about the job.
//!
//! A job that failed is an answer, a [`MigrationEnd`] for instance. An [`Error`](msgraph_migrations::Error) means
//! that asking failed: at once when the service refuses to tell (401, 403, 404 for a job that was
//! never seen), and otherwise only after [`WaitOptions::max_failures`] readings in a row.
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::TryStreamExt;
//! use msgraph_migrations_workflows::waiting::{Awaited, Observation, ValidationEnd, WaitOptions};
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
//! let watch = workflows.watch_job("Alderwood wave 3", Awaited::Migration, &options);
//! let mut watch = std::pin::pin!(watch);
//! while let Some(observation) = watch.try_next().await? {
//!     match observation {
//!         Observation::First(job) | Observation::Changed(job) => println!("{:?}", job.status),
//!         Observation::Stalled { unchanged_for, .. } => println!("nothing for {unchanged_for:?}"),
//!         Observation::Ended(end) => println!("{end:?}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod ends;
mod jobs;
mod many;
mod observation;
mod options;
mod rhythm;
mod sharepoint;
mod watch;

pub use ends::{
    Awaited, CancellationEnd, DeletionEnd, JobEnd, MigrationEnd, SharePointTaskEnd, ValidationEnd,
};
pub(crate) use jobs::{Known, read_job};
pub use many::WatchedJob;
pub use observation::{JobObservation, Observation, SharePointTaskObservation, WaitEnd};
pub use options::WaitOptions;
pub(crate) use watch::Patience;
