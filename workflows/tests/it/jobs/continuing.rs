//! Carrying a migration on from any status, after crashes, under faults.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use msgraph_migrations::models::{CrossTenantMigrationJob, CrossTenantMigrationJobCreate};
use msgraph_migrations::{CallOptions, RetryPolicy};
use msgraph_migrations_sandbox::{Fault, FaultRule, JobStatus, RetryAfter, Sandbox, UserOutcome};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{
    JobGoal, JobRunEnd, JobStep, MigrateOptions, StepEnd, StepGuard,
};
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

#[tokio::test]
async fn a_job_goes_as_far_as_its_goal_and_no_further() {
    for (goal, sent) in [
        (JobGoal::Created, [1, 0, 0]),
        (JobGoal::Validated, [1, 1, 0]),
        (JobGoal::Migrating, [1, 1, 1]),
        (JobGoal::Migrated, [1, 1, 1]),
    ] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let workflows = Workflows::new(client);
        let job = wave();
        let options = migrate_options().up_to(goal);
        for _ in 0..2 {
            // Once more changes nothing.
            let run = as_time_passes(&sandbox, workflows.migrate_job_to_end(&job, &options)).await;
            let run = run.expect("a report");
            let is_reached = match &run.end {
                JobRunEnd::Reached(reached) => *reached == goal,
                JobRunEnd::Completed => goal > JobGoal::Validated,
                _ => false,
            };
            assert!(is_reached, "{goal:?}: {run}");
            assert_eq!(effects(&sandbox), sent, "{goal:?}");
        }
    }
}

/// Allows some steps, and notes what it is asked and told.
struct Guard {
    allowed: Vec<JobStep>,
    heard: Mutex<Vec<String>>,
}

impl StepGuard for Guard {
    fn allow(&self, step: JobStep, job: Option<&CrossTenantMigrationJob>) -> Option<CallOptions> {
        let heard = format!("{step:?} of {}?", job.is_some());
        self.heard.lock().expect("no panic").push(heard);
        let id = format!("5b0f3a52-7f2c-4a0e-9a55-00000000000{}", step as u8);
        self.allowed
            .contains(&step)
            .then(|| CallOptions::new().client_request_id(id))
    }

    fn ended(&self, step: JobStep, end: StepEnd<'_>) {
        let end = match end {
            StepEnd::Done(_) => "done",
            StepEnd::FoundDone(_) => "found done",
            StepEnd::NotDone(_) => "not done",
            StepEnd::Unknown(_) => "unknown",
        };
        let heard = format!("{step:?}: {end}");
        self.heard.lock().expect("no panic").push(heard);
    }
}

#[tokio::test]
async fn a_guard_is_asked_before_each_request_told_what_became_of_it_and_can_stop_it() {
    use JobStep::{Create, Migrate, Validate};
    for (allowed, end, heard) in [
        (vec![], Some(Create), "Create of false?"),
        (
            vec![Create],
            Some(Validate),
            "Create of false? Create: done Validate of true?",
        ),
        (
            vec![Create, Validate],
            Some(Migrate),
            "Create of false? Create: done Validate of true? Validate: found done Migrate of true?",
        ),
        (
            vec![Create, Validate, Migrate],
            None,
            "Create of false? Create: done Validate of true? Validate: found done Migrate of true? Migrate: done",
        ),
    ] {
        let (sandbox, client) = start(Sandbox::builder().faults(vec![
            FaultRule::new("validateJob", Fault::DropAfterEffect).times(1),
        ]))
        .await;
        let workflows = Workflows::new(client);
        let guard = Arc::new(Guard {
            allowed: allowed.clone(),
            heard: Mutex::default(),
        });
        let options = migrate_options().guard(Arc::clone(&guard) as Arc<dyn StepGuard>);
        let job = wave();
        let run = as_time_passes(&sandbox, workflows.migrate_job_to_end(&job, &options)).await;
        let run = run.expect("a report");
        match (&run.end, end) {
            (JobRunEnd::NotAllowed(step), Some(expected)) => assert_eq!(*step, expected, "{run}"),
            (JobRunEnd::Completed, None) => {}
            _ => panic!("{allowed:?}: {run}"),
        }
        assert_eq!(guard.heard.lock().expect("no panic").join(" "), heard);
        assert_eq!(
            effects(&sandbox).iter().sum::<u64>(),
            u64::try_from(allowed.len()).expect("few")
        );
        // Each is sent by the options that the guard gave for it.
        for step in allowed {
            let id = format!("5b0f3a52-7f2c-4a0e-9a55-00000000000{}", step as u8);
            let is_sent = |request: &&msgraph_migrations_sandbox::RequestEntry| {
                request.client_request_id.as_deref() == Some(&id) && request.effect.is_some()
            };
            assert_eq!(
                sandbox.requests().iter().filter(is_sent).count(),
                1,
                "{step:?}"
            );
        }
    }
}
