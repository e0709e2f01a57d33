//! Deviations that are put into the simulator one at a time, each of which has to be found by its name.

use msgraph_migrations_sandbox::{FaultRule, Sandbox, Settings};
use serde_json::{Value, json};

use super::{NAMED, deviations, fixture, probe};

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
