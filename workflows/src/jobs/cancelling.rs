//! Cancelling a job, a user or a task, and knowing what came of it.

use std::fmt;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::cancellable::{Cancellable, Reason, TooLate, is_job_cancelled};
use crate::Workflows;
use crate::reading::{Reading, read_job, read_task, read_user};
use crate::reconciliation::ReadBack;
use crate::reports::line;
use crate::waiting::{Awaited, CancellationEnd, Known, SharePointTaskEnd, WaitEnd, WaitOptions};
use msgraph_migrations::models::{
    CrossTenantMigrationCancelResponse, CrossTenantMigrationJob as Job,
    CrossTenantMigrationTask as User, SharePointMigrationTask as Task,
};
use msgraph_migrations::{CancelOutcome, Error, Refusal, Response};

/// How often at most what became of a lost answer is read, where the caller waits.
const MAX_READS_OF_LOST: u32 = 5;

/// What came of a cancellation.
///
/// It is shown as one line for people.
#[derive(Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
#[non_exhaustive]
pub struct CancelReport<T = Job> {
    /// The id or display name that was given; of a user, the id of the user.
    pub asked_for: String,
    /// How the request was taken.
    pub verdict: CancelVerdict<T>,
    /// How the wait for the cancellation ended; none when none was asked for, or none is under way.
    ///
    /// An error means that asking failed, which takes nothing back from the verdict.
    pub end: Option<Result<CancellationEnd<T>, Error>>,
}

/// How a request to cancel a job, a user or a task was taken, and if it was refused, why.
#[derive(Debug)]
#[must_use = "a cancellation that was refused means that the migration continues"]
#[expect(
    clippy::large_enum_variant,
    reason = "one value per call to the service; a box would only get in the way of matching"
)]
pub enum CancelVerdict<T = Job> {
    /// The service accepted it.
    Accepted(Response<CrossTenantMigrationCancelResponse>),
    /// The answer was lost, and it reads as cancelled or being cancelled: by this request, or by another.
    FoundCancelling {
        /// The job, user or task as read back.
        state: T,
        /// How the answer was lost.
        lost: Error,
    },
    /// The answer was lost, and the user is no longer in the job: cancelled and then removed, as one
    /// guide says of users who are cancelled.
    FoundRemoved {
        /// How the answer was lost.
        lost: Error,
    },
    /// 409: it is being cancelled already.
    AlreadyBeingCancelled {
        /// The job, user or task as read back.
        state: T,
        /// The answer.
        refusal: Refusal,
    },
    /// 409: it is over already, and its status says how: `cancelled` too is such an end.
    ///
    /// A job that is being deleted was final before, and counts.
    AlreadyFinal {
        /// The job, user or task as read back.
        state: T,
        /// The answer.
        refusal: Refusal,
    },
    /// 409: the user is no longer in the job, as one guide says of users who are cancelled.
    AlreadyRemoved {
        /// The answer.
        refusal: Refusal,
    },
    /// 409: it is too late, and **the migration continues**.
    TooLate {
        /// Why it is too late.
        why: TooLate,
        /// The job, user or task as read back.
        state: T,
        /// The answer.
        refusal: Refusal,
    },
    /// 409, although what was read back shows no reason; **it continues**.
    Refused {
        /// The job, user or task as read back.
        state: T,
        /// The answer.
        refusal: Refusal,
    },
    /// 409, and reading it back failed, so that the reason is not known; **it may continue**.
    Unexplained {
        /// The answer.
        refusal: Refusal,
        /// Why it could not be read back.
        error: Error,
    },
}

/// Each request is sent once. If its answer is lost, or is 409, the state is read back.
///
/// Without `wait` the methods answer at once, and read once. With it, they read a few times what became
/// of a lost answer, and wait until what is being cancelled is cancelled, or turns out not to be; they do
/// not wait for the end of a migration that continues. The deadline of `wait` counts from the call on.
/// What bounds the request itself is the client's total timeout.
///
/// They fail with any refusal of the cancellation but 409, and with everything that keeps its answer
/// from coming, unless the state then reads as being cancelled. After an error that
/// [may have taken effect](Error::may_have_taken_effect) it is not known what will be.
#[expect(
    clippy::missing_errors_doc,
    reason = "the errors are those of all methods and stand above"
)]
impl Workflows {
    /// Cancels a job, reads back why when that is refused, and waits for the end if asked.
    pub async fn cancel_and_confirm(
        &self,
        job: &str,
        wait: Option<&WaitOptions>,
    ) -> Result<CancelReport, Error> {
        let deadline = wait.and_then(WaitOptions::ends_at);
        let sent = Box::pin(self.client().cancel_job(job)).await;
        let read = || Box::pin(read_job(self.client(), job));
        let verdict = verdict(sent, wait, deadline, read).await?;
        let end = match wait.filter(|_| verdict.is_under_way()) {
            Some(options) => {
                let key = match &verdict {
                    CancelVerdict::Accepted(response) => response.value().id.as_deref(),
                    _ => verdict.state().and_then(|job| job.id.as_deref()),
                };
                let key = key.filter(|id| !id.is_empty()).unwrap_or(job);
                let known = verdict.state().map_or(Known::Exists, Known::Since);
                let end = self
                    .watch_until(key, Awaited::Cancellation, options, deadline, known)
                    .await;
                Some(end.map(|end| CancellationEnd::of(end, is_job_cancelled)))
            }
            None => None,
        };
        Ok(CancelReport {
            asked_for: job.to_owned(),
            verdict,
            end,
        })
    }

    /// Cancels a user of a job, reads back why when that is refused, and waits for the end if asked.
    ///
    /// A user who is no longer in the job counts as cancelled: nothing else removes users.
    pub async fn cancel_user_and_confirm(
        &self,
        job: &str,
        user: &str,
        wait: Option<&WaitOptions>,
    ) -> Result<CancelReport<User>, Error> {
        let deadline = wait.and_then(WaitOptions::ends_at);
        let sent = Box::pin(self.client().cancel_user(job, user)).await;
        let read = || Box::pin(read_user(self.client(), job, user));
        let verdict = verdict(sent, wait, deadline, read).await?;
        let end = match wait.filter(|_| verdict.is_under_way()) {
            Some(options) => {
                let options = &options.until(deadline);
                let end = self
                    .wait_for_known_user(job, user, Awaited::Cancellation, options)
                    .await;
                // Whatever was left to cancel is what counts: a workload may have been over before.
                Some(end.map(|end| match end {
                    WaitEnd::Reached(user) => CancellationEnd::Cancelled(user),
                    WaitEnd::Elsewhere(user) => CancellationEnd::NotCancelled(user),
                    WaitEnd::Gone(last) => CancellationEnd::Gone(last),
                    WaitEnd::DeadlinePassed(last) => CancellationEnd::DeadlinePassed(last),
                }))
            }
            None => None,
        };
        Ok(CancelReport {
            asked_for: user.to_owned(),
            verdict,
            end,
        })
    }

    /// Cancels a SharePoint task, reads back why when that is refused, and waits for the end if asked.
    pub async fn cancel_sharepoint_task_and_confirm(
        &self,
        task: &str,
        wait: Option<&WaitOptions>,
    ) -> Result<CancelReport<Task>, Error> {
        let deadline = wait.and_then(WaitOptions::ends_at);
        let sent = Box::pin(self.client().cancel_sharepoint_task(task)).await;
        let read = || Box::pin(read_task(self.client(), task));
        let verdict = verdict(sent, wait, deadline, read).await?;
        let wait = wait.map(|options| options.until(deadline));
        let end =
            match wait.filter(|_| verdict.is_under_way()) {
                Some(options) => Some(self.wait_for_sharepoint_task(task, &options).await.map(
                    |end| match end {
                        SharePointTaskEnd::Cancelled(task) => CancellationEnd::Cancelled(task),
                        SharePointTaskEnd::Completed(task) | SharePointTaskEnd::Failed(task) => {
                            CancellationEnd::NotCancelled(task)
                        }
                        SharePointTaskEnd::Gone(last) => CancellationEnd::Gone(last),
                        SharePointTaskEnd::DeadlinePassed(last) => {
                            CancellationEnd::DeadlinePassed(last)
                        }
                    },
                )),
                None => None,
            };
        Ok(CancelReport {
            asked_for: task.to_owned(),
            verdict,
            end,
        })
    }
}

/// How a cancellation was taken, by its answer and, if that does not tell all, by the state.
async fn verdict<T: Cancellable, F>(
    sent: Result<CancelOutcome, Error>,
    wait: Option<&WaitOptions>,
    deadline: Option<Instant>,
    read: impl Fn() -> F,
) -> Result<CancelVerdict<T>, Error>
where
    F: Future<Output = Result<Reading<T>, Error>>,
{
    match sent {
        Ok(outcome) => match outcome.into_result() {
            Ok(response) => Ok(CancelVerdict::Accepted(response)),
            Err(refusal) => Ok(match read().await {
                Ok(Reading::Present(state)) => explain(state, refusal),
                Ok(Reading::Absent(_)) if T::IS_REMOVED_WHEN_CANCELLED => {
                    CancelVerdict::AlreadyRemoved { refusal }
                }
                Ok(Reading::Absent(error)) | Err(error) => {
                    CancelVerdict::Unexplained { refusal, error }
                }
            }),
        },
        Err(lost) if lost.may_have_taken_effect() => {
            // What took effect may be seen late, and whoever waits has the time for it.
            let reads = wait.map_or(1, |_| MAX_READS_OF_LOST);
            let policy = wait.map_or_else(ReadBack::default, |options| {
                ReadBack::default()
                    .first_wait(options.min_interval)
                    .max_wait(options.max_interval.max(options.min_interval))
            });
            for reading in 0..reads {
                let pause = policy.wait(reading);
                if deadline.is_some_and(|deadline| deadline <= Instant::now() + pause) {
                    break;
                }
                tokio::time::sleep(pause).await;
                match read().await {
                    Ok(Reading::Present(state)) if state.is_cancelling() => {
                        return Ok(CancelVerdict::FoundCancelling { state, lost });
                    }
                    Ok(Reading::Absent(_)) if T::IS_REMOVED_WHEN_CANCELLED => {
                        return Ok(CancelVerdict::FoundRemoved { lost });
                    }
                    _ => {}
                }
            }
            Err(lost)
        }
        Err(error) => Err(error),
    }
}

fn explain<T: Cancellable>(state: T, refusal: Refusal) -> CancelVerdict<T> {
    match state.reason(server_time(&refusal)) {
        Reason::BeingCancelled => CancelVerdict::AlreadyBeingCancelled { state, refusal },
        Reason::Final => CancelVerdict::AlreadyFinal { state, refusal },
        Reason::TooLate(why) => CancelVerdict::TooLate {
            why,
            state,
            refusal,
        },
        Reason::Unknown => CancelVerdict::Refused { state, refusal },
    }
}

/// The time by the clock of the service, which its answer tells.
fn server_time(refusal: &Refusal) -> DateTime<Utc> {
    refusal
        .headers()
        .get(reqwest::header::DATE)
        .and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok())
        .map_or_else(|| SystemTime::now().into(), |date| date.to_utc())
}

impl<T> CancelVerdict<T> {
    /// Whether there is an end of a cancellation to wait for.
    fn is_under_way(&self) -> bool {
        matches!(
            self,
            Self::Accepted(_) | Self::FoundCancelling { .. } | Self::AlreadyBeingCancelled { .. }
        )
    }

    /// The job, user or task as read back, if it was.
    #[must_use]
    pub fn state(&self) -> Option<&T> {
        match self {
            Self::FoundCancelling { state, .. }
            | Self::AlreadyBeingCancelled { state, .. }
            | Self::AlreadyFinal { state, .. }
            | Self::TooLate { state, .. }
            | Self::Refused { state, .. } => Some(state),
            Self::Accepted(_)
            | Self::FoundRemoved { .. }
            | Self::AlreadyRemoved { .. }
            | Self::Unexplained { .. } => None,
        }
    }
}

/// How the request was taken, for people.
impl<T: Cancellable> fmt::Display for CancelVerdict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.state().and_then(T::status_text);
        let status = status.unwrap_or_else(|| "of unknown status".to_owned());
        let status = line(&status);
        match self {
            Self::Accepted(_) => f.write_str("the cancellation was accepted"),
            Self::FoundCancelling { .. } => {
                write!(f, "the answer was lost, and it is {status}")
            }
            Self::FoundRemoved { .. } => {
                f.write_str("the answer was lost, and it is no longer in the job")
            }
            Self::AlreadyBeingCancelled { .. } => f.write_str("it is being cancelled already"),
            Self::AlreadyRemoved { .. } => f.write_str("it was removed already"),
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

/// How the request was taken and what came of it, on one line for people.
impl<T: Cancellable> fmt::Display for CancelReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", line(&self.asked_for), self.verdict)?;
        let status = |state: Option<&T>| {
            let status = state.and_then(T::status_text);
            status.unwrap_or_else(|| "of unknown status".to_owned())
        };
        match &self.end {
            None => Ok(()),
            Some(Ok(CancellationEnd::Cancelled(_))) => f.write_str("; it is cancelled"),
            Some(Ok(CancellationEnd::NotCancelled(state))) => {
                let status = status(Some(state));
                write!(f, "; it was NOT CANCELLED, it is {}", line(&status))
            }
            Some(Ok(CancellationEnd::Gone(_))) if T::IS_REMOVED_WHEN_CANCELLED => {
                f.write_str("; it was removed from the job, as cancelled users may be")
            }
            Some(Ok(CancellationEnd::Gone(_))) => f.write_str("; it is no longer there"),
            Some(Ok(CancellationEnd::DeadlinePassed(last))) => {
                let status = status(last.as_ref());
                write!(f, "; its end was not seen in time, it is {}", line(&status))
            }
            Some(Err(error)) => write!(f, "; asking for its end failed: {error}"),
        }
    }
}
