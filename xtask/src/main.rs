//! Maintenance commands: drift check and regeneration.
fn main() {}
