//! The jobs that the walk creates.

use std::time::Duration;

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
    CrossTenantMigrationJobCreate {
        display_name: name.to_owned(),
        source_tenant_id: SOURCE_TENANT.to_owned(),
        resource_type: "Users".to_owned(),
        resources: vec![USER.to_owned(), OTHER_USER.to_owned()],
        complete_after_date_time: (sandbox.now() + cutover).into(),
        exchange_settings: Some(ExchangeOnlineCrossTenantMigrationSettings {
            source_endpoint: Some("alderwood-to-harborlane".to_owned()),
            target_delivery_domain: Some("harborlane.example".to_owned()),
        }),
        workloads: vec!["Exchange".to_owned(), "ODSP".to_owned()],
    }
}
