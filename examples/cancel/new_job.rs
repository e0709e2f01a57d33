//! The jobs that the walk creates.

use std::time::Duration;

use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::{
    CrossTenantMigrationJobCreate, ExchangeOnlineCrossTenantMigrationSettings,
};
use msgraph_migrations_sandbox::Sandbox;

/// The tenant that everything leaves.
pub const SOURCE_TENANT: &str = "c2a96f1b-7e04-4d83-b5f9-08d3617ae24c";
/// A user of every job, by object id in the target tenant.
pub const USER: &str = "3d5f7c18-6a42-4b0e-9f27-81c4d6e2a05b";
/// Another one.
pub const OTHER_USER: &str = "b81e04a9-2c6d-4f35-8d70-5e9a13c7f264";

/// A job that moves both users and cuts over some time from now.
pub fn new_job(name: &str, sandbox: &Sandbox, cutover: Duration) -> CrossTenantMigrationJobCreate {
    let cutover = DateTimeOffset::try_from(sandbox.now() + cutover).expect("a year of four digits");
    let users = [USER, OTHER_USER];
    CrossTenantMigrationJobCreate::of_users(name, SOURCE_TENANT, cutover, users)
        .workloads(["Exchange", "ODSP"])
        .exchange_settings(
            ExchangeOnlineCrossTenantMigrationSettings::new()
                .source_endpoint("alderwood-to-harborlane")
                .target_delivery_domain("harborlane.example"),
        )
}
