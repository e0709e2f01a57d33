//! The operations that the service has, under the ids of the specification, and what they are about.

use serde::{Deserialize, Serialize};

/// What a SharePoint task is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TaskSource {
    UserPrincipalName,
    SiteUrl,
    GroupMailNickname,
}

/// Whose identities a mapping maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MappingKind {
    User,
    Group,
}

/// The services a job can move, in the order in which the documented samples list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Service {
    Odsp,
    Meeting,
    Teams,
    Exchange,
}

impl Service {
    pub(crate) const ALL: [Self; 4] = [Self::Odsp, Self::Meeting, Self::Teams, Self::Exchange];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Odsp => "ODSP",
            Self::Meeting => "Meeting",
            Self::Teams => "Teams",
            Self::Exchange => "Exchange",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.as_str().eq_ignore_ascii_case(text))
    }
}

/// The operations of the specification, and the ones that only metadata knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ListJobs,
    CreateJob,
    GetJob,
    UpdateJob,
    DeleteJob,
    CancelJob,
    ValidateJob,
    MigrateJob,
    ListUsers,
    GetUser,
    CancelUser,
    CreateTask,
    GetTask,
    GetTaskBySource(TaskSource),
    CancelTask,
    GetMapping(MappingKind),
    UpdateMappings(MappingKind),
    CountJobs,
    CountUsers,
    CountTasks,
    CountMappings(MappingKind),
    CollectionValidate,
    GetMetadata,
    Batch,
}

impl Operation {
    /// The operation id of the specification, or one of the same form.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::ListJobs => "listJobs",
            Self::CreateJob => "createJob",
            Self::GetJob => "getJob",
            Self::UpdateJob => "updateJob",
            Self::DeleteJob => "deleteJob",
            Self::CancelJob => "cancelJob",
            Self::ValidateJob => "validateJob",
            Self::MigrateJob => "migrateJob",
            Self::ListUsers => "listUsers",
            Self::GetUser => "getUser",
            Self::CancelUser => "cancelUser",
            Self::CreateTask => "createSharepointTask",
            Self::GetTask => "getSharepointTask",
            Self::GetTaskBySource(TaskSource::UserPrincipalName) => {
                "getSharepointTaskBySourceUserPrincipalName"
            }
            Self::GetTaskBySource(TaskSource::SiteUrl) => "getSharepointTaskBySourceSiteUrl",
            Self::GetTaskBySource(TaskSource::GroupMailNickname) => {
                "getSharepointTaskBySourceGroupMailNickname"
            }
            Self::CancelTask => "cancelSharepointTask",
            Self::GetMapping(MappingKind::User) => "getUserMapping",
            Self::GetMapping(MappingKind::Group) => "getGroupMapping",
            Self::UpdateMappings(MappingKind::User) => "updateUserMappings",
            Self::UpdateMappings(MappingKind::Group) => "updateGroupMappings",
            Self::CountJobs => "countJobs",
            Self::CountUsers => "countUsers",
            Self::CountTasks => "countSharepointTasks",
            Self::CountMappings(MappingKind::User) => "countUserMappings",
            Self::CountMappings(MappingKind::Group) => "countGroupMappings",
            Self::CollectionValidate => "validateJobs",
            Self::GetMetadata => "getMetadata",
            Self::Batch => "batch",
        }
    }

    /// Every operation id that a fault rule can name.
    pub(crate) fn ids() -> Vec<&'static str> {
        let sources = [
            TaskSource::UserPrincipalName,
            TaskSource::SiteUrl,
            TaskSource::GroupMailNickname,
        ];
        let kinds = [MappingKind::User, MappingKind::Group];
        let mut all = vec![
            Self::ListJobs,
            Self::CreateJob,
            Self::GetJob,
            Self::UpdateJob,
            Self::DeleteJob,
            Self::CancelJob,
            Self::ValidateJob,
            Self::MigrateJob,
            Self::ListUsers,
            Self::GetUser,
            Self::CancelUser,
            Self::CreateTask,
            Self::GetTask,
            Self::CancelTask,
            Self::CountJobs,
            Self::CountUsers,
            Self::CountTasks,
            Self::CollectionValidate,
            Self::GetMetadata,
            Self::Batch,
        ];
        all.extend(sources.map(Self::GetTaskBySource));
        all.extend(kinds.map(Self::GetMapping));
        all.extend(kinds.map(Self::UpdateMappings));
        all.extend(kinds.map(Self::CountMappings));
        all.into_iter().map(Self::id).collect()
    }

    /// Whether a rule for every operation means this one: a batch counts by what is in it.
    pub(crate) fn is_meant_by(self, rule: &str) -> bool {
        rule == self.id() || (rule == "*" && self != Self::Batch)
    }

    /// Whether anybody may call the operation, without a token.
    pub(crate) fn is_public(self) -> bool {
        self == Self::GetMetadata
    }

    /// Whether the operation only looks.
    pub(crate) fn reads(self) -> bool {
        matches!(
            self,
            Self::ListJobs
                | Self::GetJob
                | Self::ListUsers
                | Self::GetUser
                | Self::GetTask
                | Self::GetTaskBySource(_)
                | Self::GetMapping(_)
                | Self::CountJobs
                | Self::CountUsers
                | Self::CountTasks
                | Self::CountMappings(_)
                | Self::GetMetadata
        )
    }

    /// Whether the operation belongs to the jobs rather than to SharePoint.
    pub(crate) fn is_of_jobs(self) -> bool {
        matches!(
            self,
            Self::ListJobs
                | Self::CreateJob
                | Self::GetJob
                | Self::UpdateJob
                | Self::DeleteJob
                | Self::CancelJob
                | Self::ValidateJob
                | Self::MigrateJob
                | Self::ListUsers
                | Self::GetUser
                | Self::CancelUser
                | Self::CountJobs
                | Self::CountUsers
                | Self::CollectionValidate
        )
    }
}
