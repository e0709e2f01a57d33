//! What of a job is not as the file says and can never be changed any more. Pure.

use std::collections::HashSet;

use super::format::Exchange;
use super::seen::SeenJob;
use super::wanted::{Wanted, WantedJob};

/// How many users are named where many are meant.
const MAX_NAMED: usize = 3;

/// What differs and can never be changed, as far as the service tells it.
pub fn fixed(wanted: &Wanted, job: &WantedJob, found: &SeenJob) -> Vec<String> {
    let mut all = Vec::new();
    let mut differs = |what: &str, there: &str, here: &str| {
        all.push(format!(
            "{what} is {there} and not {here}, which cannot be changed any more"
        ));
    };
    if let Some(there) = &found.source_tenant
        && *there != wanted.source_tenant
    {
        differs("its source tenant", there, &wanted.source_tenant);
    }
    if let (Some(there), Some(here)) = (&found.target_tenant, &wanted.target_tenant)
        && there != here
    {
        differs("its target tenant", there, here);
    }
    let set = |workloads: &[String]| {
        let mut set: Vec<_> = workloads.iter().map(|one| one.to_lowercase()).collect();
        set.sort_unstable();
        set
    };
    // The documents' samples show none, also of jobs that have some.
    if !found.workloads.is_empty()
        && !job.workloads.is_empty()
        && set(&found.workloads) != set(&job.workloads)
    {
        let (there, here) = (found.workloads.join(", "), job.workloads.join(", "));
        differs("what it moves", &there, &here);
    }
    if let (Some(there), Some(here)) = (&found.exchange, &job.exchange)
        && there != here
    {
        let text = |exchange: &Exchange| {
            format!(
                "{} to {}",
                exchange.source_endpoint, exchange.target_delivery_domain
            )
        };
        differs("its way of mail", &text(there), &text(here));
    }
    let there: HashSet<&str> = found.users.iter().map(String::as_str).collect();
    let here: HashSet<&str> = job.users.iter().map(|user| user.id.as_str()).collect();
    let missing: Vec<String> = job
        .users
        .iter()
        .filter(|user| !there.contains(user.id.as_str()))
        .map(|user| user.name.clone().unwrap_or_else(|| user.id.clone()))
        .collect();
    let more: Vec<String> = found
        .users
        .iter()
        .filter(|user| !here.contains(user.as_str()))
        .cloned()
        .collect();
    if !missing.is_empty() {
        all.push(format!(
            "{} of the file {} not in it: {}",
            missing.len(),
            if missing.len() == 1 { "is" } else { "are" },
            named(&missing)
        ));
    }
    if !more.is_empty() {
        all.push(format!(
            "{} in it {} not in the file: {}",
            more.len(),
            if more.len() == 1 { "is" } else { "are" },
            named(&more)
        ));
    }
    all
}

/// Users by name, or the first of many.
pub fn named(users: &[String]) -> String {
    let mut text = users
        .iter()
        .take(MAX_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if users.len() > MAX_NAMED {
        text.push_str(", …");
    }
    text
}
