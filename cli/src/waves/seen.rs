//! What the tenant has of what a wave asks for. It is only read.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
    SharePointGroupIdentityMapping as GroupMapping, SharePointUserIdentityMapping as UserMapping,
};
use msgraph_migrations::{Client, Error, GetOptions, ListOptions, Refusal, Response};
use serde::{Deserialize, Serialize};

use super::format::Exchange;
use super::wanted::{Mapping, Side, Wanted};
use crate::exit::Failure;
use crate::output::Output;
use crate::progress::Progress;

/// How many readings are under way at once.
const CONCURRENCY: usize = 8;
/// How many users are asked for on a page; the service may put fewer on it.
const PAGE_SIZE: u16 = 100;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seen {
    /// The tenant, as far as its jobs tell.
    pub tenant: Option<String>,
    /// The jobs that the wave names, by name.
    pub jobs: BTreeMap<String, SeenJob>,
    /// Users of the wave who are in another job that is not over, by id, with the name of that job.
    pub elsewhere: BTreeMap<String, String>,
    /// The mappings that the wave names and that are there, by side and source.
    pub mappings: BTreeMap<String, Mapping>,
}

/// A job as it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeenJob {
    pub id: String,
    pub status: Option<String>,
    pub complete_after: Option<String>,
    pub last_updated: Option<String>,
    pub source_tenant: Option<String>,
    pub target_tenant: Option<String>,
    pub workloads: Vec<String>,
    pub exchange: Option<Exchange>,
    /// Their object ids in small letters, in order.
    pub users: Vec<String>,
}

impl SeenJob {
    pub fn of(job: &Job, mut users: Vec<String>) -> Self {
        users.sort_unstable();
        let exchange = job.exchange_settings.as_ref();
        Self {
            id: job.id.clone().unwrap_or_default(),
            status: job.status.as_ref().map(|status| status.as_str().to_owned()),
            complete_after: text(job.complete_after_date_time.as_ref()),
            last_updated: text(job.last_updated_date_time.as_ref()),
            source_tenant: job.source_tenant_id.as_deref().map(str::to_lowercase),
            target_tenant: job.target_tenant_id.as_deref().map(str::to_lowercase),
            workloads: job.workloads.clone(),
            exchange: exchange.and_then(|exchange| {
                Some(Exchange {
                    source_endpoint: exchange.source_endpoint.clone()?,
                    target_delivery_domain: exchange.target_delivery_domain.clone()?,
                })
            }),
            users,
        }
    }

    pub fn status(&self) -> Option<Status> {
        self.status.as_deref().map(Status::from)
    }

    pub fn cutover(&self) -> Option<DateTime<Utc>> {
        instant(self.complete_after.as_deref()?)
    }
}

/// A point in time as the service or a file writes it.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse::<msgraph_migrations::DateTimeOffset>()
        .ok()?
        .to_utc()
}

fn text(time: Option<&msgraph_migrations::DateTimeOffset>) -> Option<String> {
    time.map(|time| time.as_str().to_owned())
}

/// The name of a mapping in [`Seen::mappings`].
pub fn mapping_key(side: Side, source: &str) -> String {
    let side = match side {
        Side::User => "user",
        Side::Group => "group",
    };
    format!("{side} {}", source.to_lowercase())
}

/// Reads all that the wave is about.
pub async fn read(client: &Client, wanted: &Wanted, output: &Output) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let names: HashMap<String, &str> = wanted
        .jobs
        .iter()
        .map(|job| (job.name.to_lowercase(), job.name.as_str()))
        .collect();
    let wanted_users: HashSet<&str> = wanted
        .jobs
        .iter()
        .flat_map(|job| job.users.iter().map(|user| user.id.as_str()))
        .collect();
    let jobs: Vec<Job> = jobs(client).await?;
    let tenant = jobs.iter().find_map(|job| job.target_tenant_id.as_deref());
    seen.tenant = tenant.map(str::to_lowercase);
    let asked: Vec<(Job, Option<&str>)> = jobs
        .into_iter()
        .filter_map(|job| {
            let name = job.display_name.as_deref().unwrap_or_default();
            let own = names.get(&name.to_lowercase()).copied();
            (own.is_some() || is_active(job.status.as_ref())).then_some((job, own))
        })
        .collect();
    let progress = Progress::new(output, "reading users of jobs", Some(asked.len()));
    let mut read = stream::iter(asked.into_iter().map(|(job, own)| async move {
        let users = Box::pin(users(client, &job)).await?;
        Ok::<_, Failure>((job, own, users))
    }))
    .buffered(CONCURRENCY);
    while let Some((job, own, users)) = read.try_next().await? {
        progress.step();
        match own {
            Some(name) => {
                seen.jobs.insert(name.to_owned(), SeenJob::of(&job, users));
            }
            None => {
                for user in users {
                    if wanted_users.contains(user.as_str()) {
                        let name = job.display_name.clone().unwrap_or_default();
                        seen.elsewhere.insert(user, name);
                    }
                }
            }
        }
    }
    drop(read);
    drop(progress);
    seen.mappings = mappings(client, &wanted.mappings, output).await?;
    Ok(seen)
}

/// Whether a user of a job in this status may not be in another: who is in one that nobody explains may not be.
fn is_active(status: Option<&Status>) -> bool {
    !matches!(
        status,
        Some(
            Status::Completed
                | Status::CompletedWithErrors
                | Status::Failed
                | Status::Cancelled
                | Status::PendingDelete
                | Status::Deleted
        )
    )
}

async fn jobs(client: &Client) -> Result<Vec<Job>, Failure> {
    let failed = |error: Error| Failure::of_call("the jobs cannot be listed", &error, "repeat");
    let mut found = Vec::new();
    let mut jobs = Box::pin(client.jobs(ListOptions::new()));
    while let Some(job) = jobs.try_next().await.map_err(failed)? {
        Output::left_out(
            job.display_name.as_deref().unwrap_or("A job"),
            job.deviations(),
        );
        found.push(job.into_value());
    }
    Ok(found)
}

async fn users(client: &Client, job: &Job) -> Result<Vec<String>, Failure> {
    let name = job.display_name.as_deref().unwrap_or_default();
    let key = job
        .id
        .as_deref()
        .filter(|id| !id.is_empty())
        .unwrap_or(name);
    let failed = |error: Error| {
        let what = format!("the users of {name} cannot be read");
        Failure::of_call(what, &error, "repeat")
    };
    let mut found = Vec::new();
    let options = ListOptions::new().top(PAGE_SIZE);
    let mut users = Box::pin(client.users(key, options));
    while let Some(user) = users.try_next().await.map_err(failed)? {
        Output::left_out(name, user.deviations());
        let id = user.id.as_deref().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| {
            Failure::unexpected(
                format!("the users of {name} cannot be told apart"),
                "the service listed one without an id",
            )
        })?;
        found.push(id.to_lowercase());
    }
    Ok(found)
}

/// Reads mappings one by one; the documents have no list of them.
pub async fn mappings(
    client: &Client,
    wanted: &[Mapping],
    output: &Output,
) -> Result<BTreeMap<String, Mapping>, Failure> {
    let progress = Progress::new(output, "reading mappings", Some(wanted.len()));
    let mut read = stream::iter(wanted.iter().map(|mapping| async move {
        let found = Box::pin(mapping_of(client, mapping.side, &mapping.source)).await?;
        Ok::<_, Failure>((mapping_key(mapping.side, &mapping.source), found))
    }))
    .buffer_unordered(CONCURRENCY);
    let mut found = BTreeMap::new();
    while let Some((key, mapping)) = read.try_next().await? {
        progress.step();
        if let Some(mapping) = mapping {
            found.insert(key, mapping);
        }
    }
    Ok(found)
}

async fn mapping_of(client: &Client, side: Side, source: &str) -> Result<Option<Mapping>, Failure> {
    let failed = |error: Error| {
        let what = format!("the mapping of {source} cannot be read");
        Failure::of_call(what, &error, "repeat")
    };
    let mapping = match side {
        Side::User => {
            let answer = client.get_user_mapping(source, GetOptions::new()).await;
            let found: Option<UserMapping> = present(answer, source).map_err(failed)?;
            found.filter(|found| found.deleted.is_none()).map(|found| {
                let target = found.target_user_identity;
                Mapping {
                    side,
                    source: source.to_owned(),
                    target: target.and_then(|target| target.user_principal_name.or(target.id)),
                    kind: found.user_type.map(|kind| kind.to_string()),
                    address: found.target_user_migration_data.and_then(|data| data.email),
                }
            })
        }
        Side::Group => {
            let answer = client.get_group_mapping(source, GetOptions::new()).await;
            let found: Option<GroupMapping> = present(answer, source).map_err(failed)?;
            found
                .filter(|found| found.deleted.is_none())
                .map(|found| Mapping {
                    side,
                    source: source.to_owned(),
                    target: found.target_group_identity.and_then(|target| target.id),
                    kind: found.group_type.map(|kind| kind.to_string()),
                    address: found
                        .target_group_migration_data
                        .and_then(|data| data.mail_nickname),
                })
        }
    };
    // Older pages show a removed mapping with nothing but its source.
    Ok(mapping.filter(|mapping| mapping.target.is_some()))
}

/// What is there; none if the service says that nothing is.
fn present<T>(answer: Result<Response<T>, Error>, source: &str) -> Result<Option<T>, Error> {
    match answer {
        Ok(response) => {
            Output::left_out(source, response.deviations());
            Ok(Some(response.into_value()))
        }
        Err(error) if error.refusal().is_some_and(Refusal::is_not_found) => Ok(None),
        Err(error) => Err(error),
    }
}
