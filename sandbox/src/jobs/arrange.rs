//! Puts jobs where a rehearsal wants them.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::create::NewJob;
use crate::state::State;
use crate::state::job::{Date, Job, Reason, Service, Services};
use crate::state::lifecycle::{self, Circumstances};
use crate::state::status::JobStatus;

/// Puts a job into a status, with users to match it.
pub(crate) fn force(state: &mut State, index: usize, status: JobStatus, now: DateTime<Utc>) {
    let settings = state.settings.clone();
    state.jobs.judge(index, &settings, |job, around| {
        arrange(job, status, now, around);
    });
}

fn arrange(job: &mut Job, status: JobStatus, now: DateTime<Utc>, around: &[Circumstances<'_>]) {
    let before = job.status;
    job.is_migration = !status.is_validation();
    job.before_deletion = None;
    if !is_withdrawal(status) {
        for user in &mut job.users {
            user.cancelled_at = None;
        }
        // From there no way leads on, so what was migrated on that way belongs to another rehearsal.
        if is_withdrawal(before) || before == JobStatus::Completed {
            clear(job);
        }
    }
    match status {
        JobStatus::Submitted | JobStatus::ValidateSubmitted | JobStatus::ValidateProcessing => {
            job.validated_at = None;
            clear(job);
        }
        JobStatus::ValidateInProgress => {
            clear(job);
            lifecycle::check(job, around);
        }
        JobStatus::ValidatePassed => {
            clear(job);
            job.validated_at = Some(now);
        }
        JobStatus::ValidateFailed => {
            clear(job);
            lifecycle::check(job, around);
            let services = job.services;
            if job.remaining().all(|user| user.invalid.is_empty())
                && let Some(user) = job
                    .users
                    .iter_mut()
                    .find(|user| user.cancelled_at.is_none())
            {
                user.invalid = services;
                user.reason = Reason::Chosen;
            }
        }
        JobStatus::Processing => begin(job, before, now),
        JobStatus::InProgress => {
            begin(job, before, now);
            job.running_since = Some(now);
        }
        JobStatus::CuttingOver => {
            begin(job, before, now);
            job.running_since = Some(now);
            job.cutting_since = Some(now);
            lifecycle::plan(job, around);
        }
        JobStatus::Completed => {
            clear(job);
            begin(job, before, now);
            lifecycle::conclude(job, around);
        }
        JobStatus::CompletedWithErrors | JobStatus::Failed => {
            clear(job);
            begin(job, before, now);
            fail_some(job, status == JobStatus::Failed);
            lifecycle::conclude(job, around);
        }
        JobStatus::PendingDelete | JobStatus::Deleted => {
            let is_final = !before.is_active()
                && before != JobStatus::PendingDelete
                && before != JobStatus::Deleted;
            job.before_deletion = Some(if is_final {
                before
            } else {
                JobStatus::Cancelled
            });
        }
        JobStatus::Cancelled
        | JobStatus::PendingCancel
        | JobStatus::Approved
        | JobStatus::AdminActionRequired => {}
    }
    job.enter(status, now, true);
    lifecycle::say(job);
}

/// Whether a job is taken back in this status, so that its users stay as they were.
fn is_withdrawal(status: JobStatus) -> bool {
    matches!(
        status,
        JobStatus::PendingCancel
            | JobStatus::Cancelled
            | JobStatus::PendingDelete
            | JobStatus::Deleted
    )
}

fn clear(job: &mut Job) {
    for user in &mut job.users {
        user.begin_anew();
        user.invalid = Services::default();
        user.completed = Services::default();
        user.forced = Services::default();
    }
}

fn begin(job: &mut Job, before: JobStatus, now: DateTime<Utc>) {
    if !before.is_active() {
        job.active_since = now;
    }
    for user in &mut job.users {
        user.begin_anew();
    }
    job.running_since = None;
    job.cutting_since = None;
    job.attempts = job.attempts.max(1);
    job.validated_at.get_or_insert(now);
}

/// Fails all users, or the first one; of a job with a single user the first workload.
fn fail_some(job: &mut Job, all: bool) {
    let services = job.services;
    let first: Services = services.iter().take(1).collect();
    let alone = job.remaining().count() == 1;
    let remaining = job
        .users
        .iter_mut()
        .filter(|user| user.cancelled_at.is_none());
    for user in remaining.take(if all { usize::MAX } else { 1 }) {
        user.failed = if alone && !all { first } else { services };
        user.reason = Reason::Chosen;
    }
}

/// A job of the simplest kind, to cut over a week from now.
pub(crate) fn new_job(display_name: String, users: Vec<Uuid>, now: DateTime<Utc>) -> NewJob {
    NewJob {
        display_name,
        complete_after: Date {
            at: now + TimeDelta::days(7),
            digits: 0,
        },
        source_tenant_id: "6f1d4c02-83be-47a5-9d10-52e7c8b0a936".into(),
        exchange_settings: Some(("source-to-target".into(), "target.example".into())),
        workloads: Service::ALL
            .iter()
            .map(|service| service.as_str().to_owned())
            .collect(),
        services: Service::ALL.into_iter().collect(),
        resource_type: "Users".into(),
        users,
    }
}
