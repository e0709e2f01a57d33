//! Which public items of the library changed since a commit or a release, breaking ones first.
//!
//! rustdoc says what is public, `public-api` reads it. That form of rustdoc's output is not stable yet: it is asked for
//! with `RUSTC_BOOTSTRAP=1`, and where a toolchain writes another version of it, that is said instead of a list.
//!
//! The variable reaches rustdoc alone, for which this program stands in: dependencies look at it in their build scripts,
//! and would all be compiled again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use public_api::PublicApi;
use public_api::diff::PublicApiDiff;

/// Says that this program was started in rustdoc's place.
const STAND_IN: &str = "MSGRAPH_MIGRATIONS_RUSTDOC";
const PACKAGE: &str = "msgraph-migrations";
const LIBRARY: &str = "msgraph_migrations";
/// What the public items depend on.
const SOURCES: [&str; 6] = [
    "src",
    "build",
    "build.rs",
    "openapi/cross-tenant-migration.yaml",
    "Cargo.toml",
    "Cargo.lock",
];

/// Runs rustdoc when this program was started in its place.
pub fn stand_in() -> Option<ExitCode> {
    let rustdoc = std::env::var_os(STAND_IN)?;
    let status = Command::new(rustdoc)
        .args(std::env::args_os().skip(1))
        .env_remove(STAND_IN)
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    Some(match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: rustdoc cannot be run: {error}");
            ExitCode::FAILURE
        }
    })
}

/// Prints what changed since a revision, or why that cannot be told.
///
/// # Errors
/// Fails when there is no such revision.
pub fn show(root: &Path, since: &str) -> Result<(), String> {
    let Some(commit) = commit(root, since)? else {
        println!(
            "public items: SKIPPED, this is no repository of git and has nothing to compare with"
        );
        return Ok(());
    };
    let short = commit.get(..10).unwrap_or(&commit);
    if is_same(root, &commit) {
        println!("public items: unchanged since {since} ({short}), as is what they are made of");
        return Ok(());
    }
    println!("public items: comparing with {since} ({short})");
    match compare(root, &commit) {
        Ok(diff) => print(&diff),
        Err(reason) => println!("public items: SKIPPED, {reason}"),
    }
    Ok(())
}

fn compare(root: &Path, commit: &str) -> Result<PublicApiDiff, String> {
    let folder = root.join("target/public-items");
    let baseline = folder.join(format!("{commit}.json"));
    if !baseline.is_file() {
        let copy = folder.join(commit);
        check_out(root, commit, &copy)?;
        let made = rustdoc(&copy, &root.join("target"));
        fs::remove_dir_all(&copy)
            .map_err(|error| format!("{} cannot be removed: {error}", copy.display()))?;
        keep(&made?, &baseline)?;
    }
    let now = rustdoc(root, &root.join("target"))?;
    Ok(PublicApiDiff::between(read(&baseline)?, read(&now)?))
}

/// The commit that a revision names; nothing outside of a repository.
fn commit(root: &Path, revision: &str) -> Result<Option<String>, String> {
    let git = |arguments: &[&str]| {
        Command::new("git")
            .args(arguments)
            .current_dir(root)
            .stderr(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if git(&["rev-parse", "--git-dir"]).is_none() {
        return Ok(None);
    }
    let wanted = format!("{revision}^{{commit}}");
    git(&["rev-parse", "--verify", "--end-of-options", &wanted])
        .map(Some)
        .ok_or_else(|| format!("the repository has no commit or release `{revision}`"))
}

/// Whether nothing changed that public items are made of.
fn is_same(root: &Path, commit: &str) -> bool {
    let quiet = |arguments: &[&str]| {
        Command::new("git")
            .args(arguments)
            .args(SOURCES)
            .current_dir(root)
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| output.stdout.is_empty())
    };
    quiet(&["diff", "--quiet", commit, "--"]) == Some(true)
        && quiet(&["ls-files", "--others", "--exclude-standard", "--"]) == Some(true)
}

/// Writes the files of a commit into a folder, without touching the repository.
fn check_out(root: &Path, commit: &str, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let archive = folder.with_extension("tar");
    let steps = [
        Command::new("git")
            .args(["archive", "--format=tar", "--output"])
            .arg(&archive)
            .arg(commit)
            .current_dir(root)
            .status(),
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(folder)
            .status(),
    ];
    let worked = steps
        .into_iter()
        .all(|status| status.is_ok_and(|status| status.success()));
    // A leftover archive would do no harm.
    let _ = fs::remove_file(&archive);
    if worked {
        Ok(())
    } else {
        Err(format!("the files of {commit} cannot be had from git"))
    }
}

/// Has rustdoc write what is public, and names the file.
fn rustdoc(root: &Path, target: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let own = std::env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    let real = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    let output = Command::new(cargo)
        .args([
            "rustdoc",
            "--quiet",
            "--locked",
            "--lib",
            "--package",
            PACKAGE,
        ])
        .arg("--target-dir")
        .arg(target)
        .args([
            "--",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
            "--cap-lints",
            "allow",
        ])
        .env("RUSTDOC", own)
        .env(STAND_IN, real)
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = errors.lines().find(|line| line.starts_with("error"));
        return Err(format!(
            "the library in {} does not compile: {}",
            root.display(),
            first.unwrap_or("see `cargo check`")
        ));
    }
    Ok(target.join("doc").join(format!("{LIBRARY}.json")))
}

/// Keeps what is public, unless this program could not read it.
fn keep(file: &Path, as_file: &Path) -> Result<(), String> {
    read(file)?;
    fs::copy(file, as_file)
        .map(|_| ())
        .map_err(|error| format!("{} cannot be written: {error}", as_file.display()))
}

fn read(file: &Path) -> Result<PublicApi, String> {
    public_api::Builder::from_rustdoc_json(file)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .build()
        .map_err(|error| {
            format!(
                "this toolchain's rustdoc writes another form than is read here; choose the declared one with \
                 RUSTUP_TOOLCHAIN={}: {}",
                env!("CARGO_PKG_RUST_VERSION"),
                error.to_string().lines().next().unwrap_or_default()
            )
        })
}

fn print(diff: &PublicApiDiff) {
    let count = diff.removed.len() + diff.changed.len() + diff.added.len();
    println!(
        "public items: {}",
        if count == 0 {
            "unchanged".to_owned()
        } else {
            format!("{count} changed")
        }
    );
    for item in &diff.removed {
        println!("  breaking: - {item}");
    }
    for item in &diff.changed {
        println!("  breaking: - {}\n            + {}", item.old, item.new);
    }
    for item in &diff.added {
        println!("  additive: + {item}");
    }
}
