//! The journal of a run: one line of JSON for everything that is sent, and what became of it.
//!
//! What is to be sent stands there before it is sent, and what became of it before anybody is told, so that a run that
//! was killed can be gone on with. It names people and holds no secret.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use msgraph_migrations::Attempt;
use serde::{Deserialize, Serialize};

use super::plan_file::{Plan, private};
use crate::exit::{Exit, Failure};
use crate::interruption::UnderWay;

/// What a line tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Event {
    /// The first line: what is to be done.
    Run {
        run: String,
        program: String,
        plan: Box<Plan>,
    },
    /// Another process goes on with the run.
    Resumed,
    /// A request is about to be sent for these changes.
    Sending {
        changes: Vec<String>,
        client_request_id: String,
    },
    /// One request of it was answered, or was not.
    Attempt {
        operation: String,
        number: u32,
        client_request_id: String,
        request_id: Option<String>,
        status: Option<u16>,
        was_sent: bool,
    },
    /// A change is made.
    Done {
        change: String,
        how: How,
        /// The id of the job.
        job: Option<String>,
    },
    /// A change was not made.
    NotDone { change: String, why: String },
    /// Whether a change was made is not known.
    Unknown { change: String, why: String },
    /// What was seen of a job.
    Seen { job: String, status: String },
    /// The run is over.
    Ended { exit: u8, why: String },
}

/// How it is known that a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum How {
    /// The service said so.
    Answered,
    /// The answer was lost, and the tenant shows it.
    ReadBack,
    /// The run was interrupted, and the tenant shows it.
    Found,
}

#[derive(Serialize, Deserialize)]
struct Line {
    time: String,
    #[serde(flatten)]
    event: Event,
}

/// What is known of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was sent, and more is not known.
    Sent,
    Done {
        job: Option<String>,
    },
    NotDone,
    Unknown,
}

/// A journal that is written.
pub struct Journal {
    pub run: String,
    pub path: PathBuf,
    /// What this process has sent and knows nothing of yet.
    pub under_way: UnderWay,
    clock: Clock,
    content: Mutex<Content>,
}

struct Content {
    file: File,
    states: HashMap<String, State>,
    /// The status in which each job was last seen.
    seen: HashMap<String, String>,
    /// Why it can no longer be written, once it cannot.
    broken: Option<String>,
}

/// What time it is.
pub type Clock = Box<dyn Fn() -> DateTime<Utc> + Send + Sync>;

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Begins the journal of a run.
    pub fn begin(folder: &Path, plan: &Plan, clock: Clock) -> Result<Self, Failure> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let run = format!("{}-{}", Utc::now().format("%Y%m%dT%H%M%SZ"), &id[..8]);
        let path = folder.join(format!("{run}.jsonl"));
        let failed = |error: std::io::Error| unusable(&path, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        private(&mut options);
        let file = options.open(&path).map_err(failed)?;
        lock(&file, &path)?;
        let journal = Self {
            run: run.clone(),
            path,
            under_way: UnderWay::default(),
            clock,
            content: Mutex::new(Content {
                file,
                states: HashMap::new(),
                seen: HashMap::new(),
                broken: None,
            }),
        };
        journal.add(&[Event::Run {
            run,
            program: concat!("xtmig/", env!("CARGO_PKG_VERSION")).to_owned(),
            plan: Box::new(plan.clone()),
        }])?;
        Ok(journal)
    }

    /// Opens the journal of a run to go on with it.
    pub fn resume(run: &str, folder: &Path, clock: Clock) -> Result<(Self, Plan), Failure> {
        let named = PathBuf::from(run);
        let path = if named.is_file() {
            named
        } else {
            folder.join(format!("{run}.jsonl"))
        };
        let failed = |error: std::io::Error| unusable(&path, error);
        let mut file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(
                    Failure::new(Exit::NotFound, format!("there is no run {run}"))
                        .because(format!("{} is not there", path.display()))
                        .next(format!(
                            "name a run or its journal; they are in {}",
                            folder.display()
                        )),
                );
            }
            Err(error) => return Err(failed(error)),
        };
        lock(&file, &path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        // What stands behind the last line break a killed process did not finish.
        let end = text.iter().rposition(|byte| *byte == b'\n');
        let whole = &text[..end.map_or(0, |at| at + 1)];
        let (run, plan, states) = read(whole, &path)?;
        // Only now: somebody may have named another file, of which nothing may be lost.
        if whole.len() < text.len() {
            let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
            file.set_len(length).map_err(failed)?;
        }
        let journal = Self {
            run,
            path,
            under_way: UnderWay::default(),
            clock,
            content: Mutex::new(Content {
                file,
                states,
                seen: HashMap::new(),
                broken: None,
            }),
        };
        journal.add(&[Event::Resumed])?;
        Ok((journal, plan))
    }

    /// Writes lines and forces them to the disk, before anybody is told of them.
    pub fn add(&self, events: &[Event]) -> Result<(), Failure> {
        let mut content = self.lock();
        if let Some(why) = &content.broken {
            return Err(unusable(&self.path, why));
        }
        let mut bytes = Vec::new();
        for event in events {
            let line = Line {
                time: (self.clock)().to_rfc3339_opts(SecondsFormat::Millis, true),
                event: event.clone(),
            };
            serde_json::to_writer(&mut bytes, &line)
                .map_err(|error| unusable(&self.path, error))?;
            bytes.push(b'\n');
        }
        let written = content.file.write_all(&bytes);
        if let Err(error) = written.and_then(|()| content.file.sync_data()) {
            content.broken = Some(error.to_string());
            return Err(unusable(&self.path, error));
        }
        for event in events {
            note(&mut content.states, event);
            match event {
                Event::Sending { changes, .. } => {
                    for change in changes {
                        self.under_way.sent(change);
                    }
                }
                Event::Done { change, .. }
                | Event::NotDone { change, .. }
                | Event::Unknown { change, .. } => self.under_way.settled(change),
                Event::Seen { job, status } => {
                    content.seen.insert(job.clone(), status.clone());
                }
                Event::Run { .. }
                | Event::Resumed
                | Event::Attempt { .. }
                | Event::Ended { .. } => {}
            }
        }
        Ok(())
    }

    /// Adds a line about an answer; the next request is not sent if it cannot be written.
    pub fn attempt(&self, attempt: &Attempt<'_>) {
        if attempt.operation.method == "GET" {
            return;
        }
        // What fails is kept, and stops whatever is to be sent next.
        let _ = self.add(&[Event::Attempt {
            operation: attempt.operation.id.to_owned(),
            number: attempt.number,
            client_request_id: attempt.client_request_id.to_owned(),
            request_id: attempt.request_id.map(str::to_owned),
            status: attempt.status.map(|status| status.as_u16()),
            was_sent: attempt.was_sent,
        }]);
    }

    /// What is known of a change.
    pub fn state(&self, change: &str) -> Option<State> {
        self.lock().states.get(change).cloned()
    }

    /// The status in which this process last saw a job.
    pub fn seen(&self, job: &str) -> Option<String> {
        self.lock().seen.get(job).cloned()
    }

    pub fn is_done(&self, change: &str) -> bool {
        matches!(self.state(change), Some(State::Done { .. }))
    }

    /// The time of day, as the journal has it.
    pub fn clock(&self) -> String {
        (self.clock)().format("%Y-%m-%d %H:%MZ").to_string()
    }

    /// Why it can no longer be written, if it cannot.
    pub fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The run that whole lines tell of, what is to be done, and what is known of each change.
pub fn read(text: &[u8], path: &Path) -> Result<(String, Plan, HashMap<String, State>), Failure> {
    let no_journal = || Failure::usage(format!("{} is no journal of a run", path.display()));
    let mut run_and_plan = None;
    let mut states = HashMap::new();
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line: Line = serde_json::from_slice(line)
            .map_err(|error| no_journal().because(format!("line {}: {error}", index + 1)))?;
        match line.event {
            Event::Run { run, plan, .. } => run_and_plan = Some((run, *plan)),
            event => note(&mut states, &event),
        }
    }
    let (run, plan) = run_and_plan.ok_or_else(|| {
        no_journal()
            .because("its first line does not tell what was to be done; nothing was sent then")
    })?;
    Ok((run, plan, states))
}

fn note(states: &mut HashMap<String, State>, event: &Event) {
    let mut put = |change: &String, state: State| {
        states.insert(change.clone(), state);
    };
    match event {
        Event::Sending { changes, .. } => {
            for change in changes {
                put(change, State::Sent);
            }
        }
        Event::Done { change, job, .. } => put(change, State::Done { job: job.clone() }),
        Event::NotDone { change, .. } => put(change, State::NotDone),
        Event::Unknown { change, .. } => put(change, State::Unknown),
        Event::Run { .. }
        | Event::Resumed
        | Event::Attempt { .. }
        | Event::Seen { .. }
        | Event::Ended { .. } => {}
    }
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::unexpected(
        format!("the journal {} cannot be used", path.display()),
        why,
    )
    .next("make room or name another folder in XTMIG_STATE_DIR; nothing is sent without a journal")
}

/// Refuses a file that another process holds; it is held until this one ends.
pub fn lock(file: &File, path: &Path) -> Result<(), Failure> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            Exit::TryLater,
            "another run of this wave is under way; nothing was sent",
        )
        .because(format!("{} is in use", path.display()))
        .next("wait for its end, or stop it and resume it")),
        Err(TryLockError::Error(error)) => Err(unusable(path, error)),
    }
}
