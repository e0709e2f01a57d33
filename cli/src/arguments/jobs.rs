//! `xtmig jobs …`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use msgraph_migrations::DateTimeOffset;

use super::{Confirmation, UserArguments};

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List the jobs of the tenant
    List {
        /// Only jobs in these statuses
        #[arg(long, value_name = "STATUS")]
        status: Vec<String>,
    },
    /// Show jobs, with what their status means and allows
    Show {
        /// Ids or display names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
    },
    /// Create a job; nothing moves
    Create(CreateArguments),
    /// Start the validation of a job; nothing moves
    Validate {
        /// Id or display name
        #[arg(value_name = "JOB")]
        job: String,
    },
    /// Start the migration of a validated job, or retry one that failed
    Migrate {
        /// Id or display name
        #[arg(value_name = "JOB")]
        job: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Move the cutover of a job, all that can be changed of it; the same as postpone
    Update {
        /// Id or display name
        #[arg(value_name = "JOB")]
        job: String,
        /// The new time, for instance 2026-12-12T20:00:00Z or '2026-12-12 20:00' in local time
        #[arg(long, value_parser = crate::time::parse, value_name = "TIME")]
        complete_after: DateTimeOffset,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Cancel jobs, and tell for each whether it stops or goes on
    Cancel {
        /// Ids or display names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Delete a job that is over, with its data
    Delete {
        /// Id or display name
        #[arg(value_name = "JOB")]
        job: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Watch jobs until they are over; live on a terminal, else one line per change
    Watch(WatchArguments),
    /// Create, validate and migrate a job and watch it to its end, from wherever it stands
    Run(RunArguments),
    /// Report on jobs and each of their users; --html writes a page to hand on
    Report(ReportArguments),
}

/// A job to create.
#[derive(Args, Debug)]
pub struct CreateArguments {
    /// Display name, unique in the tenant
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Id of the tenant that the content leaves
    #[arg(long, value_name = "TENANT")]
    pub source_tenant: String,
    /// Time before which nothing cuts over, for instance 2026-12-12T20:00:00Z or '2026-12-12 20:00' in local time
    #[arg(long, value_parser = crate::time::parse, value_name = "TIME")]
    pub complete_after: DateTimeOffset,
    /// Workloads to move: Exchange, Teams, Meeting, ODSP (OneDrive and SharePoint); all that are there unless given
    #[arg(long, value_delimiter = ',', value_name = "WORKLOAD")]
    pub workloads: Vec<String>,
    /// Name of the migration endpoint for Exchange; goes with --target-delivery-domain
    #[arg(long, value_name = "NAME", requires = "target_delivery_domain")]
    pub source_endpoint: Option<String>,
    /// Domain of the target tenant that mail is delivered to; goes with --source-endpoint
    #[arg(long, value_name = "DOMAIN", requires = "source_endpoint")]
    pub target_delivery_domain: Option<String>,
    #[command(flatten)]
    pub users: UserArguments,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Until {
    /// The end of the validation
    Validation,
    /// The end of the migration
    Migration,
    /// The end of a cancellation
    Cancellation,
    /// The end of a deletion
    Deletion,
    /// Any status that is final
    Final,
}

/// What to watch, and how.
#[derive(Args, Debug)]
pub struct WatchArguments {
    /// Ids or display names; all jobs that are not over unless given
    #[arg(value_name = "JOB")]
    pub jobs: Vec<String>,
    /// What each job is watched to
    #[arg(long, value_enum, default_value_t = Until::Final, value_name = "END")]
    pub until: Until,
    /// Shell command to run when a job ends, stalls, has new problems or needs an administrator; the variables
    /// XTMIG_JOB, XTMIG_EVENT, XTMIG_STATUS and XTMIG_MESSAGE tell it which and what
    #[arg(long, value_name = "COMMAND")]
    pub notify: Option<String>,
    #[command(flatten)]
    pub pace: Pace,
}

/// How often to look, and for how long.
#[derive(Args, Debug)]
pub struct Pace {
    /// Stop watching after this time, for instance 90m, 12h or 2d; the migration goes on
    #[arg(long = "for", value_parser = crate::time::parse_duration, value_name = "DURATION")]
    pub deadline: Option<Duration>,
    /// Shortest time between two looks
    #[arg(long, value_parser = crate::time::parse_duration, default_value = "5s", value_name = "DURATION")]
    pub interval: Duration,
    /// Call it a stall when nothing has changed for this time
    #[arg(long, value_parser = crate::time::parse_duration, default_value = "1h", value_name = "DURATION")]
    pub stalled_after: Duration,
}

/// A job to see through.
#[derive(Args, Debug)]
pub struct RunArguments {
    #[command(flatten)]
    pub job: CreateArguments,
    /// If the job has failed before, try that again, once
    #[arg(long)]
    pub retry_failed: bool,
    #[command(flatten)]
    pub pace: Pace,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// What to report on, and how.
#[derive(Args, Debug)]
pub struct ReportArguments {
    /// Ids or display names
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<String>,
    /// Write a page for a browser to this file; - is standard output
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    pub html: Option<PathBuf>,
    /// Show each workload of each user as comma-separated values; the same as --output csv
    #[arg(long)]
    pub csv: bool,
}
