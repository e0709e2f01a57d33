//! What `build.rs` generates from the spec: the models and the table of operations.
//!
//! Nothing here is written by hand.

#![allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_docs,
    reason = "generated code; what humans write is held to the lints"
)]

include!(concat!(env!("OUT_DIR"), "/models.rs"));
