//! Scenarios: what happens to the service while a rehearsal goes on, step by step in virtual time.

pub(crate) mod shipped;

use std::collections::VecDeque;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use uuid::Uuid;

use super::rate::RateLimiter;
use super::{Engine, rehearse};
use crate::answer::GraphError;
use crate::call::Request;
use crate::dispatch;
use crate::faults::FaultRule;
use crate::jobs::api;
use crate::jobs::arrange::{force, new_job};
use crate::script::{Act, Action, JobLine, ScenarioError, Script, StepLine, UserName};
use crate::state::job::Date;

/// A scenario under way.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    name: String,
    teaches: String,
    started: DateTime<Utc>,
    pending: VecDeque<Planned>,
    done: Vec<Done>,
}

/// A step whose time is known.
#[derive(Clone, Debug)]
struct Planned {
    at: DateTime<Utc>,
    line: usize,
    say: Option<String>,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Nothing,
    Act(Act),
    /// Rules together with the window they are in force.
    Faults(Vec<FaultRule>),
    /// A limit of requests per second, or the one from before.
    Throttle(Option<f64>),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioEvent {
    /// When, in virtual time.
    pub at: DateTime<Utc>,
    /// The line of the step in its file.
    pub line: usize,
    /// What the step did, in words.
    pub what: String,
    /// Why it could not, if it could not.
    pub missed: Option<String>,
}

type Done = ScenarioEvent;

/// Reads a scenario by the name of a shipped one, or from the text of a file.
pub(crate) fn script(name_or_text: &str) -> Result<Script, ScenarioError> {
    if name_or_text.contains('\n') {
        return Script::parse(name_or_text);
    }
    if let Some(shipped) = shipped::find(name_or_text) {
        return Script::parse(shipped.text);
    }
    let names: Vec<&str> = shipped::ALL.iter().map(|one| one.name).collect();
    Err(ScenarioError {
        line: 1,
        reason: format!(
            "there is no scenario '{name_or_text}'; choose among {}",
            names.join(", ")
        ),
    })
}

impl Scenario {
    pub(crate) fn next_at(&self) -> Option<DateTime<Utc>> {
        self.pending.front().map(|step| step.at)
    }

    pub(crate) fn events(&self) -> &[ScenarioEvent] {
        &self.done
    }

    /// The scenario for the control endpoint.
    pub(crate) fn json(&self) -> serde_json::Value {
        let pending: Vec<serde_json::Value> = self
            .pending
            .iter()
            .map(|step| serde_json::json!({"at": step.at, "line": step.line, "what": step.in_words()}))
            .collect();
        serde_json::json!({
            "name": self.name,
            "teaches": self.teaches,
            "started": self.started,
            "pending": pending,
            "done": self.done,
        })
    }
}

impl Planned {
    fn in_words(&self) -> String {
        let act = match &self.what {
            What::Nothing => None,
            What::Faults(rules) => {
                let names: Vec<String> = rules
                    .iter()
                    .map(|rule| format!("{} on {}", rule.fault.name(), rule.operation))
                    .collect();
                Some(format!("faults: {}", names.join(", ")))
            }
            What::Throttle(Some(rate)) => Some(format!("throttled to {rate} requests a second")),
            What::Throttle(None) => Some("throttled as before".to_owned()),
            What::Act(act) => Some(act.in_words()),
        };
        [act, self.say.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// The members of an outcome that say something.
fn outcome_in_words(outcome: &impl Serialize) -> String {
    let mut json = serde_json::json!(outcome);
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, value| {
            let is_usual = matches!(
                (name.as_str(), value.as_str()),
                ("failsAs", Some("failed")) | ("completesAs", Some("completed"))
            );
            !(is_usual || value.is_null() || *value == false || *value == 0)
        });
        if members.is_empty() {
            return "succeeds".to_owned();
        }
        let words: Vec<String> = members
            .iter()
            .map(|(name, value)| match value {
                serde_json::Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            })
            .collect();
        return words.join(", ");
    }
    json.to_string()
}

impl Act {
    fn in_words(&self) -> String {
        match self {
            Self::JobOutcome(job, outcome) => {
                format!("every user of '{job}': {}", outcome_in_words(outcome))
            }
            Self::UserOutcome(job, user, outcome) => {
                let user = match user {
                    UserName::Place(place) => format!("user {place}"),
                    UserName::Id(id) => format!("user {id}"),
                };
                let of = job
                    .as_ref()
                    .map_or_else(String::new, |job| format!(" of '{job}'"));
                format!("{user}{of}: {}", outcome_in_words(outcome))
            }
            Self::SourceOutcome(source, outcome) => {
                format!("tasks of {source}: {}", outcome_in_words(outcome))
            }
            Self::Status(job, status) => format!("'{job}' is put into {}", status.as_str()),
            Self::Stalled(job, true) => format!("time passes '{job}' by"),
            Self::Stalled(job, false) => format!("'{job}' goes on"),
            Self::CompleteAfter(job, _) => format!("somebody moves the date of '{job}'"),
            Self::Action(job, action) => {
                let action = action.segment();
                format!("somebody calls {action} on '{job}'")
            }
            Self::Faults(_) | Self::Throttle(_) => String::new(),
            Self::ExpireTokens => "every token seen so far expires".into(),
            Self::Access(_) => "other tokens or scopes are good".into(),
            Self::Settings(settings) => format!("settings: {settings}"),
            Self::Speed(speed) => format!("speed {speed}"),
        }
    }
}

impl Action {
    fn segment(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Migrate => "migrate",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
        }
    }
}

impl Engine {
    /// Makes the jobs of a scenario and begins it; nothing happens if anything about it is wrong.
    pub(crate) fn start_scenario(&mut self, script: &Script) -> Result<(), ScenarioError> {
        let now = self.settle();
        self.check_scenario(script, now)?;
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
        self.scenario = Some(Scenario {
            name: script.name.clone(),
            teaches: script.teaches.clone(),
            started: now,
            pending: plan(&script.steps, now)?,
            done: Vec::new(),
        });
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
        plan(&script.steps, now)?;
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
                (None, Err(error)) => return wrong(error.to_string()),
            };
            if let Some(UserName::Place(place)) = user
                && *place > users
            {
                return wrong(format!(
                    "'{job}' has {users} users, none with the number {place}"
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
            .and_then(|scenario| scenario.pending.pop_front_if(|step| step.at <= now))
        {
            self.state.settle(step.at);
            let what = step.in_words();
            let missed = self.apply(step.what, step.at).err();
            if let Some(scenario) = &mut self.scenario {
                scenario.done.push(Done {
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
                let started = self
                    .scenario
                    .as_ref()
                    .map_or(at, |scenario| scenario.started);
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
            (UserName::Place(place), Some(job)) => {
                let index = rehearse::find(&self.state, job).map_err(|error| error.to_string())?;
                self.state
                    .jobs
                    .get(index)
                    .and_then(|job| job.users.get(place.checked_sub(1)?))
                    .map(|user| user.id)
                    .ok_or_else(|| format!("'{job}' has no user with the number {place}"))
            }
            (UserName::Place(_), None) => Err("a user by its place needs a job".into()),
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

/// Gives every step its time and puts the ends of windows where they belong.
fn plan(steps: &[StepLine], start: DateTime<Utc>) -> Result<VecDeque<Planned>, ScenarioError> {
    let mut planned = Vec::new();
    let mut from = start;
    for step in steps {
        let wrong = |reason: &str| {
            Err(ScenarioError {
                line: step.line,
                reason: reason.to_owned(),
            })
        };
        let at = step.at.resolve(start, from);
        if at < from {
            return wrong("the step comes before the one above it, or before the scenario begins");
        }
        from = at;
        let until = step.until.map(|until| {
            until.resolve(
                start,
                at.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(at),
            )
        });
        if until.is_some_and(|until| until <= at) {
            return wrong("'until' comes before 'at'");
        }
        let mut plan = |at, say, what| {
            planned.push(Planned {
                at,
                line: step.line,
                say,
                what,
            });
        };
        match &step.act {
            None => plan(at, step.say.clone(), What::Nothing),
            Some(Act::Faults(rules)) => {
                let rules = rules
                    .iter()
                    .map(|rule| FaultRule {
                        from: Some(rule.from.map_or(at, |own| own.max(at))),
                        until: rule.until.or(until),
                        ..rule.clone()
                    })
                    .collect();
                plan(at, step.say.clone(), What::Faults(rules));
            }
            Some(Act::Throttle(rate)) => {
                plan(at, step.say.clone(), What::Throttle(Some(*rate)));
                if let Some(until) = until {
                    plan(until, None, What::Throttle(None));
                }
            }
            Some(act) => plan(at, step.say.clone(), What::Act(act.clone())),
        }
    }
    // Stable, so that steps of one moment keep their order.
    planned.sort_by_key(|step| step.at);
    Ok(planned.into())
}
