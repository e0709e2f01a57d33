//! The simulator behind `--sandbox`: a process in the background, so that commands share its state.
//!
//! A file names where it listens. The process stops when the file goes away or names another.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use etcetera::BaseStrategy;
use msgraph_migrations::{AccessToken, Client, ListOptions, RetryPolicy};
use msgraph_migrations_sandbox::Sandbox;

use crate::exit::{Exit, Failure};
use crate::output::{Output, put};
use crate::probe::calibration::{Calibration, calibrate};
use crate::probe::record::Record;

/// What the simulator takes as a token; it takes any.
pub const TOKEN: &str = "rehearsal";
/// How many times as fast as real time the simulated one runs: a minute passes in a second.
pub const SPEED: f64 = 60.0;
/// How often the process looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);
/// Where the file stands, for those who keep several simulators apart.
const STATE_DIR: &str = "XTMIG_STATE_DIR";

/// Where the simulator listens; starts it unless it runs.
pub async fn ensure(output: &Output) -> Result<String, Failure> {
    if let Some(url) = running().await? {
        return Ok(url);
    }
    let url = start(None, SPEED, None)?;
    output.say(&format!(
        "started a simulator with demo data at {url}; stop it with: xtmig sandbox stop"
    ));
    Ok(url)
}

/// Starts it with a scenario or at another speed; one that runs already is no longer what was asked for.
pub async fn start_with(
    scenario: Option<&str>,
    speed: f64,
    like: Option<&Path>,
) -> Result<String, Failure> {
    if !speed.is_finite() || speed < 0.0 {
        return Err(Failure::usage("the speed is no number from 0 on")
            .because(format!("it is {speed}"))
            .next("60 lets a minute pass each second, and 0 stands still"));
    }
    match running().await? {
        Some(url)
            if scenario.is_none() && like.is_none() && (speed - SPEED).abs() < f64::EPSILON =>
        {
            Ok(url)
        }
        Some(url) => Err(
            Failure::new(Exit::Refused, "a simulator is running already")
                .because(format!("it listens at {url}"))
                .next("stop it first: xtmig sandbox stop"),
        ),
        None => start(scenario, speed, like),
    }
}

/// Where a simulator listens, if one does.
pub async fn running() -> Result<Option<String>, Failure> {
    let Ok(url) = fs::read_to_string(file()?) else {
        return Ok(None);
    };
    Ok(answers(url.trim()).await.then(|| url.trim().to_owned()))
}

async fn answers(url: &str) -> bool {
    let Ok(token) = AccessToken::new(TOKEN) else {
        return false;
    };
    let client = Client::builder(token)
        .endpoint(url)
        .retry(RetryPolicy::never())
        .total_timeout(Duration::from_secs(2))
        .build();
    match client {
        Ok(client) => client.list_jobs(ListOptions::new().top(1)).await.is_ok(),
        Err(_) => false,
    }
}

/// Starts this program again, as the simulator, and waits until it listens.
fn start(scenario: Option<&str>, speed: f64, record: Option<&Path>) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::unexpected("the simulator cannot be started", error)
    };
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let mut command = Command::new(program);
    command
        .args(["sandbox", "serve", "--speed", &speed.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(scenario) = scenario {
        command.args(["--scenario", scenario]);
    }
    if let Some(record) = record {
        command.arg("--like").arg(record);
    }
    // What is typed to stop a command would otherwise stop the simulator with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    let out = child
        .stdout
        .take()
        .ok_or_else(|| failed(&"it says nothing"))?;
    let mut line = String::new();
    BufReader::new(out)
        .read_line(&mut line)
        .map_err(|error| failed(&error))?;
    match line.trim().strip_prefix("listening on ") {
        Some(url) => Ok(url.to_owned()),
        None => match line.trim().strip_prefix("failed: ") {
            Some(why) => Err(Failure::usage("the simulator cannot be started")
                .because(why)
                .next("correct that, and repeat")),
            None => Err(failed(&"it ended before it listened")),
        },
    }
}

/// Runs the simulator until it is stopped.
pub async fn serve(scenario: Option<&str>, speed: f64, like: Option<&Path>) -> Result<(), Failure> {
    let builder = Sandbox::builder()
        .start_time(chrono::Utc::now())
        .speed(speed);
    let builder = match scenario {
        Some(scenario) => {
            // The name of one that comes with it, or a file.
            let text = fs::read_to_string(scenario).unwrap_or_else(|_| scenario.to_owned());
            builder.scenario(text)
        }
        None => builder.demo(),
    };
    let builder = match like {
        Some(record) => calibration(record)?.of(builder),
        None => builder,
    };
    let sandbox = match builder.start().await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let why = crate::output::escaped(&error.to_string());
            put(format!("failed: {why}\n").as_bytes())?;
            return Err(Failure::unexpected(
                "the simulator cannot be started",
                error,
            ));
        }
    };
    let file = file()?;
    let url = sandbox.base_url();
    if let Err(failure) = write(&file, &url) {
        let why = failure.why.as_deref().unwrap_or_default();
        put(format!("failed: {}: {why}\n", failure.what).as_bytes())?;
        return Err(failure);
    }
    put(format!("listening on {url}\n").as_bytes())?;
    while fs::read_to_string(&file).is_ok_and(|wanted| wanted == url) {
        tokio::time::sleep(LOOK).await;
    }
    sandbox.shutdown().await;
    Ok(())
}

/// How the simulator has to be set to behave like the tenant of a record.
pub fn calibration(record: &Path) -> Result<Calibration, Failure> {
    Record::read(record)
        .and_then(|record| calibrate(&record))
        .map_err(|why| {
            Failure::usage(format!("{} is no record of a probe", record.display()))
                .because(why)
                .next("make one: xtmig probe --record FILE")
        })
}

/// Stops the simulator; says whether one was there.
pub async fn stop() -> Result<bool, Failure> {
    let was_running = running().await?.is_some();
    match fs::remove_file(file()?) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::unexpected(
            "the simulator cannot be told to stop",
            error,
        )),
        _ => Ok(was_running),
    }
}

fn write(file: &Path, url: &str) -> Result<(), Failure> {
    let written = file
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(file, url));
    written.map_err(|error| {
        Failure::unexpected(format!("{} cannot be written", file.display()), error)
    })
}

fn file() -> Result<PathBuf, Failure> {
    Ok(state_folder()?.join("sandbox"))
}

/// Where the program keeps what outlives it.
pub fn state_folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = std::env::var_os(STATE_DIR) {
        return Ok(PathBuf::from(folder));
    }
    let folders = etcetera::choose_base_strategy().map_err(|error| {
        Failure::unexpected("there is no home folder", error).next(format!("set {STATE_DIR}"))
    })?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Ok(folder.join("xtmig"))
}
