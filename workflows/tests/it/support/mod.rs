//! What several tests need; shared with the tests of the bindings.

#![allow(dead_code, reason = "the tests of the bindings need the rest")]

#[path = "../../../../tests/it/support/calls.rs"]
pub mod calls;
#[path = "../../../../tests/it/support/server.rs"]
pub mod server;
