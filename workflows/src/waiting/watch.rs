//! What a caller holds of a wait: a stream of what is seen, and a future of the end.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::observation::{Event, Observation, WaitEnd};
use super::poll::{self, Source};
use msgraph_migrations::Error;

/// A wait for one thing or for many: a stream of what is seen, and with `.await` the end.
///
/// Nothing is read before it is polled, and nothing more after it is dropped; that changes nothing
/// about what is watched. As a stream it shows of each thing its first state, its changes, stalls and
/// outages, and last, once, how the wait for it ended; after an error the stream is over. `.await`
/// goes on from wherever the stream has come to, also after an error.
///
/// `T` is what is watched, and `E` is what `.await` gives: how the wait ended, or for many an
/// [`EndOf`] each, in the order in which they ended.
#[must_use = "nothing is read before it is polled or awaited"]
pub struct Watch<T, E> {
    observations: BoxStream<'static, Result<Observation<T>, Error>>,
    ends: Vec<EndOf<T>>,
    conclude: fn(Vec<EndOf<T>>) -> E,
    has_failed: bool,
}

/// How the wait for one of many ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndOf<T> {
    /// The id or display name that was given.
    pub asked_for: String,
    /// How it ended.
    pub end: WaitEnd<T>,
}

impl<T: Clone + Send + 'static> Watch<T, WaitEnd<T>> {
    pub(crate) fn one<S: Source<State = T>>(poll: poll::Poll<S>) -> Self {
        Self::new(poll, only)
    }
}

impl<T: Clone + Send + 'static> Watch<T, Vec<EndOf<T>>> {
    pub(crate) fn many<S: Source<State = T>>(poll: poll::Poll<S>) -> Self {
        Self::new(poll, |ends| ends)
    }
}

/// A watch of one thing ends by telling its end; the rest keeps only the compiler from wondering.
pub(crate) fn only<T>(mut ends: Vec<EndOf<T>>) -> WaitEnd<T> {
    let last = ends.pop().map(|of| of.end);
    last.unwrap_or(WaitEnd::DeadlinePassed(None))
}

impl<T: Clone + Send + 'static, E> Watch<T, E> {
    pub(crate) fn new<S: Source<State = T>>(
        poll: poll::Poll<S>,
        conclude: fn(Vec<EndOf<T>>) -> E,
    ) -> Self {
        let observations = stream::unfold(poll, |mut poll| async move {
            let next = poll.next().await.transpose();
            next.map(|next| (next, poll))
        });
        Self {
            observations: observations.fuse().boxed(),
            ends: Vec::new(),
            conclude,
            has_failed: false,
        }
    }

    fn remember(&mut self, observation: &Observation<T>) {
        if let Event::Ended(end) = &observation.event {
            self.ends.push(EndOf {
                asked_for: observation.asked_for.clone(),
                end: end.clone(),
            });
        }
    }
}

impl<T: Clone + Send + 'static, E> Stream for Watch<T, E> {
    type Item = Result<Observation<T>, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Observation<T>, Error>>> {
        if self.has_failed {
            return Poll::Ready(None);
        }
        let next = ready!(self.observations.poll_next_unpin(context));
        match &next {
            Some(Ok(observation)) => self.remember(observation),
            Some(Err(_)) => self.has_failed = true,
            None => {}
        }
        Poll::Ready(next)
    }
}

impl<T: Clone + Send + 'static, E: Send + 'static> IntoFuture for Watch<T, E> {
    type Output = Result<E, Error>;
    type IntoFuture = BoxFuture<'static, Result<E, Error>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            while let Some(observation) = self.observations.next().await {
                self.remember(&observation?);
            }
            Ok((self.conclude)(self.ends))
        })
    }
}

// A watch pins nothing of its own: its stream is on the heap.
impl<T, E> Unpin for Watch<T, E> {}

impl<T, E> fmt::Debug for Watch<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("ended", &self.ends.len())
            .field("has_failed", &self.has_failed)
            .finish_non_exhaustive()
    }
}
