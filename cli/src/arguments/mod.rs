//! What can stand on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use msgraph_migrations::{DateTimeOffset, Version};

/// Cross-tenant migrations of Microsoft 365 from the command line.
///
/// Calls about jobs and users run in the target tenant. Results go to standard output, all else to
/// standard error. Try everything without an account: add --sandbox to any command.
#[derive(Debug, Parser)]
#[command(
    name = "xtmig",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Arguments {
    #[command(flatten)]
    pub connection: ConnectionArguments,
    #[command(flatten)]
    pub output: OutputArguments,
    #[command(subcommand)]
    pub command: Command,
}

/// Where requests go.
#[derive(Args, Debug)]
pub struct ConnectionArguments {
    /// Run against a simulator on this machine, with demo data and no account; it is started when needed
    #[arg(long, global = true, conflicts_with = "base_url")]
    pub sandbox: bool,
    /// Origin to send to instead of graph.microsoft.com
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// Version of the API that job calls go to
    #[arg(long, global = true, value_enum, default_value_t = Api::V1, value_name = "VERSION")]
    pub api: Api,
}

/// A version of Microsoft Graph.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Api {
    /// Supported by Microsoft in production
    #[value(name = "v1.0")]
    V1,
    /// May change without notice
    Beta,
}

impl From<Api> for Version {
    fn from(api: Api) -> Self {
        match api {
            Api::V1 => Self::V1,
            Api::Beta => Self::Beta,
        }
    }
}

/// How results are shown.
#[derive(Args, Debug)]
pub struct OutputArguments {
    /// Form of the results
    #[arg(short = 'o', long = "output", global = true, value_enum, default_value_t = Format::Table, value_name = "FORM")]
    pub format: Format,
    /// Show times in UTC instead of the local zone
    #[arg(long, global = true)]
    pub utc: bool,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more of what happens
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The form of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a header
    Csv,
    /// One YAML list
    Yaml,
}

/// The first word.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Migration jobs: batches of users that move together
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// The users of a job
    #[command(subcommand)]
    Users(UsersCommand),
    /// What a status or an answer means, and what to do; works offline
    Explain(ExplainArguments),
    /// The simulator that --sandbox uses
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List the jobs of the tenant
    List {
        /// Only jobs in these statuses
        #[arg(long, value_name = "STATUS")]
        status: Vec<String>,
    },
    /// Show jobs
    Show {
        /// Ids or display names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
    },
    /// Create a job; this starts nothing
    Create(CreateArguments),
    /// Start the validation of a job, which moves nothing
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
    /// Move the time before which nothing cuts over
    Postpone {
        /// Id or display name
        #[arg(value_name = "JOB")]
        job: String,
        /// The new time, for instance 2026-12-12T20:00:00Z or '2026-12-12 20:00' in local time
        #[arg(value_parser = crate::time::parse, value_name = "TIME")]
        time: DateTimeOffset,
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
    /// Time before which nothing cuts over
    #[arg(long, value_parser = crate::time::parse, value_name = "TIME")]
    pub complete_after: DateTimeOffset,
    /// Workloads to move: Teams, Exchange, ODSP, Meeting; all available ones unless given
    #[arg(long, value_delimiter = ',', value_name = "WORKLOAD")]
    pub workloads: Vec<String>,
    /// Migration endpoint for Exchange
    #[arg(long, value_name = "NAME", requires = "target_delivery_domain")]
    pub source_endpoint: Option<String>,
    /// Domain of the target tenant that mail is delivered to
    #[arg(long, value_name = "DOMAIN", requires = "source_endpoint")]
    pub target_delivery_domain: Option<String>,
    #[command(flatten)]
    pub users: UserArguments,
}

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
        confirmation: Confirmation,
    },
}

/// Users by their object ids in the target tenant.
#[derive(Args, Debug)]
pub struct UserArguments {
    /// Object ids in the target tenant
    #[arg(value_name = "USER")]
    pub users: Vec<String>,
    /// File with one object id a line, or a CSV file with --column; - is standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Column of the CSV file that holds the object ids
    #[arg(long, requires = "from", value_name = "NAME")]
    pub column: Option<String>,
}

/// How a change is confirmed.
#[derive(Args, Debug)]
pub struct Confirmation {
    /// Do not ask; goes with --expect
    #[arg(long, requires = "expect")]
    pub yes: bool,
    /// How many jobs or users the change is expected to touch; anything else sends nothing
    #[arg(long, value_name = "N")]
    pub expect: Option<usize>,
}

/// What to explain.
#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// A status such as cuttingOver, an HTTP status such as 409, or a part of one; all when absent
    #[arg(value_name = "WORD")]
    pub word: Option<String>,
}

/// What can be done with the simulator.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Start it in the background, unless it runs
    Start,
    /// Say where it listens
    Status,
    /// Stop it; its state is gone
    Stop,
    /// Run it in the foreground
    #[command(hide = true)]
    Serve,
}
