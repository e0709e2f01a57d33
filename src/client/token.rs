//! Where bearer tokens come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use reqwest::header::HeaderValue;
use subtle::ConstantTimeEq;

/// An access token for Microsoft Graph.
///
/// It is never shown: `Debug` says only that there is one, and there is no way to read it back. Two of
/// them can be compared, in a time that tells no more than whether their lengths differ.
#[derive(Clone)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// Takes the token without the word `Bearer`.
    ///
    /// # Errors
    ///
    /// When it is empty or holds a character that no header can carry, such as a line end left over
    /// from a file.
    pub fn new(secret: &str) -> Result<Self, TokenError> {
        if secret.is_empty() {
            return Err(TokenError::new("the token is empty"));
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::new(
                "the token holds a space, a line end or another character that tokens never have",
            ));
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {secret}"))
            .map_err(|_| TokenError::new("the token cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// What stands in the place of a token where nothing is sent.
    pub(crate) fn none() -> Self {
        Self(HeaderValue::from_static("Bearer"))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Whether both hold the same secret.
impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for AccessToken {}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(hidden)")
    }
}

/// Why there is no token.
#[derive(Debug)]
pub struct TokenError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TokenError {
    /// An error that says `message`, which must not contain a secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// An error that says `message` because of `source`.
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            message: message.into(),
            source: Some(source.into()),
        }
    }

    /// A failure that several callers waited for.
    pub(crate) fn shared(error: &std::sync::Arc<Self>) -> Self {
        Self {
            message: error.message.clone(),
            source: error
                .source
                .is_some()
                .then(|| Box::new(SharedSource(std::sync::Arc::clone(error))) as _),
        }
    }
}

/// The source of an error that several callers share.
#[derive(Debug)]
struct SharedSource(std::sync::Arc<TokenError>);

impl fmt::Display for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.source {
            Some(source) => source.fmt(f),
            None => self.0.fmt(f),
        }
    }
}

impl std::error::Error for SharedSource {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().and_then(|source| source.source())
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A token on its way.
pub type TokenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<AccessToken, TokenError>> + Send + 'a>>;

/// Gives the token for each request.
///
/// It is asked before every request, so that a source may refresh what it holds. Dropping the
/// future must leave the source usable.
///
/// ```
/// use msgraph_migrations::{AccessToken, TokenError, TokenFuture, TokenSource};
///
/// /// Takes the token from the environment each time, so that it can be replaced from outside.
/// struct Environment;
///
/// impl TokenSource for Environment {
///     fn token(&self) -> TokenFuture<'_> {
///         Box::pin(async {
///             let secret = std::env::var("GRAPH_TOKEN")
///                 .map_err(|error| TokenError::with_source("GRAPH_TOKEN cannot be read", error))?;
///             AccessToken::new(&secret)
///         })
///     }
/// }
/// ```
pub trait TokenSource: Send + Sync {
    /// The token to send now.
    fn token(&self) -> TokenFuture<'_>;

    /// Learns that the service refused `token`, and says whether asking again may give another.
    ///
    /// When it does, the request is sent once more, unless the source gives the same token again. A source
    /// that others share must not throw away a token that it has renewed in the meantime:
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use msgraph_migrations::{AccessToken, TokenError, TokenFuture, TokenSource};
    ///
    /// /// Holds the token that something else puts in.
    /// struct Mailbox(Mutex<Option<AccessToken>>);
    ///
    /// impl TokenSource for Mailbox {
    ///     fn token(&self) -> TokenFuture<'_> {
    ///         let held = self.0.lock().map(|held| held.clone()).ok().flatten();
    ///         let held = held.ok_or_else(|| TokenError::new("no token was put in"));
    ///         Box::pin(std::future::ready(held))
    ///     }
    ///
    ///     fn invalidate(&self, refused: &AccessToken) -> bool {
    ///         let Ok(mut held) = self.0.lock() else { return false };
    ///         held.take_if(|held| held == refused);
    ///         held.is_some()
    ///     }
    /// }
    /// ```
    fn invalidate(&self, token: &AccessToken) -> bool {
        let _ = token;
        false
    }
}

/// One source for several clients.
impl<T: TokenSource + ?Sized> TokenSource for std::sync::Arc<T> {
    fn token(&self) -> TokenFuture<'_> {
        (**self).token()
    }

    fn invalidate(&self, token: &AccessToken) -> bool {
        (**self).invalidate(token)
    }
}

/// The same token for as long as it lives.
impl TokenSource for AccessToken {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}
