//! What the state of a job, a user or a task tells about its cancellation. Pure.

use std::fmt;

use chrono::{DateTime, Utc};

use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
    CrossTenantMigrationServiceStatus as Workload, CrossTenantMigrationTask as User,
    SharePointMigrationTask as Task, SharePointMigrationTaskStatus as TaskStatus,
};

/// Why a migration can no longer be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TooLate {
    /// Mailboxes are cutting over.
    CuttingOver,
    /// `completeAfterDateTime` has passed.
    PastCompleteAfter,
    /// The task has started; only those that have not can be cancelled.
    Started,
}

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CuttingOver => "mailboxes are cutting over",
            Self::PastCompleteAfter => "completeAfterDateTime has passed",
            Self::Started => "the task has started",
        })
    }
}

/// Why something cannot be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    BeingCancelled,
    Final,
    TooLate(TooLate),
    Unknown,
}

/// Something that can be cancelled.
pub trait Cancellable {
    /// Whether it is taken out of where it was when it is cancelled.
    const IS_REMOVED_WHEN_CANCELLED: bool = false;

    /// Whether it is cancelled or about to be.
    fn is_cancelling(&self) -> bool;

    /// Why, as it is at `now`, it cannot be cancelled.
    fn reason(&self, now: DateTime<Utc>) -> Reason;

    /// Its status, for people.
    fn status_text(&self) -> Option<String>;
}

impl Cancellable for Job {
    fn is_cancelling(&self) -> bool {
        matches!(self.status, Some(Status::PendingCancel | Status::Cancelled))
    }

    fn reason(&self, now: DateTime<Utc>) -> Reason {
        match &self.status {
            Some(Status::PendingCancel) => Reason::BeingCancelled,
            Some(
                Status::Completed
                | Status::CompletedWithErrors
                | Status::Failed
                | Status::Cancelled
                | Status::PendingDelete
                | Status::Deleted,
            ) => Reason::Final,
            Some(Status::CuttingOver) => Reason::TooLate(TooLate::CuttingOver),
            Some(Status::Processing | Status::InProgress) if is_due(self, now) => {
                Reason::TooLate(TooLate::PastCompleteAfter)
            }
            _ => Reason::Unknown,
        }
    }

    fn status_text(&self) -> Option<String> {
        self.status.as_ref().map(ToString::to_string)
    }
}

fn is_due(job: &Job, now: DateTime<Utc>) -> bool {
    job.complete_after_date_time
        .as_ref()
        .and_then(DateTimeOffset::to_utc)
        .is_some_and(|time| time <= now)
}

pub(super) fn is_job_cancelled(job: &Job) -> bool {
    job.status == Some(Status::Cancelled)
}

impl Cancellable for User {
    const IS_REMOVED_WHEN_CANCELLED: bool = true;

    fn is_cancelling(&self) -> bool {
        matches!(self.reason(DateTime::UNIX_EPOCH), Reason::BeingCancelled)
            || self.has(|status| *status == Workload::Cancelled) && self.is_over()
    }

    fn reason(&self, _: DateTime<Utc>) -> Reason {
        if self.is_over() {
            Reason::Final
        } else if self.has(|status| *status == Workload::PendingCancel) {
            Reason::BeingCancelled
        } else if self.has(|status| *status == Workload::Finalizing) {
            Reason::TooLate(TooLate::CuttingOver)
        } else {
            Reason::Unknown
        }
    }

    fn status_text(&self) -> Option<String> {
        let status = |status: Option<&Workload>| {
            status.map_or_else(|| "unknown".to_owned(), ToString::to_string)
        };
        let workloads: Vec<_> = self
            .current_status
            .iter()
            .map(|details| {
                let workload = details.service.as_deref().unwrap_or("unknown workload");
                format!("{workload} {}", status(details.status.as_ref()))
            })
            .collect();
        Some(workloads.join(", ")).filter(|text| !text.is_empty())
    }
}

/// What the workloads of a user have in common.
trait Workloads {
    fn has(&self, of: fn(&Workload) -> bool) -> bool;

    /// Whether every workload is at its end.
    fn is_over(&self) -> bool;
}

impl Workloads for User {
    fn has(&self, of: fn(&Workload) -> bool) -> bool {
        let mut statuses = self
            .current_status
            .iter()
            .filter_map(|details| details.status.as_ref());
        statuses.any(of)
    }

    fn is_over(&self) -> bool {
        let is_end = |status: &Workload| {
            matches!(
                status,
                Workload::Completed | Workload::Failed | Workload::Cancelled | Workload::Error
            )
        };
        !self.current_status.is_empty()
            && self
                .current_status
                .iter()
                .all(|details| details.status.as_ref().is_some_and(is_end))
    }
}

impl Cancellable for Task {
    fn is_cancelling(&self) -> bool {
        self.status == Some(TaskStatus::Cancelled)
    }

    fn reason(&self, _: DateTime<Utc>) -> Reason {
        match &self.status {
            Some(TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Cancelled) => {
                Reason::Final
            }
            Some(TaskStatus::InProgress) => Reason::TooLate(TooLate::Started),
            _ => Reason::Unknown,
        }
    }

    fn status_text(&self) -> Option<String> {
        self.status.as_ref().map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_explains_a_refusal_in_one_way() {
        let job = |status: &str, complete_after: &str| -> Job {
            let json =
                format!(r#"{{"status":"{status}","completeAfterDateTime":"{complete_after}"}}"#);
            serde_json::from_str(&json).expect("a job")
        };
        let now = DateTime::parse_from_rfc3339("2026-12-12T20:00:00Z")
            .expect("a time")
            .to_utc();
        let (past, future) = ("2026-12-12T20:00:00Z", "2026-12-12T20:00:01Z");
        let late = Reason::TooLate(TooLate::PastCompleteAfter);
        for status in Status::DOCUMENTED {
            let (before, after) = match status.as_str() {
                "pendingCancel" => (Reason::BeingCancelled, Reason::BeingCancelled),
                "completed"
                | "completedWithErrors"
                | "failed"
                | "cancelled"
                | "pendingDelete"
                | "deleted" => (Reason::Final, Reason::Final),
                "cuttingOver" => {
                    let cutting = Reason::TooLate(TooLate::CuttingOver);
                    (cutting, cutting)
                }
                "processing" | "inProgress" => (Reason::Unknown, late),
                _ => (Reason::Unknown, Reason::Unknown),
            };
            assert_eq!(job(status.as_str(), future).reason(now), before, "{status}");
            assert_eq!(job(status.as_str(), past).reason(now), after, "{status}");
        }
        for odd in ["soon", ""] {
            assert_eq!(job("inProgress", odd).reason(now), Reason::Unknown, "{odd}");
        }
        assert_eq!(Job::default().reason(now), Reason::Unknown);
    }
}
