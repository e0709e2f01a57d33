//! The status-code layer: what an answer of the service means.
//!
//! Pure: an answer in, a judgement out, so that every rule here can be tested without a server. Statuses
//! are spelled in `judgement` only. Nothing that sends, sleeps or knows a client may enter; it uses
//! `models` and no other room.

pub(crate) mod answer;
mod cancellation;
pub(crate) mod error;
#[cfg(test)]
mod fuzz;
pub(crate) mod graph_error;
pub(crate) mod judgement;
pub(crate) mod limits;
pub mod outcome;
mod presentation;
pub(crate) mod refusal;
pub(crate) mod response;
#[cfg(feature = "test-util")]
pub mod test_util;
