//! Rules that are checked before sending, and rules that are left to the service.

use msgraph_migrations::models::{
    CrossTenantMigrationJobCreate, SharePointMigrationTaskParameters,
    SharePointSiteMigrationTaskParameters,
};
use msgraph_migrations::{Client, ErrorKind, MAX_MAPPINGS};
use serde_json::json;

use crate::support::calls::{UPN, group_mapping, new_job, new_task, user, user_mapping};
use crate::support::server::{Reply, Server};

async fn server() -> (Server, Client) {
    let server = Server::start(Reply::json(200, r#"{"value":[]}"#)).await;
    let client = server.client();
    (server, client)
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(
    server: &Server,
    result: Result<T, msgraph_migrations::Error>,
    words: &str,
) {
    let error = result.expect_err(words);
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(error.to_string().contains(words), "{error} lacks {words:?}");
    assert!(server.requests().is_empty(), "refused and sent");
}

type Empty = fn(&mut CrossTenantMigrationJobCreate);

#[tokio::test]
async fn a_job_without_a_required_property_is_refused() {
    let (server, client) = server().await;
    let cases: [(&str, Empty); 5] = [
        ("displayName is empty", |job| {
            job.display_name = "  ".to_owned();
        }),
        ("sourceTenantId is empty", |job| {
            job.source_tenant_id.clear();
        }),
        ("resourceType is empty", |job| job.resource_type.clear()),
        ("resources is empty", |job| job.resources.clear()),
        ("an item of resources is empty", |job| {
            job.resources.push(String::new());
        }),
    ];
    for (words, empty) in cases {
        let mut job = new_job();
        empty(&mut job);
        assert_refused(&server, client.create_job(&job).await, words);
    }
}

#[tokio::test]
async fn what_the_documents_disagree_on_is_left_to_the_service() {
    let (server, client) = server().await;
    let mut job = new_job();
    job.resources = (0..2_500).map(|number| format!("user-{number}")).collect();
    job.complete_after_date_time = "2001-01-01T00:00:00Z".parse().expect("a time");
    job.workloads = vec!["Meeting".to_owned()];
    client.create_job(&job).await.expect("sent");
    // Neither or both of the two properties by which one page names the source site.
    client
        .create_sharepoint_task(SharePointSiteMigrationTaskParameters::default())
        .await
        .expect("sent");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_latest_start_that_is_not_later_than_the_start_is_refused() {
    let (server, client) = server().await;
    for (start, latest) in [
        ("2026-12-05T20:00:00Z", "2026-12-05T20:00:00Z"),
        ("2026-12-05T20:00:00Z", "2026-12-05T19:59:59Z"),
        ("2026-12-05T20:00:00Z", "2026-12-05T21:00:00+01:00"),
    ] {
        let mut task = new_task();
        task.preferred_start_date_time = Some(start.parse().expect("a time"));
        task.preferred_latest_start_date_time = Some(latest.parse().expect("a time"));
        assert_refused(
            &server,
            client.create_sharepoint_task(task).await,
            "preferredLatestStartDateTime is not later",
        );
    }
    for start in [None, Some("2026-12-05T19:59:59Z")] {
        let mut task = new_task();
        task.preferred_start_date_time = start.map(|start| start.parse().expect("a time"));
        task.preferred_latest_start_date_time =
            Some("2026-12-05T20:00:00Z".parse().expect("a time"));
        client
            .create_sharepoint_task(task)
            .await
            .expect("one alone is fine, and so is a later one");
    }
}

#[tokio::test]
async fn parameters_of_no_kind_are_refused() {
    let (server, client) = server().await;
    let of_kind = |kind: serde_json::Value| {
        let parameters =
            json!({ "@odata.type": kind, "sourceSiteUrl": "https://alderwood.example" });
        serde_json::from_value::<SharePointMigrationTaskParameters>(parameters).expect("an object")
    };
    for kind in [json!(null), json!(""), json!(7)] {
        assert_refused(
            &server,
            client.create_sharepoint_task(of_kind(kind)).await,
            "no @odata.type",
        );
    }
    // One that is not documented yet is the caller's to choose.
    client
        .create_sharepoint_task(of_kind(json!("#microsoft.graph.somethingNew")))
        .await
        .expect("sent");
}

#[tokio::test]
async fn mappings_are_counted_and_must_name_their_source() {
    let (server, client) = server().await;
    let many = |count: usize| {
        (0..count)
            .map(|n| user_mapping(&format!("user{n}@alderwood.example")))
            .collect::<Vec<_>>()
    };
    assert_refused(
        &server,
        client.update_user_mappings(many(0)).await,
        "no mapping",
    );
    assert_refused(
        &server,
        client.update_user_mappings(many(MAX_MAPPINGS + 1)).await,
        "51 mappings are more than the 50",
    );
    let groups = (0..=MAX_MAPPINGS)
        .map(|n| group_mapping(&n.to_string()))
        .collect();
    assert_refused(
        &server,
        client.update_group_mappings(groups).await,
        "51 mappings",
    );
    let nameless = user_mapping(UPN).source_user_identity(user(" "));
    assert_refused(
        &server,
        client
            .update_user_mappings(vec![user_mapping(UPN), nameless])
            .await,
        "mapping 1 names nobody",
    );
    assert_refused(
        &server,
        client.update_group_mappings(vec![group_mapping("")]).await,
        "mapping 0 names nobody",
    );

    client
        .update_user_mappings(many(MAX_MAPPINGS))
        .await
        .expect("the most is allowed");
    let by_id = msgraph_migrations::models::UserIdentity::of_id("an id");
    let by_id = user_mapping(UPN).source_user_identity(by_id);
    client
        .update_user_mappings(vec![by_id])
        .await
        .expect("an id names a user too");
}
