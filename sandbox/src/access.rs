//! Who may call.

use serde::Deserialize;

/// Who may call, and how long a token is good for.
///
/// In JSON: `{"token": "…", "scopes": ["…"], "tokenRequests": 100, "tokenSeconds": 3600}`, each member optional.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Access {
    /// The only bearer token accepted, any when absent.
    pub token: Option<String>,
    /// The permissions of the caller, all when absent.
    pub scopes: Option<Vec<String>>,
    /// For how many requests a token is good; then 401 with a claims challenge, until another token comes.
    pub token_requests: Option<u64>,
    /// For how many seconds of virtual time a token is good, from its first request on.
    pub token_seconds: Option<u32>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Access")
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("scopes", &self.scopes)
            .field("token_requests", &self.token_requests)
            .field("token_seconds", &self.token_seconds)
            .finish()
    }
}
