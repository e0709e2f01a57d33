//! What the sandbox keeps of a job and its users.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::status::JobStatus;
use crate::odata::page::Listed;
pub(crate) use crate::operation::Service;

/// A set of services, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Services(u8);

impl Services {
    pub(crate) fn insert(&mut self, service: Service) {
        self.0 |= 1 << service as u8;
    }

    pub(crate) fn contains(self, service: Service) -> bool {
        self.0 & (1 << service as u8) != 0
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks by reference whether to leave a member out"
    )]
    pub(crate) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The services of both sets.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The services of this set that the other lacks.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Service> {
        Service::ALL
            .into_iter()
            .filter(move |service| self.contains(*service))
    }
}

impl FromIterator<Service> for Services {
    fn from_iter<I: IntoIterator<Item = Service>>(services: I) -> Self {
        let mut set = Self::default();
        for service in services {
            set.insert(service);
        }
        set
    }
}

/// A point in time with the digits that it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Date {
    pub(crate) at: DateTime<Utc>,
    /// How many digits the fraction of the second has, nine at most.
    pub(crate) digits: usize,
}

impl Date {
    pub(crate) fn text(self) -> String {
        let seconds = self.at.format("%Y-%m-%dT%H:%M:%S");
        if self.digits == 0 {
            return format!("{seconds}Z");
        }
        let nanoseconds = format!("{:09}", self.at.timestamp_subsec_nanos());
        let fraction = nanoseconds.get(..self.digits).unwrap_or(&nanoseconds);
        format!("{seconds}.{fraction}Z")
    }
}

/// Why a workload of a user is invalid or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reason {
    /// Asked for by whoever rehearses.
    #[default]
    Chosen,
    /// The directory has no such user.
    UnknownUser,
    /// The user is in another active batch.
    OtherBatch,
    /// Meetings cannot move without Teams and Exchange.
    MeetingAlone,
}

/// The error of one workload of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) service: Service,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// One user of a job. Small, because a rehearsal may hold a million.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) id: uuid::Uuid,
    /// When the cancellation of this user was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
    /// What the last validation found wanting.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) invalid: Services,
    /// What the present attempt will not move, decided as the cutover began.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) doomed: Services,
    /// What the last attempt failed to migrate.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) failed: Services,
    /// What of that shows `error` instead of `failed`.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) errored: Services,
    /// What is migrated for good.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) completed: Services,
    /// What of that shows `forceComplete` instead of `completed`.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) forced: Services,
    /// What has begun to move in the present attempt; from then on nothing holds it back.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    pub(crate) begun: Services,
    /// When the first of that began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begun_at: Option<DateTime<Utc>>,
    /// Whether the user had begun to cut over when its job was cancelled, so that it goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) escaped: bool,
    /// Why something is invalid or failed.
    #[serde(default)]
    pub(crate) reason: Reason,
    /// The errors that were chosen for what is invalid or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[expect(
        clippy::box_collection,
        reason = "most users have none, and then it takes a third of the room"
    )]
    pub(crate) failures: Option<Box<Vec<Failure>>>,
}

impl User {
    pub(crate) fn new(id: uuid::Uuid) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// Forgets what an attempt came to, but not what is migrated for good.
    pub(crate) fn begin_anew(&mut self) {
        self.doomed = Services::default();
        self.failed = Services::default();
        self.errored = Services::default();
        self.failures = None;
        self.begun = Services::default();
        self.begun_at = None;
        self.escaped = false;
    }

    /// Keeps the error that was chosen for a workload.
    pub(crate) fn note(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            let failures = self.failures.get_or_insert_default();
            failures.retain(|known| known.service != failure.service);
            failures.push(failure);
        }
    }

    /// The error that was chosen for a workload.
    pub(crate) fn failure(&self, service: Service) -> Option<&Failure> {
        let failures = self.failures.as_ref()?;
        failures.iter().find(|failure| failure.service == service)
    }
}

/// A change of a job's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The status before.
    pub from: JobStatus,
    /// The status after.
    pub to: JobStatus,
    /// When, in virtual time.
    pub at: DateTime<Utc>,
    /// Whether the status was set from outside instead of being reached.
    pub forced: bool,
}

/// How many changes of status are kept for each job.
const HISTORY: usize = 256;

/// A job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Job {
    pub(crate) sequence: u64,
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) is_migration: bool,
    pub(crate) status: JobStatus,
    /// When the status was entered.
    pub(crate) entered: DateTime<Utc>,
    /// No change of status by time happens before this; moving a date does not rewrite the past.
    pub(crate) floor: DateTime<Utc>,
    /// The status before the deletion.
    pub(crate) before_deletion: Option<JobStatus>,
    pub(crate) message: String,
    pub(crate) complete_after: Date,
    pub(crate) source_tenant_id: String,
    pub(crate) target_tenant_id: String,
    pub(crate) exchange_settings: Option<(String, String)>,
    /// The workloads as the caller named them, none when left out.
    pub(crate) workloads: Vec<String>,
    pub(crate) services: Services,
    pub(crate) resource_type: String,
    pub(crate) users: Vec<User>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) created_by: String,
    /// When the last validation passed.
    pub(crate) validated_at: Option<DateTime<Utc>>,
    /// Since when the job holds its users.
    pub(crate) active_since: DateTime<Utc>,
    /// When the present attempt came to be in progress.
    pub(crate) running_since: Option<DateTime<Utc>>,
    /// When the present attempt began to cut over.
    pub(crate) cutting_since: Option<DateTime<Utc>>,
    /// How many attempts to migrate were started.
    pub(crate) attempts: u32,
    /// Whether time passes the job by.
    pub(crate) stalled: bool,
    pub(crate) history: Vec<Transition>,
}

impl Job {
    /// Puts the job into a status and remembers how it got there.
    pub(crate) fn enter(&mut self, to: JobStatus, at: DateTime<Utc>, forced: bool) {
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(Transition {
            from: self.status,
            to,
            at,
            forced,
        });
        self.status = to;
        self.entered = at;
        self.floor = at;
        self.updated = at;
    }

    /// The users that were not cancelled.
    pub(crate) fn remaining(&self) -> impl Iterator<Item = &User> {
        self.users.iter().filter(|user| user.cancelled_at.is_none())
    }

    /// Finds a user by the text of a path.
    pub(crate) fn user(&self, id: &str) -> Option<usize> {
        let id = uuid::Uuid::try_parse(id).ok()?;
        self.users.iter().position(|user| user.id == id)
    }
}

impl Listed for Job {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn sort_key(&self, property: &str) -> Option<String> {
        let date = |date: DateTime<Utc>| date.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
        Some(match property {
            "id" => self.id.clone(),
            "displayName" => self.display_name.to_lowercase(),
            "status" => self.status.as_str().to_owned(),
            "jobType" => self.is_migration.to_string(),
            "completeAfterDateTime" => date(self.complete_after.at),
            "createdDateTime" => date(self.created),
            "lastUpdatedDateTime" => date(self.updated),
            _ => return None,
        })
    }
}
