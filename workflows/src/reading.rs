//! One reading of a job, a user or a task, and whether it is there at all.

use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as JobStatus,
    CrossTenantMigrationTask as User, SharePointMigrationTask as Task,
};
use msgraph_migrations::{Client, Error, GetOptions, Refusal, Response};

/// What a reading that was answered tells.
#[derive(Debug)]
pub(crate) enum Reading<T> {
    Present(T),
    /// The service itself says that there is no such thing; how it said so.
    Absent(Error),
}

impl<T> Reading<T> {
    /// What is there; an error if nothing is.
    pub fn present(self) -> Result<T, Error> {
        match self {
            Self::Present(state) => Ok(state),
            Self::Absent(error) => Err(error),
        }
    }
}

/// Tells apart that nothing is there from not knowing.
pub(crate) fn reading<T>(answer: Result<Response<T>, Error>) -> Result<Reading<T>, Error> {
    match answer {
        Ok(response) => Ok(Reading::Present(response.into_value())),
        Err(error) if is_not_found(&error) => Ok(Reading::Absent(error)),
        Err(error) => Err(error),
    }
}

pub(crate) fn is_not_found(error: &Error) -> bool {
    error.refusal().is_some_and(Refusal::is_not_found)
}

/// Reads a job whose status can be told.
pub(crate) async fn read_job(client: &Client, job: &str) -> Result<Reading<Job>, Error> {
    let answer = client.get_job(job, GetOptions::new()).await;
    reading(match answer {
        Ok(response) if response.value().status.is_none() => {
            Err(response.into_unreadable("the answer does not tell the status of the job"))
        }
        answer => answer,
    })
}

/// Reads a SharePoint task whose status can be told.
pub(crate) async fn read_task(client: &Client, task: &str) -> Result<Reading<Task>, Error> {
    let answer = client.get_sharepoint_task(task, GetOptions::new()).await;
    reading(match answer {
        Ok(response) if response.value().status.is_none() => {
            Err(response.into_unreadable("the answer does not tell the status of the task"))
        }
        answer => answer,
    })
}

/// Reads a user of a job.
///
/// A user counts as absent only if the job is there and is not being deleted; otherwise nothing is
/// known of the user.
pub(crate) async fn read_user(
    client: &Client,
    job: &str,
    user: &str,
) -> Result<Reading<User>, Error> {
    let answer = client.get_user(job, user, GetOptions::new()).await;
    match reading(answer)? {
        Reading::Absent(error) => {
            if let Reading::Present(job) = read_job(client, job).await?
                && is_described_and_stays(&job)
            {
                return Ok(Reading::Absent(error));
            }
            Err(error)
        }
        present @ Reading::Present(_) => Ok(present),
    }
}

/// Whether the users of the job can be counted on to be shown.
pub(crate) fn is_described_and_stays(job: &Job) -> bool {
    !matches!(
        job.status,
        None | Some(
            JobStatus::PendingDelete
                | JobStatus::Deleted
                | JobStatus::UnknownFutureValue
                | JobStatus::Unknown(_)
        )
    )
}
