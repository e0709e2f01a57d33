//! What breaks the users of the specification is found by a comparison that this project did not write.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Run, project, run};

/// What is changed in the real specification, once, and whether that breaks somebody.
const CHANGES: [(&str, &str, &str, bool); 19] = [
    (
        "a property that was answered is gone",
        "        '@odata.count':\n          type: integer\n",
        "        '@odata.total':\n          type: integer\n",
        true,
    ),
    (
        "a property that has to be sent is new",
        "      required: [displayName, completeAfterDateTime, sourceTenantId, resourceType, resources]\n      properties:\n",
        "      required: [displayName, completeAfterDateTime, sourceTenantId, resourceType, resources, note]\n      properties:\n        note: {type: string}\n",
        true,
    ),
    (
        "a property that is answered is new",
        "        '@odata.count':\n          type: integer\n",
        "        '@odata.total': {type: integer}\n        '@odata.count':\n          type: integer\n",
        false,
    ),
    (
        "a path is gone",
        "  /solutions/migrations/crossTenantMigrationJobs/{crossTenantMigrationJobId}/cancel:",
        "  /solutions/migrations/crossTenantMigrationJobs/{crossTenantMigrationJobId}/stop:",
        true,
    ),
    (
        "a method is another",
        "    delete:\n      operationId: deleteJob",
        "    put:\n      operationId: deleteJob",
        true,
    ),
    (
        "an operation has another name",
        "operationId: listUsers",
        "operationId: listTasks",
        true,
    ),
    (
        "a creation asks for more",
        "required: [displayName, completeAfterDateTime, sourceTenantId, resourceType, resources]",
        "required: [displayName, completeAfterDateTime, sourceTenantId, resourceType, resources, workloads]",
        true,
    ),
    (
        "a status is gone",
        "        - cuttingOver\n        - inProgress\n        - completed\n",
        "        - inProgress\n        - completed\n",
        true,
    ),
    (
        "a list takes less",
        "        maxItems: 2000\n",
        "        maxItems: 100\n",
        true,
    ),
    (
        "a property to be sent is of another type",
        "        displayName:\n          type: string\n          minLength: 1\n          description: The name of the job; has to be unique",
        "        displayName:\n          type: integer\n          description: The name of the job; has to be unique",
        true,
    ),
    (
        "a page holds something else",
        "schema: {$ref: '#/components/schemas/crossTenantMigrationJobCollectionResponse'}",
        "schema: {$ref: '#/components/schemas/crossTenantMigrationTaskCollectionResponse'}",
        true,
    ),
    (
        "a body is another",
        "    crossTenantMigrationJobCreate:\n      type: object\n",
        "    crossTenantMigrationJobCreate:\n      type: array\n      items: {type: string}\n",
        true,
    ),
    (
        "a property to be sent has another name",
        "        sourceTenantId:\n          type: string\n          minLength: 1\n          description: The id of the tenant that the content leaves",
        "        sourceTenant:\n          type: string\n          minLength: 1\n          description: The id of the tenant that the content leaves",
        true,
    ),
    ("nothing", "openapi: 3.0.3\n", "openapi: 3.0.3\n", false),
    (
        "a summary",
        "summary: Delete a migration job and its data.",
        "summary: Delete a job.",
        false,
    ),
    (
        "a description",
        "description: How far a job has come.",
        "description: The status of a job.",
        false,
    ),
    (
        "a role",
        "x-entra-roles: [Microsoft 365 Migration Administrator, Global Administrator]",
        "x-entra-roles: [Global Administrator]",
        false,
    ),
    (
        "a property that may be sent",
        "        exchangeSettings:\n          $ref: '#/components/schemas/exchangeOnlineCrossTenantMigrationSettings'\n        workloads:",
        "        note: {type: string}\n        exchangeSettings:\n          $ref: '#/components/schemas/exchangeOnlineCrossTenantMigrationSettings'\n        workloads:",
        false,
    ),
    (
        "a new path",
        "  /solutions/migrations/crossTenantMigrationJobs/{crossTenantMigrationJobId}/cancel:",
        "  /solutions/migrations/summary:\n    get:\n      operationId: getSummary\n      responses:\n        '204': {description: Nothing.}\n  /solutions/migrations/crossTenantMigrationJobs/{crossTenantMigrationJobId}/cancel:",
        false,
    ),
];

fn spec() -> std::path::PathBuf {
    project().join("openapi/cross-tenant-migration.yaml")
}

fn compatibility(spec: &Path, arguments: &[&str]) -> Run {
    let spec = spec.display().to_string();
    let mut all = vec!["compatibility", "--spec", &spec];
    all.extend(arguments);
    run(&all)
}

#[test]
fn what_breaks_users_is_found_and_nothing_else() {
    let folder = TempDir::new().expect("a temporary folder");
    let text = fs::read_to_string(spec()).expect("the specification");
    let old = spec().display().to_string();
    let mut wrong = Vec::new();
    for (what, from, to, breaks) in CHANGES {
        assert!(
            text.contains(from),
            "{what}: the specification has no longer {from}"
        );
        let file = folder.path().join("spec.yaml");
        fs::write(&file, text.replacen(from, to, 1)).expect("room for a file");
        let run = compatibility(&file, &["--against", &old]);
        let expected = i32::from(breaks);
        if run.code != expected || run.output.contains("breaking: ") != breaks {
            wrong.push(format!(
                "{what}: {} and not {expected}\n{}{}",
                run.code, run.output, run.errors
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_change_that_is_meant_is_named_with_its_reason_until_it_is_gone() {
    let folder = TempDir::new().expect("a temporary folder");
    let text = fs::read_to_string(spec()).expect("the specification");
    let changed = folder.path().join("spec.yaml");
    fs::write(
        &changed,
        text.replacen("maxItems: 2000", "maxItems: 100", 1),
    )
    .expect("room");
    let old = spec().display().to_string();
    let found = compatibility(&changed, &["--against", &old]).output;
    let line = found
        .lines()
        .find_map(|line| line.strip_prefix("breaking: "));
    let line = line.expect("a breaking change").replace('\'', "''");
    let accepted = folder.path().join("accepted.yaml");
    let write = |text: &str| fs::write(&accepted, text).expect("room");
    let accepted = accepted.display().to_string();
    let arguments = ["--against", &old, "--accepted", &accepted];

    write(&format!(
        "accepted:\n  - change: '{line}'\n    reason: The admin guide says so.\n"
    ));
    let run = compatibility(&changed, &arguments);
    assert_eq!(run.code, 0, "{}{}", run.output, run.errors);
    assert!(
        run.output.contains("The admin guide says so."),
        "{}",
        run.output
    );

    let run = compatibility(&spec(), &arguments);
    assert_eq!(run.code, 1, "{}", run.output);
    assert!(run.output.contains("obsolete"), "{}", run.output);

    write(&format!("accepted:\n  - change: '{line}'\n"));
    let run = compatibility(&changed, &arguments);
    assert_eq!(run.code, 2, "{}", run.output);
    assert!(run.errors.contains("no `reason`"), "{}", run.errors);
}

#[test]
fn the_specification_of_a_commit_can_be_named() {
    let own = run(&["compatibility", "--since", "HEAD"]);
    if own.errors.contains("git cannot be run") || own.errors.contains("has no HEAD") {
        println!("SKIPPED: this is no repository of git");
        return;
    }
    assert!(own.code < 2, "{}{}", own.output, own.errors);
    assert!(own.output.contains("since HEAD:openapi/"), "{}", own.output);
    let gone = run(&["compatibility", "--since", "no-such-release"]);
    assert_eq!(gone.code, 2, "{}", gone.output);
    assert!(gone.errors.contains("no-such-release"), "{}", gone.errors);
}
