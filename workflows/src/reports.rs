//! What became of a job and of each of its users, without starting anything.
//!
//! A [`Report`] tells of every user once: how many are in which status, who was cancelled, what went
//! wrong, and what could not be read. It never says that nobody has problems when it has not seen
//! everybody.
//!
//! ```
//! use msgraph_migrations_workflows::Workflows;
//! use msgraph_migrations_workflows::waiting::WaitOptions;
//!
//! # async fn example(workflows: &Workflows) -> Result<(), msgraph_migrations::Error> {
//! let report = workflows.report("Alderwood wave 3", &WaitOptions::new()).await?;
//! println!("{report}");
//! for (code, users) in &report.users.problems_by_code {
//!     println!("{code}: {users} users");
//! }
//! # Ok(())
//! # }
//! ```

mod collect;
mod report;
mod text;
mod unique;

pub use report::{Report, UserProblem, UserReport};
pub(crate) use text::line;
