//! `xtmig probe`: what is asked, and what is found where the service deviates.

use std::collections::BTreeSet;

use msgraph_migrations::models::SharePointGroupIdentityMappingDeltaItem;
use msgraph_migrations::{AccessToken, Client, operations};
use msgraph_migrations_sandbox::{FaultRule, Sandbox, SandboxBuilder, Settings};
use serde_json::{Value, json};

use crate::support::{Ran, TOKEN, assert_only_read, program, ran, run, start};

/// The group whose mapping the fixture has.
pub const GROUP: &str = "3d7c0a15-8b46-49e2-af01-d5c8e23b7964";

/// What stands for whoever runs the probe: everything that the demo data have can be found.
pub const NAMED: [&str; 9] = [
    "--source-user",
    "completed@source.example",
    "--source-site",
    "https://source.sharepoint.example/sites/archive",
    "--source-group",
    "demo-group",
    "--mapped-group",
    GROUP,
    "--utc",
];

/// A simulator with demo data and the mapping of a group.
pub async fn fixture(builder: SandboxBuilder) -> Sandbox {
    let sandbox = start(builder).await;
    let client = Client::builder(AccessToken::new(TOKEN).expect("a token"))
        .endpoint(sandbox.base_url())
        .build()
        .expect("a client");
    let item: SharePointGroupIdentityMappingDeltaItem = serde_json::from_value(json!({
        "sourceOrganizationId": "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
        "groupType": "m365Group",
        "sourceGroupIdentity": {"id": GROUP},
        "targetGroupIdentity": {"id": "9e2b4f60-17c8-4d3a-b5a9-60f1c7d2e834"},
    }))
    .expect("a mapping");
    client
        .update_group_mappings(vec![item])
        .await
        .expect("it is mapped");
    sandbox
}

/// Probes, and reads the table.
#[track_caller]
pub fn probe(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let ran = run(sandbox, &[&["probe", "-o", "json"], arguments].concat());
    table(&ran)
}

#[track_caller]
pub fn table(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&ran.out).expect("a table")
}

/// The names of the deviations with their operations.
pub fn deviations(table: &[Value]) -> BTreeSet<(String, String)> {
    let all = table
        .iter()
        .flat_map(|row| row["deviations"].as_array().expect("a list"));
    all.map(|deviation| {
        let text = |name: &str| deviation[name].as_str().expect(name).to_owned();
        (text("operation"), text("name"))
    })
    .collect()
}

/// Operation, number of answers and of checks, and the names of deviations with the places they were seen in.
pub fn shape(table: &[Value]) -> Vec<Value> {
    let rows = table.iter().map(|row| {
        let deviations = row["deviations"].as_array().expect("a list").iter();
        let names = deviations.map(|deviation| json!([deviation["name"], deviation["times"]]));
        let names: Vec<Value> = names.collect();
        json!([row["operation"], row["answers"], row["checked"], names])
    });
    rows.collect()
}

/// Calls that v1.0 does not have go to beta all the same.
fn reads() -> BTreeSet<String> {
    let all = operations::ALL.iter();
    let own = all.filter(|operation| operation.method == "GET");
    own.map(|operation| operation.id.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_does_what_the_documents_say_in_both_versions() {
    let sandbox = fixture(Sandbox::builder()).await;
    for version in ["v1.0", "beta"] {
        let before = sandbox.requests().len();
        let table = probe(&sandbox, &[&NAMED[..], &["--api", version]].concat());
        let asked: BTreeSet<String> = table
            .iter()
            .map(|row| row["operation"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(asked, reads(), "every read is asked");
        assert!(deviations(&table).is_empty(), "{version}: {table:#?}");
        for row in &table {
            assert!(row["checked"].as_u64() > Some(10), "{row}");
        }
        let log = &sandbox.requests()[before..];
        let answers: u64 = table
            .iter()
            .map(|row| row["answers"].as_u64().expect("a number"))
            .sum();
        assert_eq!(log.len() as u64, answers, "each request is counted");
        for request in log {
            assert_eq!(request.method, "GET", "{request:?}");
            if request.path.contains("crossTenantMigrationJobs") {
                assert!(
                    request.path.starts_with(&format!("/{version}/")),
                    "{request:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_listed_first_and_what_if_sends_nothing() {
    let sandbox = start(Sandbox::builder()).await;
    let planned = run(&sandbox, &[&["probe", "--what-if"], &NAMED[..]].concat());
    assert_eq!(planned.code, 0, "{planned:?}");
    assert!(sandbox.requests().is_empty(), "nothing is sent");
    let requests: Vec<&str> = planned
        .out
        .lines()
        .filter(|line| line.contains(" http"))
        .collect();
    assert!(requests.len() > 30, "{planned:?}");
    assert!(
        requests.iter().all(|line| line.starts_with("GET ")),
        "{requests:?}"
    );
    let listed = run(&sandbox, &[&["probe"], &NAMED[..]].concat());
    let lines = listed.err.lines().filter(|line| line.starts_with("  GET "));
    assert_eq!(lines.count(), requests.len(), "{listed:?}");
    // Every request that went out fits a line that announced it.
    let announced: BTreeSet<String> = listed
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("  GET "))
        .map(template)
        .collect();
    for request in sandbox.requests() {
        let sent = template(&format!("{}{}", sandbox.base_url(), request.path));
        assert!(
            announced.contains(&sent),
            "{sent} is not among {announced:#?}"
        );
    }
    assert_only_read(&sandbox);
}

/// The path with whatever names something in it taken out.
fn template(url: &str) -> String {
    // The next links of the service are written with other capitals.
    let path = url
        .split('?')
        .next()
        .expect("a path")
        .replace("/CrossTenant", "/crossTenant");
    let words = path.split(['/', '(', '\'', ')']).filter(|word| {
        word.starts_with("getBy")
            || matches!(
                *word,
                "solutions" | "migrations" | "crossTenantMigrationJobs" | "users" | "sharePoint"
            )
            || word.starts_with("crossOrganization")
            || matches!(*word, "v1.0" | "beta")
    });
    words.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_token_does_not_allow_is_asked_once_for_its_403() {
    use base64::Engine;
    let read = "CrossTenantContentMigration.Read.All";
    let sandbox = start(Sandbox::builder().scopes([read])).await;
    let part = |value: Value| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!(
        "{}.{}.c2lnbmF0dXJl",
        part(json!({"alg": "none"})),
        part(json!({"scp": read}))
    );
    let mut command = program();
    command
        .env("XTMIG_TOKEN", token)
        .args(["--base-url", &sandbox.base_url(), "probe", "-o", "json"])
        .args(NAMED);
    let table = table(&ran(&command.output().expect("it runs")));
    assert!(deviations(&table).is_empty(), "{table:#?}");
    let refused: Vec<_> = sandbox
        .requests()
        .into_iter()
        .filter(|request| request.status == Some(403))
        .map(|request| request.operation)
        .collect();
    assert_eq!(
        refused.len(),
        6,
        "one for each call of SharePoint: {refused:?}"
    );
}

/// What is made wrong, and the deviation that has to be found, with its operation.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn seeds() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let object_id = "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61";
    let status = |operation: &str, status: u16, body: Value| {
        json!({"faults": [{"operation": operation, "fault":
            {"kind": "status", "status": status, "body": body}}]})
    };
    let once = |operation: &str, fault: Value| json!({"faults": [{"operation": operation, "fault": fault, "count": 1}]});
    let fault = |operation: &str, kind: &str| json!({"faults": [{"operation": operation, "fault": {"kind": kind}}]});
    let settings = |name: &str, value: Value| json!({"settings": {name: value}});
    let job = |member: &str, value: Value| {
        let mut body = json!({"id": object_id, "displayName": "A job", "status": "completed"});
        body[member] = value;
        status("getJob", 200, body)
    };
    let page = |body: Value| status("listJobs", 200, body);
    let three = || json!({"value": [{"id": object_id}, {"id": object_id}, {"id": object_id}]});
    let finder = "getSharepointTaskBySourceUserPrincipalName";
    let many: Vec<Value> = (0..3)
        .map(|day| json!({"id": object_id, "createdDateTime": format!("2026-10-0{}T00:00:00Z", day + 1)}))
        .collect();
    vec![
        (
            "J15",
            settings("createdBy", json!(object_id)),
            "createdByObjectId",
            "listJobs",
        ),
        (
            "J17 ids",
            settings("echoResources", json!("always")),
            "resourcesEchoed",
            "getJob",
        ),
        (
            "J17 type",
            settings("echoResources", json!("always")),
            "resourceTypeCasing",
            "listJobs",
        ),
        (
            "J18 jobs",
            settings("capitalisedStatuses", json!(true)),
            "enumCasing",
            "listJobs",
        ),
        (
            "J18 users",
            settings("capitalisedStatuses", json!(true)),
            "enumCasing",
            "listUsers",
        ),
        (
            "J22 job",
            settings("wrapEntityInValue", json!(true)),
            "wrappedInValue",
            "getJob",
        ),
        (
            "J22 user",
            settings("wrapEntityInValue", json!(true)),
            "wrappedInValue",
            "getUser",
        ),
        (
            "J22 task",
            settings("wrapEntityInValue", json!(true)),
            "wrappedInValue",
            "getSharepointTask",
        ),
        (
            "S3",
            settings("completedLiteral", json!("success")),
            "unknownEnumValue",
            finder,
        ),
        (
            "S16",
            settings("unpaddedTaskDates", json!(true)),
            "dateFormat",
            finder,
        ),
        (
            "S22",
            settings("stagingContext", json!(true)),
            "contextVersion",
            "getGroupMapping",
        ),
        (
            "maxPageSize",
            settings("maxPageSize", json!(7)),
            "defaultPageSize",
            "listUsers",
        ),
        (
            "trustEstablished",
            settings("trustEstablished", json!(false)),
            "unexpectedStatus",
            "getSharepointTask",
        ),
        (
            "unknownEnumValue, list",
            fault("listJobs", "unknownEnumValue"),
            "unknownEnumValue",
            "listJobs",
        ),
        (
            "unknownEnumValue, job",
            fault("getJob", "unknownEnumValue"),
            "unknownEnumValue",
            "getJob",
        ),
        (
            "unknownEnumValue, users",
            fault("listUsers", "unknownEnumValue"),
            "unknownEnumValue",
            "listUsers",
        ),
        (
            "unknownEnumValue, task",
            fault("getSharepointTask", "unknownEnumValue"),
            "unknownEnumValue",
            "getSharepointTask",
        ),
        (
            "unknownEnumValue, mapping",
            fault("getGroupMapping", "unknownEnumValue"),
            "unknownEnumValue",
            "getGroupMapping",
        ),
        (
            "unknownMembers, list",
            fault("listJobs", "unknownMembers"),
            "unknownMember",
            "listJobs",
        ),
        (
            "unknownMembers, user",
            fault("getUser", "unknownMembers"),
            "unknownMember",
            "getUser",
        ),
        (
            "unknownMembers, mapping",
            fault("getUserMapping", "unknownMembers"),
            "unknownMember",
            "getUserMapping",
        ),
        (
            "oddCasing, status",
            fault("getJob", "oddCasing"),
            "enumCasing",
            "getJob",
        ),
        (
            "oddCasing, workloads",
            fault("listJobs", "oddCasing"),
            "workloadCasing",
            "listJobs",
        ),
        (
            "oddCasing, service",
            fault("listUsers", "oddCasing"),
            "workloadCasing",
            "listUsers",
        ),
        (
            "oddCasing, task",
            fault(finder, "oddCasing"),
            "enumCasing",
            finder,
        ),
        (
            "throttle without a time",
            once(
                "listJobs",
                json!({"kind": "throttle", "retryAfter": "none"}),
            ),
            "headerMissing",
            "listJobs",
        ),
        (
            "throttle until a date",
            once(
                "listJobs",
                json!({"kind": "throttle", "retryAfter": {"date": 1}}),
            ),
            "retryAfterForm",
            "listJobs",
        ),
        (
            "internalServerError",
            fault("getUser", "internalServerError"),
            "unexpectedStatus",
            "getUser",
        ),
        (
            "serviceUnavailable",
            fault("getUserMapping", "serviceUnavailable"),
            "unexpectedStatus",
            "getUserMapping",
        ),
        (
            "gatewayTimeout",
            fault("getJob", "gatewayTimeout"),
            "unexpectedStatus",
            "getJob",
        ),
        (
            "badGateway, body",
            fault("listUsers", "badGateway"),
            "notJson",
            "listUsers",
        ),
        (
            "badGateway, header",
            fault("listUsers", "badGateway"),
            "contentType",
            "listUsers",
        ),
        (
            "tokenExpired",
            once("listJobs", json!({"kind": "tokenExpired"})),
            "unexpectedStatus",
            "listJobs",
        ),
        (
            "dropBeforeEffect",
            fault("getUser", "dropBeforeEffect"),
            "noAnswer",
            "getUser",
        ),
        (
            "dropAfterEffect",
            fault("getJob", "dropAfterEffect"),
            "noAnswer",
            "getJob",
        ),
        (
            "truncateBody",
            fault("getJob", "truncateBody"),
            "truncatedBody",
            "getJob",
        ),
        (
            "truncateBody, well framed",
            once(
                "listJobs",
                json!({"kind": "truncateBody", "wellFramed": true}),
            ),
            "truncatedBody",
            "listJobs",
        ),
        (
            "emptyBody",
            fault("getUser", "emptyBody"),
            "emptyBody",
            "getUser",
        ),
        ("null", job("status", Value::Null), "null", "getJob"),
        (
            "a number for a name",
            job("displayName", json!(7)),
            "wrongType",
            "getJob",
        ),
        (
            "an object for a list",
            job("workloads", json!({})),
            "wrongType",
            "getJob",
        ),
        (
            "an id that is no GUID",
            job("id", json!("job-7")),
            "idFormat",
            "getJob",
        ),
        (
            "another object",
            job("message", json!("")),
            "anotherObject",
            "getJob",
        ),
        (
            "a time with an offset",
            job("createdDateTime", json!("2026-10-03T20:00:00+02:00")),
            "dateOffset",
            "getJob",
        ),
        (
            "a time without a zone",
            job("createdDateTime", json!("2026-10-03T20:00:00")),
            "dateFormat",
            "getJob",
        ),
        (
            "another resource",
            job("resourceType", json!("sites")),
            "unknownResourceType",
            "getJob",
        ),
        (
            "another workload",
            job("workloads", json!(["Planner"])),
            "unknownWorkload",
            "getJob",
        ),
        (
            "a context of another version",
            job(
                "@odata.context",
                json!("https://graph.microsoft.com/v2.0/$metadata#x"),
            ),
            "contextVersion",
            "getJob",
        ),
        (
            "a context that is none",
            job("@odata.context", json!("here")),
            "contextForm",
            "getJob",
        ),
        (
            "a page without a list",
            page(json!({})),
            "missingMember",
            "listJobs",
        ),
        (
            "a page whose list is none",
            page(json!({"value": 3})),
            "wrongType",
            "listJobs",
        ),
        (
            "no count",
            page(json!({"value": []})),
            "countMissing",
            "listJobs",
        ),
        (
            "a wrong count",
            page(json!({"value": [], "@odata.count": 7})),
            "countWrong",
            "listJobs",
        ),
        (
            "more than was asked for",
            page(three()),
            "topIgnored",
            "listJobs",
        ),
        (
            "more than was selected",
            page(json!({"value": [{"id": object_id, "message": "more"}]})),
            "selectIgnored",
            "listJobs",
        ),
        (
            "another order",
            page(json!({"value": many})),
            "orderIgnored",
            "listJobs",
        ),
        (
            "a next link to another host",
            page(
                json!({"value": [], "@odata.nextLink": "https://elsewhere.example/v1.0/x?$skiptoken=1"}),
            ),
            "nextLinkOrigin",
            "listJobs",
        ),
        (
            "a next link that is no address",
            page(json!({"value": [], "@odata.nextLink": "page2"})),
            "nextLinkForm",
            "listJobs",
        ),
        (
            "an error without a message",
            status("getJob", 404, json!({"error": {"code": "NotFound"}})),
            "missingMember",
            "getJob",
        ),
        (
            "an error as a text",
            status("getUser", 404, json!({"error": "not found"})),
            "wrongType",
            "getUser",
        ),
        (
            "an unknown id is a 400",
            status(
                "getUserMapping",
                400,
                json!({"error": {"code": "BadRequest", "message": "No."}}),
            ),
            "unexpectedStatus",
            "getUserMapping",
        ),
        (
            "a tenant that is no GUID",
            status(
                "getGroupMapping",
                200,
                json!({"sourceOrganizationId": "alderwood"}),
            ),
            "idFormat",
            "getGroupMapping",
        ),
        (
            "a removal without a state",
            status("getUserMapping", 200, json!({"deleted": {}})),
            "deletedWithoutState",
            "getUserMapping",
        ),
        (
            "parameters of no kind",
            status(
                "getSharepointTask",
                200,
                json!({"parameters": {"@odata.type": "#microsoft.graph.teamParameters"}}),
            ),
            "unknownEnumValue",
            "getSharepointTask",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_seeded_deviation_is_found_by_name() {
    let seeds = seeds();
    assert!(seeds.len() >= 40, "{}", seeds.len());
    let mut missed = Vec::new();
    for (what, seed, name, operation) in &seeds {
        let mut settings = serde_json::to_value(Settings::default()).expect("settings");
        for (name, value) in seed["settings"].as_object().into_iter().flatten() {
            assert!(settings.get(name).is_some(), "{name} is a setting");
            settings[name] = value.clone();
        }
        let settings = serde_json::from_value(settings).expect(what);
        let sandbox = fixture(Sandbox::builder().settings(settings)).await;
        if let Some(rules) = seed.get("faults") {
            let rules: Vec<FaultRule> = serde_json::from_value(rules.clone()).expect(what);
            sandbox.set_faults(rules).expect(what);
        }
        let table = probe(&sandbox, &NAMED);
        let found = deviations(&table);
        if !found.contains(&((*operation).to_owned(), (*name).to_owned())) {
            missed.push(format!("{what}: no {name} of {operation} in {found:?}"));
        }
        let all = table
            .iter()
            .flat_map(|row| row["deviations"].as_array().expect("a list"));
        for deviation in all {
            for member in ["pointer", "found", "expected", "library", "question"] {
                assert!(deviation[member].is_string(), "{what}: {deviation}");
            }
            assert_ne!(deviation["library"], "", "{what}: {deviation}");
            assert_ne!(deviation["expected"], "", "{what}: {deviation}");
        }
        assert_only_read_since_the_fixture(&sandbox);
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[track_caller]
fn assert_only_read_since_the_fixture(sandbox: &Sandbox) {
    let requests = sandbox.requests();
    let changes = requests.iter().filter(|request| request.method != "GET");
    assert!(changes.count() <= 1, "the mapping of the fixture alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deviation_says_where_what_and_what_the_library_makes_of_it() {
    let sandbox = fixture(Sandbox::builder()).await;
    let rules = json!([{"operation": "getJob", "fault": {"kind": "status", "status": 200, "body":
        {"id": GROUP, "status": "Completed", "workloads": 7, "unheardOf": 1}}}]);
    let rules: Vec<FaultRule> = serde_json::from_value(rules).expect("rules");
    sandbox.set_faults(rules).expect("they are taken");
    let table = probe(&sandbox, &[]);
    let row = table.iter().find(|row| row["operation"] == "getJob");
    let all = row.expect("a row")["deviations"]
        .as_array()
        .expect("a list");
    let named = |name: &str| {
        let found = all.iter().find(|deviation| deviation["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {all:#?}"))
    };
    let casing = named("enumCasing");
    assert_eq!(casing["pointer"], "/status");
    assert_eq!(casing["found"], "Completed");
    assert_eq!(casing["expected"], "completed");
    assert_eq!(casing["library"], "read as completed");
    assert_eq!(casing["disagreement"], "J18");
    let odd = named("wrongType");
    assert_eq!(odd["pointer"], "/workloads");
    assert!(
        odd["library"]
            .as_str()
            .expect("a text")
            .starts_with("left out"),
        "{odd}"
    );
    let unknown = named("unknownMember");
    assert_eq!(unknown["pointer"], "/unheardOf");
    assert!(
        unknown["library"]
            .as_str()
            .expect("a text")
            .contains("raw text"),
        "{unknown}"
    );
    let shown = run(&sandbox, &["probe"]).out;
    for word in [
        "OPERATION",
        "CHECKED",
        "DEVIATIONS",
        "POINTER",
        "LIBRARY",
        "enumCasing",
        "J18",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn a_service_that_cannot_be_reached_fails_and_an_old_record_is_refused() {
    let mut command = program();
    command
        .env("XTMIG_TOKEN", TOKEN)
        .args(["--base-url", "http://127.0.0.1:1", "probe"]);
    let ran = ran(&command.output().expect("it runs"));
    assert_eq!(ran.code, 7, "{ran:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.json");
    std::fs::write(&file, r#"{"format": "xtmig probe record 0"}"#).expect("a file");
    let mut command = program();
    command.args(["probe", "--answers"]).arg(&file);
    let ran = crate::support::ran(&command.output().expect("it runs"));
    assert_eq!(ran.code, 2, "{ran:?}");
}
