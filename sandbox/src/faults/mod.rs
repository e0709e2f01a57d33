//! Misbehaviour on demand: the rules in force, with their counts.

mod kind;
mod rule;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::kind::{Fault, RetryAfter};
pub use self::rule::FaultRule;
use crate::operation::Operation;

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

    /// The rules as they were written out, with their counts.
    pub(crate) fn restore(rules: Vec<Counted>) -> Result<Self, String> {
        for counted in &rules {
            counted.rule.check()?;
        }
        Ok(Self {
            rules,
            random: fastrand::Rng::with_seed(0),
        })
    }

    /// What decides the next throw of the dice.
    pub(crate) fn dice(&self) -> u64 {
        self.random.get_seed()
    }

    pub(crate) fn set_dice(&mut self, seed: u64) {
        self.random = fastrand::Rng::with_seed(seed);
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
