//! Finds the pages of a folder without being led out of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Page, read_page};

/// Larger files are no pages; reading them would only serve whoever put them there.
const LARGEST_PAGE: u64 = 8 * 1024 * 1024;

/// A file that could not be read or understood.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The file as it is named in reports.
    pub file: String,
    /// The file on disk.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// What a folder or a single file held.
#[derive(Clone, Debug, Default)]
pub struct Edition {
    /// The pages that were read.
    pub pages: Vec<Rc<Page>>,
    /// The files that were not.
    pub unreadable: Vec<Unreadable>,
    /// Whether one file was given instead of a folder.
    pub lone: bool,
}

/// Reads every page below `given`, which may also be one file.
///
/// # Errors
/// Says why nothing can be read at all.
pub fn read(given: &Path) -> Result<Edition, String> {
    let start = given
        .canonicalize()
        .map_err(|error| format!("cannot read {}: {error}", given.display()))?;
    let root = if start.is_dir() {
        start.clone()
    } else {
        start.parent().unwrap_or(&start).to_owned()
    };
    let mut edition = Edition::default();
    let mut files = Vec::new();
    if start.is_dir() {
        walk(&start, &root, given, &mut files, &mut edition.unreadable);
    } else {
        edition.lone = true;
        files.push((start, given.display().to_string()));
    }
    files.sort();
    for (path, name) in files {
        let page =
            read_limited(&path).and_then(|bytes| read_page(&path, name.clone(), &bytes, &root));
        match page {
            Ok(page) => edition.pages.push(Rc::new(page)),
            Err(reason) => edition.unreadable.push(Unreadable {
                file: name,
                path,
                reason,
            }),
        }
    }
    Ok(edition)
}

/// Reads a file up to the largest size a page can have.
///
/// # Errors
/// Says why the file cannot be read.
pub fn read_limited(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if metadata.len() > LARGEST_PAGE {
        return Err(format!(
            "it is larger than {} MiB, no page is",
            LARGEST_PAGE / 1024 / 1024
        ));
    }
    fs::read(path).map_err(|error| error.to_string())
}

fn walk(
    start: &Path,
    root: &Path,
    given: &Path,
    files: &mut Vec<(PathBuf, String)>,
    unreadable: &mut Vec<Unreadable>,
) {
    let mut folders = vec![start.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                unreadable.push(Unreadable {
                    file: named(&folder, root, given),
                    reason: error.to_string(),
                    path: folder,
                });
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if hidden {
                continue;
            }
            if kind.is_symlink() {
                follow(&path, root, given, files, unreadable);
            } else if kind.is_dir() {
                if entry.file_name() != "includes" {
                    folders.push(path);
                }
            } else if is_page_name(&path) {
                let name = named(&path, root, given);
                files.push((path, name));
            }
        }
    }
}

/// A link is followed to a page inside the folder and nowhere else.
fn follow(
    link: &Path,
    root: &Path,
    given: &Path,
    files: &mut Vec<(PathBuf, String)>,
    unreadable: &mut Vec<Unreadable>,
) {
    let name = named(link, root, given);
    let refused = |reason: &str| Unreadable {
        file: name.clone(),
        path: link.to_owned(),
        reason: reason.to_owned(),
    };
    match link.canonicalize() {
        Err(error) => unreadable.push(refused(&format!("symbolic link refused: {error}"))),
        Ok(target) if !target.starts_with(root) => {
            unreadable.push(refused("symbolic link refused: it leads out of the folder"));
        }
        // A link to a folder inside can close a circle; its pages are found where they really stand.
        Ok(target) if target.is_dir() => {}
        Ok(_) if is_page_name(link) => files.push((link.to_owned(), name)),
        Ok(_) => {}
    }
}

fn is_page_name(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            matches!(extension.to_lowercase().as_str(), "md" | "markdown" | "txt")
        })
}

fn named(path: &Path, root: &Path, given: &Path) -> String {
    path.strip_prefix(root)
        .map_or_else(|_| path.to_owned(), |rest| given.join(rest))
        .display()
        .to_string()
}
