//! All jobs, found by id, name, user and time.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::job::{Job, User};
use super::lifecycle::{self, Circumstances};
use super::outcome::UserOutcome;
use super::status::JobStatus;
use crate::settings::Settings;

/// How a job is named in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobKey {
    /// Its id, or its display name in its place.
    IdOrName(String),
    /// `(displayName='…')`.
    AlternateKey(String),
}

impl JobKey {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::IdOrName(key) | Self::AlternateKey(key) => key,
        }
    }
}

/// The jobs of the tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobStore {
    jobs: Vec<Job>,
    by_id: HashMap<String, usize>,
    /// By lower-case name; the newest job of a name, since a deleted job gives its name free.
    by_name: HashMap<String, usize>,
    by_user: HashMap<Uuid, Vec<usize>>,
    /// When which job changes by the passing of time.
    agenda: BTreeSet<(DateTime<Utc>, usize)>,
    scheduled: Vec<Option<DateTime<Utc>>>,
    outcomes: HashMap<Uuid, UserOutcome>,
}

impl JobStore {
    pub(crate) fn all(&self) -> &[Job] {
        &self.jobs
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Job> {
        self.jobs.get(index)
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        self.jobs.len() as u64
    }

    /// Finds a job by what a path calls it; deleted ones are absent if they are to vanish.
    pub(crate) fn find(&self, key: &JobKey, settings: &Settings) -> Option<usize> {
        let name = || self.by_name.get(&key.as_str().to_lowercase());
        let found = match key {
            JobKey::IdOrName(text) => self.by_id.get(&text.to_ascii_lowercase()).or_else(name),
            JobKey::AlternateKey(_) => name(),
        };
        found
            .copied()
            .filter(|index| self.is_visible(*index, settings))
    }

    /// Whether the job at `index` can be seen from outside.
    pub(crate) fn is_visible(&self, index: usize, settings: &Settings) -> bool {
        let deleted = |job: &Job| job.status == JobStatus::Deleted;
        !(settings.deleted_jobs_vanish && self.jobs.get(index).is_some_and(deleted))
    }

    /// Whether a job that still exists has this name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.by_name
            .get(&name.to_lowercase())
            .and_then(|index| self.jobs.get(*index))
            .is_some_and(|job| job.status != JobStatus::Deleted)
    }

    pub(crate) fn insert(&mut self, job: Job, settings: &Settings) -> usize {
        let index = self.jobs.len();
        self.by_id.insert(job.id.clone(), index);
        self.by_name.insert(job.display_name.to_lowercase(), index);
        for user in &job.users {
            self.by_user.entry(user.id).or_default().push(index);
        }
        self.jobs.push(job);
        self.scheduled.push(None);
        self.reschedule(index, settings);
        index
    }

    /// Changes a job and notes when it changes next by itself.
    pub(crate) fn change<T>(
        &mut self,
        index: usize,
        settings: &Settings,
        change: impl FnOnce(&mut Job) -> T,
    ) -> Option<T> {
        let result = change(self.jobs.get_mut(index)?);
        self.reschedule(index, settings);
        Some(result)
    }

    /// Changes a job in the light of what stands around its users.
    pub(crate) fn judge<T>(
        &mut self,
        index: usize,
        settings: &Settings,
        change: impl FnOnce(&mut Job, &[Circumstances<'_>]) -> T,
    ) -> Option<T> {
        let taken: Vec<bool> = match self.jobs.get(index) {
            Some(job) => job
                .users
                .iter()
                .map(|user| self.is_taken(user, index))
                .collect(),
            None => return None,
        };
        let job = self.jobs.get_mut(index)?;
        let outcomes = &self.outcomes;
        let circumstances: Vec<Circumstances<'_>> = job
            .users
            .iter()
            .zip(taken)
            .map(|(user, taken)| Circumstances {
                outcome: outcomes.get(&user.id),
                taken,
            })
            .collect();
        let result = change(job, &circumstances);
        self.reschedule(index, settings);
        Some(result)
    }

    /// Whether a batch that was active before the one at `index` holds the user.
    fn is_taken(&self, user: &User, index: usize) -> bool {
        let rank = |index: usize| {
            let job = self.jobs.get(index)?;
            Some((job.active_since, job.sequence))
        };
        let others = self.by_user.get(&user.id).map_or(&[][..], Vec::as_slice);
        others.iter().any(|other| {
            let Some(job) = self.jobs.get(*other).filter(|_| *other != index) else {
                return false;
            };
            let holds = |held: &User| held.id == user.id && held.cancelled_at.is_none();
            job.status.is_active() && rank(*other) < rank(index) && job.users.iter().any(holds)
        })
    }

    /// Lets everything happen that is due by `now`, in order.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>, settings: &Settings) {
        while let Some((at, index)) = self.agenda.first().copied().filter(|(at, _)| *at <= now) {
            self.judge(index, settings, |job, around| {
                lifecycle::step(job, at, around);
            });
        }
    }

    /// Plans every job anew, after durations or gates were changed.
    pub(crate) fn reschedule_all(&mut self, now: DateTime<Utc>, settings: &Settings) {
        for index in 0..self.jobs.len() {
            if let Some(job) = self.jobs.get_mut(index) {
                job.floor = job.floor.max(now);
            }
            self.reschedule(index, settings);
        }
    }

    fn reschedule(&mut self, index: usize, settings: &Settings) {
        let due = self
            .jobs
            .get(index)
            .and_then(|job| lifecycle::due(job, settings));
        let Some(scheduled) = self.scheduled.get_mut(index) else {
            return;
        };
        if let Some(previous) = scheduled.take() {
            self.agenda.remove(&(previous, index));
        }
        if let Some(due) = due {
            self.agenda.insert((due, index));
        }
        *scheduled = due;
    }

    /// Chooses what becomes of a user from now on.
    pub(crate) fn choose(&mut self, user: Uuid, outcome: UserOutcome) {
        if outcome == UserOutcome::default() {
            self.outcomes.remove(&user);
        } else {
            self.outcomes.insert(user, outcome);
        }
    }
}
