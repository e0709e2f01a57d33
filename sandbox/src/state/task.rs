//! Tasks that move one OneDrive, site or group-connected site each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::codes;
use super::task_parameters::Parameters;
use crate::clock::latest;
use crate::operation::TaskSource;
use crate::settings::{Settings, span};

/// The status of a SharePoint task, under the names of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// Waiting to be picked up.
    NotStarted,
    /// Moving.
    InProgress,
    /// Moved.
    Completed,
    /// Not moved; `error` says why.
    Failed,
    /// Cancelled by a caller, or not started in time.
    Cancelled,
}

impl TaskStatus {
    pub(crate) const ALL: [Self; 5] = [
        Self::NotStarted,
        Self::InProgress,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name that the service uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "notStarted",
            Self::InProgress => "inProgress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What becomes of the SharePoint tasks of a source.
///
/// In JSON: `{"fails": true, "code": "MnAOdbOwnerUrlMismatch", "message": "…"}`, each member optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SourceOutcome {
    /// Whether the tasks fail, those that only validate included.
    pub fails: bool,
    /// The code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The message of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl SourceOutcome {
    /// The error of a task that fails.
    pub(crate) fn error(&self) -> (String, String) {
        let code = self.code.clone();
        let code = code.unwrap_or_else(|| "SandboxChosenFailure".into());
        let message = self.message.clone();
        (
            code.clone(),
            message.unwrap_or_else(|| codes::message(&code)),
        )
    }
}

/// A task. Its status follows from its dates, so nothing has to happen for time to pass.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) parameters: Parameters,
    pub(crate) created: DateTime<Utc>,
    pub(crate) cancelled: Option<DateTime<Utc>>,
    pub(crate) outcome: SourceOutcome,
}

/// Where a task stands.
pub(crate) struct Progress {
    pub(crate) status: TaskStatus,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) finished: Option<DateTime<Utc>>,
}

fn later(at: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
    at.checked_add_signed(span(seconds))
        .map_or_else(latest, |at| at.min(latest()))
}

impl Task {
    pub(crate) fn progress(&self, settings: &Settings, now: DateTime<Utc>) -> Progress {
        let timings = &settings.timings;
        let start = later(self.created, timings.task_pickup)
            .max(self.parameters.preferred_start.unwrap_or(self.created));
        // The system gives up on a task that has not started by its latest start.
        let given_up = self
            .parameters
            .latest_start
            .filter(|latest| *latest < start);
        let cancelled = self.cancelled.or(given_up
            .map(|at| at.max(self.created))
            .filter(|at| *at <= now));
        let end = later(start, timings.task_work);
        let ended = if self.outcome.fails {
            TaskStatus::Failed
        } else {
            TaskStatus::Completed
        };
        let (status, started, updated, finished) = match cancelled {
            Some(at) => (TaskStatus::Cancelled, None, at, Some(at)),
            None if now < start => (TaskStatus::NotStarted, None, self.created, None),
            None if now < end => (TaskStatus::InProgress, Some(start), now, None),
            None => (ended, Some(start), end, Some(end)),
        };
        Progress {
            status,
            started,
            updated,
            finished,
        }
    }
}

/// All tasks, found by id and by source.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskStore {
    tasks: Vec<Arc<Task>>,
    by_id: HashMap<String, usize>,
    /// By kind and lower-case source; the newest task of a source.
    by_source: BTreeMap<(u8, String), usize>,
    /// What becomes of the tasks of a source, by its name in lower case.
    outcomes: BTreeMap<String, SourceOutcome>,
}

impl TaskStore {
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Every task, in the order in which they were made; a copy keeps what they are now.
    pub(crate) fn all(&self) -> &[Arc<Task>] {
        &self.tasks
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Task> {
        self.tasks.get(index).map(|task| &**task)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Task> {
        self.tasks.get_mut(index).map(Arc::make_mut)
    }

    pub(crate) fn insert(&mut self, mut task: Task) {
        let index = self.tasks.len();
        if let Some(source) = task.parameters.source().map(str::to_lowercase) {
            if let Some(outcome) = self.outcomes.get(&source) {
                task.outcome = outcome.clone();
            }
            self.by_source
                .insert((task.parameters.kind as u8, source), index);
        }
        self.by_id.insert(task.id.clone(), index);
        self.tasks.push(Arc::new(task));
    }

    /// Puts a task back as it was written out.
    pub(crate) fn restore(&mut self, task: Task) {
        let outcome = task.outcome.clone();
        let index = self.tasks.len();
        self.insert(task);
        if let Some(task) = self.get_mut(index) {
            task.outcome = outcome;
        }
    }

    /// Chooses what becomes of the tasks of a source, of those that exist and those to come.
    pub(crate) fn choose(&mut self, source: &str, outcome: SourceOutcome) {
        let source = source.to_lowercase();
        let is_own = |task: &Arc<Task>| {
            task.parameters
                .source()
                .is_some_and(|own| own.to_lowercase() == source)
        };
        for task in self.tasks.iter_mut().filter(|task| is_own(task)) {
            Arc::make_mut(task).outcome = outcome.clone();
        }
        if outcome == SourceOutcome::default() {
            self.outcomes.remove(&source);
        } else {
            self.outcomes.insert(source, outcome);
        }
    }

    /// What was chosen for a source.
    pub(crate) fn outcome_of(&self, source: &str) -> Option<&SourceOutcome> {
        self.outcomes.get(&source.to_lowercase())
    }

    /// Everything that was chosen.
    pub(crate) fn outcomes(&self) -> &BTreeMap<String, SourceOutcome> {
        &self.outcomes
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(&id.to_ascii_lowercase()).copied()
    }

    pub(crate) fn find_by_source(&self, kind: TaskSource, source: &str) -> Option<usize> {
        self.by_source
            .get(&(kind as u8, source.to_lowercase()))
            .copied()
    }
}
