//! The log of every request and what it changed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How many requests the log keeps; what they changed is counted without end.
pub(crate) const MAX_ENTRIES: usize = 100_000;

/// How much of a path the log keeps.
const MAX_PATH: usize = 2_048;

/// How much of one body the log keeps.
const MAX_BODY: usize = 16 * 1_024;

/// How much of all bodies and headers the log keeps; beyond it the oldest entries lose theirs.
const MAX_DETAILS: usize = 64 * 1_024 * 1_024;

/// A request that was answered, or whose connection was dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// The id of the job that it was about, or what the path called it if there is none.
    pub job: Option<String>,
    /// The user that it was about.
    pub user: Option<String>,
    /// The request id of the batch that it came in.
    pub batch: Option<String>,
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
    /// The headers of the request, with secrets masked; empty once newer ones took their room.
    pub request_headers: BTreeMap<String, String>,
    /// The body of the request, of a long one the start; absent if empty or once newer ones took its room.
    pub request_body: Option<String>,
    /// The headers that belong to the answer, besides those of every answer.
    pub response_headers: BTreeMap<String, String>,
    /// The body of the answer as it was meant to be sent, of a long one the start.
    pub response_body: Option<String>,
}

impl RequestEntry {
    /// How much room the details take.
    fn size(&self) -> usize {
        let headers = |headers: &BTreeMap<String, String>| {
            headers
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>()
        };
        let body = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        headers(&self.request_headers)
            + headers(&self.response_headers)
            + body(&self.request_body)
            + body(&self.response_body)
    }

    fn without_details(&self) -> Self {
        Self {
            request_headers: BTreeMap::new(),
            request_body: None,
            response_headers: BTreeMap::new(),
            response_body: None,
            ..self.clone()
        }
    }
}

/// The headers of a request with what is secret in them masked.
pub(crate) fn masked(headers: &[(String, String)]) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let is_secret = matches!(
                name.as_str(),
                "authorization" | "cookie" | "proxy-authorization"
            ) || ["token", "secret", "key", "password", "signature"]
                .iter()
                .any(|word| name.contains(word));
            let value = match value.split_once(' ') {
                Some((scheme, _)) if is_secret && name.ends_with("authorization") => {
                    format!("{scheme} (hidden)")
                }
                _ if is_secret => "(hidden)".to_owned(),
                _ => value.clone(),
            };
            (name, value)
        })
        .collect()
}

/// The start of a body, as text.
pub(crate) fn kept_body(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    let start = bytes.get(..MAX_BODY).unwrap_or(bytes);
    let mut text = String::from_utf8_lossy(start).into_owned();
    if start.len() < bytes.len() {
        text.push('…');
    }
    Some(text)
}

/// The entries, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Arc<RequestEntry>>,
    sequence: u64,
    effects: BTreeMap<String, u64>,
    /// How much room the details take, and how many of the entries, the oldest, have lost theirs.
    details: usize,
    stripped: usize,
}

impl Log {
    pub(crate) fn push(&mut self, mut entry: RequestEntry) -> Arc<RequestEntry> {
        self.sequence += 1;
        entry.sequence = self.sequence;
        if let Some((end, _)) = entry.path.char_indices().nth(MAX_PATH) {
            entry.path.truncate(end);
            entry.path.push('…');
        }
        if let (Some(operation), Some(_)) = (&entry.operation, &entry.effect) {
            *self.effects.entry(operation.clone()).or_default() += 1;
        }
        if self.entries.len() == MAX_ENTRIES
            && let Some(oldest) = self.entries.pop_front()
        {
            self.details -= oldest.size();
            self.stripped = self.stripped.saturating_sub(1);
        }
        self.details += entry.size();
        let entry = Arc::new(entry);
        self.entries.push_back(Arc::clone(&entry));
        while self.details > MAX_DETAILS {
            let Some(old) = self.entries.get_mut(self.stripped) else {
                break;
            };
            self.details -= old.size();
            *old = Arc::new(old.without_details());
            self.stripped += 1;
        }
        entry
    }

    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<RequestEntry>> {
        self.entries.iter()
    }

    /// The entries after the one with the number `after`, without looking at those before.
    pub(crate) fn after(&self, after: u64) -> impl DoubleEndedIterator<Item = &Arc<RequestEntry>> {
        let first = self.sequence - self.entries.len() as u64;
        let skip = usize::try_from(after.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.range(skip.min(self.entries.len())..)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_other_headers_kept() {
        let headers = [
            ("Authorization", "Bearer abc.def"),
            ("X-Api-Key", "k"),
            ("Cookie", "a=b"),
            ("Accept", "application/json"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let masked = masked(&headers);
        let values: Vec<(&str, &str)> = masked
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            values,
            [
                ("accept", "application/json"),
                ("authorization", "Bearer (hidden)"),
                ("cookie", "(hidden)"),
                ("x-api-key", "(hidden)"),
            ]
        );
    }

    #[test]
    fn the_details_of_old_entries_make_room_and_the_entries_stay() {
        let mut log = Log::default();
        let body = "x".repeat(MAX_BODY);
        let count = MAX_DETAILS / MAX_BODY + 10;
        for _ in 0..count {
            log.push(RequestEntry {
                request_body: Some(body.clone()),
                ..RequestEntry::default()
            });
        }
        let with_body = log
            .entries()
            .filter(|entry| entry.request_body.is_some())
            .count();
        assert_eq!((log.entries().count(), with_body), (count, count - 10));
        assert_eq!(log.after(count as u64 - 3).count(), 3);
    }
}
