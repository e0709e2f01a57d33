//! The sandbox as a program; see the README for what it simulates.

mod lines;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use msgraph_migrations_sandbox::{
    FaultRule, RequestEntry, Sandbox, SandboxBuilder, Settings, StartError,
};
use serde::de::DeserializeOwned;

use crate::lines::Lines;

/// Simulates Microsoft Graph's cross-tenant migration APIs on a port of this machine.
#[derive(Parser)]
#[command(name = "msgraph-migrations-sandbox", version)]
struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Address to listen on; only this machine can reach the default
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDR")]
    bind: IpAddr,
    /// How many times as fast as real time virtual time runs; with 0 it stands still until advanced
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    speed: f64,
    /// The only bearer token to accept; without it any is
    #[arg(long)]
    token: Option<String>,
    /// A permission of the caller, may be repeated; without it the caller has all
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Start with jobs in every status, SharePoint tasks and mappings
    #[arg(long)]
    demo: bool,
    /// File with a JSON list of fault rules
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// File with a JSON object of settings
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Scenario to play from the start: a name among those that come with the sandbox, or a file
    #[arg(long, value_name = "NAME|FILE")]
    scenario: Option<String>,
    /// Requests a second beyond which 429 is answered
    #[arg(long, value_name = "N")]
    rate_limit: Option<f64>,
    /// When virtual time starts, by ISO 8601, or «now»
    #[arg(long, value_name = "TIME", value_parser = start_time)]
    start_time: Option<chrono::DateTime<chrono::Utc>>,
    /// The address that callers use, if it isn't the one listened on; links lead to it
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Answer TLS with a certificate made at the start, whose path is printed
    #[arg(long)]
    tls: bool,
    /// Seconds after which a connection is closed on which no request arrives
    #[arg(long, default_value_t = 120.0, value_name = "SECONDS")]
    idle_timeout: f64,
    /// Print no line per request
    #[arg(long, conflicts_with = "log")]
    quiet: bool,
    /// Append the line per request to a file instead of printing it
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Decides all ids and every throw of the dice
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
}

fn start_time(text: &str) -> Result<chrono::DateTime<chrono::Utc>, String> {
    if text.eq_ignore_ascii_case("now") {
        return Ok(chrono::Utc::now());
    }
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|error| format!("{error}; write it like 2026-01-05T08:00:00Z"))
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help and version go to the reader who asked for them.
            return if error.print().is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Err(error) => return refuse(&one_line(&error)),
    };
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => refuse(&message),
    }
}

/// Serves until a signal says otherwise.
async fn run(arguments: Arguments) -> Result<(), String> {
    let lines = open_log(&arguments)?;
    let mut builder = builder(arguments)?;
    let stopped = stop_signal().map_err(|error| format!("can't listen for signals: {error}"))?;
    if let Some(lines) = lines.clone() {
        builder = builder.on_request(move |entry| lines.say(line(entry)));
    }
    let sandbox = builder.start().await.map_err(|error| match error {
        StartError::Listen { address, source } => {
            format!("can't listen on {address}: {source}")
        }
        error @ StartError::Setup(_) => error.to_string(),
    })?;
    let certificate = match sandbox.certificate() {
        Some(pem) => Some(write_certificate(pem, sandbox.address().port())?),
        None => None,
    };
    say(&format!("listening on {}", sandbox.base_url()));
    if let Some(path) = &certificate {
        say(&format!("certificate {}", path.display()));
    }
    stopped.await;
    sandbox.shutdown().await;
    if let Some(lines) = lines {
        lines.finish();
    }
    if let Some(path) = certificate {
        // Gone already is as good as removed.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Where the line per request goes, if anywhere.
fn open_log(arguments: &Arguments) -> Result<Option<Arc<Lines>>, String> {
    let lines = match &arguments.log {
        _ if arguments.quiet => return Ok(None),
        None => Lines::start(std::io::stdout()),
        Some(path) => {
            let file: File = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| format!("can't write the log to {}: {error}", path.display()))?;
            Lines::start(file)
        }
    };
    lines
        .map(|lines| Some(Arc::new(lines)))
        .map_err(|error| format!("can't start the log: {error}"))
}

/// Puts the certificate where a client can be told to trust it.
fn write_certificate(pem: &str, port: u16) -> Result<PathBuf, String> {
    let name = format!(
        "msgraph-migrations-sandbox-{}-{port}.pem",
        std::process::id()
    );
    let path = std::env::temp_dir().join(name);
    // A file that is there already may be somebody else's, so it is never written over.
    File::create_new(&path)
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .map_err(|error| format!("can't write the certificate to {}: {error}", path.display()))?;
    Ok(path)
}

/// The first line of clap's message, without its prefix.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

fn refuse(message: &str) -> ExitCode {
    // With standard error closed there is nobody to tell; the exit code still tells.
    let _ = writeln!(std::io::stderr(), "msgraph-migrations-sandbox: {message}");
    ExitCode::from(2)
}

/// Writes a line at once; a reader that is gone doesn't stop the service.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn line(entry: &RequestEntry) -> String {
    let status = entry
        .status
        .map_or_else(|| "dropped".to_owned(), |status| status.to_string());
    let mut line = format!(
        "{} {} {} {status}",
        entry.sequence, entry.method, entry.path
    );
    if let Some(effect) = &entry.effect {
        line.push_str(" [");
        line.push_str(effect);
        line.push(']');
    }
    if !entry.faults.is_empty() {
        line.push_str(" {");
        line.push_str(&entry.faults.join(", "));
        line.push('}');
    }
    line
}

fn builder(arguments: Arguments) -> Result<SandboxBuilder, String> {
    let mut builder = Sandbox::builder()
        .bind(arguments.bind)
        .port(arguments.port)
        .speed(arguments.speed)
        .seed(arguments.seed);
    if let Some(token) = arguments.token {
        builder = builder.token(token);
    }
    if !arguments.scopes.is_empty() {
        builder = builder.scopes(arguments.scopes);
    }
    if arguments.demo {
        builder = builder.demo();
    }
    if let Some(path) = arguments.settings {
        builder = builder.settings(read::<Settings>(&path, "settings")?);
    }
    if let Some(path) = arguments.faults {
        builder = builder.faults(read::<Vec<FaultRule>>(&path, "fault rules")?);
    }
    if let Some(scenario) = arguments.scenario {
        builder = builder.scenario(scenario_text(scenario)?);
    }
    if let Some(url) = arguments.public_url {
        builder = builder.public_url(url);
    }
    if arguments.tls {
        builder = builder.tls();
    }
    builder = builder.idle_timeout(
        Duration::try_from_secs_f64(arguments.idle_timeout)
            .map_err(|_| format!("the idle timeout {} isn't a time", arguments.idle_timeout))?,
    );
    if let Some(limit) = arguments.rate_limit {
        builder = builder.rate_limit(limit);
    }
    if let Some(start) = arguments.start_time {
        builder = builder.start_time(start);
    }
    Ok(builder)
}

/// A name as it is, and a file by its text.
fn scenario_text(name_or_path: String) -> Result<String, String> {
    let is_name = name_or_path
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_name {
        return Ok(name_or_path);
    }
    let text = std::fs::read_to_string(&name_or_path)
        .map_err(|error| format!("can't read the scenario in {name_or_path}: {error}"))?;
    // A text of one line could be taken for a name.
    Ok(text + "\n")
}

fn read<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("can't read the {what} in {}: {error}", path.display()))?;
    // Some editors write a byte order mark first.
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| format!("the {what} in {} don't fit: {error}", path.display()))
}

/// Ends on Ctrl-C, and where there is such a thing on SIGTERM.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends on Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the system's own way of ending the program remains.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
