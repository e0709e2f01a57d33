//! A thousand seeded runs of every action, each held against what really happened.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;
use msgraph_migrations::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCreate, SharePointSiteMigrationTaskParameters,
};
use msgraph_migrations::{
    CancelOutcome, Client, DateTimeOffset, DeleteOutcome, Error, StartOutcome,
};
use msgraph_migrations_sandbox::{Fault, FaultRule, JobStatus, RequestEntry};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::reconciliation::{Resolved, Sighting};

use super::stage::{DAY, Stage, fault_of_action, faults_of_readings, pauses, policy};

const RUNS: usize = 1_000;
const SHAREPOINT_RUNS: usize = 400;
/// Each batch has a sandbox of its own, which settles differently what the documents leave open.
const BATCHES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    CancelJob,
    CancelUser,
    Validate,
    Migrate,
    Create,
    Delete,
    CancelTask,
    CreateTask,
}

impl Act {
    /// The operation that acts, the one that reads, and the status that its effect leads to.
    fn operations(self) -> (&'static str, &'static str, Option<JobStatus>) {
        match self {
            Self::CancelJob => ("cancelJob", "getJob", Some(JobStatus::PendingCancel)),
            Self::CancelUser => ("cancelUser", "getUser", None),
            Self::Validate => ("validateJob", "getJob", Some(JobStatus::ValidateSubmitted)),
            Self::Migrate => ("migrateJob", "getJob", Some(JobStatus::Processing)),
            Self::Create => ("createJob", "getJob", None),
            Self::Delete => ("deleteJob", "getJob", Some(JobStatus::PendingDelete)),
            Self::CancelTask => ("cancelSharepointTask", "getSharepointTask", None),
            Self::CreateTask => (
                "createSharepointTask",
                "getSharepointTaskBySourceSiteUrl",
                None,
            ),
        }
    }
}

impl Act {
    /// The statuses of a job in which the action makes sense.
    fn starts_from(self) -> &'static [&'static str] {
        match self {
            Self::CancelJob | Self::CancelUser => &[
                "submitted",
                "validateInProgress",
                "validatePassed",
                "validateFailed",
                "processing",
                "inProgress",
            ],
            Self::Validate => &["submitted", "validateFailed"],
            Self::Migrate => &["validatePassed", "completedWithErrors", "failed"],
            Self::Delete => &["completed", "completedWithErrors", "failed", "cancelled"],
            Self::Create | Self::CancelTask | Self::CreateTask => &["submitted", "deleted"],
        }
    }
}

/// What the caller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Answered {
        took_effect: bool,
    },
    TookEffect,
    RuledOut,
    Unknown,
    /// An error that had no effect for certain.
    Failed,
}

fn told<T, S>(
    result: Result<Resolved<T, Sighting<S>>, Error>,
    took_effect: impl FnOnce(&T) -> bool,
    is_meant: impl FnOnce(&S) -> bool,
) -> Told {
    match result {
        Ok(Resolved::Answered(answer)) => Told::Answered {
            took_effect: took_effect(&answer),
        },
        Ok(Resolved::TookEffect { state, error }) => {
            assert!(error.may_have_taken_effect(), "{error}");
            assert!(state.present().is_none_or(is_meant), "the state of another");
            Told::TookEffect
        }
        Ok(Resolved::RuledOut { state, error }) => {
            assert!(error.may_have_taken_effect(), "{error}");
            assert!(state.present().is_none_or(is_meant), "the state of another");
            Told::RuledOut
        }
        Ok(Resolved::Unknown { error, .. }) => {
            assert!(error.may_have_taken_effect(), "{error}");
            Told::Unknown
        }
        Err(error) => {
            assert!(!error.may_have_taken_effect(), "{error}");
            Told::Failed
        }
    }
}

fn is_accepted(outcome: &CancelOutcome) -> bool {
    matches!(outcome, CancelOutcome::Accepted(_))
}

fn is_started(outcome: &StartOutcome) -> bool {
    matches!(outcome, StartOutcome::Started(_))
}

/// What a run is about, besides the action.
struct Scene {
    id: String,
    /// The id of the job or its display name.
    key: String,
    user: String,
    task: Option<String>,
    site: String,
    new_job: CrossTenantMigrationJobCreate,
}

impl Scene {
    async fn set(act: Act, stage: &Stage, client: &Client, rng: &mut Rng) -> Self {
        let sandbox = &stage.sandbox;
        let id = sandbox.preload_jobs(1, 2).expect("a job").remove(0);
        let job = sandbox.job(&id).expect("the job");
        let status = match act.starts_from() {
            likely if rng.bool() => *rng.choice(likely).expect("a status"),
            _ => rng.choice(JobStatus::ALL).expect("a status").as_str(),
        };
        sandbox.set_job_status(&id, status).expect("a status");
        let name = job.display_name;
        let key = if rng.bool() { id.clone() } else { name.clone() };
        let user = job.users[0].id.clone();
        let site = format!("https://alderwood.sharepoint.example/sites/{id}");
        let task = match act {
            Act::CancelUser if rng.u8(..100) < 15 => {
                // Somebody cancelled the user long ago, if that was possible.
                let _ = client.cancel_user(&key, &user).await;
                None
            }
            Act::CancelTask => {
                let created = client.create_sharepoint_task(move_of(&site)).await;
                let age = *rng.choice(&[0, 0, 200, 1_000, DAY]).expect("an age");
                let task = created.expect("a task").into_value().id.expect("an id");
                if rng.u8(..100) < 15 {
                    let _ = client.cancel_sharepoint_task(&task).await;
                }
                sandbox.advance(Duration::from_secs(age)).expect("time");
                Some(task)
            }
            Act::CreateTask if rng.u8(..100) < 25 => {
                let created = client.create_sharepoint_task(move_of(&site)).await;
                created.expect("a task").into_value().id
            }
            _ => None,
        };
        let new_job = CrossTenantMigrationJobCreate::of_users(
            // A name that is taken by a job of the same kind, or perhaps free again, or new.
            if rng.u8(..100) < 30 {
                name
            } else {
                format!("Wave {id}")
            },
            "6f1d4c02-83be-47a5-9d10-52e7c8b0a936",
            DateTimeOffset::try_from(job.complete_after).expect("a year that can be written"),
            [&user],
        )
        .workloads(["Teams"]);
        Self {
            id,
            key,
            user,
            task,
            site,
            new_job,
        }
    }

    fn task(&self) -> &str {
        self.task.as_deref().expect("a task")
    }

    async fn act(&self, act: Act, client: &Client) -> Told {
        let workflows = Workflows::new(client.clone());
        let safe = workflows.reading_back(policy());
        let is_job = |found: &CrossTenantMigrationJob| found.id.as_ref() == Some(&self.id);
        match act {
            Act::CancelJob => told(safe.cancel_job(&self.key).await, is_accepted, is_job),
            Act::CancelUser => told(
                safe.cancel_user(&self.key, &self.user).await,
                is_accepted,
                |found| found.id.as_ref() == Some(&self.user),
            ),
            Act::Validate => told(safe.validate_job(&self.key).await, is_started, is_job),
            Act::Migrate => told(safe.migrate_job(&self.key).await, is_started, is_job),
            Act::Delete => told(
                safe.delete_job(&self.key).await,
                |outcome| matches!(outcome, DeleteOutcome::Accepted(_)),
                is_job,
            ),
            Act::Create => told(
                safe.create_job(&self.new_job).await,
                |_| true,
                |found| found.display_name.as_ref() == Some(&self.new_job.display_name),
            ),
            Act::CancelTask => told(
                safe.cancel_sharepoint_task(self.task()).await,
                is_accepted,
                |found| found.id.as_deref() == Some(self.task()),
            ),
            Act::CreateTask => told(
                safe.create_sharepoint_task(move_of(&self.site)).await,
                |_| true,
                |found| found.id.is_some() && found.id != self.task,
            ),
        }
    }

    /// The request that was lost on the way arrives after all; its answer reaches nobody.
    async fn arrive_late(&self, act: Act, client: &Client) {
        match act {
            Act::CancelJob => drop(client.cancel_job(&self.key).await),
            Act::CancelUser => drop(client.cancel_user(&self.key, &self.user).await),
            Act::Validate => drop(client.validate_job(&self.key).await),
            Act::Migrate => drop(client.migrate_job(&self.key).await),
            Act::Delete => drop(client.delete_job(&self.key).await),
            Act::Create => drop(client.create_job(&self.new_job).await),
            Act::CancelTask => drop(client.cancel_sharepoint_task(self.task()).await),
            Act::CreateTask => drop(client.create_sharepoint_task(move_of(&self.site)).await),
        }
    }
}

/// Sets the scene, and then does what the run is about with the faults in place.
///
/// With `late`, the request of the action arrives, once more than it was seen to, after so many requests.
async fn play(
    act: Act,
    stage: &Stage,
    rng: &mut Rng,
    rules: Vec<FaultRule>,
    late: Option<usize>,
) -> (Told, String) {
    // A client learns a pace from being throttled, which is not for the other runs.
    let is_throttled = |rule: &FaultRule| matches!(rule.fault, Fault::Throttle { .. });
    let client = if rules.iter().any(is_throttled) {
        stage.patient_client()
    } else {
        stage.client.clone()
    };
    let scene = Scene::set(act, stage, &client, rng).await;
    stage.take_log();
    stage.sandbox.set_faults(rules).expect("fault rules");
    stage.let_pass(pauses(rng));

    let is_told = Cell::new(false);
    let acting = async {
        let told = scene.act(act, &client).await;
        is_told.set(true);
        told
    };
    let arriving = async {
        if let Some(requests) = late {
            while stage.requests() < requests && !is_told.get() {
                tokio::task::yield_now().await;
            }
            scene.arrive_late(act, &stage.client).await;
        }
    };
    let (told, ()) = tokio::join!(acting, arriving);
    stage.sandbox.set_faults(Vec::new()).expect("no rules");
    stage.let_pass(VecDeque::new());
    (told, scene.id)
}

fn move_of(site: &str) -> SharePointSiteMigrationTaskParameters {
    SharePointSiteMigrationTaskParameters::new()
        .source_site_url(site)
        .target_site_url("https://harborlane.sharepoint.example/sites/moved")
}

#[derive(Default)]
struct Tally {
    told: BTreeMap<Told, usize>,
    effects: u64,
    /// Those of them that came late.
    late: usize,
    /// Runs whose answer was lost after the effect, with readings that succeed.
    lost_after: usize,
    /// Those of them that were told so.
    found_after: usize,
}

async fn run_all(act: Act, runs: usize) -> Tally {
    let (operation, reading, leads_to) = act.operations();
    let mut tally = Tally::default();
    for batch in 0..BATCHES {
        let stage = Stage::start(batch).await;
        for run in 0..runs / BATCHES {
            let seed = (batch * runs + run) as u64;
            let mut rng = Rng::with_seed(seed);
            let fault = fault_of_action(&mut rng);
            let mut rules = faults_of_readings(&mut rng, reading);
            let reads_succeed = rules.is_empty();
            rules.extend(
                fault
                    .clone()
                    .map(|fault| FaultRule::new(operation, fault).times(1)),
            );
            let late =
                (fault == Some(Fault::DropBeforeEffect) && rng.bool()).then(|| rng.usize(2..=5));
            let before = stage.sandbox.effects(operation);
            let (told, job) = Box::pin(play(act, &stage, &mut rng, rules, late)).await;
            let entries: Vec<RequestEntry> = stage.take_log();
            let sent: Vec<&RequestEntry> = entries
                .iter()
                .filter(|entry| entry.operation.as_deref() == Some(operation))
                .collect();
            let effects = sent.iter().filter(|entry| entry.effect.is_some()).count();
            let case = || {
                format!("{act:?}, seed {seed}, {fault:?}, late {late:?}: {told:?}, {entries:#?}")
            };

            // The action was sent once, whatever happened, and so happened at most once.
            assert_eq!(sent.len(), 1 + usize::from(late.is_some()), "{}", case());
            assert!(effects <= 1, "{}", case());
            if let Some(status) = leads_to {
                let history = stage
                    .sandbox
                    .job(&job)
                    .map_or_else(Vec::new, |job| job.history);
                let moved = history
                    .iter()
                    .filter(|change| change.to == status && !change.forced)
                    .count();
                assert!(history.is_empty() || moved == effects, "{}", case());
            }
            if matches!(act, Act::CancelUser | Act::CancelTask | Act::CreateTask) {
                // The scene may have been set by the same operation.
                assert!(stage.sandbox.effects(operation) - before <= 2, "{}", case());
            } else {
                let total = stage.sandbox.effects(operation) - before;
                assert_eq!(total, effects as u64, "{}", case());
            }

            // What the caller was told is true.
            match told {
                Told::TookEffect => {
                    // By the time of the last reading, not only by now.
                    let last = |is: &dyn Fn(&RequestEntry) -> bool| entries.iter().rposition(is);
                    let effect = last(&|entry| {
                        entry.operation.as_deref() == Some(operation) && entry.effect.is_some()
                    });
                    let read = last(&|entry| entry.operation.as_deref() == Some(reading));
                    assert!(effect.is_some() && effect < read, "{}", case());
                }
                Told::RuledOut | Told::Failed => assert_eq!(effects, 0, "{}", case()),
                Told::Answered { took_effect } => {
                    assert_eq!(effects, usize::from(took_effect), "{}", case());
                }
                Told::Unknown => {}
            }
            *tally.told.entry(told).or_default() += 1;
            tally.late += usize::from(late.is_some() && effects == 1);
            tally.effects += effects as u64;
            let is_answered = matches!(told, Told::Answered { .. } | Told::Failed);
            if effects == 1 && !is_answered && reads_succeed && late.is_none() {
                tally.lost_after += 1;
                tally.found_after += usize::from(told == Told::TookEffect);
            }
        }
    }
    let count = |wanted: fn(&Told) -> bool| -> usize {
        let matching = tally.told.iter().filter(|(told, _)| wanted(told));
        matching.map(|(_, runs)| runs).sum()
    };
    println!(
        "{operation}: {runs} runs, {} with an effect ({} late), none doubled, nothing told wrongly; \
         answered {}, took effect {}, ruled out {}, unknown {}, failed for certain {}; \
         lost after the effect with good readings {}, of which found {}",
        tally.effects,
        tally.late,
        count(|told| matches!(told, Told::Answered { .. })),
        count(|told| *told == Told::TookEffect),
        count(|told| *told == Told::RuledOut),
        count(|told| *told == Told::Unknown),
        count(|told| *told == Told::Failed),
        tally.lost_after,
        tally.found_after,
    );
    assert_eq!(tally.told.values().sum::<usize>(), runs);
    tally
}

/// Runs the action so many times, and asks that reading back finds at least `found` percent of the
/// effects whose answer was lost while the state could be read.
async fn prove(act: Act, runs: usize, found: usize) {
    let tally = run_all(act, runs).await;
    assert!(
        tally.lost_after * 20 > runs,
        "too few to tell: {}",
        tally.lost_after
    );
    assert!(
        tally.found_after * 100 >= tally.lost_after * found,
        "{act:?}: only {} of {}",
        tally.found_after,
        tally.lost_after
    );
    assert!(tally.told.contains_key(&Told::TookEffect), "{act:?}");
    assert!(tally.told.contains_key(&Told::Unknown), "{act:?}");
    assert!(
        act == Act::CreateTask || tally.told.contains_key(&Told::RuledOut),
        "{act:?}"
    );
}

#[tokio::test]
async fn a_job_is_never_cancelled_twice_nor_misreported_in_a_thousand_runs() {
    prove(Act::CancelJob, RUNS, 95).await;
}

#[tokio::test]
async fn a_user_is_never_cancelled_twice_nor_misreported_in_a_thousand_runs() {
    prove(Act::CancelUser, RUNS, 90).await;
}

#[tokio::test]
async fn a_validation_is_never_started_twice_nor_misreported_in_a_thousand_runs() {
    prove(Act::Validate, RUNS, 90).await;
}

#[tokio::test]
async fn a_migration_is_never_started_twice_nor_misreported_in_a_thousand_runs() {
    prove(Act::Migrate, RUNS, 90).await;
}

#[tokio::test]
async fn a_job_is_never_created_twice_nor_misreported_in_a_thousand_runs() {
    prove(Act::Create, RUNS, 95).await;
}

#[tokio::test]
async fn a_job_is_never_deleted_twice_nor_misreported_in_a_thousand_runs() {
    prove(Act::Delete, RUNS, 90).await;
}

#[tokio::test]
async fn a_sharepoint_task_is_never_cancelled_twice_nor_misreported() {
    prove(Act::CancelTask, SHAREPOINT_RUNS, 95).await;
}

#[tokio::test]
async fn a_sharepoint_task_is_never_created_twice_nor_misreported() {
    prove(Act::CreateTask, SHAREPOINT_RUNS, 50).await;
}
