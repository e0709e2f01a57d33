//! Everything that a user of the crate would notice, over real sockets.

mod build_script;
mod conformance;
mod documented_examples;
mod errors;
mod golden;
mod outcomes;
mod provenance;
mod request_checks;
mod sending;
mod spec_examples;
mod support;
mod tokens;
mod tolerant_reading;
