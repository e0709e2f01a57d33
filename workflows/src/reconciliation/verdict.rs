//! What is certain about an action, and whether two readings are of the same job.

use msgraph_migrations::models::CrossTenantMigrationJob;

/// What is certain about an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has happened between the readings.
    TookEffect,
    /// It has not happened and cannot happen any more.
    RuledOut,
    /// Neither is certain.
    Undecided,
}

/// Whether both are the same job, by their ids.
pub(super) fn is_same(one: &CrossTenantMigrationJob, other: &CrossTenantMigrationJob) -> bool {
    match (&one.id, &other.id) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    }
}
