//! Waiting for many jobs by reading the list of jobs.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::TryStreamExt;

use super::ends::{Awaited, Stage};
use super::job;
use super::observation::JobObservation;
use super::options::WaitOptions;
use super::poll::{Found, Poll, Source, Target};
use super::watch::{EndOf, Watch};
use crate::Workflows;
use crate::reading::{Reading, read_job};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{Client, Error, ErrorKind, ListOptions, Page};

/// What is needed to tell of progress.
const SELECTED: [&str; 7] = [
    "id",
    "displayName",
    "jobType",
    "status",
    "message",
    "completeAfterDateTime",
    "lastUpdatedDateTime",
];

/// Waiting for many jobs at once.
impl Workflows {
    /// Watches many jobs, given by id or display name, through the list of jobs.
    ///
    /// One reading takes as many requests as the list has pages up to the last job that is still
    /// watched, and the list shows the newest jobs first. A job that the list does not show is asked for
    /// alone; one that is not there either ends as [`Gone`](super::WaitEnd::Gone), with nothing if it
    /// never was seen. Of a job that the list shows, only id, name, type, status, message and dates are
    /// there.
    pub fn watch_jobs(
        &self,
        jobs: Vec<String>,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> Watch<Job, Vec<EndOf<Job>>> {
        let mut list = ListOptions::new().select(SELECTED);
        list.top = options.page_size;
        let source = JobList {
            client: self.client().clone(),
            list,
            awaited,
            options: options.clone(),
        };
        Watch::many(Poll::new(source, jobs, options, options.ends_at()))
    }
}

struct JobList {
    client: Client,
    list: ListOptions,
    awaited: Awaited,
    options: WaitOptions,
}

/// One round through the list.
struct Round<'a> {
    targets: &'a [Target],
    by_id: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    seen: HashSet<usize>,
    /// Deleted jobs that are only known by name; the name may have been given to another.
    deleted: HashMap<usize, Job>,
}

impl<'a> Round<'a> {
    fn new(targets: &'a [Target]) -> Self {
        let (mut by_id, mut by_name) = (HashMap::new(), HashMap::new());
        for (at, target) in targets.iter().enumerate() {
            let add = |map: &mut HashMap<String, Vec<usize>>| {
                map.entry(target.key().to_lowercase()).or_default().push(at);
            };
            add(&mut by_id);
            if target.id.is_none() {
                add(&mut by_name);
            }
        }
        Self {
            targets,
            by_id,
            by_name,
            seen: HashSet::new(),
            deleted: HashMap::new(),
        }
    }

    /// Gives a listed job to whoever watches it.
    fn sort_in(&mut self, job: &Job, found: &mut Found<Job>) {
        let (Some(id), Some(status)) = (job::id(job), &job.status) else {
            return;
        };
        let at = |map: &HashMap<String, Vec<usize>>, key: &str| {
            map.get(&key.to_lowercase()).cloned().unwrap_or_default()
        };
        for at in at(&self.by_id, id) {
            if self.seen.insert(at) {
                found.push((self.targets[at].index, Reading::Present(job.clone())));
            }
        }
        let name = job.display_name.as_deref().unwrap_or_default();
        for at in at(&self.by_name, name) {
            if self.seen.contains(&at) {
                continue;
            }
            if *status == Status::Deleted {
                self.deleted.entry(at).or_insert_with(|| job.clone());
            } else {
                self.seen.insert(at);
                found.push((self.targets[at].index, Reading::Present(job.clone())));
            }
        }
    }
}

impl Source for JobList {
    type State = Job;

    /// Reads the list as far as needed, then what it does not show.
    async fn read(&self, targets: &[Target], found: &mut Found<Job>) -> Result<(), Error> {
        let mut round = Round::new(targets);
        let mut pages = self.client.job_pages(self.list.clone()).boxed();
        while let Some(page) = pages.try_next().await? {
            for job in page.into_value().into_items() {
                round.sort_in(&job, found);
            }
            if round.seen.len() == targets.len() {
                return Ok(());
            }
        }
        let Round {
            mut seen, deleted, ..
        } = round;
        for (at, job) in deleted {
            if seen.insert(at) {
                found.push((targets[at].index, Reading::Present(job)));
            }
        }
        for (at, target) in targets.iter().enumerate() {
            if seen.contains(&at) {
                continue;
            }
            let reading = match read_job(&self.client, target.key()).await {
                // A name that cannot stand in a path can be in the list, and was not.
                Err(error) if error.kind() == ErrorKind::InvalidRequest => Reading::Absent(error),
                reading => reading?,
            };
            found.push((target.index, reading));
        }
        Ok(())
    }

    fn stage(&self, job: &Job) -> Stage {
        job::stage(self.awaited, job)
    }

    fn is_same(before: &Job, after: &Job) -> bool {
        job::is_same(before, after)
    }

    fn id(job: &Job) -> Option<&str> {
        job::id(job)
    }

    fn last_updated(job: &Job) -> Option<DateTime<Utc>> {
        job::last_updated(job)
    }

    fn needs_admin(job: &Job) -> bool {
        job::needs_admin(job)
    }

    fn awaits_absence(&self) -> bool {
        self.awaited == Awaited::Deletion
    }

    fn show(&self, observation: &JobObservation) {
        self.options.show(observation);
    }
}
