//! The control endpoints that only look.

use serde_json::{Value, json};

use super::content::Content;
use super::options::Options;
use super::refusal::{Refusal, invalid};
use super::state;
use crate::engine::Engine;
use crate::engine::rehearse::find;
use crate::operation::{MappingKind, Operation, Service};
use crate::scenario::plan::Scenario;
use crate::scenario::shipped;
use crate::state::codes;
use crate::wire::core::Core;

/// The options that an endpoint takes.
pub(super) fn names(path: &[&str]) -> &'static [&'static str] {
    match path {
        ["requests"] => &[
            "operation",
            "job",
            "user",
            "status",
            "after",
            "before",
            "top",
            "details",
        ],
        ["state"] => &["job", "status", "user", "top", "skip"],
        ["jobs"] => &["status", "user", "top", "skip"],
        ["jobs", _] => &["top", "skip"],
        ["tasks"] => &["status", "source", "top", "skip"],
        ["mappings", _] => &["source", "top", "skip"],
        _ => &[],
    }
}

pub(super) fn answer(core: &Core, path: &[&str], options: &Options) -> Result<Content, Refusal> {
    match path {
        ["state"] => return state::all(core, options),
        ["jobs"] => return state::jobs(core, options),
        ["tasks"] => return state::tasks(core, options),
        ["mappings", "users"] => return state::mappings(core, MappingKind::User, options),
        ["mappings", "groups"] => return state::mappings(core, MappingKind::Group, options),
        // Shared with the engine and written out without it.
        ["export"] => return Ok(Content::written(core.engine().export())),
        _ => {}
    }
    let json = match path {
        ["requests"] => requests(core, options),
        ["requests", number] => request(core, number),
        ["jobs", id] => state::job(core, id, options),
        ["clock"] => Ok(clock(&core.look())),
        ["settings"] => Ok(settings(&core.look())),
        ["faults"] => Ok(json!({"value": core.look().faults.counted()})),
        ["codes"] => Ok(known_codes()),
        ["operations"] => Ok(json!({"value": Operation::ids()})),
        ["scenario"] => Ok(scenario(&core.look())),
        ["scenarios"] => Ok(scenarios()),
        ["scenarios", name] => shipped::find(name)
            .map(|one| json!({"name": one.name, "text": one.text}))
            .ok_or_else(|| Refusal(404, "notFound", format!("there is no scenario '{name}'"))),
        _ => Err(Refusal(404, "notFound", "there is no such endpoint".into())),
    };
    json.map(Content::Json)
}

pub(super) fn clock(engine: &Engine) -> Value {
    json!({"now": engine.clock.now(), "speed": engine.clock.speed()})
}

/// The settings, and beside them who may call and how often; the token itself is never told.
pub(super) fn settings(engine: &Engine) -> Value {
    let mut all = json!(engine.state.settings);
    let access = &engine.access;
    all["access"] = json!({
        "tokenRequired": access.token.is_some(),
        "scopes": access.scopes,
        "tokenRequests": access.token_requests,
        "tokenSeconds": access.token_seconds,
    });
    all["rateLimit"] = json!(engine.rate_limit());
    all
}

pub(super) fn scenario(engine: &Engine) -> Value {
    engine.scenario.as_ref().map_or(Value::Null, Scenario::json)
}

/// The scenarios that come with the sandbox.
pub(super) fn scenarios() -> Value {
    let all: Vec<Value> = shipped::ALL
        .iter()
        .map(|one| {
            // Each was read by a test; what can't be read is told instead of left out.
            match crate::scenario::read(one.name) {
                Ok(script) => {
                    json!({"name": one.name, "title": script.name, "teaches": script.teaches})
                }
                Err(error) => json!({"name": one.name, "error": error.to_string()}),
            }
        })
        .collect();
    json!({ "value": all })
}

fn requests(core: &Core, options: &Options) -> Result<Value, Refusal> {
    let operation = options.text("operation");
    if let Some(unknown) = operation.filter(|wanted| !Operation::ids().contains(wanted)) {
        return Err(invalid(format!(
            "there is no operation '{unknown}'; choose among {}",
            Operation::ids().join(", ")
        )));
    }
    let status = match options.text("status") {
        Some("dropped") => Some(None),
        Some(_) => options.number::<u16>("status")?.map(Some),
        None => None,
    };
    let details = match options.text("details") {
        None | Some("true") => true,
        Some("false") => false,
        Some(other) => {
            return Err(invalid(format!(
                "'details' takes true or false, not '{other}'"
            )));
        }
    };
    let after = options.number::<u64>("after")?.unwrap_or(0);
    let before = options.number::<u64>("before")?.unwrap_or(u64::MAX);
    let (top, _) = options.page()?;
    let user = options.text("user");
    let (job, entries, total, effects) = {
        let engine = core.look();
        // A name stands for the id that the log knows.
        let job = options.text("job").map(|job| {
            find(&engine.state, job)
                .ok()
                .and_then(|index| engine.state.jobs.get(index))
                .map_or_else(|| job.to_owned(), |job| job.id.clone())
        });
        let is_same = |own: &Option<String>, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| {
                own.as_deref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(wanted))
            })
        };
        let entries: Vec<_> = engine
            .log
            .after(after)
            .take_while(|entry| entry.sequence < before)
            .filter(|entry| operation.is_none() || entry.operation.as_deref() == operation)
            .filter(|entry| status.is_none_or(|status| entry.status == status))
            .filter(|entry| is_same(&entry.user, user) && is_same(&entry.job, job.as_deref()))
            .take(top.saturating_add(1))
            .cloned()
            .collect();
        (
            job,
            entries,
            engine.log.total(),
            engine.log.effects().clone(),
        )
    };
    let value: Vec<Value> = entries
        .iter()
        .take(top)
        .map(|entry| {
            let mut entry = json!(**entry);
            if let (false, Some(members)) = (details, entry.as_object_mut()) {
                for name in [
                    "requestHeaders",
                    "requestBody",
                    "responseHeaders",
                    "responseBody",
                ] {
                    members.remove(name);
                }
            }
            entry
        })
        .collect();
    let mut answer = json!({"total": total, "effects": effects});
    if entries.len() > top
        && let Some(last) = value.last()
    {
        answer["nextAfter"] = last["sequence"].clone();
    }
    if let Some(job) = job {
        answer["job"] = json!(job);
    }
    answer["value"] = json!(value);
    Ok(answer)
}

fn request(core: &Core, number: &str) -> Result<Value, Refusal> {
    let missing = || Refusal(404, "notFound", format!("the log has no request {number}"));
    let wanted: u64 = number.parse().map_err(|_| missing())?;
    let before = wanted.checked_sub(1).ok_or_else(missing)?;
    let entry = core.look().log.after(before).next().cloned();
    entry
        .filter(|entry| entry.sequence == wanted)
        .map(|entry| json!(*entry))
        .ok_or_else(missing)
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
