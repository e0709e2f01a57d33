//! A wave with all that it names, held against other waves.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::Utc;
use sha2::{Digest, Sha256};

use super::mistakes::Mistakes;
use super::wanted::{Draft, Input, Wanted, WantedJob};
use super::{people, resolve, seen};
use crate::exit::Failure;
use crate::output::{Output, counted};

/// Where users' object ids come from whom no file knows.
#[derive(Clone, Copy, Debug)]
pub enum Lookup<'a> {
    /// From nowhere.
    None,
    /// From the tenant that is reached so.
    Tenant { endpoint: &'a str, token: &'a str },
    /// They are made up, where no tenant is asked.
    MadeUp,
}

/// Reads a wave with all that it names, and refuses it with all its mistakes.
pub async fn read(
    file: &Path,
    against: &[PathBuf],
    lookup: Lookup<'_>,
    output: &Output,
) -> Result<(Wanted, Vec<Input>), Failure> {
    let mut mistakes = Mistakes::default();
    let Some(draft) = Draft::read(file, &mut mistakes)? else {
        mistakes.check(file)?;
        return Err(Failure::unexpected(
            format!("{} cannot be read", file.display()),
            "it is not told why",
        ));
    };
    let unknown = draft.people.unknown();
    let looked_up = match lookup {
        _ if unknown.is_empty() => HashMap::new(),
        Lookup::None => HashMap::new(),
        Lookup::Tenant { endpoint, token } => {
            output.say(&format!(
                "looking up {} at {endpoint}/v1.0/users",
                counted(unknown.len(), "user")
            ));
            resolve::look_up(endpoint, token, unknown).await?
        }
        Lookup::MadeUp => {
            output.say(&format!(
                "made-up object ids, since no tenant is asked: {}",
                counted(unknown.len(), "user")
            ));
            made_up(unknown)
        }
    };
    let wanted = draft.finish(&looked_up, &mut mistakes);
    let others = others(file, against, &looked_up, &mut mistakes, output)?;
    people::overlaps(&wanted.jobs, &draft, &others, &mut mistakes);
    mistakes.check(file)?;
    Ok((wanted, draft.inputs))
}

fn made_up(names: Vec<String>) -> HashMap<String, Result<String, String>> {
    let id = |name: &str| {
        let digest = Sha256::digest(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Uuid::from_bytes(bytes).hyphenated().to_string()
    };
    names
        .into_iter()
        .map(|name| name.to_lowercase())
        .map(|name| (name.clone(), Ok(id(&name))))
        .collect()
}

/// The jobs of other waves that are not over by their dates: those that are named, and those of the same folder.
fn others(
    file: &Path,
    named: &[PathBuf],
    looked_up: &HashMap<String, Result<String, String>>,
    mistakes: &mut Mistakes,
    output: &Output,
) -> Result<Vec<(PathBuf, Vec<WantedJob>)>, Failure> {
    let own = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let neighbours = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .filter(|path| is_wave(path));
    let mut files: Vec<(PathBuf, bool)> = named.iter().map(|path| (path.clone(), true)).collect();
    files.extend(neighbours.map(|path| (path, false)));
    let mut seen = vec![own];
    let mut all = Vec::new();
    for (path, is_named) in files {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
        if seen.contains(&canonical) {
            continue;
        }
        seen.push(canonical);
        let mut own_mistakes = Mistakes::default();
        let draft = match Draft::read(&path, &mut own_mistakes) {
            Ok(draft) => draft,
            Err(failure) if is_named => return Err(failure),
            Err(_) => None,
        };
        let jobs = draft.map(|draft| {
            let mut known = made_up(draft.people.unknown());
            known.extend(looked_up.clone());
            draft.finish(&known, &mut own_mistakes).jobs
        });
        match jobs {
            Some(jobs) if own_mistakes.is_empty() => {
                let now = Utc::now();
                let is_over = |job: &WantedJob| {
                    seen::instant(&job.complete_after).is_some_and(|at| at <= now)
                };
                if !jobs.iter().all(is_over) {
                    all.push((path, jobs));
                }
            }
            _ if is_named => mistakes.extend(own_mistakes),
            _ => output.say(&format!(
                "{} has mistakes, so that its users are NOT held against those of this wave",
                path.display()
            )),
        }
    }
    Ok(all)
}

/// Whether a file is meant to be a wave; a folder may hold other TOML files.
fn is_wave(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.contains("wave.schema.json")
        || (text.contains("source-tenant") && text.contains("complete-after"))
}
