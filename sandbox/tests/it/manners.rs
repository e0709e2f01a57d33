//! What every Graph service does alike.

use std::collections::BTreeSet;

use msgraph_migrations_sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{JOBS, Reply, Room, TASKS, USER_MAPPINGS, room, room_with};

/// Follows next links as they stand and returns every id, page by page.
async fn pages(room: &Room, path: &str) -> Vec<Vec<String>> {
    let mut url = format!("{}{path}", room.sandbox.base_url());
    let mut pages = Vec::new();
    loop {
        let reply = room
            .send(room.client.get(&url).bearer_auth("a-token"))
            .await
            .expect(200)
            .json();
        let ids = reply["value"].as_array().expect("a page").iter();
        pages.push(
            ids.map(|item| item["id"].as_str().expect("an id").to_owned())
                .collect(),
        );
        match reply["@odata.nextLink"].as_str() {
            Some(link) => link.clone_into(&mut url),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn lists_come_in_pages_of_twenty_that_join_up() {
    let room = room().await;
    let ids = room.sandbox.preload_jobs(45, 45).expect("jobs");
    let all: BTreeSet<String> = ids.iter().cloned().collect();
    for (query, sizes) in [
        ("", vec![20, 20, 5]),
        ("?$top=22", vec![22, 22, 1]),
        ("?$top=45", vec![45]),
        ("?$top=20&$orderby=displayName%20desc,id", vec![20, 20, 5]),
        ("?$select=id&$orderby=createdDateTime", vec![20, 20, 5]),
    ] {
        let pages = pages(&room, &format!("{JOBS}{query}")).await;
        assert_eq!(
            pages.iter().map(Vec::len).collect::<Vec<_>>(),
            sizes,
            "{query}"
        );
        assert_eq!(
            pages.concat().into_iter().collect::<BTreeSet<_>>(),
            all,
            "{query}"
        );
    }
    // The newest come first.
    assert_eq!(pages(&room, JOBS).await[0][0], ids[44]);
    let users = pages(&room, &format!("{JOBS}/{}/users", ids[0])).await;
    assert_eq!(users.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
    let expected: Vec<String> = room
        .sandbox
        .job(&ids[0])
        .expect("the job")
        .users
        .into_iter()
        .map(|user| user.id)
        .collect();
    assert_eq!(users.concat(), expected);
    assert_eq!(
        room.get(&format!("{JOBS}/$count")).await.expect(200).text,
        "45"
    );
    assert_eq!(
        room.get(&format!("{JOBS}/{}/users/$count", ids[0]))
            .await
            .expect(200)
            .text,
        "45"
    );
}

#[tokio::test]
async fn options_shape_a_page_and_unsupported_ones_are_refused() {
    let room = room().await;
    room.sandbox.preload_jobs(3, 1).expect("jobs");
    let page = room
        .get(&format!("{JOBS}?$select=id,Status&$count=true&$top=1"))
        .await
        .expect(200)
        .json();
    assert_eq!(page["@odata.count"], 3);
    assert!(
        page["@odata.context"]
            .as_str()
            .expect("a context")
            .ends_with("crossTenantMigrationJobs(id,Status)")
    );
    let keys: Vec<&String> = page["value"][0]
        .as_object()
        .expect("a job")
        .keys()
        .collect();
    assert_eq!(keys, ["id", "status"]);
    assert_eq!(
        room.get(JOBS).await.expect(200).json().get("@odata.count"),
        None
    );
    for query in [
        "$filter=status%20eq%20'failed'",
        "$skip=1",
        "$search=x",
        "$expand=users",
        "$top=0",
        "$top=2147483648",
        "$top=x",
        "$select=colour",
        "$orderby=message",
        "$skiptoken=made-up",
        "$count=maybe",
    ] {
        let reply = room.get(&format!("{JOBS}?{query}")).await.expect(400);
        assert_eq!(reply.codes().0, "BadRequest", "{query}");
    }
    // The beta version takes options without their dollar sign.
    let beta = room
        .get(&format!("{}?top=1", JOBS.replace("v1.0", "beta")))
        .await
        .expect(200)
        .json();
    assert_eq!(beta["value"].as_array().map(Vec::len), Some(1));
    let v1 = room.get(&format!("{JOBS}?top=1")).await.expect(200).json();
    assert_eq!(v1["value"].as_array().map(Vec::len), Some(3));
}

#[track_caller]
fn check_envelope(reply: &Reply, code: &str) {
    let error = &reply.json()["error"];
    assert_eq!(error["code"], code);
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
    assert_eq!(
        error["innerError"]["request-id"].as_str(),
        reply.header("request-id")
    );
    assert_eq!(
        error["innerError"]["client-request-id"].as_str(),
        reply.header("client-request-id")
    );
    assert_eq!(error["innerError"]["date"], "2026-01-05T08:00:00");
}

#[tokio::test]
async fn every_answer_carries_both_ids() {
    let room = room().await;
    let mine = "5ca1ab1e-0000-4000-8000-00000000cafe";
    for (path, status) in [(JOBS, 200), ("/v1.0/nowhere", 404), ("/", 404)] {
        let request = room.request("GET", path).header("client-request-id", mine);
        let reply = room.send(request).await.expect(status);
        assert_eq!(reply.header("client-request-id"), Some(mine));
        if status == 404 {
            check_envelope(&reply, "ResourceNotFound");
        }
        assert_ne!(reply.header("request-id").expect("an id"), mine);
        let reply = room.get(path).await.expect(status);
        assert_eq!(
            reply.header("client-request-id"),
            reply.header("request-id")
        );
    }
    let log = room.sandbox.requests();
    assert_eq!(log[0].client_request_id.as_deref(), Some(mine));
    assert_eq!(log[1].client_request_id, None);
    assert_eq!(
        log.iter().map(|entry| entry.sequence).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
}

#[tokio::test]
async fn only_the_right_token_and_scope_are_let_in() {
    let builder = Sandbox::builder()
        .token("open-sesame")
        .scopes(["CrossTenantContentMigration.Read.All"]);
    let setup = format!("{builder:?}");
    assert!(setup.contains("Read.All") && !setup.contains("open-sesame"));
    let room = room_with(builder).await;
    let url = |path: &str| format!("{}{path}", room.sandbox.base_url());
    for request in [
        room.client.get(url(JOBS)),
        room.client.get(url(JOBS)).bearer_auth("wrong"),
        room.client
            .get(url(JOBS))
            .basic_auth("open-sesame", None::<&str>),
        room.client.get(url("/v1.0/nowhere")),
    ] {
        let reply = room.send(request).await.expect(401);
        check_envelope(&reply, "InvalidAuthenticationToken");
        assert!(
            reply
                .header("www-authenticate")
                .is_some_and(|value| value.starts_with("Bearer"))
        );
    }
    let right = |method: &str, path: &str| room.request(method, path).bearer_auth("open-sesame");
    let with = |method: &str, path: &str| {
        let mut request = right(method, path).build().expect("a request");
        request.headers_mut().insert(
            "authorization",
            "bearer open-sesame".parse().expect("a header"),
        );
        request
    };
    for (method, path, status) in [
        ("GET", JOBS, 200),
        ("POST", JOBS, 403),
        ("GET", &format!("{TASKS}/any")[..], 403),
        ("PATCH", USER_MAPPINGS, 403),
    ] {
        let response = room
            .client
            .execute(with(method, path))
            .await
            .expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
    }
    let log = format!("{:?} {:?}", room.sandbox.requests(), room.sandbox);
    assert!(
        !log.contains("open-sesame") && !log.contains("wrong"),
        "a token is in the log"
    );
}

#[tokio::test]
async fn unknown_paths_wrong_methods_and_broken_bodies_are_refused_in_the_common_form() {
    let room = room().await;
    for (path, code) in [
        ("/v1.0/me", "ResourceNotFound"),
        (
            "/v2.0/solutions/migrations/crossTenantMigrationJobs",
            "ResourceNotFound",
        ),
        (&format!("{JOBS}/x/users/y/z")[..], "ResourceNotFound"),
        (&format!("{JOBS}/x")[..], "NotFound"),
        (&format!("{JOBS}/x/users")[..], "NotFound"),
    ] {
        check_envelope(&room.get(path).await.expect(404), code);
    }
    check_envelope(
        &room.get(&format!("{JOBS}('x")).await.expect(400),
        "BadRequest",
    );
    let reply = room.send(room.request("PUT", JOBS)).await.expect(405);
    check_envelope(&reply, "MethodNotAllowed");
    assert_eq!(reply.header("allow"), Some("GET, POST"));
    for (kind, body) in [
        ("application/json", "{\"displayName\": "),
        ("application/json", "[1, 2]"),
        ("application/json", "\u{feff}{}"),
    ] {
        let url = format!("{}{JOBS}", room.sandbox.base_url());
        let request = room
            .client
            .post(url)
            .bearer_auth("t")
            .header("content-type", kind)
            .body(body);
        check_envelope(&room.send(request).await.expect(400), "BadRequest");
    }
    let large = " ".repeat(5 * 1024 * 1024);
    let url = format!("{}{JOBS}", room.sandbox.base_url());
    let request = room.client.post(url).bearer_auth("t").body(large);
    check_envelope(
        &room.send(request).await.expect(413),
        "RequestEntityTooLarge",
    );
    let deep = "[".repeat(200_000);
    let url = format!("{}{JOBS}", room.sandbox.base_url());
    let request = room
        .client
        .post(url)
        .bearer_auth("t")
        .header("content-type", "application/json")
        .body(deep);
    room.send(request).await.expect(400);
}

/// Sends raw bytes and reads until the other side closes.
async fn raw(room: &Room, request: &str) -> String {
    let mut stream = TcpStream::connect(room.sandbox.address())
        .await
        .expect("a connection");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a sent request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn a_post_has_to_say_how_long_it_is() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    for (length, status) in [("", "411"), ("content-length: 0\r\n", "200")] {
        let request = format!(
            "POST {JOBS}/{job}/validate HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer t\r\n{length}\r\n"
        );
        let answer = raw(&room, &request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    assert_eq!(room.sandbox.effects("validateJob"), 1);
    let chunked = format!(
        "POST {JOBS}/{job}/cancel HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer t\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    assert!(raw(&room, &chunked).await.starts_with("HTTP/1.1 202"));
}

#[tokio::test]
async fn links_lead_to_the_host_that_was_called() {
    let room = room().await;
    room.sandbox.preload_jobs(2, 1).expect("jobs");
    let request = format!(
        "GET {JOBS}?$top=1 HTTP/1.1\r\nhost: rehearsal.example:81\r\nconnection: close\r\nauthorization: Bearer t\r\n\r\n"
    );
    let answer = raw(&room, &request).await;
    assert!(answer.contains("http://rehearsal.example:81/v1.0/solutions/migrations/CrossTenantMigrationJobs?$skiptoken="), "{answer}");
}
