//! Constructors of what callers fill in.

use crate::models::date_time::DateTimeOffset;
use crate::models::{
    CrossTenantMigrationJobCreate, DeltaRemoved, GroupIdentity, Identity,
    SharePointGroupIdentityMappingDeltaItem, SharePointUserIdentityMappingDeltaItem, UserIdentity,
};

/// The only kind of resource that a job moves.
const USERS: &str = "Users";
/// The only reason that the documents give for a removal.
const DELETED: &str = "deleted";

impl CrossTenantMigrationJobCreate {
    /// A job that moves all available workloads of these users, named by their object ids in the
    /// **target** tenant.
    ///
    /// When Exchange is among the workloads, `exchange_settings` has to be set too.
    ///
    /// ```
    /// use msgraph_migrations::models::CrossTenantMigrationJobCreate;
    ///
    /// let job = CrossTenantMigrationJobCreate::of_users(
    ///     "Alderwood wave 3",
    ///     "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
    ///     "2026-12-12T20:00:00Z".parse()?,
    ///     ["84c0d5ab-7e21-4936-bf1a-0d9e63c2f754"],
    /// )
    /// .workloads(["Teams", "ODSP"]);
    /// # Ok::<(), chrono::ParseError>(())
    /// ```
    pub fn of_users<T: Into<String>>(
        display_name: impl Into<String>,
        source_tenant_id: impl Into<String>,
        complete_after: DateTimeOffset,
        users: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            complete_after_date_time: complete_after,
            display_name: display_name.into(),
            exchange_settings: None,
            resource_type: USERS.to_owned(),
            resources: users.into_iter().map(Into::into).collect(),
            source_tenant_id: source_tenant_id.into(),
            workloads: Vec::new(),
        }
    }
}

impl UserIdentity {
    /// The user of this user principal name.
    pub fn of_user_principal_name(name: impl Into<String>) -> Self {
        Self {
            user_principal_name: Some(name.into()),
            ..Self::default()
        }
    }

    /// The user of this object id.
    pub fn of_id(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..Self::default()
        }
    }
}

impl GroupIdentity {
    /// The group of this mail nickname.
    pub fn of_mail_nickname(nickname: impl Into<String>) -> Self {
        Self {
            mail_nickname: Some(nickname.into()),
            ..Self::default()
        }
    }
}

impl SharePointUserIdentityMappingDeltaItem {
    /// Adds or replaces the mapping of a source user, by the id of the source tenant and user
    /// principal names.
    ///
    /// Every documented request also says what kind of user it is, and most the user's mail address
    /// in the target tenant; set `user_type` and `target_user_migration_data` for them.
    ///
    /// ```
    /// use msgraph_migrations::models::SharePointUserIdentityMappingDeltaItem as Mapping;
    ///
    /// let tenant = "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90";
    /// let items = vec![
    ///     Mapping::upsert(tenant, "ines.moreau@alderwood.example", "ines.moreau@harborlane.example"),
    ///     Mapping::removal("tomas.keller@alderwood.example"),
    /// ];
    /// ```
    pub fn upsert(
        source_organization_id: impl Into<String>,
        source: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        Self {
            source_organization_id: Some(source_organization_id.into()),
            target_user_identity: Some(UserIdentity::of_user_principal_name(target)),
            ..Self::of(source)
        }
    }

    /// Removes the mapping of a source user, by its user principal name.
    pub fn removal(source: impl Into<String>) -> Self {
        Self {
            removed: Some(removed()),
            ..Self::of(source)
        }
    }

    fn of(source: impl Into<String>) -> Self {
        Self {
            removed: None,
            source_organization_id: None,
            source_user_identity: UserIdentity::of_user_principal_name(source),
            target_user_identity: None,
            target_user_migration_data: None,
            user_type: None,
        }
    }
}

impl SharePointGroupIdentityMappingDeltaItem {
    /// Adds or replaces the mapping of a source group, by the id of the source tenant and object ids.
    ///
    /// Every documented request also says what kind of group it is and the group's mail nickname in
    /// the target tenant; set `group_type` and `target_group_migration_data` for them.
    pub fn upsert(
        source_organization_id: impl Into<String>,
        source: impl Into<String>,
        target: impl Into<String>,
    ) -> Self {
        let target = Identity {
            id: Some(target.into()),
            ..Identity::default()
        };
        Self {
            source_organization_id: Some(source_organization_id.into()),
            target_group_identity: Some(target),
            ..Self::of(source)
        }
    }

    /// Removes the mapping of a source group, by its object id.
    pub fn removal(source: impl Into<String>) -> Self {
        Self {
            removed: Some(removed()),
            ..Self::of(source)
        }
    }

    fn of(source: impl Into<String>) -> Self {
        Self {
            group_type: None,
            removed: None,
            source_group_identity: Identity {
                id: Some(source.into()),
                ..Identity::default()
            },
            source_organization_id: None,
            target_group_identity: None,
            target_group_migration_data: None,
        }
    }
}

fn removed() -> DeltaRemoved {
    DeltaRemoved {
        reason: DELETED.to_owned(),
    }
}
