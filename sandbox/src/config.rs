//! What a sandbox is set up with.

use chrono::{DateTime, Utc};

use crate::access::Access;
use crate::faults::FaultRule;
use crate::scenario::script::Script;
use crate::settings::Settings;

/// What a sandbox starts with, and starts over with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    pub(crate) start_time: DateTime<Utc>,
    pub(crate) access: Access,
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<FaultRule>,
    pub(crate) rate_limit: Option<f64>,
    pub(crate) demo: bool,
    pub(crate) scenario: Option<Script>,
}
