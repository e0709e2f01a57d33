//! Client for Microsoft Graph's cross-tenant migration APIs that never leaves its caller guessing.
//!
//! The service moves mailboxes, Teams content, OneDrive and SharePoint sites between Microsoft 365
//! tenants. A cancel that is misread is a mailbox moved for good, so this crate tells apart what
//! the documents tell apart:
//!
//! * an **answer that is expected** in more than one way is an exhaustive, `#[must_use]` enum in
//!   [`outcome`];
//! * an [`Error`] says whether anything was sent, whether it may have taken effect, and whether it
//!   is safe to repeat;
//! * a [`Response`] keeps status, headers, request id and the raw text beside the typed value.
//!
//! Models, requests and the table of [`operations`] are generated from an OpenAPI document that is
//! curated by hand from Microsoft's pages.
//!
//! ```no_run
//! use msgraph_migrations::{CancelOutcome, Client, GetOptions};
//!
//! # async fn example(token: &str) -> Result<(), msgraph_migrations::Error> {
//! let client = Client::new(token)?;
//! match client.cancel_job("Alderwood wave 3").await? {
//!     CancelOutcome::Accepted(_) => {
//!         let job = client.get_job("Alderwood wave 3", GetOptions::new()).await?;
//!         println!("accepted, the job is now {:?}", job.value().status);
//!     }
//!     CancelOutcome::Conflict(refusal) => println!("too late, the migration continues: {refusal}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Long migrations
//!
//! Around the calls there are modules for migrations of many calls and many days. Nothing depends on
//! them, and each can be left alone:
//!
//! * [`RefreshingToken`] renews tokens before they expire; [`RetryPolicy`] repeats a request only where
//!   that cannot double its effect, at a pace that all calls of a client share;
//! * [`Client::jobs`] and [`Client::users`] list any number of items;
//! * [`ambiguity`] finds out by reading what became of an action whose answer was lost;
//! * [`waiting`] watches jobs and tasks until they end, and [`whole_jobs`] sees actions through;
//! * [`bulk`] does the same for many users, tasks and mappings.
//!
//! # What this crate does not do
//!
//! It does not sign in by itself, does not repeat an action whose answer was lost, and calls nothing
//! that Microsoft has not documented. Nothing in it was tried on a live tenant: it is built from the
//! public documents and tried against a simulation of them.

pub mod ambiguity;
mod answer;
#[cfg(feature = "azure")]
pub mod azure;
pub mod bulk;
mod call;
mod client;
mod date_time;
mod endpoint;
mod error;
mod exchange;
mod generated;
mod graph_error;
mod jobs;
mod judgement;
mod mappings;
mod odata;
mod open_enum;
mod open_union;
mod operation;
mod options;
pub mod outcome;
mod pace;
mod paging;
mod refreshing;
mod refusal;
mod request_check;
mod requests;
mod response;
mod retry;
mod sharepoint;
#[cfg(feature = "rustls")]
mod tls;
mod token;
mod tolerant;
mod transport;
pub mod waiting;
pub mod whole_jobs;

/// The types of the service, generated from the spec.
///
/// Unknown members are ignored, missing and null ones accepted, and enums keep a value that they do
/// not know.
pub use generated::types as models;

pub use client::{Client, ClientBuilder};
pub use date_time::DateTimeOffset;
pub use endpoint::Version;
pub use error::{Error, ErrorKind};
pub use generated::operations;
pub use graph_error::GraphError;
pub use operation::Operation;
pub use options::{GetOptions, ListOptions};
pub use outcome::{CancelOutcome, DeleteOutcome, StartOutcome};
pub use paging::Page;
pub use refreshing::{ExpiringToken, RefreshingToken};
pub use refusal::Refusal;
pub use request_check::MOST_MAPPINGS;
pub use response::Response;
pub use retry::RetryPolicy;
pub use token::{AccessToken, TokenError, TokenFuture, TokenSource};
pub use tolerant::Oddity;

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
