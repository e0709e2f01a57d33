//! Tokens that are renewed before they expire.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use crate::token::{AccessToken, TokenError, TokenFuture, TokenSource};

/// How long before its end a token is renewed, unless set.
const MARGIN: Duration = Duration::from_mins(5);

/// A token and when it stops being good.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExpiringToken {
    /// The token.
    pub token: AccessToken,
    /// When it expires; never, as far as is known, when absent.
    pub expires_at: Option<SystemTime>,
}

impl ExpiringToken {
    /// A token that is good until `expires_at`.
    pub fn new(token: AccessToken, expires_at: impl Into<Option<SystemTime>>) -> Self {
        Self {
            token,
            expires_at: expires_at.into(),
        }
    }

    fn is_good_for(&self, margin: Duration) -> bool {
        self.expires_at.is_none_or(|end| {
            SystemTime::now()
                .checked_add(margin)
                .is_some_and(|soon| soon < end)
        })
    }
}

type Fetched = Pin<Box<dyn Future<Output = Result<ExpiringToken, TokenError>> + Send>>;

/// A source that fetches a token when it has none that is good, and shares it among all callers.
///
/// However many calls need a token at once, one fetch is under way at a time, and those that waited for
/// it take its result, be it a token or a failure. A fetch that fails while the old token is still good
/// changes nothing yet. Dropping a call that fetches leaves the fetch to the next.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use msgraph_migrations::{AccessToken, Client, ExpiringToken, RefreshingToken};
///
/// # async fn ask_the_vault() -> String { "secret".to_owned() }
/// let source = RefreshingToken::new(|| async {
///     let token = AccessToken::new(&ask_the_vault().await)?;
///     Ok(ExpiringToken::new(token, SystemTime::now() + Duration::from_secs(3600)))
/// });
/// let client = Client::builder(source).build()?;
/// # Ok::<(), msgraph_migrations::Error>(())
/// ```
pub struct RefreshingToken {
    fetch: Box<dyn Fn() -> Fetched + Send + Sync>,
    margin: Duration,
    state: Mutex<State>,
    /// How many fetches have ended; those that waited for one take its result.
    ended: std::sync::atomic::AtomicU64,
}

#[derive(Default)]
struct State {
    token: Option<ExpiringToken>,
    failure: Option<Arc<TokenError>>,
}

impl RefreshingToken {
    /// A source that gets each token by calling `fetch`.
    pub fn new<F, Fetching>(fetch: F) -> Self
    where
        F: Fn() -> Fetching + Send + Sync + 'static,
        Fetching: Future<Output = Result<ExpiringToken, TokenError>> + Send + 'static,
    {
        Self {
            fetch: Box::new(move || Box::pin(fetch())),
            margin: MARGIN,
            state: Mutex::default(),
            ended: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Renews a token this long before it expires; five minutes unless set.
    #[must_use]
    pub fn renew_before_expiry(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    async fn get(&self) -> Result<AccessToken, TokenError> {
        use std::sync::atomic::Ordering::SeqCst;
        let seen = self.ended.load(SeqCst);
        let mut state = self.state.lock().await;
        if let Some(held) = state
            .token
            .as_ref()
            .filter(|held| held.is_good_for(self.margin))
        {
            return Ok(held.token.clone());
        }
        // Somebody else's fetch ended while this one waited for its turn.
        if self.ended.load(SeqCst) != seen
            && let Some(failure) = &state.failure
        {
            return still_good(&state).ok_or_else(|| TokenError::shared(failure));
        }
        let fetched = (self.fetch)().await;
        self.ended.fetch_add(1, SeqCst);
        match fetched {
            Ok(new) => {
                let token = new.token.clone();
                *state = State {
                    token: Some(new),
                    failure: None,
                };
                Ok(token)
            }
            Err(error) => {
                let failure = Arc::new(error);
                state.failure = Some(Arc::clone(&failure));
                still_good(&state).ok_or_else(|| TokenError::shared(&failure))
            }
        }
    }
}

/// The token that should be renewed but can still be used.
fn still_good(state: &State) -> Option<AccessToken> {
    state
        .token
        .as_ref()
        .filter(|held| held.is_good_for(Duration::ZERO))
        .map(|held| held.token.clone())
}

impl TokenSource for RefreshingToken {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self.get())
    }

    fn invalidate(&self, refused: &AccessToken) -> bool {
        // While a fetch is under way, the next token is new in any case.
        if let Ok(mut state) = self.state.try_lock()
            && state
                .token
                .as_ref()
                .is_some_and(|held| held.token.is_same(refused))
        {
            state.token = None;
        }
        true
    }
}

impl std::fmt::Debug for RefreshingToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshingToken")
            .field("margin", &self.margin)
            .finish_non_exhaustive()
    }
}
