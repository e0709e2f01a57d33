//! Reports on users, which tell what could not be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::Workflows;
use serde_json::json;

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};
use crate::waiting::{job, options, start};

/// Pages of users, and a job that is completed.
async fn pages(pages: Vec<serde_json::Value>) -> Server {
    let (asked, origin) = (
        AtomicUsize::new(0),
        std::sync::Arc::new(std::sync::OnceLock::<String>::new()),
    );
    let known = std::sync::Arc::clone(&origin);
    let server = Server::start_with(move |request| {
        if !request.path().ends_with("/users") {
            return Reply::json(200, json!({ "id": JOB, "status": "completed" }).to_string());
        }
        let index = asked.fetch_add(1, Ordering::Relaxed);
        let mut page = json!({ "value": pages[index] });
        if index + 1 < pages.len() {
            let origin = known.get().expect("the server knows its address");
            page["@odata.nextLink"] =
                format!("{origin}{}?$skiptoken={index}", request.path()).into();
        }
        Reply::json(200, page.to_string())
    })
    .await;
    origin.set(server.origin()).expect("once");
    server
}

fn user(id: &str, status: &str) -> serde_json::Value {
    json!({ "id": id, "currentStatus": [{ "service": "Exchange", "status": status }] })
}

#[tokio::test]
async fn a_completed_job_tells_who_was_cancelled_and_starts_nothing() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 10);
    sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    let users = sandbox.job(&job).expect("a job").users;
    for user in &users[..4] {
        let _ = client
            .cancel_user(&job, &user.id)
            .await
            .expect("an outcome");
    }
    sandbox
        .advance(std::time::Duration::from_hours(24 * 30))
        .expect("time passes");
    let posts = || {
        let requests = sandbox.requests();
        requests
            .iter()
            .filter(|request| request.method != "GET")
            .count()
    };
    let before = posts();
    let report = Workflows::new(client)
        .report(&job, &options())
        .await
        .expect("a report");
    assert_eq!(posts(), before, "a report only reads");
    assert_eq!(report.users.read, 10);
    let mut cancelled = report.users.cancelled.clone();
    cancelled.sort();
    let mut expected: Vec<_> = users[..4].iter().map(|user| user.id.clone()).collect();
    expected.sort();
    assert_eq!(cancelled, expected);
    let text = report.to_string();
    assert!(text.contains("4 of 10 users were cancelled"), "{text}");
    for counts in report.users.statuses.values() {
        assert_eq!(counts.values().sum::<usize>(), 10, "{text}");
        assert_eq!(counts.get("cancelled"), Some(&4), "{text}");
    }
}

#[tokio::test]
async fn no_user_counts_twice_when_pages_shift() {
    let server = pages(vec![
        json!([user("a", "completed"), user("b", "syncing")]),
        json!([user("B", "failed"), user("c", "completed")]),
    ])
    .await;
    let report = Workflows::new(server.client())
        .report(JOB, &options())
        .await;
    let users = report.expect("a report").users;
    assert_eq!(
        (users.read, users.listed_again, users.with_problems()),
        (3, 1, 1)
    );
    assert_eq!(users.statuses["Exchange"]["failed"], 1);
    assert_eq!(users.problems_by_code["no code"], 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_never_told_as_no_problem() {
    for odd in [
        json!({ "id": "x", "currentStatus": "failed" }),
        json!({ "id": "x", "currentStatus": [7] }),
        json!({ "id": "x", "currentStatus": [{ "service": "Teams", "status": 7 }] }),
        json!({ "id": "x", "currentStatus": [{ "service": "Teams" }] }),
        json!({ "id": "x", "currentStatus": [] }),
        json!({ "id": "x" }),
        json!({ "id": 7, "currentStatus": [{ "service": "Teams", "status": "failed" }] }),
        json!("x"),
        json!(null),
    ] {
        let server = pages(vec![json!([
            user("a", "completed"),
            odd,
            user("b", "completed")
        ])])
        .await;
        let report = Workflows::new(server.client())
            .report(JOB, &options())
            .await;
        let report = report.expect("a report");
        assert!(!report.users.is_complete(), "{odd}: {report}");
        let text = report.to_string();
        assert!(text.contains("NOT KNOWN"), "{odd}: {text}");
        assert!(!text.contains("0 of"), "{odd}: {text}");
    }
    let server = pages(vec![json!([
        user("a", "completed"),
        user("b", "completed")
    ])])
    .await;
    let report = Workflows::new(server.client())
        .report(JOB, &options())
        .await;
    let text = report.expect("a report").to_string();
    assert!(text.contains("0 of 2 users have problems"), "{text}");
}

#[tokio::test]
async fn each_user_is_in_the_report_once_as_the_service_told_of_them() {
    let server = pages(vec![
        json!([user("one", "completed"), user("two", "syncing")]),
        json!([user("two", "failed"), user("three", "completed")]),
    ])
    .await;
    let report = Workflows::new(server.client())
        .report(JOB, &options())
        .await;
    let users = report.expect("a report").users.users;
    let told: Vec<_> = users.iter().map(|user| json!(user)).collect();
    assert_eq!(
        told,
        [
            user("one", "completed"),
            user("two", "failed"),
            user("three", "completed")
        ]
    );
}

#[tokio::test]
async fn users_that_could_not_be_read_in_time_are_missing_and_not_fine() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let job = job(&sandbox, 10);
    let throttled = json!([{ "operation": "listUsers",
        "fault": { "kind": "throttle", "retryAfter": { "seconds": 3600 } } }]);
    sandbox
        .set_faults(serde_json::from_value(throttled).expect("a rule"))
        .expect("rules");
    // The time is over before the failures have lasted for long enough to be told as an outage.
    let options = options().deadline(std::time::Duration::from_millis(50));
    let report = Workflows::new(client)
        .report(&job, &options)
        .await
        .expect("the job itself can be read");
    assert_eq!(report.users.read, 0);
    assert!(report.users.broke_off.is_some(), "{report}");
    assert!(!report.users.is_complete(), "{report}");
}
