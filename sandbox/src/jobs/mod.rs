//! The operations on cross-tenant migration jobs: batches of users whose workloads move together.

pub(crate) mod api;
pub(crate) mod arrange;
pub(crate) mod create;
pub(crate) mod users;
pub(crate) mod view;
