//! `xtmig probe`: what is asked, and what is found where the service deviates.

mod seeds;

use std::collections::BTreeSet;

use msgraph_migrations::models::SharePointGroupIdentityMappingDeltaItem;
use msgraph_migrations::{AccessToken, Client, operations};
use msgraph_migrations_sandbox::{FaultRule, Sandbox, SandboxBuilder};
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
