//! Writes lines without ever making the service wait for whoever reads them.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// How many lines wait for a reader before further ones are dropped.
const CAPACITY: usize = 4_096;

/// How long the end of the program waits for the last lines to be taken.
const PATIENCE: Duration = Duration::from_millis(500);

/// A log whose lines are dropped, and counted, when nobody reads them.
pub(crate) struct Lines {
    /// `None` ends the writing.
    sender: SyncSender<Option<String>>,
    dropped: AtomicU64,
    finished: Mutex<Receiver<()>>,
}

impl Lines {
    /// Starts to write to `output` from a thread of its own.
    pub(crate) fn start(mut output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (sender, lines) = sync_channel::<Option<String>>(CAPACITY);
        let (finish, finished) = sync_channel(1);
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || {
                while let Ok(Some(line)) = lines.recv() {
                    // A reader that is gone doesn't stop the service.
                    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
                }
                let _ = finish.send(());
            })?;
        Ok(Self {
            sender,
            dropped: AtomicU64::new(0),
            finished: Mutex::new(finished),
        })
    }

    /// Passes a line on, or counts it as dropped.
    pub(crate) fn say(&self, line: String) {
        self.tell_dropped();
        if self.sender.try_send(Some(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Says how many lines are missing at this place, as soon as there is room to say it.
    fn tell_dropped(&self) {
        let dropped = self.dropped.swap(0, Ordering::AcqRel);
        if dropped == 0 {
            return;
        }
        let line = format!("({dropped} lines dropped: nobody read them)");
        if self.sender.try_send(Some(line)).is_err() {
            self.dropped.fetch_add(dropped, Ordering::AcqRel);
        }
    }

    /// Waits a moment for the last lines to be taken.
    pub(crate) fn finish(&self) {
        self.tell_dropped();
        // Without room nobody reads, so there is nothing to wait for.
        if self.sender.try_send(None).is_ok()
            && let Ok(finished) = self.finished.lock()
        {
            let _ = finished.recv_timeout(PATIENCE);
        }
    }
}
