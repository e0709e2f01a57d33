//! Runs the program on copies of the fixture pages.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The fixture files.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of a fixture folder that a test may change.
pub struct Copy {
    folder: TempDir,
}

impl Copy {
    /// Copies a folder of the fixtures.
    pub fn of(name: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        copy(&fixtures().join(name), folder.path());
        Self { folder }
    }

    /// An empty folder.
    pub fn empty() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file whose path ends so.
    pub fn file(&self, ending: &str) -> PathBuf {
        files(self.path())
            .into_iter()
            .find(|file| file.ends_with(ending))
            .unwrap_or_else(|| panic!("no fixture ends with {ending}"))
    }

    /// Replaces text in a file; the text has to be there exactly once.
    #[track_caller]
    pub fn replace(&self, ending: &str, from: &str, to: &str) {
        let file = self.file(ending);
        let text = fs::read_to_string(&file).expect("a fixture");
        assert_eq!(
            text.matches(from).count(),
            1,
            "{ending} holds {from:?} once"
        );
        fs::write(file, text.replace(from, to)).expect("a copy can be written");
    }

    /// Rewrites every file.
    pub fn rewrite_all(&self, change: impl Fn(&str) -> String) {
        for file in files(self.path()) {
            let text = fs::read_to_string(&file).expect("a fixture");
            fs::write(&file, change(&text)).expect("a copy can be written");
        }
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, bytes).expect("a file can be written");
        file
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("a file below its folder"));
        fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        fs::copy(&file, target).expect("a copy");
    }
}

/// What a run answered.
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// The standard output.
    pub output: String,
    /// The standard error.
    pub errors: String,
}

impl Run {
    /// The report as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.output, self.errors))
    }

    /// The keys of the new findings.
    #[track_caller]
    pub fn new_keys(&self) -> Vec<String> {
        keys(&self.json(), false)
    }

    /// The keys of the findings that a decision explains.
    #[track_caller]
    pub fn known_keys(&self) -> Vec<String> {
        keys(&self.json(), true)
    }
}

fn keys(report: &Value, known: bool) -> Vec<String> {
    let mut keys: Vec<String> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["known"].is_null() != known)
        .map(|finding| finding["key"].as_str().expect("a key").to_owned())
        .collect();
    keys.sort();
    keys
}

/// Runs the program.
pub fn run(arguments: &[&str]) -> Run {
    run_with_input(arguments, &project(), "")
}

/// Runs the program in a folder, with something to read.
pub fn run_with_input(arguments: &[&str], folder: &Path, input: &str) -> Run {
    let mut program = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that asks nothing may be gone before it could read.
    let _ = program
        .stdin
        .take()
        .expect("its input")
        .write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = program.wait_with_output().expect("the program ends");
    Run {
        code: status.code().expect("the program was not killed"),
        output: String::from_utf8(stdout).expect("UTF-8"),
        errors: String::from_utf8(stderr).expect("UTF-8"),
    }
}

/// Compares a folder with the fixture spec.
pub fn drift(folder: &Path) -> Run {
    drift_with(folder, &fixtures().join("provenance.yaml"), "json")
}

/// Compares a folder with the fixture spec and a ledger of the test's own.
pub fn drift_with(folder: &Path, provenance: &Path, format: &str) -> Run {
    let spec = fixtures().join("spec.yaml");
    run(&[
        "drift",
        text(folder),
        "--spec",
        text(&spec),
        "--provenance",
        text(provenance),
        "--format",
        format,
    ])
}

/// Compares two editions.
pub fn editions(old: &Path, new: &Path) -> Run {
    let spec = fixtures().join("spec.yaml");
    let provenance = fixtures().join("provenance.yaml");
    run(&[
        "drift",
        text(old),
        text(new),
        "--spec",
        text(&spec),
        "--provenance",
        text(&provenance),
        "--format",
        "json",
    ])
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
