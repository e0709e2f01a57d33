//! What becomes of a user: chosen by whoever rehearses, else everything succeeds.

use serde::{Deserialize, Serialize};

/// What the simulated service does with a user.
///
/// In JSON: `{"invalid": true, "failingAttempts": 1, "workload": "Exchange"}`, each member optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct UserOutcome {
    /// Whether validation finds a prerequisite missing.
    pub invalid: bool,
    /// How many attempts to migrate the user fail before one succeeds.
    pub failing_attempts: u32,
    /// The only workload concerned, all of the job's when absent.
    pub workload: Option<String>,
    /// Whether the directory of the target tenant knows no such user; validation then fails for every workload.
    pub unknown: bool,
}

impl UserOutcome {
    /// The user passes validation and is migrated.
    #[must_use]
    pub fn succeeds() -> Self {
        Self::default()
    }

    /// Validation fails for the user.
    #[must_use]
    pub fn is_invalid() -> Self {
        Self {
            invalid: true,
            ..Self::default()
        }
    }

    /// The target tenant has no such user.
    #[must_use]
    pub fn is_unknown() -> Self {
        Self {
            unknown: true,
            ..Self::default()
        }
    }

    /// Every attempt to migrate the user fails.
    #[must_use]
    pub fn fails() -> Self {
        Self::fails_times(u32::MAX)
    }

    /// The first attempts to migrate the user fail, the next one succeeds.
    #[must_use]
    pub fn fails_times(attempts: u32) -> Self {
        Self {
            failing_attempts: attempts,
            ..Self::default()
        }
    }

    /// The same, for one workload of the user only.
    #[must_use]
    pub fn in_workload(mut self, workload: impl Into<String>) -> Self {
        self.workload = Some(workload.into());
        self
    }

    pub(crate) fn concerns(&self, service: &str) -> bool {
        self.workload
            .as_ref()
            .is_none_or(|workload| workload.eq_ignore_ascii_case(service))
    }
}
