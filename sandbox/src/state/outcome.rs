//! What becomes of a user: chosen by whoever rehearses, else everything succeeds.

use serde::{Deserialize, Serialize};

use super::codes;
use super::job::{Failure, Service};

/// What the simulated service does with a user.
///
/// In JSON: `{"failingAttempts": 1, "workload": "Exchange", "code": "EXCH-08", "failsAfter": 600}`, each member
/// optional. A user can have one for each workload, which goes before one for all.
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
    /// The code of the error; the documented ones of a workload imply it, as `EXCH-08` implies Exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The message of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many seconds after its job came to be in progress a failing user fails; at the end when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails_after: Option<u32>,
    /// How many seconds after its job came to be in progress the user is through, whatever its date and turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completes_after: Option<u32>,
    /// The status of what failed.
    pub fails_as: FailsAs,
    /// The status of what is through.
    pub completes_as: CompletesAs,
}

/// The status that a failed workload shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailsAs {
    /// `failed`.
    #[default]
    Failed,
    /// `error`, an unexpected error by the admin guide.
    Error,
}

impl FailsAs {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// The status that a migrated workload shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CompletesAs {
    /// `completed`.
    #[default]
    Completed,
    /// `forceComplete`, which the documents list without a meaning.
    ForceComplete,
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

    /// The user is through so many seconds after its job came to be in progress.
    #[must_use]
    pub fn completes_after(seconds: u32) -> Self {
        Self {
            completes_after: Some(seconds),
            ..Self::default()
        }
    }

    /// The same, for one workload of the user only.
    #[must_use]
    pub fn in_workload(mut self, workload: impl Into<String>) -> Self {
        self.workload = Some(workload.into());
        self
    }

    /// The same, with an error of choice.
    #[must_use]
    pub fn with_error(mut self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self.message = Some(message.into());
        self
    }

    /// The same, failing so many seconds after the job came to be in progress.
    #[must_use]
    pub fn early(mut self, seconds: u32) -> Self {
        self.fails_after = Some(seconds);
        self
    }

    /// Says what is wrong with the outcome, or fills in what its code implies.
    pub(crate) fn complete(mut self) -> Result<Self, String> {
        if self.workload.is_none() {
            self.workload = self
                .code
                .as_deref()
                .and_then(codes::service)
                .map(|service| service.as_str().to_owned());
        }
        match self.workload.as_deref() {
            Some(workload) if Service::parse(workload).is_none() => {
                return Err(format!(
                    "there is no workload '{workload}'; choose among ODSP, Meeting, Teams, Exchange"
                ));
            }
            _ => {}
        }
        let wants_failure = self.fails_after.is_some() || self.fails_as == FailsAs::Error;
        let never_fails = self.failing_attempts == 0;
        if wants_failure && never_fails {
            return Err("'failsAfter' and 'failsAs' need 'failingAttempts'".into());
        }
        let wants_end = self.completes_after.is_some();
        if wants_end && !never_fails {
            return Err("an outcome has 'completesAfter' or 'failingAttempts', not both".into());
        }
        // A code alone is meant to be seen.
        if self.code.is_some() && never_fails && !self.invalid && !self.unknown && !wants_end {
            self.failing_attempts = u32::MAX;
        }
        Ok(self)
    }

    pub(crate) fn concerns(&self, service: &str) -> bool {
        self.workload
            .as_ref()
            .is_none_or(|workload| workload.eq_ignore_ascii_case(service))
    }

    /// Whether the attempt with this number fails.
    pub(crate) fn fails_in(&self, attempt: u32) -> bool {
        attempt <= self.failing_attempts && self.failing_attempts > 0
    }

    pub(crate) fn is_forced(&self) -> bool {
        self.completes_as == CompletesAs::ForceComplete
    }

    /// The error that the outcome names, if it names one.
    pub(crate) fn failure(&self, service: Service) -> Option<Failure> {
        if self.code.is_none() && self.message.is_none() {
            return None;
        }
        let code = self.code.clone().unwrap_or_else(|| "SANDBOX-001".into());
        Some(Failure {
            service,
            message: self
                .message
                .clone()
                .unwrap_or_else(|| codes::message(&code)),
            code,
        })
    }
}

/// What was chosen for a workload: an outcome of its own, else one for all.
pub(crate) fn of<'a>(outcomes: &'a [UserOutcome], service: &str) -> Option<&'a UserOutcome> {
    outcomes
        .iter()
        .find(|outcome| outcome.workload.is_some() && outcome.concerns(service))
        .or_else(|| outcomes.iter().find(|outcome| outcome.workload.is_none()))
}
