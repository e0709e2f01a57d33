//! What clients of every kind bring with them: other addresses, TLS, batches, metadata, preconditions.

use std::collections::{BTreeMap, BTreeSet};

use msgraph_migrations_checks::sets::assert_same;
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use serde_json::{Value, json};

use crate::program::start;
use crate::support::{HOUR, JOBS, Reply, Room, TASKS, http, room, room_with, site_task};

#[tokio::test]
async fn links_lead_to_the_address_that_the_caller_uses() {
    let room = room().await;
    room.sandbox.preload_jobs(30, 1).expect("jobs");
    for (name, value, start) in [
        (
            "x-forwarded-proto",
            "https",
            format!("https://{}/v1.0/", room.sandbox.address()),
        ),
        (
            "forwarded",
            "for=10.0.0.1;host=graph.example;proto=https",
            "https://graph.example/v1.0/".into(),
        ),
        ("host", "localhost", "http://localhost/v1.0/".into()),
    ] {
        let request = room.request("GET", JOBS).header(name, value);
        let page = room.send(request).await.expect(200).json();
        for member in ["@odata.nextLink", "@odata.context"] {
            let link = page[member].as_str().expect("a link");
            assert!(link.starts_with(&start), "{name}: {link}");
        }
    }
    let room = room_with(Sandbox::builder().public_url("https://graph.example")).await;
    room.sandbox.preload_jobs(30, 1).expect("jobs");
    let request = room
        .request("GET", JOBS)
        .header("x-forwarded-host", "other.example");
    let page = room.send(request).await.expect(200).json();
    let next = page["@odata.nextLink"].as_str().expect("a link");
    assert!(next.starts_with("https://graph.example/v1.0/"), "{next}");
    for wrong in [
        "graph.example",
        "ftp://graph.example",
        "https://a@b",
        "https://a/?b",
    ] {
        let error = Sandbox::builder()
            .public_url(wrong)
            .start()
            .await
            .expect_err("no address");
        assert!(error.to_string().contains(wrong), "{error}");
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_printed_certificate_speaks_tls() {
    let mut program = start(&["--tls"]);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut program.lines, &mut line).expect("a second line");
    let path = line
        .trim_end()
        .strip_prefix("certificate ")
        .expect("where the certificate is");
    let pem = std::fs::read(path).expect("the certificate");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("PEM");
    assert!(
        program.url.starts_with("https://127.0.0.1:"),
        "{}",
        program.url
    );
    let trusting = http()
        .tls_certs_only([certificate])
        .build()
        .expect("a client that trusts the certificate");
    let local = program.url.replace("127.0.0.1", "localhost");
    for base in [&program.url, &local] {
        let created = trusting
            .post(format!("{base}/_sandbox/jobs?count=30"))
            .header("content-length", "0")
            .send()
            .await
            .expect("an answer over TLS");
        assert_eq!(created.status().as_u16(), 200);
        let page: Value = trusting
            .get(format!("{base}{JOBS}"))
            .bearer_auth("t")
            .send()
            .await
            .expect("an answer over TLS")
            .json()
            .await
            .expect("JSON");
        let address = page["@odata.nextLink"].as_str().expect("a link");
        assert!(address.starts_with(base.as_str()), "{address}");
    }
    let suspicious = http()
        .tls_certs_only([])
        .build()
        .expect("a client that trusts nobody");
    let refused = suspicious.get(&program.url).send().await;
    assert!(refused.is_err(), "the certificate is nobody else's");
}

async fn batch(room: &Room, requests: Value) -> Reply {
    room.body("POST", "/v1.0/$batch", &json!({ "requests": requests }))
        .await
}

/// The answers of a batch by id.
fn by_id(reply: &Value) -> BTreeMap<String, Value> {
    let responses = reply["responses"].as_array().expect("answers").clone();
    responses
        .into_iter()
        .map(|response| (response["id"].as_str().expect("an id").to_owned(), response))
        .collect()
}

#[tokio::test]
async fn a_batch_answers_each_request_for_itself() {
    let room = room().await;
    let new = room.new_job("From a batch");
    let list = JOBS.trim_start_matches("/v1.0");
    let reply = batch(
        &room,
        json!([
            {"id": "validate", "method": "POST", "url": format!("{list}/From a batch/validate"), "dependsOn": ["create"]},
            {"id": "create", "method": "post", "url": list, "headers": {"Content-Type": "application/json"}, "body": new},
            {"id": "missing", "method": "GET", "url": format!("{list}/nobody"), "headers": {"client-request-id": "mine"}},
            {"id": "after", "method": "DELETE", "url": format!("{list}/nobody"), "dependsOn": ["missing"]},
            {"id": "count", "method": "GET", "url": format!("{}/$count", list.trim_start_matches('/')), "dependsOn": ["validate"]},
            {"id": "page", "method": "GET", "url": format!("{list}?$top=1&$select=status"), "dependsOn": ["validate"]},
        ]),
    )
    .await
    .expect(200)
    .json();
    let answers = by_id(&reply);
    let statuses: Vec<(&str, u64)> = answers
        .iter()
        .map(|(id, answer)| (id.as_str(), answer["status"].as_u64().expect("a status")))
        .collect();
    assert_eq!(
        statuses,
        [
            ("after", 424),
            ("count", 200),
            ("create", 201),
            ("missing", 404),
            ("page", 200),
            ("validate", 200)
        ]
    );
    assert_eq!(answers["count"]["body"], "1");
    assert_eq!(
        answers["page"]["body"]["value"],
        json!([{"status": "validateSubmitted"}])
    );
    assert_eq!(answers["missing"]["headers"]["client-request-id"], "mine");
    assert_eq!(
        answers["create"]["headers"]["Content-Type"],
        "application/json"
    );
    // Each counts in the log, and the batch itself once.
    let entries = room.sandbox.requests();
    let operations: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry.operation.as_deref())
        .collect();
    assert_eq!(
        operations,
        [
            "createJob",
            "validateJob",
            "getJob",
            "deleteJob",
            "countJobs",
            "listJobs",
            "batch"
        ]
    );
    assert_eq!(room.sandbox.effects("validateJob"), 1);
    let outer = entries.last().expect("the batch");
    assert_eq!(entries[0].batch.as_deref(), Some(outer.request_id.as_str()));
}

#[tokio::test]
async fn faults_and_limits_count_the_requests_of_a_batch() {
    let room = room_with(Sandbox::builder().rate_limit(3.0)).await;
    let ask = json!({"method": "GET", "url": JOBS.trim_start_matches("/v1.0")});
    let requests: Vec<Value> = (0..5)
        .map(|id| {
            let mut one = ask.clone();
            one["id"] = json!(id.to_string());
            one
        })
        .collect();
    let answers = by_id(&batch(&room, json!(requests)).await.expect(200).json());
    let limited: Vec<&Value> = answers
        .values()
        .filter(|answer| answer["status"] == 429)
        .collect();
    assert_eq!(limited.len(), 2);
    assert!(
        limited
            .iter()
            .all(|answer| answer["headers"]["Retry-After"].is_string())
    );

    let room = self::room().await;
    let throttle = Fault::Throttle {
        retry_after: RetryAfter::Seconds(7),
    };
    room.sandbox
        .set_faults(vec![FaultRule::new("*", throttle).after(1).times(1)])
        .expect("a rule");
    let answers = by_id(&batch(&room, json!(requests[..3])).await.expect(200).json());
    let statuses: Vec<u64> = answers
        .values()
        .filter_map(|answer| answer["status"].as_u64())
        .collect();
    assert_eq!(statuses, [200, 429, 200]);
    assert_eq!(answers["1"]["headers"]["Retry-After"], "7");

    // What closes the connection of one request closes that of all; the effects stay.
    room.sandbox
        .set_faults(vec![FaultRule::new("createJob", Fault::DropAfterEffect)])
        .expect("a rule");
    let create = json!([{"id": "1", "method": "POST", "url": ask["url"], "body": room.new_job("Lost"),
        "headers": {"content-type": "application/json"}}]);
    let url = format!("{}/v1.0/$batch", room.sandbox.base_url());
    let request = room
        .client
        .post(url)
        .bearer_auth("t")
        .json(&json!({ "requests": create }));
    assert!(request.send().await.is_err());
    assert_eq!(room.sandbox.effects("createJob"), 1);
    // A rule can also name the batch as a whole.
    room.sandbox
        .set_faults(vec![FaultRule::new(
            "batch",
            Fault::InternalServerError {
                after_effect: false,
            },
        )])
        .expect("a rule");
    batch(&room, json!(requests[..1])).await.expect(500);
}

#[tokio::test]
async fn what_is_no_batch_is_refused_as_a_whole() {
    let room = room().await;
    let one = json!({"id": "1", "method": "GET", "url": "/solutions"});
    let with = |name: &str, value: Value| {
        let mut other = one.clone();
        other[name] = value;
        other
    };
    for requests in [
        json!([]),
        json!({}),
        json!([with("id", json!(""))]),
        json!([with("id", Value::Null)]),
        json!([with("method", Value::Null)]),
        json!([with("url", Value::Null)]),
        json!([with(
            "url",
            json!("https://graph.microsoft.com/v1.0/solutions")
        )]),
        json!([with("dependsOn", json!(["2"]))]),
        json!([with("dependsOn", json!(["1"]))]),
        json!([one, one]),
        json!(
            (0..21)
                .map(|id| with("id", json!(id.to_string())))
                .collect::<Vec<_>>()
        ),
    ] {
        batch(&room, requests).await.expect(400);
    }
    room.send(
        room.client
            .post(format!("{}/v1.0/$batch", room.sandbox.base_url()))
            .json(&json!({})),
    )
    .await
    .expect(401);
    let nested = json!([with("url", json!("/$batch")), with("id", json!("2"))]);
    let answers = by_id(&batch(&room, nested).await.expect(200).json());
    assert!(
        answers
            .values()
            .all(|answer| answer["status"].as_u64() >= Some(400))
    );
}

/// The names of the properties of a type, those it inherits included.
fn properties(document: &roxmltree::Document<'_>, name: &str) -> BTreeSet<String> {
    let own = document
        .descendants()
        .find(|node| {
            node.attribute("Name") == Some(name) && node.tag_name().name().ends_with("Type")
        })
        .unwrap_or_else(|| panic!("there is no type {name}"));
    let mut names: BTreeSet<String> = own
        .children()
        .filter(|node| node.has_tag_name(("http://docs.oasis-open.org/odata/ns/edm", "Property")))
        .filter_map(|node| node.attribute("Name").map(str::to_owned))
        .collect();
    if let Some(base) = own.attribute("BaseType") {
        names.extend(properties(
            document,
            base.trim_start_matches("microsoft.graph."),
        ));
    }
    names
}

fn names(value: &Value) -> BTreeSet<String> {
    let object = value.as_object().expect("an object");
    object
        .keys()
        .filter(|name| !name.starts_with('@'))
        .cloned()
        .collect()
}

#[tokio::test]
async fn the_metadata_describes_what_is_served() {
    let room = room_with(Sandbox::builder().demo()).await;
    let bare = |version: &str| {
        room.client
            .get(format!("{}/{version}/$metadata", room.sandbox.base_url()))
    };
    let (v1, beta) = (
        room.send(bare("v1.0")).await.expect(200),
        room.send(bare("beta")).await.expect(200),
    );
    assert_eq!(beta.header("content-type"), Some("application/xml"));
    let v1 = roxmltree::Document::parse(&v1.text).expect("XML");
    let beta = roxmltree::Document::parse(&beta.text).expect("XML");
    // Every type that is named exists.
    for document in [&v1, &beta] {
        let defined: BTreeSet<&str> = document
            .descendants()
            .filter(|node| node.tag_name().name().ends_with("Type"))
            .filter_map(|node| node.attribute("Name"))
            .collect();
        for node in document.descendants() {
            for attribute in ["Type", "BaseType"] {
                let Some(text) = node.attribute(attribute) else {
                    continue;
                };
                let text = text.trim_start_matches("Collection(").trim_end_matches(')');
                if let Some(name) = text.strip_prefix("microsoft.graph.") {
                    assert!(defined.contains(name), "{name}");
                }
            }
        }
    }
    assert!(
        v1.descendants()
            .all(|node| node.attribute("Name") != Some("sharePointMigrationTask"))
    );
    // What is answered is described, and what is described of a job is answered.
    let jobs = room.get(&format!("{JOBS}?$top=1")).await.expect(200).json();
    let job = &jobs["value"][0];
    assert_same(
        "properties of a job, as answered and as the metadata has them",
        names(job),
        properties(&v1, "crossTenantMigrationJob"),
        "sandbox/src/dispatch/metadata or sandbox/src/jobs/view.rs",
    );
    assert_same(
        "properties of a job in beta and v1.0",
        properties(&beta, "crossTenantMigrationJob"),
        properties(&v1, "crossTenantMigrationJob"),
        "sandbox/src/dispatch/metadata",
    );
    let users = room
        .get(&format!(
            "{JOBS}/{}/users",
            job["id"].as_str().expect("an id")
        ))
        .await
        .expect(200)
        .json();
    let user = &users["value"][0];
    assert!(names(user).is_subset(&properties(&v1, "crossTenantMigrationTask")));
    assert_same(
        "properties of a workload, as answered and as the metadata has them",
        names(&user["currentStatus"][0]),
        properties(&v1, "crossTenantMigrationServiceStatusDetails"),
        "sandbox/src/dispatch/metadata or sandbox/src/jobs/view.rs",
    );
    let task = room
        .body(
            "POST",
            TASKS,
            &site_task("https://north.sharepoint.example/a"),
        )
        .await
        .expect(200)
        .json();
    room.advance(HOUR);
    let task = room
        .get(&format!("{TASKS}/{}", task["id"].as_str().expect("an id")))
        .await
        .expect(200)
        .json();
    assert!(names(&task).is_subset(&properties(&beta, "sharePointMigrationTask")));
    assert!(
        names(&task["parameters"])
            .is_subset(&properties(&beta, "sharePointSiteMigrationTaskParameters"))
    );
}

#[tokio::test]
async fn a_delete_heeds_the_precondition_that_the_sdks_send() {
    let room = room().await;
    for (tag, status) in [("W/\"other\"", 412), ("\"a\", \"b\"", 412), ("*", 202)] {
        let job = room.create(&format!("Wave {tag}")).await;
        room.sandbox
            .set_job_status(&job, "completed")
            .expect("a status");
        let request = room
            .request("DELETE", &format!("{JOBS}/{job}"))
            .header("if-match", tag);
        room.send(request).await.expect(status);
        let expected = if status == 202 {
            "pendingDelete"
        } else {
            "completed"
        };
        assert_eq!(room.status(&job), expected, "{tag}");
        room.sandbox.reset().expect("a reset");
    }
}

#[tokio::test]
async fn a_change_ignores_what_exists_but_cannot_be_changed() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    let change = json!({"completeAfterDateTime": "2026-02-01T00:00:00Z", "displayName": "Other", "status": "failed"});
    room.body("PATCH", &path, &change).await.expect(204);
    let seen = room.get(&path).await.expect(200).json();
    assert_eq!(
        (
            &seen["displayName"],
            &seen["status"],
            &seen["completeAfterDateTime"]
        ),
        (
            &json!("Wave 1"),
            &json!("submitted"),
            &json!("2026-02-01T00:00:00Z")
        )
    );
    for wrong in [
        json!({"displayName": "Other"}),
        json!({"colour": "blue", "completeAfterDateTime": "2026-02-01T00:00:00Z"}),
    ] {
        room.body("PATCH", &path, &wrong).await.expect(400);
    }
}

#[tokio::test]
async fn dates_come_back_with_the_digits_they_were_sent_with() {
    let room = room().await;
    for (sent, answered) in [
        ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("2026-02-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
        ("2026-02-01T00:00:00.5Z", "2026-02-01T00:00:00.5Z"),
        (
            "2026-02-01T00:00:00.1234567Z",
            "2026-02-01T00:00:00.1234567Z",
        ),
        ("2026-02-01T02:00:00.50+02:00", "2026-02-01T00:00:00.50Z"),
    ] {
        let mut new = room.new_job(sent);
        new["completeAfterDateTime"] = json!(sent);
        let created = room.body("POST", JOBS, &new).await.expect(201).json();
        assert_eq!(created["completeAfterDateTime"], answered);
    }
    let mut leap = room.new_job("A leap second");
    leap["completeAfterDateTime"] = json!("2026-12-31T23:59:60Z");
    room.body("POST", JOBS, &leap).await.expect(400);
    let mut task = site_task("https://north.sharepoint.example/a");
    task["parameters"]["preferredStartDateTime"] = json!("2026-12-31T23:59:60Z");
    room.body("POST", TASKS, &task).await.expect(400);
    task["parameters"]["preferredStartDateTime"] = json!("2026-02-01T00:00:00.10Z");
    let created = room.body("POST", TASKS, &task).await.expect(200).json();
    assert_eq!(
        created["parameters"]["preferredStartDateTime"],
        "2026-02-01T00:00:00.10Z"
    );
}

#[tokio::test]
async fn media_types_marks_paths_and_operations_are_told_apart() {
    let room = room().await;
    let new = room.new_job("Wave 1").to_string();
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut request = room
            .client
            .post(format!("{}{JOBS}", room.sandbox.base_url()))
            .bearer_auth("t")
            .body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        room.send(request).await
    };
    for kind in [None, Some("text/plain"), Some("application/xml")] {
        let reply = send(kind, new.clone().into_bytes()).await.expect(415);
        assert_eq!(reply.codes().0, "UnsupportedMediaType");
    }
    // Some tools write a byte order mark before their JSON.
    let marked = [b"\xEF\xBB\xBF".as_slice(), new.as_bytes()].concat();
    send(Some("application/json"), marked).await.expect(201);

    let missing = room
        .get("/v1.0/solutions/sharePoint/migrations/crossOrganizationMigrationTasks")
        .await
        .expect(404);
    assert_eq!(
        missing.message(),
        "Resource not found for the segment 'sharePoint'."
    );
    let missing = room
        .get("/beta/solutions/sharePoint/elsewhere/x")
        .await
        .expect(404);
    assert_eq!(
        missing.message(),
        "Resource not found for the segment 'elsewhere'."
    );

    let unknown = room
        .get("/_sandbox/requests?operation=flyAway")
        .await
        .expect(400);
    assert!(unknown.text.contains("listJobs"), "{}", unknown.text);
    room.get("/_sandbox/requests?operation=listJobs")
        .await
        .expect(200);
}
