//! The build script, run as the build runs it, on specs that it has not seen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::spec;

/// The script that built this crate: it lies beside the folder that it wrote to.
fn build_script() -> PathBuf {
    let builds = Path::new(env!("OUT_DIR"))
        .ancestors()
        .nth(2)
        .expect("target/…/build");
    let name = format!("build-script-build{}", std::env::consts::EXE_SUFFIX);
    fs::read_dir(builds)
        .expect("the build folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("msgraph-migrations-"))
        })
        .filter_map(|path| {
            let script = path.join(&name);
            Some((fs::metadata(&script).ok()?.modified().ok()?, script))
        })
        .max()
        .expect("the build script of this crate")
        .1
}

/// What a run of the script said and wrote.
pub struct Run {
    pub errors: Vec<String>,
    pub all_output: String,
    pub generated: Option<String>,
}

/// The code that the script wrote into `folder`, models and client.
fn generated(folder: &Path) -> Option<String> {
    let models = fs::read_to_string(folder.join("models.rs")).ok()?;
    Some(models + &fs::read_to_string(folder.join("client.rs")).ok()?)
}

/// Runs the script on `text` in a folder of its own.
pub fn run(text: &[u8]) -> Run {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("build-{}-{number}", std::process::id()));
    fs::create_dir_all(folder.join("openapi")).expect("a folder");
    fs::create_dir_all(folder.join("out")).expect("a folder");
    fs::write(folder.join("openapi/cross-tenant-migration.yaml"), text).expect("a spec");
    let output = Command::new(build_script())
        .current_dir(&folder)
        .env("OUT_DIR", folder.join("out"))
        .output()
        .expect("the script runs");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let generated = generated(&folder.join("out"));
    fs::remove_dir_all(&folder).expect("the folder goes");
    Run {
        errors: stdout
            .lines()
            .filter_map(|line| line.strip_prefix("cargo::error="))
            .map(str::to_owned)
            .collect(),
        all_output: stdout + &stderr,
        generated,
    }
}

fn text() -> String {
    fs::read_to_string(spec::path()).expect("the spec")
}

#[test]
fn the_spec_generates_the_same_code_every_time() {
    let run = run(text().as_bytes());
    assert_eq!(run.errors, [""; 0]);
    let built = generated(Path::new(env!("OUT_DIR"))).expect("the build wrote it");
    assert!(
        run.generated.as_deref() == Some(built.as_str()),
        "two runs differ"
    );
}

/// The published document keeps what the generator cannot take; the lowered copy hides it.
#[test]
fn what_the_generator_cannot_take_stays_in_the_spec_and_does_no_harm() {
    let spec = spec::spec();
    let cancel = spec::operations(&spec)
        .into_iter()
        .find(|operation| operation.id == "cancelUser")
        .expect("cancelUser");
    let schema = |status: &str| {
        cancel.value["responses"][status]
            .pointer("/content/application~1json/schema/$ref")
            .cloned()
    };
    assert!(
        schema("200").is_some() && schema("200") != schema("202"),
        "two success types in one operation"
    );
    let delete = spec::operations(&spec)
        .into_iter()
        .find(|operation| operation.id == "deleteJob")
        .expect("deleteJob");
    assert!(
        delete.value["responses"]["202"].get("content").is_none(),
        "a success without a body"
    );
    assert!(
        delete.value["responses"]["default"].is_object(),
        "default, which the generator takes for a success too"
    );

    // A range beside a number hides the number in code that is generated from the responses.
    let text = text().replacen(
        "        '409':\n          description: |\n            The job cannot be cancelled",
        "        '4XX':\n          description: Any refusal.\n        '409':\n          description: |\n            The job cannot be cancelled",
        1,
    );
    let ranged = run(text.as_bytes());
    assert_eq!(ranged.errors, [""; 0]);
    let built = generated(Path::new(env!("OUT_DIR"))).expect("the build wrote it");
    assert!(
        ranged.generated.as_deref() == Some(built.as_str()),
        "a range changes the code"
    );
}

#[test]
fn the_generated_code_is_rid_of_the_generators_habits() {
    let built = generated(Path::new(env!("OUT_DIR"))).expect("the build wrote it");
    for habit in [
        "api-version",
        "from_secs(15)",
        "fn new(baseurl",
        "encode_path(",
        ".unwrap()",
        "ErrorResponse",
    ] {
        assert!(!built.contains(habit), "{habit} is back");
    }
}

#[test]
fn what_the_spec_deprecates_is_deprecated_in_rust() {
    let text = text();
    assert!(
        !run(text.as_bytes())
            .generated
            .expect("the client")
            .contains("#[deprecated")
    );
    let marked = text
        .replacen(
            "    crossTenantMigrationCancelResponse:\n      type: object\n",
            "    crossTenantMigrationCancelResponse:\n      type: object\n      deprecated: true\n      \
             x-ms-deprecation: {description: Ends on 30 June 2027.}\n",
            1,
        )
        .replacen(
            "        createdBy:\n          type: string\n",
            "        createdBy:\n          type: string\n          deprecated: true\n",
            1,
        )
        .replacen(
            "{value: approved, description: No page explains it.}",
            "{value: approved, description: No page explains it., deprecated: true, x-ms-deprecation: {description: \
             Use another.}}",
            1,
        );
    let generated = run(marked.as_bytes()).generated.expect("the client");
    let squeezed = generated.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "#[deprecated(note = \"Ends on 30 June 2027.\")]",
        "#[deprecated(note = \"The documents call it deprecated.\")] pub created_by:",
        "#[deprecated(note = \"Use another.\")] Approved,",
        "#[allow(deprecated)] pub mod types {",
    ] {
        assert!(squeezed.contains(part), "{part}");
    }
}

#[test]
fn no_status_of_the_spec_is_a_range() {
    let spec = spec::spec();
    for operation in spec::operations(&spec) {
        for status in operation.value["responses"]
            .as_object()
            .expect("responses")
            .keys()
        {
            assert!(
                status == "default" || status.parse::<u16>().is_ok(),
                "{} {status}",
                operation.id
            );
        }
    }
}
