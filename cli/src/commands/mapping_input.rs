//! Changes of identity mappings from files.

use msgraph_migrations::models::{
    SharePointGroupIdentityMappingDeltaItem as GroupChange,
    SharePointIdentityMappingGroupMigrationData as GroupData,
    SharePointIdentityMappingGroupType as GroupType,
    SharePointIdentityMappingUserMigrationData as UserData,
    SharePointIdentityMappingUserType as UserType,
    SharePointUserIdentityMappingDeltaItem as UserChange,
};
use serde_json::Value;

use super::user_input::{delimiter, read};
use crate::arguments::{ApplyArguments, Side};
use crate::exit::Failure;

/// One change.
#[derive(Debug)]
pub enum Change {
    User(Box<UserChange>),
    Group(Box<GroupChange>),
}

impl Change {
    pub fn is_removal(&self) -> bool {
        match self {
            Self::User(change) => change.removed.is_some(),
            Self::Group(change) => change.removed.is_some(),
        }
    }
}

/// The changes that a file asks for: CSV, or a JSON array.
pub fn changes(arguments: &ApplyArguments) -> Result<Vec<Change>, Failure> {
    let text = read(&arguments.from)?;
    let text = text.trim_start();
    if text.starts_with('{') {
        return Err(wrong(
            "JSON is read from one array of the service's items, and this is an object",
        ));
    }
    let changes = if text.starts_with('[') {
        from_json(text, arguments.side)?
    } else {
        from_csv(text, arguments)?
    };
    not_empty(changes)
}

/// Removals of the mappings of `sources`.
pub fn removals(side: Side, sources: Vec<String>) -> Result<Vec<Change>, Failure> {
    let removal = |source: String| match side {
        Side::Users => Change::User(Box::new(UserChange::removal(source))),
        Side::Groups => Change::Group(Box::new(GroupChange::removal(source))),
    };
    not_empty(sources.into_iter().map(removal).collect())
}

/// The source tenant, which all changes that name one have in common.
pub fn tenant(users: &[UserChange], groups: &[GroupChange]) -> Option<String> {
    let users = users.iter().map(|change| &change.source_organization_id);
    let groups = groups.iter().map(|change| &change.source_organization_id);
    users.chain(groups).flatten().next().cloned()
}

fn not_empty(changes: Vec<Change>) -> Result<Vec<Change>, Failure> {
    if changes.is_empty() {
        return Err(Failure::usage("no mapping is named; nothing was sent")
            .because("the file has none")
            .next("name some"));
    }
    Ok(changes)
}

fn wrong(why: impl std::fmt::Display) -> Failure {
    Failure::usage("the mappings cannot be read; nothing was sent")
        .because(why)
        .next("correct the file; xtmig mappings apply --help tells its form")
}

fn from_json(text: &str, side: Side) -> Result<Vec<Change>, Failure> {
    let items: Vec<Value> = serde_json::from_str(text).map_err(wrong)?;
    let mut changes = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let failed = |error: serde_json::Error| wrong(format!("item {}: {error}", index + 1));
        changes.push(match side {
            Side::Users => Change::User(serde_json::from_value(item).map_err(failed)?),
            Side::Groups => Change::Group(serde_json::from_value(item).map_err(failed)?),
        });
    }
    Ok(changes)
}

fn from_csv(text: &str, arguments: &ApplyArguments) -> Result<Vec<Change>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(wrong)?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|known| known.eq_ignore_ascii_case(name))
    };
    let source = column("source").ok_or_else(|| wrong("there is no column source"))?;
    let (target, kind, remove) = (column("target"), column("kind"), column("remove"));
    let tenant = column("sourceTenant");
    let address = match arguments.side {
        Side::Users => column("email"),
        Side::Groups => column("mailNickname"),
    };
    let mut changes = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(wrong)?;
        // The first line is the header.
        let line = record.position().map_or(index + 2, |position| {
            usize::try_from(position.line()).unwrap_or(index + 2)
        });
        let cell = |column: Option<usize>| {
            let text = column.and_then(|column| record.get(column));
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let source =
            cell(Some(source)).ok_or_else(|| wrong(format!("line {line} names no source")))?;
        let is_removed = match cell(remove).as_deref().map(str::to_lowercase).as_deref() {
            None | Some("false" | "no" | "0") => false,
            Some("true" | "yes" | "1") => true,
            Some(other) => {
                return Err(wrong(format!(
                    "line {line}: {other} in the column remove is neither yes nor no"
                )));
            }
        };
        if is_removed {
            changes.extend(removals(arguments.side, vec![source])?);
            continue;
        }
        let target = cell(target).ok_or_else(|| wrong(format!("line {line} names no target")))?;
        let tenant = cell(tenant)
            .or_else(|| arguments.source_tenant.clone())
            .ok_or_else(|| {
                wrong(format!(
                    "line {line} names no source tenant; say it by --source-tenant"
                ))
            })?;
        let (kind, address) = (cell(kind), cell(address));
        changes.push(match arguments.side {
            Side::Users => {
                let mut change = UserChange::upsert(tenant, source, target);
                change.user_type = kind.map(|kind| UserType::from(kind.as_str()));
                change.target_user_migration_data = address.map(|address| {
                    let mut data = UserData::default();
                    data.email = Some(address);
                    data
                });
                Change::User(Box::new(change))
            }
            Side::Groups => {
                let mut change = GroupChange::upsert(tenant, source, target);
                change.group_type = kind.map(|kind| GroupType::from(kind.as_str()));
                change.target_group_migration_data = address.map(|address| {
                    let mut data = GroupData::default();
                    data.mail_nickname = Some(address);
                    data
                });
                Change::Group(Box::new(change))
            }
        });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::arguments::{Confirmation, RecordArguments};

    fn arguments(side: Side, source_tenant: Option<&str>) -> ApplyArguments {
        ApplyArguments {
            side,
            from: PathBuf::from("-"),
            source_tenant: source_tenant.map(str::to_owned),
            record: RecordArguments { record: None },
            confirmation: Confirmation {
                yes: false,
                expect: None,
            },
        }
    }

    #[test]
    fn lines_become_what_the_service_takes() {
        let text = "source,target,kind,email,remove\n\
            ines@a.example,ines@h.example,regularUser,ines@h.example,\n\
            tomas@a.example,,,,yes\n";
        let changes = from_csv(text, &arguments(Side::Users, Some("5b0de6f1"))).expect("changes");
        let written: Vec<Value> = changes
            .iter()
            .map(|change| match change {
                Change::User(change) => serde_json::json!(change),
                Change::Group(change) => serde_json::json!(change),
            })
            .collect();
        assert_eq!(
            written,
            [
                serde_json::json!({
                    "sourceOrganizationId": "5b0de6f1",
                    "sourceUserIdentity": {"userPrincipalName": "ines@a.example"},
                    "targetUserIdentity": {"userPrincipalName": "ines@h.example"},
                    "targetUserMigrationData": {"email": "ines@h.example"},
                    "userType": "regularUser",
                }),
                serde_json::json!({
                    "@removed": {"reason": "deleted"},
                    "sourceUserIdentity": {"userPrincipalName": "tomas@a.example"},
                }),
            ]
        );
    }

    #[test]
    fn what_is_missing_is_named_with_its_line() {
        for (text, tenant, expected) in [
            ("target\nx\n", Some("t"), "there is no column source"),
            (
                "source,target\na,b\n,c\n",
                Some("t"),
                "line 3 names no source",
            ),
            ("source,target\na,\n", Some("t"), "line 2 names no target"),
            (
                "source,target\na,b\n",
                None,
                "line 2 names no source tenant",
            ),
            (
                "source,target,remove\na,b,perhaps\n",
                Some("t"),
                "line 2: perhaps in the column remove",
            ),
        ] {
            let failure = from_csv(text, &arguments(Side::Groups, tenant)).expect_err(expected);
            let why = failure.why.unwrap_or_default();
            assert!(why.starts_with(expected), "{why}");
        }
    }
}
