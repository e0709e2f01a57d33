//! How long tokens are good for.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, Utc};

use crate::access::Access;
use crate::settings::span;

/// The tokens that were seen, by their hashes: a token is never kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    seen: HashMap<u64, Seen>,
    expired: HashSet<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: DateTime<Utc>,
    requests: u64,
}

fn hash(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}

impl Tokens {
    /// Counts a request with a token, and says whether the token is past its time.
    pub(super) fn has_expired(&mut self, token: &str, access: &Access, now: DateTime<Utc>) -> bool {
        let hash = hash(token);
        let seen = self.seen.entry(hash).or_insert(Seen {
            first: now,
            requests: 0,
        });
        seen.requests = seen.requests.saturating_add(1);
        self.expired.contains(&hash)
            || access
                .token_requests
                .is_some_and(|most| seen.requests > most)
            || access
                .token_seconds
                .is_some_and(|seconds| now - seen.first >= span(seconds))
    }

    /// From now on every token seen so far is refused; another is good.
    pub(super) fn expire(&mut self, access: &Access) {
        self.expired.extend(self.seen.keys());
        self.expired.extend(access.token.as_deref().map(hash));
    }

    /// Forgets every age, as when other rules come into force.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
