//! Creating, validating and migrating a job in one go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use msgraph_migrations::models::{CrossTenantMigrationJobCreate, CrossTenantMigrationJobStatus};
use msgraph_migrations::{Client, Error, RetryPolicy};
use msgraph_migrations_sandbox::{
    CreateStarts, Fault, FaultRule, RetryAfter, Sandbox, UserOutcome,
};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{JobRun, JobRunEnd, MigrateOptions};
use msgraph_migrations_workflows::reconciliation::ReadBack;

use crate::support::calls::new_job;
use crate::waiting::{as_time_passes, client_builder, options, stage, start, status};

fn wave(users: u32) -> CrossTenantMigrationJobCreate {
    let mut job = new_job();
    job.complete_after_date_time = "2026-01-12T08:00:00Z".parse().expect("a time");
    job.resources = (1..=users).map(user).collect();
    job
}

fn migrate_options() -> MigrateOptions {
    let read_back = ReadBack::default().first_wait(Duration::from_millis(1));
    MigrateOptions::new().wait(&options()).read_back(read_back)
}

fn user(number: u32) -> String {
    format!("84c0d5ab-7e21-4936-bf1a-{number:012}")
}

async fn run(
    sandbox: &Sandbox,
    client: &Client,
    job: &CrossTenantMigrationJobCreate,
) -> Result<JobRun, Error> {
    let options = migrate_options();
    let workflows = Workflows::new(client.clone());
    as_time_passes(sandbox, workflows.migrate_job_to_end(job, &options)).await
}

#[tokio::test]
async fn a_run_migrates_whatever_creation_starts_and_starts_nothing_twice() {
    for (starts, validations, migrations) in [
        (CreateStarts::Nothing, 1, 1),
        (CreateStarts::Validation, 0, 1),
        (CreateStarts::Migration, 0, 0),
    ] {
        let (sandbox, client) = start(Sandbox::builder().create_starts(starts)).await;
        let report = run(&sandbox, &client, &wave(25)).await.expect("a report");
        assert!(
            matches!(report.end, JobRunEnd::Completed),
            "{starts:?}: {report}"
        );
        assert_eq!(
            (report.report.users.read, report.report.users.problems.len()),
            (25, 0),
            "{report}"
        );
        let effects = ["createJob", "validateJob", "migrateJob"].map(|id| sandbox.effects(id));
        assert_eq!(effects, [1, validations, migrations], "{starts:?}");
        let text = report.to_string();
        assert!(text.starts_with("Alderwood wave 3 ("), "{text}");
        assert!(text.contains("): completed; status completed"), "{text}");
        assert!(text.contains("\n0 of 25 users have problems\n"), "{text}");
    }
}

#[tokio::test]
async fn a_validation_that_began_behind_ones_back_is_no_failure() {
    for (starts, migrations) in [(CreateStarts::Validation, 1), (CreateStarts::Migration, 0)] {
        let (sandbox, client) = start(Sandbox::builder().create_starts(starts)).await;
        // The answer to the creation does not tell what it started.
        let unheard_of = Fault::UnknownEnumValue {
            value: "awaitingReview".to_owned(),
        };
        let rule = FaultRule::new("createJob", unheard_of);
        sandbox.set_faults(vec![rule]).expect("a rule");
        let report = run(&sandbox, &client, &wave(1)).await.expect("a report");
        assert!(matches!(report.end, JobRunEnd::Completed), "{report}");
        let refused = sandbox
            .requests()
            .iter()
            .filter(|request| request.status == Some(409))
            .count();
        assert_eq!(
            refused, 0,
            "{starts:?}: the job is read before anything is asked of it"
        );
        assert_eq!(sandbox.effects("migrateJob"), migrations);
    }
}

#[tokio::test]
async fn a_validation_that_fails_is_a_report_with_every_problem_of_every_page() {
    for starts in [CreateStarts::Nothing, CreateStarts::Validation] {
        let (sandbox, client) = start(Sandbox::builder().create_starts(starts)).await;
        sandbox
            .set_user_outcome(&user(3), UserOutcome::is_invalid().in_workload("Teams"))
            .expect("a user");
        sandbox
            .set_user_outcome(&user(45), UserOutcome::is_unknown())
            .expect("a user");
        let mut job = wave(50);
        job.workloads = vec!["Teams".to_owned(), "ODSP".to_owned()];
        let report = run(&sandbox, &client, &job).await.expect("a report");
        assert!(
            matches!(report.end, JobRunEnd::ValidationFailed),
            "{report}"
        );
        assert_eq!(sandbox.effects("migrateJob"), 0);
        assert_eq!(
            (
                report.report.users.read,
                report.report.users.with_problems()
            ),
            (50, 2),
            "{report}"
        );
        let found: Vec<_> = report
            .report
            .users
            .problems
            .iter()
            .map(|problem| {
                let code = problem.errors[0].code.as_deref().unwrap_or_default();
                (
                    problem.user.clone(),
                    problem.workload.as_deref().unwrap_or_default(),
                    code,
                )
            })
            .collect();
        let expected = [
            (user(3), "Teams", "SANDBOX-001"),
            (user(45), "ODSP", "SANDBOX-002"),
            (user(45), "Teams", "SANDBOX-002"),
        ];
        assert_eq!(found, expected);
        let text = report.to_string();
        assert!(
            text.contains("THE VALIDATION FAILED, nothing was migrated"),
            "{text}"
        );
        assert!(text.contains("\n2 of 50 users have problems\n"), "{text}");
        assert_eq!(text.lines().count(), 2 + 2 + 2 + 3, "{text}");
    }
}

#[tokio::test]
async fn a_run_that_completes_with_errors_or_fails_tells_who_was_not_migrated() {
    for (fails, ends_well) in [(1, true), (3, false)] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        for number in 1..=fails {
            sandbox
                .set_user_outcome(&user(number), UserOutcome::fails_times(1))
                .expect("a user");
        }
        let job = wave(3);
        let report = run(&sandbox, &client, &job).await.expect("a report");
        match report.end {
            JobRunEnd::CompletedWithErrors => assert!(ends_well, "{report}"),
            JobRunEnd::Failed => assert!(!ends_well, "{report}"),
            _ => panic!("{report}"),
        }
        let users = usize::try_from(fails).expect("a small number");
        assert_eq!(report.report.users.with_problems(), users, "{report}");
        let options = options();
        let workflows = Workflows::new(client.clone());
        let retried = workflows.migrate_and_wait(&job.display_name, &options);
        let retried = as_time_passes(&sandbox, retried).await.expect("a report");
        assert!(matches!(retried.end, JobRunEnd::Completed), "{retried}");
        assert_eq!(retried.report.users.problems, []);
        assert_eq!(sandbox.effects("migrateJob"), 2);
    }
}

#[tokio::test]
async fn a_run_ends_with_whatever_others_do_to_the_job() {
    for (at, set, vanish, expected) in [
        (
            "validateInProgress",
            "cancelled",
            false,
            "cancelled; status cancelled",
        ),
        (
            "validateInProgress",
            "processing",
            false,
            "completed; status completed",
        ),
        (
            "validateInProgress",
            "failed",
            false,
            "FAILED; status failed",
        ),
        (
            "validateInProgress",
            "deleted",
            false,
            "it ended otherwise; status deleted",
        ),
        (
            "validateInProgress",
            "deleted",
            true,
            "it was deleted in the meantime",
        ),
        (
            "inProgress",
            "cancelled",
            false,
            "cancelled; status cancelled",
        ),
        (
            "inProgress",
            "pendingDelete",
            false,
            "it ended otherwise; status pendingDelete",
        ),
        (
            "inProgress",
            "deleted",
            true,
            "it was deleted in the meantime",
        ),
    ] {
        let (sandbox, client) = start(Sandbox::builder()).await;
        let mut settings = sandbox.settings();
        settings.deleted_jobs_vanish = vanish;
        // A deletion that is seen while it lasts.
        settings.timings.deleting = u32::MAX;
        sandbox.set_settings(settings).expect("settings");
        let sandbox = Arc::new(sandbox);
        let job = wave(2);
        let (room, name) = (Arc::clone(&sandbox), job.display_name.clone());
        let is_done = AtomicBool::new(false);
        let options = options().on_observation(move |seen| {
            let status = seen.state().map_or("", status);
            if status == at && !is_done.swap(true, Ordering::Relaxed) {
                room.set_job_status(&name, set).expect("a status");
            } else {
                room.advance(stage(status)).expect("time passes");
            }
        });
        let report = Workflows::new(client.clone())
            .migrate_job_to_end(&job, &migrate_options().wait(&options))
            .await
            .expect("a report");
        let text = report.to_string();
        assert!(text.contains(expected), "{at} -> {set}: {text}");
    }
}

#[tokio::test]
async fn a_deadline_ends_a_run_and_leaves_the_job_alone() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let options = options().deadline(Duration::from_millis(500));
    // Time stands still.
    let report = Workflows::new(client.clone())
        .migrate_job_to_end(&wave(2), &migrate_options().wait(&options))
        .await
        .expect("a report");
    assert!(matches!(report.end, JobRunEnd::DeadlinePassed), "{report}");
    let status = report
        .report
        .job
        .as_ref()
        .and_then(|job| job.status.as_ref());
    assert_eq!(
        status.map(CrossTenantMigrationJobStatus::as_str),
        Some("validateSubmitted")
    );
    assert_eq!(
        (report.report.users.read, sandbox.effects("cancelJob")),
        (0, 0)
    );
    let asked = sandbox.requests();
    let lists_users = |id: &str| id == "listUsers";
    let asked = asked
        .iter()
        .filter(|asked| asked.operation.as_deref().is_some_and(lists_users));
    assert_eq!(asked.count(), 0, "the time is over");
}

#[tokio::test]
async fn a_creation_that_is_refused_is_an_error_that_names_its_step() {
    let (sandbox, client) = start(Sandbox::builder().max_users_per_job(1)).await;
    let error = Workflows::new(client.clone())
        .migrate_job_to_end(&wave(2), &migrate_options())
        .await
        .expect_err("too many users");
    assert_eq!(
        error.operation().map(|operation| operation.id),
        Some("createJob")
    );
    assert_eq!(sandbox.effects("validateJob"), 0);
}

#[tokio::test]
async fn a_job_of_the_same_name_from_another_tenant_is_left_alone() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let mut other = wave(1);
    other.source_tenant_id = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596".to_owned();
    client.create_job(&other).await.expect("a job");
    let run = Workflows::new(client.clone())
        .migrate_job_to_end(&wave(1), &migrate_options())
        .await
        .expect("a report");
    assert!(matches!(run.end, JobRunEnd::NameTaken), "{run}");
    let effects = ["createJob", "validateJob", "migrateJob"].map(|id| sandbox.effects(id));
    assert_eq!(effects, [1, 0, 0]);
}

#[tokio::test]
async fn a_run_bears_faults_and_doubles_nothing() {
    let soon = RetryAfter::Fraction(0.002);
    for seed in 0..6 {
        let sandbox = Sandbox::builder()
            .seed(seed)
            .start()
            .await
            .expect("a free port");
        let client = client_builder(&sandbox)
            .retry(
                RetryPolicy::default()
                    .base_delay(Duration::from_millis(1))
                    .max_delay(Duration::from_millis(2)),
            )
            .build()
            .expect("a client");
        let unavailable = Fault::ServiceUnavailable {
            after_effect: false,
            retry_after: soon,
        };
        let mut rules = vec![
            FaultRule::new("*", unavailable).with_probability(0.1),
            FaultRule::new("*", Fault::OddCasing).with_probability(0.3),
            FaultRule::new("*", Fault::Throttle { retry_after: soon }).every(11),
        ];
        for operation in ["getJob", "listUsers"] {
            rules.push(FaultRule::new(operation, Fault::DropAfterEffect).with_probability(0.2));
        }
        for operation in ["validateJob", "migrateJob"] {
            rules.push(FaultRule::new(operation, Fault::DropAfterEffect).with_probability(0.5));
        }
        sandbox.set_faults(rules).expect("rules");
        sandbox
            .set_user_outcome(&user(44), UserOutcome::fails())
            .expect("a user");
        let report = run(&sandbox, &client, &wave(45)).await;
        let report = report.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(
            matches!(report.end, JobRunEnd::CompletedWithErrors),
            "{report}"
        );
        assert_eq!(
            (
                report.report.users.read,
                report.report.users.with_problems()
            ),
            (45, 1),
            "{report}"
        );
        let effects = ["createJob", "validateJob", "migrateJob"].map(|id| sandbox.effects(id));
        assert_eq!(effects, [1, 1, 1], "seed {seed}");
    }
}
