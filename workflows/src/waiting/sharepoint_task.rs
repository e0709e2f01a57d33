//! Waiting for one SharePoint task.

use chrono::{DateTime, Utc};

use super::ends::{SharePointTaskEnd, Stage, task_stage};
use super::job::is_same_time;
use super::options::WaitOptions;
use super::poll::{Found, Poll, Source, Target};
use super::watch::{EndOf, Watch, only};
use crate::Workflows;
use crate::reading::read_task;
use msgraph_migrations::models::SharePointMigrationTask as Task;
use msgraph_migrations::{Client, DateTimeOffset, Error};

/// Waiting for SharePoint tasks, given by their ids, on the source tenant.
impl Workflows {
    /// Watches a task, or waits for its end.
    pub fn wait_for_sharepoint_task(
        &self,
        task: &str,
        options: &WaitOptions,
    ) -> Watch<Task, SharePointTaskEnd> {
        let poll = self.poll_tasks(vec![task.to_owned()], options, true);
        Watch::new(poll, |ends| SharePointTaskEnd::of(only(ends)))
    }

    /// Watches many tasks, or waits for the ends of all.
    ///
    /// There is no list of tasks, so that each is read alone. One that was never there ends as
    /// [`Gone`](super::WaitEnd::Gone) with nothing.
    pub fn watch_sharepoint_tasks(
        &self,
        tasks: Vec<String>,
        options: &WaitOptions,
    ) -> Watch<Task, Vec<EndOf<Task>>> {
        Watch::many(self.poll_tasks(tasks, options, false))
    }

    fn poll_tasks(
        &self,
        tasks: Vec<String>,
        options: &WaitOptions,
        must_exist: bool,
    ) -> Poll<TaskSource> {
        let source = TaskSource {
            client: self.client().clone(),
            must_exist,
        };
        Poll::new(source, tasks, options, options.ends_at())
    }
}

struct TaskSource {
    client: Client,
    must_exist: bool,
}

impl Source for TaskSource {
    type State = Task;

    async fn read(&self, targets: &[Target], found: &mut Found<Task>) -> Result<(), Error> {
        for target in targets {
            found.push((
                target.index,
                read_task(&self.client, &target.asked_for).await?,
            ));
        }
        Ok(())
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

    fn last_updated(task: &Task) -> Option<DateTime<Utc>> {
        let date = task.last_updated_date_time.as_ref();
        date.and_then(DateTimeOffset::to_utc)
    }

    fn must_exist(&self) -> bool {
        self.must_exist
    }
}
