//! A scenario under way: which steps are to come, and what came of those that were.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::script::{Act, Action, ScenarioError, Script, StepLine, UserName};
use crate::faults::FaultRule;

/// A scenario under way.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    text: String,
    name: String,
    teaches: String,
    started: DateTime<Utc>,
    pending: VecDeque<Planned>,
    done: Vec<ScenarioEvent>,
}

/// A step whose time is known.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) at: DateTime<Utc>,
    pub(crate) line: usize,
    say: Option<String>,
    pub(crate) what: What,
}

/// What a step does once its time is known.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Nothing,
    Act(Act),
    /// Rules together with the window they are in force.
    Faults(Vec<FaultRule>),
    /// A limit of requests per second, or the one from before.
    Throttle(Option<f64>),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// A scenario under way as it is written out: its file, and how far it has come.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScenarioDump {
    text: String,
    started: DateTime<Utc>,
    done: Vec<ScenarioEvent>,
}

impl Scenario {
    /// Begins a scenario, whose steps all get their times.
    pub(crate) fn begin(script: &Script, start: DateTime<Utc>) -> Result<Self, ScenarioError> {
        Ok(Self {
            text: script.text.clone(),
            name: script.name.clone(),
            teaches: script.teaches.clone(),
            started: start,
            pending: plan(&script.steps, start)?,
            done: Vec::new(),
        })
    }

    pub(crate) fn dump(&self) -> ScenarioDump {
        ScenarioDump {
            text: self.text.clone(),
            started: self.started,
            done: self.done.clone(),
        }
    }

    /// Goes on with a scenario that was written out; each step that was played is told once among those done.
    pub(crate) fn restore(dump: ScenarioDump) -> Result<Self, String> {
        let wrong = |error: ScenarioError| format!("the scenario, {error}");
        let script = Script::parse(&dump.text).map_err(wrong)?;
        let mut scenario = Self::begin(&script, dump.started).map_err(wrong)?;
        let played = dump.done.len();
        if played > scenario.pending.len() {
            return Err(format!(
                "{played} steps of the scenario are done, and it has {}",
                scenario.pending.len()
            ));
        }
        scenario.pending.drain(..played);
        scenario.done = dump.done;
        Ok(scenario)
    }

    pub(crate) fn started(&self) -> DateTime<Utc> {
        self.started
    }

    /// Takes the next step if its time has come.
    pub(crate) fn take_due(&mut self, now: DateTime<Utc>) -> Option<Planned> {
        self.pending.pop_front_if(|step| step.at <= now)
    }

    /// Keeps what came of a step.
    pub(crate) fn note(&mut self, event: ScenarioEvent) {
        self.done.push(event);
    }

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
    pub(crate) fn in_words(&self) -> String {
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
                    UserName::Number(number) => format!("user {number}"),
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
    /// The last segment of the action's path.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Migrate => "migrate",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
        }
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
