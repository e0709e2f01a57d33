//! Everything the simulated service remembers, and how it changes as time passes.

pub(crate) mod codes;
pub(crate) mod dump;
pub(crate) mod job;
pub(crate) mod job_store;
pub(crate) mod lifecycle;
pub(crate) mod mapping_store;
pub(crate) mod outcome;
pub(crate) mod picture;
pub(crate) mod random;
pub(crate) mod rules;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod task_parameters;
pub(crate) mod workload;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::job_store::JobStore;
use self::mapping_store::MappingStore;
use self::random::{guid, stream};
use self::task::TaskStore;
use crate::settings::Settings;

/// Everything the simulated service remembers.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) jobs: JobStore,
    pub(crate) tasks: TaskStore,
    pub(crate) mappings: MappingStore,
    /// The tenant that is called.
    pub(crate) tenant_id: String,
    ids: fastrand::Rng,
}

impl State {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let mut ids = stream(seed, 1);
        let tenant_id = guid(&mut ids).to_string();
        Self {
            settings,
            jobs: JobStore::new(seed),
            tasks: TaskStore::default(),
            mappings: MappingStore::default(),
            tenant_id,
            ids,
        }
    }

    pub(crate) fn new_id(&mut self) -> Uuid {
        guid(&mut self.ids)
    }

    /// Keeps what has happened to the users of every job, so that nothing that changes later undoes it.
    pub(crate) fn keep_all(&mut self, now: DateTime<Utc>) {
        self.jobs.keep_all(&self.settings, now);
    }

    /// Lets everything happen that is due by `now`.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) {
        self.jobs.settle(now, &self.settings);
    }
}
