//! The state in pages: each is looked at as it was at one moment and written out while requests go on.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value, json};

use super::content::Content;
use super::options::Options;
use super::refusal::{Refusal, invalid};
use crate::engine::rehearse::find;
use crate::engine::snapshot::{JobSnapshot, TaskSnapshot};
use crate::operation::MappingKind;
use crate::sharepoint;
use crate::state::picture::Picture;
use crate::state::status::JobStatus;
use crate::state::task::{Task, TaskStatus};
use crate::wire::core::Core;

/// A page of a list.
#[derive(Clone, Copy)]
struct Page {
    total: usize,
    skip: usize,
    top: usize,
}

impl Page {
    fn of(total: usize, options: &Options) -> Result<Self, Refusal> {
        let (top, skip) = options.page()?;
        Ok(Self { total, skip, top })
    }

    /// Where the next page begins, if there is one.
    fn next(self) -> Option<usize> {
        let next = self.skip.saturating_add(self.top);
        (self.total > next).then_some(next)
    }

    fn cut<T>(self, mut items: Vec<T>) -> Vec<T> {
        items.truncate(self.skip.saturating_add(self.top));
        items.drain(..self.skip.min(items.len()));
        items
    }
}

/// A page of jobs, with everything else there is if `is_all`.
struct JobsPage {
    picture: Picture,
    page: Page,
    /// The places of the jobs.
    chosen: Vec<usize>,
    /// The only user to be shown.
    user: Option<String>,
    is_all: bool,
}

impl JobsPage {
    fn new(core: &Core, options: &Options, is_all: bool) -> Result<Self, Refusal> {
        let status = options
            .text("status")
            .map(|text| {
                JobStatus::parse(text)
                    .ok_or_else(|| invalid(format!("there is no status '{text}'")))
            })
            .transpose()?;
        let (only, picture) = {
            let mut engine = core.look();
            let picture = engine.picture();
            let only = options.text("job").map(|job| find(&engine.state, job));
            (only.transpose()?, picture)
        };
        let user = options.text("user").map(str::to_owned);
        let jobs = picture.jobs.all().enumerate();
        let chosen: Vec<usize> = jobs
            .filter(|(index, job)| {
                only.is_none_or(|only| only == *index)
                    && status.is_none_or(|status| job.status == status)
                    && user.as_ref().is_none_or(|user| job.user(user).is_some())
            })
            .map(|(index, _)| index)
            .collect();
        let page = Page::of(chosen.len(), options)?;
        Ok(Self {
            page,
            chosen: page.cut(chosen),
            picture,
            user,
            is_all,
        })
    }

    fn job(&self, index: usize) -> Option<JobSnapshot> {
        let mut job = JobSnapshot::of(self.picture.jobs.get(index)?, &self.picture);
        if let Some(user) = &self.user {
            job.users
                .retain(|known| known.id.eq_ignore_ascii_case(user));
        }
        Some(job)
    }
}

/// Something that is written out item by item, so that no more than one is held.
struct Each<F>(F);

impl<T: Serialize, I: Iterator<Item = T>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Serialize for JobsPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let picture = &self.picture;
        let mut answer = serializer.serialize_map(None)?;
        answer.serialize_entry("now", &picture.now)?;
        answer.serialize_entry("total", &self.page.total)?;
        if let Some(next) = self.page.next() {
            answer.serialize_entry("nextSkip", &next)?;
        }
        let jobs = || self.chosen.iter().filter_map(|index| self.job(*index));
        answer.serialize_entry("jobs", &Each(jobs))?;
        if self.is_all {
            let top = self.page.top;
            let newest = picture.tasks.len().saturating_sub(top);
            let tasks = || picture.tasks.iter().skip(newest);
            answer.serialize_entry("tenantId", &picture.tenant_id)?;
            answer.serialize_entry("totalTasks", &picture.tasks.len())?;
            answer.serialize_entry("tasks", &Each(|| tasks().map(|one| task(one, picture))))?;
            for (total, name, all) in [
                ("totalUserMappings", "userMappings", &picture.user_mappings),
                (
                    "totalGroupMappings",
                    "groupMappings",
                    &picture.group_mappings,
                ),
            ] {
                answer.serialize_entry(total, &all.len())?;
                let mappings = || all.iter().take(top).map(|mapping| &**mapping);
                answer.serialize_entry(name, &Each(mappings))?;
            }
        }
        answer.end()
    }
}

/// A page of jobs with everything else there is.
pub(super) fn all(core: &Core, options: &Options) -> Result<Content, Refusal> {
    JobsPage::new(core, options, true).map(Content::written)
}

/// A page of jobs.
pub(super) fn jobs(core: &Core, options: &Options) -> Result<Content, Refusal> {
    JobsPage::new(core, options, false).map(Content::written)
}

/// One job with a page of its users.
pub(super) fn job(core: &Core, id: &str, options: &Options) -> Result<Value, Refusal> {
    let (index, picture) = {
        let mut engine = core.look();
        let picture = engine.picture();
        (find(&engine.state, id)?, picture)
    };
    let job = picture.jobs.get(index);
    let mut snapshot = job
        .map(|job| JobSnapshot::of(job, &picture))
        .ok_or_else(|| Refusal(404, "notFound", format!("there is no job '{id}'")))?;
    let page = Page::of(snapshot.users.len(), options)?;
    snapshot.users = page.cut(snapshot.users);
    let mut json = json!(snapshot);
    json["totalUsers"] = json!(page.total);
    if let Some(next) = page.next() {
        json["nextSkip"] = json!(next);
    }
    Ok(json)
}

/// A task, with what the service answers about it.
fn task(task: &Task, picture: &Picture) -> Value {
    let mut json = json!(TaskSnapshot::of(task, picture));
    let resource = sharepoint::tasks::view(task, &picture.settings, picture.now);
    json["resource"] = Value::Object(resource);
    json
}

/// A page of a list, under the name of what it holds.
fn listed(page: Page, name: &str, items: Vec<Value>) -> Content {
    let mut answer = Map::new();
    answer.insert("total".into(), json!(page.total));
    if let Some(next) = page.next() {
        answer.insert("nextSkip".into(), json!(next));
    }
    answer.insert(name.into(), Value::Array(items));
    Content::Json(Value::Object(answer))
}

/// A page of SharePoint tasks, oldest first.
pub(super) fn tasks(core: &Core, options: &Options) -> Result<Content, Refusal> {
    let status = options
        .text("status")
        .map(|text| {
            TaskStatus::ALL
                .into_iter()
                .find(|status| status.as_str().eq_ignore_ascii_case(text))
                .ok_or_else(|| invalid(format!("there is no status '{text}' of tasks")))
        })
        .transpose()?;
    let source = options.text("source").map(str::to_lowercase);
    let picture = core.look().picture();
    let chosen: Vec<&Arc<Task>> = picture
        .tasks
        .iter()
        .filter(|task| {
            let progress = || task.progress(&picture.settings, picture.now).status;
            let own = || task.parameters.source().map(str::to_lowercase);
            status.is_none_or(|status| status == progress())
                && (source.is_none() || source == own())
        })
        .collect();
    let page = Page::of(chosen.len(), options)?;
    let items = page.cut(chosen);
    let items = items.into_iter().map(|one| task(one, &picture)).collect();
    Ok(listed(page, "tasks", items))
}

/// A page of a map, by source.
pub(super) fn mappings(
    core: &Core,
    kind: MappingKind,
    options: &Options,
) -> Result<Content, Refusal> {
    let source = options.text("source").map(str::to_lowercase);
    let picture = core.look().picture();
    let (all, identity) = match kind {
        MappingKind::User => (&picture.user_mappings, "sourceUserIdentity"),
        MappingKind::Group => (&picture.group_mappings, "sourceGroupIdentity"),
    };
    let chosen: Vec<&Arc<Map<String, Value>>> = all
        .iter()
        .filter(|mapping| {
            let members = mapping.get(identity).and_then(Value::as_object);
            source.as_ref().is_none_or(|source| {
                members.is_some_and(|members| {
                    let mut texts = members.values().filter_map(Value::as_str);
                    texts.any(|text| text.to_lowercase() == *source)
                })
            })
        })
        .collect();
    let page = Page::of(chosen.len(), options)?;
    let items = page.cut(chosen);
    let items = items.into_iter().map(|one| json!(**one)).collect();
    Ok(listed(page, "mappings", items))
}
