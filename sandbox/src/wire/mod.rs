//! What stands between the sockets and the engine.

pub(crate) mod connection;
mod control;
pub(crate) mod core;
pub(crate) mod door;
pub(crate) mod http;
mod page;
mod stream;
pub(crate) mod tls;
