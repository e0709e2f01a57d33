//! `xtmig users cancel`: many users, each with its own outcome, and a record by which to go on.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationServiceStatus as Status,
    CrossTenantMigrationTask as User,
};
use msgraph_migrations::{Refusal, operations};
use msgraph_migrations_workflows::bulk::{
    BulkCancelItem, BulkCancelOutcome, BulkOptions, Order, Record, RunStopped, StopReason,
};
use msgraph_migrations_workflows::reconciliation::ReadBack;

use super::cancellation::{Bucket, Cancelled, conclude};
use super::recording;
use super::session::{Session, name_of};
use super::user_input;
use crate::arguments::{Confirmation, RecordArguments, UserArguments};
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure, exit_of, told};
use crate::interruption::{Cut, Interruption};
use crate::output::{Output, counted};
use crate::progress::Progress;
use crate::suggestion::{command_on, job_option};

/// How long a run sits out that the service or the token source cannot be used.
const MAX_OUTAGE: Duration = Duration::from_secs(20);
/// For how long a user who was cancelled is read back.
const SETTLE_WITHIN: Duration = Duration::from_secs(10);
/// How many names are said before they are only counted.
const MAX_NAMED: usize = 10;

pub async fn run(
    session: &mut Session<'_>,
    job: &str,
    users: &UserArguments,
    record: &RecordArguments,
    confirmation: &Confirmation,
) -> Result<Exit, Failure> {
    let users = user_input::users(users)?;
    let found = session.look_up(job).await?;
    let name = name_of(&found, job);
    session.announce(
        &format!("cancel {} of", counted(users.len(), "user")),
        &[&found],
    );
    for user in users.iter().take(MAX_NAMED) {
        session.output.say(&format!("    {user}"));
    }
    if users.len() > MAX_NAMED {
        let others = users.len() - MAX_NAMED;
        session.output.say(&format!("    and {others} others"));
    }
    confirm(confirmation, users.len(), name, session.output)?;
    let record = match &record.record {
        Some(file) if !session.output.is_muted() => Some(recording::open(
            session,
            file,
            found.target_tenant_id.as_deref(),
        )?),
        _ => None,
    };
    let known = record
        .as_ref()
        .map(|record| recorded(record, &found, &users))
        .unwrap_or_default();
    let (mut all, broken) = cancel(session, job, &users, record.as_ref(), &known).await;
    if !known.is_empty() {
        all.extend(as_recorded(session, job, &users, &known).await);
    }
    let look = |user: &str| command_on(&format!("users show {}", job_option(job)), user);
    let exit = conclude(&all, look, session.output)?;
    if all
        .iter()
        .any(|one| one.bucket == Bucket::GoesOn && one.exit.is_none())
    {
        session.output.say(&format!(
            "who GOES ON is past the point where one user can be cancelled; see how it ends: {}",
            command_on("jobs watch", job)
        ));
    }
    match broken {
        None => Ok(exit),
        Some(why) => {
            // Who was cancelled and is not in the record is asked for again, and answers that it is so already.
            let failure =
                Failure::unexpected("the record does not have all who were cancelled", why)
                    .next("make room for it, and run the same command again, which does no harm");
            if exit == Exit::Done {
                return Err(failure);
            }
            Output::fail(&failure);
            Ok(exit)
        }
    }
}

/// Those whom an earlier run has done.
fn recorded(record: &Record, job: &Job, users: &[String]) -> HashSet<String> {
    let id = job.id.as_deref().unwrap_or_default().to_lowercase();
    users
        .iter()
        .filter(|user| record.contains(operations::CANCEL_USER.id, &id, user))
        .cloned()
        .collect()
}

async fn cancel(
    session: &Session<'_>,
    job: &str,
    users: &[String],
    record: Option<&Record>,
    known: &HashSet<String>,
) -> (Vec<Cancelled>, Option<String>) {
    let progress = Progress::new(session.output, "cancelling", Some(users.len()));
    let bar = progress.handle();
    let mut options = BulkOptions::new()
        .max_outage(MAX_OUTAGE)
        .order(Order::AsCompleted)
        .confirm(ReadBack::default().settle_within(SETTLE_WITHIN))
        .on_progress(move |progress| {
            bar.set_position(u64::try_from(progress.ended()).unwrap_or(u64::MAX));
        });
    if let Some(record) = record {
        options = options.record(record);
    }
    let interruption = Interruption::take_over();
    let (list, taken) = Cut::new(users.to_vec(), &interruption);
    let mut run = session.workflows.cancel_users(job, list, options);
    let mut all: Vec<Cancelled> = Vec::new();
    let mut broken = None;
    let stopped = loop {
        let item = tokio::select! {
            item = run.try_next() => item,
            () = interruption.insisted() => break None,
        };
        match item {
            Ok(Some(item)) => all.push(judge(item)),
            Ok(None) => break None,
            Err(stopped) => {
                if matches!(stopped.reason, StopReason::Record(_)) {
                    broken = Some(recording::why(&stopped));
                }
                break Some(why(&stopped));
            }
        }
    };
    let ended: HashSet<String> = all.iter().map(|one| one.name.clone()).collect();
    let taken = taken.count();
    let rest = users.iter().enumerate();
    all.extend(
        rest.filter(|(_, user)| !ended.contains(*user) && !known.contains(*user))
            .map(|(index, user)| match &stopped {
                Some((reason, exit)) => Cancelled {
                    name: user.clone(),
                    bucket: Bucket::GoesOn,
                    reason: reason.clone(),
                    next: None,
                    exit: Some(*exit),
                },
                // What the run had taken from the list when it was left may have been sent.
                None if index < taken => Cancelled::left(user.clone()),
                None => Cancelled::not_sent(user.clone()),
            }),
    );
    (all, broken)
}

/// Why a run stopped, of which the rest was not sent.
fn why(stopped: &RunStopped) -> (String, Exit) {
    match stopped.error() {
        Some(error) => (format!("not sent: {}", told(error)), exit_of(error)),
        None => (
            format!("not sent: {}", recording::why(stopped)),
            Exit::Unexpected,
        ),
    }
}

fn judge(item: BulkCancelItem) -> Cancelled {
    let name = item.input;
    let one = |bucket, reason: String, exit| Cancelled {
        name: name.clone(),
        bucket,
        reason,
        next: None,
        exit,
    };
    match item.outcome {
        Ok(BulkCancelOutcome::Accepted(_)) => one(
            Bucket::BeingCancelled,
            "accepted, and not yet seen to take effect".to_owned(),
            None,
        ),
        Ok(BulkCancelOutcome::Confirmed(_)) => one(
            Bucket::BeingCancelled,
            "accepted and read back".to_owned(),
            None,
        ),
        Ok(BulkCancelOutcome::FoundCancelled(lost)) => one(
            Bucket::BeingCancelled,
            format!("the answer was lost, and reading back shows that it took effect: {lost}"),
            None,
        ),
        Ok(BulkCancelOutcome::AlreadyCancelled(refusal)) => {
            one(already(&refusal), refusal.to_string(), None)
        }
        Ok(BulkCancelOutcome::NotInJob(refusal)) => one(
            Bucket::GoesOn,
            format!("not in this job, never or no longer: {refusal}"),
            Some(Exit::NotFound),
        ),
        Ok(BulkCancelOutcome::AlreadyFinal { status, refusal }) => one(
            Bucket::OverAlready,
            format!("it is over, it is {status}: {refusal}"),
            None,
        ),
        Ok(BulkCancelOutcome::TooLate { status, refusal }) => one(
            Bucket::GoesOn,
            format!("TOO LATE, the migration continues, it is {status}: {refusal}"),
            None,
        ),
        Ok(BulkCancelOutcome::Undetermined(refusal)) => one(
            Bucket::GoesOn,
            format!("NOT CANCELLED, and nothing says that the migration stops: {refusal}"),
            None,
        ),
        Err(error) => Cancelled::failed(name, &error),
    }
}

fn already(refusal: &Refusal) -> Bucket {
    match refusal.current_status().map(Status::from) {
        Some(Status::Cancelled) => Bucket::Cancelled,
        _ => Bucket::BeingCancelled,
    }
}

/// What has become of those whom an earlier run cancelled: the job's users tell, not the record.
async fn as_recorded(
    session: &Session<'_>,
    job: &str,
    users: &[String],
    known: &HashSet<String>,
) -> Vec<Cancelled> {
    let options = super::report::reading();
    let states: HashMap<String, User> = match session.workflows.report(job, &options).await {
        Ok(report) if report.users.broke_off.is_none() => report
            .users
            .users
            .into_iter()
            .filter_map(|user| Some((user.id.clone()?.to_lowercase(), user)))
            .collect(),
        _ => {
            return users
                .iter()
                .filter(|user| known.contains(*user))
                .map(|user| Cancelled {
                    name: user.clone(),
                    bucket: Bucket::Unknown,
                    reason: "done in an earlier run; it could not be read what came of it"
                        .to_owned(),
                    next: None,
                    exit: None,
                })
                .collect();
        }
    };
    users
        .iter()
        .filter(|user| known.contains(*user))
        .map(|user| {
            let (bucket, reason, exit) = match states.get(&user.to_lowercase()) {
                Some(state) if has_all(state, &[Status::Cancelled]) => (
                    Bucket::Cancelled,
                    "done in an earlier run, and cancelled",
                    None,
                ),
                Some(state) if has_any(state, &[Status::Cancelled, Status::PendingCancel]) => (
                    Bucket::BeingCancelled,
                    "done in an earlier run, and being cancelled",
                    None,
                ),
                Some(_) => (
                    Bucket::GoesOn,
                    "an earlier run has it as done, and it does not read as cancelled",
                    None,
                ),
                None => (
                    Bucket::GoesOn,
                    "not in this job, never or no longer, as an earlier run found",
                    Some(Exit::NotFound),
                ),
            };
            Cancelled {
                name: user.clone(),
                bucket,
                reason: reason.to_owned(),
                next: None,
                exit,
            }
        })
        .collect()
}

fn statuses(user: &User) -> impl ExactSizeIterator<Item = Option<&Status>> {
    user.current_status
        .iter()
        .map(|workload| workload.status.as_ref())
}

fn has_all(user: &User, wanted: &[Status]) -> bool {
    statuses(user).len() > 0
        && statuses(user).all(|status| status.is_some_and(|status| wanted.contains(status)))
}

fn has_any(user: &User, wanted: &[Status]) -> bool {
    statuses(user).any(|status| status.is_some_and(|status| wanted.contains(status)))
}
