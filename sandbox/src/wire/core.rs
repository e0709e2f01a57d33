//! What every request and the handle of a sandbox share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::door::Door;
use crate::engine::Engine;
use crate::engine::log::RequestEntry;

/// Told of every request.
pub(crate) type Observer = Arc<dyn Fn(&RequestEntry) + Send + Sync>;

/// What the shell and the handle of a sandbox share.
#[derive(Clone)]
pub(crate) struct Core {
    engine: Arc<Mutex<Engine>>,
    pub(crate) observer: Option<Observer>,
    pub(crate) door: Arc<Door>,
    /// Closes when the sandbox stops.
    pub(crate) closing: watch::Receiver<()>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Core")
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn new(
        engine: Engine,
        observer: Option<Observer>,
        door: Door,
        closing: watch::Receiver<()>,
    ) -> Self {
        Self {
            engine: Arc::new(Mutex::new(engine)),
            observer,
            door: Arc::new(door),
            closing,
        }
    }

    /// The engine; a panic elsewhere leaves it usable, since no change is left half done by one.
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the handle is gone or says so.
pub(crate) async fn closed(mut closing: watch::Receiver<()>) {
    // Nothing is ever sent, so a change means that the sender still lives.
    while closing.changed().await.is_ok() {}
}
