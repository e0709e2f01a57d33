//! The endpoints under `/_sandbox/`, for whoever rehearses with a client in another language.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::core::Core;
use crate::body::without_mark;
use crate::engine::Engine;
use crate::engine::rehearse::{self, ControlError};
use crate::engine::snapshot::{JobSnapshot, TaskSnapshot};
use crate::faults;
use crate::operation::{MappingKind, Operation};
use crate::settings::Settings;
use crate::sharepoint::tasks;
use crate::state::outcome::UserOutcome;

/// A refusal: status, code and message.
struct Refusal(u16, &'static str, String);

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let message = error.to_string();
        match error {
            ControlError::NotFound(_) => Self(404, "notFound", message),
            ControlError::Invalid(_) => Self(400, "invalid", message),
        }
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal(400, "invalid", message.into())
}

/// Answers a request on what follows `/_sandbox/`.
pub(crate) fn handle(
    core: &Core,
    method: &str,
    path: &str,
    query: &str,
    body: &[u8],
) -> (u16, Value) {
    match answer(core, method, path, query, body) {
        Ok(json) => (200, json),
        Err(Refusal(status, name, message)) => refusal(status, name, &message),
    }
}

/// A refusal as it is answered.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"code": code, "message": message}}))
}

fn answer(
    core: &Core,
    method: &str,
    path: &str,
    query: &str,
    body: &[u8],
) -> Result<Value, Refusal> {
    let segments: Vec<String> = path
        .trim_end_matches('/')
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
        })
        .collect::<Result<_, _>>()
        .map_err(|_| invalid("the path isn't valid UTF-8 once decoded"))?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let allowed = methods(&segments)
        .ok_or_else(|| Refusal(404, "notFound", format!("there is no endpoint '{path}'")))?;
    if !allowed.contains(&method) {
        let allowed = allowed.join(" or ");
        return Err(Refusal(405, "methodNotAllowed", format!("use {allowed}")));
    }
    let mut engine = core.engine();
    match (method, segments.as_slice()) {
        (_, ["reset"]) => {
            engine.reset().map_err(invalid)?;
            Ok(json!({"now": engine.clock.now()}))
        }
        (_, ["advance"]) => advance(&mut engine, query),
        (_, ["requests"]) => requests(&engine, query),
        (_, ["state"]) => Ok(state(&mut engine)),
        ("PUT", ["faults"]) => {
            let rules = faults::read(without_mark(body)).map_err(invalid)?;
            engine.faults.replace(rules).map_err(invalid)?;
            Ok(json!({"value": engine.faults.counted()}))
        }
        (_, ["faults"]) => Ok(json!({"value": engine.faults.counted()})),
        ("PUT", ["settings"]) => {
            let settings = merged(&engine.state.settings, body)?;
            rehearse::set_settings(&mut engine, settings)?;
            Ok(json!(engine.state.settings))
        }
        (_, ["settings"]) => Ok(json!(engine.state.settings)),
        (_, ["jobs"]) => {
            let ids = rehearse::preload_jobs(
                &mut engine,
                number(query, "count", Some(1))?,
                number(query, "users", Some(1))?,
            )?;
            Ok(json!({"value": ids}))
        }
        (_, ["jobs", id, "status"]) => {
            let wanted: StatusBody = read(body)?;
            rehearse::set_job_status(&mut engine, id, &wanted.status)?;
            Ok(json!({"status": wanted.status}))
        }
        (_, ["jobs", id, "stalled"]) => {
            let wanted: StalledBody = read(body)?;
            rehearse::set_job_stalled(&mut engine, id, wanted.stalled)?;
            Ok(json!({"stalled": wanted.stalled}))
        }
        (_, ["jobs", id, "outcome"]) => {
            let outcome: UserOutcome = read(body)?;
            rehearse::set_job_outcome(&mut engine, id, &outcome)?;
            Ok(json!(outcome))
        }
        (_, ["users", id, "outcome"]) => {
            let outcome: UserOutcome = read(body)?;
            rehearse::set_user_outcome(&mut engine, id, outcome.clone())?;
            Ok(json!(outcome))
        }
        (_, ["sources", source, "outcome"]) => {
            let wanted: SourceBody = read(body)?;
            engine.state.tasks.choose(source, wanted.fails);
            Ok(json!({"fails": wanted.fails}))
        }
        _ => Err(Refusal(
            404,
            "notFound",
            format!("there is no endpoint '{path}'"),
        )),
    }
}

/// The methods of an endpoint, if it exists.
fn methods(path: &[&str]) -> Option<&'static [&'static str]> {
    Some(match path {
        ["reset" | "advance" | "jobs"] => &["POST"],
        ["requests" | "state"] => &["GET"],
        ["faults" | "settings"] => &["GET", "PUT"],
        ["jobs", _, "status" | "stalled" | "outcome"] | ["users" | "sources", _, "outcome"] => {
            &["PUT"]
        }
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    status: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StalledBody {
    stalled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceBody {
    fails: bool,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(without_mark(body))
        .map_err(|error| invalid(format!("the body doesn't fit: {error}")))
}

/// The value of a query option.
fn option<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn number(query: &str, name: &str, default: Option<usize>) -> Result<usize, Refusal> {
    match (option(query, name), default) {
        (Some(text), _) => text
            .parse()
            .map_err(|_| invalid(format!("'{name}' takes a whole number, not '{text}'"))),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(invalid(format!("the query needs '{name}'"))),
    }
}

fn advance(engine: &mut Engine, query: &str) -> Result<Value, Refusal> {
    let text = option(query, "seconds").ok_or_else(|| invalid("the query needs 'seconds'"))?;
    let by = text
        .parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| {
            invalid(format!(
                "'seconds' takes a number that isn't negative, not '{text}'"
            ))
        })?;
    engine
        .clock
        .advance(by)
        .map_err(|error| invalid(error.to_string()))?;
    Ok(json!({"now": engine.settle()}))
}

fn requests(engine: &Engine, query: &str) -> Result<Value, Refusal> {
    let after = number(query, "after", Some(0))?;
    let wanted = option(query, "operation");
    if let Some(unknown) = wanted.filter(|wanted| !Operation::ids().contains(wanted)) {
        return Err(invalid(format!(
            "there is no operation '{unknown}'; choose among {}",
            Operation::ids().join(", ")
        )));
    }
    let entries: Vec<_> = engine
        .log
        .entries()
        .filter(|entry| usize::try_from(entry.sequence).is_ok_and(|sequence| sequence > after))
        .filter(|entry| wanted.is_none() || entry.operation.as_deref() == wanted)
        .map(AsRef::as_ref)
        .collect();
    Ok(json!({"total": engine.log.total(), "effects": engine.log.effects(), "value": entries}))
}

fn state(engine: &mut Engine) -> Value {
    let now = engine.settle();
    let state = &engine.state;
    let job = |job| JobSnapshot::of(job, &state.settings, now);
    let task = |task| {
        let mut json = json!(TaskSnapshot::of(task, &state.settings, now));
        json["resource"] = Value::Object(tasks::view(task, &state.settings, now));
        json
    };
    json!({
        "now": now,
        "tenantId": state.tenant_id,
        "jobs": state.jobs.all().iter().map(job).collect::<Vec<_>>(),
        "tasks": state.tasks.all().iter().map(task).collect::<Vec<_>>(),
        "userMappings": state.mappings.all(MappingKind::User).collect::<Vec<_>>(),
        "groupMappings": state.mappings.all(MappingKind::Group).collect::<Vec<_>>(),
    })
}

/// The settings in force with the members of `body` put over them.
fn merged(settings: &Settings, body: &[u8]) -> Result<Settings, Refusal> {
    let change: Value = read(body)?;
    let mut all = json!(settings);
    let (Value::Object(all_members), Value::Object(change)) = (&mut all, change) else {
        return Err(invalid("the body isn't a JSON object"));
    };
    for (name, value) in change {
        match (all_members.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => {
                all_members.insert(name, value);
            }
        }
    }
    serde_json::from_value(all).map_err(|error| invalid(format!("the settings don't fit: {error}")))
}
