//! The types of the service, generated from the spec.
//!
//! Unknown members are ignored, missing and null ones accepted, and enums keep a value that they do
//! not know.
//!
// The lowest room: the vocabulary of the service and how tolerantly it is read. Nothing that sends,
// waits or judges a status may enter; it uses no other room.

pub(crate) mod date_time;
#[cfg(test)]
pub(crate) mod fuzz;
pub(crate) mod generated;
pub(crate) mod mending;
pub(crate) mod mismatch;
pub(crate) mod one_line;
pub(crate) mod open_enum;
pub(crate) mod open_union;
pub(crate) mod operation;
mod status;
pub(crate) mod tolerant;
pub(crate) mod top_level;

pub use generated::types::*;
