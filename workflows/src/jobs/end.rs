//! How a job ended that was seen through to the end.

use std::fmt;

use super::guard::{JobGoal, JobStep};
use crate::reports::Report;
use msgraph_migrations::Refusal;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};

/// How a job ended, and what became of each of its users.
///
/// It is shown as text for people: one line about the job, and others about its users.
#[derive(Debug)]
#[must_use = "a job may fail, or not even start"]
#[non_exhaustive]
pub struct JobRun {
    /// How it ended.
    pub end: JobRunEnd,
    /// The job as last seen, and its users.
    pub report: Report,
}

/// How a job that was seen through to the end ended.
#[derive(Clone, Debug)]
#[must_use = "a job may fail, or not even start"]
pub enum JobRunEnd {
    /// `validatePassed`, where only a validation was asked for.
    ValidationPassed,
    /// `validateFailed`: the problems tell what is missing. Nothing was migrated.
    ValidationFailed,
    /// `completed`: all users were migrated.
    Completed,
    /// `completedWithErrors`: the problems tell who was not migrated; migrate again to retry them.
    CompletedWithErrors,
    /// `failed`: the problems tell why; migrate again to retry.
    Failed,
    /// `cancelled`.
    Cancelled,
    /// The job went elsewhere, for instance into deletion; its status says where.
    Elsewhere,
    /// The job was deleted in the meantime.
    Gone,
    /// The deadline passed; the job goes on by itself.
    DeadlinePassed,
    /// 409: the validation was not started; the job's status says why.
    ValidationNotStarted(Refusal),
    /// 409: the migration was not started; the job's status says why.
    MigrationNotStarted(Refusal),
    /// 409: the migration was not started, since the validation passed more than seven days ago.
    ValidationExpired(Refusal),
    /// Another job has the display name: it is from another source tenant. Nothing was started.
    NameTaken,
    /// The job is as far as was asked for, and goes on by itself if it is under way.
    Reached(JobGoal),
    /// The next request was not allowed by the [guard](super::StepGuard); it was not sent.
    NotAllowed(JobStep),
}

impl JobRunEnd {
    /// The end that the status of a job tells.
    pub(super) fn of(job: &Job) -> Self {
        match &job.status {
            Some(Status::ValidatePassed) => Self::ValidationPassed,
            Some(Status::ValidateFailed) => Self::ValidationFailed,
            Some(Status::Completed) => Self::Completed,
            Some(Status::CompletedWithErrors) => Self::CompletedWithErrors,
            Some(Status::Failed) => Self::Failed,
            Some(Status::Cancelled) => Self::Cancelled,
            _ => Self::Elsewhere,
        }
    }
}

impl fmt::Display for JobRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report.write_job(f, Some(&self.end))?;
        self.report.users.fmt(f)
    }
}

impl fmt::Display for JobRunEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ValidationPassed => f.write_str("the validation passed"),
            Self::ValidationFailed => f.write_str("THE VALIDATION FAILED, nothing was migrated"),
            Self::Completed => f.write_str("completed"),
            Self::CompletedWithErrors => f.write_str("COMPLETED WITH ERRORS"),
            Self::Failed => f.write_str("FAILED"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Elsewhere => f.write_str("it ended otherwise"),
            Self::Gone => f.write_str("it was deleted in the meantime"),
            Self::DeadlinePassed => {
                f.write_str("its end was not seen in time, and it goes on by itself")
            }
            Self::ValidationNotStarted(refusal) => {
                write!(f, "THE VALIDATION WAS NOT STARTED: {refusal}")
            }
            Self::MigrationNotStarted(refusal) => {
                write!(f, "THE MIGRATION WAS NOT STARTED: {refusal}")
            }
            Self::ValidationExpired(refusal) => write!(
                f,
                "THE MIGRATION WAS NOT STARTED, its validation is too old: {refusal}"
            ),
            Self::NameTaken => {
                f.write_str("NOTHING WAS STARTED, another job has this name, from another tenant")
            }
            Self::Reached(goal) => f.write_str(match goal {
                JobGoal::Created => "it is there",
                JobGoal::Validated => "it is validated",
                JobGoal::Migrating => "its migration is under way",
                JobGoal::Migrated => "it is migrated",
            }),
            Self::NotAllowed(step) => f.write_str(match step {
                JobStep::Create => "IT WAS NOT CREATED, that was not allowed",
                JobStep::Validate => "ITS VALIDATION WAS NOT STARTED, that was not allowed",
                JobStep::Migrate => "ITS MIGRATION WAS NOT STARTED, that was not allowed",
            }),
        }
    }
}
