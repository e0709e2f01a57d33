//! `xtmig probe`: shows what is asked, what came of it, and the record before it is written.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::auth;
use super::session::Session;
use crate::arguments::ProbeArguments;
use crate::connection::Credential;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Row};
use crate::probe::asking::{Asking, Scopes};
use crate::probe::conformance::{self, Conformance};
use crate::probe::deviation::Deviation;
use crate::probe::questions::Named;
use crate::probe::record::Record;
use crate::probe::specification::Specification;

pub async fn run(session: &mut Session<'_>, arguments: &ProbeArguments) -> Result<Exit, Failure> {
    let specification = specification()?;
    if let Some(file) = arguments.record.as_deref().filter(|file| file.exists()) {
        return Err(Failure::usage(format!("{} exists", file.display()))
            .because("a record is never written over")
            .next("name another file"));
    }
    let client = session.client().clone();
    let scopes = if session.output.is_muted() {
        Scopes::default()
    } else {
        scopes(session).await?
    };
    let allowed = scopes.0.clone();
    let named = named(arguments, &session.connection.credential);
    let asking = Asking::new(&client, named, scopes, |scopes, operation| {
        let Scopes(Some(scopes)) = scopes else {
            return false;
        };
        !auth::missing(scopes, &[operation]).is_empty()
    });
    let described = asking.describe().await;
    if session.output.is_muted() {
        asking.describe_through().await;
        return Ok(Exit::Done);
    }
    session.output.say(
        "These reads are sent, and nothing else; names in capitals stand for what the answers before them name:",
    );
    for request in &described {
        session
            .output
            .say(&format!("  {} {}", request.method, request.url));
    }
    let answers = asking
        .ask(|answer| {
            session.output.detail(&format!(
                "{} {}: {} after {} ms",
                answer.operation,
                answer.question,
                answer
                    .status
                    .map_or("no answer".to_owned(), |status| status.to_string()),
                answer.milliseconds,
            ));
        })
        .await
        .map_err(|error| Failure::of_call("the service cannot be asked", &error, "repeat"))?;
    let record = arguments
        .record
        .as_deref()
        .map(|file| {
            let record = Record::of(&specification, allowed.as_deref(), &answers);
            record.map(|record| (file, record))
        })
        .transpose()
        .map_err(|why| {
            Failure::unexpected("nothing was written", why)
                .next("report it, without the record: this is a mistake of xtmig")
        })?;
    let all = conformance::check(specification, &answers)
        .map_err(|why| Failure::unexpected("the answers cannot be compared", why))?;
    show(session.output, &all)?;
    if let Some((file, record)) = record {
        keep(session.output, file, &record, arguments.yes)?;
    }
    Ok(Exit::Done)
}

/// Holds the answers of a record against the documents; nothing is sent.
pub fn again(file: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let record = Record::read(file).map_err(|why| {
        Failure::usage(format!("{} is no record of a probe", file.display())).because(why)
    })?;
    let specification = specification()?;
    let all = conformance::check(specification, &record.answers)
        .map_err(|why| Failure::usage("the answers cannot be compared").because(why))?;
    show(output, &all)?;
    Ok(Exit::Done)
}

fn specification() -> Result<Specification, Failure> {
    Specification::read()
        .map_err(|why| Failure::unexpected("the specification cannot be read", why))
}

/// What the token allows; nothing is known of one that cannot be looked into.
async fn scopes(session: &Session<'_>) -> Result<Scopes, Failure> {
    let secret = session.connection.credential.secret().await?;
    Ok(Scopes(auth::claims(&secret).map(|claims| claims.scopes)))
}

/// What is asked by name; the demo data of the simulator are known.
fn named(arguments: &ProbeArguments, credential: &Credential) -> Named {
    let is_simulator = matches!(credential, Credential::Simulator);
    let or_demo = |given: &Option<String>, demo: &str| {
        let demo = is_simulator.then(|| demo.to_owned());
        given.clone().or(demo)
    };
    let demo_users = || {
        let names = ["completed", "failed", "cancelled"];
        names.map(|name| format!("{name}@source.example")).to_vec()
    };
    Named {
        jobs: arguments.job.iter().cloned().collect(),
        task: arguments.task.clone(),
        source_users: match &arguments.source_user {
            Some(user) => vec![user.clone()],
            None if is_simulator => demo_users(),
            None => Vec::new(),
        },
        source_site: or_demo(
            &arguments.source_site,
            "https://source.sharepoint.example/sites/archive",
        ),
        source_group: or_demo(&arguments.source_group, "demo-group"),
        mapped_group: arguments.mapped_group.clone(),
    }
}

fn show(output: &mut Output, all: &BTreeMap<String, Conformance>) -> Result<(), Failure> {
    let rows: Vec<Row> = all
        .iter()
        .map(|(operation, checked)| {
            Row::new()
                .with("operation", operation.as_str())
                .with("answers", checked.answers)
                .with("checked", checked.checked)
                .shown_as(
                    "deviations",
                    checked.deviations.iter().map(as_json).collect::<Vec<_>>(),
                    checked.deviations.len().to_string(),
                )
                .with("throttled", checked.throttled)
        })
        .collect();
    output.rows(&rows, "nothing was asked")?;
    if !output.is_table() {
        return Ok(());
    }
    let deviations: Vec<Row> = all
        .values()
        .flat_map(|checked| &checked.deviations)
        .map(|deviation| {
            Row::new()
                .with("deviation", deviation.name)
                .with("operation", deviation.operation.as_str())
                .with("pointer", deviation.pointer.as_str())
                .with("found", deviation.found.as_str())
                .with("expected", deviation.expected.as_str())
                .with("library", deviation.library.as_str())
                .with("documents", deviation.disagreement.unwrap_or_default())
                .with("times", deviation.times)
        })
        .collect();
    if !deviations.is_empty() {
        crate::output::put(b"\n")?;
    }
    output.rows(&deviations, "No deviations.")
}

fn as_json(deviation: &Deviation) -> Value {
    json!(deviation)
}

/// Shows the record, and writes it once that is agreed to.
fn keep(output: &Output, file: &Path, record: &Record, is_agreed: bool) -> Result<(), Failure> {
    let text = record
        .text()
        .map_err(|why| Failure::unexpected("the record cannot be written", why))?;
    output.review(&text);
    if !is_agreed {
        if !io::stdin().is_terminal() {
            return Err(Failure::usage("the record was not written")
                .because("nobody can be asked whether it may be")
                .next("read it above, then say --yes"));
        }
        // A question has to be seen, whatever else is not wanted.
        Output::tell(&format!(
            "This is what {} would hold. Write it? [y/N]",
            file.display()
        ));
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|error| Failure::unexpected("the answer cannot be read", error))?;
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            output.say("The record was not written.");
            return Ok(());
        }
    }
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::unexpected(format!("{} cannot be written", file.display()), error)
    })?;
    output.say(&format!("written to {}", file.display()));
    Ok(())
}
