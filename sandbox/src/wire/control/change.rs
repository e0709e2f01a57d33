//! The control endpoints that change something.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::look;
use super::options::Options;
use super::refusal::{Refusal, invalid};
use crate::access::Access;
use crate::body::without_mark;
use crate::engine::Engine;
use crate::engine::rehearse;
use crate::engine::travel::Import;
use crate::faults;
use crate::scenario::script::Script;
use crate::scenario::{self, shipped};
use crate::state::outcome::UserOutcome;
use crate::state::task::SourceOutcome;
use crate::wire::core::Core;

/// Goes on from an exported state, which is read before the engine is asked and thrown away after.
pub(super) fn import(core: &Core, body: &[u8]) -> Result<Value, Refusal> {
    let import = Import::from_slice(without_mark(body))?;
    let (now, before) = core.engine().import(import);
    drop(before);
    Ok(json!({ "now": now }))
}

/// Does what is asked for.
pub(super) fn change(
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
        ["faults", index] => {
            let removed = index.parse().is_ok_and(|index| engine.faults.remove(index));
            if !removed {
                let message = format!("there is no rule at position {index}");
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
