//! Stateful simulator of Microsoft Graph's cross-tenant migration APIs.
//!
//! A [`Sandbox`] listens on a port of its own and answers like the service behind
//! `/solutions/migrations/crossTenantMigrationJobs` (v1.0 and beta) and `/solutions/sharePoint/migrations` (beta),
//! as far as the public documents tell. It keeps state, moves virtual time and misbehaves on demand. Any HTTP
//! client can be rehearsed against it; it shares no code with the client library of this workspace.
//!
//! ```
//! use std::time::Duration;
//! use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let sandbox = Sandbox::builder()
//!     .faults(vec![FaultRule::new("cancelJob", Fault::DropAfterEffect).times(1)])
//!     .start()
//!     .await?;
//! let ids = sandbox.preload_jobs(1, 3)?;
//! sandbox.set_job_status(&ids[0], "validateSubmitted")?;
//! sandbox.advance(Duration::from_secs(3600))?;
//! assert_eq!(sandbox.jobs()[0].status.as_str(), "validatePassed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod builder;
mod clock;
mod connection;
mod control;
mod demo;
mod engine;
mod faults;
mod http;
mod jobs;
mod log;
mod odata;
mod operation;
mod rate;
mod rehearse;
mod route;
mod sandbox;
mod service;
mod settings;
mod shape;
mod sharepoint;
mod snapshot;

pub use builder::SandboxBuilder;
pub use clock::DEFAULT_START;
pub use faults::{Fault, FaultRule, RetryAfter};
pub use jobs::model::Transition;
pub use jobs::outcome::UserOutcome;
pub use jobs::status::JobStatus;
pub use log::RequestEntry;
pub use rehearse::ControlError;
pub use sandbox::{Sandbox, StartError};
pub use settings::{
    CancelInProgress, CompleteAfterGates, CreateStarts, EchoResources, PastCompleteAfter, Settings,
    Timings,
};
pub use sharepoint::tasks::TaskStatus;
pub use snapshot::{JobSnapshot, TaskSnapshot, UserSnapshot};
