//! One method per documented call, with its arguments, checks and pages.
//!
//! Each method names its operation, lays its arguments out, and says how its answer is judged. How a
//! request is sent, repeated or limited may not enter; that is `client`, which this room uses along with
//! the two below.

pub(crate) mod jobs;
pub(crate) mod listed;
pub(crate) mod mappings;
pub(crate) mod options;
pub(crate) mod paging;
pub(crate) mod request_check;
pub(crate) mod requests;
pub(crate) mod sharepoint;
