//! Waiting for users of a job.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::TryStreamExt;

use super::ends::{Awaited, Stage, user_stage};
use super::job::is_same_time;
use super::observation::WaitEnd;
use super::options::WaitOptions;
use super::poll::{Found, Poll, Source, Target};
use super::watch::{EndOf, Watch};
use crate::Workflows;
use crate::reading::{Reading, read_user};
use msgraph_migrations::models::CrossTenantMigrationTask as User;
use msgraph_migrations::{Client, DateTimeOffset, Error, ListOptions, Page};

/// Waiting for users of a job, given by their object ids in the target tenant.
///
/// A user ends when all workloads have. One guide says that a user who is cancelled is removed from
/// the job, so that [`Gone`](WaitEnd::Gone) is how a cancellation of a user may end; a user counts as
/// gone only while the job is there.
impl Workflows {
    /// Watches a user, or waits for what `awaited` says.
    ///
    /// It fails with 404 when the job has no such user.
    pub fn wait_for_user(
        &self,
        job: &str,
        user: &str,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> Watch<User, WaitEnd<User>> {
        Watch::one(self.poll_users(job, vec![user.to_owned()], awaited, options, true))
    }

    /// Waits for a user who was there.
    pub(crate) fn wait_for_known_user(
        &self,
        job: &str,
        user: &str,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> Watch<User, WaitEnd<User>> {
        let poll = self.poll_users(job, vec![user.to_owned()], awaited, options, true);
        Watch::one(poll.known())
    }

    /// Watches many users of a job, or waits for the ends of all.
    ///
    /// They are read through the list of users. One whom the list does not show is asked for alone; one
    /// who never was there ends as [`Gone`](WaitEnd::Gone) with nothing.
    pub fn watch_users(
        &self,
        job: &str,
        users: Vec<String>,
        awaited: Awaited,
        options: &WaitOptions,
    ) -> Watch<User, Vec<EndOf<User>>> {
        Watch::many(self.poll_users(job, users, awaited, options, false))
    }

    fn poll_users(
        &self,
        job: &str,
        users: Vec<String>,
        awaited: Awaited,
        options: &WaitOptions,
        is_single: bool,
    ) -> Poll<UserSource> {
        let source = UserSource {
            client: self.client().clone(),
            job: job.to_owned(),
            awaited,
            page_size: options.page_size,
            is_single,
        };
        Poll::new(source, users, options, options.ends_at())
    }
}

struct UserSource {
    client: Client,
    job: String,
    awaited: Awaited,
    page_size: Option<u16>,
    is_single: bool,
}

impl UserSource {
    /// Reads the list of users, and says which targets it showed.
    async fn read_list(
        &self,
        targets: &[Target],
        found: &mut Found<User>,
    ) -> Result<Vec<bool>, Error> {
        let mut at_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, target) in targets.iter().enumerate() {
            at_of
                .entry(target.asked_for.to_lowercase())
                .or_default()
                .push(at);
        }
        let mut seen = vec![false; targets.len()];
        let mut list = ListOptions::new();
        list.top = self.page_size;
        let mut pages = self.client.user_pages(&self.job, list).boxed();
        while let Some(page) = pages.try_next().await? {
            for user in page.into_value().into_items() {
                let id = user.id.as_deref().unwrap_or_default().to_lowercase();
                for at in at_of.get(&id).into_iter().flatten().copied() {
                    if !std::mem::replace(&mut seen[at], true) {
                        found.push((targets[at].index, Reading::Present(user.clone())));
                    }
                }
            }
            if seen.iter().all(|seen| *seen) {
                break;
            }
        }
        Ok(seen)
    }
}

impl Source for UserSource {
    type State = User;

    async fn read(&self, targets: &[Target], found: &mut Found<User>) -> Result<(), Error> {
        let seen = if self.is_single {
            vec![false; targets.len()]
        } else {
            self.read_list(targets, found).await?
        };
        for (target, _) in targets.iter().zip(seen).filter(|(_, seen)| !seen) {
            let reading = read_user(&self.client, &self.job, &target.asked_for).await?;
            found.push((target.index, reading));
        }
        Ok(())
    }

    fn stage(&self, user: &User) -> Stage {
        user_stage(self.awaited, user)
    }

    fn is_same(before: &User, after: &User) -> bool {
        before.current_status == after.current_status
            && is_same_time(
                before.last_updated_date_time.as_ref(),
                after.last_updated_date_time.as_ref(),
            )
    }

    fn id(_: &User) -> Option<&str> {
        // Users are asked for by id in the first place.
        None
    }

    fn last_updated(user: &User) -> Option<DateTime<Utc>> {
        let date = user.last_updated_date_time.as_ref();
        date.and_then(DateTimeOffset::to_utc)
    }

    fn awaits_absence(&self) -> bool {
        self.awaited == Awaited::Deletion
    }

    fn must_exist(&self) -> bool {
        self.is_single
    }
}
