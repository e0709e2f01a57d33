//! The operations on SharePoint tasks and the identity maps they rely on; beta only.

pub(crate) mod mappings;
pub(crate) mod parameters;
pub(crate) mod tasks;

/// The path of the family, as it stands in contexts.
pub(crate) const ROOT: &str = "solutions/sharePoint/migrations";
