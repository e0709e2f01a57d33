//! `xtmig jobs watch`: live on a terminal, else one line per change.

mod frame;
mod notify;
mod screen;
mod state;

use std::future::pending;
use std::io::{self, IsTerminal};
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::StreamExt;
use msgraph_migrations::Error;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationJobStatus as Status,
};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::reports::Report;
use msgraph_migrations_workflows::waiting::{Awaited, EndOf, JobObservation, WaitOptions, Watch};
use tokio::time::{Instant, sleep};

use super::rows::text_of;
use super::session::{Session, name_of};
use super::user_input::named;
use crate::arguments::{Format, Pace, Until, WatchArguments};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Row, nobody_reads};
use crate::suggestion::command;
use crate::time::Zone;
use notify::Notifier;
use screen::Screen;
use state::{Change, Counts, End, State};

/// How much longer than the shortest the longest interval between two looks is.
const SLOWEST: u32 = 6;
/// How long a token that was refused is waited for, where another may come.
const NEW_TOKEN: Duration = Duration::from_secs(15);
/// For how long trouble is sat out while the users of a job are read; another look follows soon.
const MAX_OUTAGE: Duration = Duration::from_secs(30);
/// How often the picture is drawn.
const REDRAW: Duration = Duration::from_secs(1);

pub async fn run(session: &mut Session<'_>, arguments: WatchArguments) -> Result<Exit, Failure> {
    let format = session.output.format();
    if !matches!(format, Format::Table | Format::Jsonl) {
        return Err(
            Failure::usage("a watch has no end of which a whole could be made")
                .because("it tells each change as it comes")
                .next("use --output jsonl, or leave --output out"),
        );
    }
    let jobs = if arguments.jobs.is_empty() {
        under_way(session).await?
    } else {
        named(&arguments.jobs, None, None)?
    };
    if jobs.is_empty() {
        session.output.say("Nothing is under way.");
        return Ok(Exit::Done);
    }
    let is_live = format == Format::Table
        && io::stdout().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let mut watcher = Watcher {
        workflows: session.workflows.clone(),
        awaited: awaited(arguments.until),
        options: wait_options(&arguments.pace),
        interval: arguments.pace.interval,
        is_renewable: session.connection.credential.is_renewable(),
        state: State::new(&jobs),
        notifier: Notifier::new(arguments.notify),
        screen: Screen::new(is_live),
        zone: session.output.zone(),
    };
    let ended = watcher.watch(session.output).await;
    watcher.screen.leave();
    let Watcher {
        state, notifier, ..
    } = watcher;
    notifier.finish().await;
    if state.views.iter().any(|view| view.end == Some(End::Gone)) {
        let text = format!("see what there is: {}", command("jobs list"));
        session.output.say(&text);
    }
    if matches!(ended, Ok(Exit::Interrupted)) {
        let open: Vec<_> = state.open().map(|view| view.name.as_str()).collect();
        session.output.say(&format!(
            "no longer watched; the migration GOES ON by itself: {}",
            open.join(", ")
        ));
        session
            .output
            .say(&format!("see how far it is: {}", command("status")));
    }
    ended
}

/// How to wait, as the command line says.
pub fn wait_options(pace: &Pace) -> WaitOptions {
    let mut options = WaitOptions::new()
        .min_interval(pace.interval)
        .max_interval(pace.interval.saturating_mul(SLOWEST))
        .stalled_after(pace.stalled_after);
    if let Some(deadline) = pace.deadline {
        options = options.deadline(deadline);
    }
    options
}

/// What was seen of a job on one line, without what was before.
pub fn line(seen: &JobObservation, zone: Zone) -> String {
    let (_, text) = state::told(&seen.event, None);
    let name = seen
        .state()
        .map_or(seen.asked_for.as_str(), |job| name_of(job, &seen.asked_for));
    format!("{}  {name}: {text}", zone.clock(Utc::now()))
}

fn awaited(until: Until) -> Awaited {
    match until {
        Until::Validation => Awaited::Validation,
        Until::Migration => Awaited::Migration,
        Until::Cancellation => Awaited::Cancellation,
        Until::Deletion => Awaited::Deletion,
        Until::Final => Awaited::Final,
    }
}

/// The jobs that are not over.
async fn under_way(session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let is_open = |job: &&Job| job.status.as_ref().is_none_or(|status| !status.is_final());
    let jobs = session.jobs().await?;
    Ok(jobs
        .iter()
        .filter(is_open)
        .filter_map(|job| Some(name_of(job, job.id.as_deref()?).to_owned()))
        .collect())
}

struct Watcher {
    workflows: Workflows,
    awaited: Awaited,
    options: WaitOptions,
    interval: Duration,
    is_renewable: bool,
    state: State,
    notifier: Notifier,
    screen: Screen,
    zone: Zone,
}

type Reading = Pin<Box<dyn Future<Output = (String, Result<Report, Error>)>>>;

impl Watcher {
    async fn watch(&mut self, output: &mut Output) -> Result<Exit, Failure> {
        let mut jobs = self.observe();
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        let mut users = Users::new(self.interval.saturating_mul(SLOWEST));
        let mut reading: Reading = Box::pin(pending());
        let mut is_reading = false;
        let mut redraw = tokio::time::interval(REDRAW);
        loop {
            if !is_reading && let Some(job) = users.next(&self.state) {
                reading = self.read_users(job);
                is_reading = true;
            }
            tokio::select! {
                seen = jobs.next() => match seen {
                    Some(Ok(seen)) => {
                        let change = self.state.take_in(&seen, Utc::now());
                        if let Some(change) = change {
                            self.tell(&change, output)?;
                        }
                    }
                    Some(Err(error)) if self.is_renewable && is_unauthorized(&error) => {
                        output.say(&format!("the token is refused, and another is waited for: {error}"));
                        sleep(NEW_TOKEN.min(self.interval.saturating_mul(SLOWEST))).await;
                        jobs = self.observe();
                    }
                    Some(Err(error)) => {
                        return Err(Failure::of_call(
                            "the jobs can no longer be watched; what was started goes on by itself",
                            &error,
                            &command("status"),
                        ));
                    }
                    None => break,
                },
                (job, report) = &mut reading => {
                    reading = Box::pin(pending());
                    is_reading = false;
                    users.read(&job, self.interval);
                    // One that cannot be read is read again; the jobs themselves tell of trouble.
                    if let Ok(report) = report
                        && let Some(change) = self.state.take_in_users(&job, Counts::from(&report))
                    {
                        self.tell(&change, output)?;
                    }
                }
                _ = redraw.tick() => self.screen.draw(&self.state),
                Ok(()) = &mut interrupted => return Ok(Exit::Interrupted),
            }
            if self.state.is_over() {
                break;
            }
            if nobody_reads() && !self.notifier.is_wanted() {
                return Ok(Exit::Interrupted);
            }
        }
        self.screen.draw(&self.state);
        Ok(exit(&self.state))
    }

    /// Watches what is not over.
    fn observe(&self) -> Watch<Job, Vec<EndOf<Job>>> {
        let open = self.state.open().map(|view| view.name.clone()).collect();
        self.workflows.watch_jobs(open, self.awaited, &self.options)
    }

    fn read_users(&self, job: String) -> Reading {
        let workflows = self.workflows.clone();
        let options = WaitOptions::new().max_outage(MAX_OUTAGE);
        Box::pin(async move {
            let report = workflows.report(&job, &options).await;
            (job, report)
        })
    }

    fn tell(&mut self, change: &Change, output: &mut Output) -> Result<(), Failure> {
        self.notifier.notify(change);
        let now = Utc::now();
        if output.is_table() {
            let line = format!("{}  {}: {}", self.zone.clock(now), change.job, change.text);
            return self.screen.tell(&line, &self.state);
        }
        output.rows(&[row(change, &self.state, now)], "")
    }
}

/// Whose users are read next: one job at a time, and none too often.
struct Users {
    interval: Duration,
    due: Vec<(String, Instant)>,
}

impl Users {
    fn new(interval: Duration) -> Self {
        Self {
            interval,
            due: Vec::new(),
        }
    }

    /// The job whose turn it is, among those that were seen; one that is over is read once.
    fn next(&self, state: &State) -> Option<String> {
        let now = Instant::now();
        let due = |name: &str| {
            let known = self.due.iter().find(|(job, _)| job == name);
            known.map_or(now, |(_, due)| *due)
        };
        state
            .views
            .iter()
            .filter(|view| view.job.is_some())
            .filter(|view| view.end.is_none() || view.counts.is_none())
            .map(|view| (due(&view.name), &view.name))
            .filter(|(due, _)| *due <= now)
            .min_by_key(|(due, _)| *due)
            .map(|(_, name)| name.clone())
    }

    fn read(&mut self, job: &str, at_least: Duration) {
        let due = Instant::now() + self.interval.max(at_least);
        self.due.retain(|(known, _)| known != job);
        self.due.push((job.to_owned(), due));
    }
}

fn is_unauthorized(error: &Error) -> bool {
    error.status().is_some_and(|status| status.as_u16() == 401)
}

fn row(change: &Change, state: &State, now: DateTime<Utc>) -> Row {
    let view = state.views.iter().find(|view| view.name == change.job);
    let job = view.and_then(|view| view.job.as_ref());
    let counts = view.and_then(|view| view.counts.as_ref());
    Row::new()
        .with("time", now.to_rfc3339_opts(SecondsFormat::Secs, true))
        .with("job", change.job.as_str())
        .with("event", change.kind.key())
        .with("status", text_of(change.status.as_deref()))
        .with("previous", text_of(change.previous.as_deref()))
        .with("text", change.text.as_str())
        .with("id", text_of(job.and_then(|job| job.id.as_deref())))
        .with(
            "message",
            text_of(job.and_then(|job| job.message.as_deref())),
        )
        .with(
            "workloads",
            serde_json::json!(counts.map(|counts| &counts.workloads)),
        )
        .with(
            "codes",
            serde_json::json!(counts.map(|counts| &counts.codes)),
        )
}

/// What the ends of all jobs come to.
fn exit(state: &State) -> Exit {
    let is_good = |job: &Job| {
        !matches!(
            job.status,
            Some(Status::Failed | Status::CompletedWithErrors | Status::ValidateFailed)
        )
    };
    let exits: Vec<Exit> = state
        .views
        .iter()
        .map(|view| match (view.end, &view.job) {
            (Some(End::Reached), Some(job)) if is_good(job) => Exit::Done,
            (Some(End::Reached | End::Elsewhere), Some(job))
                if job.status == Some(Status::CompletedWithErrors) =>
            {
                Exit::Partly
            }
            (Some(End::Reached | End::Elsewhere), _) => Exit::Refused,
            (Some(End::Gone), _) => Exit::NotFound,
            (Some(End::DeadlinePassed) | None, _) => Exit::TryLater,
        })
        .collect();
    match exits.as_slice() {
        [] => Exit::Done,
        [first, rest @ ..] if rest.iter().all(|exit| exit == first) => *first,
        several if several.contains(&Exit::TryLater) => Exit::TryLater,
        _ => Exit::Partly,
    }
}
