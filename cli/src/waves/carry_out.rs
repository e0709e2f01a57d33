//! Carries a plan out: each job as far as the file says, and the mappings before the first migration.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use msgraph_migrations::{Client, Error};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::jobs::{
    JobGoal, JobRun, JobRunEnd, JobStep, MigrateOptions, StepGuard,
};
use msgraph_migrations_workflows::reconciliation::ReadBack;
use msgraph_migrations_workflows::waiting::{Event as Sight, JobObservation, WaitOptions};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::format::Until;
use super::guard::{Gate, JobGuard};
use super::journal::{Event, How, Journal};
use super::mapping_run;
use super::plan::Act;
use super::plan_file::Plan;
use super::seen::instant;
use super::wanted::time;
use crate::exit::{Exit, Failure, exit_of, exit_of_end};
use crate::output::Output;

/// For how long a lost answer is read back.
pub const SETTLE_WITHIN: Duration = Duration::from_mins(2);

/// A lost answer is always looked for a little.
const MIN_SETTLE: Duration = Duration::from_secs(2);

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The shortest and the longest time between two looks.
    pub interval: (Duration, Duration),
    pub deadline: Option<Duration>,
    pub stalled_after: Duration,
    /// For how long a lost answer is read back.
    pub settle_within: Duration,
    /// How many times as fast as the clock on the wall the time of the service goes.
    pub speed: f64,
}

/// A plan that is being carried out.
pub struct Run<'a> {
    pub client: Client,
    pub plan: Arc<Plan>,
    pub gate: Gate,
    pub manner: Manner,
    pub output: &'a Output,
}

/// What came of a job.
#[derive(Debug)]
pub struct JobResult {
    pub name: String,
    pub text: String,
    pub exit: Exit,
    /// As it was last read.
    pub run: Option<JobRun>,
}

/// What came of a plan.
#[derive(Debug)]
pub struct Outcome {
    pub jobs: Vec<JobResult>,
    /// Why the mappings were not made, if they were not.
    pub mappings: Option<Failure>,
}

/// Why a job does not go on.
enum Stop {
    Ended(Box<JobRun>),
    Failed(Exit, String),
}

impl Run<'_> {
    /// Does what the plan shows and the journal does not have as done.
    pub async fn go(&self) -> Outcome {
        let mapped: OnceCell<Result<(), Failure>> = OnceCell::new();
        let deadline = self
            .manner
            .deadline
            .and_then(|deadline| Instant::now().checked_add(deadline));
        let jobs = (0..self.plan.wanted.jobs.len())
            .map(|index| Box::pin(self.job(index, deadline, &mapped)));
        let jobs = join_all(jobs).await;
        // Nobody may have come as far as to need them.
        let is_wanted = self
            .plan
            .wanted
            .jobs
            .iter()
            .any(|job| job.until >= Until::Mapped);
        let has_job = jobs.iter().any(|job| job.exit == Exit::Done);
        if is_wanted && has_job && mapped.get().is_none() {
            let _ = mapped.get_or_init(|| self.map(deadline)).await;
        }
        Outcome {
            jobs,
            mappings: mapped.into_inner().and_then(Result::err),
        }
    }

    async fn map(&self, deadline: Option<Instant>) -> Result<(), Failure> {
        Box::pin(mapping_run::run(
            &self.client,
            &self.plan,
            &self.gate,
            deadline,
            self.output,
        ))
        .await
    }

    async fn job(
        &self,
        index: usize,
        deadline: Option<Instant>,
        mapped: &OnceCell<Result<(), Failure>>,
    ) -> JobResult {
        let name = self.plan.wanted.jobs[index].name.clone();
        let result = |text: String, exit, run| JobResult {
            name: name.clone(),
            text,
            exit,
            run,
        };
        match self.stages(index, deadline, mapped).await {
            Ok(()) => result("nothing left to do".to_owned(), Exit::Done, None),
            Err(Stop::Failed(exit, why)) => result(why, exit, None),
            Err(Stop::Ended(run)) => {
                let exit = exit_of_end(&run.end);
                result(run.end.to_string(), exit, Some(*run))
            }
        }
    }

    async fn stages(
        &self,
        index: usize,
        deadline: Option<Instant>,
        mapped: &OnceCell<Result<(), Failure>>,
    ) -> Result<(), Stop> {
        let job = &self.plan.wanted.jobs[index];
        let is_planned = |act| self.plan.change(act, &job.name).is_some();
        if is_planned(Act::Postpone) {
            self.postpone(index).await?;
        }
        let goal = match job.until {
            Until::Created => JobGoal::Created,
            Until::Validated | Until::Mapped => JobGoal::Validated,
            Until::Migrating => JobGoal::Migrating,
            Until::Migrated => JobGoal::Migrated,
        };
        let has_steps =
            is_planned(Act::Create) || is_planned(Act::Validate) || is_planned(Act::Migrate);
        if !has_steps && goal != JobGoal::Migrated {
            return Ok(());
        }
        let guard = Arc::new(JobGuard::new(&self.plan, &self.gate, index));
        let first = self
            .see(index, goal.min(JobGoal::Validated), deadline, &guard)
            .await?;
        let goes_on = matches!(
            first.end,
            JobRunEnd::Reached(_) | JobRunEnd::Failed | JobRunEnd::CompletedWithErrors
        );
        if goal <= JobGoal::Validated || !goes_on {
            return Err(Stop::Ended(Box::new(first)));
        }
        if let Err(failure) = mapped.get_or_init(|| self.map(deadline)).await {
            let why = format!("NOT MIGRATED, since {}", failure.what);
            return Err(Stop::Failed(failure.exit, why));
        }
        let last = self.see(index, goal, deadline, &guard).await?;
        Err(Stop::Ended(Box::new(last)))
    }

    /// Sees a job through to a goal.
    async fn see(
        &self,
        index: usize,
        goal: JobGoal,
        deadline: Option<Instant>,
        guard: &Arc<JobGuard>,
    ) -> Result<JobRun, Stop> {
        let wanted = &self.plan.wanted.jobs[index];
        let new_job = wanted
            .new_job(&self.plan.wanted.source_tenant)
            .map_err(|failure| Stop::Failed(failure.exit, failure.what))?;
        let journal = Arc::clone(&self.gate.journal);
        let name = wanted.name.clone();
        let is_quiet = self.output.is_quiet();
        let speed = self.manner.speed;
        let (shortest, longest) = self.manner.interval;
        let mut wait = WaitOptions::new()
            .min_interval(shortest)
            .max_interval(longest)
            .stalled_after(self.manner.stalled_after)
            .on_observation(move |seen| observe(&journal, &name, seen, speed, is_quiet));
        if let Some(deadline) = deadline {
            wait = wait.deadline(deadline.saturating_duration_since(Instant::now()));
        }
        let retries = [Act::Validate, Act::Migrate]
            .into_iter()
            .any(|act| self.is_retry_left(act, &wanted.name));
        let settle = self.manner.settle_within;
        let settle = match deadline {
            // Whoever waits for so long does not wait longer for a lost answer.
            Some(deadline) => settle.min(
                deadline
                    .saturating_duration_since(Instant::now())
                    .max(MIN_SETTLE),
            ),
            None => settle,
        };
        let mut options = MigrateOptions::new()
            .wait(&wait)
            .read_back(ReadBack::default().settle_within(settle))
            .up_to(goal)
            .guard(Arc::clone(guard) as Arc<dyn StepGuard>);
        if retries {
            options = options.retry_failed();
        }
        let workflows = Workflows::new(self.client.clone());
        let ended = Box::pin(workflows.migrate_job_to_end(&new_job, &options)).await;
        match ended {
            Ok(run) => match &run.end {
                JobRunEnd::NotAllowed(step) => {
                    let (exit, why) = match guard.refused() {
                        Some(failure) => (failure.exit, failure.what),
                        None => (Exit::Refused, String::new()),
                    };
                    let what = match step {
                        JobStep::Create => "NOT CREATED",
                        JobStep::Validate => "NOT VALIDATED",
                        JobStep::Migrate => "NOT MIGRATED",
                    };
                    Err(Stop::Failed(exit, format!("{what}: {why}")))
                }
                _ => Ok(run),
            },
            Err(error) => Err(failed(&error)),
        }
    }

    /// Whether a retry is planned and not done.
    fn is_retry_left(&self, act: Act, job: &str) -> bool {
        let change = self.plan.change(act, job);
        change.is_some_and(|change| change.is_retry && !self.gate.journal.is_done(&change.id))
    }

    /// Moves the cutover of a job.
    async fn postpone(&self, index: usize) -> Result<(), Stop> {
        let wanted = &self.plan.wanted.jobs[index];
        let stop = |failure: Failure| Stop::Failed(failure.exit, failure.what);
        let change = self.plan.change(Act::Postpone, &wanted.name);
        let Some(change) = change.filter(|change| !self.gate.journal.is_done(&change.id)) else {
            return Ok(());
        };
        let Some(seen) = self.plan.seen.jobs.get(&wanted.name) else {
            return Ok(());
        };
        let time = time(&wanted.complete_after).map_err(stop)?;
        let client = self.client.with(self.gate.pass(&[change]).map_err(stop)?);
        let end = match Box::pin(client.update_job(&seen.id, time)).await {
            Ok(_) => Ok(How::Answered),
            Err(error) if error.may_have_taken_effect() => {
                // The answer was lost; the job itself tells.
                let get = self
                    .client
                    .get_job(&seen.id, msgraph_migrations::GetOptions::new());
                match Box::pin(get).await {
                    Ok(job) if is_at(job.value().complete_after_date_time.as_ref(), wanted) => {
                        Ok(How::ReadBack)
                    }
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        let event = match &end {
            Ok(how) => Event::Done {
                change: change.id.clone(),
                how: *how,
                job: Some(seen.id.clone()),
            },
            Err(error) if error.may_have_taken_effect() => Event::Unknown {
                change: change.id.clone(),
                why: error.to_string(),
            },
            Err(error) => Event::NotDone {
                change: change.id.clone(),
                why: error.to_string(),
            },
        };
        self.gate.journal.add(&[event]).map_err(stop)?;
        end.map(drop).map_err(|error| {
            if error.may_have_taken_effect() {
                let why = format!("WHETHER ITS CUTOVER HAS MOVED IS UNKNOWN: {error}");
                return Stop::Failed(Exit::Unknown, why);
            }
            failed(&error)
        })
    }
}

fn is_at(
    found: Option<&msgraph_migrations::DateTimeOffset>,
    wanted: &super::wanted::WantedJob,
) -> bool {
    let found = found.and_then(msgraph_migrations::DateTimeOffset::to_utc);
    found.is_some() && found == instant(&wanted.complete_after)
}

fn failed(error: &Error) -> Stop {
    Stop::Failed(exit_of(error), error.to_string())
}

/// Notes and tells what is seen of a job.
fn observe(journal: &Journal, name: &str, seen: &JobObservation, speed: f64, is_quiet: bool) {
    let text = match &seen.event {
        Sight::First(job) | Sight::Changed(job) => {
            let status = job.status.as_ref();
            let status = status.map_or_else(|| "of unknown status".to_owned(), ToString::to_string);
            // What cannot be written stops the next request.
            let _ = journal.add(&[Event::Seen {
                job: name.to_owned(),
                status: status.clone(),
            }]);
            status
        }
        Sight::AdminActionRequired(_) => "AN ADMINISTRATOR HAS TO ACT".to_owned(),
        Sight::Stalled { unchanged_for, .. } => format!(
            "nothing has changed for {}",
            crate::time::two_units(
                Duration::try_from_secs_f64(unchanged_for.as_secs_f64() * speed)
                    .ok()
                    .and_then(|unchanged| chrono::TimeDelta::from_std(unchanged).ok())
                    .unwrap_or(chrono::TimeDelta::MAX)
            )
        ),
        Sight::Outage { error, .. } => format!("nothing can be read of it: {error}"),
        _ => return,
    };
    if !is_quiet {
        Output::tell(&format!("{}  {name}: {text}", journal.clock()));
    }
}

impl Outcome {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        let bad: Vec<Exit> = self
            .jobs
            .iter()
            .map(|job| job.exit)
            .chain(self.mappings.as_ref().map(|failure| failure.exit))
            .filter(|exit| *exit != Exit::Done)
            .collect();
        match bad.first() {
            None => Exit::Done,
            Some(_) if bad.contains(&Exit::Unknown) => Exit::Unknown,
            Some(_) if bad.contains(&Exit::Interrupted) => Exit::Interrupted,
            Some(first)
                if self.jobs.iter().all(|job| job.exit != Exit::Done)
                    && bad.iter().all(|exit| exit == first) =>
            {
                *first
            }
            Some(_) => Exit::Partly,
        }
    }
}
