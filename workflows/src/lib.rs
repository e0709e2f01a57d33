//! Migrations of many calls and many days, on the public interface of [`msgraph_migrations`] alone.
//!
//! A [`Workflows`] holds a [`Client`] and has the methods of all modules:
//!
//! * [`reconciliation`] finds out by reading what became of an action whose answer was lost;
//! * [`waiting`] watches jobs, users and tasks until they end;
//! * [`reports`] tells what became of a job and of each of its users;
//! * [`jobs`] sees actions on one job through, from the request to the end;
//! * [`bulk`] does the same for many users, tasks and mappings.
//!
//! ```
//! use msgraph_migrations::Client;
//! use msgraph_migrations_workflows::Workflows;
//!
//! # async fn example(client: Client) -> Result<(), msgraph_migrations::Error> {
//! let workflows = Workflows::new(client);
//! let cancelled = workflows.cancel_and_confirm("Alderwood wave 4", None).await?;
//! println!("{cancelled}");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod bulk;
pub mod jobs;
mod reading;
pub mod reconciliation;
pub mod reports;
pub mod waiting;

use msgraph_migrations::Client;

/// Waiting, reading back, bulk and whole jobs, by one client.
///
/// Cloning is cheap and shares connections and limits with the client.
#[derive(Clone, Debug)]
pub struct Workflows {
    client: Client,
}

impl Workflows {
    /// Sends through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client that it sends through.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl From<Client> for Workflows {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// Five minutes about a weekend of thousands of calls.
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/weekend.md")]
pub mod a_weekend {}

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
