//! Calls about jobs and their users.

use crate::answers::error::Error;
use crate::answers::judgement;
use crate::answers::outcome::{CancelOutcome, DeleteOutcome, StartOutcome};
use crate::answers::response::Response;
use crate::calls::options::{GetOptions, ListOptions, comma_list};
use crate::calls::request_check as check;
use crate::client::Client;
use crate::models::date_time::DateTimeOffset;
use crate::models::generated::operations;
use crate::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCollectionResponse,
    CrossTenantMigrationJobCreate, CrossTenantMigrationJobUpdate, CrossTenantMigrationTask,
    CrossTenantMigrationTaskCollectionResponse,
};

/// Calls about jobs, on the target tenant.
///
/// `job` is the id of a job or its display name; `user` is the object id of a user in the target
/// tenant.
impl Client {
    /// Lists the jobs of the tenant, one page at a time.
    ///
    /// An item that contradicts the documents loses only its odd part; see [`Response::deviations`].
    ///
    /// # Errors
    ///
    /// Any refusal, and everything that keeps an answer from coming; see [`Error`].
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/migrationsroot-list-crosstenantmigrationjobs)
    pub async fn list_jobs(
        &self,
        options: ListOptions,
    ) -> Result<Response<CrossTenantMigrationJobCollectionResponse>, Error> {
        let options = &options;
        self.call(
            &operations::LIST_JOBS,
            Ok(()),
            |bare| async move {
                let (select, order_by) =
                    (comma_list(&options.select), comma_list(&options.order_by));
                bare.list_jobs(
                    options.count,
                    order_by.as_deref(),
                    select.as_deref(),
                    options.skip_token.as_deref(),
                    options.top.map(i32::from),
                )
                .await
            },
            judgement::read_collection,
        )
        .await
    }

    /// Creates a job; by the newest documents this starts nothing.
    ///
    /// An older guide says that validation begins by itself, so be ready to find the job in a
    /// `validate…` status.
    ///
    /// ```no_run
    /// use msgraph_migrations::models::CrossTenantMigrationJobCreate;
    ///
    /// # async fn example(client: &msgraph_migrations::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let source_tenant = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
    /// let users = ["84c0d5ab-7e21-4936-bf1a-0d9e63c2f754"];
    /// let cutover = "2026-12-12T20:00:00Z".parse()?;
    /// let job = CrossTenantMigrationJobCreate::of_users("Alderwood wave 3", source_tenant, cutover, users);
    /// match client.create_job(&job).await {
    ///     Ok(created) => println!("created {:?}", created.value().id),
    ///     Err(error) if error.has_code("duplicateDisplayNameJob") => println!("there is one of this name"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when a required property is empty; 422
    /// with the inner code `duplicateDisplayNameJob` when the name is taken, or
    /// `minThresholdFailed` when the date has passed; see [`Error::has_code`].
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/migrationsroot-post-crosstenantmigrationjobs)
    pub async fn create_job(
        &self,
        job: &CrossTenantMigrationJobCreate,
    ) -> Result<Response<CrossTenantMigrationJob>, Error> {
        self.call(
            &operations::CREATE_JOB,
            check::job(job),
            |bare| async move { bare.create_job(job).await },
            judgement::object,
        )
        .await
    }

    /// Gets a job with its status, without its users.
    ///
    /// # Errors
    ///
    /// Any refusal, and everything that keeps an answer from coming; see [`Error`].
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationjob-get)
    pub async fn get_job(
        &self,
        job: &str,
        options: GetOptions,
    ) -> Result<Response<CrossTenantMigrationJob>, Error> {
        let options = &options;
        self.call(
            &operations::GET_JOB,
            check::segment("the job", job),
            |bare| async move {
                bare.get_job(job, comma_list(&options.select).as_deref())
                    .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Changes when a job may cut over, the only thing about it that can be changed.
    ///
    /// The documents disagree on a date in the past: the newest takes it as already due, another
    /// refuses it with 422.
    ///
    /// # Errors
    ///
    /// 422 with the inner code `minThresholdFailed` when the service insists on the future.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationjob-update)
    pub async fn update_job(
        &self,
        job: &str,
        complete_after: DateTimeOffset,
    ) -> Result<Response<()>, Error> {
        let update = CrossTenantMigrationJobUpdate {
            complete_after_date_time: complete_after,
        };
        let update = &update;
        self.call(
            &operations::UPDATE_JOB,
            check::segment("the job", job)
                .and(check::complete_after(&update.complete_after_date_time)),
            |bare| async move { bare.update_job(job, update).await },
            judgement::nothing,
        )
        .await
    }

    /// Deletes a job that has reached a final status, and its data.
    ///
    /// # Errors
    ///
    /// Any refusal but 409, which is [`DeleteOutcome::NotFinal`].
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/migrationsroot-delete-crosstenantmigrationjobs)
    pub async fn delete_job(&self, job: &str) -> Result<DeleteOutcome, Error> {
        self.call(
            &operations::DELETE_JOB,
            check::segment("the job", job),
            |bare| async move { bare.delete_job(job).await },
            judgement::delete,
        )
        .await
    }

    /// Asks the service to cancel a job.
    ///
    /// An acceptance is not the end: the job goes to `pendingCancel` and later to `cancelled`, and
    /// users whose mailbox has cut over are not brought back.
    ///
    /// # Errors
    ///
    /// Any refusal but 409, which [`CancelOutcome`] tells apart.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationjob-cancel)
    pub async fn cancel_job(&self, job: &str) -> Result<CancelOutcome, Error> {
        self.call(
            &operations::CANCEL_JOB,
            check::segment("the job", job),
            |bare| async move { bare.cancel_job(job).await },
            judgement::cancel_job,
        )
        .await
    }

    /// Starts the validation of a job, which moves nothing.
    ///
    /// Poll the job until `validatePassed` or `validateFailed`.
    ///
    /// # Errors
    ///
    /// Any refusal but 409, which is an outcome; 404 when there is no such job.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationjob-validate)
    pub async fn validate_job(&self, job: &str) -> Result<StartOutcome, Error> {
        self.call(
            &operations::VALIDATE_JOB,
            check::segment("the job", job),
            |bare| async move { bare.validate_job(job).await },
            judgement::start,
        )
        .await
    }

    /// Starts the migration of a validated job, or retries one that failed.
    ///
    /// Poll the job until `completed`, `completedWithErrors`, `failed` or `cancelled`.
    ///
    /// ```no_run
    /// use msgraph_migrations::StartOutcome;
    ///
    /// # async fn example(client: &msgraph_migrations::Client) -> Result<(), msgraph_migrations::Error> {
    /// match client.migrate_job("Alderwood wave 3").await? {
    ///     StartOutcome::Started(job) => println!("started: {:?}", job.value().status),
    ///     StartOutcome::ValidationExpired(_) => println!("validate it again"),
    ///     StartOutcome::InvalidStatus(refusal) => println!("not now: {:?}", refusal.current_status()),
    ///     StartOutcome::Undetermined(refusal) => println!("read the job: {refusal}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Any refusal but 409, which is an outcome; 404 when there is no such job.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationjob-migrate)
    pub async fn migrate_job(&self, job: &str) -> Result<StartOutcome, Error> {
        self.call(
            &operations::MIGRATE_JOB,
            check::segment("the job", job),
            |bare| async move { bare.migrate_job(job).await },
            judgement::start,
        )
        .await
    }

    /// Lists the users of a job and the status of each workload, one page at a time.
    ///
    /// An item that contradicts the documents loses only its odd part; see [`Response::deviations`].
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use msgraph_migrations::ListOptions;
    ///
    /// # async fn example(client: &msgraph_migrations::Client) -> Result<(), msgraph_migrations::Error> {
    /// // One page; `client.users(…)` goes on to the last.
    /// let page = client.list_users("Alderwood wave 3", ListOptions::new().top(100)).await?;
    /// println!("{} users on the first page", page.value().value.len());
    ///
    /// let mut users = client.users("Alderwood wave 3", ListOptions::new());
    /// while let Some(user) = users.try_next().await? {
    ///     println!("{:?}: {:?}", user.id, user.current_status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Any refusal, and everything that keeps an answer from coming; see [`Error`].
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationjob-list-users)
    pub async fn list_users(
        &self,
        job: &str,
        options: ListOptions,
    ) -> Result<Response<CrossTenantMigrationTaskCollectionResponse>, Error> {
        let options = &options;
        self.call(
            &operations::LIST_USERS,
            check::segment("the job", job),
            |bare| async move {
                let (select, order_by) =
                    (comma_list(&options.select), comma_list(&options.order_by));
                bare.list_users(
                    job,
                    options.count,
                    order_by.as_deref(),
                    select.as_deref(),
                    options.skip_token.as_deref(),
                    options.top.map(i32::from),
                )
                .await
            },
            judgement::read_collection,
        )
        .await
    }

    /// Gets one user of a job and the status of each workload.
    ///
    /// # Errors
    ///
    /// Any refusal, and everything that keeps an answer from coming; see [`Error`].
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationtask-get)
    pub async fn get_user(
        &self,
        job: &str,
        user: &str,
        options: GetOptions,
    ) -> Result<Response<CrossTenantMigrationTask>, Error> {
        let options = &options;
        self.call(
            &operations::GET_USER,
            check::segment("the job", job).and(check::segment("the user", user)),
            |bare| async move {
                bare.get_user(job, user, comma_list(&options.select).as_deref())
                    .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Takes one user out of a job and asks the service to cancel that user's migration.
    ///
    /// ```no_run
    /// use msgraph_migrations::CancelOutcome;
    ///
    /// # async fn example(client: &msgraph_migrations::Client) -> Result<(), msgraph_migrations::Error> {
    /// let user = "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754";
    /// match client.cancel_user("Alderwood wave 3", user).await? {
    ///     CancelOutcome::Accepted(_) => println!("being cancelled; the others go on"),
    ///     CancelOutcome::TooLate { status, .. } => println!("TOO LATE, it goes on: {status}"),
    ///     other => println!("{other}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Any refusal but 409, which [`CancelOutcome`] tells apart; 404 when there is no such job, or the
    /// user is not in it.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/crosstenantmigrationtask-cancel)
    pub async fn cancel_user(&self, job: &str, user: &str) -> Result<CancelOutcome, Error> {
        self.call(
            &operations::CANCEL_USER,
            check::segment("the job", job).and(check::segment("the user", user)),
            |bare| async move { bare.cancel_user(job, user).await },
            judgement::cancel_user,
        )
        .await
    }
}
