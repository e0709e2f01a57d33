//! Jobs and users as results, with stable field names.

use chrono::Utc;
use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobStatus, CrossTenantMigrationJobType,
    CrossTenantMigrationServiceStatus, CrossTenantMigrationTask,
};
use serde_json::{Value, json};

use crate::output::Row;
use crate::time::{Zone, distance};

/// A job on one line.
pub fn job(job: &CrossTenantMigrationJob, zone: Zone) -> Row {
    Row::new()
        .with("name", text_of(job.display_name.as_deref()))
        .with(
            "status",
            text_of(
                job.status
                    .as_ref()
                    .map(CrossTenantMigrationJobStatus::as_str),
            ),
        )
        .shown_as(
            "completeAfter",
            time(job.complete_after_date_time.as_ref()),
            when(job.complete_after_date_time.as_ref(), zone),
        )
        .with("workloads", json!(job.workloads))
        .with("id", text_of(job.id.as_deref()))
        .beside(
            "jobType",
            text_of(
                job.job_type
                    .as_ref()
                    .map(CrossTenantMigrationJobType::as_str),
            ),
        )
        .beside("message", text_of(job.message.as_deref()))
        .beside("created", time(job.created_date_time.as_ref()))
        .beside("lastUpdated", time(job.last_updated_date_time.as_ref()))
        .beside("createdBy", text_of(job.created_by.as_deref()))
        .beside("sourceTenant", text_of(job.source_tenant_id.as_deref()))
        .beside("targetTenant", text_of(job.target_tenant_id.as_deref()))
}

/// A user on one line, with a cell for all workloads.
pub fn user(user: &CrossTenantMigrationTask) -> Row {
    let workloads: Vec<Value> = user
        .current_status
        .iter()
        .map(|workload| {
            json!({
                "service": workload.service,
                "status": workload.status,
                "message": workload.message,
                "errors": workload.errors,
            })
        })
        .collect();
    let shown: Vec<String> = user
        .current_status
        .iter()
        .map(|workload| {
            let service = workload.service.as_deref().unwrap_or("?");
            let status = workload
                .status
                .as_ref()
                .map_or("?", CrossTenantMigrationServiceStatus::as_str);
            let codes: Vec<_> = workload
                .errors
                .iter()
                .filter_map(|error| error.code.as_deref())
                .collect();
            if codes.is_empty() {
                format!("{service} {status}")
            } else {
                format!("{service} {status} ({})", codes.join(", "))
            }
        })
        .collect();
    Row::new()
        .with("user", text_of(user.id.as_deref()))
        .shown_as("workloads", Value::Array(workloads), shown.join("  "))
        .beside("lastUpdated", time(user.last_updated_date_time.as_ref()))
}

/// A point in time, and how far away it is.
pub fn when(time: Option<&DateTimeOffset>, zone: Zone) -> String {
    let shown = zone.show(time);
    match time.and_then(DateTimeOffset::to_utc) {
        Some(time) => format!("{shown} ({})", distance(time, Utc::now())),
        None => shown,
    }
}

/// A text, or null.
pub fn text_of(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

fn time(time: Option<&DateTimeOffset>) -> Value {
    text_of(time.map(DateTimeOffset::as_str))
}
