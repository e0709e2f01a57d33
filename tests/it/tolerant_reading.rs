//! Answers that do not quite match the documents.

use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobStatus, CrossTenantMigrationServiceStatus,
    SharePointMigrationTaskParameters, SharePointMigrationTaskStatus,
};
use msgraph_migrations::{GetOptions, ListOptions};
use serde_json::{Value, json};

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

async fn answering(body: &Value) -> Server {
    Server::start(Reply::json(200, body.to_string())).await
}

#[tokio::test]
async fn nulls_and_missing_members_are_accepted_everywhere() {
    let job = json!({
        "id": null, "displayName": null, "jobType": null, "status": null, "message": null, "resources": null,
        "workloads": null, "users": null, "exchangeSettings": null, "completeAfterDateTime": null,
    });
    for body in [job, json!({})] {
        let server = answering(&body).await;
        let answer = server
            .client()
            .get_job(JOB, GetOptions::new())
            .await
            .expect("a job");
        assert_eq!(*answer.value(), CrossTenantMigrationJob::default());
        assert!(answer.deviations().is_empty());
    }
    let users = json!({ "value": [{ "id": "u", "currentStatus": [{ "service": null, "status": null, "errors": null }] }] });
    let server = answering(&users).await;
    let answer = server
        .client()
        .list_users(JOB, ListOptions::new())
        .await
        .expect("users");
    assert!(answer.value().value[0].current_status[0].errors.is_empty());
}

#[test]
fn enums_keep_what_they_do_not_know_and_ignore_capitals() {
    for (text, expected) in [
        ("submitted", CrossTenantMigrationJobStatus::Submitted),
        ("Submitted", CrossTenantMigrationJobStatus::Submitted),
        (
            "VALIDATEPASSED",
            CrossTenantMigrationJobStatus::ValidatePassed,
        ),
        (
            "ValidationSubmitted",
            CrossTenantMigrationJobStatus::ValidateSubmitted,
        ),
        ("Canceled", CrossTenantMigrationJobStatus::Cancelled),
        (
            "unknownFutureValue",
            CrossTenantMigrationJobStatus::UnknownFutureValue,
        ),
        (
            "Rewinding",
            CrossTenantMigrationJobStatus::Unknown("Rewinding".to_owned()),
        ),
        ("", CrossTenantMigrationJobStatus::Unknown(String::new())),
    ] {
        let read: CrossTenantMigrationJobStatus =
            serde_json::from_value(json!(text)).expect("any text");
        assert_eq!(read, expected, "{text}");
        let canonical = match &expected {
            CrossTenantMigrationJobStatus::Unknown(text) => text.as_str(),
            known => known.as_str(),
        };
        assert_eq!(serde_json::to_value(&read).expect("text"), json!(canonical));
    }
}

#[test]
fn every_documented_member_is_written_as_it_is_read() {
    for member in CrossTenantMigrationServiceStatus::DOCUMENTED {
        let text = serde_json::to_value(member).expect("text");
        assert_eq!(
            serde_json::from_value::<CrossTenantMigrationServiceStatus>(text).expect("read"),
            *member
        );
    }
    assert_eq!(SharePointMigrationTaskStatus::DOCUMENTED.len(), 6);
}

#[tokio::test]
async fn one_odd_field_never_loses_a_page() {
    let body = json!({
        "@odata.nextLink": "https://graph.microsoft.com/next",
        "@odata.count": "many",
        "value": [
            { "id": "1", "status": "completed", "createdDateTime": "2025-7-18T09:08:04.451Z" },
            { "id": 2, "status": ["failed"], "workloads": "Teams", "displayName": "second", "message": null },
            "not an object",
            { "id": "4", "exchangeSettings": { "sourceEndpoint": 7, "targetDeliveryDomain": "d" } },
            null,
            { "id": "6", "resources": ["a", 5, "b"] },
        ]
    });
    let server = answering(&body).await;
    let answer = server
        .client()
        .list_jobs(ListOptions::new())
        .await
        .expect("a page");
    let page = answer.value();
    assert_eq!(
        page.odata_next_link.as_deref(),
        Some("https://graph.microsoft.com/next")
    );
    let ids: Vec<_> = page.value.iter().map(|job| job.id.as_deref()).collect();
    assert_eq!(ids, [Some("1"), None, None, Some("4"), None, Some("6")]);
    assert!(
        page.value[0]
            .created_date_time
            .as_ref()
            .and_then(msgraph_migrations::DateTimeOffset::to_utc)
            .is_some()
    );
    assert_eq!(page.value[1].display_name.as_deref(), Some("second"));
    let settings = page.value[3].exchange_settings.as_ref().expect("settings");
    assert_eq!(settings.target_delivery_domain.as_deref(), Some("d"));
    assert_eq!(page.value[5].resources, ["a", "b"]);
    let mut odd: Vec<_> = answer
        .deviations()
        .iter()
        .map(|deviation| deviation.pointer.as_str())
        .collect();
    odd.sort_unstable();
    assert_eq!(
        odd,
        [
            "/@odata.count",
            "/value/1/id",
            "/value/1/status",
            "/value/1/workloads",
            "/value/2",
            "/value/3/exchangeSettings/sourceEndpoint",
            "/value/4",
            "/value/5/resources/1",
        ]
    );
    assert!(
        answer.text().contains("not an object"),
        "the raw text keeps everything"
    );
}

#[tokio::test]
async fn a_page_of_which_every_item_is_odd_is_still_read() {
    let items: Vec<_> = (0..2_000)
        .map(|n| json!({ "id": n, "displayName": format!("job {n}") }))
        .collect();
    let server = answering(&json!({ "value": items })).await;
    let answer = server
        .client()
        .list_jobs(ListOptions::new())
        .await
        .expect("a page");
    assert_eq!(answer.value().value.len(), 2_000);
    assert_eq!(answer.deviations().len(), 2_000);
}

#[tokio::test]
async fn parameters_of_an_unknown_or_missing_kind_are_kept_as_json() {
    for (parameters, expected) in [
        (
            json!({ "@odata.type": "#microsoft.graph.sharePointUserMigrationTaskParameters", "validateOnly": true }),
            "user",
        ),
        (
            json!({ "@odata.type": "microsoft.graph.SharePointGroupMigrationTaskParameters" }),
            "group",
        ),
        (
            json!({ "@odata.type": "#microsoft.graph.sharePointTeamMigrationTaskParameters", "team": 1 }),
            "other",
        ),
        (
            json!({ "sourceSiteUrl": "https://alderwood.example" }),
            "other",
        ),
        (
            json!({ "@odata.type": "#microsoft.graph.sharePointSiteMigrationTaskParameters", "validateOnly": "yes" }),
            "other",
        ),
    ] {
        let server = answering(&json!({ "id": "t", "parameters": parameters })).await;
        let answer = server
            .client()
            .get_sharepoint_task("t", GetOptions::new())
            .await
            .expect("a task");
        let kind = match answer.value().parameters.as_ref().expect("parameters") {
            SharePointMigrationTaskParameters::User(user) => {
                assert_eq!(user.validate_only, Some(true));
                "user"
            }
            SharePointMigrationTaskParameters::Site(_) => "site",
            SharePointMigrationTaskParameters::Group(_) => "group",
            other => {
                assert_eq!(serde_json::to_value(other).expect("JSON"), parameters);
                "other"
            }
        };
        assert_eq!(kind, expected, "{parameters}");
    }
}

#[tokio::test]
async fn an_answer_with_a_byte_order_mark_is_read() {
    let server = Server::start(Reply::json(200, "\u{feff}{\"id\":\"x\"}")).await;
    let answer = server
        .client()
        .get_job(JOB, GetOptions::new())
        .await
        .expect("a job");
    assert_eq!(answer.value().id.as_deref(), Some("x"));
}

#[tokio::test]
async fn answers_that_drafts_wrap_in_value_are_unwrapped() {
    let server = answering(&json!({ "value": { "id": "x", "status": "validateSubmitted" } })).await;
    let answer = server
        .client()
        .get_job(JOB, GetOptions::new())
        .await
        .expect("a job");
    assert_eq!(
        answer.value().status,
        Some(CrossTenantMigrationJobStatus::ValidateSubmitted)
    );
}
