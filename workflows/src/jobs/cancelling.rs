//! Cancelling a job, and knowing what came of it.

use std::fmt;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use reqwest::header::DATE;

use super::report::Line;
use crate::Workflows;
use crate::waiting::{Awaited, CancellationEnd, Known, WaitOptions, read_job};
use msgraph_migrations::models::{
    CrossTenantMigrationCancelResponse, CrossTenantMigrationJob as Job,
    CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations::{DateTimeOffset, Error, GetOptions, Refusal, Response};

/// What came of a cancellation.
///
/// It is shown as one line for people.
#[derive(Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
#[non_exhaustive]
pub struct CancelReport {
    /// The id or display name that was given.
    pub asked_for: String,
    /// How the request was taken.
    pub verdict: CancelVerdict,
    /// How the wait for the cancellation ended; none when none was asked for, or none is under way.
    ///
    /// An error means that asking failed, which takes nothing back from the verdict.
    pub end: Option<Result<CancellationEnd, Error>>,
}

/// How a request to cancel a job was taken, and if it was refused, why.
#[derive(Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
pub enum CancelVerdict {
    /// The service accepted it.
    Accepted(Response<CrossTenantMigrationCancelResponse>),
    /// The answer was lost, and the job reads as cancelled or being cancelled: by this request, or by
    /// another.
    FoundCancelling {
        /// The job as read back.
        job: Job,
        /// How the answer was lost.
        lost: Error,
    },
    /// 409: the job is being cancelled already.
    AlreadyBeingCancelled {
        /// The job as read back.
        job: Job,
        /// The answer.
        refusal: Refusal,
    },
    /// 409: the job is over already, and its status says how: `cancelled` too is such an end.
    ///
    /// A job that is being deleted was final before, and counts.
    AlreadyFinal {
        /// The job as read back.
        job: Job,
        /// The answer.
        refusal: Refusal,
    },
    /// 409: it is too late, and **the migration continues**.
    TooLate {
        /// Why it is too late.
        why: TooLate,
        /// The job as read back.
        job: Job,
        /// The answer.
        refusal: Refusal,
    },
    /// 409, although the job as read back shows no reason; **it continues**.
    Refused {
        /// The job as read back.
        job: Job,
        /// The answer.
        refusal: Refusal,
    },
    /// 409, and reading the job back failed, so that the reason is not known; **it may continue**.
    Unexplained {
        /// The answer.
        refusal: Refusal,
        /// Why the job could not be read back.
        error: Error,
    },
}

/// Why a migration can no longer be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TooLate {
    /// Mailboxes are cutting over.
    CuttingOver,
    /// `completeAfterDateTime` has passed.
    PastCompleteAfter,
}

impl Workflows {
    /// Cancels a job, reads back why when that is refused, and waits for the end if asked.
    ///
    /// Without `wait` it answers at once. With it, it waits until a job that is being cancelled is
    /// cancelled, or turns out not to be; it does not wait for the end of a migration that continues.
    ///
    /// The request is sent once. If its answer is lost, the job is read back.
    ///
    /// # Errors
    ///
    /// Any refusal of the cancellation but 409, and everything that keeps its answer from coming,
    /// unless the job then reads as being cancelled. After an error that
    /// [may have taken effect](Error::may_have_taken_effect) it is not known whether the job will be
    /// cancelled.
    pub async fn cancel_and_confirm(
        &self,
        job: &str,
        wait: Option<&WaitOptions>,
    ) -> Result<CancelReport, Error> {
        let deadline = wait.and_then(WaitOptions::ends_at);
        let verdict = match Box::pin(self.client.cancel_job(job)).await {
            Ok(outcome) => match outcome.into_result() {
                Ok(response) => CancelVerdict::Accepted(response),
                Err(refusal) => Box::pin(self.explain(job, refusal)).await,
            },
            Err(lost) if lost.may_have_taken_effect() => {
                match Box::pin(read_job(&self.client, job)).await {
                    Ok(job) if is_cancelling(&job) => CancelVerdict::FoundCancelling { job, lost },
                    _ => return Err(lost),
                }
            }
            Err(error) => return Err(error),
        };
        let end = match wait {
            Some(options) if verdict.is_under_way() => {
                let key = verdict.job_id().unwrap_or(job);
                let end = self
                    .wait_until(key, Awaited::Cancellation, options, deadline, Known::Exists)
                    .await;
                Some(end.map(CancellationEnd::of))
            }
            _ => None,
        };
        Ok(CancelReport {
            asked_for: job.to_owned(),
            verdict,
            end,
        })
    }

    async fn explain(&self, job: &str, refusal: Refusal) -> CancelVerdict {
        let response = match self.client.get_job(job, GetOptions::new()).await {
            Ok(response) => response,
            Err(error) => return CancelVerdict::Unexplained { refusal, error },
        };
        let now = response
            .headers()
            .get(DATE)
            .and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok())
            .map_or_else(|| SystemTime::now().into(), |date| date.to_utc());
        let job = response.into_value();
        match reason(&job, now) {
            Reason::BeingCancelled => CancelVerdict::AlreadyBeingCancelled { job, refusal },
            Reason::Final => CancelVerdict::AlreadyFinal { job, refusal },
            Reason::TooLate(why) => CancelVerdict::TooLate { why, job, refusal },
            Reason::Unknown => CancelVerdict::Refused { job, refusal },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    BeingCancelled,
    Final,
    TooLate(TooLate),
    Unknown,
}

/// Why a job as it is at `now` cannot be cancelled.
fn reason(job: &Job, now: DateTime<Utc>) -> Reason {
    match &job.status {
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
        Some(Status::Processing | Status::InProgress) if is_due(job, now) => {
            Reason::TooLate(TooLate::PastCompleteAfter)
        }
        _ => Reason::Unknown,
    }
}

fn is_due(job: &Job, now: DateTime<Utc>) -> bool {
    job.complete_after_date_time
        .as_ref()
        .and_then(DateTimeOffset::to_utc)
        .is_some_and(|time| time <= now)
}

fn is_cancelling(job: &Job) -> bool {
    matches!(job.status, Some(Status::PendingCancel | Status::Cancelled))
}

impl CancelVerdict {
    /// Whether there is an end of a cancellation to wait for.
    fn is_under_way(&self) -> bool {
        matches!(
            self,
            Self::Accepted(_) | Self::FoundCancelling { .. } | Self::AlreadyBeingCancelled { .. }
        )
    }

    /// The job as read back, if it was.
    #[must_use]
    pub fn job(&self) -> Option<&Job> {
        match self {
            Self::FoundCancelling { job, .. }
            | Self::AlreadyBeingCancelled { job, .. }
            | Self::AlreadyFinal { job, .. }
            | Self::TooLate { job, .. }
            | Self::Refused { job, .. } => Some(job),
            Self::Accepted(_) | Self::Unexplained { .. } => None,
        }
    }

    fn job_id(&self) -> Option<&str> {
        match self {
            Self::Accepted(response) => response.value().id.as_deref(),
            _ => self.job()?.id.as_deref(),
        }
        .filter(|id| !id.is_empty())
    }
}

/// How the request was taken, for people.
impl fmt::Display for CancelVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self
            .job()
            .and_then(|job| job.status.as_ref())
            .map_or("of unknown status", Status::as_str);
        match self {
            Self::Accepted(_) => f.write_str("the cancellation was accepted"),
            Self::FoundCancelling { .. } => {
                write!(f, "the answer was lost, and the job is {status}")
            }
            Self::AlreadyBeingCancelled { .. } => f.write_str("it is being cancelled already"),
            Self::AlreadyFinal { .. } => write!(f, "there is nothing to cancel, it is {status}"),
            Self::TooLate { why, .. } => {
                write!(
                    f,
                    "TOO LATE, the migration continues: {why}, it is {status}"
                )
            }
            Self::Refused { refusal, .. } => {
                write!(f, "NOT CANCELLED, it is {status}: {refusal}")
            }
            Self::Unexplained { refusal, error } => write!(
                f,
                "NOT CANCELLED, and why is not known: {refusal}; reading it back failed: {error}"
            ),
        }
    }
}

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CuttingOver => "mailboxes are cutting over",
            Self::PastCompleteAfter => "completeAfterDateTime has passed",
        })
    }
}

/// How the request was taken and what came of it, on one line for people.
impl fmt::Display for CancelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Line(&self.asked_for), self.verdict)?;
        let status = |job: &Option<Job>| {
            let status = job.as_ref().and_then(|job| job.status.as_ref());
            status.map_or("not seen", Status::as_str).to_owned()
        };
        match &self.end {
            None => Ok(()),
            Some(Ok(CancellationEnd::Cancelled(_))) => f.write_str("; it is cancelled"),
            Some(Ok(CancellationEnd::NotCancelled(job))) => {
                let status = job.status.as_ref().map_or("unknown", Status::as_str);
                write!(f, "; it was NOT CANCELLED, it is {status}")
            }
            Some(Ok(CancellationEnd::Gone(_))) => f.write_str("; it is no longer there"),
            Some(Ok(CancellationEnd::DeadlinePassed(last))) => {
                write!(f, "; its end was not seen in time, it is {}", status(last))
            }
            Some(Err(error)) => write!(f, "; asking for its end failed: {error}"),
        }
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
            assert_eq!(
                reason(&job(status.as_str(), future), now),
                before,
                "{status}"
            );
            assert_eq!(reason(&job(status.as_str(), past), now), after, "{status}");
        }
        for odd in ["soon", ""] {
            assert_eq!(
                reason(&job("inProgress", odd), now),
                Reason::Unknown,
                "{odd}"
            );
        }
        assert_eq!(reason(&Job::default(), now), Reason::Unknown);
    }
}
