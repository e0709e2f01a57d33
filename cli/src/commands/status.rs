//! `xtmig status`: everything that is under way, on one screen.

use chrono::Utc;
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use serde_json::Value;

use super::rows::text_of;
use super::session::{Session, name_of, status_of};
use crate::deadlines::{Cancellable, attention, cancellable, is_settled, next_deadline, present};
use crate::exit::{Exit, Failure};
use crate::output::{Row, counted};
use crate::suggestion::command_on;
use crate::time::{Zone, distance};

pub async fn run(session: &mut Session<'_>) -> Result<Exit, Failure> {
    let jobs = session.jobs().await?;
    let now = present(&jobs, Utc::now());
    let zone = session.output.zone();
    let (over, mut open): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| is_settled(job));
    // What somebody has to look at stands first, and then what is due next.
    open.sort_by_key(|job| {
        let deadline = next_deadline(job, now).map(|deadline| deadline.time);
        (attention(job, now).is_none(), deadline.is_none(), deadline)
    });
    let shown: Vec<_> = open.iter().map(|job| row(job, now, zone)).collect();
    session
        .output
        .rows(&shown, "Nothing is under way, and nothing needs attention.")?;
    session.output.say(&format!(
        "under way or in need of attention: {}; over: {}",
        counted(open.len(), "job"),
        over.len()
    ));
    if let Some((job, (what, next))) = open
        .iter()
        .find_map(|job| Some((job, attention(job, now)?)))
    {
        let name = name_of(job, "a job");
        session
            .output
            .say(&format!("{name}: {what}; next: {}", command_on(next, name)));
    }
    Ok(Exit::Done)
}

fn row(job: &Job, now: chrono::DateTime<Utc>, zone: Zone) -> Row {
    let attention = attention(job, now).map(|(what, _)| what);
    let (word, until) = match cancellable(job, now) {
        Cancellable::Yes => ("yes", None),
        Cancellable::Until(time) => ("until", Some(time)),
        Cancellable::TooLate => ("NO, it is too late", None),
        Cancellable::Over => ("nothing to cancel", None),
        Cancellable::Unknown => ("not known", None),
    };
    let shown = match until {
        Some(time) => format!("until {} ({})", zone.format(time), distance(time, now)),
        None => word.to_owned(),
    };
    let next = next_deadline(job, now);
    let next_shown = next.map_or(String::new(), |deadline| {
        format!("{} {}", deadline.what, distance(deadline.time, now))
    });
    Row::new()
        .with("name", text_of(job.display_name.as_deref()))
        .with("status", status_of(job))
        .shown_as(
            "attention",
            text_of(attention),
            attention.unwrap_or_default().to_owned(),
        )
        .shown_as("cancellable", Value::from(word), shown)
        .shown_as(
            "next",
            text_of(next.map(|deadline| deadline.what)),
            next_shown,
        )
        .beside(
            "cancellableUntil",
            text_of(until.map(|time| time.to_rfc3339()).as_deref()),
        )
        .beside(
            "nextAt",
            text_of(next.map(|next| next.time.to_rfc3339()).as_deref()),
        )
        .beside("id", text_of(job.id.as_deref()))
}
