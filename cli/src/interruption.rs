//! Ctrl-C while something is changed: nothing more is sent, and what was sent is waited for.
//!
//! Before a change begins, Ctrl-C ends the program as it does any other.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use tokio::sync::watch;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// How often Ctrl-C was pressed since the change began.
static PRESSED: OnceLock<watch::Receiver<u32>> = OnceLock::new();

/// Why something was not sent.
pub const NOT_SENT: &str = "interrupted before it was sent";

/// What Ctrl-C means from now on.
#[derive(Clone, Debug)]
pub struct Interruption(watch::Receiver<u32>);

impl Interruption {
    /// Takes Ctrl-C over: a change begins.
    pub fn take_over() -> Self {
        Self(PRESSED.get_or_init(listen).clone())
    }

    /// Whether nothing more is to be sent.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until Ctrl-C was pressed again: somebody does not want to wait for what was sent.
    pub async fn insisted(&self) {
        let mut pressed = self.0.clone();
        if pressed.wait_for(|pressed| *pressed > 1).await.is_err() {
            // Nobody listens to the keys any more.
            std::future::pending::<()>().await;
        }
    }

    /// The end of work that sends changes one after another and asks before each; none if it was left: with nothing
    /// under way, or by somebody who does not want to wait for that.
    pub async fn or_stop<T>(
        &self,
        under_way: &UnderWay,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut pressed = self.0.clone();
        let mut sent = under_way.0.subscribe();
        let settled = async {
            let is_listening = pressed.wait_for(|pressed| *pressed > 0).await.is_ok();
            if !(is_listening && sent.wait_for(BTreeSet::is_empty).await.is_ok()) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = work => Some(ended),
            () = settled => None,
            () = self.insisted() => None,
        }
    }

    /// The end of one change; `look` is the command that shows the state.
    pub async fn or_leave<T>(
        &self,
        what: &str,
        look: &str,
        change: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        tokio::select! {
            ended = change => Ok(ended),
            () = self.insisted() => Err(left(what, look)),
        }
    }
}

/// What is said of a change whose answer nobody waited for; `look` is the command that shows the state.
pub fn left(what: &str, look: &str) -> Failure {
    Failure::new(
        Exit::Unknown,
        format!("whether {what} took effect is UNKNOWN"),
    )
    .because("interrupted before its answer came")
    .next(format!("to find out: {look}"))
}

fn listen() -> watch::Receiver<u32> {
    let (sender, pressed) = watch::channel(0);
    let mut next = Box::pin(tokio::signal::ctrl_c());
    // Asking once takes the key over now: the change may be sent before the task has its first turn.
    if next.as_mut().now_or_never().is_some() {
        // The system gives the key to nobody; it ends the program then.
        return pressed;
    }
    tokio::spawn(async move {
        while next.as_mut().await.is_ok() {
            next.set(tokio::signal::ctrl_c());
            sender.send_modify(|pressed| *pressed += 1);
            if *sender.borrow() == 1 {
                Output::tell(
                    "interrupted: nothing more is sent, and what was sent is waited for; Ctrl-C again leaves at once",
                );
            }
        }
    });
    pressed
}

/// Changes that were sent and of which nothing is known yet.
#[derive(Clone, Debug)]
pub struct UnderWay(watch::Sender<BTreeSet<String>>);

impl Default for UnderWay {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeSet::new()))
    }
}

impl UnderWay {
    pub fn sent(&self, change: &str) {
        self.0.send_modify(|sent| {
            sent.insert(change.to_owned());
        });
    }

    pub fn settled(&self, change: &str) {
        self.0.send_modify(|sent| {
            sent.remove(change);
        });
    }

    pub fn names(&self) -> Vec<String> {
        self.0.borrow().iter().cloned().collect()
    }
}

/// A list that ends where it is when Ctrl-C is pressed.
pub struct Cut<I> {
    items: std::vec::IntoIter<I>,
    interruption: Interruption,
    taken: Taken,
}

/// How many items were taken from a list, and may have been sent.
#[derive(Clone, Debug, Default)]
pub struct Taken(Arc<AtomicUsize>);

impl Taken {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<I> Cut<I> {
    pub fn new(items: Vec<I>, interruption: &Interruption) -> (Self, Taken) {
        let taken = Taken::default();
        let list = Self {
            items: items.into_iter(),
            interruption: interruption.clone(),
            taken: taken.clone(),
        };
        (list, taken)
    }
}

impl<I> Iterator for Cut<I> {
    type Item = I;

    fn next(&mut self) -> Option<I> {
        if self.interruption.is_requested() {
            return None;
        }
        let item = self.items.next()?;
        self.taken.0.fetch_add(1, Ordering::Relaxed);
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // It may end any time, and yet a bar is to tell how far it is.
        self.items.size_hint()
    }
}
