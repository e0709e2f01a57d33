//! Identity maps: which user or group of the target tenant stands for one of the source tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value, json};

use crate::operation::MappingKind;

/// The id of a mapping follows from its source: a number, the number of the map, and the key.
pub(crate) fn mapping_id(kind: MappingKind, key: &str) -> String {
    let number = match kind {
        MappingKind::User => 1_i32,
        MappingKind::Group => 2_i32,
    };
    let mut bytes = Vec::with_capacity(8 + key.len());
    bytes.extend(1_i32.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend(key.as_bytes());
    STANDARD_NO_PAD.encode(bytes)
}

/// Both maps, by the lower-case source key.
#[derive(Clone, Debug, Default)]
pub(crate) struct MappingStore {
    users: BTreeMap<String, Arc<Map<String, Value>>>,
    groups: BTreeMap<String, Arc<Map<String, Value>>>,
}

impl MappingStore {
    pub(crate) fn of(&self, kind: MappingKind) -> &BTreeMap<String, Arc<Map<String, Value>>> {
        match kind {
            MappingKind::User => &self.users,
            MappingKind::Group => &self.groups,
        }
    }

    pub(crate) fn of_mut(
        &mut self,
        kind: MappingKind,
    ) -> &mut BTreeMap<String, Arc<Map<String, Value>>> {
        match kind {
            MappingKind::User => &mut self.users,
            MappingKind::Group => &mut self.groups,
        }
    }

    pub(crate) fn len(&self, kind: MappingKind) -> usize {
        self.of(kind).len()
    }

    /// All of a map by their sources; they stay what they are now.
    pub(crate) fn all(&self, kind: MappingKind) -> Vec<Arc<Map<String, Value>>> {
        self.of(kind).values().cloned().collect()
    }

    /// Puts a plain user mapping into the map.
    pub(crate) fn put_user(&mut self, source: &str, target: &str) {
        let mut mapping = Map::new();
        mapping.insert("id".into(), json!(mapping_id(MappingKind::User, source)));
        mapping.insert(
            "sourceOrganizationId".into(),
            json!("6f1d4c02-83be-47a5-9d10-52e7c8b0a936"),
        );
        mapping.insert("userType".into(), json!("regularUser"));
        mapping.insert(
            "sourceUserIdentity".into(),
            json!({"userPrincipalName": source}),
        );
        mapping.insert(
            "targetUserIdentity".into(),
            json!({"userPrincipalName": target}),
        );
        mapping.insert("targetUserMigrationData".into(), json!({"email": target}));
        self.users.insert(source.to_lowercase(), Arc::new(mapping));
    }

    /// Puts a mapping back as it was written out.
    pub(crate) fn restore(
        &mut self,
        kind: MappingKind,
        mapping: Arc<Map<String, Value>>,
    ) -> Result<(), String> {
        let (side, name) = match kind {
            MappingKind::User => ("sourceUserIdentity", "userPrincipalName"),
            MappingKind::Group => ("sourceGroupIdentity", "id"),
        };
        let key = mapping
            .get(side)
            .and_then(|identity| identity.get(name)?.as_str())
            .ok_or_else(|| format!("a mapping has no {side}/{name}"))?
            .to_lowercase();
        self.of_mut(kind).insert(key, mapping);
        Ok(())
    }

    /// The user principal names of source and target, found by the source's name or else by its id.
    pub(crate) fn user(
        &self,
        name: Option<&str>,
        id: Option<&str>,
    ) -> Option<(Option<String>, Option<String>)> {
        let part = |mapping: &Map<String, Value>, side: &str, part: &str| {
            Some(mapping.get(side)?.get(part)?.as_str()?.to_owned())
        };
        let has_id = |mapping: &&Arc<Map<String, Value>>| {
            let own = part(mapping, "sourceUserIdentity", "id");
            id.is_some_and(|id| own.is_some_and(|own| own.eq_ignore_ascii_case(id)))
        };
        let mapping = match name {
            Some(name) => self.users.get(&name.to_lowercase()),
            None => self.users.values().find(has_id),
        }?;
        let name = |side| part(mapping, side, "userPrincipalName");
        Some((name("sourceUserIdentity"), name("targetUserIdentity")))
    }
}
