//! `xtmig users …`

use clap::Subcommand;

use super::{Confirmation, RecordArguments, UserArguments};

/// What can be done with the users of a job.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List the users of a job with the status of each workload
    List {
        /// Id or display name of the job
        #[arg(long, value_name = "JOB")]
        job: String,
        /// Only users with a problem
        #[arg(long)]
        problems: bool,
    },
    /// Show users with the messages and errors of each workload
    Show {
        /// Id or display name of the job
        #[arg(long, value_name = "JOB")]
        job: String,
        /// Object ids in the target tenant
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
    /// Cancel users of a job, and tell for each whether they stop or go on
    Cancel {
        /// Id or display name of the job
        #[arg(long, value_name = "JOB")]
        job: String,
        #[command(flatten)]
        users: UserArguments,
        #[command(flatten)]
        record: RecordArguments,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}
