//! Waiting for one SharePoint task.

use futures_core::Stream;

use super::ends::{SharePointTaskEnd, Stage, task_stage};
use super::jobs::is_same_time;
use super::observation::SharePointTaskObservation;
use super::options::WaitOptions;
use super::watch::{Subject, Watch};
use crate::Workflows;
use msgraph_migrations::models::SharePointMigrationTask as Task;
use msgraph_migrations::{Client, Error, GetOptions};

/// Waiting for a SharePoint task, given by its id, on the source tenant.
impl Workflows {
    /// Watches a task: its first state, each change, a stall, and last how the wait ended.
    ///
    /// The stream ends after [`Observation::Ended`](super::Observation::Ended), or after its first
    /// error, as that of [`watch_job`](Self::watch_job).
    pub fn watch_sharepoint_task(
        &self,
        task: &str,
        options: &WaitOptions,
    ) -> impl Stream<Item = Result<SharePointTaskObservation, Error>> + Send + use<> {
        let subject = TaskSubject(self.client.clone());
        Watch::new(subject, task, options, options.ends_at()).into_stream()
    }

    /// Waits for the end of a task.
    ///
    /// Stalls are told by [`watch_sharepoint_task`](Self::watch_sharepoint_task) only.
    ///
    /// # Errors
    ///
    /// 404 when there is no such task, any refusal that is not passing, or the last of too many
    /// failures in a row.
    pub async fn wait_for_sharepoint_task(
        &self,
        task: &str,
        options: &WaitOptions,
    ) -> Result<SharePointTaskEnd, Error> {
        Watch::new(
            TaskSubject(self.client.clone()),
            task,
            options,
            options.ends_at(),
        )
        .finish(|_| ())
        .await
        .map(SharePointTaskEnd::of)
    }
}

struct TaskSubject(Client);

impl Subject for TaskSubject {
    type State = Task;

    async fn read(&self, key: &str) -> Result<Task, Error> {
        let response = self.0.get_sharepoint_task(key, GetOptions::new()).await?;
        if response.value().status.is_none() {
            return Err(response.into_unreadable("the answer does not tell the status of the task"));
        }
        Ok(response.into_value())
    }

    fn stage(&self, task: &Task) -> Stage {
        task.status.as_ref().map_or(Stage::UnderWay, task_stage)
    }

    fn is_same(before: &Task, after: &Task) -> bool {
        before.status == after.status
            && before.error == after.error
            && is_same_time(
                before.last_updated_date_time.as_ref(),
                after.last_updated_date_time.as_ref(),
            )
    }

    fn id(_: &Task) -> Option<&str> {
        // Tasks are asked for by id in the first place.
        None
    }
}
