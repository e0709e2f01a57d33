//! Tokens that are renewed before they expire.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

use crate::client::token::{AccessToken, TokenError, TokenFuture, TokenSource};

/// How long before its end a token is renewed, unless set.
const MARGIN: Duration = Duration::from_mins(5);
/// How long a token that is still good is used on after its renewal failed.
const PAUSE: Duration = Duration::from_secs(10);

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

type Fetched = Pin<Box<dyn Future<Output = Result<ExpiringToken, TokenError>> + Send>>;
type Renewed = Pin<Box<dyn Future<Output = Result<AccessToken, Arc<TokenError>>> + Send>>;

/// A source that fetches a token when it has none that is good, and shares it among all callers.
///
/// However many calls need a token at once, one fetch is under way at a time, and those that waited for
/// it take its result, be it a token or a failure. A token is renewed some time before it expires, though
/// not before half of its life is over; meanwhile, and when that fails, the old one is used as long as it
/// is good. Dropping a call that fetches leaves the fetch to the next.
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
    state: Arc<Mutex<State>>,
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
            state: Arc::default(),
        }
    }

    /// Renews a token this long before it expires, or halfway through its life if that is later; five
    /// minutes unless set.
    #[must_use]
    pub fn renew_before_expiry(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    async fn get(&self) -> Result<AccessToken, TokenError> {
        let renewal = {
            let mut state = lock(&self.state);
            match (state.need(SystemTime::now()), state.under_way()) {
                (Need::Nothing(token), _) | (Need::Renewal(token), Some(_)) => return Ok(token),
                (Need::Token, Some(renewal)) => renewal,
                (Need::Renewal(_) | Need::Token, None) => {
                    let renewal = self.renew().shared();
                    state.renewal = renewal.downgrade();
                    renewal
                }
            }
        };
        // Whoever waits moves the fetch on. A lock held across it would leave everybody waiting for a
        // caller who is not polled, such as one of a stream whose consumer makes a call of its own.
        renewal.await.map_err(|error| TokenError::shared(&error))
    }

    fn renew(&self) -> Renewed {
        let (fetch, state, margin) = ((self.fetch)(), Arc::clone(&self.state), self.margin);
        Box::pin(async move {
            let fetched = fetch.await;
            lock(&state).take(fetched, SystemTime::now(), margin)
        })
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing panics while it holds the lock.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The fetch under way, for as long as a caller waits for it.
    renewal: Option<WeakShared<Renewed>>,
}

struct Held {
    token: AccessToken,
    expires_at: Option<SystemTime>,
    renew_at: Option<SystemTime>,
}

/// What a caller who asks for a token makes necessary.
#[derive(Debug)]
enum Need {
    Nothing(AccessToken),
    /// The token is good, but not for much longer.
    Renewal(AccessToken),
    Token,
}

impl State {
    fn need(&self, now: SystemTime) -> Need {
        match &self.held {
            Some(held) if held.renew_at.is_none_or(|due| now < due) => {
                Need::Nothing(held.token.clone())
            }
            Some(held) if held.is_good(now) => Need::Renewal(held.token.clone()),
            _ => Need::Token,
        }
    }

    fn under_way(&self) -> Option<Shared<Renewed>> {
        self.renewal.as_ref()?.upgrade()
    }

    fn take(
        &mut self,
        fetched: Result<ExpiringToken, TokenError>,
        now: SystemTime,
        margin: Duration,
    ) -> Result<AccessToken, Arc<TokenError>> {
        self.renewal = None;
        match fetched {
            Ok(new) => {
                let token = new.token.clone();
                self.held = Some(Held::new(new, now, margin));
                Ok(token)
            }
            Err(error) => match self.held.as_mut().filter(|held| held.is_good(now)) {
                Some(held) => {
                    held.renew_at = now.checked_add(PAUSE).min(held.expires_at);
                    Ok(held.token.clone())
                }
                None => Err(Arc::new(error)),
            },
        }
    }

    fn drop_token(&mut self, refused: &AccessToken) {
        self.held.take_if(|held| held.token.is_same(refused));
    }
}

impl Held {
    fn new(new: ExpiringToken, now: SystemTime, margin: Duration) -> Self {
        let renew_at = new.expires_at.map(|end| {
            let life = end.duration_since(now).unwrap_or_default();
            end.checked_sub(margin.min(life / 2)).unwrap_or(now)
        });
        Self {
            token: new.token,
            expires_at: new.expires_at,
            renew_at,
        }
    }

    fn is_good(&self, now: SystemTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

impl TokenSource for RefreshingToken {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self.get())
    }

    fn invalidate(&self, refused: &AccessToken) -> bool {
        lock(&self.state).drop_token(refused);
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

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(minutes: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(400_000) + MINUTE * minutes
    }

    fn token(name: &str) -> AccessToken {
        AccessToken::new(name).expect("a token")
    }

    fn until(name: &str, minutes: u32) -> ExpiringToken {
        ExpiringToken::new(token(name), at(minutes))
    }

    fn failed() -> Result<ExpiringToken, TokenError> {
        Err(TokenError::with_source("the vault is locked", "no key"))
    }

    fn is(need: &Need, expected: &str) -> bool {
        let found = match need {
            Need::Nothing(_) => "nothing",
            Need::Renewal(_) => "renewal",
            Need::Token => "token",
        };
        found == expected
    }

    #[test]
    fn a_token_is_renewed_before_its_end_but_not_in_the_first_half_of_its_life() {
        for (life, margin, asked_at, expected) in [
            (60, 5, 0, "nothing"),
            (60, 5, 54, "nothing"),
            (60, 5, 55, "renewal"),
            (60, 5, 59, "renewal"),
            (60, 5, 60, "token"),
            (60, 5, 600, "token"),
            // Shorter than the margin: each call would fetch one.
            (4, 5, 1, "nothing"),
            (4, 5, 2, "renewal"),
            (4, 5, 4, "token"),
            (60, 0, 59, "nothing"),
            (60, 0, 60, "token"),
            (0, 5, 0, "token"),
        ] {
            let mut state = State::default();
            assert!(matches!(state.need(at(0)), Need::Token));
            state
                .take(Ok(until("one", life)), at(0), MINUTE * margin)
                .expect("a token");
            let need = state.need(at(asked_at));
            assert!(
                is(&need, expected),
                "{life}, {margin}, {asked_at}: {need:?}"
            );
        }
        let mut state = State::default();
        let endless = ExpiringToken::new(token("endless"), None);
        state.take(Ok(endless), at(0), MINUTE).expect("a token");
        assert!(matches!(state.need(at(60_000)), Need::Nothing(_)));
    }

    #[test]
    fn a_failed_renewal_changes_nothing_while_the_old_token_is_good() {
        let mut state = State::default();
        state
            .take(Ok(until("old", 60)), at(0), MINUTE)
            .expect("a token");
        assert!(is(&state.need(at(59)), "renewal"));
        let used = state.take(failed(), at(59), MINUTE).expect("the old one");
        assert!(used.is_same(&token("old")));
        // The next call does not try again at once, but soon.
        assert!(is(&state.need(at(59)), "nothing"));
        assert!(is(&state.need(at(59) + PAUSE), "renewal"));

        // After its end there is nothing left but the failure.
        assert!(is(&state.need(at(60)), "token"));
        let error = state.take(failed(), at(60), MINUTE).expect_err("no token");
        assert_eq!(error.to_string(), "the vault is locked");
        let shared = TokenError::shared(&error);
        let source = std::error::Error::source(&shared).expect("a source");
        assert_eq!(format!("{shared}: {source}"), "the vault is locked: no key");
    }

    #[test]
    fn a_refused_token_is_dropped_and_a_newer_one_is_not() {
        let mut state = State::default();
        state
            .take(Ok(until("one", 60)), at(0), MINUTE)
            .expect("a token");
        state
            .take(Ok(until("two", 60)), at(0), MINUTE)
            .expect("a token");
        state.drop_token(&token("one"));
        assert!(is(&state.need(at(1)), "nothing"));
        state.drop_token(&token("two"));
        assert!(is(&state.need(at(1)), "token"));
        // A failure does not bring the refused one back.
        assert!(state.take(failed(), at(1), MINUTE).is_err());
    }

    #[tokio::test]
    async fn a_token_that_this_machine_thinks_expired_is_used_by_those_who_waited_for_it() {
        let source = RefreshingToken::new(|| async { Ok(until("late", 0)) });
        let found = source.get().await.expect("a token");
        assert!(found.is_same(&token("late")));
        assert!(is(&lock(&source.state).need(SystemTime::now()), "token"));
    }

    #[tokio::test]
    async fn while_one_call_renews_the_others_go_on_with_the_old_token() {
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let opened = Arc::clone(&gate);
        let source = RefreshingToken::new(move || {
            let gate = Arc::clone(&opened);
            async move {
                let _permit = gate.acquire().await;
                Ok(ExpiringToken::new(token("new"), None))
            }
        });
        lock(&source.state).held = Some(Held {
            token: token("old"),
            expires_at: None,
            renew_at: Some(SystemTime::UNIX_EPOCH),
        });
        for _ in 0..2 {
            let mut renewing = Box::pin(source.get());
            let polled = tokio::time::timeout(Duration::ZERO, &mut renewing).await;
            assert!(polled.is_err(), "the fetch waits for the gate");
            let other = source.get().await.expect("a token");
            assert!(other.is_same(&token("old")));
            // Dropped here, which leaves the renewal to the next.
        }
        gate.add_permits(1);
        for _ in 0..2 {
            let found = source.get().await.expect("a token");
            assert!(found.is_same(&token("new")));
        }
    }
}
