//! Everything that a user of the crate would notice, over real sockets.

mod azure;
mod build_script;
mod cancelling;
mod conformance;
mod documented_examples;
mod errors;
mod golden;
mod outcomes;
mod paging;
mod provenance;
mod request_checks;
mod requests;
mod retrying;
mod rooms;
mod sandbox;
mod sending;
mod spec_examples;
mod support;
mod tokens;
mod tolerant_reading;
mod tracing_spans;
