//! `xtmig mappings …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Confirmation, RecordArguments};

/// Whom mappings are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// Users, by user principal name
    Users,
    /// Groups, by object id
    Groups,
}

/// What can be done with identity mappings.
#[derive(Debug, Subcommand)]
pub enum MappingsCommand {
    /// Show mappings
    Show {
        /// Users or groups
        #[arg(value_enum, value_name = "WHOSE")]
        side: Side,
        /// User principal names or object ids in the source tenant
        #[arg(required = true, value_name = "SOURCE")]
        sources: Vec<String>,
    },
    /// Add and replace mappings from a file, any number of them
    Apply(ApplyArguments),
    /// Remove mappings
    Remove {
        /// Users or groups
        #[arg(value_enum, value_name = "WHOSE")]
        side: Side,
        /// User principal names or object ids in the source tenant
        #[arg(value_name = "SOURCE")]
        sources: Vec<String>,
        /// File with one source a line, or a CSV file with --column; - is standard input
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Column of the CSV file that holds the sources
        #[arg(long, requires = "from", value_name = "NAME")]
        column: Option<String>,
        #[command(flatten)]
        record: RecordArguments,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// Mappings to add or replace.
#[derive(Args, Debug)]
pub struct ApplyArguments {
    /// Users or groups
    #[arg(value_enum, value_name = "WHOSE")]
    pub side: Side,
    /// CSV with the columns source and target, and if known kind, email (users), mailNickname (groups) and remove;
    /// or JSON, one array of the service's items; - is standard input
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Id of the source tenant, for lines that do not name it in a column sourceTenant
    #[arg(long, value_name = "TENANT")]
    pub source_tenant: Option<String>,
    #[command(flatten)]
    pub record: RecordArguments,
    #[command(flatten)]
    pub confirmation: Confirmation,
}
