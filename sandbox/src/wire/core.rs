//! What every request and the handle of a sandbox share.

use std::ops::{Deref, DerefMut};
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
    /// Told whenever somebody had the engine in hands and may have changed it.
    changes: watch::Sender<()>,
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
            changes: watch::Sender::new(()),
        }
    }

    /// The engine, to be changed.
    pub(crate) fn engine(&self) -> Hands<'_> {
        Hands {
            engine: self.look(),
            changes: &self.changes,
        }
    }

    /// The engine, to be looked at; a panic elsewhere leaves it usable, since no change is left half done by one.
    pub(crate) fn look(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves each time somebody may have changed the engine.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

/// The engine in hands that may change it.
pub(crate) struct Hands<'a> {
    engine: MutexGuard<'a, Engine>,
    changes: &'a watch::Sender<()>,
}

impl Deref for Hands<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl DerefMut for Hands<'_> {
    fn deref_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }
}

impl Drop for Hands<'_> {
    fn drop(&mut self) {
        self.changes.send_replace(());
    }
}

/// Waits until the handle is gone or says so.
pub(crate) async fn closed(mut closing: watch::Receiver<()>) {
    // Nothing is ever sent, so a change means that the sender still lives.
    while closing.changed().await.is_ok() {}
}
