//! What a sandbox is set up with.

use chrono::{DateTime, Utc};

use crate::faults::FaultRule;
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
}

/// Who may call.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// The only token accepted, any when absent.
    pub(crate) token: Option<String>,
    /// The scopes of the caller, all when absent.
    pub(crate) scopes: Option<Vec<String>>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Access")
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("scopes", &self.scopes)
            .finish()
    }
}
