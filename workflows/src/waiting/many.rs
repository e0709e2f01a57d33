//! Waiting for many jobs by reading the list of jobs.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use futures_util::TryStreamExt;
use futures_util::stream;
use tokio::time::Instant;

use super::ends::{Awaited, Stage};
use super::jobs::read_job;
use super::jobs::{is_same, stage};
use super::observation::{JobObservation, Observation, Track, WaitEnd};
use super::options::WaitOptions;
use super::watch::{MISSING, Patience, Trouble, limit};
use crate::Workflows;
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

/// Something seen of one of many jobs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchedJob {
    /// The id or display name that was given.
    pub asked_for: String,
    /// What was seen; of the job only id, name, type, status, message and dates are there.
    pub observation: JobObservation,
}

/// Waiting for many jobs at once.
impl Workflows {
    /// Watches many jobs, given by id or display name, through the list of jobs.
    ///
    /// One reading takes as many requests as the list has pages up to the last job that is still
    /// watched, and the list shows the newest jobs first. A job that the list does not show is asked for
    /// alone; one that is not there either ends as [`Gone`](WaitEnd::Gone), with nothing if it never was
    /// seen.
    ///
    /// Each job ends by itself with [`Observation::Ended`]; the stream ends when all have, or after its
    /// first error: a refusal that is not passing, or the last of too many failures in a row.
    pub fn watch_jobs(
        &self,
        jobs: Vec<String>,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> impl Stream<Item = Result<WatchedJob, Error>> + Send + use<> {
        let watch = ManyWatch::new(self.client.clone(), jobs, awaited, options);
        stream::try_unfold(watch, |mut watch| async move {
            Ok(Box::pin(watch.next()).await?.map(|seen| (seen, watch)))
        })
    }
}

struct Watched {
    asked_for: String,
    /// The id once it is known; from then on the name does not count.
    id: Option<String>,
    track: Track<Job>,
    /// How many readings in a row did not find it.
    missing: u32,
    is_over: bool,
}

struct ManyWatch {
    client: Client,
    list: ListOptions,
    awaited: Awaited,
    stalled_after: Option<Duration>,
    patience: Patience,
    jobs: Vec<Watched>,
    /// Places in `jobs` by what was asked for and by id, in lower case.
    places: HashMap<String, Vec<usize>>,
    pending: usize,
    ready: VecDeque<WatchedJob>,
    /// What ends the watch once everything seen before has been told.
    failed: Option<Error>,
    has_news: bool,
}

impl ManyWatch {
    fn new(client: Client, jobs: Vec<String>, awaited: Awaited, options: &WaitOptions) -> Self {
        let now = Instant::now();
        let mut list = ListOptions::new().select(SELECTED);
        list.top = options.page_size;
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, job) in jobs.iter().enumerate() {
            places.entry(job.to_lowercase()).or_default().push(place);
        }
        let watched = |asked_for| Watched {
            asked_for,
            id: None,
            track: Track::new(now),
            missing: 0,
            is_over: false,
        };
        Self {
            client,
            list,
            awaited,
            stalled_after: options.stalled_after,
            patience: Patience::new(options, options.ends_at()),
            pending: jobs.len(),
            jobs: jobs.into_iter().map(watched).collect(),
            places,
            ready: VecDeque::new(),
            failed: None,
            has_news: false,
        }
    }

    async fn next(&mut self) -> Result<Option<WatchedJob>, Error> {
        loop {
            if let Some(seen) = self.ready.pop_front() {
                return Ok(Some(seen));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.pending == 0 {
                return Ok(None);
            }
            if !self.patience.until_next().await {
                self.expire();
                continue;
            }
            self.has_news = false;
            match limit(self.patience.deadline(), Box::pin(self.read())).await {
                None => self.expire(),
                Some(Ok(())) => self.patience.succeeded(self.has_news),
                Some(Err(error)) => self.failed = self.patience.bear(error).err(),
            }
        }
    }

    /// Reads the list as far as needed, then what it does not show.
    async fn read(&mut self) -> Result<(), Error> {
        let pending = self.pending;
        let mut seen = HashSet::new();
        let mut deleted = HashMap::new();
        let mut pages = pin!(self.client.job_pages(self.list.clone()));
        while let Some(page) = pages.try_next().await? {
            for job in page.into_value().into_items() {
                self.sort_in(&job, &mut seen, &mut deleted);
            }
            if seen.len() == pending {
                return Ok(());
            }
        }
        for (place, job) in deleted {
            if seen.insert(place) {
                self.take_in(place, job);
            }
        }
        for place in 0..self.jobs.len() {
            if !self.jobs[place].is_over && !seen.contains(&place) {
                self.look_up(place).await?;
            }
        }
        Ok(())
    }

    /// Gives a listed job to whoever watches it; a deleted one that is only known by name is put aside,
    /// since the name may have been given to another.
    fn sort_in(&mut self, job: &Job, seen: &mut HashSet<usize>, deleted: &mut HashMap<usize, Job>) {
        let (Some(id), Some(status)) = (job.id.as_deref(), &job.status) else {
            return;
        };
        for place in self.places_of(id) {
            let known = self.jobs[place].id.as_deref();
            if known.is_none_or(|known| known.eq_ignore_ascii_case(id)) && seen.insert(place) {
                self.take_in(place, job.clone());
            }
        }
        for place in job
            .display_name
            .as_deref()
            .map_or(Vec::new(), |name| self.places_of(name))
        {
            if self.jobs[place].id.is_some() || seen.contains(&place) {
                continue;
            }
            if *status == Status::Deleted {
                deleted.entry(place).or_insert_with(|| job.clone());
            } else {
                seen.insert(place);
                self.take_in(place, job.clone());
            }
        }
    }

    fn places_of(&self, key: &str) -> Vec<usize> {
        let places = self.places.get(&key.to_lowercase());
        let watched = |place: &usize| !self.jobs[*place].is_over;
        places.map_or(Vec::new(), |places| {
            places.iter().copied().filter(watched).collect()
        })
    }

    /// Asks for one job that the list does not show.
    async fn look_up(&mut self, place: usize) -> Result<(), Error> {
        let watched = &self.jobs[place];
        let key = watched.id.as_deref().unwrap_or(&watched.asked_for);
        match read_job(&self.client, key).await {
            Ok(job) => self.take_in(place, job),
            // A name that cannot stand in a path can be in the list, and was not.
            Err(error)
                if Trouble::of(&error) == Trouble::Absent
                    || error.kind() == ErrorKind::InvalidRequest =>
            {
                let watched = &mut self.jobs[place];
                watched.missing += 1;
                if self.awaited == Awaited::Deletion || watched.missing >= MISSING {
                    let last = watched.track.last().cloned();
                    self.end(place, WaitEnd::Gone(last));
                } else {
                    // It is looked for again soon.
                    self.has_news = true;
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn take_in(&mut self, place: usize, job: Job) {
        if let Some(id) = job.id.clone().filter(|id| !id.is_empty()) {
            let places = self.places.entry(id.to_lowercase()).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
            self.jobs[place].id = Some(id);
        }
        self.jobs[place].missing = 0;
        match stage(self.awaited, &job) {
            Stage::Reached => self.end(place, WaitEnd::Reached(job)),
            Stage::Elsewhere => self.end(place, WaitEnd::Elsewhere(job)),
            Stage::UnderWay => {
                let now = Instant::now();
                let track = &mut self.jobs[place].track;
                if let Some(seen) = track.take_in(job, is_same, now, self.stalled_after) {
                    self.has_news |= !matches!(seen, Observation::Stalled { .. });
                    self.tell(place, seen);
                }
            }
        }
    }

    fn expire(&mut self) {
        for place in 0..self.jobs.len() {
            if !self.jobs[place].is_over {
                let last = self.jobs[place].track.last().cloned();
                self.end(place, WaitEnd::DeadlinePassed(last));
            }
        }
    }

    fn end(&mut self, place: usize, end: WaitEnd<Job>) {
        self.jobs[place].is_over = true;
        self.pending -= 1;
        self.has_news = true;
        self.tell(place, Observation::Ended(end));
    }

    fn tell(&mut self, place: usize, observation: JobObservation) {
        self.ready.push_back(WatchedJob {
            asked_for: self.jobs[place].asked_for.clone(),
            observation,
        });
    }
}
