//! Lists of any length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use msgraph_migrations::{AccessToken, Client, Error, ErrorKind, ListOptions, Page, RetryPolicy};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use serde_json::json;

use crate::support::calls::JOB;
use crate::support::server::{Reply, Request, SECRET, Server};

const JOBS: &str = "/v1.0/solutions/migrations/crossTenantMigrationJobs";

fn client(sandbox: &Sandbox) -> Client {
    let retry = RetryPolicy::default()
        .max_attempts(60)
        .base_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(2));
    Client::builder(AccessToken::new(SECRET).expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(retry)
        .build()
        .expect("a client")
}

async fn sandbox(jobs: usize, users: usize) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::builder().seed(5).start().await.expect("a sandbox");
    let ids = sandbox.preload_jobs(jobs, users).expect("jobs");
    (sandbox, ids)
}

async fn ids(client: &Client, options: ListOptions) -> Result<Vec<String>, Error> {
    client
        .jobs(options)
        .map_ok(|job| job.into_value().id.expect("an id"))
        .try_collect()
        .await
}

#[track_caller]
fn assert_same(mut found: Vec<String>, mut expected: Vec<String>) {
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

fn page(items: &[&str], next: Option<&str>) -> Reply {
    let items: Vec<_> = items.iter().map(|id| json!({ "id": id })).collect();
    let mut page = json!({ "value": items });
    if let Some(next) = next {
        page["@odata.nextLink"] = next.into();
    }
    Reply::json(200, page.to_string())
}

/// The answer to a request that came to this machine by `host`.
fn link(request: &Request, rest: &str) -> String {
    format!(
        "http://{}{rest}",
        request.header("host").unwrap_or_default()
    )
}

#[tokio::test]
async fn all_jobs_come_once_over_all_pages() {
    let (sandbox, expected) = sandbox(55, 1).await;
    let found = ids(&client(&sandbox), ListOptions::new()).await;
    assert_same(found.expect("jobs"), expected.clone());
    assert_eq!(sandbox.requests().len(), 3, "20 on a page unless asked for");

    let options = ListOptions::new()
        .top(7)
        .select(["id"])
        .order_by(["createdDateTime desc"]);
    let pages: Vec<_> = client(&sandbox)
        .job_pages(options)
        .try_collect()
        .await
        .expect("pages");
    let sizes: Vec<_> = pages.iter().map(|page| page.value().value.len()).collect();
    assert_eq!(sizes, [7, 7, 7, 7, 7, 7, 7, 6]);
    assert!(pages.iter().all(|page| page.request_id().is_some()));
    let jobs = pages
        .into_iter()
        .flat_map(|page| page.into_value().into_items());
    let found = jobs.map(|job| {
        assert!(job.display_name.is_none(), "only the id was selected");
        job.id.expect("an id")
    });
    assert_same(found.collect(), expected);
}

#[tokio::test]
async fn all_users_of_a_job_come_once_over_all_pages() {
    let (sandbox, jobs) = sandbox(2, 50).await;
    let snapshot = sandbox.job(&jobs[1]).expect("a job");
    let expected: Vec<_> = snapshot.users.into_iter().map(|user| user.id).collect();
    let users = client(&sandbox).users(&jobs[1], ListOptions::new().top(8));
    let found: Vec<_> = users.try_collect().await.expect("users");
    assert_same(
        found
            .into_iter()
            .map(|user| user.into_value().id.expect("an id"))
            .collect(),
        expected,
    );
    assert_eq!(sandbox.requests().len(), 7);
}

#[tokio::test]
async fn a_list_gets_through_a_service_that_stumbles() {
    let (sandbox, expected) = sandbox(200, 1).await;
    let often = |fault| FaultRule::new("listJobs", fault).with_probability(0.2);
    let faults = vec![
        often(Fault::InternalServerError {
            after_effect: false,
        }),
        often(Fault::ServiceUnavailable {
            after_effect: false,
            retry_after: RetryAfter::Seconds(0),
        }),
        often(Fault::DropBeforeEffect),
        often(Fault::DropAfterEffect),
        often(Fault::TruncateBody { well_framed: false }),
        often(Fault::TruncateBody { well_framed: true }),
    ];
    sandbox.set_faults(faults).expect("rules");
    let found = ids(&client(&sandbox), ListOptions::new().top(10)).await;
    assert_same(found.expect("jobs"), expected);
    assert!(
        sandbox.requests().len() > 20,
        "no fault ever befell a request"
    );
}

#[tokio::test]
async fn a_list_goes_on_from_a_link_that_was_kept() {
    let (sandbox, expected) = sandbox(55, 3).await;
    let faults = vec![
        FaultRule::new("listJobs", Fault::EmptyBody)
            .after(2)
            .times(1),
    ];
    sandbox.set_faults(faults).expect("rules");
    let impatient = Client::builder(AccessToken::new("rehearsal").expect("a token"))
        .endpoint(sandbox.base_url())
        .retry(RetryPolicy::never())
        .build()
        .expect("a client");
    let mut pages = impatient.job_pages(ListOptions::new().top(10));
    let (mut found, mut kept) = (Vec::new(), None);
    let error = loop {
        match pages.next().await.expect("the list is longer") {
            Ok(page) => {
                kept = page.value().next_link().map(str::to_owned);
                found.extend(page.into_value().into_items());
            }
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert!(
        pages.next().await.is_none(),
        "a stream ends after its first error"
    );
    assert_eq!(found.len(), 20);

    let kept = kept.expect("a link");
    let rest: Vec<_> = client(&sandbox)
        .job_pages_from(&kept)
        .try_collect()
        .await
        .expect("pages");
    found.extend(
        rest.into_iter()
            .flat_map(|page| page.into_value().into_items()),
    );
    assert_same(
        found
            .into_iter()
            .map(|job| job.id.expect("an id"))
            .collect(),
        expected.clone(),
    );

    let mut pages = client(&sandbox).user_pages(&expected[0], ListOptions::new().top(2));
    let first = pages.next().await.expect("a page").expect("a page");
    let kept = first.value().next_link().expect("a link");
    let rest: Vec<_> = client(&sandbox)
        .user_pages_from(kept)
        .try_collect()
        .await
        .expect("pages");
    assert_eq!(
        rest.iter()
            .map(|page| page.value().value.len())
            .sum::<usize>(),
        1
    );
}

#[tokio::test]
async fn the_skip_token_of_a_link_leads_to_the_same_page() {
    let (sandbox, _) = sandbox(25, 1).await;
    let client = client(&sandbox);
    let first = client.list_jobs(ListOptions::new()).await.expect("a page");
    let link = first.value().next_link().expect("a link").to_owned();
    let url = reqwest::Url::parse(&link).expect("an address");
    let token = url.query_pairs().find(|(name, _)| name == "$skiptoken");
    let options = ListOptions::new().skip_token(token.expect("a token").1);
    let by_token = client
        .list_jobs(options)
        .await
        .expect("a page")
        .into_value();
    let by_link: Vec<_> = client
        .job_pages_from(&link)
        .try_collect()
        .await
        .expect("pages");
    assert_eq!(by_link.len(), 1);
    let ids = |jobs: &[msgraph_migrations::models::CrossTenantMigrationJob]| {
        jobs.iter().map(|job| job.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&by_token.value).len(), 5);
    assert_eq!(ids(&by_token.value), ids(&by_link[0].value().value));
}

#[tokio::test]
async fn a_link_is_followed_as_the_service_wrote_it() {
    // The form of the documented sample: percent-encoded JSON whose hexadecimal digits vary in case.
    let documented = "/beta/solutions/migrations/CrossTenantMigrationJobs?$skiptoken=%5b%7B%22compositeToken%22%3a\
                      %7B%22token%22%3a%22%2bRID%3a~k7QZ%3d%3d%23RT%3a1%23TRC%3a20%22%7D%5d";
    for (written, sent) in [
        (documented, documented),
        (
            "/v1.0/x?$skiptoken=a+b%20c%2Bd%2fe%2F",
            "/v1.0/x?$skiptoken=a+b%20c%2Bd%2fe%2F",
        ),
        (
            "/v1.0/X%2f%2F(y);z=1/?$top=5&&=&a",
            "/v1.0/X%2f%2F(y);z=1/?$top=5&&=&a",
        ),
        ("/v1.0/x?t=%E0%A4%A&u=%zz%", "/v1.0/x?t=%E0%A4%A&u=%zz%"),
        (
            "/v1.0/x?a=~-._!*,:@/?[]|^`{}\\",
            "/v1.0/x?a=~-._!*,:@/?[]|^`{}\\",
        ),
        ("/v1.0//x?", "/v1.0//x?"),
        // What the address parser changes, none of it a change of meaning.
        (
            "/v1.0/x?$filter=a eq 'ü'",
            "/v1.0/x?$filter=a%20eq%20%27%C3%BC%27",
        ),
        ("/v1.0/a/../x", "/v1.0/x"),
        ("/v1.0/x?a=1#part", "/v1.0/x?a=1"),
    ] {
        let server = Server::start_with(move |request| {
            if request.path() == JOBS {
                page(&["1"], Some(&link(request, written)))
            } else {
                page(&["2"], None)
            }
        })
        .await;
        let found = ids(&server.client(), ListOptions::new()).await;
        assert_eq!(found.expect("jobs"), ["1", "2"], "{written}");
        let requests = server.requests();
        assert_eq!(requests[1].target, sent);
        assert_eq!(requests[1].method, "GET");
        assert!(requests[1].header("authorization").is_some());
    }
}

#[tokio::test]
async fn no_token_travels_to_a_link_elsewhere() {
    let elsewhere = Server::start(page(&["stolen"], None)).await;
    let other = elsewhere.origin();
    let (_, other_port) = other.rsplit_once(':').expect("a port");
    let other_host = format!("localhost:{other_port}");
    let links = [
        format!("{other}{JOBS}?$skiptoken=x"),
        format!("http://{other_host}{JOBS}"),
        format!("https://127.0.0.1:{other_port}{JOBS}"),
        format!("//127.0.0.1:{other_port}{JOBS}"),
        format!("http://OWN@127.0.0.1:{other_port}{JOBS}"),
        format!("http://OWN.evil.example{JOBS}"),
        // The same host and port by another name, by another scheme, with a user.
        "http://localhost:PORT/v1.0/x".to_owned(),
        "https://127.0.0.1:PORT/v1.0/x".to_owned(),
        "http://user:secret@127.0.0.1:PORT/v1.0/x".to_owned(),
        JOBS.to_owned(),
        "?$skiptoken=x".to_owned(),
        String::new(),
    ];
    for written in links {
        let told = written.clone();
        let fill = move |host: &str| {
            let (_, port) = host.rsplit_once(':').expect("a port");
            told.replace("OWN", host).replace("PORT", port)
        };
        let in_answer = fill.clone();
        let server = Server::start_with(move |request| {
            let host = request.header("host").unwrap_or_default();
            page(&["1"], Some(&in_answer(host)))
        })
        .await;
        let client = server.client();
        let mut jobs = client.jobs(ListOptions::new());
        let first = jobs.next().await.expect("an item").expect("an item");
        assert_eq!(
            first.id.as_deref(),
            Some("1"),
            "what came before is not lost"
        );
        let error = jobs.next().await.expect("an error").expect_err(&written);
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{written}: {error}");
        assert_eq!(
            error.client_request_id(),
            server.request().header("client-request-id")
        );
        assert!(!format!("{error} {error:?}").contains("secret"));

        let origin = server.origin();
        let kept = fill(origin.strip_prefix("http://").expect("http"));
        let mut pages = client.job_pages_from(&kept);
        let error = pages.next().await.expect("an error").expect_err(&written);
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidRequest,
            "{written}: {error}"
        );
        assert!(!error.was_sent());
        server.request();
    }
    assert!(
        elsewhere.requests().is_empty(),
        "{:?}",
        elsewhere.requests()
    );
}

#[tokio::test]
async fn pages_without_items_are_passed_over() {
    let server = Server::start_with(|request| {
        let next = |name: &str| link(request, &format!("{JOBS}?$skiptoken={name}"));
        match request.target.split_once('=').map(|(_, name)| name) {
            None => page(&[], Some(&next("a"))),
            Some("a") => page(&["1"], Some(&next("b"))),
            Some("b") => page(&[], Some(&next("c"))),
            Some("c") => Reply::json(
                200,
                json!({ "@odata.nextLink": next("d"), "value": [] }).to_string(),
            ),
            Some("d") => page(&["2"], Some(&next("e"))),
            _ => page(&[], None),
        }
    })
    .await;
    let found = ids(&server.client(), ListOptions::new()).await;
    assert_eq!(found.expect("jobs"), ["1", "2"]);
    assert_eq!(server.requests().len(), 6);

    let empty = Server::start(page(&[], None)).await;
    let users: Vec<_> = empty
        .client()
        .users(JOB, ListOptions::new())
        .try_collect()
        .await
        .expect("none");
    assert!(users.is_empty());
}

#[tokio::test]
async fn a_list_that_leads_back_into_itself_ends_in_an_error() {
    for (tail, cycle) in [(0, 1), (1, 1), (0, 2), (3, 5)] {
        let server = Server::start_with(move |request| {
            let here = request.target.split_once('=');
            let here = here.map_or(0, |(_, step)| step.parse::<usize>().expect("a number") + 1);
            let next = if here < tail + cycle { here } else { tail };
            page(
                &["x"],
                Some(&link(request, &format!("{JOBS}?$skiptoken={next}"))),
            )
        })
        .await;
        let pages = server.client().job_pages(ListOptions::new());
        let seen: Vec<_> = pages.collect().await;
        let (last, pages) = seen.split_last().expect("an end");
        let error = last.as_ref().expect_err("no end");
        assert!(error.to_string().contains("the list has no end"), "{error}");
        assert!(pages.iter().all(Result::is_ok));
        assert!(pages.len() > tail + cycle, "every page was seen before");
        assert!(
            pages.len() < 5 * (tail + cycle) + 5,
            "{tail}, {cycle}: {}",
            pages.len()
        );
    }
}

#[tokio::test]
async fn a_page_without_a_body_is_no_empty_list() {
    let server = Server::start(Reply::new(200, &[], "")).await;
    let error = ids(&server.client(), ListOptions::new())
        .await
        .expect_err("no body");
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert!(
        error.to_string().contains("the answer has no body"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refusal_ends_the_stream() {
    let server = Server::start(Reply::json(403, "{}")).await;
    let client = server.client();
    let mut jobs = client.jobs(ListOptions::new());
    let error = jobs.next().await.expect("an error").expect_err("403");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    assert!(jobs.next().await.is_none());
}

#[tokio::test]
async fn a_stream_asks_for_a_page_only_when_it_is_needed() {
    let (sandbox, _) = sandbox(50, 1).await;
    let client = client(&sandbox);
    drop(client.jobs(ListOptions::new()));
    assert!(sandbox.requests().is_empty());
    let some: Vec<_> = client
        .jobs(ListOptions::new().top(10))
        .take(20)
        .try_collect()
        .await
        .expect("jobs");
    assert_eq!(some.len(), 20);
    assert_eq!(sandbox.requests().len(), 2);
}

#[tokio::test]
async fn a_hundred_thousand_items_are_held_one_page_at_a_time() {
    const ITEMS: usize = 100_000;
    const ON_A_PAGE: usize = 500;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = Server::start_with(move |request| {
        counter.fetch_add(1, Ordering::SeqCst);
        let first = request.target.split_once("skiptoken=");
        let first = first.map_or(0, |(_, first)| first.parse().expect("a number"));
        let ids: Vec<_> = (first..first + ON_A_PAGE)
            .map(|number| number.to_string())
            .collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let next = link(request, &format!("{JOBS}?$skiptoken={}", first + ON_A_PAGE));
        page(&ids, (first + ON_A_PAGE < ITEMS).then_some(next.as_str()))
    })
    .await;
    let client = server.client();
    let mut jobs = client.jobs(ListOptions::new());
    let mut number = 0;
    while let Some(job) = jobs.try_next().await.expect("a job") {
        let pages = asked.load(Ordering::SeqCst);
        // Nothing is fetched ahead, so that at most one page is held.
        assert_eq!(pages, number / ON_A_PAGE + 1, "after {number} items");
        assert_eq!(job.id, Some(number.to_string()));
        number += 1;
    }
    assert_eq!(number, ITEMS);
    println!("{number} items over {} pages", asked.load(Ordering::SeqCst));
}
