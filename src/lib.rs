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
//!     refused => println!("{refused}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Long migrations
//!
//! [`RefreshingToken`] renews tokens before they expire; [`RetryPolicy`] repeats a request only where that
//! cannot double its effect, no faster than the service allows; [`Client::jobs`] and [`Client::users`] list
//! any number of items. The crate `msgraph-migrations-workflows` builds on that: it waits for jobs, finds
//! out what became of an action whose answer was lost, and does the same for many.
//!
//! # What this crate does not do
//!
//! It does not sign in by itself, does not repeat an action whose answer was lost, and calls nothing
//! that Microsoft has not documented. Nothing in it was tried on a live tenant: it is built from the
//! public documents and tried against a simulation of them.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answers;
mod calls;
mod client;
pub mod models;

pub use answers::error::{Error, ErrorKind, RateLimitCause};
pub use answers::graph_error::GraphError;
pub use answers::limits::AnswerLimits;
pub use answers::outcome::{
    self, CancelOutcome, DeleteOutcome, FinalStatus, RunningStatus, StartOutcome,
};
pub use answers::refusal::Refusal;
pub use answers::response::Response;
#[cfg(feature = "test-util")]
pub use answers::test_util;
pub use calls::listed::Listed;
pub use calls::options::{GetOptions, ListOptions};
pub use calls::paging::{Items, Page, Pages};
pub use calls::request_check::MAX_MAPPINGS;
pub use client::Client;
pub use client::attempt::Attempt;
#[cfg(feature = "azure")]
pub use client::azure;
pub use client::builder::ClientBuilder;
pub use client::call_options::CallOptions;
pub use client::described::DescribedRequest;
pub use client::endpoint::Version;
pub use client::rate_limits::{RateLimitOptions, RateLimitPause, RateLimitState, RateLimits};
pub use client::refreshing::{ExpiringToken, RefreshingToken};
pub use client::retry::RetryPolicy;
pub use client::token::{AccessToken, TokenError, TokenFuture, TokenSource};
pub use models::date_time::{DateTimeOffset, YearOutOfRange};
pub use models::generated::operations;
pub use models::one_line::OneLine;
pub use models::operation::{Operation, ResourceFamily};
pub use models::tolerant::Deviation;

/// The crates whose types the public API shows, in the versions that it shows them in.
///
/// A program that names such a type need not depend on the crate itself, nor guess its version.
pub mod dependencies {
    #[cfg(feature = "azure")]
    #[doc(no_inline)]
    pub use azure_core;
    #[cfg(feature = "schemars")]
    #[doc(no_inline)]
    pub use schemars;
    #[doc(no_inline)]
    pub use {chrono, futures_core, reqwest, serde_json};
}

/// The OpenAPI document that models, requests and [`operations`] are generated from, in YAML.
///
/// It is curated by hand from Microsoft's pages, for programs that hold an answer against what the documents
/// promise.
///
/// ```
/// use msgraph_migrations::{SPECIFICATION, operations};
///
/// let id = format!("operationId: {}\n", operations::CANCEL_JOB.id);
/// assert!(SPECIFICATION.contains(&id));
/// ```
pub const SPECIFICATION: &str = include_str!("../openapi/cross-tenant-migration.yaml");

#[doc(no_inline)]
pub use reqwest::StatusCode;
#[doc(no_inline)]
pub use reqwest::header::HeaderMap;

/// Five minutes each: what this crate promises, and how to use it.
///
/// A weekend of thousands of calls has its page in the crate `msgraph-migrations-workflows`.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("../docs/outcomes.md")]
    pub mod outcomes {}

    #[doc = include_str!("../docs/unknown.md")]
    pub mod when_the_answer_is_unknown {}

    #[cfg(feature = "test-util")]
    #[doc = include_str!("../docs/testing.md")]
    pub mod testing_your_code {}

    #[doc = include_str!("../docs/documents.md")]
    pub mod when_the_documents_change {}

    #[doc = include_str!("../docs/limits.md")]
    pub mod limits {}
}

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
