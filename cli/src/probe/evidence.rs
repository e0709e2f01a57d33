//! What the objects in a record show of how the service works, besides how its answers look.
//!
//! A document may differ from another in what it says of an action, and yet the jobs that are there tell which is so:
//! one that waits where only one of them lets it wait, or that has come to be what the other rules out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use msgraph_migrations::DateTimeOffset;
use serde_json::{Map, Value, json};

use super::answer::Answer;

/// A job that stands still for so long does so by a rule, and not because the service is busy.
const LONG: TimeDelta = TimeDelta::hours(6);
/// How many users a job may have by the one document, and by the other.
const FEW_USERS: u64 = 100;
const MANY_USERS: u64 = 2_000;
/// How long a deletion takes in the simulator unless it is set.
const DELETING: TimeDelta = TimeDelta::hours(1);
/// No document lets one take longer; what has stood for longer stands still for another reason.
const MAX_DELETING: TimeDelta = TimeDelta::days(30);
/// Disagreements about jobs that objects may show; the others are about what actions answer.
const OF_OBJECTS: [u8; 8] = [5, 6, 7, 8, 9, 10, 12, 13];

/// What is shown.
#[derive(Debug, Default)]
pub struct Shown {
    /// Settings of the simulator.
    pub settings: Map<String, Value>,
    /// What was seen, for people.
    pub remarks: Vec<String>,
    /// The numbers of the disagreements about jobs that are decided.
    numbers: BTreeSet<u8>,
}

impl Shown {
    fn by(&mut self, numbers: &[u8], why: &str, setting: &str, value: impl Into<Value>) {
        if !self.settings.contains_key(setting) {
            let list: Vec<_> = numbers.iter().map(|number| format!("J{number}")).collect();
            self.remarks.push(format!("{}: {why}", list.join(", ")));
            self.settings.insert(setting.to_owned(), value.into());
        }
        self.numbers.extend(numbers);
    }

    fn timing(&mut self, numbers: &[u8], why: &str, setting: &str, seconds: i64) {
        let mut timings = match self.settings.remove("timings") {
            Some(Value::Object(timings)) => timings,
            _ => Map::new(),
        };
        if !timings.contains_key(setting) {
            let list: Vec<_> = numbers
                .iter()
                .map(|number| format!("J{number}: "))
                .collect();
            self.remarks.push(format!("{}{why}", list.concat()));
            timings.insert(setting.to_owned(), seconds.into());
        }
        self.settings.insert("timings".to_owned(), timings.into());
        self.numbers.extend(numbers);
    }

    /// The disagreements that this record leaves open, for people.
    pub fn open(&self) -> String {
        let open = OF_OBJECTS
            .iter()
            .filter(|number| !self.numbers.contains(number));
        let open: Vec<_> = open.map(|number| format!("J{number}")).collect();
        let of_actions = "what actions answer and allow (J1 to J4, J11, J14, S19)";
        if open.is_empty() {
            format!("not shown by reading, left as the newest documents have it: {of_actions}")
        } else {
            format!(
                "not shown by this record, left as the newest documents have it: {}; and never by reading: {of_actions}",
                open.join(", ")
            )
        }
    }
}

/// Reads what the objects show; `scopes` are those of the token, if they are known.
pub fn of(answers: &[Answer], scopes: Option<&[String]>) -> Shown {
    let mut shown = Shown::default();
    let now = answers.iter().find_map(now);
    for job in jobs(answers).values() {
        lasting(job, now, &mut shown);
        begun(job, &mut shown);
        cancelled(job, &mut shown);
    }
    users(answers, &mut shown);
    tasks(answers, &mut shown);
    if let Some(scopes) = scopes {
        reading_with_manage(answers, scopes, &mut shown);
    }
    shown
}

/// When an answer was given.
fn now(answer: &Answer) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(answer.header("date")?).ok()?;
    Some(date.to_utc())
}

fn time(object: &Value, name: &str) -> Option<DateTime<Utc>> {
    let time: DateTimeOffset = serde_json::from_value(object.get(name)?.clone()).ok()?;
    time.to_utc()
}

fn is(object: &Value, name: &str, text: &str) -> bool {
    let found = object.get(name).and_then(Value::as_str);
    found.is_some_and(|found| found.eq_ignore_ascii_case(text))
}

/// The object of an answer about one.
fn object(answer: &Answer) -> Option<&Value> {
    let body = answer.body.json()?;
    Some(
        body.get("value")
            .filter(|inner| inner.is_object())
            .unwrap_or(body),
    )
}

/// Jobs that were answered whole, each once.
fn jobs(answers: &[Answer]) -> BTreeMap<&str, &Value> {
    let whole = answers
        .iter()
        .filter(|answer| answer.is_success() && answer.option("$select").is_none());
    let mut jobs = BTreeMap::new();
    for answer in whole {
        let found: Vec<&Value> = match answer.operation.as_str() {
            "listJobs" => answer.items().into_iter().flatten().collect(),
            "getJob" => object(answer).into_iter().collect(),
            _ => Vec::new(),
        };
        for job in found {
            if let Some(id) = job.get("id").and_then(Value::as_str) {
                jobs.insert(id, job);
            }
        }
    }
    jobs
}

/// What a job shows by how long it has stood where it is.
fn lasting(job: &Value, now: Option<DateTime<Utc>>, shown: &mut Shown) {
    let (Some(now), Some(since)) = (now, time(job, "lastUpdatedDateTime")) else {
        return;
    };
    let lasting = now - since;
    let is_ahead = time(job, "completeAfterDateTime").is_some_and(|date| date > now);
    if is(job, "status", "submitted") && lasting >= LONG {
        let why = "a job has been submitted for hours, so that its creation started nothing";
        shown.by(&[5, 6], why, "createStarts", "nothing");
    }
    if is(job, "status", "inProgress") && is_ahead {
        let why = "a job is in progress ahead of its date, which only the cutover waits for";
        shown.by(&[9], why, "completeAfterGates", "cutover");
    }
    if is(job, "status", "processing") && is_ahead && lasting >= LONG {
        let why =
            "a job has been processing for hours ahead of its date, which all processing waits for";
        shown.by(&[9], why, "completeAfterGates", "processing");
    }
    if is(job, "status", "pendingDelete") && lasting > DELETING && lasting <= MAX_DELETING {
        let why = format!("a deletion has taken {} hours so far", lasting.num_hours());
        shown.timing(&[10], &why, "deleting", lasting.num_seconds());
    }
}

/// What a job shows by how it began.
fn begun(job: &Value, shown: &mut Shown) {
    let Some(created) = time(job, "createdDateTime") else {
        return;
    };
    if time(job, "completeAfterDateTime").is_some_and(|date| date < created) {
        let why = "a job was created with a date that had passed";
        shown.by(&[8], why, "pastCompleteAfter", "accept");
    }
    // A validation may have been asked for at once, a migration not: nobody could have validated it so quickly.
    let is_at_once = time(job, "lastUpdatedDateTime")
        .is_some_and(|changed| changed.timestamp() == created.timestamp());
    if is_at_once && is(job, "status", "processing") {
        let why = "a job was being migrated from the moment of its creation";
        shown.by(&[5, 6], why, "createStarts", "migration");
    }
}

/// What a job shows by when it was cancelled: its last change is the cancellation while that is being carried out.
fn cancelled(job: &Value, shown: &mut Shown) {
    if !(is(job, "status", "pendingCancel") && is(job, "jobType", "migrate")) {
        return;
    }
    let (Some(at), Some(date)) = (
        time(job, "lastUpdatedDateTime"),
        time(job, "completeAfterDateTime"),
    ) else {
        return;
    };
    if at > date {
        let why = "a migration was cancelled after its date had passed";
        shown.by(&[12, 13], why, "cancelInProgress", "untilCuttingOver");
    }
}

/// How many users a job has.
fn users(answers: &[Answer], shown: &mut Shown) {
    let counts = answers
        .iter()
        .filter(|answer| answer.operation == "listUsers" && answer.is_success())
        .filter_map(|answer| {
            let count = answer
                .body
                .json()?
                .get("@odata.count")
                .and_then(Value::as_u64);
            let listed = answer
                .items()
                .and_then(|items| u64::try_from(items.len()).ok());
            count.max(listed)
        });
    if let Some(most) = counts.max().filter(|most| *most > FEW_USERS) {
        let why = format!("a job has {most} users");
        shown.by(&[7], &why, "maxUsersPerJob", most.max(MANY_USERS));
    }
}

/// How long finished tasks of SharePoint took, in the middle.
fn tasks(answers: &[Answer], shown: &mut Shown) {
    let mut taken: BTreeMap<&str, i64> = BTreeMap::new();
    for answer in answers {
        let is_whole = answer.is_success() && answer.option("$select").is_none();
        let Some(task) =
            object(answer).filter(|_| is_whole && answer.operation.contains("SharepointTask"))
        else {
            continue;
        };
        if let (Some(id), Some(started), Some(finished)) = (
            task.get("id").and_then(Value::as_str),
            time(task, "startedDateTime"),
            time(task, "finishedDateTime"),
        ) && finished > started
            && (is(task, "status", "completed") || is(task, "status", "success"))
        {
            taken.insert(id, (finished - started).num_seconds());
        }
    }
    let mut taken: Vec<i64> = taken.into_values().collect();
    taken.sort_unstable();
    if let Some(middle) = taken.get(taken.len() / 2).filter(|middle| **middle > 0) {
        let why = format!("tasks of SharePoint took {middle} s from their start");
        shown.timing(&[], &why, "taskWork", *middle);
    }
}

/// Whether tasks can be read by a token that may only manage them.
fn reading_with_manage(answers: &[Answer], scopes: &[String], shown: &mut Shown) {
    let has = |scope: &str| scopes.iter().any(|own| own == scope);
    if has("SharePointCrossTenantMigration.Read.All")
        || !has("SharePointCrossTenantMigration.Manage.All")
    {
        return;
    }
    let mut own = answers
        .iter()
        .filter(|answer| answer.url.contains("/solutions/sharePoint/"));
    if own.any(|answer| answer.is_success() || answer.status == Some(404)) {
        let remark = "tasks were read by a token that may only manage them";
        shown.remarks.push(remark.to_owned());
        shown
            .settings
            .insert("manageAllowsReading".to_owned(), json!(true));
    }
}
