//! How far each workload of each user has come.

use chrono::{DateTime, TimeDelta, Utc};

use super::job::{Failure, Job, Service, User};
use super::outcome::{self, UserOutcome};
use super::status::JobStatus;
use crate::clock::latest;
use crate::odata::page::Listed;
use crate::settings::{CompleteAfterGates, Settings, Timings, span};

/// A user together with its index in the job, which decides when its turn comes, and what was chosen for it.
#[derive(Clone, Copy)]
pub(crate) struct Seat<'a> {
    pub(crate) index: usize,
    pub(crate) user: &'a User,
    pub(crate) outcomes: &'a [UserOutcome],
    /// Decides how far apart users come.
    pub(crate) seed: u64,
}

impl Listed for Seat<'_> {
    fn sequence(&self) -> u64 {
        self.index as u64
    }

    fn sort_key(&self, property: &str) -> Option<String> {
        (property == "id").then(|| self.user.id.to_string())
    }
}

impl Seat<'_> {
    fn outcome(&self, service: Service) -> Option<&UserOutcome> {
        outcome::of(self.outcomes, service.as_str())
    }

    /// A number from 0 to 1 that the seed, the user and the workload decide.
    fn chance(&self, service: Service) -> f64 {
        let (high, low) = self.user.id.as_u64_pair();
        let mixed = high ^ low ^ self.seed.rotate_left(17) ^ (service as u64 + 1);
        fastrand::Rng::with_seed(mixed).f64()
    }

    /// A duration, shortened by as much as the spread and chance say.
    fn spread(&self, service: Service, duration: TimeDelta, timings: &Timings) -> TimeDelta {
        if timings.spread_percent == 0 {
            return duration;
        }
        let percent = self.chance(service) * f64::from(timings.spread_percent.min(100));
        let duration = duration.to_std().unwrap_or_default();
        TimeDelta::from_std(duration.mul_f64(1.0 - percent / 100.0)).unwrap_or(TimeDelta::zero())
    }
}

fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by)
        .map_or_else(latest, |at| at.min(latest()))
}

/// How far the turn of a user has come within a stage in which users follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Waiting,
    Now,
    Over,
}

/// The share of a stage that each user of a job has.
fn share(job: &Job, stage: TimeDelta) -> TimeDelta {
    let users = i64::try_from(job.users.len().max(1)).unwrap_or(i64::MAX);
    TimeDelta::milliseconds(stage.num_milliseconds().max(1).saturating_div(users).max(1))
}

fn times(share: TimeDelta, count: usize) -> TimeDelta {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    TimeDelta::milliseconds(
        share
            .num_milliseconds()
            .saturating_mul(count)
            .min(i64::MAX / 1_000),
    )
}

/// Users take turns, so that a stage shows all of its documented statuses.
fn turn(job: &Job, index: usize, stage: TimeDelta, now: DateTime<Utc>) -> Turn {
    let share = share(job, stage);
    let passed = (now - job.entered).max(TimeDelta::zero());
    if passed < times(share, index) {
        Turn::Waiting
    } else if passed < times(share, index.saturating_add(1)) {
        Turn::Now
    } else {
        Turn::Over
    }
}

/// When the stages of one workload of one user begin and end; what is absent lies in no foreseeable time.
struct Timeline {
    /// When the mailbox is synchronised, at once where there is none.
    synced: DateTime<Utc>,
    /// When the first workload of the user begins to move.
    leads: Option<DateTime<Utc>>,
    starts: Option<DateTime<Utc>>,
    ends: Option<DateTime<Utc>>,
}

/// The mailbox cuts over first, then the other workloads of its user, all at once.
///
/// A user whose mailbox is synchronised and whose date has passed cuts over while its job is still in progress; the
/// others follow each other once the whole job cuts over.
fn timeline(job: &Job, seat: &Seat<'_>, service: Service, settings: &Settings) -> Option<Timeline> {
    let timings = &settings.timings;
    let since = job.running_since?;
    let has_mailbox = job.services.contains(Service::Exchange);
    let synced = if has_mailbox {
        let stage = span(timings.synchronising);
        let turn = times(share(job, stage), seat.index.saturating_add(1));
        later(since, seat.spread(Service::Exchange, turn, timings))
    } else {
        since
    };
    let gate = match settings.complete_after_gates {
        CompleteAfterGates::Cutover => job.complete_after.at,
        CompleteAfterGates::Processing => since,
    };
    let early = synced.max(gate);
    let starts = match job.cutting_since {
        _ if seat.user.begun_at.is_some() => seat.user.begun_at,
        Some(cutting) if early < cutting => Some(early),
        Some(cutting) => {
            let half = span(timings.cutting_over) / 2;
            Some(later(cutting, times(share(job, half), seat.index)))
        }
        None => (!job.stalled).then_some(early),
    };
    let leads = starts;
    let takes = |service| seat.spread(service, span(timings.of(service)), timings);
    let (starts, takes) = if service == Service::Exchange || !has_mailbox {
        (starts, takes(service))
    } else {
        let mailbox = takes(Service::Exchange);
        (starts.map(|at| later(at, mailbox)), takes(service))
    };
    Some(Timeline {
        synced,
        leads,
        starts,
        ends: starts.map(|at| later(at, takes)),
    })
}

/// When the last workload of a job that cuts over is through.
pub(crate) fn last_end(job: &Job, settings: &Settings, seed: u64) -> Option<DateTime<Utc>> {
    let remaining = job
        .users
        .iter()
        .enumerate()
        .filter(|(_, user)| user.cancelled_at.is_none());
    remaining
        .flat_map(|(index, user)| {
            let outcomes = &[];
            let seat = Seat {
                index,
                user,
                outcomes,
                seed,
            };
            let moves = move |service: &Service| {
                !user.completed.contains(*service)
                    && !user.doomed.contains(*service)
                    && !user.failed.contains(*service)
            };
            job.services
                .iter()
                .filter(moves)
                .filter_map(move |service| timeline(job, &seat, service, settings)?.ends)
        })
        .max()
}

/// The status of one workload of one user, by the table of the admin guide.
pub(crate) fn workload_status(
    job: &Job,
    seat: &Seat<'_>,
    service: Service,
    settings: &Settings,
    now: DateTime<Utc>,
) -> &'static str {
    let user = seat.user;
    let timings = &settings.timings;
    if user.completed.contains(service) {
        return if user.forced.contains(service) {
            "forceComplete"
        } else {
            "completed"
        };
    }
    if user.escaped {
        return migrating(job, seat, service, settings, now);
    }
    if let Some(at) = user.cancelled_at {
        let over = job.status == JobStatus::Cancelled || now - at >= span(timings.cancelling);
        return if over { "cancelled" } else { "pendingCancel" };
    }
    let verdict = if user.invalid.contains(service) {
        "invalid"
    } else {
        "valid"
    };
    match job.before_deletion.unwrap_or(job.status) {
        JobStatus::Submitted
        | JobStatus::Approved
        | JobStatus::AdminActionRequired
        | JobStatus::ValidateSubmitted
        | JobStatus::ValidateProcessing
        | JobStatus::Processing => "notStarted",
        JobStatus::ValidateInProgress => {
            match turn(job, seat.index, span(timings.validate_in_progress), now) {
                Turn::Waiting => "notStarted",
                Turn::Now => "inProgress",
                Turn::Over => verdict,
            }
        }
        JobStatus::ValidatePassed | JobStatus::ValidateFailed => verdict,
        JobStatus::InProgress | JobStatus::CuttingOver => {
            migrating(job, seat, service, settings, now)
        }
        JobStatus::Completed => "completed",
        JobStatus::CompletedWithErrors | JobStatus::Failed if user.errored.contains(service) => {
            "error"
        }
        JobStatus::CompletedWithErrors | JobStatus::Failed => "failed",
        JobStatus::PendingCancel => "pendingCancel",
        // A deletion always has a status before it, so the last two are never looked at here.
        JobStatus::Cancelled | JobStatus::PendingDelete | JobStatus::Deleted => "cancelled",
    }
}

/// The status while a job is in progress or cuts over.
fn migrating(
    job: &Job,
    seat: &Seat<'_>,
    service: Service,
    settings: &Settings,
    now: DateTime<Utc>,
) -> &'static str {
    let user = seat.user;
    if user.failed.contains(service) {
        return if user.errored.contains(service) {
            "error"
        } else {
            "failed"
        };
    }
    let is_exchange = service == Service::Exchange;
    let Some(timeline) = timeline(job, seat, service, settings) else {
        return if is_exchange { "syncing" } else { "synced" };
    };
    // Only mailboxes move before the cutover; the others have prepared what they need.
    let moving = if is_exchange {
        "finalizing"
    } else {
        "inProgress"
    };
    let waiting = if user.begun.contains(service) {
        moving
    } else if is_exchange && job.cutting_since.is_none() && now < timeline.synced {
        "syncing"
    } else {
        "synced"
    };
    let outcome = seat.outcome(service);
    let after = |seconds: Option<u32>| {
        let since = job.running_since?;
        Some(later(since, span(seconds?)))
    };
    if let Some(outcome) = outcome.filter(|outcome| outcome.fails_in(job.attempts)) {
        return match after(outcome.fails_after) {
            Some(at) if at <= now => outcome.fails_as.as_str(),
            _ => waiting,
        };
    }
    // Planned to fail: it never gets beyond its preparation.
    if user.doomed.contains(service) {
        return waiting;
    }
    let (starts, ends) = match after(outcome.and_then(|outcome| outcome.completes_after)) {
        Some(at) => {
            let takes = seat.spread(
                service,
                span(settings.timings.of(service)),
                &settings.timings,
            );
            (Some(at - takes), Some(at))
        }
        None => (timeline.starts, timeline.ends),
    };
    let is_forced = outcome.is_some_and(UserOutcome::is_forced);
    match (starts, ends) {
        (_, Some(ends)) if ends <= now && is_forced => "forceComplete",
        (_, Some(ends)) if ends <= now => "completed",
        (Some(starts), _) if starts <= now => moving,
        _ => waiting,
    }
}

/// Whether a status of a migration says that its user can't be held back any more.
pub(crate) fn has_begun(status: &str) -> bool {
    matches!(
        status,
        "finalizing" | "inProgress" | "completed" | "forceComplete"
    )
}

/// What has happened to the users of a job by `now`, to be kept whatever is chosen from then on.
pub(crate) fn settled(
    job: &Job,
    seats: &[Seat<'_>],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Vec<Settled> {
    if !matches!(job.status, JobStatus::InProgress | JobStatus::CuttingOver) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for seat in seats.iter().filter(|seat| seat.user.cancelled_at.is_none()) {
        for service in job.services.iter() {
            let status = workload_status(job, seat, service, settings, now);
            let is_new =
                !seat.user.completed.contains(service) && !seat.user.failed.contains(service);
            let is_end = matches!(status, "completed" | "forceComplete" | "failed" | "error");
            if is_new && (is_end || has_begun(status)) {
                // An outcome that brings a workload forward says nothing of the others of its user, and only the
                // first that moves tells when its user began.
                let is_own = seat
                    .outcome(service)
                    .is_none_or(|outcome| outcome.completes_after.is_none());
                let is_first =
                    service == Service::Exchange || !job.services.contains(Service::Exchange);
                let begun_at = timeline(job, seat, service, settings)
                    .and_then(|timeline| timeline.leads)
                    .filter(|at| is_own && is_first && *at <= now && has_begun(status));
                all.push(Settled {
                    index: seat.index,
                    service,
                    status,
                    begun_at,
                    failure: seat
                        .outcome(service)
                        .and_then(|outcome| outcome.failure(service)),
                });
            }
        }
    }
    all
}

/// Something that has happened to one workload of one user.
pub(crate) struct Settled {
    pub(crate) index: usize,
    pub(crate) service: Service,
    pub(crate) status: &'static str,
    /// When its user began to cut over, if that is what it shows.
    pub(crate) begun_at: Option<DateTime<Utc>>,
    pub(crate) failure: Option<Failure>,
}
