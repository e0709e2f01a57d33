//! The bare client that `build.rs` generates from the spec: it lays out requests.
//!
//! It is not part of the public interface: it knows how a request looks, and the rest of the crate
//! knows what an answer means.

#![allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_docs,
    reason = "generated code; what humans write is held to the lints"
)]

include!(concat!(env!("OUT_DIR"), "/client.rs"));
