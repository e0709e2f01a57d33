//! All jobs, found by id, name, user and time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::job::{Job, User};
use super::lifecycle::{self, Circumstances};
use super::outcome::UserOutcome;
use super::status::JobStatus;
use super::workload::{self, Seat};
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

/// The jobs as they are at one moment. A copy shares them with the store, which changes copies of its own from then
/// on, so that making one costs next to nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    jobs: Vec<Arc<Job>>,
    outcomes: Arc<HashMap<Uuid, Vec<UserOutcome>>>,
    /// Decides how far apart users come.
    seed: u64,
}

impl Roster {
    /// Every job, in the order in which they were made.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Job> + ExactSizeIterator {
        self.jobs.iter().map(|job| &**job)
    }

    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Job> {
        self.jobs.get(index).map(|job| &**job)
    }

    /// The jobs themselves, each shared with whoever looked at the same moment.
    pub(crate) fn shared(&self) -> &[Arc<Job>] {
        &self.jobs
    }

    /// Where a user stands in its job.
    pub(crate) fn seat<'a>(&'a self, job: &'a Job, index: usize) -> Option<Seat<'a>> {
        let user = job.users.get(index)?;
        Some(Seat {
            index,
            user,
            outcomes: self.outcomes_of(user.id),
            seed: self.seed,
        })
    }

    /// Where all users of a job stand, in the order of `resources`.
    pub(crate) fn seats<'a>(&'a self, job: &'a Job) -> Vec<Seat<'a>> {
        (0..job.users.len())
            .filter_map(|index| self.seat(job, index))
            .collect()
    }

    /// What was chosen for a user.
    fn outcomes_of(&self, user: Uuid) -> &[UserOutcome] {
        self.outcomes.get(&user).map_or(&[], Vec::as_slice)
    }

    /// Everything that was chosen.
    pub(crate) fn outcomes(&self) -> &Arc<HashMap<Uuid, Vec<UserOutcome>>> {
        &self.outcomes
    }

    /// What decides how far apart users come.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// A job to be changed; whoever looked at it before keeps what it was.
    fn get_mut(&mut self, index: usize) -> Option<&mut Job> {
        self.jobs.get_mut(index).map(Arc::make_mut)
    }
}

/// The jobs of the tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobStore {
    roster: Roster,
    by_id: HashMap<String, usize>,
    /// By lower-case name; the newest job of a name, since a deleted job gives its name free.
    by_name: HashMap<String, usize>,
    by_user: HashMap<Uuid, Vec<usize>>,
    /// When which job changes by the passing of time.
    agenda: BTreeSet<(DateTime<Utc>, usize)>,
    scheduled: Vec<Option<DateTime<Utc>>>,
}

impl JobStore {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            roster: Roster {
                seed,
                ..Roster::default()
            },
            ..Self::default()
        }
    }

    /// The jobs as they are now.
    pub(crate) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Job> {
        self.roster.get(index)
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        self.roster.len() as u64
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
        !(settings.deleted_jobs_vanish && self.roster.get(index).is_some_and(deleted))
    }

    /// Whether a job that still exists has this name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.by_name
            .get(&name.to_lowercase())
            .and_then(|index| self.roster.get(*index))
            .is_some_and(|job| job.status != JobStatus::Deleted)
    }

    pub(crate) fn insert(&mut self, job: Job, settings: &Settings) -> usize {
        let index = self.roster.len();
        self.by_id.insert(job.id.clone(), index);
        self.by_name.insert(job.display_name.to_lowercase(), index);
        for user in &job.users {
            self.by_user.entry(user.id).or_default().push(index);
        }
        self.roster.jobs.push(Arc::new(job));
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
        let result = change(self.roster.get_mut(index)?);
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
        let taken: Vec<bool> = match self.roster.get(index) {
            Some(job) => job
                .users
                .iter()
                .map(|user| self.is_taken(user, index))
                .collect(),
            None => return None,
        };
        let job = Arc::make_mut(self.roster.jobs.get_mut(index)?);
        let outcomes = &self.roster.outcomes;
        let circumstances: Vec<Circumstances<'_>> = job
            .users
            .iter()
            .zip(taken)
            .map(|(user, taken)| Circumstances {
                outcomes: outcomes.get(&user.id).map_or(&[], Vec::as_slice),
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
            let job = self.roster.get(index)?;
            Some((job.active_since, job.sequence))
        };
        let others = self.by_user.get(&user.id).map_or(&[][..], Vec::as_slice);
        others.iter().any(|other| {
            let Some(job) = self.roster.get(*other).filter(|_| *other != index) else {
                return false;
            };
            let holds = |held: &User| held.id == user.id && held.cancelled_at.is_none();
            job.status.is_active() && rank(*other) < rank(index) && job.users.iter().any(holds)
        })
    }

    /// When something happens next to a job by the passing of time.
    pub(crate) fn next_event(&self) -> Option<DateTime<Utc>> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// Keeps what has happened to the users of a job by `now`, so that nothing that changes later undoes it.
    pub(crate) fn keep(&mut self, index: usize, settings: &Settings, now: DateTime<Utc>) {
        let Some(job) = self.roster.get(index) else {
            return;
        };
        let settled = workload::settled(job, &self.roster.seats(job), settings, now);
        if !settled.is_empty()
            && let Some(job) = self.roster.get_mut(index)
        {
            lifecycle::keep(job, settled);
        }
    }

    /// Keeps what has happened to the users of every job.
    pub(crate) fn keep_all(&mut self, settings: &Settings, now: DateTime<Utc>) {
        for index in 0..self.roster.len() {
            self.keep(index, settings, now);
        }
    }

    /// Lets everything happen that is due by `now`, in order.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>, settings: &Settings) {
        while let Some((at, index)) = self.agenda.first().copied().filter(|(at, _)| *at <= now) {
            self.keep(index, settings, at);
            self.judge(index, settings, |job, around| {
                lifecycle::step(job, at, around);
            });
        }
    }

    /// Plans every job anew, after durations or gates were changed.
    pub(crate) fn reschedule_all(&mut self, now: DateTime<Utc>, settings: &Settings) {
        for index in 0..self.roster.len() {
            if let Some(job) = self.roster.get_mut(index) {
                job.floor = job.floor.max(now);
            }
            self.reschedule(index, settings);
        }
    }

    fn reschedule(&mut self, index: usize, settings: &Settings) {
        let due = self
            .roster
            .get(index)
            .and_then(|job| lifecycle::due(job, settings, self.roster.seed));
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

    /// Chooses what becomes of a user, or of one workload of it, from now on.
    pub(crate) fn choose(&mut self, user: Uuid, outcome: UserOutcome) {
        let is_nothing = UserOutcome {
            workload: None,
            ..outcome.clone()
        } == UserOutcome::default();
        let outcomes = Arc::make_mut(&mut self.roster.outcomes);
        let chosen = outcomes.entry(user).or_default();
        match &outcome.workload {
            // What is chosen for all workloads takes the place of whatever was chosen before.
            None => chosen.clear(),
            Some(workload) => {
                chosen.retain(|known| known.workload.is_none() || !known.concerns(workload));
            }
        }
        // «Nothing» for one workload still has to stand against what is chosen for all.
        if !is_nothing || !chosen.is_empty() {
            chosen.push(outcome);
        }
        if chosen.is_empty() {
            outcomes.remove(&user);
        }
    }

    /// The jobs that hold a user.
    pub(crate) fn jobs_of(&self, user: Uuid) -> Vec<usize> {
        self.by_user.get(&user).cloned().unwrap_or_default()
    }
}
