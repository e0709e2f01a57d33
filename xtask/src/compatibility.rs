//! What the specification no longer promises that its last release did, as a judge from outside sees it.
//!
//! The comparison is that of the crate `drift`, with which other clients of progenitor's kind are checked. Two things that it
//! does not tell are told here: that an operation has another name, by which programs call it, and that an object only has
//! more properties than before, which breaks nobody. A change that is meant is named in `openapi/lint/compatibility.yaml` with its reason, until the next release.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use openapi_changes::{Change, ChangeClass};
use serde_json::Value;

use crate::contract::tree::{self, Node};
use crate::project;
use crate::terminal::visible;

const SPEC: &str = "openapi/cross-tenant-migration.yaml";
const ACCEPTED: &str = "openapi/lint/compatibility.yaml";

/// With what the specification is compared, and what of it is accepted.
pub struct Comparison {
    /// A commit or release; the last release unless it or a file is named.
    pub since: Option<String>,
    /// A file instead.
    pub against: Option<PathBuf>,
    /// The specification, when it is not the project's own.
    pub spec: Option<PathBuf>,
    /// The accepted changes, when they are not the project's own.
    pub accepted: Option<PathBuf>,
}

/// What came of it.
pub enum Verdict {
    /// There is no release to compare with.
    NothingReleased,
    /// The report, and whether nothing in it breaks a user.
    Compared(String, bool),
}

/// Compares.
///
/// # Errors
/// Names what cannot be read.
pub fn compare(comparison: Comparison) -> Result<Verdict, String> {
    let Some((before, text)) = baseline(&comparison)? else {
        return Ok(Verdict::NothingReleased);
    };
    let spec = project::file(comparison.spec, SPEC)?;
    let now = read(&spec.display().to_string(), &text_of(&spec)?)?.to_json();
    let old = read(&before, &text)?.to_json();
    let changes = openapi_changes::compare(&old, &now).map_err(|error| {
        format!(
            "{} cannot be compared with {before}: {error:#}",
            spec.display()
        )
    })?;
    let accepted = project::file(comparison.accepted, ACCEPTED)?;
    let accepted = accepted_changes(&accepted)?;
    let mut found = lines(&changes, &old, &now);
    found.extend(renamed(&old, &now).into_iter().map(|line| (line, true)));
    Ok(report(&before, &found, &accepted))
}

/// The name and the text of what is compared with; nothing when nothing was released.
fn baseline(comparison: &Comparison) -> Result<Option<(String, String)>, String> {
    if let Some(file) = &comparison.against {
        return Ok(Some((file.display().to_string(), text_of(file)?)));
    }
    let revision = match &comparison.since {
        Some(revision) => revision.clone(),
        None => match git(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"])? {
            Some(tag) => tag.trim().to_owned(),
            None => return Ok(None),
        },
    };
    let place = format!("{revision}:{SPEC}");
    let text = git(&["show", &place])?
        .ok_or_else(|| format!("the repository has no {place}; name a commit or release"))?;
    Ok(Some((place, text)))
}

/// What git says, or nothing when it refuses.
fn git(arguments: &[&str]) -> Result<Option<String>, String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(project::root()?)
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if !output.status.success() {
        return Ok(None);
    }
    String::from_utf8(output.stdout)
        .map(Some)
        .map_err(|_| "git wrote something that is no UTF-8".to_owned())
}

fn text_of(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn read(file: &str, text: &str) -> Result<Node, String> {
    tree::parse(text).map_err(|error| format!("{file}:{error}"))
}

/// A change that is accepted, and why.
struct Accepted {
    change: String,
    reason: String,
}

fn accepted_changes(file: &Path) -> Result<Vec<Accepted>, String> {
    let name = file.display().to_string();
    let root = read(&name, &text_of(file)?)?;
    let list = root
        .get("accepted")
        .ok_or_else(|| format!("{name}:1:1: it has no list `accepted`"))?;
    let changes = list.items().iter().map(|item| {
        let text = |key: &str| {
            let text = item.get(key).map(Node::text).unwrap_or_default();
            if text.is_empty() {
                return Err(format!("{name}:{}: a change has no `{key}`", item.line));
            }
            Ok(text)
        };
        Ok(Accepted {
            change: text("change")?,
            reason: text("reason")?,
        })
    });
    changes.collect()
}

/// Whether a program made from the old document may fail with a service that keeps the new one, or nobody can tell.
fn breaks(class: ChangeClass) -> bool {
    match class {
        ChangeClass::BackwardIncompatible | ChangeClass::Incompatible | ChangeClass::Unhandled => {
            true
        }
        ChangeClass::ForwardIncompatible | ChangeClass::Trivial => false,
    }
}

/// The operations that have another name than before, at the same path and method.
fn renamed(old: &Value, now: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, item) in old["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let before = operation["operationId"].as_str();
            let after = now["paths"][path.as_str()][method.as_str()]["operationId"].as_str();
            if let (Some(before), Some(after)) = (before, after)
                && before != after
            {
                lines.push(format!("{method} {path}: {before} is called {after}"));
            }
        }
    }
    lines
}

/// Whether an object of the old document has all its properties in the new one too, and has to have no others.
fn only_gained(old: Option<&Value>, now: Option<&Value>) -> bool {
    let (Some(old), Some(now)) = (old, now) else {
        return false;
    };
    let names = |of: &Value| -> Vec<String> {
        let properties = of["properties"].as_object();
        properties
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect()
    };
    let after = names(now);
    old["required"] == now["required"] && names(old).iter().all(|name| after.contains(name))
}

/// One line for each change, and whether it breaks something.
fn lines(changes: &[Change], old: &Value, now: &Value) -> Vec<(String, bool)> {
    let mut lines = Vec::new();
    for change in changes {
        let place = change
            .paths
            .first()
            .map(|path| path.old.to_string())
            .unwrap_or_default();
        for info in &change.changes {
            let line = format!("{place} {}: {}", info.old_subpath, info.message);
            // A path begins with the part of the document that others refer to.
            let pointer = |path: String, below: &str| {
                let part = path.split(" -> ").next().unwrap_or_default();
                let part = part.trim_start_matches('#');
                match below {
                    "" => part.to_owned(),
                    below => format!("{part}/{below}"),
                }
            };
            let is_more = info.message == "object properties changed"
                && change.paths.iter().all(|path| {
                    let before = pointer(path.old.to_string(), &info.old_subpath);
                    let after = pointer(path.new.to_string(), &info.new_subpath);
                    only_gained(old.pointer(&before), now.pointer(&after))
                });
            lines.push((line, breaks(info.class) && !is_more));
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

fn report(before: &str, lines: &[(String, bool)], accepted: &[Accepted]) -> Verdict {
    let mut text = String::new();
    let mut put = |line: String| {
        // Memory does not refuse a line.
        let _ = writeln!(text, "{}", visible(&line));
    };
    let (mut broken, mut meant, mut harmless) = (0, 0, 0);
    for (line, breaks) in lines {
        let known = accepted.iter().find(|accepted| accepted.change == *line);
        match (breaks, known) {
            (false, _) => harmless += 1,
            (true, Some(known)) => {
                meant += 1;
                put(format!("accepted: {line} ({})", known.reason));
            }
            (true, None) => {
                broken += 1;
                put(format!("breaking: {line}"));
            }
        }
    }
    let gone = |accepted: &&Accepted| {
        !lines
            .iter()
            .any(|(line, breaks)| *breaks && *line == accepted.change)
    };
    let obsolete: Vec<&Accepted> = accepted.iter().filter(gone).collect();
    for accepted in &obsolete {
        put(format!("obsolete, nothing changed so: {}", accepted.change));
    }
    put(format!(
        "since {before}: {broken} breaking, {meant} accepted, {} obsolete, {harmless} harmless changes",
        obsolete.len()
    ));
    Verdict::Compared(text, broken == 0 && obsolete.is_empty())
}
