//! Reads scenario files and says what is wrong with them, by line.

use serde::Deserialize;
use toml::Spanned;

use super::when::When;
use crate::access::Access;
use crate::faults::FaultRule;
use crate::operation::Operation;
use crate::settings::Settings;
use crate::state::outcome::UserOutcome;
use crate::state::status::JobStatus;
use crate::state::task::SourceOutcome;

/// What is wrong with a scenario, and on which line of its file.
///
/// It is shown on one line: what the file holds of control characters is escaped, and a reason of more than 500
/// characters is cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}", in_one_line(reason))]
pub struct ScenarioError {
    /// The line, counting from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Enough for the deepest file that the parser takes, also without optimisation.
const STACK: usize = 32 * 1024 * 1024;

/// How much of a reason is shown; a part of it may be the file's.
const MAX_SHOWN: usize = 500;

/// Words of a file without what would begin a line, move a cursor or turn the direction of the line.
fn in_one_line(reason: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    let mut line = String::new();
    for (shown, c) in reason.chars().enumerate() {
        if shown == MAX_SHOWN {
            line.push('…');
            break;
        }
        if is_hidden(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// A scenario as its file has it, checked as far as it can be without a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The file, word for word.
    pub(crate) text: String,
    pub(crate) name: String,
    pub(crate) teaches: String,
    pub(crate) settings: Option<serde_json::Value>,
    /// The names of jobs that callers are going to create.
    pub(crate) expects: Vec<String>,
    pub(crate) jobs: Vec<JobLine>,
    pub(crate) steps: Vec<StepLine>,
}

/// A job that a scenario starts with.
#[derive(Clone, Debug)]
pub(crate) struct JobLine {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) users: usize,
    pub(crate) status: Option<JobStatus>,
    pub(crate) complete_after: Option<When>,
}

/// A step of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct StepLine {
    pub(crate) line: usize,
    pub(crate) at: When,
    pub(crate) until: Option<When>,
    pub(crate) say: Option<String>,
    pub(crate) act: Option<Act>,
}

/// How a step names a user of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum UserName {
    /// The number in the job, counting from 1.
    Number(usize),
    /// The object id.
    Id(String),
}

/// What another administrator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    Validate,
    Migrate,
    Cancel,
    Delete,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    JobOutcome(String, UserOutcome),
    UserOutcome(Option<String>, UserName, UserOutcome),
    SourceOutcome(String, SourceOutcome),
    Status(String, JobStatus),
    Stalled(String, bool),
    CompleteAfter(String, When),
    Action(String, Action),
    Faults(Vec<FaultRule>),
    Throttle(f64),
    ExpireTokens,
    Access(Access),
    Settings(serde_json::Value),
    Speed(f64),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawScript {
    name: String,
    teaches: String,
    settings: Option<Spanned<serde_json::Value>>,
    #[serde(default)]
    expects: Vec<String>,
    #[serde(default)]
    job: Vec<Spanned<RawJob>>,
    #[serde(default)]
    step: Vec<Spanned<RawStep>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawJob {
    name: String,
    users: usize,
    status: Option<JobStatus>,
    complete_after: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawStep {
    at: String,
    until: Option<String>,
    say: Option<String>,
    job: Option<String>,
    user: Option<UserName>,
    source: Option<String>,
    outcome: Option<UserOutcome>,
    source_outcome: Option<SourceOutcome>,
    status: Option<JobStatus>,
    stalled: Option<bool>,
    complete_after: Option<String>,
    action: Option<Action>,
    faults: Option<Vec<FaultRule>>,
    throttle: Option<f64>,
    expire_tokens: Option<bool>,
    access: Option<Access>,
    settings: Option<serde_json::Value>,
    speed: Option<f64>,
}

impl Script {
    /// Reads a file, and checks everything about it that needs no sandbox.
    ///
    /// That is done on a thread of its own, since what a file may nest takes more of the stack than the threads of a
    /// server have.
    pub(crate) fn parse(text: &str) -> Result<Self, ScenarioError> {
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, || Self::parse_here(text));
            let failed = |reason: String| ScenarioError { line: 1, reason };
            reader
                .map_err(|error| failed(format!("no thread to read it with: {error}")))?
                .join()
                .map_err(|_| failed("it can't be read, and the program doesn't know why".into()))?
        })
    }

    fn parse_here(text: &str) -> Result<Self, ScenarioError> {
        let text = text.trim_start_matches('\u{feff}');
        let line_of = |offset: usize| {
            let before = text.get(..offset).unwrap_or(text);
            before.matches('\n').count() + 1
        };
        let raw: RawScript = toml::from_str(text).map_err(|error| ScenarioError {
            line: error.span().map_or(1, |span| line_of(span.start)),
            reason: error.message().to_owned(),
        })?;
        let settings = match raw.settings {
            Some(settings) => {
                let line = line_of(settings.span().start);
                let value = settings.into_inner();
                check_settings(&value).map_err(|reason| ScenarioError { line, reason })?;
                Some(value)
            }
            None => None,
        };
        let mut jobs: Vec<JobLine> = Vec::new();
        for job in raw.job {
            let line = line_of(job.span().start);
            let job = read_job(job.into_inner(), line, &jobs)
                .map_err(|reason| ScenarioError { line, reason })?;
            jobs.push(job);
        }
        let mut steps = Vec::new();
        for step in raw.step {
            let line = line_of(step.span().start);
            let step = read_step(step.into_inner(), line)
                .map_err(|reason| ScenarioError { line, reason })?;
            steps.push(step);
        }
        Ok(Self {
            text: text.to_owned(),
            name: raw.name,
            teaches: raw.teaches,
            settings,
            expects: raw.expects,
            jobs,
            steps,
        })
    }

    /// Whether a job of this name is going to be created.
    pub(crate) fn expects(&self, job: &str) -> bool {
        self.expects
            .iter()
            .any(|name| name.eq_ignore_ascii_case(job))
    }
}

/// Whether settings fit when they are put over the usual ones.
fn check_settings(change: &serde_json::Value) -> Result<(), String> {
    Settings::default().with(change).map(|_| ())
}

fn read_job(raw: RawJob, line: usize, others: &[JobLine]) -> Result<JobLine, String> {
    if others
        .iter()
        .any(|other| other.name.eq_ignore_ascii_case(&raw.name))
    {
        return Err(format!("there are two jobs '{}'", raw.name));
    }
    if raw.users == 0 {
        return Err("a job has at least one user".into());
    }
    Ok(JobLine {
        line,
        name: raw.name,
        users: raw.users,
        status: raw.status,
        complete_after: raw.complete_after.as_deref().map(When::parse).transpose()?,
    })
}

fn read_step(raw: RawStep, line: usize) -> Result<StepLine, String> {
    let at = When::parse(&raw.at)?;
    let until = raw.until.as_deref().map(When::parse).transpose()?;
    let needs_job = || raw.job.clone().ok_or("the step needs 'job'");
    let mut acts = Vec::new();
    if let Some(outcome) = raw.outcome {
        let outcome = outcome.complete()?;
        acts.push(match raw.user {
            Some(user) => {
                if let (UserName::Number(_), None) = (&user, &raw.job) {
                    return Err("a user by its number needs 'job'".into());
                }
                if user == UserName::Number(0) {
                    return Err("users are counted from 1".into());
                }
                Act::UserOutcome(raw.job.clone(), user, outcome)
            }
            None => Act::JobOutcome(needs_job()?, outcome),
        });
    } else if raw.user.is_some() {
        return Err("'user' needs 'outcome'".into());
    }
    match (raw.source, raw.source_outcome) {
        (Some(source), Some(outcome)) => acts.push(Act::SourceOutcome(source, outcome)),
        (None, None) => {}
        _ => return Err("'source' and 'sourceOutcome' go together".into()),
    }
    if let Some(status) = raw.status {
        acts.push(Act::Status(needs_job()?, status));
    }
    if let Some(stalled) = raw.stalled {
        acts.push(Act::Stalled(needs_job()?, stalled));
    }
    if let Some(date) = &raw.complete_after {
        acts.push(Act::CompleteAfter(needs_job()?, When::parse(date)?));
    }
    if let Some(action) = raw.action {
        acts.push(Act::Action(needs_job()?, action));
    }
    if let Some(rules) = raw.faults {
        for (position, rule) in rules.iter().enumerate() {
            rule.check()
                .map_err(|error| format!("fault rule {position}: {error}"))?;
        }
        acts.push(Act::Faults(rules));
    }
    if let Some(rate) = raw.throttle {
        if !(rate.is_finite() && rate > 0.0) {
            return Err(format!("the rate {rate} isn't more than zero"));
        }
        acts.push(Act::Throttle(rate));
    }
    match raw.expire_tokens {
        Some(true) => acts.push(Act::ExpireTokens),
        Some(false) => return Err("'expireTokens' is true or absent".into()),
        None => {}
    }
    acts.extend(raw.access.map(Act::Access));
    if let Some(settings) = raw.settings {
        check_settings(&settings)?;
        acts.push(Act::Settings(settings));
    }
    if let Some(speed) = raw.speed {
        if !(speed.is_finite() && speed >= 0.0) {
            return Err(format!("the speed {speed} isn't zero or more"));
        }
        acts.push(Act::Speed(speed));
    }
    let mut acts = acts.into_iter();
    let act = acts.next();
    if acts.next().is_some() {
        return Err("a step does one thing; write a step for each".into());
    }
    if act.is_none() && raw.say.is_none() {
        let ids = Operation::ids().len();
        return Err(format!(
            "the step does nothing; give it outcome, sourceOutcome, status, stalled, completeAfter, action, faults \
             (for one of {ids} operations or '*'), throttle, expireTokens, access, settings, speed or say"
        ));
    }
    if until.is_some() && !matches!(act, Some(Act::Faults(_) | Act::Throttle(_))) {
        return Err("'until' goes with faults and throttle".into());
    }
    Ok(StepLine {
        line,
        at,
        until,
        say: raw.say,
        act,
    })
}
