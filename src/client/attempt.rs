//! What whoever keeps a journal is told of each request.

use std::fmt;
use std::sync::Arc;

use reqwest::StatusCode;

use crate::models::operation::Operation;

/// One request of a call, sent or tried, and what came of it.
///
/// It is what [`CallOptions::on_attempt`](crate::CallOptions::on_attempt) hands over. It names nobody: the path that was
/// sent, bodies and tokens are not in it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The call that it belongs to.
    pub operation: &'static Operation,
    /// Its number within the call, from 1.
    pub number: u32,
    /// The id that was sent with it.
    pub client_request_id: &'a str,
    /// The service's id of it, if an answer came that has one.
    pub request_id: Option<&'a str>,
    /// The status of the answer; none if none came.
    pub status: Option<StatusCode>,
    /// Whether it can have reached the service.
    pub was_sent: bool,
}

/// To whom attempts are told.
#[derive(Clone)]
pub(crate) struct AttemptObserver(pub Arc<dyn Fn(&Attempt<'_>) + Send + Sync>);

impl fmt::Debug for AttemptObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptObserver")
    }
}
