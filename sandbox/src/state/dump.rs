//! The state in a form that can be written out and read back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::State;
use super::job::Job;
use super::outcome::UserOutcome;
use super::task::{SourceOutcome, Task};
use crate::clock::latest;
use crate::operation::MappingKind;
use crate::settings::Settings;

/// The form that this version writes, and the only one that it reads.
const VERSION: u32 = 1;

/// Everything that the service remembers, shared with it until it changes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Dump {
    version: u32,
    pub(crate) now: DateTime<Utc>,
    settings: Settings,
    tenant_id: String,
    /// Numbers of 64 bits, in text because many readers of JSON keep only 53.
    seed: String,
    next_ids: String,
    #[serde(with = "shared")]
    jobs: Vec<Arc<Job>>,
    #[serde(with = "sorted")]
    user_outcomes: Arc<HashMap<Uuid, Vec<UserOutcome>>>,
    #[serde(with = "shared")]
    tasks: Vec<Arc<Task>>,
    source_outcomes: BTreeMap<String, SourceOutcome>,
    #[serde(with = "shared")]
    user_mappings: Vec<Arc<Map<String, Value>>>,
    #[serde(with = "shared")]
    group_mappings: Vec<Arc<Map<String, Value>>>,
}

/// Lists of what is shared.
mod shared {
    use super::{Arc, Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        items: &[Arc<T>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(items.iter().map(|item| &**item))
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Arc<T>>, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        Ok(items.into_iter().map(Arc::new).collect())
    }
}

/// A map that is written out in the order of its keys, so that the same state gives the same text.
mod sorted {
    use super::{
        Arc, BTreeMap, Deserialize as _, Deserializer, HashMap, Serializer, UserOutcome, Uuid,
    };

    pub(super) fn serialize<S: Serializer>(
        map: &HashMap<Uuid, Vec<UserOutcome>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter().collect::<BTreeMap<_, _>>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<HashMap<Uuid, Vec<UserOutcome>>>, D::Error> {
        HashMap::deserialize(deserializer).map(Arc::new)
    }
}

impl State {
    pub(crate) fn dump(&self, now: DateTime<Utc>) -> Dump {
        let roster = self.jobs.roster();
        Dump {
            version: VERSION,
            now,
            settings: self.settings.clone(),
            tenant_id: self.tenant_id.clone(),
            seed: roster.seed().to_string(),
            next_ids: self.ids.get_seed().to_string(),
            jobs: roster.shared().to_vec(),
            user_outcomes: Arc::clone(roster.outcomes()),
            tasks: self.tasks.all().to_vec(),
            source_outcomes: self.tasks.outcomes().clone(),
            user_mappings: self.mappings.all(MappingKind::User),
            group_mappings: self.mappings.all(MappingKind::Group),
        }
    }

    /// Builds the state that was written out, or says why it can't be.
    pub(crate) fn restore(dump: Dump) -> Result<Self, String> {
        if dump.version != VERSION {
            return Err(format!(
                "the state has the version {}; this sandbox reads {VERSION}",
                dump.version
            ));
        }
        check_dates(&json!(dump.now))?;
        dump.settings.check()?;
        let number = |name: &str, text: &str| {
            text.parse::<u64>()
                .map_err(|_| format!("'{name}' isn't a whole number in text"))
        };
        let mut state = Self::new(dump.settings, number("seed", &dump.seed)?);
        state.tenant_id = dump.tenant_id;
        state.ids = fastrand::Rng::with_seed(number("nextIds", &dump.next_ids)?);
        let mut ids = HashSet::new();
        for (sequence, job) in dump.jobs.into_iter().enumerate() {
            // One at a time, since a million users take much room in this form.
            check_dates(&json!(*job))?;
            let mut job = Arc::unwrap_or_clone(job);
            if !ids.insert(job.id.clone()) {
                return Err(format!("two jobs or tasks have the id '{}'", job.id));
            }
            job.sequence = sequence as u64;
            state.jobs.insert(job, &state.settings);
        }
        for (user, outcomes) in Arc::unwrap_or_clone(dump.user_outcomes) {
            for outcome in outcomes {
                state.jobs.choose(user, outcome.complete()?);
            }
        }
        for (source, outcome) in dump.source_outcomes {
            state.tasks.choose(&source, outcome);
        }
        for task in dump.tasks {
            check_dates(&json!(*task))?;
            let task = Arc::unwrap_or_clone(task);
            if !ids.insert(task.id.clone()) {
                return Err(format!("two jobs or tasks have the id '{}'", task.id));
            }
            state.tasks.restore(task);
        }
        for (kind, mappings) in [
            (MappingKind::User, dump.user_mappings),
            (MappingKind::Group, dump.group_mappings),
        ] {
            for mapping in mappings {
                check_dates(&json!(*mapping))?;
                state.mappings.restore(kind, mapping)?;
            }
        }
        Ok(state)
    }
}

/// Refuses dates that no answer could show.
fn check_dates(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(check_dates),
        Value::Object(members) => members.values().try_for_each(check_dates),
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) if at > latest() || at < DateTime::<Utc>::UNIX_EPOCH => {
                Err(format!("the date {text} isn't between 1970 and 9998"))
            }
            // A year of more than four digits has a sign before it.
            Err(_) if text.starts_with(['+', '-']) && text.contains('T') && text.ends_with('Z') => {
                Err(format!("the date {text} isn't between 1970 and 9998"))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
