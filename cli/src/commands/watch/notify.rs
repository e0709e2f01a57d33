//! Running a command of the user's when something happened to a job.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinSet;

use super::state::{Change, Kind};
use crate::output::Output;

/// How long the watch waits at its end for commands that still run.
const PATIENCE: Duration = Duration::from_secs(10);

/// The commands that were started.
#[derive(Debug)]
pub struct Notifier {
    command: Option<String>,
    running: JoinSet<()>,
}

impl Notifier {
    pub fn new(command: Option<String>) -> Self {
        Self {
            command,
            running: JoinSet::new(),
        }
    }

    /// Whether there is a command to run.
    pub fn is_wanted(&self) -> bool {
        self.command.is_some()
    }

    /// Starts the command if somebody wants to know of such a change.
    ///
    /// What happened stands in variables: names of jobs are no part of a command line.
    pub fn notify(&mut self, change: &Change) {
        let is_wanted = matches!(
            change.kind,
            Kind::Ended | Kind::Stalled | Kind::AdminActionRequired | Kind::Problems
        );
        let Some(text) = self.command.as_ref().filter(|_| is_wanted) else {
            return;
        };
        let (shell, flag) = if cfg!(windows) {
            ("cmd", "/C")
        } else {
            ("sh", "-c")
        };
        let started = Command::new(shell)
            .arg(flag)
            .arg(text)
            .env("XTMIG_JOB", &change.job)
            .env("XTMIG_EVENT", change.kind.key())
            .env("XTMIG_STATUS", change.status.as_deref().unwrap_or_default())
            .env("XTMIG_MESSAGE", &change.text)
            // What signs in is nothing for the command.
            .env_remove("XTMIG_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        match started {
            Ok(mut child) => {
                self.running.spawn(async move {
                    match child.wait().await {
                        Ok(status) if status.success() => {}
                        Ok(status) => {
                            Output::tell(&format!("the command to notify ended with {status}"));
                        }
                        Err(error) => {
                            Output::tell(&format!("the command to notify was lost: {error}"));
                        }
                    }
                });
            }
            Err(error) => {
                Output::tell(&format!("the command to notify cannot be started: {error}"));
            }
        }
    }

    /// Waits for the commands that still run, but not for ever.
    pub async fn finish(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            Output::tell("a command to notify still runs and is left alone");
            self.running.detach_all();
        }
    }
}
