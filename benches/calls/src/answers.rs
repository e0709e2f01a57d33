//! The answers as somebody writes them down who needs no more of them.

use serde::Deserialize;

/// The answer to a cancellation.
#[derive(Deserialize)]
pub struct Cancelled {
    status: Option<String>,
    message: Option<String>,
}

/// A job.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    id: String,
    display_name: Option<String>,
    status: Option<String>,
    message: Option<String>,
    #[serde(rename = "jobType")]
    kind: Option<String>,
    resource_type: Option<String>,
    created_by: Option<String>,
    created_date_time: Option<String>,
    last_updated_date_time: Option<String>,
    complete_after_date_time: Option<String>,
    source_tenant_id: Option<String>,
    target_tenant_id: Option<String>,
    workloads: Vec<String>,
    resources: Vec<String>,
    exchange_settings: Option<ExchangeSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExchangeSettings {
    source_endpoint: Option<String>,
    target_delivery_domain: Option<String>,
}

/// A page of users.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    value: Vec<User>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    last_updated_date_time: Option<String>,
    task_type: Option<String>,
    current_status: Vec<ServiceStatus>,
}

#[derive(Deserialize)]
struct ServiceStatus {
    service: String,
    status: String,
    message: Option<String>,
    errors: Vec<ServiceError>,
}

#[derive(Deserialize)]
struct ServiceError {
    code: Option<String>,
    message: Option<String>,
}

fn letters(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

impl Cancelled {
    /// What was read, so that no compiler leaves the reading out.
    pub fn count(&self) -> usize {
        letters(self.status.as_ref()) + letters(self.message.as_ref())
    }
}

impl Job {
    /// What was read, so that no compiler leaves the reading out.
    pub fn count(&self) -> usize {
        let texts = [
            &self.display_name,
            &self.status,
            &self.message,
            &self.kind,
            &self.resource_type,
            &self.created_by,
            &self.created_date_time,
            &self.last_updated_date_time,
            &self.complete_after_date_time,
            &self.source_tenant_id,
            &self.target_tenant_id,
        ];
        let texts: usize = texts.into_iter().map(|text| letters(text.as_ref())).sum();
        let settings = self.exchange_settings.as_ref().map_or(0, |settings| {
            letters(settings.source_endpoint.as_ref())
                + letters(settings.target_delivery_domain.as_ref())
        });
        self.id.len() + texts + self.workloads.len() + self.resources.len() + settings
    }
}

impl Page {
    /// What was read, so that no compiler leaves the reading out.
    pub fn count(&self) -> usize {
        let users: usize = self.value.iter().map(User::count).sum();
        letters(self.next_link.as_ref()) + users
    }
}

impl User {
    fn count(&self) -> usize {
        let errors = |status: &ServiceStatus| -> usize {
            let of_one = |error: &ServiceError| {
                letters(error.code.as_ref()) + letters(error.message.as_ref())
            };
            status.errors.iter().map(of_one).sum()
        };
        let statuses = self.current_status.iter().map(|status| {
            let text = letters(status.message.as_ref());
            status.service.len() + status.status.len() + text + errors(status)
        });
        let texts =
            letters(self.last_updated_date_time.as_ref()) + letters(self.task_type.as_ref());
        self.id.len() + texts + statuses.sum::<usize>()
    }
}
