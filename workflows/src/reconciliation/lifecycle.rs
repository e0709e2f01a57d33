//! How a job moves from status to status, and what two statuses tell about what happened between.
//!
//! The changes are those of the pages and of the admin guide's table, and those that one of them
//! leaves possible: a change too many makes a verdict rarer, a change too few makes it wrong.

use super::resolved::Sighting;
use super::verdict::{Verdict, is_same};
use msgraph_migrations::models::CrossTenantMigrationJob;
use msgraph_migrations::models::CrossTenantMigrationJobStatus::{
    self as Status, AdminActionRequired, Approved, Cancelled, Completed, CompletedWithErrors,
    CuttingOver, Deleted, Failed, InProgress, PendingCancel, PendingDelete, Processing, Submitted,
    Unknown, UnknownFutureValue, ValidateFailed, ValidateInProgress, ValidatePassed,
    ValidateProcessing, ValidateSubmitted,
};

/// What a caller can ask of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Validate,
    Migrate,
    Cancel,
    Delete,
}

/// What moves a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Time,
    /// A validation that begins by itself, as one guide has it.
    SelfValidation,
    Caller(Action),
}

const CAUSES: [Cause; 6] = [
    Cause::Time,
    Cause::SelfValidation,
    Cause::Caller(Action::Validate),
    Cause::Caller(Action::Migrate),
    Cause::Caller(Action::Cancel),
    Cause::Caller(Action::Delete),
];

/// Where time leads a job whose status has a name and no documented meaning.
const ANYWHERE: &[Status] = &[
    Submitted,
    ValidateSubmitted,
    ValidateProcessing,
    ValidateInProgress,
    ValidatePassed,
    ValidateFailed,
    Processing,
    InProgress,
    CuttingOver,
    Completed,
    CompletedWithErrors,
    Failed,
];

/// The statuses that a job in `status` can get into by `cause`.
fn next(status: &Status, cause: Cause) -> &'static [Status] {
    match cause {
        Cause::Time => match status {
            Approved | AdminActionRequired => ANYWHERE,
            ValidateSubmitted => &[ValidateProcessing],
            ValidateProcessing => &[ValidateInProgress],
            ValidateInProgress => &[ValidatePassed, ValidateFailed],
            Processing => &[InProgress],
            InProgress => &[CuttingOver],
            CuttingOver => &[Completed, CompletedWithErrors, Failed],
            PendingCancel => &[Cancelled],
            PendingDelete => &[Deleted],
            // These wait for a caller or are the end, and what nobody has described is not followed.
            _ => &[],
        },
        Cause::SelfValidation if *status == Submitted => &[ValidateSubmitted],
        Cause::SelfValidation => &[],
        Cause::Caller(action) if !may_accept(action, status) => &[],
        Cause::Caller(Action::Validate) => &[ValidateSubmitted],
        Cause::Caller(Action::Migrate) => &[Processing],
        Cause::Caller(Action::Cancel) => &[PendingCancel],
        Cause::Caller(Action::Delete) => &[PendingDelete],
    }
}

/// Whether the service may accept the action in this status; false only if the documents agree that
/// it does not.
fn may_accept(action: Action, status: &Status) -> bool {
    match status {
        Submitted | ValidateSubmitted | ValidateProcessing | ValidateInProgress
        | ValidatePassed | ValidateFailed | Processing | InProgress | CuttingOver | Completed
        | CompletedWithErrors | Failed | PendingCancel | Cancelled | PendingDelete | Deleted => {}
        // Nobody has described what these, or one that is new, allow.
        _ => return true,
    }
    match action {
        // The page on migrating wants a validation renewed that is older than seven days; the page on
        // validating and the guide do not allow that.
        Action::Validate => matches!(
            status,
            Submitted | ValidateFailed | ValidatePassed | CompletedWithErrors | Failed
        ),
        Action::Migrate => matches!(status, ValidatePassed | CompletedWithErrors | Failed),
        // The page refuses it once a migration is in progress, the guide once it is cutting over.
        Action::Cancel => matches!(
            status,
            Submitted
                | ValidateSubmitted
                | ValidateProcessing
                | ValidateInProgress
                | ValidatePassed
                | ValidateFailed
                | Processing
                | InProgress
        ),
        // Whether the end of a validation is final is not said; and one page leaves
        // completedWithErrors out.
        Action::Delete => matches!(
            status,
            Completed | CompletedWithErrors | Failed | Cancelled | ValidatePassed | ValidateFailed
        ),
    }
}

/// The statuses that a job in `start` can be in after any number of changes by these causes.
fn reach(start: &Status, causes: &[Cause]) -> Vec<Status> {
    let mut reached = vec![start.clone()];
    let mut looked_at = 0;
    while let Some(status) = reached.get(looked_at).cloned() {
        looked_at += 1;
        for following in causes.iter().flat_map(|cause| next(&status, *cause)) {
            if !reached.contains(following) {
                reached.push(following.clone());
            }
        }
    }
    reached
}

/// What a job before an action and now tells about the action.
pub(super) fn judge_job(
    action: Action,
    before: &CrossTenantMigrationJob,
    now: &Sighting<CrossTenantMigrationJob>,
) -> Verdict {
    let Some(status) = &before.status else {
        return Verdict::Undecided;
    };
    match now {
        // A name that was given free and taken again leads to another job.
        Sighting::Present(now) if is_same(before, now) => match &now.status {
            Some(now) => judge(action, status, now),
            None => Verdict::Undecided,
        },
        // No document says whether a deleted job is shown as such or not at all.
        Sighting::Absent if action == Action::Delete => judge(action, status, &Deleted),
        Sighting::Present(_) | Sighting::Absent => Verdict::Undecided,
    }
}

/// What the status of a job before an action and now tells about the action.
fn judge(action: Action, before: &Status, now: &Status) -> Verdict {
    // From a status that nobody knows, anything may follow; and a status that cannot follow
    // contradicts the documents, so that it proves nothing.
    if matches!(before, UnknownFutureValue | Unknown(_)) || !reach(before, &CAUSES).contains(now) {
        return Verdict::Undecided;
    }
    // A validation that begins by itself is what a caller of validate wants.
    let others: Vec<Cause> = CAUSES
        .into_iter()
        .filter(|cause| match cause {
            Cause::Time => true,
            Cause::SelfValidation => action != Action::Validate,
            Cause::Caller(other) => *other != action,
        })
        .collect();
    if !reach(before, &others).contains(now) {
        return Verdict::TookEffect;
    }
    let by_itself = reach(before, &[Cause::Time, Cause::SelfValidation]);
    if by_itself.contains(now) && !by_itself.iter().any(|status| may_accept(action, status)) {
        return Verdict::RuledOut;
    }
    Verdict::Undecided
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of the service, which has properties that are not known yet.
    fn changed<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
        change(&mut value);
        value
    }

    const VALIDATION: &[Status] = &[
        ValidateSubmitted,
        ValidateProcessing,
        ValidateInProgress,
        ValidatePassed,
        ValidateFailed,
    ];
    const MIGRATION: &[Status] = &[
        Processing,
        InProgress,
        CuttingOver,
        Completed,
        CompletedWithErrors,
        Failed,
    ];

    /// Which statuses prove that the action happened, and which that it did not; the others prove
    /// nothing. Written down apart from the changes that the code knows.
    fn expected(action: Action, before: &Status) -> (Vec<Status>, Vec<Status>) {
        let all = |groups: &[&[Status]]| groups.concat();
        match (action, before) {
            (_, UnknownFutureValue | Unknown(_)) => (vec![], vec![]),

            (Action::Delete, PendingDelete) => (vec![], vec![PendingDelete, Deleted]),
            (Action::Delete, Deleted) => (vec![], vec![Deleted]),
            (Action::Delete, _) => (vec![PendingDelete, Deleted], vec![]),

            (_, Completed) => (vec![], vec![Completed]),
            (_, Cancelled) => (vec![], vec![Cancelled]),
            (_, PendingCancel) => (vec![], vec![PendingCancel, Cancelled]),
            (_, PendingDelete) => (vec![], vec![PendingDelete, Deleted]),
            (_, Deleted) => (vec![], vec![Deleted]),

            (Action::Cancel, CuttingOver) => (
                vec![PendingCancel, Cancelled],
                vec![CuttingOver, Completed, CompletedWithErrors, Failed],
            ),
            (Action::Cancel, CompletedWithErrors | Failed) => {
                (vec![PendingCancel, Cancelled], vec![before.clone()])
            }
            (Action::Cancel, _) => (vec![PendingCancel, Cancelled], vec![]),

            // Nothing is documented to lead from these.
            (_, Approved | AdminActionRequired)
            // It may be this one or another.
            | (Action::Validate, ValidateSubmitted)
            | (Action::Migrate, Processing) => (vec![], vec![]),

            (Action::Validate, Submitted) => (all(&[VALIDATION, MIGRATION]), vec![]),
            (Action::Validate, ValidateFailed) => (all(&[&VALIDATION[..4], MIGRATION]), vec![]),
            (Action::Validate, ValidatePassed) => {
                (all(&[&VALIDATION[..3], &[ValidateFailed]]), vec![])
            }
            (Action::Validate, ValidateProcessing) => (all(&[&VALIDATION[..1]]), vec![]),
            (Action::Validate, ValidateInProgress) => (all(&[&VALIDATION[..2]]), vec![]),
            (Action::Validate, _) => (all(&[VALIDATION]), vec![]),

            (Action::Migrate, ValidateFailed) => (all(&[MIGRATION]), vec![ValidateFailed]),
            (Action::Migrate, InProgress) => (all(&[&MIGRATION[..1]]), vec![]),
            (Action::Migrate, CuttingOver) => (all(&[&MIGRATION[..2]]), vec![]),
            (Action::Migrate, CompletedWithErrors | Failed) => {
                let mut others = all(&[MIGRATION]);
                others.retain(|status| status != before);
                (others, vec![])
            }
            (Action::Migrate, _) => (all(&[MIGRATION]), vec![]),
        }
    }

    #[test]
    fn every_pair_of_statuses_tells_what_it_tells_of_every_action() {
        let statuses = || {
            Status::DOCUMENTED
                .iter()
                .cloned()
                .chain([Unknown("awaiting".to_owned())])
        };
        let (mut proofs, mut exclusions, mut pairs) = (0, 0, 0);
        for action in [
            Action::Validate,
            Action::Migrate,
            Action::Cancel,
            Action::Delete,
        ] {
            for before in statuses() {
                let (took_effect, ruled_out) = expected(action, &before);
                for now in statuses() {
                    let verdict = if took_effect.contains(&now) {
                        Verdict::TookEffect
                    } else if ruled_out.contains(&now) {
                        Verdict::RuledOut
                    } else {
                        Verdict::Undecided
                    };
                    assert_eq!(
                        judge(action, &before, &now),
                        verdict,
                        "{action:?}: {before} then {now}"
                    );
                    pairs += 1;
                    proofs += u32::from(verdict == Verdict::TookEffect);
                    exclusions += u32::from(verdict == Verdict::RuledOut);
                }
            }
        }
        println!("{pairs} pairs: {proofs} prove the action, {exclusions} exclude it");
        assert_eq!(pairs, 4 * statuses().count().pow(2));
    }

    #[test]
    fn a_status_that_does_not_change_never_proves_an_action() {
        for action in [
            Action::Validate,
            Action::Migrate,
            Action::Cancel,
            Action::Delete,
        ] {
            for status in Status::DOCUMENTED {
                assert_ne!(
                    judge(action, status, status),
                    Verdict::TookEffect,
                    "{action:?}: {status}"
                );
            }
        }
    }

    fn job(id: &str, status: Status) -> CrossTenantMigrationJob {
        changed(CrossTenantMigrationJob::default(), |value| {
            value.id = Some(id.to_owned());
            value.status = Some(status);
        })
    }

    #[test]
    fn a_job_that_is_gone_was_deleted_and_tells_nothing_of_other_actions() {
        let gone = Sighting::Absent;
        for (action, before, verdict) in [
            (Action::Delete, Completed, Verdict::TookEffect),
            (Action::Delete, Deleted, Verdict::RuledOut),
            (Action::Cancel, InProgress, Verdict::Undecided),
            (Action::Migrate, Completed, Verdict::Undecided),
        ] {
            assert_eq!(
                judge_job(action, &job("one", before.clone()), &gone),
                verdict,
                "{action:?}: {before}"
            );
        }
    }

    #[test]
    fn another_job_under_the_same_name_proves_nothing() {
        let before = job("one", InProgress);
        let same = Sighting::Present(job("ONE", Cancelled));
        let other = Sighting::Present(job("two", Cancelled));
        let nameless = Sighting::Present(changed(job("", Cancelled), |value| {
            value.id = None;
        }));
        assert_eq!(
            judge_job(Action::Cancel, &before, &same),
            Verdict::TookEffect
        );
        for now in [other, nameless] {
            assert_eq!(judge_job(Action::Cancel, &before, &now), Verdict::Undecided);
        }
    }
}
