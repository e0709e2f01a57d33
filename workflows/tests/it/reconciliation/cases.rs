//! Each documented case once, on the sandbox.

use std::time::Duration;

use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobStatus as Status,
    SharePointSiteMigrationTaskParameters, SharePointUserMigrationTaskParameters,
};
use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, DateTimeOffset, ErrorKind, RetryPolicy,
};
use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox, Settings};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::reconciliation::{ReadBack, Resolved, Sighting};

use crate::support::calls;

/// A sandbox with a job, and a client that repeats nothing.
struct Room {
    sandbox: Sandbox,
    client: Client,
    workflows: Workflows,
    job: String,
}

impl Room {
    async fn with(status: &str) -> Self {
        Self::with_settings(status, Settings::default()).await
    }

    async fn with_settings(status: &str, settings: Settings) -> Self {
        let sandbox = Sandbox::builder().settings(settings).start().await;
        let sandbox = sandbox.expect("a sandbox");
        let job = sandbox.preload_jobs(1, 2).expect("a job").remove(0);
        sandbox.set_job_status(&job, status).expect("a status");
        let client = Client::builder(AccessToken::new("a-token").expect("a token"))
            .endpoint(sandbox.base_url())
            .retry(RetryPolicy::never())
            .build()
            .expect("a client");
        Self {
            sandbox,
            workflows: Workflows::new(client.clone()),
            client,
            job,
        }
    }

    fn fault(&self, operation: &str, fault: Fault) {
        self.faults(vec![FaultRule::new(operation, fault)]);
    }

    fn faults(&self, rules: Vec<FaultRule>) {
        self.sandbox.set_faults(rules).expect("fault rules");
    }

    /// The operations that were requested, in order.
    fn requested(&self) -> Vec<String> {
        let operation = |entry: msgraph_migrations_sandbox::RequestEntry| entry.operation;
        self.sandbox
            .requests()
            .into_iter()
            .filter_map(operation)
            .collect()
    }
}

fn policy() -> ReadBack {
    ReadBack::default()
        .max_reads(3)
        .first_wait(Duration::from_millis(1))
}

fn status(state: &Sighting<CrossTenantMigrationJob>) -> Option<&Status> {
    state.present()?.status.as_ref()
}

#[tokio::test]
async fn an_action_whose_answer_is_lost_is_found_by_reading_and_not_sent_again() {
    let room = Room::with("inProgress").await;
    room.fault("cancelJob", Fault::DropAfterEffect);
    let resolved = room
        .workflows
        .reading_back(policy())
        .cancel_job(&room.job)
        .await;
    let Ok(Resolved::TookEffect { state, error }) = resolved else {
        panic!("{resolved:?}");
    };
    assert_eq!(status(&state), Some(&Status::PendingCancel));
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(room.requested(), ["getJob", "cancelJob", "getJob"]);
    assert_eq!(room.sandbox.effects("cancelJob"), 1);
}

#[tokio::test]
async fn an_action_that_was_not_seen_to_take_effect_stays_unknown() {
    let room = Room::with("inProgress").await;
    room.fault("cancelJob", Fault::DropBeforeEffect);
    let resolved = room
        .workflows
        .reading_back(policy())
        .cancel_job(&room.job)
        .await;
    let text = resolved
        .as_ref()
        .map(ToString::to_string)
        .expect("an outcome");
    let Ok(Resolved::Unknown {
        last_seen: Some(last_seen),
        error,
        reading: None,
    }) = resolved
    else {
        panic!("{resolved:?}");
    };
    assert_eq!(status(&last_seen), Some(&Status::InProgress));
    assert_eq!(
        text,
        format!("still unknown whether it took effect ({error}); the state does not tell")
    );
    assert_eq!(
        room.requested(),
        ["getJob", "cancelJob", "getJob", "getJob", "getJob"]
    );
}

#[tokio::test]
async fn an_action_that_the_state_did_not_allow_is_ruled_out() {
    for (start, action) in [
        ("cuttingOver", "cancel"),
        ("completed", "cancel"),
        ("cancelled", "cancel"),
        ("pendingCancel", "cancel"),
        ("completed", "validate"),
        ("validateFailed", "migrate"),
        ("pendingDelete", "delete"),
    ] {
        let room = Room::with(start).await;
        room.faults(
            ["cancelJob", "validateJob", "migrateJob", "deleteJob"]
                .map(|operation| {
                    FaultRule::new(operation, Fault::BadGateway { after_effect: true })
                })
                .into(),
        );
        let safe = room.workflows.reading_back(policy());
        let state = match action {
            "cancel" => ruled_out(safe.cancel_job(&room.job).await),
            "validate" => ruled_out(safe.validate_job(&room.job).await),
            "migrate" => ruled_out(safe.migrate_job(&room.job).await),
            _ => ruled_out(safe.delete_job(&room.job).await),
        };
        assert_eq!(
            status(&state).map(Status::as_str),
            Some(start),
            "{action} of {start}"
        );
        assert_eq!(room.requested().len(), 3, "{action} of {start}");
    }
}

#[track_caller]
fn ruled_out<T: std::fmt::Debug, S: std::fmt::Debug>(
    resolved: Result<Resolved<T, S>, msgraph_migrations::Error>,
) -> S {
    match resolved {
        Ok(Resolved::RuledOut { state, .. }) => state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_is_handed_on_and_nothing_is_read_back() {
    for start in ["inProgress", "cuttingOver"] {
        let room = Room::with(start).await;
        let resolved = room
            .workflows
            .reading_back(policy())
            .cancel_job(&room.job)
            .await;
        match (start, resolved) {
            ("inProgress", Ok(Resolved::Answered(CancelOutcome::Accepted(_))))
            | ("cuttingOver", Ok(Resolved::Answered(CancelOutcome::TooLate { .. }))) => {}
            (_, other) => panic!("{start}: {other:?}"),
        }
        assert_eq!(room.requested(), ["getJob", "cancelJob"]);
    }
}

#[tokio::test]
async fn an_action_that_certainly_had_no_effect_stays_an_error() {
    let room = Room::with("inProgress").await;
    let unknown = "a6b1f0c2-5d3e-4b78-9c1f-2e4d6a8b0c13";
    let error = room
        .workflows
        .reading_back(policy())
        .cancel_job(unknown)
        .await;
    let error = error.expect_err("there is no such job");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_eq!(room.requested(), ["getJob", "cancelJob"]);

    let error = room.workflows.reading_back(policy()).cancel_job("").await;
    let error = error.expect_err("there is no such address");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(room.requested().len(), 2);
}

#[tokio::test]
async fn without_reading_back_an_action_fails_as_ever() {
    let room = Room::with("inProgress").await;
    room.fault("cancelJob", Fault::DropAfterEffect);
    let error = room.client.cancel_job(&room.job).await.expect_err("lost");
    assert!(error.may_have_taken_effect());
    assert_eq!(room.requested(), ["cancelJob"]);

    let safe = room.workflows.reading_back(policy().max_reads(0));
    let resolved = safe.cancel_job(&room.job).await;
    assert!(
        matches!(
            resolved,
            Ok(Resolved::Unknown {
                last_seen: None,
                ..
            })
        ),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn readings_that_fail_end_in_unknown_and_both_errors_are_named() {
    let room = Room::with("inProgress").await;
    room.faults(vec![
        FaultRule::new("cancelJob", Fault::DropAfterEffect),
        FaultRule::new(
            "getJob",
            Fault::InternalServerError {
                after_effect: false,
            },
        )
        .after(1),
    ]);
    let resolved = room
        .workflows
        .reading_back(policy())
        .cancel_job(&room.job)
        .await;
    let text = resolved
        .as_ref()
        .map(ToString::to_string)
        .expect("an outcome");
    let Ok(Resolved::Unknown {
        last_seen: None,
        error,
        reading: Some(reading),
    }) = resolved
    else {
        panic!("{resolved:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(reading.status().map(|status| status.as_u16()), Some(500));
    assert!(text.contains(&error.to_string()), "{text}");
    assert!(text.contains(&reading.to_string()), "{text}");
    assert_eq!(room.requested().len(), 5);
}

#[tokio::test]
async fn a_reading_that_succeeds_after_others_failed_tells() {
    let room = Room::with("inProgress").await;
    let fails_twice = FaultRule::new("getJob", Fault::DropBeforeEffect).after(1);
    room.faults(vec![
        FaultRule::new("cancelJob", Fault::DropAfterEffect),
        fails_twice.times(2),
    ]);
    let resolved = room
        .workflows
        .reading_back(policy())
        .cancel_job(&room.job)
        .await;
    assert!(
        matches!(resolved, Ok(Resolved::TookEffect { .. })),
        "{resolved:?}"
    );
}

#[tokio::test]
async fn an_action_is_sent_even_if_the_state_before_cannot_be_read() {
    let room = Room::with("inProgress").await;
    room.faults(vec![
        FaultRule::new("cancelJob", Fault::DropAfterEffect),
        FaultRule::new("getJob", Fault::DropBeforeEffect).times(1),
    ]);
    let resolved = room
        .workflows
        .reading_back(policy())
        .cancel_job(&room.job)
        .await;
    // It is cancelled, but nobody can say since when.
    let Ok(Resolved::Unknown {
        last_seen: Some(last_seen),
        reading: Some(_),
        ..
    }) = resolved
    else {
        panic!("{resolved:?}");
    };
    assert_eq!(status(&last_seen), Some(&Status::PendingCancel));
    assert_eq!(room.sandbox.effects("cancelJob"), 1);
}

#[tokio::test]
async fn the_display_name_stands_for_the_id() {
    let room = Room::with("validatePassed").await;
    let name = room.sandbox.job(&room.job).expect("the job").display_name;
    room.fault("migrateJob", Fault::TruncateBody { well_framed: true });
    let resolved = room
        .workflows
        .reading_back(policy())
        .migrate_job(&name)
        .await;
    let Ok(Resolved::TookEffect { state, error }) = resolved else {
        panic!("{resolved:?}");
    };
    assert_eq!(status(&state), Some(&Status::Processing));
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}

#[tokio::test]
async fn a_deleted_job_is_told_whether_it_is_still_shown_or_not() {
    for deleted_jobs_vanish in [false, true] {
        let mut settings = Settings {
            deleted_jobs_vanish,
            ..Settings::default()
        };
        settings.timings.deleting = 0;
        let room = Room::with_settings("cancelled", settings).await;
        room.fault("deleteJob", Fault::DropAfterEffect);
        let resolved = room
            .workflows
            .reading_back(policy())
            .delete_job(&room.job)
            .await;
        let Ok(Resolved::TookEffect { state, .. }) = resolved else {
            panic!("{resolved:?}");
        };
        assert_eq!(state == Sighting::Absent, deleted_jobs_vanish);
    }
}

#[tokio::test]
async fn a_created_job_is_found_by_its_name() {
    let room = Room::with("submitted").await;
    room.fault("createJob", Fault::DropAfterEffect);
    let job = calls::new_job();
    let resolved = room.workflows.reading_back(policy()).create_job(&job).await;
    let Ok(Resolved::TookEffect { state, .. }) = resolved else {
        panic!("{resolved:?}");
    };
    let created = state.into_present().expect("the job");
    assert_eq!(created.display_name.as_ref(), Some(&job.display_name));
    assert_eq!(room.requested(), ["getJob", "createJob", "getJob"]);
    assert_eq!(room.sandbox.jobs().len(), 2);
}

#[tokio::test]
async fn a_job_whose_name_was_taken_before_was_not_created() {
    let room = Room::with("inProgress").await;
    room.fault("createJob", Fault::BadGateway { after_effect: true });
    let taken = room.sandbox.job(&room.job).expect("the job");
    let mut job = calls::new_job();
    job.display_name = taken.display_name;
    job.complete_after_date_time =
        DateTimeOffset::try_from(taken.complete_after).expect("a year that can be written");
    let state = ruled_out(room.workflows.reading_back(policy()).create_job(&job).await);
    assert_eq!(state.into_present().and_then(|job| job.id), Some(room.job));
}

#[tokio::test]
async fn a_sharepoint_task_is_found_by_its_source_only_if_there_was_none_before() {
    let room = Room::with("submitted").await;
    room.fault("createSharepointTask", Fault::DropAfterEffect);
    let site = |target: &str| {
        SharePointSiteMigrationTaskParameters::new()
            .source_site_url("https://alderwood.sharepoint.example/sites/Finance")
            .target_site_url(target)
    };
    let finance = || site("https://harborlane.sharepoint.example/sites/Finance");
    let safe = room.workflows.reading_back(policy());
    let first = safe.create_sharepoint_task(finance()).await;
    assert!(
        matches!(first, Ok(Resolved::TookEffect { .. })),
        "{first:?}"
    );
    // Which of several the service returns is not documented.
    let second = safe.create_sharepoint_task(finance()).await;
    assert!(matches!(second, Ok(Resolved::Unknown { .. })), "{second:?}");
    assert_eq!(room.sandbox.effects("createSharepointTask"), 2);
}

#[tokio::test]
async fn a_sharepoint_task_that_leaves_nothing_to_be_found_is_not_looked_for() {
    let room = Room::with_settings(
        "submitted",
        Settings {
            require_identity_map: false,
            ..Settings::default()
        },
    )
    .await;
    room.fault("createSharepointTask", Fault::DropAfterEffect);
    let by_id = |name: &str| msgraph_migrations::models::UserIdentity::of_id(name);
    for parameters in [
        calls::new_task().validate_only(true),
        SharePointUserMigrationTaskParameters::new()
            .source_user_identity(by_id(calls::USER))
            .target_user_identity(by_id(calls::JOB)),
    ] {
        let resolved = room.workflows.reading_back(policy());
        let resolved = resolved.create_sharepoint_task(parameters).await;
        let Ok(Resolved::Unknown {
            last_seen: None,
            reading: None,
            ..
        }) = resolved
        else {
            panic!("{resolved:?}");
        };
    }
    assert_eq!(
        room.requested(),
        ["createSharepointTask", "createSharepointTask"]
    );
}

#[tokio::test]
async fn dropping_the_future_stops_reading() {
    let room = Room::with("inProgress").await;
    room.fault("cancelJob", Fault::DropBeforeEffect);
    // It would go on for a long time.
    let policy = policy()
        .max_reads(10_000)
        .max_wait(Duration::from_millis(1));
    let safe = room.workflows.reading_back(policy);
    let some_readings = async {
        while room.requested().len() < 6 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        resolved = safe.cancel_job(&room.job) => panic!("{resolved:?}"),
        () = some_readings => {}
    }
    let sent = room.requested().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // One may have been on its way.
    assert!(room.requested().len() <= sent + 1);
}

#[test]
fn the_futures_can_be_sent_to_another_thread() {
    fn can_be_sent<T: Send>(_: &T) {}
    let client = Client::new("a-token").expect("a client");
    let workflows = Workflows::new(client.clone());
    let safe = workflows.reading_back(ReadBack::default());
    can_be_sent(&safe.cancel_job("a job"));
    can_be_sent(&safe.cancel_user("a job", "a user"));
    can_be_sent(&safe.validate_job("a job"));
    can_be_sent(&safe.migrate_job("a job"));
    can_be_sent(&safe.delete_job("a job"));
    can_be_sent(&safe.create_job(&calls::new_job()));
    can_be_sent(&safe.cancel_sharepoint_task("a task"));
    can_be_sent(&safe.create_sharepoint_task(calls::new_task()));
}
