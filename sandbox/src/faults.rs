//! Misbehaviour on demand: which requests are to go wrong, and how.

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Fault {
    /// 429, nothing takes effect.
    Throttle {
        /// The header that says when to come back.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// 500 with Graph's error body.
    InternalServerError {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// 502 with a page of HTML, as something in front of the service answers.
    BadGateway {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// 503 with Graph's error body.
    ServiceUnavailable {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
        /// The header that says when to come back.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// 504 with Graph's error body.
    GatewayTimeout {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// Any status, code, message, headers and body; nothing takes effect unless chosen.
    Status {
        /// The status, 200 to 599.
        status: u16,
        /// The code of Graph's error body; the usual one of the status when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The message of Graph's error body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Headers besides those of every answer.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// The body in place of Graph's error body: a JSON document, or a text to be sent as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// 401 with the claims challenge of a token that has expired.
    TokenExpired,
    /// The answer comes late, in real time; the effect doesn't.
    Latency {
        /// How late.
        milliseconds: u64,
    },
    /// The connection is closed before the request takes effect.
    DropBeforeEffect,
    /// The connection is closed after the request took effect, without a byte of the answer.
    DropAfterEffect,
    /// Half of the body is missing.
    TruncateBody {
        /// Whether the length in the header fits what is sent; else the connection is closed in mid-body.
        #[serde(default)]
        well_framed: bool,
    },
    /// The status is right and the body is empty.
    EmptyBody,
    /// Enumerations have a member that nobody has heard of, if the request prefers to see those.
    UnknownEnumValue {
        /// The member.
        #[serde(default = "unheard_of")]
        value: String,
    },
    /// Every object has a member that no type declares.
    UnknownMembers,
    /// Enumerations start with a capital letter and workloads with a small one.
    OddCasing,
}

fn unheard_of() -> String {
    "awaitingReview".into()
}

/// The `Retry-After` header of a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryAfter {
    /// There is none.
    #[default]
    None,
    /// Whole seconds.
    Seconds(u32),
    /// Seconds with a fraction, as Graph's documented sample has.
    Fraction(f64),
    /// The HTTP date this many seconds of real time ahead.
    Date(u32),
}

impl Fault {
    /// The name in JSON, for the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Throttle { .. } => "throttle",
            Self::InternalServerError { .. } => "internalServerError",
            Self::BadGateway { .. } => "badGateway",
            Self::ServiceUnavailable { .. } => "serviceUnavailable",
            Self::GatewayTimeout { .. } => "gatewayTimeout",
            Self::Status { .. } => "status",
            Self::TokenExpired => "tokenExpired",
            Self::Latency { .. } => "latency",
            Self::DropBeforeEffect => "dropBeforeEffect",
            Self::DropAfterEffect => "dropAfterEffect",
            Self::TruncateBody { .. } => "truncateBody",
            Self::EmptyBody => "emptyBody",
            Self::UnknownEnumValue { .. } => "unknownEnumValue",
            Self::UnknownMembers => "unknownMembers",
            Self::OddCasing => "oddCasing",
        }
    }

    /// Whether the request doesn't reach the service.
    pub(crate) fn prevents_effect(&self) -> bool {
        match self {
            Self::Throttle { .. } | Self::DropBeforeEffect | Self::TokenExpired => true,
            Self::InternalServerError { after_effect }
            | Self::BadGateway { after_effect }
            | Self::ServiceUnavailable { after_effect, .. }
            | Self::GatewayTimeout { after_effect }
            | Self::Status { after_effect, .. } => !after_effect,
            _ => false,
        }
    }

    /// Whether the fault decides by itself how the answer ends; only one of these can apply.
    fn ends_answer(&self) -> bool {
        !matches!(
            self,
            Self::Latency { .. }
                | Self::UnknownEnumValue { .. }
                | Self::UnknownMembers
                | Self::OddCasing
        )
    }
}

/// The rules in force, with their counts.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    rules: Vec<Counted>,
    random: fastrand::Rng,
}

/// A rule with how often it matched and fired.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Counted {
    rule: FaultRule,
    matched: u64,
    fired: u64,
}

impl Faults {
    pub(crate) fn new(rules: Vec<FaultRule>, random: fastrand::Rng) -> Result<Self, String> {
        let mut faults = Self {
            rules: Vec::new(),
            random,
        };
        faults.replace(rules)?;
        Ok(faults)
    }

    /// Puts other rules in force, or none of them if one is wrong.
    pub(crate) fn replace(&mut self, rules: Vec<FaultRule>) -> Result<(), String> {
        for (position, rule) in rules.iter().enumerate() {
            rule.check()
                .map_err(|error| format!("fault rule {position}: {error}"))?;
        }
        let counted = |rule| Counted {
            rule,
            matched: 0,
            fired: 0,
        };
        self.rules = rules.into_iter().map(counted).collect();
        Ok(())
    }

    /// Puts further rules in force beside those there are.
    pub(crate) fn add(&mut self, rules: Vec<FaultRule>) -> Result<(), String> {
        let mut all = Self::new(rules, self.random.clone())?;
        self.rules.append(&mut all.rules);
        Ok(())
    }

    /// Takes the rule at a position out of force, if there is one.
    pub(crate) fn remove(&mut self, position: usize) -> bool {
        let exists = position < self.rules.len();
        if exists {
            self.rules.remove(position);
        }
        exists
    }

    /// Puts rules back as they were written out, with their counts.
    pub(crate) fn restore(&mut self, rules: Vec<Counted>) -> Result<(), String> {
        for counted in &rules {
            counted.rule.check()?;
        }
        self.rules = rules;
        Ok(())
    }

    pub(crate) fn counted(&self) -> &[Counted] {
        &self.rules
    }

    /// The faults that befall a request about a job under any of `jobs` and about `user`.
    pub(crate) fn decide(
        &mut self,
        operation: Operation,
        jobs: &[&str],
        user: Option<&str>,
        now: DateTime<Utc>,
    ) -> Vec<Fault> {
        let mut chosen: Vec<Fault> = Vec::new();
        for Counted {
            rule,
            matched,
            fired,
        } in &mut self.rules
        {
            let about_job = rule
                .job
                .as_ref()
                .is_none_or(|wanted| jobs.iter().any(|job| job.eq_ignore_ascii_case(wanted)));
            let about_user = rule
                .user
                .as_ref()
                .is_none_or(|wanted| user.is_some_and(|user| user.eq_ignore_ascii_case(wanted)));
            let is_meant = operation.is_meant_by(&rule.operation);
            let is_spent = rule.count.is_some_and(|count| *fired >= count);
            let is_in_force = rule.from.is_none_or(|from| from <= now)
                && rule.until.is_none_or(|until| now < until);
            if !(is_meant && about_job && about_user && is_in_force) || is_spent {
                continue;
            }
            *matched += 1;
            let turn = matched.saturating_sub(rule.skip);
            let is_turn = *matched > rule.skip && turn.is_multiple_of(rule.every.unwrap_or(1));
            let superseded = rule.fault.ends_answer() && chosen.iter().any(Fault::ends_answer);
            if !is_turn || superseded {
                continue;
            }
            if rule
                .probability
                .is_some_and(|probability| self.random.f64() >= probability)
            {
                continue;
            }
            *fired += 1;
            chosen.push(rule.fault.clone());
        }
        chosen
    }
}

/// Reads a list of rules, as a file and the control endpoint give it.
pub(crate) fn read(json: &[u8]) -> Result<Vec<FaultRule>, String> {
    serde_json::from_slice(json).map_err(|error| format!("not a JSON list of fault rules: {error}"))
}
