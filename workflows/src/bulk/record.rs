//! What is done, for a run that is interrupted and taken up again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What the service has confirmed, across any number of runs.
///
/// It is filled while a run goes on, also with answers that were not handed over yet, so that nothing
/// is lost when the run is dropped midway. Clones share their content. It is written and read with
/// serde; keep it as safe as the list itself, because it names users.
///
/// Only what is as it was asked to be is in it. A request whose answer was lost is not, even when it
/// took effect; the next run then finds that out.
///
/// ```
/// use msgraph_migrations_workflows::bulk::Record;
///
/// # fn example(saved: &str) -> Result<(), serde_json::Error> {
/// let record: Record = serde_json::from_str(saved)?;
/// // Hand it to BulkOptions::record, run, and write it again:
/// let saved = serde_json::to_string(&record)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Scopes>>);

/// What is done, by what it was done to: an operation, and for users their job.
type Scopes = BTreeMap<String, BTreeSet<String>>;

impl Record {
    /// Nothing is done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items are done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().values().map(BTreeSet::len).sum()
    }

    /// Whether nothing is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is done within `scope` at this moment.
    pub(crate) fn within(&self, scope: &str) -> BTreeSet<String> {
        self.lock().get(scope).cloned().unwrap_or_default()
    }

    pub(crate) fn add(&self, scope: &str, item: String) {
        let mut scopes = self.lock();
        match scopes.get_mut(scope) {
            Some(items) => items.insert(item),
            None => scopes.entry(scope.to_owned()).or_default().insert(item),
        };
    }

    fn lock(&self) -> MutexGuard<'_, Scopes> {
        // Each change is a single insertion, so that a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves out the items, which may name people.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || {
            let mine = self.lock().clone();
            mine == *other.lock()
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lock().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(Mutex::new(Scopes::deserialize(
            deserializer,
        )?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_being_written_and_read() {
        let record = Record::new();
        record.add("cancelUser wave 3", "a".to_owned());
        record.clone().add("cancelUser wave 3", "b".to_owned());
        record.add("cancelUser wave 4", "a".to_owned());
        let text = serde_json::to_string(&record).expect("JSON");
        let read: Record = serde_json::from_str(&text).expect("a record");
        assert_eq!(read, record);
        assert_eq!(read.len(), 3);
        assert!(read.within("cancelUser wave 4").contains("a"));
        assert!(!read.within("cancelUser wave 4").contains("b"));
        assert!(read.within("cancelUser").is_empty());
    }
}
