//! What exactly travels to the service.

use msgraph_migrations::models::SharePointUserIdentityMappingDeltaItem;
use msgraph_migrations::{Client, Error, ErrorKind, GetOptions, ListOptions, RetryPolicy, Version};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::support::calls::{
    CALLS, JOB, TENANT, UPN, USER, call, group_mapping, new_job, new_task,
};
use crate::support::server::{Reply, Request, SECRET, Server};

/// An answer that every call takes: a list, or an object without a property that is known.
const ANY: &str = r#"{"value":[]}"#;

async fn sent(id: &str) -> Request {
    let server = Server::start(Reply::json(200, ANY)).await;
    call(id)(&server.client())
        .await
        .unwrap_or_else(|error| panic!("{id}: {error}"));
    server.request()
}

#[tokio::test]
async fn an_action_without_a_body_states_a_length_of_zero() {
    for id in [
        "cancelJob",
        "validateJob",
        "migrateJob",
        "cancelUser",
        "cancelSharepointTask",
    ] {
        let request = sent(id).await;
        assert_eq!(request.method, "POST", "{id}");
        assert_eq!(request.header("content-length"), Some("0"), "{id}");
        assert_eq!(request.header("content-type"), None, "{id}");
    }
}

#[tokio::test]
async fn no_request_carries_a_header_that_nobody_asked_for() {
    for (id, _) in CALLS {
        let request = sent(id).await;
        let expected = [
            "accept",
            "authorization",
            "client-request-id",
            "content-length",
            "content-type",
            "host",
            "user-agent",
        ];
        for (name, _) in &request.headers {
            assert!(expected.contains(&name.as_str()), "{id} sends {name}");
        }
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {SECRET}").as_str()),
            "{id}"
        );
        let client_request_id = request.header("client-request-id").unwrap_or_default();
        assert!(
            client_request_id.parse::<uuid::Uuid>().is_ok(),
            "{id}: {client_request_id}"
        );
        let agent = request.header("user-agent").unwrap_or_default();
        assert!(agent.starts_with("msgraph-migrations/"), "{id}: {agent}");
    }
}

#[tokio::test]
async fn each_call_has_a_client_request_id_of_its_own() {
    let server = Server::start(Reply::json(200, ANY)).await;
    let client = server.client();
    for _ in 0..5 {
        client.get_job(JOB, GetOptions::new()).await.expect("a job");
    }
    let mut ids: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("client-request-id").map(str::to_owned))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn lists_of_options_travel_as_one_comma_list_and_absent_ones_not_at_all() {
    let server = Server::start(Reply::json(200, ANY)).await;
    let client = server.client();
    client.list_jobs(ListOptions::new()).await.expect("a page");
    let options = ListOptions::new()
        .select(["id", "status"])
        .order_by(["createdDateTime desc", "id"])
        .top(50)
        .count()
        .skip_token("a+b/c=&d");
    client.list_users(JOB, options).await.expect("a page");
    client
        .get_user(JOB, USER, GetOptions::new().select(["id", "currentStatus"]))
        .await
        .expect("a user");

    let requests = server.requests();
    assert_eq!(
        requests[0].target,
        "/v1.0/solutions/migrations/crossTenantMigrationJobs"
    );
    let mut query = pairs(&requests[1]);
    query.sort();
    let expected = [
        ("$count", "true"),
        ("$orderby", "createdDateTime desc,id"),
        ("$select", "id,status"),
        ("$skiptoken", "a+b/c=&d"),
        ("$top", "50"),
    ];
    assert_eq!(
        query,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        pairs(&requests[2]),
        [("$select".to_owned(), "id,currentStatus".to_owned())]
    );
}

fn pairs(request: &Request) -> Vec<(String, String)> {
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    reqwest::Url::parse(&format!("http://host/?{query}"))
        .expect("a query")
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

#[tokio::test]
async fn jobs_go_to_the_chosen_version_and_sharepoint_always_to_beta() {
    let server = Server::start(Reply::json(200, ANY)).await;
    for (version, prefix) in [(Version::V1, "/v1.0/"), (Version::Beta, "/beta/")] {
        let client = server.builder().version(version).build().expect("a client");
        client.get_job(JOB, GetOptions::new()).await.expect("a job");
        client
            .get_sharepoint_task("task", GetOptions::new())
            .await
            .expect("a task");
        client
            .get_user_mapping(UPN, GetOptions::new())
            .await
            .expect("a mapping");
        let requests = server.requests();
        let latest: Vec<_> = requests[requests.len() - 3..]
            .iter()
            .map(Request::path)
            .collect();
        assert!(latest[0].starts_with(prefix), "{latest:?}");
        assert!(
            latest[1..]
                .iter()
                .all(|path| path.starts_with("/beta/solutions/sharePoint/")),
            "{latest:?}"
        );
    }
}

const HOSTILE: [&str; 20] = [
    "..",
    ".",
    "%2e%2e",
    "%2E%2E/x",
    "a/b",
    "a/../b",
    "/",
    "a?b=c",
    "a#b",
    "o'brien",
    "''",
    "a\"b",
    "a\\b",
    "100%",
    "a+b c",
    "",
    "tab\there",
    "line\nbreak",
    "zero\0",
    "Żółć 日本 🚚",
];

/// The last segment of the path that arrived, without `before` and `after` it.
fn arrived(request: &Request, before: &str, after: &str) -> String {
    let rest = request
        .target
        .strip_prefix(before)
        .unwrap_or_else(|| panic!("{} lacks {before}", request.target));
    let rest = rest
        .strip_suffix(after)
        .unwrap_or_else(|| panic!("{} lacks {after}", request.target));
    assert!(
        !rest.contains(['/', '?', '#']),
        "{} is no single segment",
        request.target
    );
    percent_decode_str(rest)
        .decode_utf8()
        .expect("UTF-8")
        .into_owned()
}

#[tokio::test]
async fn a_hostile_id_arrives_as_it_is_or_is_refused_before_anything_is_sent() {
    let mut refused = Vec::new();
    for id in HOSTILE {
        let server = Server::start(Reply::json(202, "{}")).await;
        let client = server.client();
        let jobs = "/v1.0/solutions/migrations/crossTenantMigrationJobs/";
        let tasks = "/beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks/";
        let users = format!("{jobs}{JOB}/users/");
        let results: [(Result<(), Error>, &str, &str); 4] = [
            (client.cancel_job(id).await.map(drop), jobs, "/cancel"),
            (
                client.get_job(id, GetOptions::new()).await.map(drop),
                jobs,
                "",
            ),
            (
                client.cancel_user(JOB, id).await.map(drop),
                &users,
                "/cancel",
            ),
            (
                client.cancel_sharepoint_task(id).await.map(drop),
                tasks,
                "/cancel",
            ),
        ];
        let requests = server.requests();
        if results.iter().all(|(result, ..)| result.is_err()) {
            assert!(
                requests.is_empty(),
                "{id:?} was refused and sent: {requests:?}"
            );
            for (result, ..) in results {
                let error = result.expect_err("refused");
                assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{id:?}");
                assert!(!error.was_sent() && error.is_safe_to_repeat(), "{id:?}");
            }
            refused.push(id);
        } else {
            assert_eq!(requests.len(), 4, "{id:?}: {results:?}");
            for ((_, before, after), request) in results.iter().zip(&requests) {
                assert_eq!(arrived(request, before, after), id);
            }
        }
    }
    assert_eq!(
        refused,
        ["..", ".", "", "tab\there", "line\nbreak", "zero\0"]
    );
}

#[tokio::test]
async fn a_hostile_literal_arrives_doubled_and_encoded_or_is_refused() {
    let mut refused = Vec::new();
    for value in HOSTILE {
        let server = Server::start(Reply::json(200, ANY)).await;
        let client = server.client();
        let tasks = "/beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks/";
        let mappings = "/beta/solutions/sharePoint/migrations/crossOrganization";
        let options = GetOptions::new;
        let results: [(Result<(), Error>, String); 5] = [
            (
                client
                    .get_sharepoint_task_by_source_user_principal_name(value, options())
                    .await
                    .map(drop),
                format!("{tasks}getBySourceUserPrincipalName(sourcePrincipalName='"),
            ),
            (
                client
                    .get_sharepoint_task_by_source_site_url(value, options())
                    .await
                    .map(drop),
                format!("{tasks}getBySourceSiteUrl(sourceSiteUrl='"),
            ),
            (
                client
                    .get_sharepoint_task_by_source_group_mail_nickname(value, options())
                    .await
                    .map(drop),
                format!("{tasks}getBySourceGroupMailNickname(sourceGroupMailNickname='"),
            ),
            (
                client.get_user_mapping(value, options()).await.map(drop),
                format!("{mappings}UserMappings(sourceUserPrincipalName='"),
            ),
            (
                client.get_group_mapping(value, options()).await.map(drop),
                format!("{mappings}GroupMappings(sourceGroupObjectId='"),
            ),
        ];
        let requests = server.requests();
        if results.iter().all(|(result, _)| result.is_err()) {
            assert!(requests.is_empty(), "{value:?} was refused and sent");
            refused.push(value);
        } else {
            assert_eq!(requests.len(), 5, "{value:?}: {results:?}");
            for ((_, before), request) in results.iter().zip(&requests) {
                assert_eq!(arrived(request, before, "')"), value.replace('\'', "''"));
                assert_eq!(
                    request.target.matches('\'').count(),
                    2,
                    "{} ends its literal early",
                    request.target
                );
            }
        }
    }
    assert_eq!(refused, ["", "tab\there", "line\nbreak", "zero\0"]);
}

#[tokio::test]
async fn a_display_name_works_as_the_key_of_a_job() {
    let server = Server::start(Reply::json(202, "{}")).await;
    let _ = server
        .client()
        .cancel_job("Alderwood wave 3")
        .await
        .expect("an outcome");
    assert_eq!(
        server.request().target,
        "/v1.0/solutions/migrations/crossTenantMigrationJobs/Alderwood%20wave%203/cancel"
    );
}

#[tokio::test]
async fn bodies_hold_what_was_given_and_nothing_else() {
    let server = Server::start(Reply::json(200, ANY)).await;
    let client = server.client();
    client.create_job(&new_job()).await.expect("a job");
    client
        .update_job(JOB, "2026-12-19T20:00:00Z".parse().expect("a time"))
        .await
        .expect("an update");
    client
        .create_sharepoint_task(new_task())
        .await
        .expect("a task");
    let removal = SharePointUserIdentityMappingDeltaItem::removal(UPN);
    client
        .update_user_mappings(vec![removal])
        .await
        .expect("mappings");
    client
        .update_group_mappings(vec![group_mapping(JOB)])
        .await
        .expect("mappings");

    let bodies: Vec<_> = server.requests().iter().map(Request::json).collect();
    assert_eq!(
        bodies,
        [
            json!({
                "completeAfterDateTime": "2026-12-12T20:00:00Z",
                "displayName": "Alderwood wave 3",
                "resourceType": "Users",
                "resources": [USER],
                "sourceTenantId": "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
                "workloads": ["Teams"],
            }),
            json!({ "completeAfterDateTime": "2026-12-19T20:00:00Z" }),
            json!({
                "parameters": {
                    "@odata.type": "#microsoft.graph.sharePointUserMigrationTaskParameters",
                    "sourceUserIdentity": { "userPrincipalName": UPN },
                    "targetUserIdentity": { "userPrincipalName": "ines.moreau@harborlane.example" },
                }
            }),
            json!({
                "@context": "#$delta",
                "value": [{
                    "@removed": { "reason": "deleted" },
                    "sourceUserIdentity": { "userPrincipalName": UPN },
                }]
            }),
            json!({
                "@context": "#$delta",
                "value": [{
                    "sourceGroupIdentity": { "id": JOB },
                    "sourceOrganizationId": TENANT,
                    "targetGroupIdentity": { "id": USER },
                }]
            }),
        ]
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|r| r.header("content-type") == Some("application/json"))
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_not_taken_for_an_answer() {
    let elsewhere = Server::start(Reply::json(202, r#"{"status":"Accepted"}"#)).await;
    let location = format!("{}/stolen", elsewhere.origin());
    let server = Server::start(Reply::new(307, &[("location", location.as_str())], "")).await;
    let error = server
        .client()
        .cancel_job(JOB)
        .await
        .expect_err("a redirect is no answer");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(307));
    assert_eq!(error.location(), Some(location.as_str()));
    assert!(error.may_have_taken_effect(), "who knows who answered");
    assert!(elsewhere.requests().is_empty());
}

/// Wherever it leads to, and however patient the client is: one request, and its answer is the error.
#[tokio::test]
async fn nothing_is_sent_or_called_unsent_because_of_a_redirect() {
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for location in [
            "",
            "http://127.0.0.1:1/",
            "ftp://127.0.0.1/",
            "/elsewhere",
            "data:,x",
            "%",
        ] {
            let server = Server::start_with(move |request| {
                // The same address, which a client that follows would read with GET and be told 200.
                let location = match location {
                    "" => request.target.clone(),
                    location => location.to_owned(),
                };
                match request.method.as_str() {
                    "POST" => Reply::new(status, &[("location", &location)], ""),
                    _ => Reply::json(200, r#"{"status":"Accepted"}"#),
                }
            })
            .await;
            let client = server.builder().retry(RetryPolicy::default()).build();
            let client = client.expect("a client");
            for error in [
                client
                    .cancel_job(JOB)
                    .await
                    .map(drop)
                    .expect_err("no answer"),
                client
                    .migrate_job(JOB)
                    .await
                    .map(drop)
                    .expect_err("no answer"),
            ] {
                assert_eq!(error.status().map(|found| found.as_u16()), Some(status));
                assert!(error.was_sent() && error.may_have_taken_effect(), "{error}");
                assert!(
                    !error.is_safe_to_repeat() && !error.is_transient(),
                    "{error}"
                );
                assert_eq!(error.attempts(), 1);
            }
            let methods: Vec<_> = server
                .requests()
                .into_iter()
                .map(|one| one.method)
                .collect();
            assert_eq!(methods, ["POST", "POST"], "{status} {location}");
        }
    }
}

/// Cookies, compression, referrers and whatever else another crate may turn on in the HTTP library.
#[tokio::test]
async fn a_request_carries_nothing_that_nobody_put_there() {
    let headers = [
        ("set-cookie", "session=1; Path=/"),
        ("content-type", "application/json"),
        ("content-encoding", "identity"),
    ];
    let server = Server::start(Reply::new(200, &headers, "{}")).await;
    let client = server.client();
    for _ in 0..2 {
        client.get_job(JOB, GetOptions::new()).await.expect("a job");
    }
    drop(client.migrate_job(JOB).await.expect("an answer"));
    for request in server.requests() {
        let mut names: Vec<_> = request
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        let mut expected = vec![
            "accept",
            "authorization",
            "client-request-id",
            "host",
            "user-agent",
        ];
        if request.method == "POST" {
            expected.insert(3, "content-length");
        }
        assert_eq!(names, expected, "{request:?}");
    }
}

#[tokio::test]
async fn dropping_a_call_sends_nothing_more() {
    let server = Server::start(Reply::Silence).await;
    let client: Client = server.client();
    let mut call = Box::pin(client.cancel_job(JOB));
    // Poll until the request has arrived, then drop.
    while server.requests().is_empty() {
        tokio::select! {
            biased;
            _ = &mut call => panic!("the server never answers"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(call);
    assert_eq!(
        server
            .requests()
            .iter()
            .filter(|request| request.path().ends_with("/cancel"))
            .count(),
        1
    );
}
