//! What the files of a wave ask for: jobs with their users, and mappings.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::{
    CrossTenantMigrationJobCreate as NewJob, ExchangeOnlineCrossTenantMigrationSettings,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::format::{Exchange, Until, Wave, Workload};
use super::mapping_sheet;
use super::mistakes::Mistakes;
use super::people::{self, People};
use super::reading::{self, Places};
use super::sheet::text_of;
use crate::exit::Failure;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    pub wave: String,
    pub source_tenant: String,
    pub target_tenant: Option<String>,
    pub retry_failed: bool,
    pub jobs: Vec<WantedJob>,
    pub mappings: Vec<Mapping>,
}

/// A job that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WantedJob {
    pub name: String,
    pub complete_after: String,
    pub until: Until,
    pub workloads: Vec<String>,
    pub exchange: Option<Exchange>,
    pub users: Vec<User>,
}

/// A user of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The object id in the target tenant, in small letters.
    pub id: String,
    /// The user principal name, where the file gives that.
    pub name: Option<String>,
    /// The line of the CSV.
    pub line: usize,
}

/// Whom a mapping is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    User,
    Group,
}

/// A mapping that is wanted, or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mapping {
    pub side: Side,
    pub source: String,
    /// None where it is to be removed.
    pub target: Option<String>,
    pub kind: Option<String>,
    /// Email of a user, mail nickname of a group.
    pub address: Option<String>,
}

/// A file that was read, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    pub file: PathBuf,
    pub sha256: String,
}

/// The files of a wave, read; some users may still have to be looked up.
#[derive(Debug)]
pub struct Draft {
    pub file: PathBuf,
    pub wave: Wave,
    pub places: Places,
    pub people: People,
    mappings: Vec<Mapping>,
    pub inputs: Vec<Input>,
}

impl WantedJob {
    /// What the service is asked to create.
    pub fn new_job(&self, source_tenant: &str) -> Result<NewJob, Failure> {
        let users = self.users.iter().map(|user| user.id.as_str());
        let job = NewJob::of_users(
            self.name.as_str(),
            source_tenant,
            time(&self.complete_after)?,
            users,
        )
        .workloads(self.workloads.clone());
        Ok(match &self.exchange {
            Some(exchange) => job.exchange_settings(
                ExchangeOnlineCrossTenantMigrationSettings::new()
                    .source_endpoint(exchange.source_endpoint.as_str())
                    .target_delivery_domain(exchange.target_delivery_domain.as_str()),
            ),
            None => job,
        })
    }
}

/// A time of a wave file, which has been checked by then.
pub fn time(text: &str) -> Result<DateTimeOffset, Failure> {
    text.parse::<DateTimeOffset>()
        .map_err(|error| Failure::usage(format!("{text} is no time")).because(error))
}

/// Remembers what a file holds.
pub fn input(file: &Path) -> Result<Input, Failure> {
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::usage(format!("{} cannot be read", file.display())).because(error)
    })?;
    Ok(Input {
        file: file.to_owned(),
        sha256: hex(&bytes),
    })
}

/// The SHA-256 of bytes, as it is written.
pub fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Draft {
    /// Reads a wave and all files that it names; mistakes go to `mistakes`, and none comes back where there are too many
    /// of them to go on.
    pub fn read(file: &Path, mistakes: &mut Mistakes) -> Result<Option<Self>, Failure> {
        let text = text_of(file)?;
        let Some((wave, places)) = reading::read(&text, file, mistakes)? else {
            return Ok(None);
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut inputs = vec![input(file)?];
        let mut sheet = |path: &Path, pointer: &str, mistakes: &mut Mistakes| {
            let path = folder.join(path);
            match text_of(&path).and_then(|text| Ok((text, input(&path)?))) {
                Ok((text, read)) => {
                    inputs.push(read);
                    Some((text, path))
                }
                Err(failure) => {
                    let why = failure.why.unwrap_or_default();
                    let reason = format!("{} cannot be read: {why}", path.display());
                    mistakes.add(file, places.of(pointer), reason);
                    None
                }
            }
        };
        let users = sheet(&wave.users.file, "/users/file", mistakes);
        let directory = wave.users.directory.as_ref();
        let directory = directory.and_then(|directory| {
            sheet(&directory.file, "/users/directory/file", mistakes)
                .map(|(text, path)| (directory, text, path))
        });
        let mut mappings = Vec::new();
        if let Some(named) = &wave.mappings {
            for (side, path, pointer) in [
                (Side::User, &named.users, "/mappings/users"),
                (Side::Group, &named.groups, "/mappings/groups"),
            ] {
                if let Some((text, path)) = path
                    .as_ref()
                    .and_then(|path| sheet(path, pointer, mistakes))
                {
                    mappings.extend(mapping_sheet::read(&text, &path, side, mistakes));
                }
            }
        }
        check(&wave, &places, file, mistakes);
        let Some((text, path)) = users else {
            return Ok(None);
        };
        let people = people::read(&wave, (&text, path), directory, mistakes);
        Ok(Some(Self {
            file: file.to_owned(),
            wave,
            places,
            people,
            mappings,
            inputs,
        }))
    }

    /// What is wanted, with the object ids of those who were looked up.
    pub fn finish(
        &self,
        looked_up: &HashMap<String, Result<String, String>>,
        mistakes: &mut Mistakes,
    ) -> Wanted {
        let users = self.people.users(looked_up, mistakes);
        let jobs = people::batches(self, users, mistakes);
        Wanted {
            wave: self.wave.name.clone(),
            source_tenant: self.wave.source_tenant.to_lowercase(),
            target_tenant: self.wave.target_tenant.as_deref().map(str::to_lowercase),
            retry_failed: self.wave.retry_failed,
            jobs,
            mappings: self.mappings.clone(),
        }
    }
}

/// Checks what the schema cannot say.
fn check(wave: &Wave, places: &Places, file: &Path, mistakes: &mut Mistakes) {
    let mut times = vec![("/complete-after".to_owned(), Some(&wave.complete_after))];
    let mut moved = vec![("/workloads".to_owned(), wave.workloads.as_slice())];
    for (index, batch) in wave.batch.iter().enumerate() {
        times.push((
            format!("/batch/{index}/complete-after"),
            batch.complete_after.as_ref(),
        ));
        if !batch.workloads.is_empty() {
            moved.push((format!("/batch/{index}/workloads"), &batch.workloads));
        }
        let same = |other: &super::format::Batch| other.name.eq_ignore_ascii_case(&batch.name);
        if wave.batch[..index].iter().any(same) {
            let at = places.of(&format!("/batch/{index}/name"));
            mistakes.add(file, at, format!("there are two batches {}", batch.name));
        }
    }
    for (pointer, text) in times {
        if let Some(text) = text
            && let Err(error) = text.parse::<DateTimeOffset>()
        {
            mistakes.add(
                file,
                places.of(&pointer),
                format!("{text} is no time: {error}"),
            );
        }
    }
    let includes =
        |workloads: &[Workload], one: Workload| workloads.is_empty() || workloads.contains(&one);
    for (pointer, workloads) in &moved {
        let at = places.of(pointer);
        if includes(workloads, Workload::Exchange) && wave.exchange.is_none() {
            let reason = "Exchange is among the workloads, as all are where none is named: [exchange] has to be there";
            mistakes.add(file, at, reason);
        }
        if workloads.contains(&Workload::Meeting)
            && !(workloads.contains(&Workload::Teams) && workloads.contains(&Workload::Exchange))
        {
            mistakes.add(file, at, "Meeting goes only with Teams and Exchange");
        }
    }
    if wave.exchange.is_some()
        && !moved
            .iter()
            .any(|(_, workloads)| includes(workloads, Workload::Exchange))
    {
        let at = places.of("/exchange");
        mistakes.add(
            file,
            at,
            "Exchange is among no workloads, so that this does nothing",
        );
    }
}
