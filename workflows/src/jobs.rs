//! Whole jobs: actions that are seen through to their end.
//!
//! * [`cancel_and_confirm`](crate::Workflows::cancel_and_confirm) cancels, and reads back why it could
//!   not;
//! * [`validate_and_wait`](crate::Workflows::validate_and_wait) and
//!   [`migrate_and_wait`](crate::Workflows::migrate_and_wait) start, wait, and report on every user;
//! * [`run`](crate::Workflows::run) creates, validates, migrates and watches.
//!
//! A job that failed is an answer, a [`Report`]. An [`Error`](msgraph_migrations::Error) means that starting or
//! asking failed, and its operation says at which step; the job that exists by then goes on by itself.
//! Dropping a future stops asking and stops nothing else.
//!
//! ```
//! use std::time::Duration;
//!
//! use msgraph_migrations::models::CrossTenantMigrationJobCreate;
//! use msgraph_migrations_workflows::waiting::WaitOptions;
//! use msgraph_migrations_workflows::jobs::JobRunEnd;
//! use msgraph_migrations::Error;
//! use msgraph_migrations_workflows::Workflows;
//!
//! # async fn example(workflows: &Workflows, new_job: &CrossTenantMigrationJobCreate) -> Result<(), Error> {
//! let options = WaitOptions::new()
//!     .deadline(Duration::from_secs(21 * 24 * 3600))
//!     .on_observation(|seen| println!("{:?}", seen.state().and_then(|job| job.status.as_ref())));
//! let report = workflows.run(new_job, &options).await?;
//! println!("{report}");
//! if let JobRunEnd::CompletedWithErrors | JobRunEnd::Failed = report.end {
//!     let retried = workflows.migrate_and_wait(&new_job.display_name, &options).await?;
//!     println!("{retried}");
//! }
//!
//! let cancelled = workflows.cancel_and_confirm("Alderwood wave 4", Some(&options)).await?;
//! println!("{cancelled}");
//! # Ok(())
//! # }
//! ```

mod cancelling;
mod report;
mod run;

pub use cancelling::{CancelReport, CancelVerdict, TooLate};
pub use report::{JobRunEnd, Report, UserProblem};
