//! A job from its creation to its deletion, with every call that comes too early or too late.

use std::error::Error;
use std::time::Duration;

use msgraph_migrations::models::{CrossTenantMigrationJob, CrossTenantMigrationJobStatus};
use msgraph_migrations::{Client, GetOptions};
use msgraph_migrations_sandbox::{PastCompleteAfter, Sandbox, Settings};

use crate::Rehearsal;
use crate::new_job::new_job;
use crate::seen::Seen;
use crate::table::Table;

const JOB: &str = "Alderwood wave 3";
const FORGOTTEN: &str = "Alderwood wave 4";
const NO_JOB: &str = "Alderwood wave 99";

pub async fn walk(rehearsal: &mut Rehearsal) -> Result<(), Box<dyn Error>> {
    let Rehearsal {
        client,
        sandbox,
        table,
    } = rehearsal;
    create(client, sandbox, table).await;
    validate(client, sandbox, table).await?;
    migrate(client, sandbox, table).await?;
    update(client, sandbox, table).await?;
    cut_over(client, sandbox, table).await?;
    delete(client, sandbox, table).await?;
    migrate_too_late(client, sandbox, table).await
}

async fn create(client: &Client, sandbox: &Sandbox, table: &mut Table) {
    table.heading("The life of a job: create");
    let job = new_job(JOB, sandbox, Duration::from_hours(4));
    let seen = Seen::response(client.create_job(&job).await, status);
    table.add("create_job", seen, 201, "Response");

    let seen = Seen::response(client.create_job(&job).await, status);
    table.add(
        "create_job, the name is taken",
        seen,
        422,
        "Error, ErrorKind::Refused",
    );
}

async fn validate(
    client: &Client,
    sandbox: &Sandbox,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    table.heading("Validate");
    let seen = Seen::start(client.validate_job(NO_JOB).await);
    table.add(
        "validate_job, no such job",
        seen,
        404,
        "Error, ErrorKind::Refused",
    );

    let seen = Seen::start(client.validate_job(JOB).await);
    table.add("validate_job", seen, 200, "StartOutcome::Started");

    let seen = Seen::start(client.validate_job(JOB).await);
    table.add(
        "validate_job, again",
        seen,
        409,
        "StartOutcome::InvalidStatus",
    );

    let seen = Seen::start(client.migrate_job(JOB).await);
    table.add(
        "migrate_job, not validated yet",
        seen,
        409,
        "StartOutcome::InvalidStatus",
    );
    reach(
        client,
        sandbox,
        JOB,
        CrossTenantMigrationJobStatus::ValidatePassed,
    )
    .await
}

async fn migrate(
    client: &Client,
    sandbox: &Sandbox,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    table.heading("Migrate");
    let seen = Seen::start(client.migrate_job(NO_JOB).await);
    table.add(
        "migrate_job, no such job",
        seen,
        404,
        "Error, ErrorKind::Refused",
    );

    let seen = Seen::start(client.migrate_job(JOB).await);
    table.add("migrate_job", seen, 200, "StartOutcome::Started");
    reach(
        client,
        sandbox,
        JOB,
        CrossTenantMigrationJobStatus::InProgress,
    )
    .await
}

async fn update(
    client: &Client,
    sandbox: &Sandbox,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    table.heading("Update");
    let tonight = sandbox.now() + Duration::from_hours(2);
    let seen = Seen::response(client.update_job(JOB, tonight.try_into()?).await, |()| {
        "it cuts over at the new time".to_owned()
    });
    table.add("update_job", seen, 204, "Response");

    // By the newest page a time in the past counts as already due; an older one has it refused.
    let newest = sandbox.settings();
    sandbox.set_settings(Settings {
        past_complete_after: PastCompleteAfter::Refuse,
        ..newest.clone()
    })?;
    let earlier = sandbox.now() - Duration::from_hours(2);
    let seen = Seen::response(client.update_job(JOB, earlier.try_into()?).await, |()| {
        "it is already due".to_owned()
    });
    table.add(
        "update_job, to the past",
        seen,
        422,
        "Error, ErrorKind::Refused",
    );
    sandbox.set_settings(newest)?;
    Ok(())
}

async fn cut_over(
    client: &Client,
    sandbox: &Sandbox,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    table.heading("Too late to cancel");
    reach(
        client,
        sandbox,
        JOB,
        CrossTenantMigrationJobStatus::CuttingOver,
    )
    .await?;
    let seen = Seen::cancellation(client.cancel_job(JOB).await);
    table.add(
        "cancel_job, mailboxes cut over",
        seen,
        409,
        "CancelOutcome::TooLate",
    );
    Ok(())
}

async fn delete(
    client: &Client,
    sandbox: &Sandbox,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    table.heading("Delete");
    let seen = Seen::deletion(client.delete_job(JOB).await);
    table.add(
        "delete_job, not ended yet",
        seen,
        409,
        "DeleteOutcome::NotFinal",
    );
    reach(
        client,
        sandbox,
        JOB,
        CrossTenantMigrationJobStatus::Completed,
    )
    .await?;

    let seen = Seen::deletion(client.delete_job(JOB).await);
    table.add("delete_job", seen, 202, "DeleteOutcome::Accepted");

    let seen = Seen::response(client.get_job(JOB, GetOptions::new()).await, status);
    table.add("get_job", seen, 200, "Response");
    Ok(())
}

async fn migrate_too_late(
    client: &Client,
    sandbox: &Sandbox,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    table.heading("A job that was forgotten");
    let job = new_job(FORGOTTEN, sandbox, Duration::from_hours(24 * 30));
    client.create_job(&job).await?;
    let seen = Seen::start(client.validate_job(FORGOTTEN).await);
    table.add("validate_job", seen, 200, "StartOutcome::Started");

    sandbox.advance(Duration::from_hours(24 * 8))?;
    let seen = Seen::start(client.migrate_job(FORGOTTEN).await);
    table.add(
        "migrate_job, eight days later",
        seen,
        409,
        "StartOutcome::ValidationExpired",
    );
    Ok(())
}

fn status(job: &CrossTenantMigrationJob) -> String {
    match &job.status {
        Some(status) => format!("it is {status}"),
        None => "the answer does not tell its status".to_owned(),
    }
}

/// Polls a job until it has a status; instead of waiting, it moves the sandbox's clock.
async fn reach(
    client: &Client,
    sandbox: &Sandbox,
    job: &str,
    wanted: CrossTenantMigrationJobStatus,
) -> Result<(), Box<dyn Error>> {
    const POLLS: u32 = 100;
    let mut last = None;
    for _ in 0..POLLS {
        let answer = client.get_job(job, GetOptions::new()).await?;
        last = answer.into_value().status;
        if last.as_ref() == Some(&wanted) {
            return Ok(());
        }
        sandbox.advance(Duration::from_mins(5))?;
    }
    let last = last.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
    Err(format!("{job} is not {wanted} after {POLLS} polls but {last}").into())
}
