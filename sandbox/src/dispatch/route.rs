//! Which resource a path names, and which operation a method on it is.

use crate::answer::GraphError;
use crate::odata::path::{Argument, ArgumentValue, Segment, unqualified};
use crate::odata::query::Query;
use crate::odata::version::Version;
use crate::operation::{MappingKind, Operation, TaskSource};
use crate::state::job_store::JobKey;

/// What can be done to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobAction {
    Cancel,
    Validate,
    Migrate,
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Jobs,
    JobsCount,
    CollectionValidate,
    Job(JobKey),
    JobAction(JobKey, JobAction),
    Users(JobKey),
    UsersCount(JobKey),
    User(JobKey, String),
    UserCancel(JobKey, String),
    Tasks,
    TasksCount,
    Task(String),
    TaskCancel(String),
    TaskBySource(TaskSource, String),
    Mappings(MappingKind),
    MappingsCount(MappingKind),
    Mapping(MappingKind, String),
    Metadata,
    Batch,
}

impl Resource {
    /// The methods that the resource takes, each with its operation.
    pub(crate) fn operations(&self) -> Vec<(&'static str, Operation)> {
        match self {
            Self::Jobs => vec![("GET", Operation::ListJobs), ("POST", Operation::CreateJob)],
            Self::JobsCount => vec![("GET", Operation::CountJobs)],
            Self::CollectionValidate => vec![("POST", Operation::CollectionValidate)],
            Self::Job(_) => vec![
                ("GET", Operation::GetJob),
                ("PATCH", Operation::UpdateJob),
                ("DELETE", Operation::DeleteJob),
            ],
            Self::JobAction(_, action) => vec![(
                "POST",
                match action {
                    JobAction::Cancel => Operation::CancelJob,
                    JobAction::Validate => Operation::ValidateJob,
                    JobAction::Migrate => Operation::MigrateJob,
                },
            )],
            Self::Users(_) => vec![("GET", Operation::ListUsers)],
            Self::UsersCount(_) => vec![("GET", Operation::CountUsers)],
            Self::User(..) => vec![("GET", Operation::GetUser)],
            Self::UserCancel(..) => vec![("POST", Operation::CancelUser)],
            Self::Tasks => vec![("POST", Operation::CreateTask)],
            Self::TasksCount => vec![("GET", Operation::CountTasks)],
            Self::Task(_) => vec![("GET", Operation::GetTask)],
            Self::TaskCancel(_) => vec![("POST", Operation::CancelTask)],
            Self::TaskBySource(source, _) => vec![("GET", Operation::GetTaskBySource(*source))],
            Self::Mappings(kind) => vec![("PATCH", Operation::UpdateMappings(*kind))],
            Self::MappingsCount(kind) => vec![("GET", Operation::CountMappings(*kind))],
            Self::Mapping(kind, _) => vec![("GET", Operation::GetMapping(*kind))],
            Self::Metadata => vec![("GET", Operation::GetMetadata)],
            Self::Batch => vec![("POST", Operation::Batch)],
        }
    }
}

/// The version that the first segment names.
pub(crate) fn version(segments: &[Segment]) -> Result<Version, GraphError> {
    match segments.first() {
        Some(Segment::Plain(name)) if name.eq_ignore_ascii_case("v1.0") => Ok(Version::V1),
        Some(Segment::Plain(name)) if name.eq_ignore_ascii_case("beta") => Ok(Version::Beta),
        _ => Err(GraphError::new(
            404,
            "ResourceNotFound",
            "The path starts with neither 'v1.0' nor 'beta'.",
        )),
    }
}

/// A resource, with what keeps it from being found although the path names it.
pub(crate) struct Routed {
    pub(crate) resource: Resource,
    /// Why a key of the resource can't be told; the key is empty then.
    pub(crate) wrong: Option<GraphError>,
}

/// The resource that the segments after the version name.
pub(crate) fn resource(
    version: Version,
    segments: &[Segment],
    query: &Query,
) -> Result<Routed, GraphError> {
    let mut keys = Keys { query, wrong: None };
    let resource = find(version, segments, &mut keys)?;
    Ok(Routed {
        resource,
        wrong: keys.wrong,
    })
}

fn find(
    version: Version,
    segments: &[Segment],
    keys: &mut Keys<'_>,
) -> Result<Resource, GraphError> {
    let path: Vec<Part<'_>> = segments.iter().map(Part::of).collect();
    match path.as_slice() {
        [metadata] if metadata.is("$metadata") => Ok(Resource::Metadata),
        [batch] if batch.is("$batch") => Ok(Resource::Batch),
        [solutions, migrations, rest @ ..]
            if solutions.is("solutions") && migrations.is("migrations") =>
        {
            jobs(rest, keys)
        }
        [solutions, sharepoint, migrations, rest @ ..]
            if version == Version::Beta
                && solutions.is("solutions")
                && sharepoint.is("sharepoint")
                && migrations.is("migrations") =>
        {
            sharepoint_resource(rest, keys)
        }
        _ => Err(unknown(first_unknown(version, &path))),
    }
}

/// The segment at which a path leaves what there is under a version.
fn first_unknown<'a, 'b>(version: Version, path: &'b [Part<'a>]) -> Option<&'b Part<'a>> {
    let known = |names: &[&str]| {
        let matching = path
            .iter()
            .zip(names)
            .take_while(|(part, name)| part.is(name));
        matching.count()
    };
    let sharepoint: &[&str] = match version {
        Version::Beta => &["solutions", "sharepoint", "migrations"],
        Version::V1 => &["solutions"],
    };
    let reached = known(sharepoint).max(known(&["solutions", "migrations"]));
    path.get(reached).or(path.last())
}

/// A segment with the name to compare by.
struct Part<'a> {
    name: String,
    text: &'a str,
    arguments: Option<&'a [Argument]>,
}

impl<'a> Part<'a> {
    fn of(segment: &'a Segment) -> Self {
        let (text, arguments) = match segment {
            Segment::Plain(text) => (text, None),
            Segment::Call { name, arguments } => (name, Some(arguments.as_slice())),
        };
        Self {
            name: unqualified(text).to_ascii_lowercase(),
            text,
            arguments,
        }
    }

    fn is(&self, name: &str) -> bool {
        self.arguments.is_none() && self.name == name
    }

    fn calls(&self, name: &str) -> Option<&'a [Argument]> {
        self.arguments.filter(|_| self.name == name)
    }

    fn key(&self) -> Option<String> {
        (self.arguments.is_none() && !self.text.trim().is_empty()).then(|| self.text.to_owned())
    }
}

fn unknown(part: Option<&Part<'_>>) -> GraphError {
    let name = part.map_or("", |part| part.text);
    GraphError::new(
        404,
        "ResourceNotFound",
        format!("Resource not found for the segment '{name}'."),
    )
}

/// The keys of a path, of which some stand in the query.
struct Keys<'a> {
    query: &'a Query,
    /// Why the first key that can't be told can't be.
    wrong: Option<GraphError>,
}

impl Keys<'_> {
    /// The value of the only argument, which has the name `name` or none; absent if that isn't what is there.
    fn value(&mut self, arguments: &[Argument], name: Option<&str>) -> Option<String> {
        let [one] = arguments else { return None };
        let is_meant = match (&one.name, name) {
            (None, None) => true,
            (Some(given), Some(wanted)) => given.eq_ignore_ascii_case(wanted),
            _ => false,
        };
        match &one.value {
            _ if !is_meant => None,
            ArgumentValue::Text(text) => Some(text.clone()),
            ArgumentValue::Alias(alias) => Some(self.query.alias(alias).unwrap_or_else(|error| {
                self.wrong.get_or_insert(error);
                String::new()
            })),
        }
    }

    /// The value of the only argument, or else an empty one and the refusal that the service has for it.
    fn required(&mut self, arguments: &[Argument], name: Option<&str>, parameter: &str) -> String {
        let value = self.value(arguments, name).unwrap_or_default();
        if value.trim().is_empty() {
            self.missing(parameter);
        }
        value
    }

    fn missing(&mut self, parameter: &str) {
        self.wrong
            .get_or_insert_with(|| GraphError::missing_parameter(parameter));
    }
}

const JOBS: &str = "crosstenantmigrationjobs";

fn jobs(path: &[Part<'_>], keys: &mut Keys<'_>) -> Result<Resource, GraphError> {
    let Some((collection, rest)) = path.split_first() else {
        return Err(unknown(None));
    };
    if let Some(arguments) = collection.calls(JOBS) {
        let key = match keys.value(arguments, None) {
            Some(key) => JobKey::IdOrName(key),
            None => JobKey::AlternateKey(
                keys.value(arguments, Some("displayName"))
                    .ok_or_else(|| unknown(Some(collection)))?,
            ),
        };
        return job(key, rest, keys);
    }
    if !collection.is(JOBS) {
        return Err(unknown(Some(collection)));
    }
    match rest {
        [] => Ok(Resource::Jobs),
        [count] if count.is("$count") => Ok(Resource::JobsCount),
        [key, rest @ ..] => {
            let key = key.key().ok_or_else(|| unknown(Some(key)))?;
            job(JobKey::IdOrName(key), rest, keys)
        }
    }
}

fn job(key: JobKey, path: &[Part<'_>], keys: &mut Keys<'_>) -> Result<Resource, GraphError> {
    let [first, rest @ ..] = path else {
        return Ok(Resource::Job(key));
    };
    let action = match first.name.as_str() {
        "cancel" => Some(JobAction::Cancel),
        "validate" => Some(JobAction::Validate),
        "migrate" => Some(JobAction::Migrate),
        _ => None,
    };
    if let (Some(action), [], None) = (action, rest, first.arguments) {
        return Ok(Resource::JobAction(key, action));
    }
    // The metadata gives the alternate key no way on to the users.
    if matches!(key, JobKey::AlternateKey(_)) {
        return Err(unknown(Some(first)));
    }
    if let Some(arguments) = first.calls("users") {
        let user = keys
            .value(arguments, None)
            .ok_or_else(|| unknown(Some(first)))?;
        return user_of(key, user, rest);
    }
    if !first.is("users") {
        return Err(unknown(Some(first)));
    }
    match rest {
        [] => Ok(Resource::Users(key)),
        [count] if count.is("$count") => Ok(Resource::UsersCount(key)),
        [user, rest @ ..] => {
            let user = user.key().ok_or_else(|| unknown(Some(user)))?;
            user_of(key, user, rest)
        }
    }
}

fn user_of(key: JobKey, user: String, rest: &[Part<'_>]) -> Result<Resource, GraphError> {
    match rest {
        [] => Ok(Resource::User(key, user)),
        [cancel] if cancel.is("cancel") => Ok(Resource::UserCancel(key, user)),
        [other, ..] => Err(unknown(Some(other))),
    }
}

const TASKS: &str = "crossorganizationmigrationtasks";

/// The functions that look a task up, with the name of their parameter.
const FUNCTIONS: [(&str, &str, TaskSource); 3] = [
    (
        "getbysourceuserprincipalname",
        "sourcePrincipalName",
        TaskSource::UserPrincipalName,
    ),
    ("getbysourcesiteurl", "sourceSiteUrl", TaskSource::SiteUrl),
    (
        "getbysourcegroupmailnickname",
        "sourceGroupMailNickname",
        TaskSource::GroupMailNickname,
    ),
];

fn sharepoint_resource(path: &[Part<'_>], keys: &mut Keys<'_>) -> Result<Resource, GraphError> {
    let Some((collection, rest)) = path.split_first() else {
        return Err(unknown(None));
    };
    if collection.name == TASKS {
        return task_resource(collection, rest, keys);
    }
    let (kind, key_name) = match collection.name.as_str() {
        "crossorganizationusermappings" => (MappingKind::User, "sourceUserPrincipalName"),
        "crossorganizationgroupmappings" => (MappingKind::Group, "sourceGroupObjectId"),
        _ => return Err(unknown(Some(collection))),
    };
    match (collection.arguments, rest) {
        (None, []) => Ok(Resource::Mappings(kind)),
        (None, [count]) if count.is("$count") => Ok(Resource::MappingsCount(kind)),
        (Some(arguments), []) => Ok(Resource::Mapping(
            kind,
            keys.required(arguments, Some(key_name), key_name),
        )),
        (_, [other, ..]) => Err(unknown(Some(other))),
    }
}

const TASK_ID: &str = "sharePointMigrationTaskId";

fn task_resource(
    collection: &Part<'_>,
    rest: &[Part<'_>],
    keys: &mut Keys<'_>,
) -> Result<Resource, GraphError> {
    if let Some(arguments) = collection.arguments {
        return task(keys.required(arguments, None, TASK_ID), rest);
    }
    let Some((first, after)) = rest.split_first() else {
        return Ok(Resource::Tasks);
    };
    if first.is("$count") && after.is_empty() {
        return Ok(Resource::TasksCount);
    }
    if let Some((_, parameter, source)) = FUNCTIONS.iter().find(|(name, ..)| *name == first.name) {
        if let Some(other) = after.first() {
            return Err(unknown(Some(other)));
        }
        let arguments = first.arguments.unwrap_or_default();
        let value = keys.required(arguments, Some(parameter), parameter);
        return Ok(Resource::TaskBySource(*source, value));
    }
    let id = first.key().unwrap_or_else(|| {
        keys.missing(TASK_ID);
        String::new()
    });
    task(id, after)
}

fn task(id: String, rest: &[Part<'_>]) -> Result<Resource, GraphError> {
    match rest {
        [] => Ok(Resource::Task(id)),
        [cancel] if cancel.is("cancel") => Ok(Resource::TaskCancel(id)),
        [other, ..] => Err(unknown(Some(other))),
    }
}
