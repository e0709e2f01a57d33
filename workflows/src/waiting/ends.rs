//! Which states end a wait. Pure: a state in, a judgement out.

use super::observation::WaitEnd;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
    CrossTenantMigrationServiceStatus as Workload, CrossTenantMigrationTask as User,
    SharePointMigrationTask as Task, SharePointMigrationTaskStatus as TaskStatus,
};

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// The end of a validation: `validatePassed` or `validateFailed`.
    Validation,
    /// The end of a migration: `completed`, `completedWithErrors`, `failed` or `cancelled`.
    Migration,
    /// The end of a cancellation: `cancelled`.
    Cancellation,
    /// The end of a deletion: `deleted`, or no such job any more.
    Deletion,
    /// Any status that is final: that of a migration, or `deleted`.
    Final,
}

/// How a wait for a job ended; a job that left is [`Gone`](WaitEnd::Gone).
pub type JobEnd = WaitEnd<Job>;

/// How a wait for a validation ended.
#[derive(Clone, Debug)]
#[must_use = "a validation may fail, or never end"]
pub enum ValidationEnd {
    /// `validatePassed`: the job can be migrated within seven days.
    Passed(Job),
    /// `validateFailed`: the users tell what is missing.
    Failed(Job),
    /// The job went elsewhere: it migrates, was cancelled, or is being deleted; its status says which.
    Elsewhere(Job),
    /// The job was deleted in the meantime; the last that was seen of it.
    Gone(Option<Job>),
    /// The deadline passed; the last that was seen of the job.
    DeadlinePassed(Option<Job>),
}

/// How a wait for a migration ended.
#[derive(Clone, Debug)]
#[must_use = "a migration may fail, or never end"]
pub enum MigrationEnd {
    /// `completed`: all users were migrated.
    Completed(Job),
    /// `completedWithErrors`: the users tell which were not migrated.
    CompletedWithErrors(Job),
    /// `failed`: the users tell why.
    Failed(Job),
    /// `cancelled`.
    Cancelled(Job),
    /// The job went elsewhere: its validation failed, or it is being deleted; its status says which.
    Elsewhere(Job),
    /// The job was deleted in the meantime; the last that was seen of it.
    Gone(Option<Job>),
    /// The deadline passed; the last that was seen of the job.
    DeadlinePassed(Option<Job>),
}

/// How a wait for a cancellation ended.
#[derive(Clone, Debug)]
#[must_use = "a job that was not cancelled has moved its users"]
pub enum CancellationEnd<T = Job> {
    /// `cancelled`.
    Cancelled(T),
    /// It was **not cancelled**: its migration has ended, or it is being deleted; its status says which.
    NotCancelled(T),
    /// It is no longer there; the last that was seen of it.
    ///
    /// A job was deleted in the meantime. A user was removed from the job, which is what one guide says
    /// of users who are cancelled.
    Gone(Option<T>),
    /// The deadline passed; the last that was seen of it.
    DeadlinePassed(Option<T>),
}

/// How a wait for a deletion ended.
#[derive(Clone, Debug)]
#[must_use = "a deletion may take thirty days"]
pub enum DeletionEnd {
    /// `deleted`: the data is gone, and the service still shows the job.
    Deleted(Job),
    /// There is no such job any more; the last that was seen of it.
    Gone(Option<Job>),
    /// The deadline passed; the last that was seen of the job.
    DeadlinePassed(Option<Job>),
}

/// How a wait for a SharePoint task ended.
#[derive(Clone, Debug)]
#[must_use = "a task may fail, or never end"]
pub enum SharePointTaskEnd {
    /// `completed`, or `success` as older pages have it.
    Completed(Task),
    /// `failed`: the task's error says why.
    Failed(Task),
    /// `cancelled`, on request or because it had not started in time.
    Cancelled(Task),
    /// The task is no longer there; the last that was seen of it.
    Gone(Option<Task>),
    /// The deadline passed; the last that was seen of the task.
    DeadlinePassed(Option<Task>),
}

/// Where a state stands with regard to what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    UnderWay,
    Reached,
    Elsewhere,
}

impl Awaited {
    /// Where a job in `status` stands.
    ///
    /// A status that may still lead to what is waited for is under way, and so is one that nobody has
    /// described.
    pub(crate) fn stage(self, status: &Status) -> Stage {
        match status {
            Status::ValidatePassed => self.among(&[Self::Validation], &[]),
            Status::ValidateFailed => self.among(&[Self::Validation], &[Self::Migration]),
            Status::Processing | Status::InProgress | Status::CuttingOver => {
                self.among(&[], &[Self::Validation])
            }
            Status::Completed | Status::CompletedWithErrors | Status::Failed => self.among(
                &[Self::Migration, Self::Final],
                &[Self::Validation, Self::Cancellation],
            ),
            Status::Cancelled => self.among(
                &[Self::Migration, Self::Cancellation, Self::Final],
                &[Self::Validation],
            ),
            Status::PendingDelete => self.among(
                &[],
                &[Self::Validation, Self::Migration, Self::Cancellation],
            ),
            Status::Deleted => self.among(
                &[Self::Deletion, Self::Final],
                &[Self::Validation, Self::Migration, Self::Cancellation],
            ),
            // On the way: `submitted`, `validateSubmitted`, `validateProcessing`, `validateInProgress`, and
            // `pendingCancel`, which ends in `cancelled` and so ends the wait. Nobody has described
            // `approved`, `adminActionRequired`, or what comes later.
            _ => Stage::UnderWay,
        }
    }

    fn among(self, reached: &[Self], elsewhere: &[Self]) -> Stage {
        if reached.contains(&self) {
            Stage::Reached
        } else if elsewhere.contains(&self) {
            Stage::Elsewhere
        } else {
            Stage::UnderWay
        }
    }
}

/// Where a user stands, by all workloads together; one without any that can be read is under way.
pub(crate) fn user_stage(awaited: Awaited, user: &User) -> Stage {
    let statuses: Option<Vec<&Workload>> = user
        .current_status
        .iter()
        .map(|workload| workload.status.as_ref())
        .collect();
    let Some(statuses) = statuses.filter(|statuses| !statuses.is_empty()) else {
        return Stage::UnderWay;
    };
    let any = |of: fn(&Workload) -> bool| statuses.iter().any(|status| of(status));
    let all = |of: fn(&Workload) -> bool| statuses.iter().all(|status| of(status));
    // The guide of December 2025 has the words of a migration for a validation too, so that a
    // validation may also end in these.
    let is_over: fn(&Workload) -> bool = |status| {
        matches!(
            status,
            Workload::Completed | Workload::Failed | Workload::Cancelled | Workload::Error
        )
    };
    match awaited {
        Awaited::Migration | Awaited::Final if all(is_over) => Stage::Reached,
        Awaited::Cancellation if all(is_over) && any(|status| *status == Workload::Cancelled) => {
            Stage::Reached
        }
        Awaited::Cancellation if all(is_over) => Stage::Elsewhere,
        Awaited::Validation
            if all(|status| matches!(status, Workload::Valid | Workload::Invalid)) =>
        {
            Stage::Reached
        }
        Awaited::Validation
            if all(is_over)
                || any(|status| {
                    matches!(
                        status,
                        Workload::Syncing
                            | Workload::Synced
                            | Workload::Finalizing
                            | Workload::Cancelled
                    )
                }) =>
        {
            Stage::Elsewhere
        }
        // `notStarted`, `pendingCancel`, `forceComplete` and what comes later lead on to something.
        _ => Stage::UnderWay,
    }
}

/// Where a SharePoint task in `status` stands.
pub(crate) fn task_stage(status: &TaskStatus) -> Stage {
    match status {
        TaskStatus::Completed | TaskStatus::Failed | TaskStatus::Cancelled => Stage::Reached,
        TaskStatus::Unknown(_) if is_old_success(status) => Stage::Reached,
        // `notStarted`, `inProgress`, or a status of a later day.
        _ => Stage::UnderWay,
    }
}

/// Older pages write `success` for `completed`.
fn is_old_success(status: &TaskStatus) -> bool {
    status.as_str().eq_ignore_ascii_case("success")
}

impl ValidationEnd {
    pub(crate) fn of(end: JobEnd) -> Self {
        match end {
            WaitEnd::Reached(job) | WaitEnd::Elsewhere(job) => match job.status {
                Some(Status::ValidatePassed) => Self::Passed(job),
                Some(Status::ValidateFailed) => Self::Failed(job),
                _ => Self::Elsewhere(job),
            },
            WaitEnd::Gone(last) => Self::Gone(last),
            WaitEnd::DeadlinePassed(last) => Self::DeadlinePassed(last),
        }
    }
}

impl MigrationEnd {
    pub(crate) fn of(end: JobEnd) -> Self {
        match end {
            WaitEnd::Reached(job) | WaitEnd::Elsewhere(job) => match job.status {
                Some(Status::Completed) => Self::Completed(job),
                Some(Status::CompletedWithErrors) => Self::CompletedWithErrors(job),
                Some(Status::Failed) => Self::Failed(job),
                Some(Status::Cancelled) => Self::Cancelled(job),
                _ => Self::Elsewhere(job),
            },
            WaitEnd::Gone(last) => Self::Gone(last),
            WaitEnd::DeadlinePassed(last) => Self::DeadlinePassed(last),
        }
    }
}

impl<T> CancellationEnd<T> {
    pub(crate) fn of(end: WaitEnd<T>, is_cancelled: impl FnOnce(&T) -> bool) -> Self {
        match end {
            WaitEnd::Reached(state) | WaitEnd::Elsewhere(state) => {
                if is_cancelled(&state) {
                    Self::Cancelled(state)
                } else {
                    Self::NotCancelled(state)
                }
            }
            WaitEnd::Gone(last) => Self::Gone(last),
            WaitEnd::DeadlinePassed(last) => Self::DeadlinePassed(last),
        }
    }
}

/// Whether a job is cancelled.
pub(crate) fn is_cancelled_job(job: &Job) -> bool {
    job.status == Some(Status::Cancelled)
}

impl DeletionEnd {
    pub(crate) fn of(end: JobEnd) -> Self {
        match end {
            // Nothing else ends a wait for a deletion.
            WaitEnd::Reached(job) | WaitEnd::Elsewhere(job) => Self::Deleted(job),
            WaitEnd::Gone(last) => Self::Gone(last),
            WaitEnd::DeadlinePassed(last) => Self::DeadlinePassed(last),
        }
    }
}

impl SharePointTaskEnd {
    pub(crate) fn of(end: WaitEnd<Task>) -> Self {
        match end {
            WaitEnd::Reached(task) | WaitEnd::Elsewhere(task) => match task.status {
                Some(TaskStatus::Failed) => Self::Failed(task),
                Some(TaskStatus::Cancelled) => Self::Cancelled(task),
                _ => Self::Completed(task),
            },
            WaitEnd::Gone(last) => Self::Gone(last),
            WaitEnd::DeadlinePassed(last) => Self::DeadlinePassed(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stage::{Elsewhere as E, Reached as R, UnderWay as U};
    use super::*;

    #[test]
    fn every_status_ends_each_wait_as_the_documents_say() {
        const WAITS: [Awaited; 5] = [
            Awaited::Validation,
            Awaited::Migration,
            Awaited::Cancellation,
            Awaited::Deletion,
            Awaited::Final,
        ];
        let table = [
            ("submitted", [U, U, U, U, U]),
            ("approved", [U, U, U, U, U]),
            ("adminActionRequired", [U, U, U, U, U]),
            ("validateSubmitted", [U, U, U, U, U]),
            ("validateProcessing", [U, U, U, U, U]),
            ("validateInProgress", [U, U, U, U, U]),
            ("validatePassed", [R, U, U, U, U]),
            ("validateFailed", [R, E, U, U, U]),
            ("processing", [E, U, U, U, U]),
            ("inProgress", [E, U, U, U, U]),
            ("cuttingOver", [E, U, U, U, U]),
            ("completed", [E, R, E, U, R]),
            ("completedWithErrors", [E, R, E, U, R]),
            ("failed", [E, R, E, U, R]),
            ("cancelled", [E, R, R, U, R]),
            ("pendingCancel", [U, U, U, U, U]),
            ("pendingDelete", [E, E, E, U, U]),
            ("deleted", [E, E, E, R, R]),
            ("unknownFutureValue", [U, U, U, U, U]),
        ];
        let listed: Vec<_> = table.iter().map(|(name, _)| Status::from(*name)).collect();
        for status in Status::DOCUMENTED {
            assert!(listed.contains(status), "{status} is not in the table");
        }
        for (name, expected) in table.into_iter().chain([("awaitingReview", [U; 5])]) {
            let stages = WAITS.map(|awaited| awaited.stage(&Status::from(name)));
            assert_eq!(stages, expected, "{name}");
        }
    }

    #[test]
    fn a_task_ends_in_each_of_its_final_statuses_and_in_the_older_word_for_one() {
        for (name, expected) in [
            ("notStarted", U),
            ("inProgress", U),
            ("completed", R),
            ("Success", R),
            ("success", R),
            ("cancelled", R),
            ("failed", R),
            ("unknownFutureValue", U),
            ("rescheduled", U),
        ] {
            assert_eq!(task_stage(&TaskStatus::from(name)), expected, "{name}");
        }
    }
}
