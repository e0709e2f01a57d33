//! What the tests of all crates and the maintenance commands share.

pub mod hostile;
pub mod json_schema;
pub mod rooms;
pub mod sets;
