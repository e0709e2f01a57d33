//! Where the files of the project lie.

use std::path::{Path, PathBuf};

/// The file, beside the ledger, that holds what the pages said when they were last read.
pub const HELD: &str = "documents.lock";

/// The given file, or the project's own.
///
/// # Errors
/// Says what to give when the project is not found around the working directory.
pub fn file(given: Option<PathBuf>, own: &str) -> Result<PathBuf, String> {
    match given {
        Some(given) => Ok(given),
        None => Ok(shortened(&root()?.join(own))),
    }
}

/// The folder that holds the workspace.
///
/// # Errors
/// Fails outside the project.
pub fn root() -> Result<PathBuf, String> {
    let start = std::env::current_dir()
        .map_err(|error| format!("there is no working directory: {error}"))?;
    start
        .ancestors()
        .find(|folder| folder.join("openapi").is_dir() && folder.join("xtask").is_dir())
        .map(Path::to_owned)
        .ok_or_else(|| {
            "run this inside the project, or name the files with --spec and --provenance".to_owned()
        })
}

/// A path relative to the working directory when it lies below it.
fn shortened(path: &Path) -> PathBuf {
    std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned))
        .unwrap_or_else(|| path.to_owned())
}
