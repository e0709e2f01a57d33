//! A file in which processes share what they know about a limit.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::client::rate_controller::RateController;

/// The form of the file; files of another form are begun anew.
const VERSION: u32 = 1;

/// Locked for each use, by whatever process, and written as one line at once.
pub(crate) struct SharedFile(Mutex<File>);

/// Why the file was not used.
pub(crate) enum Busy {
    /// Another process uses it for some microseconds.
    Locked,
    Failed(io::Error),
}

#[derive(Serialize, Deserialize)]
struct Content<C> {
    version: u32,
    controller: C,
}

impl SharedFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map(|file| Self(Mutex::new(file)))
    }

    /// Reads what is known, or begins with `begin`, and writes what `how` makes of it.
    pub fn update<T>(
        &self,
        begin: impl FnOnce() -> RateController,
        how: impl FnOnce(&mut RateController) -> T,
    ) -> Result<T, Busy> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Busy::Locked),
            Err(TryLockError::Error(error)) => return Err(Busy::Failed(error)),
        }
        let updated = update(&mut file, begin, how);
        let unlocked = file.unlock();
        match (updated, unlocked) {
            (Ok(result), Ok(())) => Ok(result),
            (Err(error), _) | (_, Err(error)) => Err(Busy::Failed(error)),
        }
    }
}

fn update<T>(
    file: &mut File,
    begin: impl FnOnce() -> RateController,
    how: impl FnOnce(&mut RateController) -> T,
) -> io::Result<T> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut text)?;
    // What follows the line is left over from a longer one.
    let known = text
        .lines()
        .next()
        .map(serde_json::from_str::<Content<RateController>>);
    let mut controller = match known {
        None => begin(),
        Some(Ok(content)) if content.version == VERSION => content.controller,
        Some(other) => {
            let reason = other.err().map(|error| error.to_string());
            tracing::warn!(
                ?reason,
                "the shared rate limits are of another form and begin anew"
            );
            begin()
        }
    };
    let result = how(&mut controller);
    let mut line = serde_json::to_vec(&Content {
        version: VERSION,
        controller: &controller,
    })?;
    line.push(b'\n');
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&line)?;
    Ok(result)
}
