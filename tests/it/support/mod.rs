//! What several tests need.

pub mod calls;
pub mod documented_messages;
pub mod http;
pub mod openapi_schema;
pub mod server;
pub mod spec;
