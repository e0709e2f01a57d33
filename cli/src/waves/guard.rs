//! Who lets a request about a job through: only what the plan shows, once, and only if the job is still the one that
//! the plan is about.

use std::sync::{Arc, Mutex, PoisonError};

use msgraph_migrations::CallOptions;
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use msgraph_migrations_workflows::jobs::{JobStep, StepEnd, StepGuard};

use super::journal::{Event, How, Journal, State};
use super::plan::Act;
use super::plan_file::Plan;
use super::seen::instant;

/// The guard of one job.
pub struct JobGuard {
    plan: Arc<Plan>,
    journal: Arc<Journal>,
    job: usize,
    /// Why the last request was not let through.
    refused: Mutex<Option<String>>,
}

impl JobGuard {
    pub fn new(plan: &Arc<Plan>, journal: &Arc<Journal>, job: usize) -> Self {
        Self {
            plan: Arc::clone(plan),
            journal: Arc::clone(journal),
            job,
            refused: Mutex::default(),
        }
    }

    /// Why the last request was not let through, if it was not.
    pub fn refused(&self) -> Option<String> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn check(&self, step: JobStep, job: Option<&Job>) -> Result<CallOptions, String> {
        let wanted = &self.plan.wanted.jobs[self.job];
        let act = act(step);
        let change = self
            .plan
            .change(act, &wanted.name)
            .ok_or_else(|| format!("the plan does not say to {} it", act.as_str()))?;
        if self.journal.is_done(&change.id) {
            return Err(format!(
                "it was done by this run ({}), and no longer shows",
                change.id
            ));
        }
        if let Some(job) = job {
            self.same(job)?;
        }
        let id = uuid::Uuid::new_v4().hyphenated().to_string();
        self.journal
            .add(&[Event::Sending {
                changes: vec![change.id.clone()],
                client_request_id: id.clone(),
            }])
            .map_err(|failure| failure.what)?;
        Ok(options(&self.journal, id))
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
            match self.journal.state(&create.id) {
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
        let _ = self.journal.add(&[Event::Done {
            change: change.to_owned(),
            how,
            job: job.map(str::to_owned),
        }]);
    }
}

/// The options by which a change is sent, so that all that is sent for it stands in the journal.
pub fn options(journal: &Arc<Journal>, client_request_id: String) -> CallOptions {
    let journal = Arc::clone(journal);
    CallOptions::new()
        .client_request_id(client_request_id)
        .on_attempt(move |attempt| journal.attempt(attempt))
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
                let _ = self.journal.add(&[Event::NotDone {
                    change: change.id.clone(),
                    why: why.to_string(),
                }]);
            }
            StepEnd::Unknown(why) => {
                let _ = self.journal.add(&[Event::Unknown {
                    change: change.id.clone(),
                    why: why.to_string(),
                }]);
            }
        }
    }
}
