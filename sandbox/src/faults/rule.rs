//! Which requests are to go wrong.

use axum::http::{HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::kind::{Fault, RetryAfter};
use crate::operation::Operation;

/// A rule that makes requests go wrong.
///
/// Every rule that matches a request and fires has its say; among the faults that end an answer the first wins.
/// In JSON: `{"operation": "cancelJob", "count": 1, "fault": {"kind": "dropAfterEffect"}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// The operation id that the rule is for, or `*` for all.
    pub operation: String,
    /// The job the request has to be about, by id or display name; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The user of a job that the request has to be about; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How many matching requests pass before the rule starts to count.
    #[serde(default)]
    pub skip: u64,
    /// Only each so-manieth matching request; each one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// How likely a matching request goes wrong, from 0 to 1; certain when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How many times the rule fires before it is spent; without end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// From when on the rule is in force, in virtual time; from the start when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Until when the rule is in force, in virtual time; without end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// What goes wrong.
    pub fault: Fault,
}

impl FaultRule {
    /// A rule that always fires for one operation, or for all with `*`.
    #[must_use]
    pub fn new(operation: impl Into<String>, fault: Fault) -> Self {
        Self {
            operation: operation.into(),
            job: None,
            user: None,
            skip: 0,
            every: None,
            probability: None,
            count: None,
            from: None,
            until: None,
            fault,
        }
    }

    /// The same rule, spent after it fired `count` times.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// The same rule for each `every`th matching request.
    #[must_use]
    pub fn every(mut self, every: u64) -> Self {
        self.every = Some(every);
        self
    }

    /// The same rule after `skip` matching requests.
    #[must_use]
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// The same rule with a probability between 0 and 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// The same rule for one job, by id or display name.
    #[must_use]
    pub fn for_job(mut self, job: impl Into<String>) -> Self {
        self.job = Some(job.into());
        self
    }

    /// The same rule for one user.
    #[must_use]
    pub fn for_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The same rule, in force between two points in virtual time.
    #[must_use]
    pub fn between(mut self, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        self.from = Some(from);
        self.until = Some(until);
        self
    }

    /// Says what is wrong with the rule, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.operation != "*" && !Operation::ids().contains(&self.operation.as_str()) {
            return Err(format!(
                "there is no operation '{}'; use '*' or one of {}",
                self.operation,
                Operation::ids().join(", ")
            ));
        }
        if self.every == Some(0) {
            return Err("'every' is 0; it counts from 1".into());
        }
        if self
            .probability
            .is_some_and(|probability| !(0.0..=1.0).contains(&probability))
        {
            return Err("'probability' isn't between 0 and 1".into());
        }
        if let Fault::Status {
            status, headers, ..
        } = &self.fault
        {
            if !(200..=599).contains(status) {
                return Err(format!("the status {status} isn't between 200 and 599"));
            }
            for (name, value) in headers {
                let is_name = HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| {
                    !matches!(
                        name.as_str(),
                        "content-length" | "transfer-encoding" | "connection"
                    )
                });
                if !is_name || HeaderValue::from_str(value).is_err() {
                    return Err(format!("the header '{name}' can't be sent"));
                }
            }
        }
        if let Fault::Throttle {
            retry_after: RetryAfter::Fraction(seconds),
        }
        | Fault::ServiceUnavailable {
            retry_after: RetryAfter::Fraction(seconds),
            ..
        } = &self.fault
            && !(seconds.is_finite() && *seconds >= 0.0)
        {
            return Err("the fraction of 'retryAfter' isn't a number of seconds".into());
        }
        Ok(())
    }
}
