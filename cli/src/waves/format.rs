//! The form of a wave file. The published schema is made from these types, and what they say in words is what an editor
//! shows.

use std::path::PathBuf;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many users a job may have: the admin guide's limit of December 2025 and June 2026.
pub const MAX_USERS: usize = 100;

/// A migration weekend as a file, for xtmig plan, apply and rehearse.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Wave {
    /// Name of the wave; without `[[batch]]` its jobs are called NAME 1, NAME 2 and so on.
    #[schemars(length(min = 1, max = 200), regex(pattern = NAME))]
    pub name: String,
    /// Id of the tenant that the content leaves.
    #[schemars(regex(pattern = GUID))]
    pub source_tenant: String,
    /// Id of the tenant that it comes to; where it is given, no other tenant is touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    #[schemars(regex(pattern = GUID))]
    pub target_tenant: Option<String>,
    /// Time before which nothing cuts over, with its zone: 2026-12-12T20:00:00Z.
    #[schemars(extend("format" = "date-time"))]
    pub complete_after: String,
    /// How far to go.
    #[serde(default)]
    pub until: Until,
    /// Whether a validation or a migration that failed is tried again, once for each plan.
    #[serde(default)]
    pub retry_failed: bool,
    /// What moves; all available workloads unless given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub workloads: Vec<Workload>,
    /// How Exchange gets from one tenant to the other; needed where Exchange is among the workloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Exchange")]
    pub exchange: Option<Exchange>,
    /// Who moves.
    pub users: Users,
    /// How many users a job has at most where they are not assigned to `[[batch]]`; 100 is the documented limit.
    #[serde(default = "max_users")]
    #[schemars(range(min = 1, max = 100))]
    pub batch_size: usize,
    /// Jobs by name; every user is then in the one that the batch column of the CSV names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batch: Vec<Batch>,
    /// Who becomes whom, for OneDrive and SharePoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mappings")]
    pub mappings: Option<Mappings>,
}

/// How far a job goes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Deserialize,
    Serialize,
    JsonSchema,
    ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// The job is there; nothing moves.
    Created,
    /// Its validation has ended; nothing moves.
    Validated,
    /// The mappings are made too; nothing moves.
    #[default]
    Mapped,
    /// Its migration is started, and goes on by itself.
    Migrating,
    /// Its migration is watched to its end.
    Migrated,
}

/// Something that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Workload {
    /// Mailboxes.
    Exchange,
    /// OneDrive.
    #[serde(rename = "ODSP")]
    Odsp,
    /// Chats.
    Teams,
    /// Meetings; only together with Teams and Exchange.
    Meeting,
}

impl Workload {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "Exchange",
            Self::Odsp => "ODSP",
            Self::Teams => "Teams",
            Self::Meeting => "Meeting",
        }
    }
}

/// How Exchange gets from one tenant to the other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exchange {
    /// Name of the migration endpoint.
    #[schemars(length(min = 1))]
    pub source_endpoint: String,
    /// Domain of the target tenant that mail is delivered to.
    #[schemars(length(min = 1))]
    pub target_delivery_domain: String,
}

/// Who moves: a CSV file with a user a line.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Users {
    /// The CSV file, seen from the wave file.
    pub file: PathBuf,
    /// Its column with the users: object ids in the target tenant, or user principal names there.
    #[serde(default = "user_column")]
    #[schemars(length(min = 1))]
    pub column: String,
    /// Its column with the name of the batch, where there are `[[batch]]`.
    #[serde(default = "batch_column")]
    #[schemars(length(min = 1))]
    pub batch_column: String,
    /// Which object id a user principal name has; without it, --resolve asks the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Directory")]
    pub directory: Option<Directory>,
}

/// Which object id a user principal name has: another CSV file, such as an export of the target tenant's users.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Directory {
    /// The CSV file, seen from the wave file.
    pub file: PathBuf,
    /// Its column with the user principal names.
    #[serde(default = "name_column")]
    #[schemars(length(min = 1))]
    pub name_column: String,
    /// Its column with the object ids.
    #[serde(default = "id_column")]
    #[schemars(length(min = 1))]
    pub id_column: String,
}

/// A job of the wave; what it does not say is as for the wave.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Batch {
    /// Display name of the job, unique in the tenant.
    #[schemars(length(min = 1, max = 200), regex(pattern = NAME))]
    pub name: String,
    /// Time before which nothing of it cuts over, with its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    #[schemars(extend("format" = "date-time"))]
    pub complete_after: Option<String>,
    /// How far it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Until")]
    pub until: Option<Until>,
    /// What moves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub workloads: Vec<Workload>,
}

/// Who becomes whom: CSV files with the columns source and target, and if known kind, email (users), mailNickname
/// (groups) and remove.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mappings {
    /// Of users, by user principal name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathBuf")]
    pub users: Option<PathBuf>,
    /// Of groups, by object id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathBuf")]
    pub groups: Option<PathBuf>,
}

const GUID: &str = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";
/// No space at the ends and nothing that steers a terminal.
///
/// No classes of Unicode: not every validator knows them.
const NAME: &str = r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$";

fn max_users() -> usize {
    MAX_USERS
}

fn user_column() -> String {
    "user".to_owned()
}

fn batch_column() -> String {
    "batch".to_owned()
}

fn name_column() -> String {
    "userPrincipalName".to_owned()
}

fn id_column() -> String {
    "id".to_owned()
}

/// The schema that is published beside the program.
pub const SCHEMA: &str = include_str!("../../wave.schema.json");

#[cfg(test)]
mod tests {
    use super::*;

    /// `XTMIG_WRITE_SCHEMA=1 cargo test` writes it anew.
    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let schema = schemars::schema_for!(Wave);
        let mut text = serde_json::to_string_pretty(&schema).expect("JSON");
        text.push('\n');
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/wave.schema.json");
        if std::env::var_os("XTMIG_WRITE_SCHEMA").is_some() {
            std::fs::write(file, &text).expect("written");
        }
        let published = std::fs::read_to_string(file).expect("the schema");
        assert!(published == text, "write it anew: XTMIG_WRITE_SCHEMA=1");
    }
}
