//! What is asked: reads alone, in rounds, since the later ones need ids that the earlier ones find.

use std::collections::BTreeSet;

use msgraph_migrations::{GetOptions, ListOptions, Operation, operations};
use serde_json::Value;

use super::answer::Answer;

/// The question that follows a next link.
pub const NEXT_LINK: &str = "next link";
/// The question about an object by its id.
pub const BY_ID: &str = "by id";
/// The question about something that is not there.
const UNKNOWN: &str = "unknown id";
/// Enough to see how items look; a record of more would not be read before it is written.
pub const FEW: u16 = 5;
/// More than any page of a list is known to hold.
const LARGE: u16 = 999;
/// Of how many statuses at most one job each is read.
const MAX_STATUSES: usize = 20;

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    pub operation: &'static Operation,
    pub about: String,
    /// The status that the documents lead to expect.
    pub expected: u16,
    pub call: Call,
}

/// A read of the library. There is no variant for anything that changes something.
#[derive(Clone, Debug)]
pub enum Call {
    ListJobs(ListOptions),
    /// With the wish to see members that enumerations gained later.
    ListJobsWithUnknownMembers,
    MoreJobs(String),
    GetJob(String, GetOptions),
    ListUsers(String, ListOptions),
    MoreUsers(String),
    GetUser(String, String, GetOptions),
    GetTask(String, GetOptions),
    TaskByUser(String),
    TaskBySite(String),
    TaskByGroup(String),
    UserMapping(String),
    GroupMapping(String),
}

/// What whoever runs the probe names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    pub jobs: Vec<String>,
    pub task: Option<String>,
    pub source_users: Vec<String>,
    pub source_site: Option<String>,
    pub source_group: Option<String>,
    pub mapped_group: Option<String>,
}

/// What answers have shown so far, or placeholders where nothing is sent.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Id and status of a job of each status.
    jobs: Vec<(String, String)>,
    job_name: Option<String>,
    more_jobs: Option<String>,
    /// Job and user.
    user: Option<(String, String)>,
    more_users: Option<String>,
    tasks: BTreeSet<String>,
}

impl Known {
    /// What stands for ids that are not known before anything is sent.
    pub fn placeholders(endpoint: &str, version: &str) -> Self {
        let jobs = "/solutions/migrations/crossTenantMigrationJobs";
        let root = format!("{endpoint}/{version}{jobs}");
        Self {
            jobs: vec![("JOB-OF-EACH-STATUS".to_owned(), "each status".to_owned())],
            job_name: Some("NAME-OF-A-JOB".to_owned()),
            more_jobs: Some(format!("{root}?$skiptoken=AS-GIVEN")),
            user: Some(("JOB".to_owned(), "USER".to_owned())),
            more_users: Some(format!("{root}/JOB/users?$skiptoken=AS-GIVEN")),
            tasks: BTreeSet::from(["TASK".to_owned()]),
        }
    }

    pub fn learn(&mut self, answer: &Answer) {
        if !answer.is_success() {
            return;
        }
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let next_link = answer.next_link().map(str::to_owned);
        let Some(items) = answer.items() else {
            if answer.operation.contains("SharepointTask") {
                let body = answer.body.json().unwrap_or(&Value::Null);
                let inner = body.get("value").filter(|inner| inner.is_object());
                self.tasks.extend(text(inner.unwrap_or(body), "id"));
            }
            return;
        };
        if answer.operation == operations::LIST_JOBS.id {
            if self.more_jobs.is_none() && answer.option("$skiptoken").is_none() {
                self.more_jobs = next_link;
            }
            for job in items {
                let (Some(id), Some(status)) = (text(job, "id"), text(job, "status")) else {
                    continue;
                };
                let is_new = self.jobs.iter().all(|(_, known)| *known != status);
                if is_new && self.jobs.len() < MAX_STATUSES {
                    self.jobs.push((id, status));
                }
                self.job_name = self.job_name.take().or_else(|| text(job, "displayName"));
            }
        } else if answer.operation == operations::LIST_USERS.id {
            if self.more_users.is_none() && answer.option("$skiptoken").is_none() {
                self.more_users = next_link;
            }
            let path = answer.url.split('?').next().unwrap_or_default();
            let job = path.rsplit('/').nth(1).map(super::url::decoded);
            let user = items.first().and_then(|user| text(user, "id"));
            self.user = self.user.take().or_else(|| job.zip(user));
        }
    }
}

fn question(
    operation: &'static Operation,
    about: impl Into<String>,
    expected: u16,
    call: Call,
) -> Question {
    Question {
        operation,
        about: about.into(),
        expected,
        call,
    }
}

/// Lists, and what is not there; needs no ids.
pub fn opening(named: &Named, unknown: &str) -> Vec<Question> {
    let list = |about: &str, options| {
        question(&operations::LIST_JOBS, about, 200, Call::ListJobs(options))
    };
    let options = ListOptions::new;
    let missing = |operation, call| question(operation, UNKNOWN, 404, call);
    let get = GetOptions::new;
    let nobody = format!("nobody-{unknown}@unknown.example");
    let site = format!("https://unknown.example/sites/{unknown}");
    let mut asked = vec![
        list("list", options()),
        list("$top", options().top(2)),
        list(
            "$select",
            options().select(["id", "displayName", "status"]).top(FEW),
        ),
        list(
            "$orderby",
            options().order_by(["createdDateTime desc"]).top(FEW),
        ),
        list("$count", options().count().top(FEW)),
        list("large page", options().select(["id"]).top(LARGE)),
        question(
            &operations::LIST_JOBS,
            "unknown enum members",
            200,
            Call::ListJobsWithUnknownMembers,
        ),
        missing(
            &operations::GET_JOB,
            Call::GetJob(unknown.to_owned(), get()),
        ),
        missing(
            &operations::LIST_USERS,
            Call::ListUsers(unknown.to_owned(), options()),
        ),
        missing(
            &operations::GET_SHAREPOINT_TASK,
            Call::GetTask(unknown.to_owned(), get()),
        ),
        missing(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_USER_PRINCIPAL_NAME,
            Call::TaskByUser(nobody.clone()),
        ),
        missing(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_SITE_URL,
            Call::TaskBySite(site),
        ),
        missing(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_GROUP_MAIL_NICKNAME,
            Call::TaskByGroup(format!("unknown-{unknown}")),
        ),
        missing(&operations::GET_USER_MAPPING, Call::UserMapping(nobody)),
        missing(
            &operations::GET_GROUP_MAPPING,
            Call::GroupMapping(unknown.to_owned()),
        ),
    ];
    asked.extend(finders(named));
    asked
}

fn finders(named: &Named) -> Vec<Question> {
    let mut asked = Vec::new();
    let mut find = |operation, call| asked.push(question(operation, "found", 200, call));
    for user in &named.source_users {
        find(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_USER_PRINCIPAL_NAME,
            Call::TaskByUser(user.clone()),
        );
        find(
            &operations::GET_USER_MAPPING,
            Call::UserMapping(user.clone()),
        );
    }
    if let Some(site) = &named.source_site {
        find(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_SITE_URL,
            Call::TaskBySite(site.clone()),
        );
    }
    if let Some(group) = &named.source_group {
        find(
            &operations::GET_SHAREPOINT_TASK_BY_SOURCE_GROUP_MAIL_NICKNAME,
            Call::TaskByGroup(group.clone()),
        );
    }
    if let Some(group) = &named.mapped_group {
        find(
            &operations::GET_GROUP_MAPPING,
            Call::GroupMapping(group.clone()),
        );
    }
    asked
}

/// Jobs and tasks that were found, and the users of the jobs.
pub fn following(named: &Named, known: &Known, unknown: &str) -> Vec<Question> {
    let mut asked = Vec::new();
    if let Some(link) = &known.more_jobs {
        let call = Call::MoreJobs(link.clone());
        asked.push(question(&operations::LIST_JOBS, NEXT_LINK, 200, call));
    }
    let mut get = |about: &str, job: &str, options| {
        let call = Call::GetJob(job.to_owned(), options);
        asked.push(question(&operations::GET_JOB, about, 200, call));
    };
    for (id, _) in &known.jobs {
        get(BY_ID, id, GetOptions::new());
    }
    if let Some(name) = &known.job_name {
        get("by name", name, GetOptions::new());
    }
    for job in &named.jobs {
        get("named", job, GetOptions::new());
    }
    if let Some((job, _)) = known.jobs.first() {
        let properties = ["status", "message", "lastUpdatedDateTime"];
        get("$select", job, GetOptions::new().select(properties));
    }
    let mut list = |about: &str, job: &str, options| {
        let call = Call::ListUsers(job.to_owned(), options);
        asked.push(question(&operations::LIST_USERS, about, 200, call));
    };
    let options = ListOptions::new;
    for (index, (job, _)) in known.jobs.iter().enumerate() {
        if index == 0 {
            list("list", job, options());
        }
        list("$top", job, options().top(2));
    }
    for job in &named.jobs {
        list("named", job, options());
    }
    if let Some((job, _)) = known.jobs.first() {
        let properties = ["id", "currentStatus"];
        list("$select", job, options().select(properties).top(FEW));
        list("$orderby", job, options().order_by(["id desc"]).top(FEW));
        list("$count", job, options().count().top(FEW));
        let call = Call::GetUser(job.clone(), unknown.to_owned(), GetOptions::new());
        asked.push(question(&operations::GET_USER, UNKNOWN, 404, call));
    }
    let tasks = known.tasks.iter().chain(&named.task);
    for (index, task) in tasks.enumerate() {
        let operation = &operations::GET_SHAREPOINT_TASK;
        let call = Call::GetTask(task.clone(), GetOptions::new());
        asked.push(question(operation, BY_ID, 200, call));
        if index == 0 {
            let options = GetOptions::new().select(["id", "status", "finishedDateTime"]);
            let call = Call::GetTask(task.clone(), options);
            asked.push(question(operation, "$select", 200, call));
        }
    }
    asked
}

/// Single users, and the rest of their list.
pub fn last(known: &Known) -> Vec<Question> {
    let mut asked = Vec::new();
    if let Some(link) = &known.more_users {
        let call = Call::MoreUsers(link.clone());
        asked.push(question(&operations::LIST_USERS, NEXT_LINK, 200, call));
    }
    if let Some((job, user)) = &known.user {
        for (about, options) in [
            (BY_ID, GetOptions::new()),
            (
                "$select",
                GetOptions::new().select(["currentStatus", "lastUpdatedDateTime"]),
            ),
        ] {
            let call = Call::GetUser(job.clone(), user.clone(), options);
            asked.push(question(&operations::GET_USER, about, 200, call));
        }
    }
    asked
}
