//! The token that a renewing source holds, and the fetch of the next one.
//!
//! Everything in here is short and runs under one lock; no code of others may be called.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::client::refreshing::ExpiringToken;
use crate::client::token::{AccessToken, TokenError};

/// How long a token that is still good is used on after its renewal failed.
const PAUSE: Duration = Duration::from_secs(10);
/// The end of a fetch that may take for ever; the library's clock cannot count much further.
const FAR_FUTURE: Duration = Duration::from_hours(24 * 365 * 30);

type Outcome = Result<AccessToken, Arc<TokenError>>;
pub(crate) type OutcomeSender = watch::Sender<Option<Outcome>>;

pub(crate) fn late() -> TokenError {
    TokenError::new("the fetch of a token took too long and was given up")
}

pub(crate) fn lock(cache: &Mutex<Cache>) -> MutexGuard<'_, Cache> {
    // Nothing panics while it holds the lock.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
pub(crate) struct Cache {
    held: Option<Held>,
    /// The fetch under way.
    fetch: Option<Fetch>,
    /// How many fetches were begun.
    fetches: u64,
}

/// A fetch, as those see it that wait for it.
#[derive(Clone)]
pub(crate) struct Fetch {
    number: u64,
    pub deadline: Instant,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Fetch {
    /// Whether no outcome can be hoped for any more: its time is over although its task, on a thread or
    /// a runtime that stands still, did not notice; or its runtime was shut down.
    fn is_lost(&self) -> bool {
        Instant::now() >= self.deadline || self.outcome.has_changed().is_err()
    }

    pub async fn outcome(mut self) -> Result<AccessToken, TokenError> {
        let outcome = match timeout_at(self.deadline, self.outcome.wait_for(Option::is_some)).await
        {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_)) => None,
            Err(_) => return Err(late()),
        };
        match outcome {
            Some(outcome) => outcome.map_err(|error| TokenError::shared(&error)),
            None => Err(TokenError::new(
                "the runtime that fetched a token was shut down",
            )),
        }
    }
}

struct Held {
    token: AccessToken,
    expires_at: Option<SystemTime>,
    renew_at: Option<SystemTime>,
}

/// What a caller who needs a token does.
pub(crate) enum Next {
    Use(AccessToken),
    Wait(Fetch),
    /// Runs the fetch, and waits for it only when there is no good token meanwhile.
    Fetch {
        fetch: Fetch,
        sender: OutcomeSender,
        meanwhile: Option<AccessToken>,
    },
}

/// What a caller who asks for a token makes necessary.
#[derive(Debug)]
enum Need {
    Nothing(AccessToken),
    /// The token is good, but not for much longer.
    Renewal(AccessToken),
    Token,
}

impl Cache {
    fn need(&self, now: SystemTime) -> Need {
        match &self.held {
            Some(held) if held.renew_at.is_none_or(|due| now < due) => {
                Need::Nothing(held.token.clone())
            }
            Some(held) if held.is_good(now) => Need::Renewal(held.token.clone()),
            _ => Need::Token,
        }
    }

    /// The token that is held, if it is good.
    pub fn good(&self, now: SystemTime) -> Option<AccessToken> {
        match self.need(now) {
            Need::Nothing(token) | Need::Renewal(token) => Some(token),
            Need::Token => None,
        }
    }

    /// What a caller who needs a token does; a fetch that is to be made counts as under way from now on.
    pub fn next(&mut self, now: SystemTime, timeout: Duration) -> Next {
        let meanwhile = match self.need(now) {
            Need::Nothing(token) => return Next::Use(token),
            Need::Renewal(token) => Some(token),
            Need::Token => None,
        };
        match (self.under_way(), meanwhile) {
            (Some(_), Some(token)) => Next::Use(token),
            (Some(fetch), None) => Next::Wait(fetch),
            (None, meanwhile) => {
                let (fetch, sender) = self.begin(timeout);
                Next::Fetch {
                    fetch,
                    sender,
                    meanwhile,
                }
            }
        }
    }

    fn under_way(&self) -> Option<Fetch> {
        self.fetch.clone().filter(|fetch| !fetch.is_lost())
    }

    fn begin(&mut self, timeout: Duration) -> (Fetch, OutcomeSender) {
        let (sender, outcome) = watch::channel(None);
        let now = Instant::now();
        self.fetches += 1;
        let fetch = Fetch {
            number: self.fetches,
            deadline: now.checked_add(timeout).unwrap_or(now + FAR_FUTURE),
            outcome,
        };
        self.fetch = Some(fetch.clone());
        (fetch, sender)
    }

    pub fn take(
        &mut self,
        fetch: &Fetch,
        fetched: Result<ExpiringToken, Arc<TokenError>>,
        now: SystemTime,
        margin: Duration,
    ) -> Outcome {
        // One that was given up and ended after all must not replace what came after it.
        if fetch.number != self.fetches {
            return fetched.map(|new| new.token);
        }
        self.fetch = None;
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
                None => Err(error),
            },
        }
    }

    /// Holds this token, which is good for ever and due for renewal.
    #[cfg(test)]
    pub fn hold_due(&mut self, token: AccessToken) {
        self.held = Some(Held {
            token,
            expires_at: None,
            renew_at: Some(SystemTime::UNIX_EPOCH),
        });
    }

    pub fn drop_token(&mut self, refused: &AccessToken) {
        self.held.take_if(|held| held.token == *refused);
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

    /// Fetches and takes what was fetched.
    fn fetch(
        cache: &mut Cache,
        fetched: Result<ExpiringToken, TokenError>,
        now: SystemTime,
        margin: Duration,
    ) -> Outcome {
        let (fetch, _sender) = cache.begin(MINUTE);
        cache.take(&fetch, fetched.map_err(Arc::new), now, margin)
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
            let mut cache = Cache::default();
            assert!(matches!(cache.need(at(0)), Need::Token));
            fetch(&mut cache, Ok(until("one", life)), at(0), MINUTE * margin).expect("a token");
            let need = cache.need(at(asked_at));
            assert!(
                is(&need, expected),
                "{life}, {margin}, {asked_at}: {need:?}"
            );
        }
        let mut cache = Cache::default();
        let endless = ExpiringToken::new(token("endless"), None);
        fetch(&mut cache, Ok(endless), at(0), MINUTE).expect("a token");
        assert!(matches!(cache.need(at(60_000)), Need::Nothing(_)));
    }

    #[test]
    fn a_failed_renewal_changes_nothing_while_the_old_token_is_good() {
        let mut cache = Cache::default();
        fetch(&mut cache, Ok(until("old", 60)), at(0), MINUTE).expect("a token");
        assert!(is(&cache.need(at(59)), "renewal"));
        let used = fetch(&mut cache, failed(), at(59), MINUTE).expect("the old one");
        assert!(used == token("old"));
        // The next call does not try again at once, but soon.
        assert!(is(&cache.need(at(59)), "nothing"));
        assert!(is(&cache.need(at(59) + PAUSE), "renewal"));

        // After its end there is nothing left but the failure.
        assert!(is(&cache.need(at(60)), "token"));
        let error = fetch(&mut cache, failed(), at(60), MINUTE).expect_err("no token");
        assert_eq!(error.to_string(), "the vault is locked");
        let shared = TokenError::shared(&error);
        let source = std::error::Error::source(&shared).expect("a source");
        assert_eq!(format!("{shared}: {source}"), "the vault is locked: no key");
        let deep = TokenError::with_source(
            "the vault is locked",
            TokenError::with_source("no key", "no hand"),
        );
        let shared = TokenError::shared(&Arc::new(deep));
        let source = std::error::Error::source(&shared).and_then(|source| source.source());
        assert_eq!(source.expect("the end of it").to_string(), "no hand");
    }

    #[test]
    fn a_fetch_may_take_for_ever() {
        let (fetch, _sender) = Cache::default().begin(Duration::MAX);
        assert!(fetch.deadline > Instant::now());
    }

    #[test]
    fn a_fetch_that_was_given_up_does_not_replace_what_came_after_it() {
        let mut cache = Cache::default();
        let (first, _sender) = cache.begin(MINUTE);
        fetch(&mut cache, Ok(until("two", 60)), at(0), MINUTE).expect("a token");
        let late = cache.take(&first, Ok(until("one", 90)), at(1), MINUTE);
        assert_eq!(late.expect("what it fetched"), token("one"));
        let Need::Nothing(held) = cache.need(at(1)) else {
            panic!("nothing is due");
        };
        assert_eq!(held, token("two"));
    }

    #[test]
    fn a_refused_token_is_dropped_and_a_newer_one_is_not() {
        let mut cache = Cache::default();
        fetch(&mut cache, Ok(until("one", 60)), at(0), MINUTE).expect("a token");
        fetch(&mut cache, Ok(until("two", 60)), at(0), MINUTE).expect("a token");
        cache.drop_token(&token("one"));
        assert!(is(&cache.need(at(1)), "nothing"));
        cache.drop_token(&token("two"));
        assert!(is(&cache.need(at(1)), "token"));
        // A failure does not bring the refused one back.
        assert!(fetch(&mut cache, failed(), at(1), MINUTE).is_err());
    }
}
