//! How much memory a run takes for lists of different lengths.
//!
//! A process of its own cancels the users of a list that is made up as it is read, with a record in a file,
//! against a service that accepts everything; it then tells the most memory that it ever took, as Linux
//! counts it. Ends with a failure when ten times as many users take more than 64 bytes for each that is
//! more.
//!
//! ```text
//! cargo bench -p msgraph-migrations-workflows --bench flat_memory
//! ```

use std::error::Error;
use std::process::{Command, ExitCode};

use futures_util::TryStreamExt;
use msgraph_migrations::{AccessToken, Client};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Order, Record};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const FEW: usize = 20_000;
const MANY: usize = 200_000;
/// How many bytes a user more may take.
const MAX_EACH: f64 = 64.0;
const TENANT: &str = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";
const JOB: &str = "5b1d0c3e-93fa-4a27-8e40-b6d7f2a91c38";

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    if let Ok(service) = std::env::var("FLAT_MEMORY_SERVICE") {
        let users = std::env::var("FLAT_MEMORY_USERS")?.parse()?;
        let record = std::env::var("FLAT_MEMORY_RECORD")?;
        println!("{}", run(&service, users, &record).await?);
        return Ok(ExitCode::SUCCESS);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let service = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener));
    println!("  users  with a record  most memory  seconds");
    let mut all_within = true;
    for is_recorded in [false, true] {
        let mut most = Vec::new();
        for users in [FEW, MANY] {
            let start = std::time::Instant::now();
            let kilobytes = measure(&service, users, is_recorded).await?;
            println!(
                "{users:>7}  {:<13}  {:>8.1} MB  {:>7.1}",
                if is_recorded { "yes" } else { "no" },
                kilobytes / 1_024.0,
                start.elapsed().as_secs_f64()
            );
            most.push(kilobytes);
        }
        #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
        let each = (most[1] - most[0]) * 1_024.0 / (MANY - FEW) as f64;
        let is_within = each <= MAX_EACH;
        println!(
            "         {each:.1} bytes for each user more{}",
            if is_within { "" } else { "  BROKEN" }
        );
        all_within &= is_within;
    }
    Ok(if all_within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The most memory, in kilobytes, of a process that cancels so many users.
async fn measure(service: &str, users: usize, is_recorded: bool) -> Result<f64, Box<dyn Error>> {
    let record = std::env::temp_dir().join(format!("flat-memory-{}.jsonl", std::process::id()));
    let mut command = Command::new(std::env::current_exe()?);
    command
        .env("FLAT_MEMORY_SERVICE", service)
        .env("FLAT_MEMORY_USERS", users.to_string())
        .env(
            "FLAT_MEMORY_RECORD",
            if is_recorded {
                record.as_os_str()
            } else {
                "".as_ref()
            },
        );
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    if is_recorded {
        let lines = std::fs::read_to_string(&record)?.lines().count();
        std::fs::remove_file(&record)?;
        if lines != users + 1 {
            return Err(format!("{lines} lines are in the record").into());
        }
    }
    let text = String::from_utf8(output.stdout)?;
    let kilobytes = text.trim().parse();
    kilobytes.map_err(|_| format!("{text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Cancels users that are made up one by one, and returns the most memory ever taken, in kilobytes.
async fn run(service: &str, users: usize, record: &str) -> Result<String, Box<dyn Error>> {
    let client = Client::builder(AccessToken::new("memory")?)
        .endpoint(service)
        .build()?;
    let mut options = BulkOptions::new().order(Order::AsCompleted).concurrency(32);
    if !record.is_empty() {
        let record = Record::open(record, service, TENANT)?;
        options = options.record(&record);
    }
    let list = (0..users).map(|number| format!("84c0d5ab-7e21-4936-bf1a-{number:012}"));
    let done = Workflows::new(client)
        .cancel_users(JOB, list, options)
        .try_fold(0, async |done, user| {
            let is_cancelled = user.outcome.is_ok_and(|outcome| outcome.is_cancelled());
            Ok(done + usize::from(is_cancelled))
        })
        .await?;
    if done != users {
        return Err(format!("{done} of {users} users were cancelled").into());
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.ok_or("the system does not tell the most memory")?;
    Ok(most.trim().trim_end_matches(" kB").to_owned())
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream));
    }
}

/// Accepts every cancellation, and has a job, until the connection ends.
async fn answer(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut length, mut is_reading) = (String::new(), 0, None);
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            is_reading.get_or_insert(line.starts_with("GET"));
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        stream.read_exact(&mut vec![0; length]).await?;
        let (status, body) = if is_reading == Some(true) {
            (
                "200 OK",
                format!(r#"{{"id":"{JOB}","status":"inProgress","targetTenantId":"{TENANT}"}}"#),
            )
        } else {
            ("202 Accepted", r#"{"status":"Accepted"}"#.to_owned())
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
    }
}
