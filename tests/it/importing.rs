//! What a program meets that imports the crate: no foreign crate to name, no pinning, tests of its own.

use msgraph_migrations::dependencies::{chrono, futures_core::Stream, reqwest, serde_json};
use msgraph_migrations::models::{
    CrossTenantMigrationJob, GroupIdentity, SharePointMigrationTaskParameters,
    SharePointUserIdentityMappingDeltaItem, UserIdentity,
};
use msgraph_migrations::test_util::{self, FakeAnswer};
use msgraph_migrations::{
    DateTimeOffset, Error, ErrorKind, HeaderMap, Items, ListOptions, RunningStatus, StatusCode,
    operations,
};

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

fn is_stream<T>(_: &(impl Stream<Item = Result<T, Error>> + Send + Unpin)) {}

#[tokio::test]
async fn a_list_is_walked_without_pinning_and_tells_what_it_left_out() {
    let page = r#"{"value":[{"id":"one"},{"id":"two","status":7},"nonsense"]}"#;
    let server = Server::start(Reply::json(200, page)).await;
    let mut jobs: Items<CrossTenantMigrationJob> = server.client().jobs(ListOptions::new());
    is_stream(&jobs);
    let mut seen = Vec::new();
    while let Some(job) = jobs.try_next().await.expect("a page") {
        let left_out: Vec<_> = job
            .deviations()
            .iter()
            .map(|left_out| left_out.pointer.clone())
            .collect();
        seen.push((job.id.clone().unwrap_or_default(), left_out));
    }
    let expected = [("one", vec![]), ("two", vec!["/status"]), ("", vec![""])];
    let expected = expected.map(|(id, left_out)| {
        (
            id.to_owned(),
            left_out.into_iter().map(str::to_owned).collect::<Vec<_>>(),
        )
    });
    assert_eq!(seen, expected);

    let server = Server::start(Reply::json(200, page)).await;
    let mut pages = server.client().job_pages(ListOptions::new());
    is_stream(&pages);
    let first = pages.try_next().await.expect("a page").expect("one page");
    assert_eq!(first.value().value.len(), 3);
    assert!(pages.try_next().await.expect("the end").is_none());
}

#[tokio::test]
async fn the_types_of_other_crates_have_names_here() {
    let time: chrono::DateTime<chrono::Utc> = chrono::DateTime::UNIX_EPOCH;
    let written = DateTimeOffset::try_from(time).expect("a year of four digits");
    assert_eq!(written.to_utc(), Some(time));
    let object = serde_json::Map::<String, serde_json::Value>::new();
    let _ = SharePointMigrationTaskParameters::Other(object);
    let server = Server::start(Reply::json(404, "{}")).await;
    let client = server.client();
    let error = client.cancel_job(JOB).await.expect_err("404");
    let status: Option<reqwest::StatusCode> = error.status();
    assert_eq!(status, Some(StatusCode::NOT_FOUND));
    let headers: Option<&HeaderMap> = error.headers();
    assert!(headers.is_some());
}

#[test]
fn a_request_is_built_by_methods_so_that_it_can_gain_properties() {
    let item = SharePointUserIdentityMappingDeltaItem::new(UserIdentity::of_id("a"))
        .source_organization_id("b")
        .target_user_identity(UserIdentity::new().user_principal_name("c"));
    let written = serde_json::to_value(&item).expect("JSON");
    assert_eq!(written["sourceUserIdentity"]["id"], "a");
    assert_eq!(written["sourceOrganizationId"], "b");
    assert_eq!(written["targetUserIdentity"]["userPrincipalName"], "c");
    assert_eq!(
        GroupIdentity::new().mail_nickname("crew"),
        GroupIdentity::of_mail_nickname("crew")
    );
}

#[test]
fn answers_made_up_for_tests_tell_what_real_ones_would() {
    let conflict = FakeAnswer::to(&operations::CANCEL_JOB, StatusCode::CONFLICT)
        .path("/v1.0/jobs/7/cancel")
        .header(
            reqwest::header::RETRY_AFTER,
            reqwest::header::HeaderValue::from_static("5"),
        )
        .body(r#"{"error":{"code":"C","message":"Current status is cuttingOver"}}"#);
    let refusal = conflict.clone().refusal();
    assert_eq!(
        refusal.current_status(),
        Some(RunningStatus::CuttingOver.as_str())
    );
    assert_eq!(refusal.path(), "/v1.0/jobs/7/cancel");
    assert_eq!(refusal.retry_after().map(|wait| wait.as_secs()), Some(5));
    let response = FakeAnswer::to(&operations::GET_JOB, StatusCode::OK).response(7);
    assert_eq!(*response.value(), 7);
    assert_eq!(response.operation().id, "getJob");
    for (status, may_have_taken_effect) in [
        (StatusCode::NOT_FOUND, false),
        (StatusCode::TOO_MANY_REQUESTS, false),
        (StatusCode::BAD_GATEWAY, true),
    ] {
        let error = FakeAnswer::to(&operations::CANCEL_JOB, status).error();
        assert_eq!(
            error.may_have_taken_effect(),
            may_have_taken_effect,
            "{error}"
        );
        assert_eq!(error.operation().map(|one| one.id), Some("cancelJob"));
    }
    for (kind, was_sent) in [
        (ErrorKind::Interrupted, true),
        (ErrorKind::Connect, false),
        (ErrorKind::Token, false),
    ] {
        let error = test_util::error(kind, &operations::CANCEL_JOB);
        assert_eq!(
            (
                error.kind(),
                error.was_sent(),
                error.may_have_taken_effect()
            ),
            (kind, was_sent, was_sent)
        );
    }
}

#[test]
fn every_link_of_a_readme_holds_outside_the_repository() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for readme in ["README.md", "workflows/README.md", "sandbox/README.md"] {
        let text = std::fs::read_to_string(root.join(readme)).expect("a README");
        for (at, start) in text.match_indices("](") {
            let target = &text[at + start.len()..];
            let target = target.split(')').next().unwrap_or_default();
            assert!(
                target.starts_with("https://") || target.starts_with('#'),
                "{readme} links to {target}"
            );
        }
    }
}
