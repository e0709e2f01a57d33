//! Sends what is too large to be held as a whole: it is written out piece by piece, as fast as the caller takes it.

use std::io::{self, BufWriter, Write};

use axum::body::{Body as HttpBody, Bytes};
use futures_util::stream;
use tokio::sync::{mpsc, watch};

use super::core::closed;

/// How large a piece is, and how many wait for the caller.
const PIECE: usize = 64 * 1_024;
const WAITING: usize = 4;

/// Writes an answer out.
pub(super) type Writing = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// A body that `write` writes while it is being sent; it ends early when the caller leaves or the sandbox stops.
pub(super) fn body(write: Writing, closing: watch::Receiver<()>) -> HttpBody {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut pieces = BufWriter::with_capacity(PIECE, Pieces(sender));
        let written = write(&mut pieces).and_then(|()| pieces.flush());
        // Nobody may be listening any more.
        let _ = pieces.get_ref().0.blocking_send(written.map(|()| None));
    });
    HttpBody::from_stream(stream::unfold(
        (receiver, closing),
        |(mut receiver, closing)| async move {
            let piece = tokio::select! {
                piece = receiver.recv() => piece,
                () = closed(closing.clone()) => None,
            };
            // Without an end the answer isn't whole, and the caller has to see it.
            let broken = || Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            let piece = piece.unwrap_or_else(broken).transpose()?;
            Some((piece, (receiver, closing)))
        },
    ))
}

/// A piece, or nothing at the end.
type Piece = io::Result<Option<Bytes>>;

/// Hands pieces over to whoever sends them.
struct Pieces(mpsc::Sender<Piece>);

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Ok(Some(Bytes::copy_from_slice(piece))))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
