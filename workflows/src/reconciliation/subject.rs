//! What is read before and after an action.

use super::judgement;
use super::lifecycle::{self, Action};
use super::resolved::Sighting;
use super::verdict::Verdict;
use crate::reading::{read_user, reading};
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCreate, CrossTenantMigrationTask,
};
use msgraph_migrations::{Client, Error, GetOptions, Response};

/// Something whose state tells what became of an action.
pub(super) trait Subject: Sync {
    /// What a reading finds.
    type State: Send + Sync;

    /// Whether there is anything to find it by.
    fn is_findable(&self) -> bool {
        true
    }

    /// Reads the state; 404 by the service itself is one.
    fn read(
        &self,
        client: &Client,
    ) -> impl Future<Output = Result<Sighting<Self::State>, Error>> + Send;

    /// What the state before, none if it could not be read, and now tells about the action.
    fn judge(&self, before: Option<&Sighting<Self::State>>, now: &Sighting<Self::State>)
    -> Verdict;
}

/// A job that is validated, migrated, cancelled or deleted.
pub(super) struct Job<'a> {
    job: &'a str,
    action: Action,
}

impl<'a> Job<'a> {
    pub(super) fn new(job: &'a str, action: Action) -> Self {
        Self { job, action }
    }
}

impl Subject for Job<'_> {
    type State = CrossTenantMigrationJob;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        sighting(client.get_job(self.job, GetOptions::new()).await)
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        match before.and_then(Sighting::present) {
            Some(before) => lifecycle::judge_job(self.action, before, now),
            None => Verdict::Undecided,
        }
    }
}

/// A job that is created, found by its display name.
pub(super) struct Creation<'a> {
    pub(super) job: &'a CrossTenantMigrationJobCreate,
}

impl Subject for Creation<'_> {
    type State = CrossTenantMigrationJob;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        let found = client.get_job(&self.job.display_name, GetOptions::new());
        sighting(found.await)
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        judgement::judge_creation(self.job, before, now)
    }
}

/// A user of a job who is cancelled.
pub(super) struct User<'a> {
    pub(super) job: &'a str,
    pub(super) user: &'a str,
}

impl Subject for User<'_> {
    type State = CrossTenantMigrationTask;

    async fn read(&self, client: &Client) -> Result<Sighting<Self::State>, Error> {
        read_user(client, self.job, self.user)
            .await
            .map(Sighting::from)
    }

    fn judge(
        &self,
        before: Option<&Sighting<Self::State>>,
        now: &Sighting<Self::State>,
    ) -> Verdict {
        match before.and_then(Sighting::present) {
            Some(before) => judgement::judge_user(before, now),
            None => Verdict::Undecided,
        }
    }
}

/// What an answer to a reading shows.
pub(super) fn sighting<T>(answer: Result<Response<T>, Error>) -> Result<Sighting<T>, Error> {
    reading(answer).map(Sighting::from)
}
