//! One change of an identity mapping, and whether an answer confirms it.

use std::fmt;

use serde::Serialize;

use msgraph_migrations::models::{
    Deleted, SharePointGroupIdentityMapping, SharePointGroupIdentityMappingDeltaItem,
    SharePointUserIdentityMapping, SharePointUserIdentityMappingDeltaItem,
};

/// What the service said of one change of a mapping.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a change that is not confirmed may not have been made"]
pub enum BulkMappingOutcome<M> {
    /// At the index of the change, the answer has its source and its target, or says that it is gone.
    Applied(M),
    /// The service accepted the request, and its answer does not say so of this change.
    ///
    /// The documents do not tell how the failure of a single change is reported. Read the mapping, or
    /// run again: a change states where to end, so that making it twice does no harm.
    Unconfirmed(Unconfirmed),
}

/// In what way an answer does not confirm a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unconfirmed {
    /// The answer has nothing at the index of the change.
    Missing,
    /// At its index, the answer tells of another source, or of none.
    AnotherSource,
    /// The answer tells of another target, or that the mapping is gone although it was to be set.
    AnotherTarget,
    /// The answer tells of a target although the mapping was to be removed.
    NotRemoved,
}

impl fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the answer does not mention it",
            Self::AnotherSource => "the answer has another source in its place",
            Self::AnotherTarget => "the answer has another target",
            Self::NotRemoved => "the answer still has a target",
        })
    }
}

/// Who is meant, by name and by id; neither is known by case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    name: Option<String>,
    id: Option<String>,
}

impl Identity {
    fn new(name: Option<&str>, id: Option<&str>) -> Self {
        let known = |text: Option<&str>| {
            text.map(|text| text.trim().to_lowercase())
                .filter(|text| !text.is_empty())
        };
        Self {
            name: known(name),
            id: known(id),
        }
    }

    fn is_empty(&self) -> bool {
        self.name.is_none() && self.id.is_none()
    }

    /// Whether `answer` tells of the same, by all that both tell and by one thing at least.
    fn is_met_by(&self, answer: &Self) -> bool {
        let agree = |mine: &Option<String>, other: &Option<String>| match (mine, other) {
            (Some(mine), Some(other)) => Some(mine == other),
            _ => None,
        };
        match (agree(&self.name, &answer.name), agree(&self.id, &answer.id)) {
            (None, None) => false,
            (name, id) => name.unwrap_or(true) && id.unwrap_or(true),
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = String> {
        let name = self.name.iter().map(|name| format!("name {name}"));
        name.chain(self.id.iter().map(|id| format!("id {id}")))
    }
}

/// A change of a mapping.
pub(crate) trait Change: Serialize + Clone + Send + Unpin + 'static {
    type Mapping: Mapping;

    fn check(&self) -> Result<(), String>;
    fn source(&self) -> Identity;
    fn target(&self) -> Identity;
    fn is_removal(&self) -> bool;
}

/// A mapping as the answer has it.
pub(crate) trait Mapping: Clone + Send + Unpin + 'static {
    fn source(&self) -> Identity;
    fn target(&self) -> Identity;
    fn deleted(&self) -> Option<&Deleted>;
}

impl Change for SharePointUserIdentityMappingDeltaItem {
    type Mapping = SharePointUserIdentityMapping;

    fn check(&self) -> Result<(), String> {
        self.check()
    }

    fn source(&self) -> Identity {
        let user = &self.source_user_identity;
        Identity::new(user.user_principal_name.as_deref(), user.id.as_deref())
    }

    fn target(&self) -> Identity {
        let user = self.target_user_identity.as_ref();
        user.map_or_else(Identity::default, |user| {
            Identity::new(user.user_principal_name.as_deref(), user.id.as_deref())
        })
    }

    fn is_removal(&self) -> bool {
        self.removed.is_some()
    }
}

impl Mapping for SharePointUserIdentityMapping {
    fn source(&self) -> Identity {
        let user = self.source_user_identity.as_ref();
        user.map_or_else(Identity::default, |user| {
            Identity::new(user.user_principal_name.as_deref(), user.id.as_deref())
        })
    }

    fn target(&self) -> Identity {
        let user = self.target_user_identity.as_ref();
        user.map_or_else(Identity::default, |user| {
            Identity::new(user.user_principal_name.as_deref(), user.id.as_deref())
        })
    }

    fn deleted(&self) -> Option<&Deleted> {
        self.deleted.as_ref()
    }
}

impl Change for SharePointGroupIdentityMappingDeltaItem {
    type Mapping = SharePointGroupIdentityMapping;

    fn check(&self) -> Result<(), String> {
        self.check()
    }

    fn source(&self) -> Identity {
        Identity::new(None, self.source_group_identity.id.as_deref())
    }

    fn target(&self) -> Identity {
        let group = self.target_group_identity.as_ref();
        Identity::new(None, group.and_then(|group| group.id.as_deref()))
    }

    fn is_removal(&self) -> bool {
        self.removed.is_some()
    }
}

impl Mapping for SharePointGroupIdentityMapping {
    fn source(&self) -> Identity {
        let group = self.source_group_identity.as_ref();
        Identity::new(None, group.and_then(|group| group.id.as_deref()))
    }

    fn target(&self) -> Identity {
        let group = self.target_group_identity.as_ref();
        Identity::new(None, group.and_then(|group| group.id.as_deref()))
    }

    fn deleted(&self) -> Option<&Deleted> {
        self.deleted.as_ref()
    }
}

/// What the answer at the index of a change says of it.
pub(crate) fn judge<D: Change>(
    change: &D,
    answer: Option<&D::Mapping>,
) -> BulkMappingOutcome<D::Mapping> {
    let unconfirmed = BulkMappingOutcome::Unconfirmed;
    let Some(mapping) = answer else {
        return unconfirmed(Unconfirmed::Missing);
    };
    let (wanted, target) = (change.target(), mapping.target());
    if !change.source().is_met_by(&mapping.source()) {
        unconfirmed(Unconfirmed::AnotherSource)
    } else if change.is_removal() && mapping.deleted().is_none() && !target.is_empty() {
        // Older pages show a removed mapping without `deleted`, and with nothing but its source.
        unconfirmed(Unconfirmed::NotRemoved)
    } else if !change.is_removal()
        && (mapping.deleted().is_some() || !(wanted.is_empty() || wanted.is_met_by(&target)))
    {
        unconfirmed(Unconfirmed::AnotherTarget)
    } else {
        BulkMappingOutcome::Applied(mapping.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Item = SharePointUserIdentityMappingDeltaItem;

    fn change(source: &str, target: Option<&str>) -> Item {
        let mut item = json!({ "sourceUserIdentity": { "userPrincipalName": source } });
        match target {
            Some(target) => item["targetUserIdentity"] = json!({ "userPrincipalName": target }),
            None => item["@removed"] = json!({ "reason": "deleted" }),
        }
        serde_json::from_value(item).expect("a change")
    }

    #[test]
    fn only_an_answer_that_has_the_change_at_its_index_confirms_it() {
        use BulkMappingOutcome::{Applied, Unconfirmed as Not};
        let set = || change("Ines@alderwood.example", Some("ines@harborlane.example"));
        let removed = || change("ines@alderwood.example", None);
        let source = json!({ "userPrincipalName": "ines@alderwood.example" });
        let target = json!({ "userPrincipalName": "Ines@harborlane.example", "id": "7" });
        let other = json!({ "userPrincipalName": "theo@harborlane.example" });
        let gone = json!({ "state": "deleted" });
        let cases = [
            (
                set(),
                Some(json!({ "sourceUserIdentity": source, "targetUserIdentity": target })),
                None,
            ),
            (set(), None, Some(Unconfirmed::Missing)),
            (set(), Some(json!({})), Some(Unconfirmed::AnotherSource)),
            (
                set(),
                Some(json!({ "sourceUserIdentity": other, "targetUserIdentity": target })),
                Some(Unconfirmed::AnotherSource),
            ),
            (
                set(),
                Some(json!({ "sourceUserIdentity": source, "targetUserIdentity": other })),
                Some(Unconfirmed::AnotherTarget),
            ),
            (
                set(),
                Some(json!({ "sourceUserIdentity": source })),
                Some(Unconfirmed::AnotherTarget),
            ),
            (
                set(),
                Some(
                    json!({ "sourceUserIdentity": source, "targetUserIdentity": target, "deleted": gone }),
                ),
                Some(Unconfirmed::AnotherTarget),
            ),
            (
                removed(),
                Some(json!({ "sourceUserIdentity": source, "deleted": gone })),
                None,
            ),
            (
                removed(),
                Some(json!({ "sourceUserIdentity": source })),
                None,
            ),
            (
                removed(),
                Some(json!({ "sourceUserIdentity": source, "targetUserIdentity": target })),
                Some(Unconfirmed::NotRemoved),
            ),
            (
                removed(),
                Some(json!({ "sourceUserIdentity": other, "deleted": gone })),
                Some(Unconfirmed::AnotherSource),
            ),
        ];
        for (change, answer, expected) in cases {
            let text = format!("{change:?}: {answer:?}");
            let answer = answer.map(|answer| serde_json::from_value(answer).expect("a mapping"));
            match (judge(&change, answer.as_ref()), expected) {
                (Applied(mapping), None) => assert_eq!(Some(mapping), answer, "{text}"),
                (Not(reason), Some(expected)) => assert_eq!(reason, expected, "{text}"),
                (judged, _) => panic!("{text}: {judged:?}"),
            }
        }
    }
}
