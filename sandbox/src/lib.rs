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

// A request goes wire -> engine -> dispatch -> jobs or sharepoint -> state, and no arrow leads back; what they share lies
// below whoever uses it. tests/it/rooms.rs has the order of all rooms and keeps it.
mod access;
mod answer;
mod body;
mod builder;
mod call;
mod clock;
mod config;
mod dispatch;
mod engine;
mod faults;
mod jobs;
mod odata;
mod operation;
mod sandbox;
mod scenario;
mod settings;
mod sharepoint;
mod state;
mod wire;

pub use access::Access;
pub use builder::SandboxBuilder;
pub use clock::DEFAULT_START;

pub use engine::log::RequestEntry;
pub use engine::rehearse::ControlError;
pub use engine::snapshot::{JobSnapshot, TaskSnapshot, UserSnapshot};
pub use faults::{Fault, FaultRule, RetryAfter};
pub use sandbox::{Sandbox, StartError};
pub use scenario::plan::ScenarioEvent;
pub use scenario::script::ScenarioError;
pub use settings::{
    CancelInProgress, CompleteAfterGates, CreateStarts, EchoResources, PastCompleteAfter, Settings,
    Timings,
};
pub use state::job::Transition;
pub use state::outcome::{CompletesAs, FailsAs, UserOutcome};
pub use state::status::JobStatus;
pub use state::task::{SourceOutcome, TaskStatus};
