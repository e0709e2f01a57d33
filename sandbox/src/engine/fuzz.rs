//! Requests and scenarios that nobody should send, against the whole sandbox behind its sockets.

use std::sync::LazyLock;
use std::time::Instant;

use axum::http::{HeaderName, HeaderValue};
use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};
use serde_json::Value;

use super::{Delivery, Engine, Manners};
use crate::access::Access;
use crate::call::Request;
use crate::clock::DEFAULT_START;
use crate::config::Config;
use crate::scenario;
use crate::settings::Settings;

/// A method, a path with its query, and a body.
const REQUESTS: [&str; 14] = [
    "GET /v1.0/solutions/migrations/crossTenantMigrationJobs?$top=2&$orderby=createdDateTime desc&$count=true\n",
    "GET /v1.0/solutions/migrations/crossTenantMigrationJobs('Demo inProgress')?$select=id,status\n",
    "GET /beta/solutions/migrations/crossTenantMigrationJobs/Demo%20inProgress/users?$top=3\n",
    "POST /v1.0/solutions/migrations/crossTenantMigrationJobs/Demo%20inProgress/cancel\n",
    "POST /v1.0/solutions/migrations/crossTenantMigrationJobs/Demo%20validatePassed/migrate\n",
    "DELETE /v1.0/solutions/migrations/crossTenantMigrationJobs/Demo%20completed\n",
    "PATCH /v1.0/solutions/migrations/crossTenantMigrationJobs/Demo%20inProgress\n{\"completeAfterDateTime\":\"2026-12-19T20:00:00Z\"}",
    "POST /v1.0/solutions/migrations/crossTenantMigrationJobs\n{\"displayName\":\"Wave\",\"sourceTenantId\":\"5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\",\"resourceType\":\"users\",\"resources\":[\"84c0d5ab-7e21-4936-bf1a-0d9e63c2f754\"],\"workloads\":[\"Teams\"],\"completeAfterDateTime\":\"2026-12-12T20:00:00Z\"}",
    "POST /beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks\n{\"parameters\":{\"@odata.type\":\"microsoft.graph.sharePointUserMigrationTaskParameters\",\"sourceUserIdentity\":{\"userPrincipalName\":\"a@b.example\"},\"targetUserIdentity\":{\"userPrincipalName\":\"a@c.example\"}}}",
    "GET /beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks/getBySourceSiteUrl(sourceSiteUrl='https://a.example/sites/IT')\n",
    "PATCH /beta/solutions/sharePoint/migrations/crossOrganizationUserMappings\n{\"@context\":\"#$delta\",\"value\":[{\"sourceOrganizationId\":\"5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90\",\"sourceUserIdentity\":{\"userPrincipalName\":\"a@b.example\"},\"targetUserIdentity\":{\"userPrincipalName\":\"a@c.example\"}}]}",
    "GET /beta/solutions/sharePoint/migrations/crossOrganizationUserMappings(sourceUserPrincipalName='it''s@b.example')\n",
    "POST /v1.0/$batch\n{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/solutions/migrations/crossTenantMigrationJobs?$top=1\"},{\"id\":\"2\",\"dependsOn\":[\"1\"],\"method\":\"POST\",\"url\":\"/solutions/migrations/crossTenantMigrationJobs/Demo%20inProgress/cancel\",\"headers\":{\"If-Match\":\"*\"}}]}",
    "GET /v1.0/$metadata\n",
];

static SANDBOX: LazyLock<Engine> = LazyLock::new(|| {
    let config = Config {
        seed: 1,
        speed: 0.0,
        start_time: DEFAULT_START,
        access: Access::default(),
        settings: Settings::default(),
        faults: Vec::new(),
        rate_limit: None,
        demo: true,
        scenario: None,
    };
    Engine::new(config).expect("a sandbox")
});

fn request(text: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(text);
    let (line, body) = text.split_once('\n').unwrap_or((&text, ""));
    let (method, target) = line.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: Some("Bearer any-token".to_owned()),
        content_type: Some("application/json".to_owned()),
        if_match: None,
        has_length: true,
        body: body.as_bytes().to_vec(),
        origin: "http://127.0.0.1:1".to_owned(),
    })
}

/// An answer is one that the service could give, and what was refused had no effect.
fn check(delivery: &Delivery, request: &Request) {
    let answer = &delivery.answer;
    let context = || format!("{} {}: {}", request.method, request.path, answer.status);
    assert!(
        matches!(answer.status, 200..=299 | 400..=499 | 501),
        "{}",
        context()
    );
    let may_change = request.method != "GET";
    assert!(
        answer.effect.is_none() || (answer.status < 300 && may_change),
        "{}",
        context()
    );
    for (name, value) in &answer.headers {
        HeaderName::from_bytes(name.as_bytes()).expect("the name of a header");
        HeaderValue::from_str(value).expect("the value of a header");
    }
    let Some((kind, text)) = &delivery.payload else {
        return;
    };
    if kind.starts_with("application/json") {
        let body: Value = serde_json::from_str(text).expect("JSON");
        if answer.status >= 400 {
            let error = &body["error"];
            assert!(
                error["code"].is_string() && error["message"].is_string(),
                "{body}"
            );
        }
    }
}

#[test]
fn requests() {
    fuzz!(500, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = REQUESTS.iter().map(|text| text.as_bytes()).collect();
        let Some(request) = request(&input(chosen, &seeds)) else {
            return;
        };
        let mut engine = SANDBOX.clone();
        let delivery = engine.handle(&request, Manners::default(), Instant::now());
        check(&delivery, &request);
        // What a request left behind can be read like everything else, and is forgotten by nobody.
        for target in [REQUESTS[0], REQUESTS[2]] {
            let look = self::request(target.as_bytes()).expect("a request");
            let seen = engine.handle(&look, Manners::default(), Instant::now());
            assert!(
                matches!(seen.answer.status, 200 | 404),
                "{}",
                seen.answer.status
            );
            check(&seen, &look);
        }
    });
}

#[test]
fn scenarios() {
    const SHIPPED: [&str; 3] = [
        include_str!("../../scenarios/friday-night.toml"),
        include_str!("../../scenarios/service-trouble.toml"),
        include_str!("../../scenarios/bad-identities.toml"),
    ];
    fuzz!(200, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = SHIPPED.iter().map(|text| text.as_bytes()).collect();
        let text = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        match scenario::read(&text) {
            Ok(script) => {
                if script.jobs.iter().map(|job| job.users).sum::<usize>() > 5_000 {
                    return;
                }
                let mut engine = SANDBOX.clone();
                if let Err(error) = engine.start_scenario(&script) {
                    assert_one_line(&error.to_string(), 5_000);
                    return;
                }
                // It goes on like a sandbox without one.
                let look = request(REQUESTS[0].as_bytes()).expect("a request");
                let seen = engine.handle(&look, Manners::default(), Instant::now());
                check(&seen, &look);
            }
            Err(error) => assert_one_line(&error.to_string(), 5_000),
        }
    });
}
