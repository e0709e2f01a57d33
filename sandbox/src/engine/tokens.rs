//! How long tokens are good for.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::settings::span;

/// The tokens that were seen, by their hashes: a token is never kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tokens {
    seen: BTreeMap<String, Seen>,
    expired: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seen {
    first: DateTime<Utc>,
    requests: u64,
}

/// The same in every build, since an exported state names tokens by it.
fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

impl Tokens {
    /// Counts a request with a token, and says whether the token is past its time.
    pub(super) fn has_expired(&mut self, token: &str, access: &Access, now: DateTime<Utc>) -> bool {
        let hash = hash(token);
        let is_expired = self.expired.contains(&hash);
        let seen = self.seen.entry(hash).or_insert(Seen {
            first: now,
            requests: 0,
        });
        seen.requests = seen.requests.saturating_add(1);
        is_expired
            || access
                .token_requests
                .is_some_and(|most| seen.requests > most)
            || access
                .token_seconds
                .is_some_and(|seconds| now - seen.first >= span(seconds))
    }

    /// From now on every token seen so far is refused; another is good.
    pub(super) fn expire(&mut self, access: &Access) {
        self.expired.extend(self.seen.keys().cloned());
        self.expired.extend(access.token.as_deref().map(hash));
    }

    /// Forgets every age, as when other rules come into force.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
