//! Many jobs and many tasks.

use futures_util::TryStreamExt;
use msgraph_migrations::models::SharePointMigrationTaskParameters;
use msgraph_migrations::{CancelOutcome, DeleteOutcome, StartOutcome};
use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Record};
use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved};

use super::{client, record_for};
use crate::support::calls::{new_job, new_task};

fn options() -> BulkOptions {
    let read_back = ReadBack::default()
        .first_wait(std::time::Duration::from_millis(1))
        .max_reads(3);
    BulkOptions::new().read_back(read_back)
}

#[tokio::test]
async fn thirty_jobs_are_created_validated_migrated_cancelled_and_deleted_though_answers_are_lost()
{
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let lost = ["createJob", "validateJob", "cancelJob", "deleteJob"]
        .map(|operation| FaultRule::new(operation, Fault::DropAfterEffect).every(5));
    sandbox.set_faults(lost.into()).expect("rules");
    let workflows = Workflows::new(client(&sandbox));
    let names: Vec<_> = (0..30).map(|number| format!("wave {number}")).collect();
    let jobs = names.iter().map(|name| {
        let mut job = new_job();
        job.display_name = name.clone();
        job
    });
    let created: Vec<_> = workflows
        .create_jobs(jobs, options())
        .try_collect()
        .await
        .expect("nothing stops it");
    let found = created
        .iter()
        .filter(|item| matches!(item.outcome, Ok(Resolved::TookEffect { .. })))
        .count();
    assert_eq!((created.len(), found), (30, 6));
    let validated: Vec<_> = workflows
        .validate_jobs(&names, options())
        .try_collect()
        .await
        .expect("nothing stops it");
    for item in &validated {
        assert!(
            matches!(
                item.outcome,
                Ok(Resolved::Answered(StartOutcome::Started(_)) | Resolved::TookEffect { .. })
            ),
            "{item:?}"
        );
    }
    for name in &names {
        sandbox
            .set_job_status(name, "validatePassed")
            .expect("a status");
    }
    let record = record_for(&sandbox, &names[0]).await;
    for expected in [30, 0] {
        let migrated: Vec<_> = workflows
            .migrate_jobs(&names, options().record(&record))
            .try_collect()
            .await
            .expect("nothing stops it");
        assert_eq!(
            migrated.len(),
            expected,
            "the record has those that were started"
        );
    }
    let cancelled: Vec<_> = workflows
        .cancel_jobs(&names, options())
        .try_collect()
        .await
        .expect("nothing stops it");
    for item in &cancelled {
        assert!(
            matches!(
                item.outcome,
                Ok(Resolved::Answered(CancelOutcome::Accepted(_)) | Resolved::TookEffect { .. })
            ),
            "{item:?}"
        );
    }
    for name in &names {
        sandbox.set_job_status(name, "cancelled").expect("a status");
    }
    let deleted: Vec<_> = workflows
        .delete_jobs(&names, options())
        .try_collect()
        .await
        .expect("nothing stops it");
    for item in &deleted {
        assert!(
            matches!(
                item.outcome,
                Ok(Resolved::Answered(DeleteOutcome::Accepted(_)) | Resolved::TookEffect { .. })
            ),
            "{item:?}"
        );
    }
    let effects = [
        "createJob",
        "validateJob",
        "migrateJob",
        "cancelJob",
        "deleteJob",
    ]
    .map(|operation| sandbox.effects(operation));
    assert_eq!(effects, [30; 5], "each exactly once");
}

#[tokio::test]
async fn sharepoint_tasks_are_created_once_each_and_watched() {
    let builder = Sandbox::builder().require_identity_map(false);
    let sandbox = builder.start().await.expect("a sandbox");
    let workflows = Workflows::new(client(&sandbox));
    let record = Record::in_memory(&sandbox.base_url(), super::TENANT);
    let tasks = || {
        (0..12).map(|number| {
            let mut task = new_task();
            if let Some(user) = &mut task.source_user_identity {
                user.user_principal_name = Some(format!("person{number}@alderwood.example"));
            }
            SharePointMigrationTaskParameters::from(task)
        })
    };
    let mut ids = Vec::new();
    for expected in [12, 0] {
        let created: Vec<_> = workflows
            .create_sharepoint_tasks(tasks(), options().record(&record))
            .try_collect()
            .await
            .expect("nothing stops it");
        assert_eq!(created.len(), expected);
        ids.extend(created.into_iter().filter_map(|item| match item.outcome {
            Ok(Resolved::Answered(task)) => task.into_value().id,
            _ => None,
        }));
    }
    assert_eq!(ids.len(), 12);
    sandbox
        .advance(std::time::Duration::from_hours(2))
        .expect("time passes");
    let options = crate::waiting::options();
    let ends = workflows.watch_sharepoint_tasks(ids, &options).await;
    assert_eq!(ends.expect("ends").len(), 12);
}
