//! What `xtmig probe` takes.

use std::path::PathBuf;

use clap::Args;

/// What to ask for, and where to keep what came.
#[derive(Args, Debug, Default)]
pub struct ProbeArguments {
    /// Keep the answers in a new file, with every id, name, address and token replaced; shown before it is written
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write the record without asking; it is shown all the same
    #[arg(long, requires = "record")]
    pub yes: bool,
    /// Send nothing: hold the answers of a record against the documents again
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub answers: Option<PathBuf>,
    /// Job to read besides those that the list names: id or display name
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
    /// SharePoint task to read, by its id
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// Source user whose SharePoint task and identity mapping to read
    #[arg(long, value_name = "USER")]
    pub source_user: Option<String>,
    /// Source site whose SharePoint task to read
    #[arg(long, value_name = "URL")]
    pub source_site: Option<String>,
    /// Mail nickname of the source group whose SharePoint task to read
    #[arg(long, value_name = "NICKNAME")]
    pub source_group: Option<String>,
    /// Object id of the source group whose identity mapping to read
    #[arg(long, value_name = "ID")]
    pub mapped_group: Option<String>,
}
