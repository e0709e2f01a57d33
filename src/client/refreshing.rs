//! Tokens that are renewed before they expire.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::time::timeout_at;

use crate::client::token::{AccessToken, TokenError, TokenFuture, TokenSource};
use crate::client::token_cache::{Cache, Fetch, Next, OutcomeSender, late, lock};

/// How long before its end a token is renewed, unless set.
const MARGIN: Duration = Duration::from_mins(5);
/// How long a fetch may take, unless set; managed identities repeat their requests for about that long.
const FETCH_TIMEOUT: Duration = Duration::from_mins(1);

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
}

type Fetching = Pin<Box<dyn Future<Output = Result<ExpiringToken, TokenError>> + Send>>;

/// A source that fetches a token when it has none that is good, and shares it among all callers.
///
/// However many calls need a token at once, one fetch is under way at a time, and those that waited for
/// it take its result, be it a token or a failure. A token is renewed some time before it expires, though
/// not before half of its life is over; meanwhile, and when that fails, the old one is used as long as it
/// is good, and nobody waits.
///
/// A fetch runs on a task of its own on the tokio runtime of the call that needs it. It goes on when that
/// call is dropped, ends after a minute [unless set](Self::fetch_timeout), and one that hangs or panics
/// fails alone: the next call fetches again. Outside a runtime there is an error instead of a fetch.
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
    fetch: Arc<dyn Fn() -> Fetching + Send + Sync>,
    margin: Duration,
    fetch_timeout: Duration,
    cache: Arc<Mutex<Cache>>,
}

impl RefreshingToken {
    /// A source that gets each token by calling `fetch`.
    pub fn new<F, Fetched>(fetch: F) -> Self
    where
        F: Fn() -> Fetched + Send + Sync + 'static,
        Fetched: Future<Output = Result<ExpiringToken, TokenError>> + Send + 'static,
    {
        Self {
            fetch: Arc::new(move || Box::pin(fetch())),
            margin: MARGIN,
            fetch_timeout: FETCH_TIMEOUT,
            cache: Arc::default(),
        }
    }

    /// Renews a token this long before it expires, or halfway through its life if that is later; five
    /// minutes unless set.
    #[must_use]
    pub fn renew_before_expiry(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// Gives a fetch up after this time; one minute unless set.
    ///
    /// Whoever waits for it gets an error then, and the next call fetches again. A call waits no longer than
    /// its own total timeout in any case.
    #[must_use]
    pub fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.fetch_timeout = timeout;
        self
    }

    async fn get(&self) -> Result<AccessToken, TokenError> {
        let now = SystemTime::now();
        let Ok(runtime) = Handle::try_current() else {
            return lock(&self.cache).good(now).ok_or_else(|| {
                TokenError::new("tokens are fetched on a tokio runtime, and there is none here")
            });
        };
        // The lock is released before anything of others runs.
        let next = lock(&self.cache).next(now, self.fetch_timeout);
        match next {
            Next::Use(token) => Ok(token),
            Next::Wait(fetch) => fetch.outcome().await,
            Next::Fetch {
                fetch,
                sender,
                meanwhile,
            } => {
                runtime.spawn(self.run(fetch.clone(), sender));
                match meanwhile {
                    Some(token) => Ok(token),
                    None => fetch.outcome().await,
                }
            }
        }
    }

    /// The task that fetches.
    fn run(
        &self,
        fetch: Fetch,
        sender: OutcomeSender,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (call, margin) = (Arc::clone(&self.fetch), self.margin);
        let cache = Arc::clone(&self.cache);
        async move {
            // The call is made in here too, so that its panic is caught as well.
            let fetching = AssertUnwindSafe(async { call().await }).catch_unwind();
            let fetched = match timeout_at(fetch.deadline, fetching).await {
                Ok(Ok(fetched)) => fetched,
                Ok(Err(_)) => Err(TokenError::new("the fetch of a token panicked")),
                Err(_) => Err(late()),
            }
            .map_err(Arc::new);
            if let Err(error) = &fetched {
                tracing::warn!(%error, "no token was fetched");
            }
            let outcome = lock(&cache).take(&fetch, fetched.clone(), SystemTime::now(), margin);
            // Nobody may be waiting.
            sender.send_replace(Some(outcome));
        }
    }
}

impl TokenSource for RefreshingToken {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self.get())
    }

    fn invalidate(&self, refused: &AccessToken) -> bool {
        lock(&self.cache).drop_token(refused);
        true
    }
}

impl std::fmt::Debug for RefreshingToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshingToken")
            .field("margin", &self.margin)
            .field("fetch_timeout", &self.fetch_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    fn token(name: &str) -> AccessToken {
        AccessToken::new(name).expect("a token")
    }

    /// A source with an old token, whose renewals wait for permits of the gate.
    fn renewing(
        outcome: impl Fn() -> Result<ExpiringToken, TokenError> + Clone + Send + Sync + 'static,
    ) -> (RefreshingToken, Arc<Semaphore>) {
        let gate = Arc::new(Semaphore::new(0));
        let opened = Arc::clone(&gate);
        let source = RefreshingToken::new(move || {
            let (gate, outcome) = (Arc::clone(&opened), outcome.clone());
            async move {
                let _permit = gate.acquire().await;
                outcome()
            }
        });
        lock(&source.cache).hold_due(token("old"));
        (source, gate)
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_renewal_while_the_old_token_is_good() {
        let (source, gate) = renewing(|| Ok(ExpiringToken::new(token("new"), None)));
        for _ in 0..3 {
            assert_eq!(source.get().await.expect("a token"), token("old"));
        }
        gate.add_permits(1);
        while source.get().await.expect("a token") == token("old") {
            tokio::task::yield_now().await;
        }
        assert_eq!(source.get().await.expect("a token"), token("new"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_hangs_or_panics_leaves_the_old_token() {
        let (hanging, _gate) = renewing(|| Err(TokenError::new("never reached")));
        let (panicking, gate) = renewing(|| panic!("in a renewal"));
        gate.add_permits(1);
        for source in [hanging, panicking] {
            for _ in 0..200 {
                assert_eq!(source.get().await.expect("a token"), token("old"));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
