//! Tells a page what changes, as it changes: server-sent events, each only when it differs from the last of its kind.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, stream};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::look;
use crate::engine::Engine;
use crate::operation::Service;
use crate::sharepoint::tasks;
use crate::state::job::Job;
use crate::state::picture::Picture;
use crate::state::workload::workload_status;
use crate::wire::core::{Core, closed};

/// How often at most a page is told of changes, so that a storm of requests doesn't become one of events.
const PACE: Duration = Duration::from_millis(150);

/// How often a page is told of time that runs by itself.
const TICK: Duration = Duration::from_millis(500);

/// How often a silent stream says that it is alive; far within any time after which a connection counts as idle.
const ALIVE: Duration = Duration::from_secs(15);

/// How many jobs, tasks, mappings and requests a page is told of, the newest of each.
const SHOWN: usize = 500;

/// The letters of the statuses of workloads, in the order in which a page explains them.
pub(crate) const LETTERS: [(&str, char); 13] = [
    ("notStarted", 'n'),
    ("valid", 'v'),
    ("invalid", 'x'),
    ("syncing", 's'),
    ("synced", 'y'),
    ("inProgress", 'p'),
    ("finalizing", 'z'),
    ("completed", 'c'),
    ("forceComplete", 'o'),
    ("failed", 'f'),
    ("error", 'e'),
    ("pendingCancel", 'w'),
    ("cancelled", 'l'),
];

fn letter(status: &str) -> char {
    let known = LETTERS.iter().find(|(name, _)| *name == status);
    known.map_or('?', |(_, letter)| *letter)
}

/// What a page was told already.
struct Told {
    core: Core,
    changes: watch::Receiver<()>,
    closing: watch::Receiver<()>,
    hashes: HashMap<String, u64>,
    after: u64,
    is_first: bool,
}

/// The events for one page, until it leaves or the sandbox stops.
pub(crate) fn stream(core: &Core) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let told = Told {
        changes: core.changes(),
        closing: core.closing.clone(),
        core: core.clone(),
        hashes: HashMap::new(),
        after: 0,
        is_first: true,
    };
    stream::unfold(told, |mut told| async move {
        if !told.is_first && !told.wait().await {
            return None;
        }
        told.is_first = false;
        let events = told.collect();
        // A comment keeps the connection from counting as idle, and finds out whether anybody is there.
        let text = if events.is_empty() {
            ":\n\n".to_owned()
        } else {
            events
        };
        Some((Ok(Bytes::from(text)), told))
    })
}

impl Told {
    /// Waits for something to tell; false when there never will be.
    async fn wait(&mut self) -> bool {
        let runs = self.core.look().clock.speed() > 0.0;
        let pause = if runs { TICK } else { ALIVE };
        tokio::select! {
            () = closed(self.closing.clone()) => return false,
            changed = self.changes.changed() => if changed.is_err() { return false; },
            () = tokio::time::sleep(pause) => {}
        }
        tokio::select! {
            () = closed(self.closing.clone()) => false,
            () = tokio::time::sleep(PACE) => true,
        }
    }

    fn collect(&mut self) -> String {
        self.changes.mark_unchanged();
        let mut events = String::new();
        let core = self.core.clone();
        let picture = {
            let mut engine = core.look();
            let picture = engine.picture();
            self.overview(&engine, &picture, &mut events);
            picture
        };
        let state = &picture;
        let tasks: Vec<Value> = newest(&state.tasks)
            .map(|task| Value::Object(tasks::view(task, &state.settings, state.now)))
            .collect();
        self.tell(&mut events, "tasks", "", &json!(tasks));
        let mappings = |all: &[Arc<Map<String, Value>>]| -> Vec<Value> {
            all.iter().take(SHOWN).map(|one| json!(**one)).collect()
        };
        let mappings = json!({"users": mappings(&state.user_mappings), "groups": mappings(&state.group_mappings)});
        self.tell(&mut events, "mappings", "", &mappings);
        let total = state.jobs.len();
        let mut ids = Vec::new();
        for found in state.jobs.all().skip(total.saturating_sub(SHOWN)) {
            ids.push(found.id.clone());
            self.tell(&mut events, "job", &found.id, &job(found, state));
        }
        self.tell(
            &mut events,
            "jobs",
            "",
            &json!({"ids": ids, "total": total}),
        );
        events
    }

    /// What is told of the engine itself.
    fn overview(&mut self, engine: &Engine, picture: &Picture, events: &mut String) {
        let last = engine.log.total();
        if last < self.after {
            // The sandbox started over.
            self.after = 0;
        }
        let clock = json!({
            "now": picture.now, "speed": engine.clock.speed(), "tenantId": picture.tenant_id,
        });
        self.tell(events, "clock", "", &clock);
        self.tell(events, "settings", "", &look::settings(engine));
        self.tell(events, "faults", "", &json!(engine.faults.counted()));
        self.tell(events, "scenario", "", &look::scenario(engine));
        let after = self.after.max(last.saturating_sub(SHOWN as u64));
        let entries: Vec<Value> = engine
            .log
            .after(after)
            .map(|entry| {
                json!({
                    "sequence": entry.sequence, "at": entry.at, "method": entry.method, "path": entry.path,
                    "operation": entry.operation, "status": entry.status, "effect": entry.effect,
                    "faults": entry.faults, "job": entry.job, "user": entry.user,
                })
            })
            .collect();
        self.after = last;
        let log = json!({"total": last, "effects": engine.log.effects(), "entries": entries});
        self.tell(events, "log", "", &log);
    }

    /// Adds an event if it differs from what was told under the same name.
    fn tell(&mut self, events: &mut String, kind: &str, id: &str, json: &Value) {
        let text = json.to_string();
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if self.hashes.insert(format!("{kind} {id}"), hash) != Some(hash) {
            // JSON has no line breaks of its own, so one line of data holds it.
            let _ = write!(events, "event: {kind}\ndata: {text}\n\n");
        }
    }
}

/// The last of a list, in its order.
fn newest<T>(items: &[T]) -> impl Iterator<Item = &T> {
    items.iter().skip(items.len().saturating_sub(SHOWN))
}

/// A job with a letter for each workload of each user.
fn job(job: &Job, picture: &Picture) -> Value {
    let seats = picture.jobs.seats(job);
    let cells: serde_json::Map<String, Value> = job
        .services
        .iter()
        .map(|service| {
            let letters: String = seats
                .iter()
                .map(|seat| {
                    let status =
                        workload_status(job, seat, service, &picture.settings, picture.now);
                    letter(status)
                })
                .collect();
            (service.as_str().to_owned(), json!(letters))
        })
        .collect();
    json!({
        "id": job.id, "name": job.display_name, "status": job.status, "message": job.message,
        "migrates": job.is_migration, "completeAfter": job.complete_after.at, "entered": job.entered,
        "attempts": job.attempts, "stalled": job.stalled, "users": job.users.len(),
        "services": job.services.iter().map(Service::as_str).collect::<Vec<_>>(), "cells": cells,
    })
}
