//! Every field of a wave file, changed one at a time, shows in the plan as what it does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use msgraph_migrations_sandbox::Sandbox;
use serde_json::Value;

use super::{Folder, SOURCE, id, start};

const WAVE: &str = r#"name = "Alder"
source-tenant = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90"
target-tenant = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596"
complete-after = 2030-12-14T20:00:00Z
until = "migrating"
retry-failed = false
workloads = ["Exchange", "ODSP"]
batch-size = 100

[exchange]
source-endpoint = "one-endpoint"
target-delivery-domain = "harborlane.example"

[users]
file = "users.csv"
column = "user"
batch-column = "batch"

[users.directory]
file = "directory.csv"
name-column = "name"
id-column = "id"

[mappings]
users = "mappings.csv"
groups = "groups.csv"

[[batch]]
name = "Alder one"
complete-after = 2030-12-15T20:00:00Z
until = "migrating"
workloads = ["Exchange", "ODSP"]

[[batch]]
name = "Alder two"
"#;

/// A field, what of the text becomes what, and what the plan then shows and did not show before. A mistake is told with
/// a question mark.
const CASES: &[(&str, &str, &str, &str)] = &[
    // Of what has no jobs by name, the name is that of the jobs too; here it is what is confirmed.
    (
        "name",
        "name = \"Alder\"",
        "name = \"Birch\"",
        "Birch at http",
    ),
    ("source-tenant", "5b0de6f1", "6b0de6f1", "from 6b0de6f1"),
    ("target-tenant", "0a77b3c4", "1a77b3c4", "to 1a77b3c4"),
    (
        "complete-after",
        "12-14T20",
        "12-13T20",
        "cutover 2030-12-13T20:00:00Z",
    ),
    (
        "until",
        "until = \"migrating\"\nretry",
        "until = \"created\"\nretry",
        "-migrate Alder two",
    ),
    (
        "retry-failed",
        "retry-failed = false",
        "retry-failed = true",
        "AGAIN, after it ended as validateFailed",
    ),
    (
        "workloads",
        "[\"Exchange\", \"ODSP\"]\nbatch",
        "[\"Exchange\", \"Teams\"]\nbatch",
        "Exchange, Teams, cutover 2030-12-14",
    ),
    (
        "batch-size",
        "batch-size = 100",
        "batch-size = 1",
        "?Alder one has 3 users, more than the 1",
    ),
    (
        "exchange",
        "[exchange]\nsource-endpoint = \"one-endpoint\"\ntarget-delivery-domain = \"harborlane.example\"\n",
        "",
        "?Exchange is among the workloads",
    ),
    (
        "exchange/source-endpoint",
        "one-endpoint",
        "other-endpoint",
        "mail by other-endpoint",
    ),
    (
        "exchange/target-delivery-domain",
        "\"harborlane.example\"",
        "\"birch.example\"",
        "one-endpoint to birch.example",
    ),
    (
        "users",
        "file = \"users.csv\"",
        "file = \"fewer.csv\"",
        "2 users, Exchange, ODSP, cutover 2030-12-15",
    ),
    (
        "users/file",
        "file = \"users.csv\"",
        "file = \"fewer.csv\"",
        "2 users, Exchange, ODSP, cutover 2030-12-15",
    ),
    (
        "users/column",
        "\ncolumn = \"user\"",
        "\ncolumn = \"other\"",
        "000000000009",
    ),
    (
        "users/batch-column",
        "batch-column = \"batch\"",
        "batch-column = \"swapped\"",
        "3 users, Exchange, ODSP, cutover 2030-12-14",
    ),
    (
        "users/directory",
        "[users.directory]\nfile = \"directory.csv\"\nname-column = \"name\"\nid-column = \"id\"\n",
        "",
        "?jun@h.example is no object id",
    ),
    (
        "users/directory/file",
        "directory.csv",
        "directory2.csv",
        "0000000000dd",
    ),
    (
        "users/directory/name-column",
        "\"name\"\nid",
        "\"alias\"\nid",
        "0000000000cc",
    ),
    (
        "users/directory/id-column",
        "id-column = \"id\"",
        "id-column = \"id2\"",
        "0000000000ee",
    ),
    (
        "mappings",
        "[mappings]\nusers = \"mappings.csv\"\ngroups = \"groups.csv\"\n",
        "",
        "-map ines@a.example",
    ),
    (
        "mappings/users",
        "mappings.csv",
        "mappings2.csv",
        "user becomes ines2@h.example",
    ),
    ("mappings/groups", "groups.csv", "groups2.csv", "unmap"),
    (
        "batch",
        "\n[[batch]]\nname = \"Alder two\"\n",
        "",
        "?there is no batch Alder two",
    ),
    (
        "batch/name",
        "name = \"Alder two\"",
        "name = \"Alder three\"",
        "?there is no batch Alder two; there are Alder one, Alder three",
    ),
    (
        "batch/complete-after",
        "12-15T20",
        "12-16T20",
        "cutover 2030-12-16T20:00:00Z",
    ),
    (
        "batch/until",
        "until = \"migrating\"\nworkloads",
        "until = \"created\"\nworkloads",
        "-migrate Alder one",
    ),
    (
        "batch/workloads",
        "workloads = [\"Exchange\", \"ODSP\"]\n\n[[batch]]",
        "workloads = [\"ODSP\"]\n\n[[batch]]",
        "3 users, ODSP, cutover 2030-12-15",
    ),
];

/// All fields that the schema knows.
fn fields(schema: &Value, at: &Value, path: &str, all: &mut BTreeSet<String>) {
    let reference = at.get("$ref").and_then(Value::as_str);
    let at = reference
        .and_then(|reference| schema.pointer(reference.trim_start_matches('#')))
        .unwrap_or(at);
    if let Some(items) = at.get("items") {
        fields(schema, items, path, all);
    }
    for (name, field) in at["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}{name}");
        fields(schema, field, &format!("{path}/"), all);
        all.insert(path);
    }
}

fn files(folder: &Folder) {
    let user = |number| id(number);
    folder.write(
        "users.csv",
        &format!(
            "user,other,batch,swapped\n{},{},Alder one,Alder two\n{},{},Alder one,Alder two\n{},{},Alder one,Alder two\njun@h.example,{},Alder two,Alder one\n",
            user(1), user(9), user(2), user(10), user(3), user(12), user(11)
        ),
    );
    folder.write(
        "fewer.csv",
        &format!(
            "user,batch\n{},Alder one\n{},Alder one\njun@h.example,Alder two\n",
            user(1),
            user(2)
        ),
    );
    folder.write(
        "directory.csv",
        &format!(
            "name,alias,id,id2\njun@h.example,x@h.example,{},{}\ny@h.example,jun@h.example,{},{}\n",
            user(0xbb),
            user(0xee),
            user(0xcc),
            user(0xcc)
        ),
    );
    folder.write(
        "directory2.csv",
        &format!("name,id\njun@h.example,{}\n", user(0xdd)),
    );
    folder.write(
        "mappings.csv",
        "source,target\nines@a.example,ines@h.example\n",
    );
    folder.write(
        "mappings2.csv",
        "source,target\nines@a.example,ines2@h.example\n",
    );
    let groups = format!("source,target,remove\n{},{},\n", user(0x6a), user(0x6b));
    folder.write("groups.csv", &groups);
    folder.write(
        "groups2.csv",
        &format!("source,target,remove\n{},,yes\n", user(0x6a)),
    );
}

/// The plan as one text: the rows as JSON, what is gone from before with a minus, and the remarks.
fn planned(
    folder: &Folder,
    sandbox: &Sandbox,
    wave: &str,
    before: &[Value],
) -> (Vec<Value>, String) {
    folder.write("wave.toml", wave);
    let run = folder.run(sandbox, &["plan", "wave.toml", "-o", "json"]);
    if run.code == 2 {
        let told: Vec<_> = run.err.lines().map(|line| format!("?{line}")).collect();
        return (Vec::new(), told.join("\n"));
    }
    let rows: Vec<Value> = serde_json::from_str(&run.out).expect("JSON");
    let mut text = String::new();
    for row in rows.iter().filter(|row| !before.contains(row)) {
        let _ = writeln!(text, "{row}");
    }
    for row in before.iter().filter(|row| !rows.contains(row)) {
        let (change, name) = (row["change"].as_str(), row["name"].as_str());
        let (change, name) = (change.unwrap_or_default(), name.unwrap_or_default());
        let _ = writeln!(text, "-{change} {name}");
    }
    text.push_str(&run.err);
    (rows, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_of_the_schema_shows_in_the_plan_as_what_it_does() {
    let schema = include_str!("../../../wave.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema");
    let mut all = BTreeSet::new();
    fields(&schema, &schema, "", &mut all);
    let cases: BTreeSet<String> = CASES.iter().map(|case| case.0.to_owned()).collect();
    assert_eq!(all, cases, "each field has a case");

    let folder = Folder::new();
    files(&folder);
    let sandbox = start(Sandbox::builder()).await;
    // A group mapping is there already, so that one can be removed.
    let there = folder.run(
        &sandbox,
        &[
            "mappings",
            "apply",
            "groups",
            "--from",
            "groups.csv",
            "--source-tenant",
            SOURCE,
            "--yes",
            "--expect",
            "1",
        ],
    );
    assert_eq!(there.code, 0, "{there:?}");
    let (before, first) = planned(&folder, &sandbox, WAVE, &[]);
    assert_eq!(before.len(), 7, "{first}");
    for (field, old, new, expected) in CASES {
        if *field == "retry-failed" {
            continue;
        }
        assert_eq!(WAVE.matches(old).count(), 1, "{field}");
        let (_, text) = planned(&folder, &sandbox, &WAVE.replace(old, new), &before);
        let expected = expected.strip_prefix('?').unwrap_or(expected);
        assert!(text.contains(expected), "{field}: {expected}\n{text}");
        assert!(
            !first.contains(expected),
            "{field}: it was there before\n{first}"
        );
    }

    // Trying again needs something that failed.
    folder.write(
        "wave.toml",
        &WAVE.replace(
            "until = \"migrating\"\nretry",
            "until = \"validated\"\nretry",
        ),
    );
    let applied = folder.run(
        &sandbox,
        &[
            "apply",
            "wave.toml",
            "--yes",
            "--expect",
            "6",
            "--for",
            "1s",
            "--interval",
            "1s",
        ],
    );
    assert_eq!(sandbox.jobs().len(), 2, "{applied:?}");
    sandbox
        .set_job_status("Alder two", "validateFailed")
        .expect("a status");
    let (before, first) = planned(&folder, &sandbox, WAVE, &[]);
    let case = CASES
        .iter()
        .find(|case| case.0 == "retry-failed")
        .expect("a case");
    let (_, text) = planned(&folder, &sandbox, &WAVE.replace(case.1, case.2), &before);
    assert!(
        text.contains(case.3) && !first.contains(case.3),
        "{text}\n{first}"
    );
}
