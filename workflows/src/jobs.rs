//! Jobs from the request to the end: actions that are seen through.
//!
//! * [`cancel_and_confirm`](crate::Workflows::cancel_and_confirm) cancels, and reads back why it could
//!   not; there is one for users and one for tasks too;
//! * [`validate_and_wait`](crate::Workflows::validate_and_wait) and
//!   [`migrate_and_wait`](crate::Workflows::migrate_and_wait) start, wait, and report on every user;
//! * [`migrate_job_to_end`](crate::Workflows::migrate_job_to_end) creates, validates, migrates and
//!   watches, from whatever status the job is in.
//!
//! A job that failed is an answer, a [`JobRun`]. An [`Error`](msgraph_migrations::Error) means that starting or
//! asking failed, and its operation says at which step; the job that exists by then goes on by itself.
//! Dropping a future stops asking and stops nothing else.
//!
//! ```
//! use std::time::Duration;
//!
//! use msgraph_migrations::models::CrossTenantMigrationJobCreate;
//! use msgraph_migrations_workflows::waiting::WaitOptions;
//! use msgraph_migrations_workflows::jobs::{JobRunEnd, MigrateOptions};
//! use msgraph_migrations::Error;
//! use msgraph_migrations_workflows::Workflows;
//!
//! # async fn example(workflows: &Workflows, new_job: &CrossTenantMigrationJobCreate) -> Result<(), Error> {
//! let wait = WaitOptions::new()
//!     .deadline(Duration::from_secs(21 * 24 * 3600))
//!     .on_observation(|seen| println!("{}: {:?}", seen.asked_for, seen.event));
//! let options = MigrateOptions::new().wait(&wait);
//! let run = workflows.migrate_job_to_end(new_job, &options).await?;
//! println!("{run}");
//! if let JobRunEnd::CompletedWithErrors | JobRunEnd::Failed = run.end {
//!     let retried = workflows.migrate_job_to_end(new_job, &options.retry_failed()).await?;
//!     println!("{retried}");
//! }
//!
//! let cancelled = workflows.cancel_and_confirm("Alderwood wave 4", Some(&wait)).await?;
//! println!("{cancelled}");
//! # Ok(())
//! # }
//! ```

mod cancellable;
mod cancelling;
mod end;
mod guard;
mod migrate_to_end;
mod start;

pub use cancellable::TooLate;
pub use cancelling::{CancelReport, CancelVerdict};
pub use end::{JobRun, JobRunEnd};
pub use guard::{JobGoal, JobStep, StepEnd, StepGuard};
pub use migrate_to_end::MigrateOptions;
