//! The core: state and request in, answer out. No sockets, no real time.

pub(crate) mod admit;
pub(crate) mod batch;
mod route;

use chrono::{DateTime, Utc};
use serde_json::Value;

use self::route::{JobAction, Resource};
use crate::answer::{Answer, Body, GraphError};
use crate::body::without_mark;
use crate::call::{Call, Request};
use crate::jobs;
use crate::odata::path::{self, Segment};
use crate::odata::query::Query;
use crate::odata::version::Version;
use crate::operation::Operation;
use crate::sharepoint::{mappings, tasks};
use crate::state::State;

/// A request whose operation is known, whether or not it can take effect.
pub(crate) struct Prepared {
    pub(crate) version: Version,
    query: Query,
    resource: Resource,
    pub(crate) operation: Operation,
    /// Why it is refused although path and method name an operation.
    wrong: Option<GraphError>,
}

impl Prepared {
    /// The job that the path names, as the caller wrote it.
    pub(crate) fn job(&self) -> Option<&str> {
        let key = match &self.resource {
            Resource::Job(key)
            | Resource::JobAction(key, _)
            | Resource::Users(key)
            | Resource::UsersCount(key)
            | Resource::User(key, _)
            | Resource::UserCancel(key, _) => key.as_str(),
            _ => return None,
        };
        Some(key).filter(|key| !key.is_empty())
    }

    /// The user of a job that the path names.
    pub(crate) fn user(&self) -> Option<&str> {
        match &self.resource {
            Resource::User(_, user) | Resource::UserCancel(_, user) => {
                Some(user.as_str()).filter(|user| !user.is_empty())
            }
            _ => None,
        }
    }

    /// Refuses a request that says what it wants but not in a way that the service takes.
    pub(crate) fn check(&self) -> Result<(), GraphError> {
        self.query.check()?;
        self.wrong.clone().map_or(Ok(()), Err)
    }
}

/// Finds out what a request is about without changing anything.
pub(crate) fn prepare(state: &State, request: &Request) -> Result<Prepared, GraphError> {
    let segments: Vec<Segment> =
        path::parse(&request.path).map_err(|error| GraphError::bad_request(error.to_string()))?;
    let version = route::version(&segments)?;
    let query = Query::parse(&request.query, version);
    let routed = route::resource(version, segments.get(1..).unwrap_or_default(), &query)?;
    let resource = match routed.resource {
        // Where the collection has no such action, «validate» is the name of a job.
        Resource::Job(key)
            if state.settings.collection_validate
                && key.as_str().eq_ignore_ascii_case("validate")
                && request.method == "POST" =>
        {
            Resource::CollectionValidate
        }
        resource => resource,
    };
    let operations = resource.operations();
    let operation = operations
        .iter()
        .find(|(method, _)| *method == request.method)
        .map(|(_, operation)| *operation);
    let Some(operation) = operation else {
        let allowed: Vec<&str> = operations.iter().map(|(method, _)| *method).collect();
        return Err(GraphError::new(
            405,
            "MethodNotAllowed",
            format!("The method {} isn't allowed here.", request.method),
        )
        .with_header("allow", allowed.join(", ")));
    };
    Ok(Prepared {
        version,
        query,
        resource,
        operation,
        wrong: routed.wrong,
    })
}

/// Whether the operation has a body to read.
fn takes_body(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::CreateJob
            | Operation::UpdateJob
            | Operation::CreateTask
            | Operation::UpdateMappings(_)
            | Operation::CollectionValidate
            | Operation::Batch
    )
}

pub(super) fn read_body(request: &Request) -> Result<Option<Value>, GraphError> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let kind = request.content_type.as_deref().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(GraphError::new(
            415,
            "UnsupportedMediaType",
            "A request with a body needs the header 'Content-Type: application/json'.",
        ));
    }
    serde_json::from_slice(without_mark(&request.body))
        .map(Some)
        .map_err(|error| {
            GraphError::bad_request(format!("The request body isn't valid JSON: {error}."))
        })
}

/// Lets a request take effect, or refuses it.
pub(crate) fn perform(
    state: &mut State,
    request: &Request,
    prepared: &Prepared,
    now: DateTime<Utc>,
) -> Result<Answer, GraphError> {
    prepared.check()?;
    let body = if takes_body(prepared.operation) {
        read_body(request)?
    } else {
        None
    };
    let call = Call {
        now,
        version: prepared.version,
        query: prepared.query.clone(),
        request,
        body,
    };
    match &prepared.resource {
        Resource::Jobs if prepared.operation == Operation::ListJobs => {
            jobs::api::list(state, &call)
        }
        Resource::Jobs => jobs::api::create(state, &call),
        Resource::JobsCount => Ok(jobs::api::count(state)),
        Resource::CollectionValidate => jobs::api::collection_validate(state, &call),
        Resource::Job(key) => match prepared.operation {
            Operation::UpdateJob => jobs::api::update(state, &call, key),
            Operation::DeleteJob => jobs::api::delete(state, key, request.if_match.as_deref(), now),
            _ => jobs::api::get_one(state, &call, key),
        },
        Resource::JobAction(key, JobAction::Cancel) => jobs::api::cancel(state, &call, key),
        Resource::JobAction(key, JobAction::Validate) => jobs::api::validate(state, &call, key),
        Resource::JobAction(key, JobAction::Migrate) => jobs::api::migrate(state, &call, key),
        Resource::Users(key) => jobs::users::list(state, &call, key),
        Resource::UsersCount(key) => jobs::users::count(state, key),
        Resource::User(key, user) => jobs::users::get_one(state, &call, key, user),
        Resource::UserCancel(key, user) => jobs::users::cancel(state, &call, key, user),
        Resource::Tasks => tasks::create(state, &call),
        Resource::TasksCount => Ok(Answer::count(state.tasks.len())),
        Resource::Task(id) => tasks::get(state, &call, id),
        Resource::TaskCancel(id) => tasks::cancel(state, &call, id),
        Resource::TaskBySource(source, key) => tasks::get_by_source(state, &call, *source, key),
        Resource::Mappings(kind) => mappings::update(state, &call, *kind),
        Resource::MappingsCount(kind) => Ok(Answer::count(state.mappings.len(*kind))),
        Resource::Mapping(kind, key) => mappings::get(state, &call, *kind, key),
        Resource::Metadata => Ok(Answer {
            body: Body::Xml(match prepared.version {
                Version::V1 => include_str!("metadata/v1.0.xml"),
                Version::Beta => include_str!("metadata/beta.xml"),
            }),
            ..Answer::empty(200)
        }),
        Resource::Batch => Err(GraphError::bad_request("A batch can't hold a batch.")),
    }
}
