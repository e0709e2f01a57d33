//! `xtmig plan`, `apply` and `resume`: what is read, shown, asked and done, in this order.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use msgraph_migrations::Client;

use super::carry_out::{Manner, SETTLE_WITHIN};
use super::gathering::{Lookup, read};
use super::journal::{Journal, lock};
use super::mapping_run::{group_change, user_change};
use super::moved::moved;
use super::people;
use super::plan::{self, Act, Remark};
use super::plan_file::{Plan, private, stale};
use super::running::{Ended, Started};
use super::seen::{self, Seen};
use super::wanted::{Input, Side, Wanted, hex, time};
use super::{reconcile, show};
use crate::arguments::{ApplyWaveArguments, Pace, PlanArguments, ResumeArguments};
use crate::commands::auth::tenant_of;
use crate::commands::session::{Session, is_described};
use crate::confirmation::confirm;
use crate::exit::{Exit, Failure};
use crate::output::{Output, counted};
use crate::simulator::state_folder;
use crate::suggestion::{command, quoted};

/// The tenant that is reached, as far as the profile or the token tell.
async fn tenant(session: &Session<'_>) -> Option<String> {
    if let Ok(token) = session.connection.credential.secret().await
        && let Some(tenant) = tenant_of(&token)
    {
        return Some(tenant.to_lowercase());
    }
    let named = session.connection.tenant.clone()?;
    people::is_object_id(&named).then(|| named.to_lowercase())
}

/// Makes a plan.
async fn make(session: &Session<'_>, wanted: Wanted, inputs: Vec<Input>) -> Result<Plan, Failure> {
    let client = session.client();
    let seen = look(session, &wanted).await?;
    let now = Utc::now();
    let difference = plan::compare(&wanted, &seen, now);
    Ok(Plan::new(
        client.endpoint(),
        now,
        inputs,
        wanted,
        seen,
        difference,
    ))
}

/// Looks at the tenant, which has to be the one of the wave.
async fn look(session: &Session<'_>, wanted: &Wanted) -> Result<Seen, Failure> {
    if let (Some(expected), Some(found)) = (&wanted.target_tenant, tenant(session).await)
        && *expected != found
    {
        return Err(Failure::new(
            Exit::Refused,
            "the wave is for another tenant; nothing was sent",
        )
        .because(format!(
            "it is for {expected}, and the token or the profile for {found}"
        ))
        .next("choose the profile of that tenant: --profile NAME"));
    }
    Box::pin(seen::read(session.client(), wanted, session.output)).await
}

async fn wanted(
    session: &Session<'_>,
    file: &Path,
    against: &[PathBuf],
    is_resolving: bool,
) -> Result<(Wanted, Vec<Input>), Failure> {
    if session.output.is_muted() {
        // Nobody is asked anything.
        let lookup = if is_resolving {
            Lookup::MadeUp
        } else {
            Lookup::None
        };
        return read(file, against, lookup, session.output).await;
    }
    let token = if is_resolving {
        session.connection.credential.secret().await?
    } else {
        String::new()
    };
    let lookup = if is_resolving {
        Lookup::Tenant {
            endpoint: session.client().endpoint(),
            token: &token,
        }
    } else {
        Lookup::None
    };
    read(file, against, lookup, session.output).await
}

/// `xtmig plan`
pub async fn plan(session: &mut Session<'_>, arguments: &PlanArguments) -> Result<Exit, Failure> {
    let against = &arguments.others.against;
    let (wanted, inputs) =
        Box::pin(wanted(session, &arguments.wave, against, arguments.resolve)).await?;
    let plan = Box::pin(make(session, wanted, inputs)).await?;
    let exit = show::plan(&plan, session.output)?;
    if let Some(file) = &arguments.out {
        plan.write(file)?;
        session
            .output
            .say(&format!("kept in {}, which names people", file.display()));
    }
    if exit == Exit::Changes {
        let next = match &arguments.out {
            Some(file) => format!("apply --plan {}", quoted(&file.display().to_string())),
            None => format!("apply {}", quoted(&arguments.wave.display().to_string())),
        };
        session.output.say(&format!("next: {}", command(&next)));
    }
    Ok(exit)
}

/// `xtmig apply`
pub async fn apply(
    session: &mut Session<'_>,
    arguments: &ApplyWaveArguments,
) -> Result<Exit, Failure> {
    if session.output.is_muted() {
        return Box::pin(what_if(session, arguments)).await;
    }
    let (plan, is_fresh) = if let Some(file) = &arguments.plan {
        let plan = Plan::read(file)?;
        for missing in plan.check_inputs()? {
            session.output.say(&format!(
                "{} is not here, so that it is not known whether it has changed since it was planned",
                missing.display()
            ));
        }
        service(session, &plan)?;
        (plan, false)
    } else {
        let wave = arguments.wave.as_deref().unwrap_or(Path::new(""));
        let against = &arguments.others.against;
        let (wanted, inputs) = Box::pin(wanted(session, wave, against, arguments.resolve)).await?;
        (Box::pin(make(session, wanted, inputs)).await?, true)
    };
    let folder = state_folder()?.join("runs");
    let _lock = lock_wave(&folder, &plan)?;
    show::plan_before_results(&plan, session.output)?;
    blocked(&plan.difference.blocked)?;
    let count = plan.difference.changes.len();
    let is_asked = count > 0 && !arguments.confirmation.yes;
    if count > 0 {
        warn(&plan, session.output);
        confirm(
            &arguments.confirmation,
            count,
            &plan.wanted.wave,
            session.output,
        )?;
    } else if arguments
        .confirmation
        .expect
        .is_some_and(|expected| expected != 0)
    {
        confirm(
            &arguments.confirmation,
            0,
            &plan.wanted.wave,
            session.output,
        )?;
    }
    if !is_fresh || is_asked {
        let now = Box::pin(look(session, &plan.wanted)).await?;
        still_fits(&plan, &now)?;
        if is_fresh {
            plan.check_inputs()?;
        }
    }
    if count == 0 && !plan.is_watched() {
        if !session.output.is_table() {
            session.output.rows(&[], "")?;
        }
        return Ok(Exit::Done);
    }
    let journal = Journal::begin(&folder, &plan, Box::new(Utc::now))?;
    Box::pin(see_through(session, plan, journal, &arguments.pace)).await
}

/// `xtmig resume`
pub async fn resume(
    session: &mut Session<'_>,
    arguments: &ResumeArguments,
) -> Result<Exit, Failure> {
    if session.output.is_muted() {
        return Err(Failure::usage(
            "what is left of a run is not known without reading; nothing was sent",
        )
        .next("look at its journal, or at xtmig plan"));
    }
    let folder = state_folder()?.join("runs");
    let (journal, plan) = Journal::resume(&arguments.run, &folder, Box::new(Utc::now))?;
    let _lock = lock_wave(&folder, &plan)?;
    service(session, &plan)?;
    let count = plan.difference.changes.len();
    let is_left = |change: &&plan::Change| !journal.is_done(&change.id);
    let left = plan.difference.changes.iter().filter(is_left).count();
    session.output.say(&format!(
        "{}: {}, of which {} done by the journal",
        plan.wanted.wave,
        counted(count, "change"),
        match count - left {
            1 => "1 is".to_owned(),
            done => format!("{done} are"),
        }
    ));
    if left > 0 {
        confirm(
            &arguments.confirmation,
            count,
            &plan.wanted.wave,
            session.output,
        )?;
    }
    let now = Box::pin(look(session, &plan.wanted)).await?;
    let moved = reconcile::reconcile(&plan, &journal, &now)?;
    if !moved.is_empty() {
        return Err(differs(&moved, session.output));
    }
    Box::pin(see_through(session, plan, journal, &arguments.pace)).await
}

/// Refuses a plan or a run of another service.
fn service(session: &Session<'_>, plan: &Plan) -> Result<(), Failure> {
    let here = session.client().endpoint();
    if plan.service.eq_ignore_ascii_case(here) {
        return Ok(());
    }
    Err(stale(format!(
        "it is for {}, and this would go to {here}",
        plan.service
    )))
}

/// Keeps other runs of the same wave off, on this machine.
fn lock_wave(folder: &Path, plan: &Plan) -> Result<std::fs::File, Failure> {
    let key = format!("{}\n{}", plan.service, plan.wanted.wave.to_lowercase());
    let path = folder.join(format!("{}.lock", &hex(key.as_bytes())[..16]));
    let failed = |error: std::io::Error| {
        Failure::unexpected(format!("{} cannot be used", path.display()), error)
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    private(&mut options);
    let file = options.open(&path).map_err(failed)?;
    lock(&file, &path)?;
    Ok(file)
}

fn blocked(blocked: &[Remark]) -> Result<(), Failure> {
    if blocked.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        format!(
            "{} in the way; nothing was sent that changes anything",
            match blocked.len() {
                1 => "something stands".to_owned(),
                count => format!("{count} things stand"),
            }
        ),
    )
    .because("each is named above as blocked")
    .next("put the file or the tenant right, and plan again"))
}

fn warn(plan: &Plan, output: &Output) {
    let mut migrations = plan.difference.changes.iter();
    if migrations.any(|change| change.act == Act::Migrate) {
        output.say("Mailboxes that have cut over stay moved.");
    }
}

/// Refuses when the tenant has moved since the plan was made.
fn still_fits(plan: &Plan, now: &Seen) -> Result<(), Failure> {
    let difference = plan::compare(&plan.wanted, now, Utc::now());
    let others = moved(&plan.wanted, &plan.seen, now, &plan.difference);
    if !others.is_empty() {
        return Err(stale(others.join("; ")));
    }
    blocked(&difference.blocked)?;
    if difference.changes != plan.difference.changes {
        return Err(stale("it would do something else today"));
    }
    Ok(())
}

fn differs(moved: &[String], output: &Output) -> Failure {
    for one in moved {
        output.say(one);
    }
    Failure::new(
        Exit::Refused,
        "the tenant is not as the run left it; nothing more was sent",
    )
    .because(moved.join("; "))
    .next("plan the wave again")
}

async fn see_through(
    session: &mut Session<'_>,
    plan: Plan,
    journal: Journal,
    pace: &Pace,
) -> Result<Exit, Failure> {
    let manner = Manner {
        interval: (
            pace.interval,
            pace.interval.max(std::time::Duration::from_mins(2)),
        ),
        deadline: pace.deadline,
        stalled_after: pace.stalled_after,
        settle_within: SETTLE_WITHIN,
        speed: 1.0,
    };
    let resume = command(&format!("resume {}", journal.run));
    session.output.say(&format!(
        "run {}, journal {}",
        journal.run,
        journal.path.display()
    ));
    let client = session.client().clone();
    let started = Started {
        plan: Arc::new(plan),
        journal: Arc::new(journal),
    };
    match Box::pin(started.see_through(client, manner, session.output)).await? {
        Ended::ByItself(Exit::Done) => Ok(Exit::Done),
        Ended::ByItself(Exit::Unknown) | Ended::Interrupted(Exit::Unknown) => {
            session
                .output
                .say(&format!("to go on, and to find out: {resume}"));
            Ok(Exit::Unknown)
        }
        Ended::ByItself(exit) | Ended::Interrupted(exit) => {
            session.output.say(&format!("to go on: {resume}"));
            Ok(exit)
        }
    }
}

/// Describes the requests of a plan, of which none is sent.
async fn what_if(
    session: &mut Session<'_>,
    arguments: &ApplyWaveArguments,
) -> Result<Exit, Failure> {
    let plan = if let Some(file) = &arguments.plan {
        Plan::read(file)?
    } else {
        let wave = arguments.wave.as_deref().unwrap_or(Path::new(""));
        let against = &arguments.others.against;
        let (wanted, inputs) = Box::pin(wanted(session, wave, against, arguments.resolve)).await?;
        // Nothing is read, and so nothing is taken to be there.
        let seen = Seen::default();
        let now = Utc::now();
        let difference = plan::compare(&wanted, &seen, now);
        let service = session.client().endpoint();
        Plan::new(service, now, inputs, wanted, seen, difference)
    };
    Box::pin(describe(session.client(), &plan)).await?;
    Ok(Exit::Done)
}

async fn describe(client: &Client, plan: &Plan) -> Result<(), Failure> {
    let wanted = &plan.wanted;
    let tenant = wanted.source_tenant.as_str();
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for change in &plan.difference.changes {
        let described = match change.act {
            Act::Create => {
                let job = wanted.jobs[change.index].new_job(tenant)?;
                client.create_job(&job).await.err()
            }
            Act::Postpone => {
                let time = time(&wanted.jobs[change.index].complete_after)?;
                client.update_job(&change.name, time).await.err()
            }
            Act::Validate => client.validate_job(&change.name).await.err(),
            Act::Migrate => client.migrate_job(&change.name).await.err(),
            Act::Map | Act::Unmap => {
                let mapping = &wanted.mappings[change.index];
                match mapping.side {
                    Side::User => users.push(user_change(mapping, tenant)),
                    Side::Group => groups.push(group_change(mapping, tenant)),
                }
                None
            }
        };
        only_described(described)?;
    }
    for users in users.chunks(msgraph_migrations::MAX_MAPPINGS) {
        only_described(client.update_user_mappings(users.to_vec()).await.err())?;
    }
    for groups in groups.chunks(msgraph_migrations::MAX_MAPPINGS) {
        only_described(client.update_group_mappings(groups.to_vec()).await.err())?;
    }
    Ok(())
}

fn only_described(error: Option<msgraph_migrations::Error>) -> Result<(), Failure> {
    match error.filter(|error| !is_described(error)) {
        Some(error) => Err(Failure::of_call("the requests cannot be made", &error, "")),
        None => Ok(()),
    }
}
