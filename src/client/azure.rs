//! Tokens from the credentials of the Azure SDK.
//!
//! Whatever implements [`TokenCredential`] will do: a client secret, a managed identity, a workload
//! identity, the Azure CLI. They come from the crate `azure_identity`, which brings an HTTP client of its
//! own; this crate only needs `azure_core`.
//!
//! ```no_run
//! use azure_identity::ManagedIdentityCredential;
//! use msgraph_migrations::Client;
//! use msgraph_migrations::azure::AzureToken;
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credential = ManagedIdentityCredential::new(None)?;
//! let client = Client::builder(AzureToken::new(credential)).build()?;
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;

use crate::client::refreshing::{ExpiringToken, RefreshingToken};
use crate::client::token::{AccessToken, TokenError, TokenFuture, TokenSource};

const GRAPH: &str = "https://graph.microsoft.com/.default";

/// A source that asks a credential of the Azure SDK.
///
/// Tokens are kept and renewed as by a [`RefreshingToken`], so that it does not matter whether the
/// credential does so itself. Most of them do, and hand out the same token until five minutes before its
/// end: when the service refuses it, there is no other, and the call ends with the refusal.
#[derive(Debug)]
pub struct AzureToken(RefreshingToken);

impl AzureToken {
    /// Takes tokens for Microsoft Graph in the public cloud, with the permissions that the application
    /// was granted.
    #[must_use]
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self::with_scope(credential, GRAPH)
    }

    /// Takes tokens for `scope`, for instance one that names a single permission.
    #[must_use]
    pub fn with_scope(credential: Arc<dyn TokenCredential>, scope: impl Into<String>) -> Self {
        let scope: Arc<str> = scope.into().into();
        Self(RefreshingToken::new(move || {
            fetch(Arc::clone(&credential), Arc::clone(&scope))
        }))
    }

    /// Renews a token this long before it expires; see [`RefreshingToken::renew_before_expiry`].
    #[must_use]
    pub fn renew_before_expiry(self, margin: Duration) -> Self {
        Self(self.0.renew_before_expiry(margin))
    }

    /// Gives up on a credential after this time; see [`RefreshingToken::fetch_timeout`].
    #[must_use]
    pub fn fetch_timeout(self, timeout: Duration) -> Self {
        Self(self.0.fetch_timeout(timeout))
    }
}

impl TokenSource for AzureToken {
    fn token(&self) -> TokenFuture<'_> {
        self.0.token()
    }

    fn invalidate(&self, token: &AccessToken) -> bool {
        self.0.invalidate(token)
    }
}

async fn fetch(
    credential: Arc<dyn TokenCredential>,
    scope: Arc<str>,
) -> Result<ExpiringToken, TokenError> {
    let found = credential
        .get_token(&[&*scope], None)
        .await
        .map_err(|error| TokenError::with_source("the Azure credential gave no token", error))?;
    let token = AccessToken::new(found.token.secret())?;
    Ok(ExpiringToken::new(
        token,
        std::time::SystemTime::from(found.expires_on),
    ))
}
