//! The core: state and request in, answer out. No sockets, no real time.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::answer::{Answer, GraphError, Ids};
use crate::jobs::{self, store::JobStore};
use crate::odata::path::{self, Segment};
use crate::odata::query::{ListOptions, Query};
use crate::operation::Operation;
use crate::route::{self, JobAction, Resource, Version};
use crate::settings::Settings;
use crate::sharepoint::{self, mappings::MappingStore, tasks::TaskStore};

/// Everything the simulated service remembers.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) jobs: JobStore,
    pub(crate) tasks: TaskStore,
    pub(crate) mappings: MappingStore,
    /// The tenant that is called.
    pub(crate) tenant_id: String,
    ids: fastrand::Rng,
}

/// Tells the streams of one seed apart, so that the ids of jobs don't depend on how many requests were made.
pub(crate) fn stream(seed: u64, number: u64) -> fastrand::Rng {
    let mut source = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    fastrand::Rng::with_seed(source.u64(..))
}

/// A random GUID.
pub(crate) fn guid(random: &mut fastrand::Rng) -> Uuid {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid()
}

impl State {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let mut ids = stream(seed, 1);
        let tenant_id = guid(&mut ids).to_string();
        Self {
            settings,
            jobs: JobStore::default(),
            tasks: TaskStore::default(),
            mappings: MappingStore::default(),
            tenant_id,
            ids,
        }
    }

    pub(crate) fn new_id(&mut self) -> Uuid {
        guid(&mut self.ids)
    }

    /// Lets everything happen that is due by `now`.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) {
        self.jobs.settle(now, &self.settings);
    }
}

/// A request as the core sees it; it holds a token, so it is never written out.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as it was sent, percent-encoding and all.
    pub(crate) path: String,
    /// The query as it was sent, without the question mark.
    pub(crate) query: String,
    /// What the `Authorization` header holds.
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    /// Whether the length of the body is known or the body is sent in chunks.
    pub(crate) has_length: bool,
    pub(crate) body: Vec<u8>,
    /// Scheme and host that the caller used, for links.
    pub(crate) origin: String,
}

/// A request once its path is understood.
pub(crate) struct Call<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) version: Version,
    pub(crate) query: Query,
    request: &'a Request,
    body: Option<Value>,
}

impl Call<'_> {
    /// The address of the version, to which a collection is appended.
    pub(crate) fn root(&self) -> String {
        format!("{}/{}", self.request.origin, self.version.as_str())
    }

    /// An `@odata.context` for what stands after the hash sign.
    pub(crate) fn context(&self, what: &str) -> String {
        format!("{}/$metadata#{what}", self.root())
    }

    pub(crate) fn entity_context(&self, collection: &str, select: Option<&[String]>) -> String {
        match select {
            Some(names) => self.context(&format!("{collection}({})/$entity", names.join(","))),
            None => self.context(&format!("{collection}/$entity")),
        }
    }

    pub(crate) fn json(&self) -> Result<&Value, GraphError> {
        self.body.as_ref().ok_or_else(|| {
            GraphError::bad_request(
                "The request needs a JSON body and the header 'Content-Type: application/json'.",
            )
        })
    }

    /// A page of a collection in OData's envelope.
    pub(crate) fn collection(
        &self,
        collection: &str,
        options: &ListOptions,
        items: Vec<Value>,
        total: usize,
        next_link: Option<String>,
    ) -> Answer {
        let mut body = Map::new();
        let context = match &options.select {
            Some(names) => self.context(&format!("{collection}({})", names.join(","))),
            None => self.context(collection),
        };
        body.insert("@odata.context".into(), json!(context));
        if options.count {
            body.insert("@odata.count".into(), json!(total));
        }
        if let Some(link) = next_link {
            body.insert("@odata.nextLink".into(), json!(link));
        }
        body.insert("value".into(), Value::Array(items));
        Answer::json(200, Value::Object(body))
    }
}

/// Who may call.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// The only token accepted, any when absent.
    pub(crate) token: Option<String>,
    /// The scopes of the caller, all when absent.
    pub(crate) scopes: Option<Vec<String>>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Access")
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// A request whose operation is known, ready to take effect.
pub(crate) struct Prepared {
    version: Version,
    query: Query,
    pub(crate) resource: Resource,
    pub(crate) operation: Operation,
}

impl Prepared {
    /// The job that the path names, as the caller wrote it.
    pub(crate) fn job(&self) -> Option<&str> {
        match &self.resource {
            Resource::Job(key)
            | Resource::JobAction(key, _)
            | Resource::Users(key)
            | Resource::UsersCount(key)
            | Resource::User(key, _)
            | Resource::UserCancel(key, _) => Some(key.as_str()),
            _ => None,
        }
    }

    /// The user of a job that the path names.
    pub(crate) fn user(&self) -> Option<&str> {
        match &self.resource {
            Resource::User(_, user) | Resource::UserCancel(_, user) => Some(user),
            _ => None,
        }
    }
}

/// Finds out what a request is about without changing anything.
pub(crate) fn prepare(state: &State, request: &Request) -> Result<Prepared, GraphError> {
    let segments: Vec<Segment> =
        path::parse(&request.path).map_err(|error| GraphError::bad_request(error.to_string()))?;
    let version = route::version(&segments)?;
    let query = Query::parse(&request.query, version)?;
    let resource = route::resource(version, segments.get(1..).unwrap_or_default(), &query)?;
    let resource = match resource {
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
    })
}

/// Checks who calls and whether the request is one that HTTP allows.
pub(crate) fn admit(
    access: &Access,
    settings: &Settings,
    request: &Request,
    operation: Option<Operation>,
) -> Result<(), GraphError> {
    let bearer = request.authorization.as_deref().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    });
    let refusal = match (bearer, &access.token) {
        (None, _) => Some("Access token is empty."),
        (Some(given), Some(expected)) if given != expected => {
            Some("Access token validation failure.")
        }
        (Some(_), _) => None,
    };
    if let Some(message) = refusal {
        return Err(GraphError::new(401, "InvalidAuthenticationToken", message)
            .with_header("www-authenticate", "Bearer realm=\"\""));
    }
    if let (Some(operation), Some(scopes)) = (operation, &access.scopes) {
        let wanted = scopes_of(operation, settings);
        let has = |scope: &&str| scopes.iter().any(|given| given.eq_ignore_ascii_case(scope));
        if !wanted.iter().any(has) {
            return Err(if operation.is_of_jobs() {
                GraphError::new(
                    403,
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                )
            } else {
                GraphError::new(403, "accessDenied", "Access denied")
            });
        }
    }
    if request.method == "POST" && !request.has_length {
        return Err(GraphError::new(
            411,
            "LengthRequired",
            "A POST request needs the header 'Content-Length', even without a body.",
        ));
    }
    Ok(())
}

/// The scopes of which any one allows the operation.
fn scopes_of(operation: Operation, settings: &Settings) -> &'static [&'static str] {
    const JOBS_READ: &str = "CrossTenantContentMigration.Read.All";
    const JOBS_WRITE: &str = "CrossTenantContentMigration.ReadWrite.All";
    const TASKS_READ: &str = "SharePointCrossTenantMigration.Read.All";
    const TASKS_MANAGE: &str = "SharePointCrossTenantMigration.Manage.All";
    match (operation.is_of_jobs(), operation.reads()) {
        (true, true) => &[JOBS_READ, JOBS_WRITE],
        (true, false) => &[JOBS_WRITE],
        (false, true) if settings.manage_allows_reading => &[TASKS_READ, TASKS_MANAGE],
        (false, true) => &[TASKS_READ],
        (false, false) => &[TASKS_MANAGE],
    }
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
    )
}

fn read_body(request: &Request) -> Result<Option<Value>, GraphError> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let kind = request.content_type.as_deref().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(GraphError::bad_request(
            "A request with a body needs the header 'Content-Type: application/json'.",
        ));
    }
    serde_json::from_slice(&request.body)
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
    if !prepared.operation.is_of_jobs() {
        return sharepoint::perform(state, &call, prepared);
    }
    match &prepared.resource {
        Resource::Jobs if prepared.operation == Operation::ListJobs => {
            jobs::api::list(state, &call)
        }
        Resource::Jobs => jobs::api::create(state, &call),
        Resource::JobsCount => Ok(jobs::api::count(state)),
        Resource::CollectionValidate => jobs::api::collection_validate(state, &call),
        Resource::Job(key) => match prepared.operation {
            Operation::UpdateJob => jobs::api::update(state, &call, key),
            Operation::DeleteJob => jobs::api::delete(state, key, now),
            _ => jobs::api::get_one(state, &call, key),
        },
        Resource::JobAction(key, JobAction::Cancel) => jobs::api::cancel(state, &call, key),
        Resource::JobAction(key, JobAction::Validate) => jobs::api::validate(state, &call, key),
        Resource::JobAction(key, JobAction::Migrate) => jobs::api::migrate(state, &call, key),
        Resource::Users(key) => jobs::users::list(state, &call, key),
        Resource::UsersCount(key) => jobs::users::count(state, key),
        Resource::User(key, user) => jobs::users::get_one(state, &call, key, user),
        Resource::UserCancel(key, user) => jobs::users::cancel(state, &call, key, user),
        Resource::Tasks
        | Resource::TasksCount
        | Resource::Task(_)
        | Resource::TaskCancel(_)
        | Resource::TaskBySource(..)
        | Resource::Mappings(_)
        | Resource::MappingsCount(_)
        | Resource::Mapping(..) => sharepoint::perform(state, &call, prepared),
    }
}

/// The identifiers of a request: the service's own, and the caller's if it sent one.
pub(crate) fn ids(random: &mut fastrand::Rng, client_request: Option<String>) -> Ids {
    let request = guid(random).to_string();
    Ids {
        client_request: client_request.unwrap_or_else(|| request.clone()),
        request,
    }
}
