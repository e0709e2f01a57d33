//! Carrying a migration on from any status, after crashes, under faults.

use std::time::Duration;

use msgraph_migrations::RetryPolicy;
use msgraph_migrations::models::CrossTenantMigrationJobCreate;
use msgraph_migrations_sandbox::{Fault, FaultRule, JobStatus, RetryAfter, Sandbox, UserOutcome};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{JobRunEnd, MigrateOptions};
use msgraph_migrations_workflows::reconciliation::ReadBack;

use crate::support::calls::new_job;
use crate::waiting::{as_time_passes, client_builder, options, start};

fn wave() -> CrossTenantMigrationJobCreate {
    let mut job = new_job();
    job.complete_after_date_time = "2026-01-12T08:00:00Z".parse().expect("a time");
    job.resources = (1..=3)
        .map(|number| format!("84c0d5ab-7e21-4936-bf1a-{number:012}"))
        .collect();
    job
}

fn migrate_options() -> MigrateOptions {
    let read_back = ReadBack::default().first_wait(Duration::from_millis(1));
    MigrateOptions::new().wait(&options()).read_back(read_back)
}

fn effects(sandbox: &Sandbox) -> [u64; 3] {
    ["createJob", "validateJob", "migrateJob"].map(|id| sandbox.effects(id))
}

#[tokio::test]
async fn from_every_status_it_goes_on_and_starts_only_what_is_left() {
    for status in JobStatus::ALL {
        let status = status.as_str();
        if matches!(status, "approved" | "adminActionRequired") {
            // The sandbox keeps a job in these for ever, as nobody has described where they lead.
            continue;
        }
        for retry in [false, true] {
            let (sandbox, client) = start(Sandbox::builder()).await;
            client.create_job(&wave()).await.expect("a job");
            sandbox
                .set_job_status(&wave().display_name, status)
                .expect("a status");
            let before = effects(&sandbox);
            let options = if retry {
                migrate_options().retry_failed()
            } else {
                migrate_options()
            };
            let workflows = Workflows::new(client);
            let job = wave();
            let run = as_time_passes(&sandbox, workflows.migrate_job_to_end(&job, &options)).await;
            let run = run.expect("a report");
            let (validations, migrations) = match status {
                "submitted" => (1, 1),
                "validateFailed" => (u64::from(retry), u64::from(retry)),
                "validateSubmitted" | "validateProcessing" | "validateInProgress"
                | "validatePassed" => (0, 1),
                "completedWithErrors" | "failed" => (0, u64::from(retry)),
                _ => (0, 0),
            };
            let ended = effects(&sandbox);
            assert_eq!(
                [
                    ended[0] - before[0],
                    ended[1] - before[1],
                    ended[2] - before[2]
                ],
                [0, validations, migrations],
                "{status}, retry {retry}: {run}"
            );
            let is_as_expected = matches!(
                (status, retry, &run.end),
                ("pendingCancel" | "cancelled", _, JobRunEnd::Cancelled)
                    | ("pendingDelete" | "deleted", _, JobRunEnd::Elsewhere)
                    | ("validateFailed", false, JobRunEnd::ValidationFailed)
                    | ("failed", false, JobRunEnd::Failed)
                    | ("completedWithErrors", false, JobRunEnd::CompletedWithErrors)
                    | (_, _, JobRunEnd::Completed)
            );
            assert!(is_as_expected, "{status}, retry {retry}: {run}");
            // Once more changes nothing.
            let options = migrate_options();
            let again = as_time_passes(&sandbox, workflows.migrate_job_to_end(&job, &options));
            let _ = again.await.expect("a report");
            assert_eq!(effects(&sandbox), ended, "{status}, retry {retry}");
        }
    }
}

#[tokio::test]
async fn a_validation_that_expired_is_asked_for_again_if_the_service_lets_it_be() {
    for may_revalidate in [true, false] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let mut settings = sandbox.settings();
        settings.revalidate_expired = may_revalidate;
        sandbox.set_settings(settings).expect("settings");
        client.create_job(&wave()).await.expect("a job");
        sandbox
            .set_job_status(&wave().display_name, "validatePassed")
            .expect("a status");
        sandbox
            .advance(Duration::from_hours(8 * 24))
            .expect("time passes");
        let job = wave();
        let workflows = Workflows::new(client);
        let options = migrate_options();
        let run = as_time_passes(&sandbox, workflows.migrate_job_to_end(&job, &options)).await;
        let run = run.expect("a report");
        match run.end {
            JobRunEnd::Completed => assert!(may_revalidate, "{run}"),
            JobRunEnd::ValidationExpired(_) => assert!(!may_revalidate, "{run}"),
            _ => panic!("{run}"),
        }
    }
}

/// Seeded faults of every kind, and a caller that dies at random and begins again.
#[tokio::test]
async fn whatever_goes_wrong_and_however_often_it_is_begun_again_nothing_is_doubled() {
    let mut crashes = 0;
    for seed in 0..24 {
        let soon = RetryAfter::Fraction(0.002);
        let fault = |fault, probability| FaultRule::new("*", fault).with_probability(probability);
        let sandbox = Sandbox::builder()
            .seed(seed)
            .faults(vec![
                fault(Fault::DropAfterEffect, 0.12),
                fault(Fault::DropBeforeEffect, 0.12),
                fault(Fault::GatewayTimeout { after_effect: true }, 0.08),
                fault(Fault::Throttle { retry_after: soon }, 0.03),
                fault(Fault::TruncateBody { well_framed: true }, 0.05),
                fault(Fault::EmptyBody, 0.05),
                fault(Fault::OddCasing, 0.2),
                fault(Fault::UnknownMembers, 0.2),
            ])
            .start()
            .await
            .expect("a sandbox");
        let fails = seed % 3 == 0;
        if fails {
            sandbox
                .set_user_outcome(&wave().resources[0], UserOutcome::fails())
                .expect("a user");
        }
        let client = client_builder(&sandbox)
            .retry(RetryPolicy::default().base_delay(Duration::from_millis(1)))
            .build()
            .expect("a client");
        let workflows = Workflows::new(client);
        let job = wave();
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut begun: u64 = 0;
        let run = loop {
            begun += 1;
            assert!(begun < 60, "seed {seed}: it never ends");
            let options = migrate_options();
            let migration = as_time_passes(&sandbox, workflows.migrate_job_to_end(&job, &options));
            // Dropping the future is what a crash leaves behind: whatever was sent may still arrive.
            let life = Duration::from_millis(dice.u64(5..400) * begun);
            match tokio::time::timeout(life, migration).await {
                Ok(Ok(run)) => break run,
                Ok(Err(error)) => assert!(error.was_sent(), "seed {seed}: {error}"),
                Err(_) => crashes += 1,
            }
        };
        match &run.end {
            JobRunEnd::Completed => assert!(!fails, "seed {seed}: {run}"),
            JobRunEnd::CompletedWithErrors => assert!(fails, "seed {seed}: {run}"),
            _ => panic!("seed {seed}: {run}"),
        }
        assert_eq!(effects(&sandbox), [1, 1, 1], "seed {seed}: {run}");
    }
    println!("{crashes} crashes in 24 migrations");
    assert!(crashes > 0);
}
