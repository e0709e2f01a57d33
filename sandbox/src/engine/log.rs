//! The log of every request and what it changed.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How many requests the log keeps; what they changed is counted without end.
pub(crate) const KEPT: usize = 100_000;

/// How much of a path the log keeps.
const KEPT_PATH: usize = 2_048;

/// A request that was answered, or whose connection was dropped.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestEntry {
    /// The number of the request, counting from 1.
    pub sequence: u64,
    /// When it arrived, in virtual time.
    pub at: DateTime<Utc>,
    /// The HTTP method.
    pub method: String,
    /// The path and the query, as they were sent; of a very long one the start.
    pub path: String,
    /// The operation, if the path and the method are one.
    pub operation: Option<String>,
    /// The status that was sent, absent if the connection was dropped instead.
    pub status: Option<u16>,
    /// The caller's identifier, absent if it sent none.
    pub client_request_id: Option<String>,
    /// The service's identifier.
    pub request_id: String,
    /// What the request changed, absent if nothing.
    pub effect: Option<String>,
    /// The faults that befell the request, `rateLimit` for one that came too fast.
    pub faults: Vec<String>,
}

/// The entries, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<RequestEntry>,
    sequence: u64,
    effects: BTreeMap<String, u64>,
}

impl Log {
    pub(crate) fn push(&mut self, mut entry: RequestEntry) -> RequestEntry {
        self.sequence += 1;
        entry.sequence = self.sequence;
        if let Some((end, _)) = entry.path.char_indices().nth(KEPT_PATH) {
            entry.path.truncate(end);
            entry.path.push('…');
        }
        if let (Some(operation), Some(_)) = (&entry.operation, &entry.effect) {
            *self.effects.entry(operation.clone()).or_default() += 1;
        }
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &RequestEntry> {
        self.entries.iter()
    }

    /// How many requests there were in all.
    pub(crate) fn total(&self) -> u64 {
        self.sequence
    }

    /// How often each operation changed something.
    pub(crate) fn effects(&self) -> &BTreeMap<String, u64> {
        &self.effects
    }
}
