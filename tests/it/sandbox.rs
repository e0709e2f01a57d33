//! Every call of the client against the sandbox, which knows nothing of the client's types.

use std::collections::BTreeSet;
use std::time::Duration;

use msgraph_migrations::models::{
    CrossTenantMigrationJobStatus as Status, SharePointMigrationTaskStatus as TaskStatus,
    SharePointSiteMigrationTaskParameters,
};
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, DeleteOutcome, FinalStatus, GetOptions, ListOptions,
    StartOutcome,
};
use msgraph_migrations_checks::sets::assert_same;
use msgraph_migrations_sandbox::Sandbox;

use crate::support::calls::{
    CALLS, TENANT, UPN, USER, group_mapping, new_job, new_task, user_mapping,
};

async fn rehearsal() -> (Sandbox, Client) {
    let sandbox = Sandbox::builder().seed(7).start().await.expect("a sandbox");
    let token = AccessToken::new("rehearsal").expect("a token");
    let client = Client::builder(token)
        .endpoint(sandbox.base_url())
        .build()
        .expect("a client");
    (sandbox, client)
}

async fn status(client: &Client, job: &str) -> Option<Status> {
    let options = GetOptions::new().select(["id", "status"]);
    client
        .get_job(job, options)
        .await
        .expect("a job")
        .into_value()
        .status
}

#[tokio::test]
async fn every_call_of_the_client_is_understood_by_the_sandbox() {
    let (sandbox, client) = rehearsal().await;
    jobs(&sandbox, &client).await;
    mappings(&client).await;
    tasks(&client).await;

    let understood: BTreeSet<_> = sandbox
        .requests()
        .into_iter()
        .filter_map(|request| request.operation)
        .collect();
    let called: BTreeSet<_> = CALLS.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_same(
        "operations that the sandbox understood",
        understood,
        called,
        "sandbox/src/operation.rs and sandbox/src/dispatch/route.rs, or what this test in tests/it/sandbox.rs calls",
    );
}

async fn jobs(sandbox: &Sandbox, client: &Client) {
    let created = client
        .create_job(&new_job())
        .await
        .expect("a job")
        .into_value();
    let id = created.id.expect("an id");
    assert_eq!(created.status, Some(Status::Submitted));
    let name = created.display_name.expect("a name");

    let started = client.validate_job(&id).await.expect("an answer");
    assert!(matches!(started, StartOutcome::Started(_)), "{started:?}");
    let again = client.validate_job(&id).await.expect("an answer");
    assert!(matches!(again, StartOutcome::InvalidStatus(_)), "{again:?}");
    sandbox
        .advance(Duration::from_hours(6))
        .expect("time passes");
    assert_eq!(status(client, &name).await, Some(Status::ValidatePassed));

    sandbox
        .advance(Duration::from_hours(8 * 24))
        .expect("time passes");
    let late = client.migrate_job(&id).await.expect("an answer");
    assert!(
        matches!(late, StartOutcome::ValidationExpired(_)),
        "{late:?}"
    );

    client
        .update_job(&id, "2027-01-05T20:00:00Z".parse().expect("a time"))
        .await
        .expect("an update");
    let page = client
        .list_jobs(ListOptions::new().top(5).count())
        .await
        .expect("a page");
    assert_eq!(page.value().odata_count, Some(1));
    let users = client
        .list_users(&id, ListOptions::new())
        .await
        .expect("users")
        .into_value();
    assert_eq!(users.value.len(), 1);
    let user = client
        .get_user(&id, USER, GetOptions::new())
        .await
        .expect("a user");
    assert_eq!(user.value().id.as_deref(), Some(USER));

    let early = client.delete_job(&id).await.expect("an answer");
    assert!(matches!(early, DeleteOutcome::NotFinal(_)), "{early:?}");
    let one = client.cancel_user(&id, USER).await.expect("an answer");
    assert!(matches!(one, CancelOutcome::Accepted(_)), "{one:?}");
    let all = client.cancel_job(&id).await.expect("an answer");
    assert!(matches!(all, CancelOutcome::Accepted(_)), "{all:?}");
    sandbox
        .advance(Duration::from_hours(6))
        .expect("time passes");
    assert_eq!(status(client, &id).await, Some(Status::Cancelled));
    let twice = client.cancel_job(&id).await.expect("an answer");
    assert!(
        matches!(
            twice,
            CancelOutcome::AlreadyFinal {
                status: FinalStatus::Cancelled,
                ..
            }
        ),
        "{twice:?}"
    );
    let gone = client.delete_job(&id).await.expect("an answer");
    assert!(matches!(gone, DeleteOutcome::Accepted(_)), "{gone:?}");
    assert_eq!(status(client, &id).await, Some(Status::PendingDelete));

    // A job past validation can be migrated; its effect is counted once.
    sandbox.preload_jobs(1, 2).expect("a job");
    let ready = sandbox
        .jobs()
        .into_iter()
        .find(|job| job.id != id)
        .expect("the preloaded job")
        .id;
    sandbox
        .set_job_status(&ready, "validatePassed")
        .expect("a status");
    let moving = client.migrate_job(&ready).await.expect("an answer");
    assert!(matches!(moving, StartOutcome::Started(_)), "{moving:?}");
    assert_eq!(sandbox.effects("migrateJob"), 1);
}

async fn mappings(client: &Client) {
    let changed = client
        .update_user_mappings(vec![user_mapping(UPN)])
        .await
        .expect("mappings");
    assert_eq!(changed.value().value.len(), 1);
    let mapping = client
        .get_user_mapping(UPN, GetOptions::new())
        .await
        .expect("a mapping");
    assert_eq!(
        mapping.value().source_organization_id.as_deref(),
        Some(TENANT)
    );
    client
        .update_group_mappings(vec![group_mapping(USER)])
        .await
        .expect("mappings");
    let mapping = client
        .get_group_mapping(USER, GetOptions::new())
        .await
        .expect("a mapping");
    assert_eq!(
        mapping.value().source_organization_id.as_deref(),
        Some(TENANT)
    );
}

async fn tasks(client: &Client) {
    let created = client
        .create_sharepoint_task(new_task())
        .await
        .expect("a task")
        .into_value();
    let id = created.id.expect("an id");
    assert_eq!(created.status, Some(TaskStatus::NotStarted));
    let found = client
        .get_sharepoint_task_by_source_user_principal_name(UPN, GetOptions::new())
        .await
        .expect("a task");
    assert_eq!(found.value().id.as_deref(), Some(id.as_str()));

    let site = "https://alderwood.sharepoint.example/sites/O'Brien & Søn";
    let parameters = SharePointSiteMigrationTaskParameters::new()
        .source_site_url(site)
        .target_site_url("https://harborlane.sharepoint.example/sites/obrien");
    client
        .create_sharepoint_task(parameters)
        .await
        .expect("a task");
    let found = client
        .get_sharepoint_task_by_source_site_url(site, GetOptions::new())
        .await;
    assert_eq!(
        found.expect("a task").value().status,
        Some(TaskStatus::NotStarted)
    );
    let group = client
        .get_sharepoint_task_by_source_group_mail_nickname("nobody", GetOptions::new())
        .await
        .expect_err("no such task");
    assert_eq!(group.status().map(|status| status.as_u16()), Some(404));

    let cancelled = client.cancel_sharepoint_task(&id).await.expect("an answer");
    assert!(
        matches!(cancelled, CancelOutcome::Accepted(_)),
        "{cancelled:?}"
    );
    let task = client
        .get_sharepoint_task(&id, GetOptions::new())
        .await
        .expect("a task");
    assert_eq!(task.value().status, Some(TaskStatus::Cancelled));
}
