//! What `build.rs` generates from the spec: the models, the bare client, the table of operations.
//!
//! Nothing here is written by hand, and the bare client is not part of the public interface: it
//! knows how a request is laid out, and the rest of the crate knows what an answer means.

#![allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_docs,
    reason = "generated code; what humans write is held to the lints"
)]

include!(concat!(env!("OUT_DIR"), "/client.rs"));
