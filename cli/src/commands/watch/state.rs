//! What is known of the jobs that are watched. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use msgraph_migrations::models::CrossTenantMigrationJob as Job;
use msgraph_migrations_workflows::reports::Report;
use msgraph_migrations_workflows::waiting::{Event, JobObservation, WaitEnd};

use crate::commands::session::status_of;
use crate::output::counted;
use crate::time::two_units;

/// Something that was seen, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub job: String,
    pub kind: Kind,
    pub status: Option<String>,
    pub previous: Option<String>,
    /// In a sentence.
    pub text: String,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    First,
    Changed,
    AdminActionRequired,
    Stalled,
    Outage,
    Recovered,
    /// Users have problems that they did not have before.
    Problems,
    Ended,
}

impl Kind {
    pub fn key(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Changed => "changed",
            Self::AdminActionRequired => "adminActionRequired",
            Self::Stalled => "stalled",
            Self::Outage => "outage",
            Self::Recovered => "recovered",
            Self::Problems => "problems",
            Self::Ended => "ended",
        }
    }
}

/// How many users are in which status, and which errors they have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub users: usize,
    pub is_complete: bool,
    pub workloads: BTreeMap<String, BTreeMap<String, usize>>,
    pub codes: BTreeMap<String, usize>,
}

impl From<&Report> for Counts {
    fn from(report: &Report) -> Self {
        Self {
            users: report.users.read,
            is_complete: report.users.is_complete(),
            workloads: report.users.statuses.clone(),
            codes: report.users.problems_by_code.clone(),
        }
    }
}

/// What is known of one job.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub name: String,
    pub job: Option<Job>,
    pub counts: Option<Counts>,
    /// Trouble that is not over: a stall or an outage, in a sentence.
    pub trouble: Option<String>,
    /// How the wait for it ended.
    pub end: Option<End>,
}

/// How the wait for a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Reached,
    Elsewhere,
    Gone,
    DeadlinePassed,
}

/// What is known of all jobs.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub views: Vec<View>,
    /// When something was read last.
    pub read_at: Option<DateTime<Utc>>,
}

impl State {
    pub fn new(jobs: &[String]) -> Self {
        let view = |name: &String| View {
            name: name.clone(),
            ..View::default()
        };
        Self {
            views: jobs.iter().map(view).collect(),
            read_at: None,
        }
    }

    /// Takes in what was seen, and says it if it is new.
    pub fn take_in(&mut self, seen: &JobObservation, now: DateTime<Utc>) -> Option<Change> {
        let is_outage = matches!(seen.event, Event::Outage { .. });
        if !is_outage {
            self.read_at = Some(now);
        }
        let view = self
            .views
            .iter_mut()
            .find(|view| view.name == seen.asked_for)?;
        let previous = view.job.as_ref().map(|job| status_of(job).to_owned());
        let before = view.job.clone();
        if let Some(job) = seen.state() {
            view.job = Some(job.clone());
        }
        let (kind, text) = told(&seen.event, previous.as_deref());
        match kind {
            Kind::Stalled | Kind::Outage => view.trouble = Some(text.clone()),
            Kind::Problems => {}
            _ => view.trouble = None,
        }
        if let Event::Ended(end) = &seen.event {
            view.end = Some(match end {
                WaitEnd::Reached(_) => End::Reached,
                WaitEnd::Elsewhere(_) => End::Elsewhere,
                WaitEnd::Gone(_) => End::Gone,
                WaitEnd::DeadlinePassed(_) => End::DeadlinePassed,
            });
        }
        // Who takes the watch up again sees everything for the first time again.
        if kind == Kind::First && before.is_some() && before == view.job {
            return None;
        }
        Some(Change {
            job: view.name.clone(),
            kind,
            status: view.job.as_ref().map(|job| status_of(job).to_owned()),
            previous,
            text,
        })
    }

    /// Takes in what the users of a job are, and says which problems are new.
    pub fn take_in_users(&mut self, job: &str, counts: Counts) -> Option<Change> {
        let view = self.views.iter_mut().find(|view| view.name == job)?;
        let known = view.counts.as_ref().map(|counts| &counts.codes);
        let more: Vec<String> = counts
            .codes
            .iter()
            .filter(|(code, users)| {
                known
                    .and_then(|known| known.get(*code))
                    .copied()
                    .unwrap_or(0)
                    < **users
            })
            .map(|(code, users)| format!("{code} ({})", counted(*users, "user")))
            .collect();
        view.counts = Some(counts);
        (!more.is_empty()).then(|| Change {
            job: job.to_owned(),
            kind: Kind::Problems,
            status: view.job.as_ref().map(|job| status_of(job).to_owned()),
            previous: None,
            text: format!("problems: {}", more.join(", ")),
        })
    }

    pub fn is_over(&self) -> bool {
        self.views.iter().all(|view| view.end.is_some())
    }

    /// Those that are still watched.
    pub fn open(&self) -> impl Iterator<Item = &View> {
        self.views.iter().filter(|view| view.end.is_none())
    }
}

/// What an event is, in a sentence.
pub fn told(event: &Event<Job>, previous: Option<&str>) -> (Kind, String) {
    match event {
        Event::First(job) => (Kind::First, format!("is {}", described(job))),
        Event::Changed(job) => {
            let text = match previous {
                Some(previous) if previous != status_of(job) => {
                    format!("{previous} -> {}", described(job))
                }
                _ => format!("still {}", described(job)),
            };
            (Kind::Changed, text)
        }
        Event::AdminActionRequired(job) => (
            Kind::AdminActionRequired,
            format!("AN ADMINISTRATOR HAS TO ACT, it is {}", described(job)),
        ),
        Event::Stalled {
            state,
            unchanged_for,
            ..
        } => (
            Kind::Stalled,
            format!(
                "STALLED, nothing has changed for {}; it is {}",
                length(*unchanged_for),
                status_of(state)
            ),
        ),
        Event::Outage { lasting, error, .. } => (
            Kind::Outage,
            format!(
                "could not be read for {}, and is tried again: {error}",
                length(*lasting)
            ),
        ),
        Event::Recovered { after, .. } => (
            Kind::Recovered,
            format!("can be read again after {}", length(*after)),
        ),
        Event::Ended(end) => (Kind::Ended, ended(end)),
        _ => (
            Kind::Changed,
            "something happened that is not known".to_owned(),
        ),
    }
}

fn ended(end: &WaitEnd<Job>) -> String {
    match end {
        WaitEnd::Reached(job) => format!("over: {}", described(job)),
        WaitEnd::Elsewhere(job) => format!("came to another end: {}", described(job)),
        WaitEnd::Gone(Some(_)) => "is no longer there: somebody has deleted it".to_owned(),
        WaitEnd::Gone(None) => "is not there".to_owned(),
        WaitEnd::DeadlinePassed(job) => {
            let status = job.as_ref().map_or("of unknown status", status_of);
            format!("no longer watched, and GOES ON by itself; it is {status}")
        }
    }
}

fn described(job: &Job) -> String {
    match job.message.as_deref().filter(|text| !text.is_empty()) {
        Some(message) => format!("{} ({message})", status_of(job)),
        None => status_of(job).to_owned(),
    }
}

fn length(time: std::time::Duration) -> String {
    chrono::TimeDelta::from_std(time).map_or_else(|_| "ever".to_owned(), two_units)
}
