//! Who moves, and in which job: the CSV of users, and what it needs to name them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::format::{Directory, Wave};
use super::mistakes::Mistakes;
use super::sheet::Sheet;
use super::wanted::{Draft, User, WantedJob};

/// The users as their file names them.
#[derive(Debug)]
pub struct People {
    file: PathBuf,
    entries: Vec<Entry>,
    directory: Option<Known>,
}

#[derive(Debug)]
struct Entry {
    line: usize,
    text: String,
    batch: Option<String>,
}

/// A directory: the ids of each name, with the lines that say so.
#[derive(Debug)]
struct Known {
    file: PathBuf,
    ids: HashMap<String, Vec<(usize, String)>>,
}

/// A user, and the batch that the file puts them into.
pub struct Assigned {
    pub user: User,
    batch: Option<String>,
}

/// Whether a text is an object id as Graph writes it.
pub fn is_object_id(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// Reads the users.
pub fn read(
    wave: &Wave,
    (text, file): (&str, PathBuf),
    directory: Option<(&Directory, String, PathBuf)>,
    mistakes: &mut Mistakes,
) -> People {
    let sheet = Sheet::read(text, &file, mistakes);
    let column = sheet.needed(&wave.users.column, &file, mistakes);
    let batch = if wave.batch.is_empty() {
        sheet.column(&wave.users.batch_column)
    } else {
        sheet.needed(&wave.users.batch_column, &file, mistakes)
    };
    let mut entries = Vec::new();
    if column.is_some() {
        for line in sheet.lines().filter(|line| !line.is_empty()) {
            match line.cell(column) {
                Some(text) => entries.push(Entry {
                    line: line.number,
                    text: text.to_owned(),
                    batch: line.cell(batch).map(str::to_owned),
                }),
                None => mistakes.add(&file, (line.number, 0), "no user is named"),
            }
        }
        if entries.is_empty() {
            mistakes.add(&file, (1, 0), "there is no user in it");
        }
    }
    let directory = directory.map(|(form, text, file)| {
        let sheet = Sheet::read(&text, &file, mistakes);
        let name = sheet.needed(&form.name_column, &file, mistakes);
        let id = sheet.needed(&form.id_column, &file, mistakes);
        let mut ids: HashMap<String, Vec<(usize, String)>> = HashMap::new();
        for line in sheet.lines() {
            if let (Some(name), Some(id)) = (line.cell(name), line.cell(id)) {
                let ids = ids.entry(name.to_lowercase()).or_default();
                ids.push((line.number, id.to_lowercase()));
            }
        }
        Known { file, ids }
    });
    People {
        file,
        entries,
        directory,
    }
}

impl People {
    /// The user principal names that no directory explains, each once.
    pub fn unknown(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let entries = self.entries.iter().map(|entry| entry.text.as_str());
        entries
            .filter(|text| text.contains('@') && self.known(text).is_none())
            .filter(|text| seen.insert(text.to_lowercase()))
            .map(str::to_owned)
            .collect()
    }

    fn known(&self, name: &str) -> Option<(&Known, &[(usize, String)])> {
        let directory = self.directory.as_ref()?;
        let ids = directory.ids.get(&name.to_lowercase())?;
        Some((directory, ids))
    }

    /// The users by their ids; those whose id is not known, and those who are there twice, are mistakes.
    pub fn users(
        &self,
        looked_up: &HashMap<String, Result<String, String>>,
        mistakes: &mut Mistakes,
    ) -> Vec<Assigned> {
        let mut users = Vec::new();
        let mut lines: HashMap<String, usize> = HashMap::new();
        for entry in &self.entries {
            let at = (entry.line, 0);
            let id = match self.id(&entry.text, looked_up, mistakes) {
                Ok(id) => id,
                Err(reason) => {
                    mistakes.add(&self.file, at, reason);
                    continue;
                }
            };
            if let Some(line) = lines.get(&id) {
                let reason = format!("{} is in line {line} already", entry.text);
                mistakes.add(&self.file, at, reason);
                continue;
            }
            lines.insert(id.clone(), entry.line);
            users.push(Assigned {
                user: User {
                    id,
                    name: (!is_object_id(&entry.text)).then(|| entry.text.clone()),
                    line: entry.line,
                },
                batch: entry.batch.clone(),
            });
        }
        users
    }

    fn id(
        &self,
        text: &str,
        looked_up: &HashMap<String, Result<String, String>>,
        mistakes: &mut Mistakes,
    ) -> Result<String, String> {
        if is_object_id(text) {
            return Ok(text.to_lowercase());
        }
        if !text.contains('@') {
            return Err(format!(
                "{text} is neither an object id nor a user principal name"
            ));
        }
        if let Some((directory, ids)) = self.known(text) {
            let (line, id) = &ids[0];
            for (other_line, other) in &ids[1..] {
                if other != id {
                    let reason = format!("{text} has another id in line {line}");
                    mistakes.add(&directory.file, (*other_line, 0), reason);
                }
            }
            if !is_object_id(id) {
                let reason = format!("{id} is no object id (a GUID)");
                mistakes.add(&directory.file, (*line, 0), reason);
            }
            return Ok(id.clone());
        }
        match looked_up.get(&text.to_lowercase()) {
            Some(found) => found.clone(),
            None => Err(match &self.directory {
                Some(directory) => format!(
                    "{text} is not in {}, and not looked up without --resolve",
                    directory.file.display()
                ),
                None => format!(
                    "{text} is no object id: name a CSV with both in [users.directory], or look them up by --resolve"
                ),
            }),
        }
    }
}

/// The jobs, with their users.
pub fn batches(draft: &Draft, users: Vec<Assigned>, mistakes: &mut Mistakes) -> Vec<WantedJob> {
    let Draft {
        wave,
        places,
        people,
        file,
        ..
    } = draft;
    let job = |name: String, batch: Option<&super::format::Batch>, users: Vec<User>| {
        let workloads = match batch {
            Some(batch) if !batch.workloads.is_empty() => &batch.workloads,
            _ => &wave.workloads,
        };
        let has_exchange =
            workloads.is_empty() || workloads.contains(&super::format::Workload::Exchange);
        WantedJob {
            name,
            complete_after: batch
                .and_then(|batch| batch.complete_after.as_ref())
                .unwrap_or(&wave.complete_after)
                .clone(),
            until: batch.and_then(|batch| batch.until).unwrap_or(wave.until),
            workloads: workloads
                .iter()
                .map(|workload| workload.as_str().to_owned())
                .collect(),
            exchange: wave.exchange.clone().filter(|_| has_exchange),
            users,
        }
    };
    if wave.batch.is_empty() {
        if let Some(assigned) = users.iter().find(|one| one.batch.is_some()) {
            let column = &wave.users.batch_column;
            let reason = format!(
                "the column {column} puts users into batches, and the wave has no [[batch]]; add them, or name \
                 another batch-column"
            );
            mistakes.add(&people.file, (assigned.user.line, 0), reason);
        }
        let users: Vec<User> = users.into_iter().map(|assigned| assigned.user).collect();
        let chunks = users.chunks(wave.batch_size);
        return chunks
            .enumerate()
            .map(|(index, users)| job(format!("{} {}", wave.name, index + 1), None, users.to_vec()))
            .collect();
    }
    let mut by_batch: BTreeMap<usize, Vec<User>> = BTreeMap::new();
    let known = || -> Vec<&str> { wave.batch.iter().map(|batch| batch.name.as_str()).collect() };
    for assigned in users {
        let at = (assigned.user.line, 0);
        let Some(name) = assigned.batch else {
            mistakes.add(&people.file, at, "the user is in no batch");
            continue;
        };
        if let Some(index) = wave.batch.iter().position(|batch| batch.name == name) {
            by_batch.entry(index).or_default().push(assigned.user);
        } else {
            let reason = format!("there is no batch {name}; there are {}", known().join(", "));
            mistakes.add(&people.file, at, reason);
        }
    }
    let mut jobs = Vec::new();
    for (index, batch) in wave.batch.iter().enumerate() {
        let at = places.of(&format!("/batch/{index}/name"));
        let users = by_batch.remove(&index).unwrap_or_default();
        if users.is_empty() {
            mistakes.add(file, at, format!("no user is in {}", batch.name));
        }
        if users.len() > wave.batch_size {
            let reason = format!(
                "{} has {} users, more than the {} that batch-size allows",
                batch.name,
                users.len(),
                wave.batch_size
            );
            mistakes.add(file, at, reason);
        }
        jobs.push(job(batch.name.clone(), Some(batch), users));
    }
    jobs
}

/// The users and the names of jobs that other waves have too.
pub fn overlaps(
    own: &[WantedJob],
    draft: &Draft,
    others: &[(PathBuf, Vec<WantedJob>)],
    mistakes: &mut Mistakes,
) {
    for (file, jobs) in others {
        let there: HashMap<&str, (&WantedJob, &User)> = jobs
            .iter()
            .flat_map(|job| {
                job.users
                    .iter()
                    .map(move |user| (user.id.as_str(), (job, user)))
            })
            .collect();
        for job in own {
            for user in &job.users {
                if let Some((other, _)) = there.get(user.id.as_str()) {
                    let reason = format!(
                        "{} is in {} of {} too; a user may be in one active batch",
                        user.name.as_deref().unwrap_or(&user.id),
                        other.name,
                        shown(file)
                    );
                    mistakes.add(&draft.people.file, (user.line, 0), reason);
                }
            }
            if jobs
                .iter()
                .any(|other| other.name.eq_ignore_ascii_case(&job.name))
            {
                let index = draft.wave.batch.iter().position(|one| one.name == job.name);
                let pointer =
                    index.map_or("/name".to_owned(), |index| format!("/batch/{index}/name"));
                let reason = format!("{} has a job {} too", shown(file), job.name);
                mistakes.add(&draft.file, draft.places.of(&pointer), reason);
            }
        }
    }
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
