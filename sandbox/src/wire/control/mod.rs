//! The endpoints under `/_sandbox/`, for whoever rehearses with a client in another language.

pub(crate) mod events;
mod look;
mod options;
mod state;

use std::io;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::options::Options;
use super::core::Core;
use super::stream::Writing;
use crate::access::Access;
use crate::body::without_mark;
use crate::engine::Engine;
use crate::engine::rehearse::{self, ControlError};
use crate::engine::travel::Import;
use crate::faults;
use crate::operation::Service;
use crate::scenario::script::Script;
use crate::scenario::{self, shipped};
use crate::state::codes;
use crate::state::outcome::UserOutcome;
use crate::state::task::SourceOutcome;

/// A refusal: status, code and message.
#[derive(Debug)]
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

/// A request to a control endpoint.
pub(super) struct Asked {
    pub(super) method: String,
    /// What follows `/_sandbox/`.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
}

/// An answer in JSON.
pub(super) enum Content {
    Json(Value),
    /// One that may be large, and is written out while it is being sent.
    Written(Writing),
}

impl Content {
    /// An answer that is written out from what it was made of, without the engine.
    fn written(json: impl Serialize + Send + 'static) -> Self {
        Self::Written(Box::new(move |writer| {
            serde_json::to_writer(writer, &json).map_err(io::Error::from)
        }))
    }
}

/// Answers a request; what is large is still to be written out.
pub(super) fn handle(core: &Core, asked: &Asked) -> (u16, Content) {
    match answer(core, asked) {
        Ok(content) => (200, content),
        Err(Refusal(status, name, message)) => {
            let (status, json) = refusal(status, name, &message);
            (status, Content::Json(json))
        }
    }
}

/// A refusal as it is answered.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"code": code, "message": message}}))
}

fn answer(core: &Core, asked: &Asked) -> Result<Content, Refusal> {
    let Asked {
        method, path, body, ..
    } = asked;
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
    if !allowed.contains(&method.as_str()) {
        let allowed = allowed.join(" or ");
        return Err(Refusal(405, "methodNotAllowed", format!("use {allowed}")));
    }
    let options = Options::parse(&asked.query)?;
    if method == "GET" {
        options.check(look::names(&segments))?;
        return look::answer(core, &segments, &options);
    }
    options.check(match segments.as_slice() {
        ["advance"] => &["seconds", "until"],
        ["jobs"] => &["count", "users"],
        _ => &[],
    })?;
    let json = match segments.as_slice() {
        ["import"] => import(core, body)?,
        segments => change(&mut core.engine(), segments, &options, method, body)?,
    };
    Ok(Content::Json(json))
}

/// Goes on from an exported state, which is read before the engine is asked and thrown away after.
fn import(core: &Core, body: &[u8]) -> Result<Value, Refusal> {
    let import = Import::from_slice(without_mark(body))?;
    let (now, before) = core.engine().import(import);
    drop(before);
    Ok(json!({ "now": now }))
}

/// The methods of an endpoint, if it exists.
fn methods(path: &[&str]) -> Option<&'static [&'static str]> {
    Some(match path {
        ["reset" | "advance" | "expire-tokens"] => &["POST"],
        ["jobs"] | ["scenarios", _] => &["GET", "POST"],
        ["requests" | "state" | "tasks" | "export" | "codes" | "scenarios" | "operations"]
        | ["requests" | "jobs", _]
        | ["mappings", "users" | "groups"] => &["GET"],
        ["faults"] => &["GET", "PUT", "POST"],
        ["faults", _] => &["DELETE"],
        ["settings" | "clock"] => &["GET", "PUT"],
        ["scenario"] => &["GET", "PUT", "DELETE"],
        ["import"]
        | ["jobs", _, "status" | "stalled" | "outcome"]
        | ["users" | "sources", _, "outcome"] => &["PUT"],
        _ => return None,
    })
}

/// Does what is asked for.
fn change(
    engine: &mut Engine,
    path: &[&str],
    options: &Options,
    method: &str,
    body: &[u8],
) -> Result<Value, Refusal> {
    match path {
        ["reset"] => {
            engine.reset().map_err(invalid)?;
            Ok(json!({"now": engine.clock.now()}))
        }
        ["advance"] => advance(engine, options),
        ["expire-tokens"] => {
            engine.expire_tokens();
            Ok(json!({}))
        }
        ["clock"] => {
            let wanted: ClockBody = read(body)?;
            if !(wanted.speed.is_finite() && wanted.speed >= 0.0) {
                return Err(invalid(format!(
                    "the speed {} isn't zero or more",
                    wanted.speed
                )));
            }
            engine.settle();
            engine.clock.set_speed(wanted.speed);
            Ok(look::clock(engine))
        }
        ["faults"] => put_faults(engine, method, body),
        ["faults", place] => {
            let removed = place.parse().is_ok_and(|place| engine.faults.remove(place));
            if !removed {
                let message = format!("there is no rule at position {place}");
                return Err(Refusal(404, "notFound", message));
            }
            Ok(json!({"value": engine.faults.counted()}))
        }
        ["settings"] => {
            put_settings(engine, body)?;
            Ok(look::settings(engine))
        }
        ["scenario"] if method == "DELETE" => {
            engine.scenario = None;
            Ok(json!({}))
        }
        ["scenario"] => {
            let text = std::str::from_utf8(without_mark(body))
                .map_err(|_| invalid("the scenario isn't valid UTF-8"))?;
            let script = Script::parse(text).map_err(|error| invalid(error.to_string()))?;
            play(engine, &script)
        }
        ["scenarios", name] => {
            let script = shipped::find(name)
                .map(|_| scenario::read(name))
                .ok_or_else(|| Refusal(404, "notFound", format!("there is no scenario '{name}'")))?
                .map_err(|error| invalid(error.to_string()))?;
            play(engine, &script)
        }
        ["jobs"] => {
            let ids = rehearse::preload_jobs(
                engine,
                options.number("count")?.unwrap_or(1),
                options.number("users")?.unwrap_or(1),
            )?;
            Ok(json!({"value": ids}))
        }
        ["jobs", id, "status"] => {
            let wanted: StatusBody = read(body)?;
            rehearse::set_job_status(engine, id, &wanted.status)?;
            Ok(json!({"status": wanted.status}))
        }
        ["jobs", id, "stalled"] => {
            let wanted: StalledBody = read(body)?;
            rehearse::set_job_stalled(engine, id, wanted.stalled)?;
            Ok(json!({"stalled": wanted.stalled}))
        }
        ["jobs", id, "outcome"] => {
            let outcomes = outcomes(body)?;
            for outcome in &outcomes {
                rehearse::set_job_outcome(engine, id, outcome.clone())?;
            }
            Ok(said(&outcomes))
        }
        ["users", id, "outcome"] => {
            let outcomes = outcomes(body)?;
            for outcome in &outcomes {
                rehearse::set_user_outcome(engine, id, outcome.clone())?;
            }
            Ok(said(&outcomes))
        }
        ["sources", source, "outcome"] => {
            let outcome: SourceOutcome = read(body)?;
            rehearse::set_source_outcome(engine, source, outcome.clone());
            Ok(json!(outcome))
        }
        _ => Err(Refusal(404, "notFound", "there is no such endpoint".into())),
    }
}

/// Puts other rules in force, or further ones beside those there are.
fn put_faults(engine: &mut Engine, method: &str, body: &[u8]) -> Result<Value, Refusal> {
    let rules = faults::read(without_mark(body)).map_err(invalid)?;
    match method {
        "POST" => engine.faults.add(rules),
        _ => engine.faults.replace(rules),
    }
    .map_err(invalid)?;
    Ok(json!({"value": engine.faults.counted()}))
}

fn play(engine: &mut Engine, script: &Script) -> Result<Value, Refusal> {
    engine
        .start_scenario(script)
        .map_err(|error| invalid(error.to_string()))?;
    Ok(look::scenario(engine))
}

/// One outcome, or a list with one for each workload; all are checked before any counts.
fn outcomes(body: &[u8]) -> Result<Vec<UserOutcome>, Refusal> {
    let outcomes: Vec<UserOutcome> = match read(body)? {
        Value::Array(items) => read_value(Value::Array(items))?,
        one => vec![read_value(one)?],
    };
    outcomes
        .into_iter()
        .map(|outcome| outcome.complete().map_err(invalid))
        .collect()
}

fn said(outcomes: &[UserOutcome]) -> Value {
    match outcomes {
        [one] => json!(one),
        all => json!(all),
    }
}

/// Settings together with what is in force beside them: access and the limit of requests.
fn put_settings(engine: &mut Engine, body: &[u8]) -> Result<(), Refusal> {
    let mut change: Map<String, Value> = read(body)?;
    let access = match change.remove("access") {
        None => None,
        Some(access) => {
            let access: Map<String, Value> = read_value(access)?;
            Some(with_access(&engine.access, access)?)
        }
    };
    let limit: Option<Option<f64>> = match change.remove("rateLimit") {
        None => None,
        Some(limit) => Some(read_value(limit)?),
    };
    if let Some(Some(limit)) = limit
        && !(limit.is_finite() && limit > 0.0)
    {
        return Err(invalid(format!(
            "the rate limit {limit} isn't more than zero"
        )));
    }
    let settings = engine
        .state
        .settings
        .with(&Value::Object(change))
        .map_err(invalid)?;
    rehearse::set_settings(engine, settings)?;
    if let Some(limit) = limit {
        engine.set_rate_limit(limit).map_err(invalid)?;
    }
    if let Some(access) = access {
        engine.set_access(access);
    }
    Ok(())
}

/// The access in force with the members of `change` put over it; the token itself is never told, so it is never sent
/// back either.
fn with_access(access: &Access, mut change: Map<String, Value>) -> Result<Access, Refusal> {
    change.remove("tokenRequired");
    for (name, value) in [
        ("token", json!(access.token)),
        ("scopes", json!(access.scopes)),
        ("tokenRequests", json!(access.token_requests)),
        ("tokenSeconds", json!(access.token_seconds)),
    ] {
        change.entry(name).or_insert(value);
    }
    read_value(Value::Object(change))
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
struct ClockBody {
    speed: f64,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(without_mark(body))
        .map_err(|error| invalid(format!("the body doesn't fit: {error}")))
}

fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_json::from_value(value).map_err(|error| invalid(format!("the body doesn't fit: {error}")))
}

fn advance(engine: &mut Engine, options: &Options) -> Result<Value, Refusal> {
    if let Some(until) = options.text("until") {
        if options.text("seconds").is_some() {
            return Err(invalid("use either 'seconds' or 'until'"));
        }
        let (job, status) = until
            .rsplit_once(':')
            .ok_or_else(|| invalid("'until' takes a job and a status, as in 'Wave 1:completed'"))?;
        let now = engine.advance_until(job, status)?;
        return Ok(json!({ "now": now }));
    }
    let text = options
        .text("seconds")
        .ok_or_else(|| invalid("the query needs 'seconds' or 'until'"))?;
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

/// The codes of errors that the support pages name.
fn known_codes() -> Value {
    let families: Vec<Value> = codes::FAMILIES
        .iter()
        .map(|family| {
            json!({
                "codes": family.codes,
                "workload": family.service.map(Service::as_str),
                "meaning": family.what,
            })
        })
        .collect();
    json!({ "value": families })
}
