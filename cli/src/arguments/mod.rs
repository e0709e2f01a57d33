//! What can stand on the command line.

#![expect(
    clippy::doc_markdown,
    reason = "what documents an argument is its help, where backticks would be shown"
)]
#![allow(
    rustdoc::bare_urls,
    reason = "the same: an address in help is not written as Markdown has it"
)]

mod jobs;
mod mappings;
mod probe;
mod sharepoint;
mod users;
mod waves;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use msgraph_migrations::{DateTimeOffset, Version};

pub use jobs::{
    CreateArguments, JobsCommand, Pace, ReportArguments, RunArguments, Until, WatchArguments,
};
pub use mappings::{ApplyArguments, MappingsCommand, Side};
pub use probe::ProbeArguments;
pub use sharepoint::{NewTask, SharepointCommand, Source};
pub use users::UsersCommand;
pub use waves::{
    ApplyArguments as ApplyWaveArguments, PlanArguments, RehearseArguments, ResumeArguments,
};

/// Cross-tenant migrations of Microsoft 365 from the command line.
///
/// Calls about jobs and users run in the target tenant. Results go to standard output, all else to
/// standard error. Try everything without an account: add --sandbox to any command.
#[derive(Debug, Parser)]
#[command(
    name = "xtmig",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_long_help = EXIT_CODES
)]
pub struct Arguments {
    #[command(flatten)]
    pub connection: ConnectionArguments,
    #[command(flatten)]
    pub output: OutputArguments,
    #[command(subcommand)]
    pub command: Command,
}

/// The README's table of exit codes, in short.
const EXIT_CODES: &str = "\
Exit codes:
  0 done or accepted    3 the state does not allow it (409)    6 the request is wrong (400, 422)
  1 unforeseen          4 not found                            7 throttled or timed out: no effect
  2 wrong command line  5 not allowed (401, 403), no token     8 UNKNOWN: says how to find out
  9 of several, only some were done; 130 Ctrl-C: what was started goes on";

/// Where requests go.
#[derive(Args, Debug)]
#[command(next_help_heading = "Connecting")]
pub struct ConnectionArguments {
    /// Run against a simulator on this machine, with demo data and no account; it is started when needed
    #[arg(long, global = true, conflicts_with = "base_url")]
    pub sandbox: bool,
    /// Origin to send to instead of graph.microsoft.com
    #[arg(long, global = true, value_name = "URL")]
    pub base_url: Option<String>,
    /// Version of the API that job calls go to; v1.0 unless the profile says otherwise
    #[arg(long, global = true, value_enum, value_name = "VERSION")]
    pub api: Option<Api>,
    /// Tenant and credential from the configuration file; its default-profile unless given
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "sandbox")]
    pub profile: Option<String>,
    /// How to sign in; what the profile or the environment has unless given
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "KIND",
        conflicts_with = "sandbox"
    )]
    pub credential: Option<crate::connection::Kind>,
    /// Print the requests that the command would send, and send none
    #[arg(long, global = true)]
    pub what_if: bool,
}

/// A version of Microsoft Graph.
#[derive(Clone, Copy, Debug, Default, ValueEnum, serde::Deserialize)]
pub enum Api {
    /// Supported by Microsoft in production
    #[default]
    #[value(name = "v1.0")]
    #[serde(rename = "v1.0")]
    V1,
    /// May change without notice
    #[serde(rename = "beta")]
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
#[command(next_help_heading = "Results")]
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
    /// Moves of single OneDrives and sites; they run in the source tenant
    #[command(subcommand, name = "sharepoint")]
    Sharepoint(SharepointCommand),
    /// Who becomes whom: the identity mappings that SharePoint tasks need
    #[command(subcommand)]
    Mappings(MappingsCommand),
    /// Everything under way on one screen: what needs attention, what can be cancelled and until when
    Status,
    /// The errors of users by code, with what each code means and what to do
    Problems {
        /// Ids or display names; all jobs that failed or are under way unless given
        #[arg(value_name = "JOB")]
        jobs: Vec<String>,
    },
    /// Try again what failed: jobs that failed, partly failed, or whose validation failed
    Retry {
        /// Ids or display names
        #[arg(required = true, value_name = "JOB")]
        jobs: Vec<String>,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Move the cutover: the time before which nothing cuts over
    Postpone {
        /// Id or display name
        #[arg(value_name = "JOB")]
        job: String,
        #[command(flatten)]
        cutover: Cutover,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Show what a wave file would do to the tenant; only reads. Exit code 10 if there is something to do
    Plan(PlanArguments),
    /// Do what the plan of a wave file shows: create, validate, map and migrate as far as the file says
    Apply(ApplyWaveArguments),
    /// Play a wave file against a simulator, with everything that goes wrong on a weekend
    Rehearse(RehearseArguments),
    /// Go on with a run of apply that was interrupted
    Resume(ResumeArguments),
    /// Who signs in, and what that allows
    ///
    /// A token comes from XTMIG_TOKEN, or from what --credential or the profile names. Signing in by device code or
    /// browser is left to the Azure CLI, which keeps the session: az login --use-device-code, then --credential azure-cli.
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Does the service do what the documents say? Sends only reads and holds each answer against them
    Probe(ProbeArguments),
    /// What a status or an answer means, and what to do; works offline
    Explain(ExplainArguments),
    /// The simulator that --sandbox uses
    Sandbox(SandboxArguments),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages
    Man {
        /// Folder to write one page a command to; without it, the page of xtmig goes to standard output
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// A new time of the cutover.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Cutover {
    /// The new time of the cutover, for instance 2026-12-12T20:00:00Z or '2026-12-12 20:00' in local time
    #[arg(value_parser = crate::time::parse, value_name = "TIME")]
    pub time: Option<DateTimeOffset>,
    /// Put the cutover off by so long, for instance 90m, 12h or 2d
    #[arg(long, value_parser = crate::time::parse_duration, value_name = "DURATION")]
    pub by: Option<Duration>,
}

/// What can be asked about signing in.
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Show who the token is for, its tenant, permissions and expiry, and which commands it does not allow
    Check,
}

/// A file that remembers what is done.
#[derive(Args, Debug)]
pub struct RecordArguments {
    /// File that remembers what is done, so that the same command run again does only the rest; made when missing
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
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
    /// Do not ask; needs --expect
    #[arg(long, requires = "expect")]
    pub yes: bool,
    /// How many jobs, users, mappings or tasks this may touch; if it is another number, nothing is sent
    #[arg(long, value_name = "N")]
    pub expect: Option<usize>,
}

/// What to explain.
#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// A status such as cuttingOver, an HTTP status such as 409, an error code such as EXCH-07, or a part of
    /// one; all when absent
    #[arg(value_name = "WORD")]
    pub word: Option<String>,
}

/// The simulator.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct SandboxArguments {
    /// Start it so that it behaves like the tenant of a record; the same as: xtmig sandbox start --like FILE
    #[arg(long, value_name = "FILE")]
    pub like: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<SandboxCommand>,
}

/// What can be done with the simulator.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Start it in the background, unless it runs
    Start {
        /// Play a scenario instead of the demo data: the name of one that comes with it, or a file
        #[arg(long, value_name = "NAME|FILE")]
        scenario: Option<String>,
        /// How fast simulated time runs; with 60, a minute passes each second
        #[arg(long, default_value_t = crate::simulator::SPEED, value_name = "FACTOR")]
        speed: f64,
        /// Behave like the tenant of a record that xtmig probe --record wrote
        #[arg(long, value_name = "FILE")]
        like: Option<PathBuf>,
    },
    /// Say where it listens
    Status,
    /// Stop it; its state is gone
    Stop,
    /// Run it in the foreground
    #[command(hide = true)]
    Serve {
        /// Name or file of a scenario
        #[arg(long)]
        scenario: Option<String>,
        /// How many times as fast as real time it runs
        #[arg(long, default_value_t = crate::simulator::SPEED)]
        speed: f64,
        /// Record of a tenant
        #[arg(long)]
        like: Option<PathBuf>,
    },
}
