//! What is added to the real pages, one thing at a time.

use std::fs;
use std::path::PathBuf;

use regex::Regex;

use super::{Workshop, lost};
use crate::support::{Copy, project};

/// Additions to the real pages: the page, what is found there, what is written instead.
const ADDITIONS: [(&str, &str, &str); 44] = [
    (
        "resources/crosstenantmigrationjob",
        r"\|message\|",
        "|retryCount|Int32|How often. Read-only.|\n$0",
    ),
    (
        "resources/crosstenantmigrationtask",
        r"\|ID\|",
        "|retryCount|Int64|How often.|\n$0",
    ),
    (
        "resources/crosstenantmigrationservicestatusdetails",
        r"\|message\|",
        "|percentDone|Double|How far. Nullable.|\n$0",
    ),
    (
        "resources/sharepointmigrationtask",
        r"\|finishedDateTime\|",
        "|pausedDateTime|DateTimeOffset|When it paused. Read-only.|\n$0",
    ),
    (
        "resources/error",
        r"\|message\|",
        "|target|String|What it is about.|\n$0",
    ),
    (
        "resources/publicerror",
        r"\|message\|",
        "|isTransient|Boolean|Whether it passes.|\n$0",
    ),
    (
        "resources/exchangeonlinecrosstenantmigrationsettings",
        r"\|sourceEndpoint\|",
        "|archiveOnly|Boolean|Only the archive.|\n$0",
    ),
    (
        "resources/sharepointuseridentitymapping",
        r"\|userType\|",
        "|validatedDateTime|DateTimeOffset|When.|\n$0",
    ),
    (
        "resources/sharepointgroupidentitymapping",
        r"\|groupType\|",
        "|aliases|String collection|Other names.|\n$0",
    ),
    (
        "resources/crosstenantmigrationcancelresponse",
        r"\|message\|",
        "|waveId|Guid|The wave.|\n$0",
    ),
    (
        "resources/crosstenantmigrationjob",
        r"possible values are: `submitted`",
        "possible values are: `queued`, `submitted`",
    ),
    (
        "resources/crosstenantmigrationservicestatusdetails",
        r"possible values are: `notStarted`",
        "possible values are: `queued`, `notStarted`",
    ),
    (
        "resources/sharepointmigrationtask",
        r"possible values are: `notStarted`",
        "possible values are: `queued`, `notStarted`",
    ),
    (
        "resources/crosstenantmigrationjob",
        r"possible values are: `validate` ",
        "possible values are: `rehearse`, `validate` ",
    ),
    (
        "api/crosstenantmigrationjob-migrate",
        r"\| `404 Not Found`",
        "| `403 Forbidden` | The licence is missing. |\n$0",
    ),
    (
        "api/crosstenantmigrationjob-validate",
        r"\| `404 Not Found`",
        "| `412 Precondition Failed` | The etag is stale. |\n$0",
    ),
    (
        "api/crosstenantmigrationjob-cancel",
        r"\n## Examples",
        "\nA `423 Locked` response says that a hold keeps the job.\n$0",
    ),
    (
        "api/crosstenantmigrationtask-cancel",
        r"\n## Examples",
        "\nA `423 Locked` response says that a hold keeps the user.\n$0",
    ),
    (
        "api/crosstenantmigrationjob-get",
        r"\n## Examples",
        "\n| Status code | Description |\n|:---|:---|\n| `404 Not Found` | There is no such job. |\n$0",
    ),
    (
        "api/crosstenantmigrationtask-get",
        r"\n## Examples",
        "\n| Response code | Description |\n|:---|:---|\n| 404 Not Found | There is no such user. |\n$0",
    ),
    (
        "api/migrationsroot-list-crosstenantmigrationjobs",
        r"\n## Examples",
        "\n| HTTP status code | Meaning |\n|:---|:---|\n| 400 | The filter is broken. |\n$0",
    ),
    (
        "api/migrationsroot-post-crosstenantmigrationjobs",
        r"\n## Examples",
        "\nThe service answers `507 Insufficient Storage` when the archive is full.\n$0",
    ),
    (
        "api/sharepointmigrationtask-get",
        r"\n## Examples",
        "\nThe service answers `410 Gone` for a task of last year.\n$0",
    ),
    (
        "api/sharepointmigrationtask-cancel",
        r"\n## Examples",
        "\nThe service answers `423 Locked` while a hold lasts.\n$0",
    ),
    (
        "api/crosstenantmigrationjob-migrate",
        r"\| `409 Conflict` \| The validation",
        "| `409 Conflict` | A litigation hold protects the archive mailbox, released by `holdRelease`. |\n$0",
    ),
    (
        "api/crosstenantmigrationjob-validate",
        r"\| `409 Conflict`",
        "| `409 Conflict` | A litigation hold protects the archive mailbox, released by `holdRelease`. |\n$0",
    ),
    (
        "api/crosstenantmigrationjob-list-users",
        r"\n## Permissions",
        "\nUp to 750 users are shown.\n$0",
    ),
    (
        "api/sharepointmigrationtask-update",
        r"\n## Permissions",
        "\nNo more than 4,000 tasks wait at a time.\n$0",
    ),
    (
        "resources/crosstenantmigrationtask",
        r"\n## Methods",
        "\nA task is kept for 400 days.\n$0",
    ),
    (
        "resources/sharepointmigrationtask",
        r"\n## Methods",
        "\nA task is kept for 45 days.\n$0",
    ),
    (
        "api/crosstenantmigrationjob-cancel",
        r"Namespace: microsoft.graph\n",
        "$0\n> [!CAUTION]\n> This method is deprecated and will stop working on August 20, 2027.\n",
    ),
    (
        "api/crosstenantmigrationjob-update",
        r"\n## Permissions",
        "\nThis method is deprecated and retires on 30 June 2027.\n$0",
    ),
    (
        "resources/crosstenantmigrationcancelresponse",
        r"Namespace: microsoft.graph\n",
        "$0\n> [!CAUTION]\n> This resource is deprecated and will be removed on March 1, 2028.\n",
    ),
    (
        "resources/crosstenantmigrationtask",
        r"\|taskType\|",
        "|taskType (deprecated)|",
    ),
    (
        "resources/crosstenantmigrationjob",
        r"\|createdBy\|",
        "|createdBy (deprecated)|",
    ),
    (
        "resources/sharepointmigrationtask",
        r"\|startedDateTime\|",
        "|startedDateTime (deprecated)|",
    ),
    (
        "resources/crosstenantmigrationjob",
        r"Supported workloads are `Teams`",
        "Supported workloads are `Planner`, `Teams`",
    ),
    (
        "resources/crosstenantmigrationjob",
        r"\|targetTenantId\|",
        "|pace|String|How fast. Possible values: `slow`, `fast`.|\n$0",
    ),
    (
        "api/migrationsroot-post-crosstenantmigrationjobs",
        r"\|displayName\|",
        "|notifyCreator|Boolean|Whether to write a mail.|\n$0",
    ),
    (
        "api/sharepointuseridentitymapping-update",
        r"\|userType\|",
        "|comment|String|Anything.|\n$0",
    ),
    (
        "api/sharepointgroupidentitymapping-update",
        r"\|groupType\|",
        "|comment|String|Anything.|\n$0",
    ),
    (
        "resources/sharepointmigrationtaskparameters",
        r"\|targetOrganizationHost\|",
        "|dryRun|Boolean|Only look.|\n$0",
    ),
    (
        "resources/sharepointsitemigrationtaskparameters",
        r"\|sourceSiteUrl\|",
        "|keepArchive|Boolean|Keep it.|\n$0",
    ),
    (
        "resources/groupidentity",
        r"\|mailNickname\|",
        "|alias|String|Another name.|\n$0",
    ),
];

#[test]
fn additions_to_the_real_pages_are_adopted_one_by_one() {
    let pages = project().join("../shared/docs/current/api-reference/beta");
    if !pages.is_dir() {
        println!("SKIPPED: {} is not there", pages.display());
        return;
    }
    let mut failures = Vec::new();
    for (page, pattern, replacement) in ADDITIONS {
        let original = fs::read_to_string(pages.join(format!("{page}.md"))).expect("a page");
        let pattern = Regex::new(pattern).expect("a pattern");
        assert!(pattern.is_match(&original), "{page} has no {pattern}");
        let changed = pattern.replace(&original, replacement);
        let documents = Copy::empty();
        let file: PathBuf = documents.write(
            page.rsplit('/')
                .next()
                .map(|name| format!("{name}.md"))
                .expect("a name")
                .as_str(),
            changed.as_bytes(),
        );
        let workshop = Workshop::of(&project().join("openapi"), "cross-tenant-migration.yaml");
        let (spec, ledger) = (workshop.read("spec.yaml"), workshop.read("provenance.yaml"));
        let mut fail = |what: String| failures.push(format!("{page} {replacement:?}: {what}"));
        if workshop.new_keys(&file).is_empty() {
            fail("not noticed".to_owned());
            continue;
        }
        let run = workshop.run("adopt", &file, &["--write"]);
        if run.code != 0 {
            fail(format!("adopt: {} {}{}", run.code, run.output, run.errors));
            continue;
        }
        let again = workshop.run("drift", &file, &["--format", "json"]);
        if again.code != 0
            || !again.new_keys().is_empty()
            || again.json()["notes"] != serde_json::json!([])
        {
            fail(format!(
                "not silent: {} {:?} {}",
                again.code,
                again.new_keys(),
                again.json()["notes"]
            ));
        }
        // A line is replaced where a sentence becomes a text of two, or an item joins a list in one line.
        let lost_spec = lost(&spec, &workshop.read("spec.yaml"));
        if lost_spec.len() > 1
            || lost_spec.iter().any(|line| {
                !["description:", "enum:", "{value:", "x-entra-roles:"]
                    .iter()
                    .any(|allowed| line.contains(allowed))
            })
        {
            fail(format!("the spec lost {lost_spec:?}"));
        }
        let lost_ledger = lost(&ledger, &workshop.read("provenance.yaml"));
        if lost_ledger.iter().any(|line| {
            !["sha256:", "pages: [", "edition:", "': ["]
                .iter()
                .any(|allowed| line.contains(allowed))
        }) {
            fail(format!("the ledger lost {lost_ledger:?}"));
        }
    }
    println!(
        "{} of {} additions adopted",
        ADDITIONS.len() - failures.len(),
        ADDITIONS.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
