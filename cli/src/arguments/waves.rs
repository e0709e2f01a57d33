//! `xtmig plan`, `apply`, `rehearse` and `resume`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;

use super::{Confirmation, Pace};
use crate::waves::Until;

/// A wave, and what it is held against.
#[derive(Args, Debug)]
pub struct WaveArguments {
    /// Other wave files, whose users must not be in this one; those in the same folder are looked at anyway
    #[arg(long, value_name = "WAVE")]
    pub against: Vec<PathBuf>,
}

/// What to plan.
#[derive(Args, Debug)]
pub struct PlanArguments {
    /// The wave file
    #[arg(value_name = "WAVE")]
    pub wave: PathBuf,
    /// Write an example with comments there, and the schema beside it
    #[arg(long, conflicts_with_all = ["against", "resolve", "out"])]
    pub init: bool,
    /// Keep the plan in this file, for apply --plan; it names people
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Look user principal names up in the tenant, by Graph's /users, which is no part of the migration APIs
    #[arg(long)]
    pub resolve: bool,
    #[command(flatten)]
    pub others: WaveArguments,
}

/// What to apply.
#[derive(Args, Debug)]
pub struct ApplyArguments {
    /// The wave file; its plan is shown first
    #[arg(
        value_name = "WAVE",
        required_unless_present = "plan",
        conflicts_with = "plan"
    )]
    pub wave: Option<PathBuf>,
    /// Do what this plan shows, or nothing if files or tenant have moved since
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Look user principal names up in the tenant, by Graph's /users, which is no part of the migration APIs
    #[arg(long, conflicts_with = "plan")]
    pub resolve: bool,
    #[command(flatten)]
    pub others: WaveArguments,
    #[command(flatten)]
    pub pace: Pace,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// What to go on with.
#[derive(Args, Debug)]
pub struct ResumeArguments {
    /// The run, as apply named it, or the file of its journal
    #[arg(value_name = "RUN")]
    pub run: String,
    #[command(flatten)]
    pub pace: Pace,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// What to rehearse.
#[derive(Args, Debug)]
pub struct RehearseArguments {
    /// The wave file
    #[arg(value_name = "WAVE")]
    pub wave: PathBuf,
    /// What goes wrong: the name of a scenario that comes with the simulator, or a file, which may name the jobs of the
    /// wave; unless given, a rough weekend made for the wave
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// How many times as fast as real time the simulated one runs
    #[arg(long, default_value_t = 600.0, value_name = "FACTOR")]
    pub speed: f64,
    /// When the simulated weekend begins; two hours before the first cutover unless given
    #[arg(long, value_name = "TIME")]
    pub start: Option<DateTime<Utc>>,
    /// Rehearse so far instead of as far as the file says
    #[arg(long, value_enum, value_name = "STAGE")]
    pub until: Option<Until>,
    #[command(flatten)]
    pub others: WaveArguments,
}
