//! Who lets a request through: only what the plan shows, once, never after Ctrl-C, and about a job only if it is still
//! the one that the plan is about.

use std::sync::{Arc, Mutex, PoisonError};

use msgraph_migrations::CallOptions;
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use msgraph_migrations_workflows::jobs::{JobStep, StepEnd, StepGuard};

use super::journal::{Event, How, Journal, State};
use super::plan::{Act, Change};
use super::plan_file::Plan;
use super::seen::instant;
use crate::exit::{Exit, Failure};
use crate::interruption::{Interruption, NOT_SENT};

/// What every request passes that changes something: Ctrl-C, and the journal.
#[derive(Clone, Debug)]
pub struct Gate {
    pub journal: Arc<Journal>,
    pub interruption: Interruption,
}

impl Gate {
    /// Notes that a request is about to be sent for changes, and lets it through.
    pub fn pass(&self, changes: &[&Change]) -> Result<CallOptions, Failure> {
        if self.interruption.is_requested() {
            return Err(Failure::new(Exit::Interrupted, NOT_SENT));
        }
        let id = uuid::Uuid::new_v4().hyphenated().to_string();
        self.journal.add(&[Event::Sending {
            changes: changes.iter().map(|change| change.id.clone()).collect(),
            client_request_id: id.clone(),
        }])?;
        let journal = Arc::clone(&self.journal);
        Ok(CallOptions::new()
            .client_request_id(id)
            .on_attempt(move |attempt| journal.attempt(attempt)))
    }
}

/// The guard of one job.
pub struct JobGuard {
    plan: Arc<Plan>,
    gate: Gate,
    job: usize,
    /// Why the last request was not let through.
    refused: Mutex<Option<Failure>>,
}

impl JobGuard {
    pub fn new(plan: &Arc<Plan>, gate: &Gate, job: usize) -> Self {
        Self {
            plan: Arc::clone(plan),
            gate: gate.clone(),
            job,
            refused: Mutex::default(),
        }
    }

    /// Why the last request was not let through, if it was not.
    pub fn refused(&self) -> Option<Failure> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn check(&self, step: JobStep, job: Option<&Job>) -> Result<CallOptions, Failure> {
        let refused = |why: String| Failure::new(Exit::Refused, why);
        let wanted = &self.plan.wanted.jobs[self.job];
        let act = act(step);
        let change = self
            .plan
            .change(act, &wanted.name)
            .ok_or_else(|| refused(format!("the plan does not say to {} it", act.as_str())))?;
        if self.gate.journal.is_done(&change.id) {
            return Err(refused(format!(
                "it was done by this run ({}), and no longer shows",
                change.id
            )));
        }
        if let Some(job) = job {
            self.same(job).map_err(refused)?;
        }
        self.gate.pass(&[change])
    }

    /// Whether the job is the one that was planned or created, with the date of the file.
    fn same(&self, job: &Job) -> Result<(), String> {
        let wanted = &self.plan.wanted.jobs[self.job];
        let id = job.id.as_deref().unwrap_or_default();
        let expected = if let Some(seen) = self.plan.seen.jobs.get(&wanted.name) {
            Some(seen.id.clone())
        } else {
            let create = self.plan.change(Act::Create, &wanted.name);
            let create = create.ok_or("the plan does not know it")?;
            match self.gate.journal.state(&create.id) {
                Some(State::Done { job }) => job,
                // Sent and not answered; since then a job of the name is there.
                Some(State::Sent | State::Unknown) => {
                    self.note(&create.id, How::ReadBack, Some(id));
                    None
                }
                Some(State::NotDone) | None => {
                    return Err("another has created it meanwhile".to_owned());
                }
            }
        };
        if expected
            .is_some_and(|expected| !expected.is_empty() && !expected.eq_ignore_ascii_case(id))
        {
            return Err("it is another job than before".to_owned());
        }
        if let Some(time) = &job.complete_after_date_time
            && time.to_utc() != instant(&wanted.complete_after)
        {
            return Err(format!(
                "its cutover is {} and not {}",
                time.as_str(),
                wanted.complete_after
            ));
        }
        Ok(())
    }

    fn note(&self, change: &str, how: How, job: Option<&str>) {
        // A journal that cannot be written stops the next request.
        let _ = self.gate.journal.add(&[Event::Done {
            change: change.to_owned(),
            how,
            job: job.map(str::to_owned),
        }]);
    }
}

fn act(step: JobStep) -> Act {
    match step {
        JobStep::Create => Act::Create,
        JobStep::Validate => Act::Validate,
        JobStep::Migrate => Act::Migrate,
    }
}

impl StepGuard for JobGuard {
    fn allow(&self, step: JobStep, job: Option<&Job>) -> Option<CallOptions> {
        let checked = self.check(step, job);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match checked {
            Ok(options) => Some(options),
            Err(why) => {
                *refused = Some(why);
                None
            }
        }
    }

    fn ended(&self, step: JobStep, end: StepEnd<'_>) {
        let wanted = &self.plan.wanted.jobs[self.job];
        let Some(change) = self.plan.change(act(step), &wanted.name) else {
            return;
        };
        match end {
            StepEnd::Done(job) => self.note(&change.id, How::Answered, job.id.as_deref()),
            StepEnd::FoundDone(job) => {
                let id = job.and_then(|job| job.id.as_deref());
                self.note(&change.id, How::ReadBack, id);
            }
            StepEnd::NotDone(why) => {
                let _ = self.gate.journal.add(&[Event::NotDone {
                    change: change.id.clone(),
                    why: why.to_string(),
                }]);
            }
            StepEnd::Unknown(why) => {
                let _ = self.gate.journal.add(&[Event::Unknown {
                    change: change.id.clone(),
                    why: why.to_string(),
                }]);
            }
        }
    }
}
