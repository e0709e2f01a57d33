//! The rate controller against simulated services, in virtual time.

pub mod cases;
pub mod limiters;
pub mod random;
#[allow(dead_code, reason = "the client uses the rest")]
#[path = "../../../src/client/rate_controller/mod.rs"]
pub mod rate_controller;
pub mod simulation;
