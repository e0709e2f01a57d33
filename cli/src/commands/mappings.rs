//! `xtmig mappings …`: who becomes whom.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
use crate::exit::{Exit, Failure, exit_of, told};
use crate::interruption::{Cut, Interruption, NOT_SENT, Taken};
use crate::output::{Output, Row, counted};
use crate::progress::Progress;
use crate::suggestion::command_on;

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
        "About to set {} and remove {removals}, of {what}, in {}.",
        counted(total - removals, "mapping"),
        session
            .connection
            .tenant
            .as_deref()
            .unwrap_or("the calling tenant")
    ));
    confirm(
        confirmation,
        total,
        &counted(total, "mapping"),
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
    let skipped = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&skipped);
    let options = options.on_progress(move |progress| {
        seen.store(progress.skipped, Ordering::Relaxed);
        bar.set_position(u64::try_from(progress.ended()).unwrap_or(u64::MAX));
    });
    let interruption = Interruption::take_over();
    let run = match side {
        Side::Users => {
            let (list, taken) = Cut::new(users, &interruption);
            let run = session.workflows.apply_user_mappings(list, options);
            collect(run, &interruption, &taken, |change: &UserChange| {
                let source = &change.source_user_identity;
                source.user_principal_name.clone().or(source.id.clone())
            })
            .await
        }
        Side::Groups => {
            let (list, taken) = Cut::new(groups, &interruption);
            let run = session.workflows.apply_group_mappings(list, options);
            collect(run, &interruption, &taken, |change: &GroupChange| {
                change.source_group_identity.id.clone()
            })
            .await
        }
    };
    drop(progress);
    conclude(session, run, total, skipped.load(Ordering::Relaxed), side)
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
    /// How many were taken from the list by a run that was left before its answers came; they may have been sent.
    taken: Option<usize>,
    /// Why the rest was not sent.
    stopped: Option<(String, Exit)>,
}

type Item<D, M> = BulkItem<D, BulkMappingResult<M>>;

async fn collect<D, M>(
    mut run: Bulk<'_, Item<D, M>>,
    interruption: &Interruption,
    taken: &Taken,
    name: impl Fn(&D) -> Option<String>,
) -> Run
where
    D: Serialize,
{
    let mut applied = Vec::new();
    loop {
        let item = tokio::select! {
            item = run.try_next() => item,
            () = interruption.insisted() => {
                let why = "interrupted before all answers came: what was under way may have been made";
                return Run {
                    applied,
                    taken: Some(taken.count()),
                    stopped: Some((why.to_owned(), Exit::Unknown)),
                };
            }
        };
        match item {
            Ok(Some(item)) => {
                applied.push(judge(name(&item.input).unwrap_or_default(), &item.outcome));
            }
            Ok(None) => {
                let stopped = interruption
                    .is_requested()
                    .then(|| (NOT_SENT.to_owned(), Exit::Interrupted));
                return Run {
                    applied,
                    taken: None,
                    stopped,
                };
            }
            Err(stopped) => {
                let exit = stopped.error().map_or(Exit::Unexpected, exit_of);
                let why = match stopped.error() {
                    Some(error) => format!("{stopped}: {}", told(error)),
                    None => recording::why(&stopped),
                };
                return Run {
                    applied,
                    taken: None,
                    stopped: Some((why, exit)),
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
            ("unknown", told(error), Some(Exit::Unknown))
        }
        Err(error) => ("failed", told(error), Some(exit_of(error))),
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

fn stopped_at(not_sent: usize, unknown: usize) -> String {
    match unknown {
        0 => format!("not made: {}", counted(not_sent, "mapping")),
        _ => format!(
            "not made: {}; UNKNOWN: {unknown}",
            counted(not_sent, "mapping")
        ),
    }
}

fn conclude(
    session: &mut Session<'_>,
    run: Run,
    total: usize,
    skipped: usize,
    side: Side,
) -> Result<Exit, Failure> {
    let count = |outcome: &str| {
        let of = run.applied.iter().filter(|one| one.outcome == outcome);
        of.count()
    };
    let (done, failed) = (count("applied"), count("failed"));
    let ended = run.applied.len() + skipped;
    let under_way = run.taken.map_or(0, |taken| taken.saturating_sub(ended));
    let unknown = count("unknown") + under_way;
    let not_sent = match &run.stopped {
        Some(_) => total.saturating_sub(ended + under_way),
        None => 0,
    };
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
    let mut counts = format!("{done} applied, {failed} failed, {unknown} UNKNOWN");
    for (count, what) in [
        (not_sent, "not sent"),
        (skipped, "done before, by the record"),
    ] {
        if count > 0 {
            // Writing to a text cannot fail.
            let _ = write!(counts, ", {count} {what}");
        }
    }
    session.output.say(&counts);
    if let Some(one) = run.applied.iter().find(|one| one.outcome == "unknown") {
        let side = match side {
            Side::Users => "users",
            Side::Groups => "groups",
        };
        session.output.say(&format!(
            "to find out: {}; or run again, which does no harm",
            command_on(&format!("mappings show {side}"), &one.source)
        ));
    }
    if let Some((why, exit)) = run.stopped {
        let exit = match exit {
            _ if unknown > 0 => Exit::Unknown,
            Exit::Unknown | Exit::Interrupted => exit,
            _ if done + skipped > 0 => Exit::Partly,
            _ => exit,
        };
        return Err(Failure::new(exit, stopped_at(not_sent, unknown))
            .because(why)
            .next("run the same command again; with --record it makes only the rest"));
    }
    let exits: Vec<Exit> = run.applied.iter().filter_map(|one| one.exit).collect();
    Ok(match exits.first() {
        None => Exit::Done,
        Some(_) if unknown > 0 => Exit::Unknown,
        Some(first) if exits.len() == run.applied.len() => *first,
        Some(_) => Exit::Partly,
    })
}
