//! The nightly workflow, step by step as a runner takes them, on the pages of the fixtures.
//!
//! `git` is real and finds a local repository at the public address; `cargo xtask` is the program under test; `gh`
//! writes down what it is asked for and remembers the issue.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use crate::support::{Copy, fixtures, project, run, text};

const PUBLIC: &str = "https://github.com/microsoftgraph/microsoft-graph-docs-contrib";

/// Remembers one issue: its state and its body.
const GH: &str = r#"#!/usr/bin/env bash
set -eu
echo "$1 ${2-}" >>"$STATE/log"
previous=
for argument in "$@"; do
  case $previous=$argument in
    --body-file=*) cp "$argument" "$STATE/body" ;;
    -F=sarif=@*) base64 -d "${argument#sarif=@}" | gzip -d >"$STATE/sarif" ;;
  esac
  previous=$argument
done
case "$1 ${2-}" in
  "issue list") [ ! -e "$STATE/open" ] || echo 7 ;;
  "issue create") touch "$STATE/open" ;;
  "issue close") [ "$3" = 7 ]; rm "$STATE/open" ;;
  "issue edit") [ "$3" = 7 ] ;;
  "label create" | "api --method") ;;
  *) echo "no such command: $*" >&2; exit 1 ;;
esac
"#;

/// What the alias of `cargo` runs, with the fixtures' files.
const CARGO: &str = r#"#!/usr/bin/env bash
[ "$1" = xtask ] || exit 101
shift
exec "$XTASK" "$@" --spec "$OWN/spec.yaml" --provenance "$OWN/provenance.yaml"
"#;

struct Step {
    name: String,
    id: String,
    condition: Option<String>,
    environment: Vec<(String, String)>,
    script: String,
}

fn steps() -> Vec<Step> {
    let file = project().join(".github/workflows/documents.yml");
    let text = fs::read_to_string(file).expect("the workflow");
    let documents = Yaml::load_from_str(&text).expect("YAML");
    let job = documents[0]["jobs"]["drift"].clone();
    let member = |step: &Yaml<'_>, name: &str| {
        let value = step.as_mapping_get(name).and_then(Yaml::as_str);
        value.map(str::to_owned)
    };
    let steps = job["steps"].as_vec().expect("steps");
    steps
        .iter()
        .filter_map(|step| {
            Some(Step {
                name: member(step, "name").expect("a name"),
                id: member(step, "id").unwrap_or_default(),
                condition: member(step, "if"),
                environment: step
                    .as_mapping_get("env")
                    .and_then(Yaml::as_mapping)
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| {
                        let text = |yaml: &Yaml<'_>| yaml.as_str().expect("text").to_owned();
                        (text(name), text(value))
                    })
                    .collect(),
                script: member(step, "run")?,
            })
        })
        .collect()
}

/// A repository of documents, and what stays from one night to the next.
struct Nights {
    documents: Copy,
    /// The spec, its ledger, and what the pages said when somebody last read them.
    own: Copy,
    state: Copy,
}

/// How a night ended.
struct Night {
    failed: Option<String>,
    log: String,
}

impl Nights {
    fn new() -> Self {
        let documents = Copy::of("docs");
        // What a clone holds besides ours.
        documents.write("api-reference/v1.0/api/user-get.md", "# Get user\n");
        documents.write("assets/logo.svg", "<svg/>");
        let own = Copy::empty();
        let read = |name: &str| fs::read_to_string(fixtures().join(name)).expect("a fixture");
        let spec = own.write("spec.yaml", read("spec.yaml"));
        let followed: String = read("provenance.yaml")
            .lines()
            .map(|line| match line.strip_prefix("    path:") {
                Some(_) => format!("{line}\n    sha256: none\n"),
                None => format!("{line}\n"),
            })
            .collect();
        let ledger = own.write("provenance.yaml", followed);
        let (pages, spec, ledger) = (text(documents.path()), text(&spec), text(&ledger));
        let options = [
            "--write",
            "--reviewed",
            "all",
            "--spec",
            spec,
            "--provenance",
            ledger,
        ];
        let recorded = run(&[&["adopt", pages][..], &options].concat());
        assert_eq!(recorded.code, 0, "{}{}", recorded.output, recorded.errors);
        let nights = Self {
            documents,
            own,
            state: Copy::empty(),
        };
        nights.git(&["init", "--quiet"]);
        nights.git(&["config", "uploadpack.allowFilter", "true"]);
        nights.commit();
        nights
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments)
            .current_dir(self.documents.path())
            .output()
            .expect("git");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "Edit"]);
    }

    /// Runs every step whose condition holds, as a runner does, until one fails.
    fn night(&self) -> Night {
        let work = Copy::empty();
        let tools = Copy::empty();
        for (name, script) in [("gh", GH), ("cargo", CARGO)] {
            let file = tools.write(name, script);
            make_executable(&file);
        }
        let _ = fs::remove_file(self.state.path().join("log"));
        let mut outputs: BTreeMap<String, String> = BTreeMap::new();
        let mut failed = None;
        for step in steps() {
            let holds = step
                .condition
                .as_deref()
                .is_none_or(|condition| holds(condition, &outputs));
            if !holds {
                continue;
            }
            let script = work.write("step.sh", &step.script);
            let set = work.write("output", "");
            let output = Command::new("bash")
                .args(["--noprofile", "--norc", "-e", text(&script)])
                .current_dir(work.path())
                .env("PATH", path_with(tools.path()))
                .env("STATE", self.state.path())
                .env("XTASK", env!("CARGO_BIN_EXE_xtask"))
                .env("OWN", self.own.path())
                .env("GITHUB_OUTPUT", &set)
                .env("GITHUB_SHA", "0".repeat(40))
                .env("GITHUB_REF", "refs/heads/main")
                .env("REPOSITORY", "owner/name")
                .env("GIT_CONFIG_COUNT", "1")
                .env(
                    "GIT_CONFIG_KEY_0",
                    format!("url.file://{}.insteadOf", text(self.documents.path())),
                )
                .env("GIT_CONFIG_VALUE_0", PUBLIC)
                .envs(step.environment.iter().map(|(name, value)| {
                    let known = outputs.iter().fold(value.clone(), |value, (name, output)| {
                        value.replace(&format!("${{{{ {name} }}}}"), output)
                    });
                    assert!(!known.contains("${{"), "{name}: {known}");
                    (name.clone(), known)
                }))
                .output()
                .expect("bash");
            for line in fs::read_to_string(&set).expect("outputs").lines() {
                let (name, value) = line.split_once('=').expect("name=value");
                outputs.insert(
                    format!("steps.{}.outputs.{name}", step.id),
                    value.to_owned(),
                );
            }
            if !output.status.success() {
                let words = String::from_utf8_lossy(&output.stderr);
                failed = Some(format!("{}: {words}", step.name));
                break;
            }
        }
        Night {
            failed,
            log: self.read("log"),
        }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.state.path().join(name)).unwrap_or_default()
    }
}

/// The only form of condition that the workflow uses.
fn holds(condition: &str, outputs: &BTreeMap<String, String>) -> bool {
    let equal = condition.split_once(" == ");
    let (name, value) = equal
        .or_else(|| condition.split_once(" != "))
        .unwrap_or_else(|| panic!("this test cannot read {condition:?}"));
    let value = value.trim_matches('\'');
    let is = outputs
        .get(name)
        .unwrap_or_else(|| panic!("nothing sets {name}"));
    (is == value) == equal.is_some()
}

fn path_with(folder: &Path) -> String {
    format!(
        "{}:{}",
        text(folder),
        std::env::var("PATH").expect("a path")
    )
}

fn make_executable(file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
}

fn here() -> bool {
    let here = cfg!(unix)
        && ["bash", "git"].iter().all(|tool| {
            Command::new(tool)
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
        });
    if !here {
        println!("SKIPPED: the workflow needs bash and git");
    }
    here
}

#[test]
fn nothing_is_opened_while_nothing_changes() {
    if !here() {
        return;
    }
    let night = Nights::new().night();
    assert_eq!(night.failed, None);
    assert!(!night.log.contains("issue create"), "{}", night.log);
    assert!(!night.log.contains("issue edit"), "{}", night.log);
}

#[test]
fn one_issue_follows_the_documents_until_they_agree_again() {
    if !here() {
        return;
    }
    let nights = Nights::new();
    let page = "api/cratejob-cancel.md";
    let original = fs::read_to_string(nights.documents.file(page)).expect("a page");
    nights
        .documents
        .replace(page, "a `202 Accepted` response", "a `200 OK` response");
    nights.documents.replace(
        "resources/cratejob.md",
        "|label|String|",
        "|seal|String|Lead.|\n|label|String|",
    );
    nights.commit();

    let first = nights.night();
    assert_eq!(first.failed, None);
    assert!(first.log.contains("issue create"), "{}", first.log);
    let body = nights.read("body");
    assert!(
        body.contains("cratejob-cancel#stated:response/200"),
        "{body}"
    );
    assert!(body.contains("+        seal:"), "{body}");
    let report: serde_json::Value = serde_json::from_str(&nights.read("sarif")).expect("SARIF");
    assert!(
        !report["runs"][0]["results"]
            .as_array()
            .expect("results")
            .is_empty()
    );

    let second = nights.night();
    assert_eq!(second.failed, None);
    assert!(second.log.contains("issue edit"), "{}", second.log);
    assert!(!second.log.contains("issue create"), "{}", second.log);

    // Closed by hand without a change: what is still so is said again.
    fs::remove_file(nights.state.path().join("open")).expect("an issue");
    let third = nights.night();
    assert_eq!(third.failed, None);
    assert!(third.log.contains("issue create"), "{}", third.log);

    nights
        .documents
        .write("api-reference/beta/api/cratejob-cancel.md", original);
    nights
        .documents
        .replace("resources/cratejob.md", "|seal|String|Lead.|\n", "");
    nights.commit();
    let fourth = nights.night();
    assert_eq!(fourth.failed, None);
    assert!(fourth.log.contains("issue close"), "{}", fourth.log);
    let fifth = nights.night();
    assert_eq!(fifth.failed, None);
    assert!(!fifth.log.contains("issue close"), "{}", fifth.log);
}

#[test]
fn a_page_that_cannot_be_understood_is_told_and_fails_the_night() {
    if !here() {
        return;
    }
    let nights = Nights::new();
    nights.documents.write(
        "api-reference/beta/resources/relocation-overview.md",
        [0xff_u8, 0xfe],
    );
    nights.commit();
    let night = nights.night();
    let failed = night.failed.expect("a failed night");
    assert!(
        failed.starts_with("Fail when a page could not be understood"),
        "{failed}"
    );
    assert!(night.log.contains("issue create"), "{}", night.log);
    let body = nights.read("body");
    assert!(body.contains("relocation-overview.md"), "{body}");
}

#[test]
fn other_words_are_told_and_do_not_fail_the_night() {
    if !here() {
        return;
    }
    let nights = Nights::new();
    let page = nights.documents.file("resources/cratejob.md");
    let said = fs::read_to_string(&page).expect("a page");
    fs::write(
        &page,
        said.replacen("\n\n## ", "\n\nCrates look nice.\n\n## ", 1),
    )
    .expect("a page");
    nights.commit();
    let night = nights.night();
    assert_eq!(night.failed, None);
    assert!(night.log.contains("issue create"), "{}", night.log);
    assert!(nights.read("body").contains("Crates look nice"));
}

#[test]
fn a_report_longer_than_an_issue_is_cut_after_a_line() {
    if !here() {
        return;
    }
    let nights = Nights::new();
    let words = "à écrire à la main ".repeat(20);
    let mut alerts = String::new();
    for number in 0..46 {
        writeln!(alerts, "> [!CAUTION]\n> Numéro {number} : {words}.\n").expect("a string");
    }
    let page = nights.documents.file("resources/cratejob.md");
    let said = fs::read_to_string(&page).expect("a page");
    fs::write(&page, said.replacen("\n## ", &format!("\n{alerts}## "), 1)).expect("a page");
    nights.commit();
    let night = nights.night();
    assert_eq!(night.failed, None);
    let body = nights.read("body");
    assert!(body.len() < 65_536 && body.len() > 40_000, "{}", body.len());
    assert!(body.ends_with("~~~~~\n\n</details>\n"));
    assert_eq!(body.matches("(The rest is left out.)").count(), 2, "{body}");
}
