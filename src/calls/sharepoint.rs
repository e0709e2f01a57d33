//! Calls about SharePoint migration tasks.

use crate::answers::error::Error;
use crate::answers::judgement;
use crate::answers::outcome::CancelOutcome;
use crate::answers::response::Response;
use crate::calls::options::{GetOptions, comma_list};
use crate::calls::request_check as check;
use crate::client::Client;
use crate::models::generated::operations;
use crate::models::{
    SharePointMigrationTask, SharePointMigrationTaskCreate, SharePointMigrationTaskParameters,
};

/// Calls about moves of a OneDrive, a site or a group-connected site, on the source tenant; beta
/// only.
impl Client {
    /// Creates a task that moves what `parameters` names.
    ///
    /// With `validate_only` nothing moves: the answer is `completed` at once and has no id.
    ///
    /// ```no_run
    /// use msgraph_migrations::models::{SharePointUserMigrationTaskParameters, UserIdentity};
    ///
    /// # async fn example(client: &msgraph_migrations::Client) -> Result<(), msgraph_migrations::Error> {
    /// let onedrive = SharePointUserMigrationTaskParameters::new()
    ///     .source_user_identity(UserIdentity::of_user_principal_name("ines@alderwood.example"))
    ///     .target_user_identity(UserIdentity::of_user_principal_name("ines@harborlane.example"));
    /// let task = client.create_sharepoint_task(onedrive).await?;
    /// println!("created {:?}", task.value().id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the latest start is not later than
    /// the start; 422 when the trust between the tenants, the source OneDrive or the identity map
    /// entry is missing; 501 when both tenants share a SharePoint farm.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointmigrationtask-update)
    pub async fn create_sharepoint_task(
        &self,
        parameters: impl Into<SharePointMigrationTaskParameters> + Send,
    ) -> Result<Response<SharePointMigrationTask>, Error> {
        let task = SharePointMigrationTaskCreate {
            parameters: parameters.into(),
        };
        let task = &task;
        self.call(
            &operations::CREATE_SHAREPOINT_TASK,
            check::task(&task.parameters),
            |bare| async move { bare.create_sharepoint_task(task).await },
            judgement::object,
        )
        .await
    }

    /// Gets a task by its id.
    ///
    /// # Errors
    ///
    /// 404 when there is no such task; any other refusal, and everything that keeps an answer from
    /// coming.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointmigrationtask-get)
    pub async fn get_sharepoint_task(
        &self,
        task: &str,
        options: GetOptions,
    ) -> Result<Response<SharePointMigrationTask>, Error> {
        let options = &options;
        self.call(
            &operations::GET_SHAREPOINT_TASK,
            check::segment("the task", task),
            |bare| async move {
                bare.get_sharepoint_task(task, comma_list(&options.select).as_deref())
                    .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Finds the task that moves the OneDrive of a source user.
    ///
    /// # Errors
    ///
    /// 404 when there is no such task; any other refusal, and everything that keeps an answer from
    /// coming.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointmigrationtask-getbysourceuserprincipalname)
    pub async fn get_sharepoint_task_by_source_user_principal_name(
        &self,
        user_principal_name: &str,
        options: GetOptions,
    ) -> Result<Response<SharePointMigrationTask>, Error> {
        let options = &options;
        self.call(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_USER_PRINCIPAL_NAME,
            check::literal("the user principal name", user_principal_name),
            |bare| async move {
                bare.get_sharepoint_task_by_source_user_principal_name(
                    user_principal_name,
                    comma_list(&options.select).as_deref(),
                )
                .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Finds the task that moves a site.
    ///
    /// # Errors
    ///
    /// 404 when there is no such task; any other refusal, and everything that keeps an answer from
    /// coming.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointmigrationtask-getbysourcesiteurl)
    pub async fn get_sharepoint_task_by_source_site_url(
        &self,
        site_url: &str,
        options: GetOptions,
    ) -> Result<Response<SharePointMigrationTask>, Error> {
        let options = &options;
        self.call(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_SITE_URL,
            check::literal("the site address", site_url),
            |bare| async move {
                bare.get_sharepoint_task_by_source_site_url(
                    site_url,
                    comma_list(&options.select).as_deref(),
                )
                .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Finds the task that moves the site of a source group.
    ///
    /// # Errors
    ///
    /// 404 when there is no such task; any other refusal, and everything that keeps an answer from
    /// coming.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointmigrationtask-getbysourcegroupmailnickname)
    pub async fn get_sharepoint_task_by_source_group_mail_nickname(
        &self,
        mail_nickname: &str,
        options: GetOptions,
    ) -> Result<Response<SharePointMigrationTask>, Error> {
        let options = &options;
        self.call(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_GROUP_MAIL_NICKNAME,
            check::literal("the mail nickname", mail_nickname),
            |bare| async move {
                bare.get_sharepoint_task_by_source_group_mail_nickname(
                    mail_nickname,
                    comma_list(&options.select).as_deref(),
                )
                .await
            },
            judgement::read_object,
        )
        .await
    }

    /// Cancels a task that has not started.
    ///
    /// Here an acceptance is the end: 204 says that the task is cancelled.
    ///
    /// # Errors
    ///
    /// Any refusal but 409, which [`CancelOutcome`] tells apart; 404 when there is no such task.
    ///
    /// [Microsoft's documentation](https://learn.microsoft.com/graph/api/sharepointmigrationtask-cancel)
    pub async fn cancel_sharepoint_task(&self, task: &str) -> Result<CancelOutcome, Error> {
        self.call(
            &operations::CANCEL_SHAREPOINT_TASK,
            check::segment("the task", task),
            |bare| async move { bare.cancel_sharepoint_task(task).await },
            judgement::cancel_task,
        )
        .await
    }
}
