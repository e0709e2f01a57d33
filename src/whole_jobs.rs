//! Whole jobs: actions that are seen through to their end.
//!
//! * [`cancel_and_confirm`](crate::Client::cancel_and_confirm) cancels, and reads back why it could
//!   not;
//! * [`validate_and_wait`](crate::Client::validate_and_wait) and
//!   [`migrate_and_wait`](crate::Client::migrate_and_wait) start, wait, and report on every user;
//! * [`run`](crate::Client::run) creates, validates, migrates and watches.
//!
//! A job that failed is an answer, a [`Report`]. An [`Error`](crate::Error) means that starting or
//! asking failed, and its operation says at which step; the job that exists by then goes on by itself.
//! Dropping a future stops asking and stops nothing else.
//!
//! ```
//! use std::time::Duration;
//!
//! use msgraph_migrations::models::CrossTenantMigrationJobCreate;
//! use msgraph_migrations::waiting::WaitOptions;
//! use msgraph_migrations::whole_jobs::JobRunEnd;
//! use msgraph_migrations::{Client, Error};
//!
//! # async fn example(client: &Client, new_job: &CrossTenantMigrationJobCreate) -> Result<(), Error> {
//! let options = WaitOptions::new()
//!     .deadline(Duration::from_secs(21 * 24 * 3600))
//!     .on_observation(|seen| println!("{:?}", seen.state().and_then(|job| job.status.as_ref())));
//! let report = client.run(new_job, &options).await?;
//! println!("{report}");
//! if let JobRunEnd::CompletedWithErrors | JobRunEnd::Failed = report.end {
//!     let retried = client.migrate_and_wait(&new_job.display_name, &options).await?;
//!     println!("{retried}");
//! }
//!
//! let cancelled = client.cancel_and_confirm("Alderwood wave 4", Some(&options)).await?;
//! println!("{cancelled}");
//! # Ok(())
//! # }
//! ```

mod cancelling;
mod report;
mod run;

pub use cancelling::{CancelReport, CancelVerdict, TooLate};
pub use report::{JobRunEnd, Report, UserProblem};
