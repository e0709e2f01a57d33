//! A run from its first request to what is said of its end, which it comes to by itself or by Ctrl-C.

use std::sync::Arc;

use msgraph_migrations::Client;

use super::carry_out::{Manner, Outcome, Run};
use super::guard::Gate;
use super::journal::{Event, Journal, State};
use super::plan::Act;
use super::plan_file::Plan;
use super::wanted::WantedJob;
use crate::exit::{Exit, Failure};
use crate::interruption::{Interruption, NOT_SENT};
use crate::output::{Output, Row, counted};

/// How many changes are named where many are meant.
const MAX_NAMED: usize = 5;

/// A run that has a journal.
#[derive(Clone, Debug)]
pub struct Started {
    pub plan: Arc<Plan>,
    pub journal: Arc<Journal>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    ByItself(Exit),
    /// Somebody pressed Ctrl-C.
    Interrupted(Exit),
}

impl Started {
    /// Does what is not done yet, and shows what came of it.
    ///
    /// After Ctrl-C nothing more is sent, and what was sent is waited for.
    pub async fn see_through(
        &self,
        client: Client,
        manner: Manner,
        output: &mut Output,
    ) -> Result<Ended, Failure> {
        let interruption = Interruption::take_over();
        let run = Run {
            client,
            plan: Arc::clone(&self.plan),
            gate: Gate {
                journal: Arc::clone(&self.journal),
                interruption: interruption.clone(),
            },
            manner,
            output,
        };
        let under_way = self.journal.under_way.clone();
        let outcome = interruption.or_stop(&under_way, Box::pin(run.go())).await;
        let left = match outcome {
            Some(outcome) if outcome.exit() != Exit::Interrupted => {
                return Ok(Ended::ByItself(self.end(&outcome, output)?));
            }
            _ => under_way.names(),
        };
        Ok(Ended::Interrupted(self.interrupted(&left, output)?))
    }

    fn done(&self) -> String {
        let changes = &self.plan.difference.changes;
        let done = changes
            .iter()
            .filter(|change| self.journal.is_done(&change.id));
        let are = if changes.len() == 1 { "is" } else { "are" };
        format!(
            "{} of {} {are} made",
            done.count(),
            counted(changes.len(), "change")
        )
    }

    /// Shows what came of a run that ended by itself.
    fn end(&self, outcome: &Outcome, output: &mut Output) -> Result<Exit, Failure> {
        let exit = match self.journal.broken() {
            Some(_) => Exit::Unknown,
            None => outcome.exit(),
        };
        let rows: Vec<Row> = outcome
            .jobs
            .iter()
            .map(|job| {
                let last = job.run.as_ref();
                let found = last.and_then(|run| run.report.job.as_ref());
                let status = found.and_then(|job| job.status.as_ref());
                Row::new()
                    .with("job", job.name.as_str())
                    .with("status", status.map(|status| status.as_str().to_owned()))
                    .with("result", job.text.as_str())
                    .beside("id", found.and_then(|job| job.id.clone()))
            })
            .collect();
        output.rows(&rows, "")?;
        if let Some(failure) = &outcome.mappings {
            Output::fail(failure);
        }
        self.note_end(exit, self.done(), output)?;
        Ok(exit)
    }

    /// Shows what was done before Ctrl-C, what was not sent, and of what nobody knows, which is `left`.
    fn interrupted(&self, left: &[String], output: &mut Output) -> Result<Exit, Failure> {
        let why = "interrupted before its answer came";
        let unknown: Vec<Event> = left
            .iter()
            .map(|change| Event::Unknown {
                change: change.clone(),
                why: why.to_owned(),
            })
            .collect();
        self.journal.add(&unknown)?;
        let wanted = &self.plan.wanted;
        let rows: Vec<Row> = wanted.jobs.iter().map(|job| self.left(job)).collect();
        output.rows(&rows, "")?;
        let changes = &self.plan.difference.changes;
        let of = |is_meant: &dyn Fn(Option<State>) -> bool| -> Vec<&str> {
            let meant = changes
                .iter()
                .filter(|change| is_meant(self.journal.state(&change.id)));
            meant.map(|change| change.id.as_str()).collect()
        };
        let unknown = of(&|state| matches!(state, Some(State::Sent | State::Unknown)));
        let not_sent = of(&|state| matches!(state, None | Some(State::NotDone)));
        if !not_sent.is_empty() {
            output.say(&format!("NOT MADE, {NOT_SENT}: {}", named(&not_sent)));
        }
        if !unknown.is_empty() {
            output.say(&format!("UNKNOWN whether made, {why}: {}", named(&unknown)));
        }
        let exit = if unknown.is_empty() {
            Exit::Interrupted
        } else {
            Exit::Unknown
        };
        let told = format!("interrupted; {}", self.done());
        self.note_end(exit, told, output)?;
        output.say("what was started GOES ON by itself");
        Ok(exit)
    }

    /// Where a job was left.
    fn left(&self, job: &WantedJob) -> Row {
        let mut parts = Vec::new();
        let steps = [
            (Act::Create, "created"),
            (Act::Postpone, "moved"),
            (Act::Validate, "validated"),
            (Act::Migrate, "migrated"),
        ];
        for (act, done) in steps {
            let Some(change) = self.plan.change(act, &job.name) else {
                continue;
            };
            match self.journal.state(&change.id) {
                Some(State::Done { .. }) => {}
                Some(State::Sent | State::Unknown) => {
                    parts.push(format!("whether it is {done} is UNKNOWN"));
                }
                Some(State::NotDone) | None => parts.push(format!("NOT {}", done.to_uppercase())),
            }
        }
        if parts.is_empty() {
            parts.push("no longer watched".to_owned());
        }
        Row::new()
            .with("job", job.name.as_str())
            .with("status", self.journal.seen(&job.name))
            .with("result", parts.join(", "))
            .beside("id", self.id(job))
    }

    /// The id of a job, where it was there or was created by this run.
    fn id(&self, job: &WantedJob) -> Option<String> {
        let seen = self.plan.seen.jobs.get(&job.name);
        let created = || {
            let change = self.plan.change(Act::Create, &job.name)?;
            match self.journal.state(&change.id)? {
                State::Done { job } => job,
                State::Sent | State::NotDone | State::Unknown => None,
            }
        };
        seen.map(|seen| seen.id.clone()).or_else(created)
    }

    fn note_end(&self, exit: Exit, told: String, output: &Output) -> Result<(), Failure> {
        output.say(&told);
        self.journal.add(&[Event::Ended {
            exit: exit as u8,
            why: told,
        }])
    }
}

fn named(changes: &[&str]) -> String {
    let named = changes[..changes.len().min(MAX_NAMED)].join(", ");
    match changes.len().saturating_sub(MAX_NAMED) {
        0 => named,
        more => format!("{named}, and {more} more"),
    }
}
