//! What tells whether a SharePoint task was cancelled or created.

use super::resolved::Sighting;
use super::subject::{Subject, sighting};
use super::verdict::Verdict;
use msgraph_migrations::models::{
    SharePointMigrationTask, SharePointMigrationTaskParameters,
    SharePointMigrationTaskStatus as TaskStatus,
};
use msgraph_migrations::{Client, Error, GetOptions};

/// A SharePoint task that is cancelled.
pub(super) struct SharePointTask<'a> {
    pub(super) task: &'a str,
}

impl Subject for SharePointTask<'_> {
    type State = SharePointMigrationTask;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        let task = client.get_sharepoint_task(self.task, GetOptions::new());
        sighting(task.await)
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        match (before.and_then(Sighting::present), now.present()) {
            (Some(before), Some(now)) => judge_task(before, now),
            _ => Verdict::Undecided,
        }
    }
}

/// A SharePoint task that is created, found by its source.
pub(super) struct SharePointTaskCreation<'a> {
    pub(super) parameters: &'a SharePointMigrationTaskParameters,
}

impl SharePointTaskCreation<'_> {
    /// The name by which the task can be found; a task that only validates leaves nothing to find.
    fn source(&self) -> Option<&str> {
        use SharePointMigrationTaskParameters::{Group, Site, User};
        let (source, validate_only) = match self.parameters {
            User(user) => {
                let source = user.source_user_identity.as_ref();
                (
                    source.and_then(|source| source.user_principal_name.as_deref()),
                    user.validate_only,
                )
            }
            Group(group) => {
                let source = group.source_group_identity.as_ref();
                (
                    source.and_then(|source| source.mail_nickname.as_deref()),
                    group.validate_only,
                )
            }
            Site(site) => (site.source_site_url.as_deref(), site.validate_only),
            // What nobody has described has no name to find it by.
            _ => (None, None),
        };
        source.filter(|_| validate_only != Some(true))
    }
}

impl Subject for SharePointTaskCreation<'_> {
    type State = SharePointMigrationTask;

    fn is_findable(&self) -> bool {
        self.source().is_some()
    }

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        use SharePointMigrationTaskParameters::{Group, Site};
        let options = GetOptions::new();
        let source = self.source().unwrap_or_default();
        sighting(match self.parameters {
            Group(_) => {
                client
                    .get_sharepoint_task_by_source_group_mail_nickname(source, options)
                    .await
            }
            Site(_) => {
                client
                    .get_sharepoint_task_by_source_site_url(source, options)
                    .await
            }
            _ => {
                client
                    .get_sharepoint_task_by_source_user_principal_name(source, options)
                    .await
            }
        })
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        match before {
            Some(before) => judge_task_creation(self.parameters, before, now),
            None => Verdict::Undecided,
        }
    }
}

/// What a SharePoint task before a cancellation and now tells about it.
fn judge_task(before: &SharePointMigrationTask, now: &SharePointMigrationTask) -> Verdict {
    use TaskStatus::{Cancelled, Completed, Failed, InProgress, NotStarted};
    match (&before.status, &now.status) {
        (Some(NotStarted), Some(Cancelled)) => Verdict::TookEffect,
        // Only a task that has not started is cancelled, and then it never starts.
        (Some(NotStarted), Some(InProgress | Completed))
        | (Some(InProgress), Some(InProgress | Completed | Failed))
        | (Some(Completed), Some(Completed))
        | (Some(Failed), Some(Failed))
        | (Some(Cancelled), Some(Cancelled)) => Verdict::RuledOut,
        _ => Verdict::Undecided,
    }
}

/// What the task that is found for a source before a creation and now tells about it.
fn judge_task_creation(
    asked: &SharePointMigrationTaskParameters,
    before: &Sighting<SharePointMigrationTask>,
    now: &Sighting<SharePointMigrationTask>,
) -> Verdict {
    // If there was one before, the one found now may be any of several.
    match (before, now) {
        (Sighting::Absent, Sighting::Present(task))
            if task.id.is_some()
                && task
                    .parameters
                    .as_ref()
                    .is_some_and(|found| have_same_ends(asked, found)) =>
        {
            Verdict::TookEffect
        }
        _ => Verdict::Undecided,
    }
}

/// Whether both name the same source and the same target, in the same way.
fn have_same_ends(
    asked: &SharePointMigrationTaskParameters,
    found: &SharePointMigrationTaskParameters,
) -> bool {
    use SharePointMigrationTaskParameters::{Group, Site, User};
    let same = |asked: Option<&String>, found: Option<&String>| match (asked, found) {
        (Some(asked), Some(found)) => asked.to_lowercase() == found.to_lowercase(),
        _ => false,
    };
    match (asked, found) {
        (User(asked), User(found)) => [
            (&asked.source_user_identity, &found.source_user_identity),
            (&asked.target_user_identity, &found.target_user_identity),
        ]
        .into_iter()
        .all(|(asked, found)| {
            let (asked, found) = (asked.as_ref(), found.as_ref());
            same(
                asked.and_then(|user| user.user_principal_name.as_ref()),
                found.and_then(|user| user.user_principal_name.as_ref()),
            )
        }),
        (Group(asked), Group(found)) => [
            (&asked.source_group_identity, &found.source_group_identity),
            (&asked.target_group_identity, &found.target_group_identity),
        ]
        .into_iter()
        .all(|(asked, found)| {
            let (asked, found) = (asked.as_ref(), found.as_ref());
            same(
                asked.and_then(|group| group.mail_nickname.as_ref()),
                found.and_then(|group| group.mail_nickname.as_ref()),
            )
        }),
        (Site(asked), Site(found)) => {
            same(
                asked.source_site_url.as_ref(),
                found.source_site_url.as_ref(),
            ) && same(
                asked.target_site_url.as_ref(),
                found.target_site_url.as_ref(),
            )
        }
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
    use msgraph_migrations::models::{SharePointUserMigrationTaskParameters, UserIdentity};

    fn task(status: &str) -> SharePointMigrationTask {
        changed(SharePointMigrationTask::default(), |value| {
            value.id = Some("52ad9c30-6e1b-4f87-a4d5-08b7c91e3f62".to_owned());
            value.status = Some(status.into());
        })
    }

    #[test]
    fn the_status_of_a_task_tells_whether_it_was_cancelled() {
        use Verdict::{RuledOut, TookEffect, Undecided};
        const STATUSES: [&str; 6] = [
            "notStarted",
            "inProgress",
            "completed",
            "cancelled",
            "failed",
            "awaitingReview",
        ];
        for (before, verdicts) in [
            (
                "notStarted",
                [
                    Undecided, RuledOut, RuledOut, TookEffect, Undecided, Undecided,
                ],
            ),
            (
                "inProgress",
                [
                    Undecided, RuledOut, RuledOut, Undecided, RuledOut, Undecided,
                ],
            ),
            (
                "completed",
                [
                    Undecided, Undecided, RuledOut, Undecided, Undecided, Undecided,
                ],
            ),
            (
                "cancelled",
                [
                    Undecided, Undecided, Undecided, RuledOut, Undecided, Undecided,
                ],
            ),
            (
                "failed",
                [
                    Undecided, Undecided, Undecided, Undecided, RuledOut, Undecided,
                ],
            ),
            ("awaitingReview", [Undecided; 6]),
        ] {
            for (now, verdict) in STATUSES.into_iter().zip(verdicts) {
                assert_eq!(
                    judge_task(&task(before), &task(now)),
                    verdict,
                    "{before}, {now}"
                );
            }
        }
    }

    #[test]
    fn a_task_is_taken_for_the_one_asked_for_only_if_there_was_none() {
        let identity = |name: &str| UserIdentity::of_user_principal_name(name);
        let to = |target: &str| {
            SharePointMigrationTaskParameters::User(
                SharePointUserMigrationTaskParameters::new()
                    .source_user_identity(identity("ines.moreau@alderwood.example"))
                    .target_user_identity(identity(target)),
            )
        };
        let asked = to("ines.moreau@harborlane.example");
        let moving = |target: &str| {
            Sighting::Present(changed(task("notStarted"), |value| {
                value.parameters = Some(to(target));
            }))
        };
        let wanted = || moving("Ines.Moreau@harborlane.example");
        for (before, now, verdict) in [
            (Sighting::Absent, wanted(), Verdict::TookEffect),
            (Sighting::Absent, Sighting::Absent, Verdict::Undecided),
            (
                Sighting::Absent,
                moving("somebody@harborlane.example"),
                Verdict::Undecided,
            ),
            (
                Sighting::Absent,
                Sighting::Present(task("notStarted")),
                Verdict::Undecided,
            ),
            (wanted(), wanted(), Verdict::Undecided),
        ] {
            assert_eq!(
                judge_task_creation(&asked, &before, &now),
                verdict,
                "{now:?}"
            );
        }
    }
}
