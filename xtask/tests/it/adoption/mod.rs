//! From the report to the change: what is plain is adopted, and nothing else is touched.

mod additions;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Copy, Run, fixtures, project, run, run_with_input, text};

/// The spec, the ledger and what the pages said, where a test may change them.
struct Workshop {
    folder: Copy,
}

impl Workshop {
    fn of(folder: &Path, spec: &str) -> Self {
        let copy = Copy::empty();
        for (from, to) in [
            (spec, "spec.yaml"),
            ("provenance.yaml", "provenance.yaml"),
            ("documents.lock", "documents.lock"),
        ] {
            if let Ok(text) = fs::read(folder.join(from)) {
                copy.write(to, text);
            }
        }
        Self { folder: copy }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("a file of the workshop")
    }

    fn run(&self, command: &str, documents: &Path, more: &[&str]) -> Run {
        let spec = self.folder.path().join("spec.yaml");
        let provenance = self.folder.path().join("provenance.yaml");
        let mut arguments = vec![
            command,
            text(documents),
            "--spec",
            text(&spec),
            "--provenance",
            text(&provenance),
        ];
        arguments.extend(more);
        run(&arguments)
    }

    /// What is asked about each change is answered by the lines.
    fn asked(&self, documents: &Path, answers: &str) -> Run {
        let spec = self.folder.path().join("spec.yaml");
        let provenance = self.folder.path().join("provenance.yaml");
        let arguments = [
            "adopt",
            text(documents),
            "--interactive",
            "--spec",
            text(&spec),
            "--provenance",
            text(&provenance),
        ];
        run_with_input(&arguments, &project(), answers)
    }

    fn new_keys(&self, documents: &Path) -> Vec<String> {
        self.run("drift", documents, &["--format", "json"])
            .new_keys()
    }
}

/// The lines of the old text that the new one lacks.
fn lost(old: &str, new: &str) -> Vec<String> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for line in new.lines() {
        *counts.entry(line).or_default() += 1;
    }
    old.lines()
        .filter(|line| {
            let count = counts.entry(line).or_default();
            *count -= 1;
            *count < 0
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_plain_is_adopted_and_the_next_run_is_silent() {
    let documents = Copy::of("docs");
    documents.replace(
        "resources/cratejob.md",
        "|label|String|Name of the order.|",
        "|label|String|Name of the order.|\n|weight|Int32|In tons. Nullable.|\n|seal|[crateCancelReceipt](../resources/cratecancelreceipt.md)|Lead.|",
    );
    documents.replace("resources/cratejob.md", "`stopped`,", "`stopped`, `lost`,");
    documents.replace(
        "api/cratejob-cancel.md",
        "| `409 Conflict` | The job has",
        "| `403 Forbidden` | The caller owns no crate. |\n| `409 Conflict` | The job has",
    );
    let workshop = Workshop::of(&fixtures(), "spec.yaml");
    let (spec, provenance) = (workshop.read("spec.yaml"), workshop.read("provenance.yaml"));
    let shown = workshop.run("adopt", documents.path(), &[]);
    assert_eq!(shown.code, 0, "{}{}", shown.output, shown.errors);
    assert_eq!(
        workshop.read("spec.yaml"),
        spec,
        "a dry run changes nothing"
    );
    assert!(
        shown.output.contains("+        weight:"),
        "{}",
        shown.output
    );
    let run = workshop.run("adopt", documents.path(), &["--write"]);
    assert_eq!(run.code, 0, "{}{}", run.output, run.errors);
    assert_eq!(workshop.new_keys(documents.path()), Vec::<String>::new());
    let changed = workshop.read("spec.yaml");
    assert!(
        changed.contains("enum: [waiting, packing, shipped, stopped, lost, unknownFutureValue]")
    );
    assert!(changed.contains("seal:\n          $ref: '#/components/schemas/crateCancelReceipt'"));
    assert!(changed.contains("'403':\n          description: 'DRAFT:"));
    assert_eq!(
        lost(&spec, &changed),
        ["      enum: [waiting, packing, shipped, stopped, unknownFutureValue]"]
    );
    let ledger = workshop.read("provenance.yaml");
    assert!(
        ledger.contains("      '403': [cratejob-cancel]\n"),
        "{ledger}"
    );
    assert_eq!(lost(&provenance, &ledger), Vec::<String>::new());
}

#[test]
fn what_is_a_decision_is_listed_and_left_alone() {
    let cases = [
        (
            "api/cratejob-cancel.md",
            "a `202 Accepted` response",
            "a `200 OK` response",
        ),
        ("resources/cratejob.md", "|label|String|", "|label|Int32|"),
        (
            "resources/cratejob.md",
            "|label|String|Name of the order.|\n",
            "",
        ),
        (
            "api/relocationsroot-post-cratejobs.md",
            "|label|String|Name of the order. Required.|",
            "|label|String|Name of the order. Required.|\n|port|String|Required.|",
        ),
    ];
    for (file, from, to) in cases {
        let documents = Copy::of("docs");
        documents.replace(file, from, to);
        let workshop = Workshop::of(&fixtures(), "spec.yaml");
        let spec = workshop.read("spec.yaml");
        let run = workshop.run("adopt", documents.path(), &["--write"]);
        assert_eq!(run.code, 1, "{to}: {}", run.output);
        assert!(run.output.contains("decide: "), "{to}: {}", run.output);
        assert_eq!(workshop.read("spec.yaml"), spec, "{to}");
    }
}

const NEW_OPERATION: &str = "---\nms.date: 11/20/2026\n---\n\n# crateJob: ship\n\nShips a crate.\n\n## Permissions\n\n\
    |Permission type|Least privileged permissions|Higher privileged permissions|\n|:---|:---|:---|\n\
    |Delegated (work or school account)|CrateRelocation.ReadWrite.All|Not available.|\n\
    |Delegated (personal Microsoft account)|Not supported.|Not supported.|\n\
    |Application|CrateRelocation.ReadWrite.All|Not available.|\n\n\
    ## HTTP request\n\n```http\nPOST /solutions/relocations/crateJobs/{id}/ship\n```\n\n\
    ## Request headers\n\n|Name|Description|\n|:---|:---|\n|Authorization|Bearer {token}. Required.|\n\
    |Content-Type|application/json. Required.|\n\n## Request body\n\n\
    |Property|Type|Description|\n|:---|:---|:---|\n|berth|String|Where it lies. Required.|\n|tons|Int32|How much.|\n\n\
    ## Response\n\nIf successful, this action returns a `202 Accepted` response code and a \
    [crateJob](../resources/cratejob.md) object in the response body.\n\n\
    | Status code | Description |\n|:---|:---|\n| `409 Conflict` | The harbour `H7` is frozen. |\n\n\
    ## Examples\n\n### Request\n\n```http\nPOST https://graph.microsoft.com/beta/solutions/relocations/crateJobs/1/ship\n\
    Content-Type: application/json\n\n{\"berth\": \"Pier nine\", \"tons\": 4}\n```\n\n### Response\n\n```http\n\
    HTTP/1.1 202 Accepted\nContent-Type: application/json\n\n{\"id\": \"1\", \"label\": \"Piano of somebody\", \"status\": \"packing\"}\n```\n";

#[test]
fn a_new_operation_is_written_as_a_draft_and_what_follows_by_hand_is_printed() {
    let documents = Copy::of("docs");
    documents.write("api-reference/beta/api/cratejob-ship.md", NEW_OPERATION);
    documents.replace(
        "resources/cratejob.md",
        "|Stop an order.|",
        "|Stop an order.|\n|[ship](../api/cratejob-ship.md)|[crateJob](../resources/cratejob.md)|Ship a crate.|",
    );
    let workshop = Workshop::of(&fixtures(), "spec.yaml");
    let (spec, ledger) = (workshop.read("spec.yaml"), workshop.read("provenance.yaml"));
    let shown = workshop.run("adopt", documents.path(), &[]);
    assert_eq!(shown.code, 1, "{}{}", shown.output, shown.errors);
    assert_eq!(
        workshop.read("spec.yaml"),
        spec,
        "a dry run changes nothing"
    );
    let run = workshop.run("adopt", documents.path(), &["--write"]);
    assert_eq!(run.code, 1, "{}{}", run.output, run.errors);
    for part in [
        "pub async fn ship_crate_job(&self, job: &str) -> Result<Response<CrateJob>, Error>",
        "(\"shipCrateJob\", |c|",
        "Self::ShipCrateJob => \"shipCrateJob\"",
        "decide: ",
        "a new operation: put its draft into words",
    ] {
        assert!(run.output.contains(part), "{part}: {}", run.output);
    }
    let written = workshop.read("spec.yaml");
    for part in [
        "\n  /solutions/relocations/crateJobs/{crateJobId}/ship:\n",
        "      operationId: shipCrateJob\n",
        "        - delegated: [CrateRelocation.ReadWrite.All]\n        - application: [CrateRelocation.ReadWrite.All]\n",
        "              required: [berth]\n",
        "                tons:\n                  type: integer\n                  format: int32\n",
        "        '202':\n",
        "              schema: {$ref: '#/components/schemas/crateJob'}\n",
        "                    status: 'packing'\n",
        "        '409':\n",
        "`h7`",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    for text in ["Piano", "Pier nine", "Ships a crate", "is frozen"] {
        assert!(!written.contains(text), "words of the page: {text}");
    }
    assert_eq!(lost(&spec, &written), Vec::<String>::new());
    let sources = workshop.read("provenance.yaml");
    assert_eq!(lost(&ledger, &sources), Vec::<String>::new());
    for part in [
        "  shipCrateJob:\n    pages: [cratejob-ship]\n    statuses:\n      '202': [cratejob-ship]\n",
        "    title: 'crateJob: ship'\n",
        "    edition: '2026-11-20'\n",
    ] {
        assert!(sources.contains(part), "{part}: {sources}");
    }
    assert_eq!(workshop.new_keys(documents.path()), Vec::<String>::new());
    let again = workshop.run("adopt", documents.path(), &["--write"]);
    assert!(
        again.output.contains("0 adopted, 0 to decide"),
        "{}",
        again.output
    );
}

#[test]
fn permissions_and_roles_are_adopted() {
    let documents = Copy::of("docs");
    let permissions = "permissions/cratejob-cancel-permissions.md";
    documents.replace(
        permissions,
        "|Application|CrateRelocation.ReadWrite.All|Not available.|",
        "|Application|CrateRelocation.ReadWrite.All|CrateRelocation.Manage.All|",
    );
    documents.replace(
        "resources/relocation-overview.md",
        "everything else needs `CrateRelocation.ReadWrite.All`.",
        "everything else needs `CrateRelocation.ReadWrite.All` or `CrateRelocation.Manage.All`.",
    );
    documents.replace(
        "rbac-for-apis/rbac-relocation-apis.md",
        "*Harbour Operations Administrator* or",
        "*Harbour Operations Administrator*, *Pier Administrator*, or",
    );
    let workshop = Workshop::of(&fixtures(), "spec.yaml");
    let _ = workshop.read("spec.yaml");
    let run = workshop.run("adopt", documents.path(), &["--write"]);
    assert_eq!(run.code, 0, "{}{}", run.output, run.errors);
    let changed = workshop.read("spec.yaml");
    for part in [
        "        - application: [CrateRelocation.Manage.All]\n",
        "Global Administrator, Pier Administrator]\n",
    ] {
        assert!(changed.contains(part), "{part}: {}", run.output);
    }
    assert_eq!(workshop.new_keys(documents.path()), Vec::<String>::new());
    // Another least privileged permission is a decision.
    documents.replace(
        permissions,
        "|Application|CrateRelocation.ReadWrite.All|",
        "|Application|CrateRelocation.Stop.All|",
    );
    let run = workshop.run("adopt", documents.path(), &["--write"]);
    assert_eq!(run.code, 1, "{}", run.output);
    assert!(
        run.output.contains("tokens of today may be refused"),
        "{}",
        run.output
    );
    assert_eq!(workshop.read("spec.yaml"), changed);
}

#[test]
fn what_is_asked_about_is_adopted_only_when_agreed_with() {
    let documents = Copy::of("docs");
    documents.replace(
        "resources/cratejob.md",
        "|label|String|Name of the order.|",
        "|label|String|Name of the order.|\n|weight|Int32|In tons.|\n|height|Int32|In feet.|",
    );
    let workshop = Workshop::of(&fixtures(), "spec.yaml");
    let answers = workshop.asked(documents.path(), "n\nyes\n");
    assert_eq!(answers.code, 1, "{}{}", answers.output, answers.errors);
    assert_eq!(
        answers.output.matches("Adopt? [y/n]").count(),
        2,
        "{}",
        answers.output
    );
    assert!(answers.output.contains("you did not agree"));
    assert!(answers.output.contains("1 adopted, 1 to decide"));
    let spec = workshop.read("spec.yaml");
    assert_eq!(
        (spec.contains("weight:"), spec.contains("height:")),
        (false, true)
    );
    // Nobody who answers is nobody who agrees.
    let silent = workshop.asked(documents.path(), "");
    assert_eq!(silent.code, 1, "{}{}", silent.output, silent.errors);
    assert!(!workshop.read("spec.yaml").contains("weight:"));
}

/// A copy of what the command needs of the project, with its own specification and a changed real page.
fn project_copy() -> Option<(Copy, Copy)> {
    let page = project()
        .join("../shared/docs/current/api-reference/beta/resources/crosstenantmigrationjob.md");
    let Ok(original) = fs::read_to_string(&page) else {
        println!("SKIPPED: {} is not there", page.display());
        return None;
    };
    let (copy, documents) = (Copy::empty(), Copy::empty());
    for entry in fs::read_dir(project().join("openapi")).expect("the specification") {
        let file = entry.expect("an entry").path();
        if file.is_file() {
            let name = file.file_name().expect("a name").to_string_lossy();
            copy.write(&format!("openapi/{name}"), fs::read(&file).expect("a file"));
        }
    }
    copy.write("xtask/README.md", "The root of a project has this folder.");
    let changed = original
        .replace(
            "|message|String|",
            "|retryCount|Int32|How often it was tried. Read-only.|\n|message|String|",
        )
        .replace(
            "`submitted`, `approved`,",
            "`submitted`, `paused`, `approved`,",
        )
        // Whoever adds a property shows it in the form of the type as well.
        .replace(
            "  \"message\": \"String\",\n",
            "  \"message\": \"String\",\n  \"retryCount\": \"Int32\",\n",
        );
    documents.write("crosstenantmigrationjob.md", changed);
    Some((copy, documents))
}

#[test]
fn the_projects_own_files_are_written_where_it_lies_and_only_when_told() {
    let Some((copy, documents)) = project_copy() else {
        return;
    };
    let page = documents.file("crosstenantmigrationjob.md");
    let read = |name: &str| {
        fs::read_to_string(copy.path().join("openapi").join(name)).expect("a file of the copy")
    };
    let files = [
        "cross-tenant-migration.yaml",
        "provenance.yaml",
        "documents.lock",
    ];
    let before: Vec<String> = files.iter().map(|name| read(name)).collect();
    let adopt = |more: &[&str], answers: &str| {
        let arguments = [&["adopt", text(&page), "--no-regenerate"], more].concat();
        run_with_input(&arguments, copy.path(), answers)
    };
    let dry = adopt(&[], "");
    assert_eq!(dry.code, 0, "{}{}", dry.output, dry.errors);
    assert!(dry.output.contains("nothing was written"), "{}", dry.output);
    let refused = adopt(&["--interactive"], "n\nn\n");
    assert_eq!(refused.code, 1, "{}{}", refused.output, refused.errors);
    for (name, text) in files.iter().zip(&before) {
        assert_eq!(read(name), *text, "{name} was changed");
    }
    let agreed = adopt(&["--interactive"], "y\ny\n");
    assert_eq!(agreed.code, 0, "{}{}", agreed.output, agreed.errors);
    let spec = read(files[0]);
    for part in [
        "        - paused\n",
        "- {value: paused, description: 'DRAFT:",
        "        retryCount:\n",
    ] {
        assert!(spec.contains(part), "{part}");
    }
    assert_eq!(lost(&before[0], &spec), Vec::<String>::new());
    let drift = run_with_input(&["drift", text(&page), "--fail-on-notes"], copy.path(), "");
    assert_eq!(drift.code, 0, "{}{}", drift.output, drift.errors);
    let again = adopt(&["--write"], "");
    assert!(
        again.output.contains("0 adopted, 0 to decide"),
        "{}",
        again.output
    );
    assert_eq!(read(files[0]), spec);
}

#[test]
fn a_value_that_is_explained_anew_is_marked() {
    let page = project()
        .join("../shared/docs/current/api-reference/beta/resources/crosstenantmigrationjob.md");
    let Ok(original) = fs::read_to_string(&page) else {
        println!("SKIPPED: {} is not there", page.display());
        return;
    };
    let from = "`validate` (only validation is performed, no migration)";
    assert!(original.contains(from));
    let documents = Copy::empty();
    let page = documents.write(
        "crosstenantmigrationjob.md",
        original.replace(
            from,
            "`validate` (no validation is performed, content is deleted)",
        ),
    );
    let workshop = Workshop::of(&project().join("openapi"), "cross-tenant-migration.yaml");
    let run = workshop.run("adopt", &page, &["--write"]);
    assert_eq!(run.code, 0, "{}{}", run.output, run.errors);
    let spec = workshop.read("spec.yaml");
    let line = spec
        .lines()
        .find(|line| line.contains("{value: validate,"))
        .expect("the member");
    assert!(
        line.contains("DRAFT: the page explains it anew. Keywords: "),
        "{line}"
    );
    assert_eq!(workshop.new_keys(&page), Vec::<String>::new());
}
