//! `xtmig sharepoint …`

use clap::{Args, Subcommand};
use msgraph_migrations::DateTimeOffset;

use super::Confirmation;
use super::jobs::Pace;

/// What can be done with the moves of single OneDrives and sites.
#[derive(Debug, Subcommand)]
pub enum SharepointCommand {
    /// Create a task, which starts by itself
    Create(NewTask),
    /// Show tasks
    Show {
        /// Ids of the tasks
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
    },
    /// Find the task of a source
    Find(Source),
    /// Cancel tasks that have not started, and tell for each whether it stops
    Cancel {
        /// Ids of the tasks
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Watch tasks until they are over; one line per change
    Watch {
        /// Ids of the tasks
        #[arg(required = true, value_name = "TASK")]
        tasks: Vec<String>,
        #[command(flatten)]
        pace: Pace,
    },
}

/// Whose content moves.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Source {
    /// The OneDrive of the user with this user principal name
    #[arg(long, value_name = "UPN")]
    pub user: Option<String>,
    /// The site at this address
    #[arg(long, value_name = "URL")]
    pub site: Option<String>,
    /// The site of the group with this mail nickname
    #[arg(long, value_name = "NICKNAME")]
    pub group: Option<String>,
}

/// A task to create.
#[derive(Args, Debug)]
pub struct NewTask {
    #[command(flatten)]
    pub source: Source,
    /// Where it moves to: the user principal name, address or mail nickname in the target tenant
    #[arg(long, value_name = "TARGET")]
    pub to: String,
    /// Host of the target organization, for instance https://harborlane-my.sharepoint.com
    #[arg(long, value_name = "URL", required_unless_present = "target_tenant")]
    pub target_host: Option<String>,
    /// Id of the tenant that it moves to
    #[arg(long, value_name = "TENANT")]
    pub target_tenant: Option<String>,
    /// Do not start before this time
    #[arg(long, value_parser = crate::time::parse, value_name = "TIME")]
    pub start: Option<DateTimeOffset>,
    /// Let the service cancel the task if it has not started by this time
    #[arg(long, value_parser = crate::time::parse, value_name = "TIME")]
    pub latest_start: Option<DateTimeOffset>,
    /// Only check whether it could move; nothing moves
    #[arg(long)]
    pub validate_only: bool,
    #[command(flatten)]
    pub confirmation: Confirmation,
}
