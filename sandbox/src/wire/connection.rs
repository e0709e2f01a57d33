//! Connections that can be closed in the middle of anything, and that end when nothing comes of them.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// Lets a request close its own connection, or keep it while it is being answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fuse(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_blown: AtomicBool,
    /// How many requests of the connection are being answered.
    busy: AtomicUsize,
}

/// Keeps a connection from being closed as idle.
pub(crate) struct Busy(Fuse);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Fuse {
    /// Nothing more is written: the next attempt closes the connection.
    pub(crate) fn blow(&self) {
        self.0.is_blown.store(true, Ordering::Release);
    }

    /// Says that the request has arrived as a whole, so that waiting is the sandbox's doing.
    pub(crate) fn busy(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::AcqRel);
        Busy(self.clone())
    }

    fn check(&self) -> io::Result<()> {
        if self.0.is_blown.load(Ordering::Acquire) {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        }
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.0.busy.load(Ordering::Acquire) > 0
    }
}

/// What the bytes go through.
enum Transport {
    Plain(TcpStream),
    /// Made into [`Transport::Tls`] by whoever reads or writes first, so that one caller's hesitation keeps no other
    /// from being accepted.
    Handshake(Box<Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Brings the handshake to its end, if there is one.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Self::Handshake(accept) = self {
            match Pin::new(accept).poll(context) {
                Poll::Ready(Ok(stream)) => *self = Self::Tls(Box::new(stream)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Asks the transport once its handshake is over.
macro_rules! over {
    ($transport:expr, $context:expr, $stream:ident => $call:expr) => {
        match $transport.poll_ready($context) {
            Poll::Ready(Ok(())) => match &mut $transport {
                Transport::Plain($stream) => {
                    let $stream = Pin::new($stream);
                    $call
                }
                Transport::Tls($stream) => {
                    let $stream = Pin::new($stream.as_mut());
                    $call
                }
                Transport::Handshake(_) => Poll::Pending,
            },
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    };
}

/// A connection with a [`Fuse`] and a time by which something has to come of it.
pub(crate) struct FusedStream {
    transport: Transport,
    fuse: Fuse,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl FusedStream {
    fn new(transport: Transport, patience: Duration) -> Self {
        Self {
            transport,
            fuse: Fuse::default(),
            patience,
            deadline: Box::pin(tokio::time::sleep(patience)),
        }
    }

    fn extend(&mut self) {
        let later = Instant::now()
            .checked_add(self.patience)
            .unwrap_or_else(Instant::now);
        self.deadline.as_mut().reset(later);
    }

    /// Turns waiting into an error when it has taken too long.
    ///
    /// Only what is written counts as progress: a caller that sends a byte now and then is no better than a silent one.
    fn guard<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_pending() {
            while self.deadline.as_mut().poll(context).is_ready() {
                if !self.fuse.is_busy() {
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::TimedOut)));
                }
                self.extend();
            }
        }
        result
    }
}

impl AsyncRead for FusedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.fuse.check()?;
        let result = over!(self.transport, context, stream => stream.poll_read(context, buffer));
        self.guard(context, result)
    }
}

impl AsyncWrite for FusedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fuse.check()?;
        let result = over!(self.transport, context, stream => stream.poll_write(context, bytes));
        if result.is_ready() {
            self.extend();
        }
        self.guard(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.fuse.check()?;
        let result =
            over!(self.transport, context, stream => stream.poll_write_vectored(context, slices));
        if result.is_ready() {
            self.extend();
        }
        self.guard(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
            Transport::Handshake(_) => false,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = over!(self.transport, context, stream => stream.poll_flush(context));
        self.guard(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = over!(self.transport, context, stream => stream.poll_shutdown(context));
        self.guard(context, result)
    }
}

/// Accepts connections that have a [`Fuse`].
pub(crate) struct FusedListener {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<TlsAcceptor>,
    /// How long a connection may go without a whole request or a byte taken of an answer.
    pub(crate) patience: Duration,
}

impl Listener for FusedListener {
    type Io = FusedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // Answers are small; waiting for more to send would only delay them.
                    if stream.set_nodelay(true).is_ok() {
                        let transport = match &self.tls {
                            Some(tls) => Transport::Handshake(Box::new(tls.accept(stream))),
                            None => Transport::Plain(stream),
                        };
                        return (FusedStream::new(transport, self.patience), address);
                    }
                }
                // Out of descriptors, or a caller that hung up: neither is a reason to stop.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, FusedListener>> for Fuse {
    fn connect_info(stream: IncomingStream<'_, FusedListener>) -> Self {
        stream.io().fuse.clone()
    }
}
