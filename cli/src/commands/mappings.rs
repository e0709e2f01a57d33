//! `xtmig mappings …`: who becomes whom.

use std::fmt;
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    SharePointGroupIdentityMappingDeltaItem as GroupChange,
    SharePointUserIdentityMappingDeltaItem as UserChange,
};
use msgraph_migrations::{Error, GetOptions};
use msgraph_migrations_workflows::bulk::{
    Bulk, BulkItem, BulkMappingOutcome, BulkMappingResult, BulkOptions, Order,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::mapping_input::{self, Change};
use super::session::{Session, is_described};
use super::{recording, rows, user_input};
use crate::arguments::{Confirmation, MappingsCommand, RecordArguments, Side};
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure, exit_of};
use crate::output::{Output, Row};
use crate::progress::Progress;
use crate::suggestion::{command, quoted};

/// How long a run sits out that the service or the token source cannot be used.
const MAX_OUTAGE: Duration = Duration::from_secs(20);

pub async fn run(session: &mut Session<'_>, command: MappingsCommand) -> Result<Exit, Failure> {
    match command {
        MappingsCommand::Show { side, sources } => show(session, side, &sources).await,
        MappingsCommand::Apply(arguments) => {
            let changes = mapping_input::changes(&arguments)?;
            apply(
                session,
                changes,
                arguments.side,
                &arguments.record,
                &arguments.confirmation,
            )
            .await
        }
        MappingsCommand::Remove {
            side,
            sources,
            from,
            column,
            record,
            confirmation,
        } => {
            let sources = user_input::named(&sources, from.as_deref(), column.as_deref())?;
            let changes = mapping_input::removals(side, sources)?;
            apply(session, changes, side, &record, &confirmation).await
        }
    }
}

async fn show(session: &mut Session<'_>, side: Side, sources: &[String]) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    let client = session.client();
    let failed = |source: &str, error: &Error| {
        Failure::of_call(
            format!("the mapping of {source} cannot be read"),
            error,
            "repeat",
        )
    };
    for source in sources {
        let options = GetOptions::new();
        let mapping = match side {
            Side::Users => {
                let answer = client.get_user_mapping(source, options).await;
                let answer = answer.map_err(|error| failed(source, &error))?;
                Output::left_out(source, answer.deviations());
                json!(answer.into_value())
            }
            Side::Groups => {
                let answer = client.get_group_mapping(source, options).await;
                let answer = answer.map_err(|error| failed(source, &error))?;
                Output::left_out(source, answer.deviations());
                json!(answer.into_value())
            }
        };
        found.push(row(source, &mapping));
    }
    session.output.rows(&found, "")?;
    Ok(Exit::Done)
}

fn row(source: &str, mapping: &Value) -> Row {
    let first = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|pointer| mapping.pointer(pointer));
        found.cloned().unwrap_or_default()
    };
    Row::new()
        .with("source", source)
        .with(
            "target",
            first(&[
                "/targetUserIdentity/userPrincipalName",
                "/targetUserIdentity/id",
                "/targetGroupIdentity/id",
            ]),
        )
        .with("kind", first(&["/userType", "/groupType"]))
        .with(
            "address",
            first(&[
                "/targetUserMigrationData/email",
                "/targetGroupMigrationData/mailNickname",
            ]),
        )
        .with("deleted", first(&["/deleted/state"]))
        .beside("sourceTenant", first(&["/sourceOrganizationId"]))
        .beside("id", first(&["/id"]))
}

async fn apply(
    session: &mut Session<'_>,
    changes: Vec<Change>,
    side: Side,
    record: &RecordArguments,
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    let removals = changes.iter().filter(|change| change.is_removal()).count();
    let total = changes.len();
    for change in changes {
        match change {
            Change::User(change) => users.push(*change),
            Change::Group(change) => groups.push(*change),
        }
    }
    let what = match side {
        Side::Users => "users",
        Side::Groups => "groups",
    };
    session.output.say(&format!(
        "About to set {} and remove {removals} mappings of {what}, in {}.",
        total - removals,
        session
            .connection
            .tenant
            .as_deref()
            .unwrap_or("the calling tenant")
    ));
    confirm(
        confirmation,
        total,
        &format!("{total} mappings"),
        session.output,
    )?;
    let mut options = BulkOptions::new()
        .max_outage(MAX_OUTAGE)
        .order(Order::AsCompleted);
    if let Some(file) = &record.record
        && !session.output.is_muted()
    {
        let tenant = mapping_input::tenant(&users, &groups);
        options = options.record(&recording::open(session, file, tenant.as_deref())?);
    }
    let progress = Progress::new(session.output, "mapping", Some(total));
    let bar = progress.handle();
    let options = options.on_progress(move |progress| {
        bar.set_position(u64::try_from(progress.ended()).unwrap_or(u64::MAX));
    });
    let run = match side {
        Side::Users => {
            let run = session.workflows.apply_user_mappings(users, options);
            collect(run, |change: &UserChange| {
                let source = &change.source_user_identity;
                source.user_principal_name.clone().or(source.id.clone())
            })
            .await
        }
        Side::Groups => {
            let run = session.workflows.apply_group_mappings(groups, options);
            collect(run, |change: &GroupChange| {
                change.source_group_identity.id.clone()
            })
            .await
        }
    };
    drop(progress);
    conclude(session, run, total, side)
}

/// What came of one change.
struct Applied {
    source: String,
    outcome: &'static str,
    reason: String,
    exit: Option<Exit>,
}

/// What came of a run.
struct Run {
    applied: Vec<Applied>,
    /// Why the rest was not sent.
    stopped: Option<(String, Exit)>,
}

type Item<D, M> = BulkItem<D, BulkMappingResult<M>>;

async fn collect<D, M>(mut run: Bulk<'_, Item<D, M>>, name: impl Fn(&D) -> Option<String>) -> Run
where
    D: Serialize,
{
    let mut applied = Vec::new();
    loop {
        let item = tokio::select! {
            item = run.try_next() => item,
            Ok(()) = tokio::signal::ctrl_c() => {
                let why = "interrupted: what was under way may have been made; run again to finish";
                return Run { applied, stopped: Some((why.to_owned(), Exit::Unknown)) };
            }
        };
        match item {
            Ok(Some(item)) => {
                applied.push(judge(name(&item.input).unwrap_or_default(), &item.outcome));
            }
            Ok(None) => {
                return Run {
                    applied,
                    stopped: None,
                };
            }
            Err(stopped) => {
                let exit = stopped.error().map_or(Exit::Unexpected, exit_of);
                let why = stopped
                    .error()
                    .map_or(String::new(), |why| format!(": {why}"));
                return Run {
                    applied,
                    stopped: Some((format!("{stopped}{why}"), exit)),
                };
            }
        }
    }
}

fn judge<M>(source: String, outcome: &BulkMappingResult<M>) -> Applied {
    let (outcome, reason, exit) = match outcome {
        Ok(BulkMappingOutcome::Applied(_)) => ("applied", String::new(), None),
        Ok(BulkMappingOutcome::Unconfirmed(why)) => ("unknown", text(why), Some(Exit::Unknown)),
        Err(error) if is_described(error) => ("notSent", String::new(), None),
        Err(error) if error.may_have_taken_effect() => {
            ("unknown", text(error), Some(Exit::Unknown))
        }
        Err(error) => ("failed", text(error), Some(exit_of(error))),
    };
    Applied {
        source,
        outcome,
        reason,
        exit,
    }
}

fn text(why: impl fmt::Display) -> String {
    why.to_string()
}

fn conclude(
    session: &mut Session<'_>,
    run: Run,
    total: usize,
    side: Side,
) -> Result<Exit, Failure> {
    let count = |outcome: &str| {
        let of = run.applied.iter().filter(|one| one.outcome == outcome);
        of.count()
    };
    let (done, failed, unknown) = (count("applied"), count("failed"), count("unknown"));
    let left_out = total - run.applied.len();
    let shown: Vec<_> = run
        .applied
        .iter()
        // Those that are as they were asked to be are only counted for people.
        .filter(|one| !session.output.is_table() || one.exit.is_some())
        .map(|one| {
            Row::new()
                .with("source", one.source.as_str())
                .with("outcome", one.outcome)
                .with(
                    "reason",
                    rows::text_of(
                        Some(&one.reason)
                            .filter(|why| !why.is_empty())
                            .map(String::as_str),
                    ),
                )
        })
        .collect();
    if !shown.is_empty() || !session.output.is_table() {
        session.output.rows(&shown, "")?;
    }
    let rest = match &run.stopped {
        Some(_) => "not sent",
        None => "done before, by the record",
    };
    session.output.say(&format!(
        "{done} applied, {failed} failed, {unknown} UNKNOWN, {left_out} {rest}"
    ));
    if let Some(one) = run.applied.iter().find(|one| one.outcome == "unknown") {
        let side = match side {
            Side::Users => "users",
            Side::Groups => "groups",
        };
        session.output.say(&format!(
            "to find out: {}; or run again, which does no harm",
            command(&format!("mappings show {side} {}", quoted(&one.source)))
        ));
    }
    if let Some((why, exit)) = run.stopped {
        let exit = match exit {
            Exit::Unknown => exit,
            _ if unknown > 0 => Exit::Unknown,
            _ if done > 0 => Exit::Partly,
            _ => exit,
        };
        return Err(
            Failure::new(exit, format!("{left_out} mappings were not made"))
                .because(why)
                .next("run the same command again; with --record it makes only the rest"),
        );
    }
    let exits: Vec<Exit> = run.applied.iter().filter_map(|one| one.exit).collect();
    Ok(match exits.first() {
        None => Exit::Done,
        Some(_) if unknown > 0 => Exit::Unknown,
        Some(first) if exits.len() == run.applied.len() => *first,
        Some(_) => Exit::Partly,
    })
}
