//! The real documents, when they lie beside the project.

use std::path::PathBuf;
use std::time::Instant;

use crate::support::{project, run, text};

/// A folder of the shared documents; says so when it is missing.
fn shared(part: &str) -> Option<PathBuf> {
    let folder = project().join("../shared/docs").join(part);
    if folder.exists() {
        return Some(folder);
    }
    println!(
        "SKIPPED: {} is not there, the real documents were not read",
        folder.display()
    );
    None
}

#[test]
fn the_documents_of_today_bring_nothing_new() {
    for (part, pages, fewest_known) in [("current", 44, 31), ("learn", 3, 6), ("m365", 1, 4)] {
        let Some(folder) = shared(part) else { continue };
        let run = run(&["drift", text(&folder), "--format", "json"]);
        assert_eq!(
            (run.code, run.new_keys()),
            (0, Vec::new()),
            "{part}: {}",
            run.errors
        );
        let report = run.json();
        assert_eq!(report["compared"], pages, "{part}");
        assert!(
            run.known_keys().len() >= fewest_known,
            "{part}: {:?}",
            run.known_keys()
        );
    }
}

#[test]
fn the_seeds_differ_from_today_in_these_ways_and_no_other() {
    let Some(folder) = shared("seeds") else {
        return;
    };
    let user = "crosstenantmigrationtask-cancel";
    let task = "sharepointmigrationtask-cancel";
    let overview = "crosstenant-migration-overview";
    let cases: [(&str, Vec<String>); 5] = [
        // The page of cancelling a job is today's.
        ("000_07b4547119e0e15d.txt", Vec::new()),
        // The generated draft: 200 instead of 202, no 409, a wrapped example, no word on roles.
        (
            "001_1979ec9880eb86ba.txt",
            vec![
                format!("{user}#differs:example/response-1/status=200"),
                format!("{user}#differs:example/response-1/value/undeclared=object"),
                format!("{user}#stated:response/200"),
                format!("{user}#unstated:response/202"),
                format!("{user}#unstated:response/409"),
                format!("{user}#unstated:role/Global Administrator"),
                format!("{user}#unstated:role/Microsoft 365 Migration Administrator"),
            ],
        ),
        // The first text on the web: no permission was supported, and only one role.
        (
            "002_3c08c06deb83d28d.txt",
            vec![
                format!("{user}#differs:permission/application/least=none"),
                format!("{user}#differs:permission/delegated/least=none"),
                format!("{user}#unstated:role/Microsoft 365 Migration Administrator"),
            ],
        ),
        // The third draft has the table of errors that the published page lacks.
        (
            "003_72bbb5032a18dc31.txt",
            vec![
                format!("{task}#stated:response/400"),
                format!("{task}#stated:response/404"),
                format!("{task}#stated:response/409"),
                format!("{task}#stated:response/422"),
            ],
        ),
        // The first overview knew no permissions and asked for another role.
        (
            "004_ceb21f43277ec6bc.txt",
            vec![
                format!("{overview}#stated:role/Tenant Administrator"),
                format!("{overview}#unstated:scope/CrossTenantContentMigration.Read.All"),
                format!("{overview}#unstated:scope/CrossTenantContentMigration.ReadWrite.All"),
            ],
        ),
    ];
    for (seed, expected) in cases {
        let run = run(&["drift", text(&folder.join(seed)), "--format", "json"]);
        assert_eq!(run.new_keys(), expected, "{seed}");
        assert_eq!(run.known_keys(), Vec::<String>::new(), "{seed}");
        assert_eq!(run.code, i32::from(!expected.is_empty()), "{seed}");
    }
}

#[test]
fn the_first_draft_of_cancelling_a_user_is_reported_with_page_line_spec_line_and_rust_item() {
    let Some(folder) = shared("seeds") else {
        return;
    };
    let run = run(&[
        "drift",
        text(&folder.join("001_1979ec9880eb86ba.txt")),
        "--format",
        "json",
    ]);
    let report = run.json();
    let finding = report["findings"]
        .as_array()
        .and_then(|findings| {
            findings.iter().find(|finding| {
                finding["key"] == "crosstenantmigrationtask-cancel#stated:response/200"
            })
        })
        .expect("the 200 is reported");
    assert_eq!(finding["place"]["line"], 52);
    assert_eq!(finding["impact"], "breaking");
    assert_eq!(finding["items"][0], "Client::cancel_user");
    let spec = std::fs::read_to_string(project().join("openapi/cross-tenant-migration.yaml"))
        .expect("the spec");
    let line = finding["otherPlace"]["line"]
        .as_u64()
        .and_then(|line| usize::try_from(line).ok());
    let named = line
        .and_then(|line| spec.lines().nth(line - 1))
        .unwrap_or_default();
    assert_eq!(named.trim(), "'200':");
}

#[test]
fn two_editions_of_the_real_pages_differ_only_where_the_text_moved() {
    let (Some(current), Some(learn)) = (shared("current"), shared("learn")) else {
        return;
    };
    let page = "sharepointuseridentitymapping-update";
    let old = current.join(format!("api-reference/beta/api/{page}.md"));
    let new = learn.join(format!("learn_api_{page}__2026-03-21.md"));
    let run = run(&["drift", text(&old), text(&new), "--format", "json"]);
    assert_eq!(
        run.new_keys(),
        [
            format!("{page}#stated:example/response-1/body.value[].deleted"),
            format!("{page}#stated:example/response-1/body.value[].deleted.state"),
            format!("{page}#stated:request-property-rule/deleted/optional"),
            format!("{page}#stated:request-property/deleted"),
        ]
    );
}

#[test]
fn the_whole_folder_is_read_while_one_waits() {
    let Some(folder) = shared("current") else {
        return;
    };
    let started = Instant::now();
    let run = run(&["drift", text(&folder), "--format", "json"]);
    let took = started.elapsed();
    println!(
        "{} pages compared in {} ms, starting the program included",
        run.json()["compared"],
        took.as_millis()
    );
    assert_ne!(run.code, 2, "{}", run.errors);
}
