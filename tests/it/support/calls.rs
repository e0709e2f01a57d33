//! One call of every method of the client, so that a table can drive them all.

use std::future::Future;
use std::pin::Pin;

use msgraph_migrations::models::{
    CrossTenantMigrationJobCreate, SharePointGroupIdentityMappingDeltaItem,
    SharePointUserIdentityMappingDeltaItem, SharePointUserMigrationTaskParameters, UserIdentity,
};
use msgraph_migrations::{
    CancelOutcome, Client, DeleteOutcome, Error, GetOptions, ListOptions, Refusal, Response,
    StartOutcome,
};
use serde::Serialize;
use serde_json::Value;

pub const JOB: &str = "a35e80d7-4b19-4c6f-92d8-e17f0b6c5a24";
pub const USER: &str = "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754";
pub const TASK: &str = "52ad9c30-6e1b-4f87-a4d5-08b7c91e3f62";
pub const TENANT: &str = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
pub const UPN: &str = "ines.moreau@alderwood.example";

/// What a caller sees of an answer that is no error.
#[derive(Debug)]
pub struct Seen {
    pub outcome: &'static str,
    pub status: u16,
    pub request_id: Option<String>,
    pub text: String,
    pub deviations: Vec<String>,
    pub value: Value,
}

pub type Sight = Result<Seen, Error>;
type Driven<'a> = Pin<Box<dyn Future<Output = Sight> + Send + 'a>>;

/// Operation id, and how to call it.
pub type Call = (&'static str, for<'a> fn(&'a Client) -> Driven<'a>);

pub const CALLS: &[Call] = &[
    ("listJobs", |c| {
        Box::pin(async { c.list_jobs(ListOptions::new()).await.map(plain) })
    }),
    ("createJob", |c| {
        Box::pin(async { c.create_job(&new_job()).await.map(plain) })
    }),
    ("getJob", |c| {
        Box::pin(async { c.get_job(JOB, GetOptions::new()).await.map(plain) })
    }),
    ("updateJob", |c| {
        Box::pin(async {
            c.update_job(JOB, "2026-12-19T20:00:00Z".parse().expect("a time"))
                .await
                .map(plain)
        })
    }),
    ("deleteJob", |c| {
        Box::pin(async {
            c.delete_job(JOB).await.map(|outcome| match outcome {
                DeleteOutcome::Accepted(response) => seen("Accepted", &response),
                DeleteOutcome::NotFinal(refusal) => refused("NotFinal", &refusal),
            })
        })
    }),
    ("cancelJob", |c| {
        Box::pin(async { c.cancel_job(JOB).await.map(cancelled) })
    }),
    ("validateJob", |c| {
        Box::pin(async { c.validate_job(JOB).await.map(started) })
    }),
    ("migrateJob", |c| {
        Box::pin(async { c.migrate_job(JOB).await.map(started) })
    }),
    ("listUsers", |c| {
        Box::pin(async { c.list_users(JOB, ListOptions::new()).await.map(plain) })
    }),
    ("getUser", |c| {
        Box::pin(async { c.get_user(JOB, USER, GetOptions::new()).await.map(plain) })
    }),
    ("cancelUser", |c| {
        Box::pin(async { c.cancel_user(JOB, USER).await.map(cancelled) })
    }),
    ("createSharepointTask", |c| {
        Box::pin(async { c.create_sharepoint_task(new_task()).await.map(plain) })
    }),
    ("getSharepointTask", |c| {
        Box::pin(async {
            c.get_sharepoint_task(TASK, GetOptions::new())
                .await
                .map(plain)
        })
    }),
    ("getSharepointTaskBySourceUserPrincipalName", |c| {
        Box::pin(async {
            c.get_sharepoint_task_by_source_user_principal_name(UPN, GetOptions::new())
                .await
                .map(plain)
        })
    }),
    ("getSharepointTaskBySourceSiteUrl", |c| {
        Box::pin(async {
            let site = "https://alderwood.sharepoint.example/sites/Finance";
            c.get_sharepoint_task_by_source_site_url(site, GetOptions::new())
                .await
                .map(plain)
        })
    }),
    ("getSharepointTaskBySourceGroupMailNickname", |c| {
        Box::pin(async {
            let group = "alderwood-projects";
            c.get_sharepoint_task_by_source_group_mail_nickname(group, GetOptions::new())
                .await
                .map(plain)
        })
    }),
    ("cancelSharepointTask", |c| {
        Box::pin(async { c.cancel_sharepoint_task(TASK).await.map(cancelled) })
    }),
    ("getUserMapping", |c| {
        Box::pin(async { c.get_user_mapping(UPN, GetOptions::new()).await.map(plain) })
    }),
    ("updateUserMappings", |c| {
        Box::pin(async {
            c.update_user_mappings(vec![user_mapping(UPN)])
                .await
                .map(plain)
        })
    }),
    ("getGroupMapping", |c| {
        Box::pin(async { c.get_group_mapping(JOB, GetOptions::new()).await.map(plain) })
    }),
    ("updateGroupMappings", |c| {
        Box::pin(async {
            c.update_group_mappings(vec![group_mapping(JOB)])
                .await
                .map(plain)
        })
    }),
];

/// How to call the operation `id`.
pub fn call(id: &str) -> for<'a> fn(&'a Client) -> Driven<'a> {
    CALLS
        .iter()
        .find(|(name, _)| *name == id)
        .unwrap_or_else(|| panic!("no call of {id}"))
        .1
}

pub fn new_job() -> CrossTenantMigrationJobCreate {
    let mut job = CrossTenantMigrationJobCreate::of_users(
        "Alderwood wave 3",
        TENANT,
        "2026-12-12T20:00:00Z".parse().expect("a time"),
        [USER],
    );
    job.workloads = vec!["Teams".to_owned()];
    job
}

pub fn new_task() -> SharePointUserMigrationTaskParameters {
    SharePointUserMigrationTaskParameters::new()
        .source_user_identity(user(UPN))
        .target_user_identity(user("ines.moreau@harborlane.example"))
}

pub fn user(name: &str) -> UserIdentity {
    UserIdentity::of_user_principal_name(name)
}

pub fn user_mapping(name: &str) -> SharePointUserIdentityMappingDeltaItem {
    SharePointUserIdentityMappingDeltaItem::upsert(TENANT, name, "somebody@harborlane.example")
}

pub fn group_mapping(id: &str) -> SharePointGroupIdentityMappingDeltaItem {
    SharePointGroupIdentityMappingDeltaItem::upsert(TENANT, id, USER)
}

fn seen<T: Serialize>(outcome: &'static str, response: &Response<T>) -> Seen {
    Seen {
        outcome,
        status: response.status().as_u16(),
        request_id: response.request_id().map(str::to_owned),
        text: response.text().into_owned(),
        deviations: response
            .deviations()
            .iter()
            .map(ToString::to_string)
            .collect(),
        value: serde_json::to_value(response.value()).expect("models are written as JSON"),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands where a method takes a response"
)]
fn plain<T: Serialize>(response: Response<T>) -> Seen {
    seen("", &response)
}

fn refused(outcome: &'static str, refusal: &Refusal) -> Seen {
    Seen {
        outcome,
        status: refusal.status().as_u16(),
        request_id: refusal.request_id().map(str::to_owned),
        text: refusal.text().into_owned(),
        deviations: Vec::new(),
        value: Value::Null,
    }
}

fn cancelled(outcome: CancelOutcome) -> Seen {
    match outcome {
        CancelOutcome::Accepted(response) => seen("Accepted", &response),
        CancelOutcome::AlreadyBeingCancelled(refusal) => refused("AlreadyBeingCancelled", &refusal),
        CancelOutcome::AlreadyFinal { refusal, .. } => refused("AlreadyFinal", &refusal),
        CancelOutcome::TooLate { refusal, .. } => refused("TooLate", &refusal),
        CancelOutcome::Undetermined(refusal) => refused("Undetermined", &refusal),
    }
}

fn started(outcome: StartOutcome) -> Seen {
    match outcome {
        StartOutcome::Started(response) => seen("Started", &response),
        StartOutcome::InvalidStatus(refusal) => refused("InvalidStatus", &refusal),
        StartOutcome::ValidationExpired(refusal) => refused("ValidationExpired", &refusal),
        StartOutcome::Undetermined(refusal) => refused("Undetermined", &refusal),
    }
}
