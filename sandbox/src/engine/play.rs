//! Plays scenarios: each step in its time, between what happens by itself before and after it.

use std::time::Instant;

use chrono::{DateTime, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::rate::RateLimiter;
use super::{Engine, rehearse};
use crate::answer::GraphError;
use crate::call::Request;
use crate::dispatch;
use crate::jobs::api;
use crate::jobs::arrange::{force, new_job};
use crate::scenario::plan::{Scenario, ScenarioEvent, What};
use crate::scenario::script::{Act, Action, JobLine, ScenarioError, Script, UserName};
use crate::state::job::Date;

impl Engine {
    /// Makes the jobs of a scenario and begins it; nothing happens if anything about it is wrong.
    pub(crate) fn start_scenario(&mut self, script: &Script) -> Result<(), ScenarioError> {
        let now = self.settle();
        self.check_scenario(script, now)?;
        let scenario = Scenario::begin(script, now)?;
        if let Some(settings) = &script.settings {
            let settings = self
                .state
                .settings
                .with(settings)
                .map_err(|reason| ScenarioError { line: 1, reason })?;
            self.put_settings(settings, now);
        }
        for job in &script.jobs {
            self.make_job(job, now);
        }
        self.scenario = Some(scenario);
        // What is to happen at once happens now.
        self.settle();
        Ok(())
    }

    /// Holds a scenario against what there is.
    fn check_scenario(&self, script: &Script, now: DateTime<Utc>) -> Result<(), ScenarioError> {
        let largest = self.state.settings.max_users_per_job;
        for job in &script.jobs {
            let wrong = |reason| {
                Err(ScenarioError {
                    line: job.line,
                    reason,
                })
            };
            if self.state.jobs.has_name(&job.name) {
                return wrong(format!(
                    "there is a job '{}' already; reset first",
                    job.name
                ));
            }
            if job.users > largest {
                return wrong(format!(
                    "a job has {largest} users at most, not {}",
                    job.users
                ));
            }
        }
        Scenario::begin(script, now)?;
        for step in &script.steps {
            let wrong = |reason| {
                Err(ScenarioError {
                    line: step.line,
                    reason,
                })
            };
            let Some((job, user)) = step.act.as_ref().and_then(about) else {
                continue;
            };
            let made = script
                .jobs
                .iter()
                .find(|made| made.name.eq_ignore_ascii_case(job));
            let users = match (made, rehearse::find(&self.state, job)) {
                (Some(made), _) => made.users,
                (None, Ok(index)) => self.state.jobs.get(index).map_or(0, |job| job.users.len()),
                // How many users it will have shows when its time comes.
                (None, Err(_)) if script.expects(job) => continue,
                (None, Err(error)) => {
                    return wrong(format!(
                        "{error}; if it is created later, name it in 'expects'"
                    ));
                }
            };
            if let Some(UserName::Number(number)) = user
                && *number > users
            {
                return wrong(format!(
                    "'{job}' has {users} users, none with the number {number}"
                ));
            }
        }
        Ok(())
    }

    fn make_job(&mut self, line: &JobLine, now: DateTime<Utc>) {
        let users = (0..line.users).map(|_| self.state.new_id()).collect();
        let mut new = new_job(line.name.clone(), users, now);
        if let Some(when) = line.complete_after {
            new.complete_after = Date {
                at: when.resolve(now, now),
                digits: 0,
            };
        }
        let index = api::insert(&mut self.state, new, now);
        if let Some(status) = line.status {
            force(&mut self.state, index, status, now);
        }
    }

    /// Lets the steps happen that are due by `now`, each in its time.
    pub(super) fn play(&mut self, now: DateTime<Utc>) {
        while let Some(step) = self
            .scenario
            .as_mut()
            .and_then(|scenario| scenario.take_due(now))
        {
            self.state.settle(step.at);
            let what = step.in_words();
            let missed = self.apply(step.what, step.at).err();
            if let Some(scenario) = &mut self.scenario {
                scenario.note(ScenarioEvent {
                    at: step.at,
                    line: step.line,
                    what,
                    missed,
                });
            }
        }
    }

    fn apply(&mut self, what: What, at: DateTime<Utc>) -> Result<(), String> {
        match what {
            What::Nothing => Ok(()),
            What::Faults(rules) => self.faults.add(rules),
            What::Throttle(rate) => {
                let rate = rate.or(self.config.rate_limit);
                self.limiter = rate.map(|rate| RateLimiter::new(rate, Instant::now()));
                Ok(())
            }
            What::Act(act) => self.act(act, at),
        }
    }

    fn act(&mut self, act: Act, at: DateTime<Utc>) -> Result<(), String> {
        let text = |error: rehearse::ControlError| error.to_string();
        match act {
            Act::JobOutcome(job, outcome) => {
                rehearse::choose_for_job(&mut self.state, &job, &outcome, at).map_err(text)
            }
            Act::UserOutcome(job, user, outcome) => {
                let user = self.user_id(job.as_deref(), &user)?;
                rehearse::choose(&mut self.state, user, outcome, at);
                Ok(())
            }
            Act::SourceOutcome(source, outcome) => {
                self.state.tasks.choose(&source, outcome);
                Ok(())
            }
            Act::Status(job, status) => {
                let index = rehearse::find(&self.state, &job).map_err(text)?;
                force(&mut self.state, index, status, at);
                Ok(())
            }
            Act::Stalled(job, stalled) => {
                rehearse::stall(&mut self.state, &job, stalled, at).map_err(text)
            }
            Act::CompleteAfter(job, when) => {
                let started = self.scenario.as_ref().map_or(at, Scenario::started);
                let date = Date {
                    at: when.resolve(started, at),
                    digits: 0,
                };
                let body = serde_json::json!({"completeAfterDateTime": date.text()});
                self.call("PATCH", &job, "", Some(&body), at)
            }
            Act::Action(job, Action::Delete) => self.call("DELETE", &job, "", None, at),
            Act::Action(job, action) => {
                let segment = format!("/{}", action.segment());
                self.call("POST", &job, &segment, None, at)
            }
            Act::ExpireTokens => {
                self.tokens.expire(&self.access);
                Ok(())
            }
            Act::Access(access) => {
                self.set_access(access);
                Ok(())
            }
            Act::Settings(change) => {
                let settings = self.state.settings.with(&change)?;
                self.put_settings(settings, at);
                Ok(())
            }
            Act::Speed(speed) => {
                self.clock.set_speed(speed);
                Ok(())
            }
            // Planned with their windows.
            Act::Faults(_) | Act::Throttle(_) => Ok(()),
        }
    }

    fn user_id(&self, job: Option<&str>, user: &UserName) -> Result<Uuid, String> {
        match (user, job) {
            (UserName::Id(id), _) => Uuid::try_parse(id)
                .map_err(|_| format!("'{id}' isn't the object id (GUID) of a user")),
            (UserName::Number(number), Some(job)) => {
                let index = rehearse::find(&self.state, job).map_err(|error| error.to_string())?;
                self.state
                    .jobs
                    .get(index)
                    .and_then(|job| job.users.get(number.checked_sub(1)?))
                    .map(|user| user.id)
                    .ok_or_else(|| format!("'{job}' has no user with the number {number}"))
            }
            (UserName::Number(_), None) => Err("a user by its number needs a job".into()),
        }
    }

    /// Lets somebody else call the service, whose rules bind everybody.
    fn call(
        &mut self,
        method: &str,
        job: &str,
        segment: &str,
        body: Option<&serde_json::Value>,
        at: DateTime<Utc>,
    ) -> Result<(), String> {
        let name = utf8_percent_encode(job, NON_ALPHANUMERIC);
        let request = Request {
            method: method.to_owned(),
            path: format!("/v1.0/solutions/migrations/crossTenantMigrationJobs/{name}{segment}"),
            content_type: Some("application/json".into()),
            has_length: true,
            body: body
                .map(|body| body.to_string().into_bytes())
                .unwrap_or_default(),
            ..Request::default()
        };
        dispatch::prepare(&self.state, &request)
            .and_then(|prepared| dispatch::perform(&mut self.state, &request, &prepared, at))
            .map(|_| ())
            .map_err(|error: GraphError| format!("{}: {}", error.status, error.message))
    }
}

/// The job, and the user of it, that a step is about.
fn about(act: &Act) -> Option<(&str, Option<&UserName>)> {
    match act {
        Act::JobOutcome(job, _)
        | Act::Status(job, _)
        | Act::Stalled(job, _)
        | Act::CompleteAfter(job, _)
        | Act::Action(job, _) => Some((job, None)),
        Act::UserOutcome(Some(job), user, _) => Some((job, Some(user))),
        _ => None,
    }
}
