//! The state as it is at one moment, to be looked at while requests go on changing it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::State;
use super::job_store::Roster;
use super::task::Task;
use crate::operation::MappingKind;
use crate::settings::Settings;

/// What the service remembers at one moment. It shares what it shows with the state, so that making it takes no longer
/// than counting jobs, tasks and mappings.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) now: DateTime<Utc>,
    pub(crate) settings: Settings,
    pub(crate) tenant_id: String,
    pub(crate) jobs: Roster,
    pub(crate) tasks: Vec<Arc<Task>>,
    pub(crate) user_mappings: Vec<Arc<Map<String, Value>>>,
    pub(crate) group_mappings: Vec<Arc<Map<String, Value>>>,
}

impl State {
    /// What there is at `now`, which nothing that happens later changes.
    pub(crate) fn picture(&self, now: DateTime<Utc>) -> Picture {
        Picture {
            now,
            settings: self.settings.clone(),
            tenant_id: self.tenant_id.clone(),
            jobs: self.jobs.roster().clone(),
            tasks: self.tasks.all().to_vec(),
            user_mappings: self.mappings.all(MappingKind::User),
            group_mappings: self.mappings.all(MappingKind::Group),
        }
    }
}
