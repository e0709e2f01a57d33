//! What two readings tell about an action between them. Pure: states in, a verdict out.

use chrono::TimeDelta;
use uuid::Uuid;

use super::resolved::Sighting;
use super::verdict::{Verdict, is_same};
use msgraph_migrations::DateTimeOffset;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCreate, CrossTenantMigrationJobStatus,
    CrossTenantMigrationServiceStatus as Workload, CrossTenantMigrationTask,
};

/// How far a user has come, as far as a cancellation cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing was cancelled, and something is left to cancel.
    Open,
    /// The mailbox is being finalised, after which nothing can be cancelled.
    Finalising,
    /// Every workload is completed.
    Completed,
    /// Every workload is cancelled, about to be, or at another end.
    Cancelled,
    /// No documented combination.
    Unclear,
}

impl Standing {
    fn of(user: &CrossTenantMigrationTask) -> Self {
        let statuses: Vec<&Workload> = user
            .current_status
            .iter()
            .filter_map(|workload| workload.status.as_ref())
            .collect();
        let any = |of: fn(&Workload) -> bool| statuses.iter().any(|status| of(status));
        let all = |of: fn(&Workload) -> bool| statuses.iter().all(|status| of(status));
        let is_cancelled =
            |status: &Workload| matches!(status, Workload::Cancelled | Workload::PendingCancel);
        let is_over = |status: &Workload| {
            matches!(
                status,
                Workload::Cancelled
                    | Workload::PendingCancel
                    | Workload::Completed
                    | Workload::Failed
            )
        };
        let is_unknown = |status: &Workload| {
            matches!(status, Workload::UnknownFutureValue | Workload::Unknown(_))
        };
        if statuses.is_empty()
            || statuses.len() < user.current_status.len()
            || any(is_unknown)
            || (any(is_cancelled) && !all(is_over))
        {
            Self::Unclear
        } else if any(is_cancelled) {
            Self::Cancelled
        } else if all(|status| *status == Workload::Completed) {
            Self::Completed
        } else if any(|status| *status == Workload::Finalizing) {
            Self::Finalising
        } else {
            Self::Open
        }
    }
}

/// What a user of a job before a cancellation and now tells about it; absent means that the job is there
/// and the user is not in it.
pub(super) fn judge_user(
    before: &CrossTenantMigrationTask,
    now: &Sighting<CrossTenantMigrationTask>,
) -> Verdict {
    use Standing::{Cancelled, Completed, Finalising, Open};
    match (Standing::of(before), now.present().map(Standing::of)) {
        // The guide says that a user who is cancelled is removed from the job; nothing else does that.
        (Open | Finalising, None | Some(Cancelled)) => Verdict::TookEffect,
        (Cancelled, Some(Cancelled))
        | (Completed, Some(Completed))
        | (Finalising, Some(Open | Finalising | Completed)) => Verdict::RuledOut,
        _ => Verdict::Undecided,
    }
}

/// What the job under a display name before a creation and now tells about it; `before` is none when it
/// is not known.
pub(super) fn judge_creation(
    asked: &CrossTenantMigrationJobCreate,
    before: Option<&Sighting<CrossTenantMigrationJob>>,
    now: &Sighting<CrossTenantMigrationJob>,
) -> Verdict {
    let has_name = |job: &CrossTenantMigrationJob| {
        let name = job.display_name.as_deref().unwrap_or_default();
        name.to_lowercase() == asked.display_name.to_lowercase()
    };
    let Some(now) = now.present().filter(|job| has_name(job)) else {
        return Verdict::Undecided;
    };
    let holds_name = |job: &CrossTenantMigrationJob| {
        !matches!(
            job.status,
            None | Some(
                CrossTenantMigrationJobStatus::PendingDelete
                    | CrossTenantMigrationJobStatus::Deleted
                    | CrossTenantMigrationJobStatus::UnknownFutureValue
                    | CrossTenantMigrationJobStatus::Unknown(_)
            )
        )
    };
    match before {
        Some(Sighting::Present(before)) if is_same(before, now) => {
            return if holds_name(before) && holds_name(now) {
                Verdict::RuledOut
            } else {
                Verdict::Undecided
            };
        }
        // What was found before under the name was found by its id, or has none.
        Some(Sighting::Present(before)) if !has_name(before) || before.id.is_none() => {
            return Verdict::Undecided;
        }
        None | Some(Sighting::Present(_) | Sighting::Absent) => {}
    }
    match (before, is_from_asked_tenant(asked, now)) {
        // The name is unique, and the tenant of a job never changes.
        (_, Some(false)) if holds_name(now) => Verdict::RuledOut,
        (Some(_), Some(true)) if now.id.is_some() && has_asked_date(asked, now) => {
            Verdict::TookEffect
        }
        _ => Verdict::Undecided,
    }
}

fn is_from_asked_tenant(
    asked: &CrossTenantMigrationJobCreate,
    found: &CrossTenantMigrationJob,
) -> Option<bool> {
    let asked = Uuid::try_parse(asked.source_tenant_id.trim()).ok()?;
    let found = Uuid::try_parse(found.source_tenant_id.as_deref()?.trim()).ok()?;
    Some(asked == found)
}

fn has_asked_date(asked: &CrossTenantMigrationJobCreate, found: &CrossTenantMigrationJob) -> bool {
    let found = &found.complete_after_date_time;
    match (
        asked.complete_after_date_time.to_utc(),
        found.as_ref().and_then(DateTimeOffset::to_utc),
    ) {
        // Fractions of a second may be lost on the way.
        (Some(asked), Some(found)) => (asked - found).abs() < TimeDelta::seconds(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of the service, which has properties that are not known yet.
    fn changed<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
        change(&mut value);
        value
    }
    use msgraph_migrations::models::CrossTenantMigrationServiceStatusDetails;

    fn user(statuses: &[&str]) -> CrossTenantMigrationTask {
        let workload = |status: &&str| {
            changed(
                CrossTenantMigrationServiceStatusDetails::default(),
                |value| {
                    value.status = (!status.is_empty()).then(|| Workload::from(*status));
                },
            )
        };
        changed(CrossTenantMigrationTask::default(), |value| {
            value.current_status = statuses.iter().map(workload).collect();
        })
    }

    #[test]
    fn the_workloads_of_a_user_tell_whether_the_user_was_cancelled() {
        use Verdict::{RuledOut, TookEffect, Undecided};
        let removed = None;
        for (before, now, verdict) in [
            // As the table of the guide has users in each status of their job.
            (
                &["notStarted"][..],
                Some(&["pendingCancel"][..]),
                TookEffect,
            ),
            (
                &["valid", "invalid"],
                Some(&["cancelled", "cancelled"]),
                TookEffect,
            ),
            (
                &["syncing", "synced"],
                Some(&["Canceled", "pendingCancel"]),
                TookEffect,
            ),
            (&["syncing", "synced"], removed, TookEffect),
            (
                &["completed", "failed"],
                Some(&["completed", "cancelled"]),
                TookEffect,
            ),
            (&["syncing"], Some(&["syncing"]), Undecided),
            (&["syncing"], Some(&["finalizing"]), Undecided),
            (&["syncing"], Some(&["completed"]), Undecided),
            (
                &["failed", "failed"],
                Some(&["failed", "failed"]),
                Undecided,
            ),
            // Half a cancellation may be something else.
            (
                &["syncing", "synced"],
                Some(&["cancelled", "synced"]),
                Undecided,
            ),
            (
                &["cancelled", "synced"],
                Some(&["cancelled", "cancelled"]),
                Undecided,
            ),
            // It came too late, or it was so before.
            (
                &["finalizing", "synced"],
                Some(&["finalizing", "synced"]),
                RuledOut,
            ),
            (
                &["finalizing", "synced"],
                Some(&["completed", "inProgress"]),
                RuledOut,
            ),
            (
                &["completed", "completed"],
                Some(&["completed", "completed"]),
                RuledOut,
            ),
            (&["pendingCancel"], Some(&["cancelled"]), RuledOut),
            (&["cancelled"], Some(&["cancelled"]), RuledOut),
            (&["cancelled"], removed, Undecided),
            (&["completed"], removed, Undecided),
            // What cannot be read proves nothing.
            (&[], Some(&["cancelled"]), Undecided),
            (&["syncing"], Some(&[]), Undecided),
            (
                &["syncing", ""],
                Some(&["cancelled", "cancelled"]),
                Undecided,
            ),
            (&["awaitingReview"], Some(&["cancelled"]), Undecided),
            (&["unknownFutureValue"], removed, Undecided),
            (&["syncing"], Some(&["awaitingReview"]), Undecided),
        ] {
            let seen = now.map_or(Sighting::Absent, |now| Sighting::Present(user(now)));
            assert_eq!(
                judge_user(&user(before), &seen),
                verdict,
                "{before:?}, {now:?}"
            );
        }
    }

    const TENANT: &str = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
    const OTHER_TENANT: &str = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";
    const DATE: &str = "2026-12-12T20:00:00.441Z";

    fn asked() -> CrossTenantMigrationJobCreate {
        CrossTenantMigrationJobCreate::of_users(
            "Alderwood wave 3",
            TENANT,
            DATE.parse().expect("a time"),
            ["84c0d5ab-7e21-4936-bf1a-0d9e63c2f754"],
        )
    }

    fn found(id: &str, status: &str) -> CrossTenantMigrationJob {
        changed(CrossTenantMigrationJob::default(), |value| {
            value.id = Some(id.to_owned());
            value.status = Some(status.into());
            value.display_name = Some("alderwood wave 3".to_owned());
            value.source_tenant_id = Some(TENANT.to_ascii_uppercase());
            value.complete_after_date_time = "2026-12-12T20:00:00Z".parse().ok();
        })
    }

    #[test]
    fn the_job_under_a_name_tells_whether_it_was_created() {
        use Verdict::{RuledOut, TookEffect, Undecided};
        let present = |job| Some(Sighting::Present(job));
        let absent = || Some(Sighting::Absent);
        let moved = changed(found("one", "submitted"), |value| {
            value.complete_after_date_time = "2026-12-13T20:00:00Z".parse().ok();
        });
        let foreign = changed(found("one", "submitted"), |value| {
            value.source_tenant_id = Some(OTHER_TENANT.to_owned());
        });
        let unsaid = changed(found("one", "submitted"), |value| {
            value.source_tenant_id = None;
        });
        let renamed = changed(found("one", "submitted"), |value| {
            value.display_name = Some("Alderwood wave 4".to_owned());
        });
        for (case, before, now, verdict) in [
            (
                "there is one now",
                absent(),
                present(found("one", "submitted")),
                TookEffect,
            ),
            (
                "and it validates",
                absent(),
                present(found("one", "validateSubmitted")),
                TookEffect,
            ),
            ("there is none", absent(), absent(), Undecided),
            (
                "not known whether before",
                None,
                present(found("one", "submitted")),
                Undecided,
            ),
            (
                "it was there",
                present(found("one", "failed")),
                present(found("one", "failed")),
                RuledOut,
            ),
            (
                "it goes",
                present(found("one", "failed")),
                present(found("one", "pendingDelete")),
                Undecided,
            ),
            (
                "it went",
                present(found("one", "deleted")),
                present(found("one", "deleted")),
                Undecided,
            ),
            (
                "in its place",
                present(found("one", "deleted")),
                present(found("two", "submitted")),
                TookEffect,
            ),
            ("another date", absent(), present(moved), Undecided),
            (
                "another tenant",
                absent(),
                present(foreign.clone()),
                RuledOut,
            ),
            (
                "another tenant, not known before",
                None,
                present(foreign),
                RuledOut,
            ),
            ("no tenant", absent(), present(unsaid), Undecided),
            (
                "another name",
                absent(),
                present(renamed.clone()),
                Undecided,
            ),
            (
                "found by its id",
                present(renamed),
                present(found("two", "submitted")),
                Undecided,
            ),
        ] {
            let now = now.expect("a state");
            assert_eq!(
                judge_creation(&asked(), before.as_ref(), &now),
                verdict,
                "{case}"
            );
        }
    }
}
