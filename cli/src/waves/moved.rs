//! What others have done in the tenant since a plan was made. Pure.

use super::plan::{Act, Difference};
use super::seen::{Seen, mapping_key};
use super::wanted::Wanted;

/// What has moved in the tenant between two looks, of what the plan is about.
pub fn moved(wanted: &Wanted, before: &Seen, now: &Seen, planned: &Difference) -> Vec<String> {
    let mut all = Vec::new();
    for job in &wanted.jobs {
        let is_planned = planned
            .changes
            .iter()
            .any(|change| change.name == job.name && !matches!(change.act, Act::Map | Act::Unmap));
        match (before.jobs.get(&job.name), now.jobs.get(&job.name)) {
            (None, None) => {}
            (None, Some(_)) => all.push(format!("{} has been created meanwhile", job.name)),
            (Some(_), None) => all.push(format!("{} is no longer there", job.name)),
            (Some(old), Some(new)) => {
                if old.id != new.id {
                    all.push(format!("{} is another job than before", job.name));
                }
                if old.users != new.users {
                    all.push(format!("the users of {} are others than before", job.name));
                }
                if !is_planned {
                    // It goes on by itself, and nothing is done with it.
                    continue;
                }
                for (what, old, new) in [
                    ("status", &old.status, &new.status),
                    ("cutover", &old.complete_after, &new.complete_after),
                    ("last change", &old.last_updated, &new.last_updated),
                ] {
                    if old != new {
                        let text = |value: &Option<String>| {
                            value.clone().unwrap_or_else(|| "unknown".to_owned())
                        };
                        all.push(format!(
                            "the {what} of {} was {} and is {}",
                            job.name,
                            text(old),
                            text(new)
                        ));
                    }
                }
            }
        }
    }
    for (user, job) in &now.elsewhere {
        if before.elsewhere.get(user) != Some(job) {
            all.push(format!("{user} is in {job} now"));
        }
    }
    for mapping in &wanted.mappings {
        let key = mapping_key(mapping.side, &mapping.source);
        if before.mappings.get(&key) != now.mappings.get(&key) {
            all.push(format!(
                "the mapping of {} is another than before",
                mapping.source
            ));
        }
    }
    all
}
