//! Cross-tenant migration jobs: batches of users whose workloads move together.

pub(crate) mod api;
pub(crate) mod create;
pub(crate) mod lifecycle;
pub(crate) mod model;
pub(crate) mod outcome;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod users;
pub(crate) mod view;
