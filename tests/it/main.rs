//! Everything that a user of the crate would notice, over real sockets.

mod azure;
mod broken_spec;
mod build_script;
mod call_options;
mod cancelling;
mod conformance;
mod documented_examples;
mod errors;
mod golden;
mod hostile_answers;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod hostile_network;
mod importing;
mod literals;
mod outcomes;
mod paging;
mod provenance;
mod rate_controller;
mod rate_limits;
mod rate_matrix;
mod request_checks;
mod requests;
mod retrying;
mod rooms;
mod sandbox;
mod sending;
mod shown;
mod sources;
mod spec_examples;
mod support;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod tokens;
mod tolerant_reading;
mod tracing_spans;
