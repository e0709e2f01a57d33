//! What several tests need.

pub mod calls;
pub mod documented_messages;
pub mod golden;
pub mod openapi_schema;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub mod relay;
pub mod server;
pub mod spec;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub mod tls;
