//! Cancelling the move of a OneDrive.

use std::error::Error;
use std::time::Duration;

use msgraph_migrations::Client;
use msgraph_migrations::models::{
    SharePointIdentityMappingUserType, SharePointUserIdentityMappingDeltaItem,
    SharePointUserMigrationTaskParameters, UserIdentity,
};
use msgraph_migrations_sandbox::Settings;

use crate::Rehearsal;
use crate::new_job::SOURCE_TENANT;
use crate::seen::Seen;

const NO_TASK: &str = "7ce1a4d2-95b3-4f08-8a6c-d31f072e4b59";

pub async fn walk(rehearsal: &mut Rehearsal) -> Result<(), Box<dyn Error>> {
    let Rehearsal {
        client,
        sandbox,
        table,
    } = rehearsal;
    table.heading("Cancel a SharePoint task");
    let waiting = new_task(client, "ines.moreau").await?;
    let moving = new_task(client, "tomas.lindqvist").await?;

    let seen = Seen::task_cancellation(client.cancel_sharepoint_task(&waiting).await);
    table.add(
        "cancel_sharepoint_task",
        seen,
        204,
        "CancelOutcome::Accepted",
    );

    // The sandbox picks a task up after five minutes of its own time and moves it in thirty.
    sandbox.advance(Duration::from_mins(10))?;
    let seen = Seen::task_cancellation(client.cancel_sharepoint_task(&moving).await);
    table.add(
        "cancel_sharepoint_task, once it moves",
        seen,
        409,
        "CancelOutcome::TooLate",
    );

    let seen = Seen::task_cancellation(client.cancel_sharepoint_task(&waiting).await);
    table.add(
        "cancel_sharepoint_task, again",
        seen,
        409,
        "CancelOutcome::AlreadyFinal",
    );

    // The service answers a request without the id with 400. The client does not let it come to
    // that: nothing is sent.
    let seen = Seen::task_cancellation(client.cancel_sharepoint_task("").await);
    table.add(
        "cancel_sharepoint_task, no id",
        seen,
        None,
        "Error, ErrorKind::InvalidRequest",
    );

    let seen = Seen::task_cancellation(client.cancel_sharepoint_task(" ").await);
    table.add(
        "cancel_sharepoint_task, a blank id",
        seen,
        400,
        "Error, ErrorKind::Refused",
    );

    let seen = Seen::task_cancellation(client.cancel_sharepoint_task(NO_TASK).await);
    table.add(
        "cancel_sharepoint_task, no such task",
        seen,
        404,
        "Error, ErrorKind::Refused",
    );

    // In the sandbox the tenants trust each other unless it is set otherwise.
    let trusting = sandbox.settings();
    sandbox.set_settings(Settings {
        trust_established: false,
        ..trusting.clone()
    })?;
    let seen = Seen::task_cancellation(client.cancel_sharepoint_task(&moving).await);
    table.add(
        "cancel_sharepoint_task, no trust",
        seen,
        422,
        "Error, ErrorKind::Refused",
    );
    sandbox.set_settings(trusting)?;
    Ok(())
}

/// Maps a user to the target tenant, which a move needs, and creates the task that moves the
/// user's OneDrive.
async fn new_task(client: &Client, user: &str) -> Result<String, Box<dyn Error>> {
    let source = format!("{user}@alderwood.example");
    let target = format!("{user}@harborlane.example");
    let mapping = SharePointUserIdentityMappingDeltaItem::upsert(SOURCE_TENANT, &source, &target)
        .user_type(SharePointIdentityMappingUserType::RegularUser);
    client.update_user_mappings(vec![mapping]).await?;

    let task = client
        .create_sharepoint_task(
            SharePointUserMigrationTaskParameters::new()
                .source_user_identity(UserIdentity::of_user_principal_name(source))
                .target_user_identity(UserIdentity::of_user_principal_name(target))
                .target_organization_host("https://harborlane-my.sharepoint.example"),
        )
        .await?;
    let id = task.into_value().id;
    id.ok_or_else(|| "the service gave the task no id".into())
}
