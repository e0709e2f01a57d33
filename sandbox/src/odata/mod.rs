//! The parts of OData that any Graph service answers to: paths, query options and pages.

#[cfg(test)]
mod fuzz;
pub(crate) mod page;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod version;
