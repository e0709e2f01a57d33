//! Sending questions through the library, and keeping what came.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use msgraph_migrations::{
    CallOptions, Client, DescribedRequest, Error, ErrorKind, GetOptions, HeaderMap, ListOptions,
    Response, RetryPolicy, Version,
};
use serde::Serialize;

use super::answer::{Answer, Body, Library};
use super::questions::{self, Call, Known, Named, Question};

/// How often a question is asked again after it was throttled; each time waits as long as the service asks.
const MAX_THROTTLED: usize = 5;

/// What becomes of a question that the token does not allow.
#[derive(Clone, Debug, Default)]
pub struct Scopes(pub Option<Vec<String>>);

/// Asks everything, each question after the other.
#[derive(Debug)]
pub struct Asking<'a> {
    client: &'a Client,
    named: Named,
    /// Whether the token lacks what an operation needs.
    is_forbidden: fn(&Scopes, &'static msgraph_migrations::Operation) -> bool,
    scopes: Scopes,
    /// An id that nothing has.
    unknown: String,
}

impl<'a> Asking<'a> {
    pub fn new(
        client: &'a Client,
        named: Named,
        scopes: Scopes,
        is_forbidden: fn(&Scopes, &'static msgraph_migrations::Operation) -> bool,
    ) -> Self {
        Self {
            client,
            named,
            is_forbidden,
            scopes,
            unknown: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// The requests, with placeholders for ids that only answers tell; nothing is sent.
    pub async fn describe(&self) -> Vec<DescribedRequest> {
        let known = self.placeholders();
        let mut described = Vec::new();
        for question in self.all(&known) {
            described.extend(describe(self.client, &question.call).await);
        }
        described
    }

    /// The same through the client itself, which describes what it is handed where nothing is to be sent.
    pub async fn describe_through(&self) {
        let known = self.placeholders();
        for question in self.all(&known) {
            send(self.client, &question.call).await;
        }
    }

    fn placeholders(&self) -> Known {
        let version = match self.client.version() {
            Version::V1 => "v1.0",
            _ => "beta",
        };
        Known::placeholders(self.client.endpoint(), version)
    }

    fn all(&self, known: &Known) -> Vec<Question> {
        let mut all = questions::opening(&self.named, &self.unknown);
        all.extend(questions::following(&self.named, known, &self.unknown));
        all.extend(questions::last(known));
        self.allowed(all)
    }

    /// Of what the token does not allow, one question is asked, for its 403.
    fn allowed(&self, questions: Vec<Question>) -> Vec<Question> {
        let mut refused = Vec::new();
        let mut kept = Vec::new();
        for mut question in questions {
            if (self.is_forbidden)(&self.scopes, question.operation) {
                if refused.contains(&question.operation.id) {
                    continue;
                }
                refused.push(question.operation.id);
                question.expected = 403;
                "missing scope".clone_into(&mut question.about);
            }
            kept.push(question);
        }
        kept
    }

    /// Sends everything; fails when nothing at all can be reached.
    pub async fn ask(&self, mut seen: impl FnMut(&Answer)) -> Result<Vec<Answer>, Error> {
        let mut known = Known::default();
        let mut answers = Vec::new();
        for round in 0..3 {
            let questions = match round {
                0 => questions::opening(&self.named, &self.unknown),
                1 => questions::following(&self.named, &known, &self.unknown),
                _ => questions::last(&known),
            };
            let asked_before: Vec<String> = answers
                .iter()
                .filter(|answer: &&Answer| answer.expected == 403)
                .map(|answer| answer.operation.clone())
                .collect();
            for question in self.allowed(questions) {
                if question.expected == 403
                    && asked_before
                        .iter()
                        .any(|known| known == question.operation.id)
                {
                    continue;
                }
                for _ in 0..=MAX_THROTTLED {
                    let (answer, error) = put(self.client, &question).await;
                    if let Some(error) = error
                        && answers.is_empty()
                        && is_fatal(&error)
                    {
                        return Err(error);
                    }
                    known.learn(&answer);
                    seen(&answer);
                    let is_throttled = answer.status == Some(429);
                    answers.push(answer);
                    if !is_throttled {
                        break;
                    }
                }
            }
        }
        Ok(answers)
    }
}

/// Whether no other question would fare better.
fn is_fatal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Connect | ErrorKind::Token | ErrorKind::Configuration
    )
}

async fn describe(client: &Client, call: &Call) -> Vec<DescribedRequest> {
    let described: Arc<Mutex<Vec<DescribedRequest>>> = Arc::default();
    let requests = Arc::clone(&described);
    let options = CallOptions::new().describe_only(move |request| {
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(request.clone());
    });
    send(&client.with(options), call).await;
    let described = described.lock().unwrap_or_else(PoisonError::into_inner);
    described.clone()
}

async fn put(client: &Client, question: &Question) -> (Answer, Option<Error>) {
    let url = describe(client, &question.call).await;
    let url = url.into_iter().next().map(|request| request.url);
    let id = uuid::Uuid::new_v4().to_string();
    let options = CallOptions::new()
        .client_request_id(&id)
        .retry(RetryPolicy::never());
    let client = client.with(options);
    let start = Instant::now();
    let taken = send(&client, &question.call).await;
    let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let answer = Answer {
        operation: question.operation.id.to_owned(),
        question: question.about.clone(),
        expected: question.expected,
        url: url.unwrap_or_default(),
        client_request_id: id,
        milliseconds,
        status: taken.status,
        headers: taken.headers,
        body: taken.body,
        library: taken.library,
    };
    (answer, taken.error)
}

/// An answer, or why there is none.
struct Taken {
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Body,
    library: Library,
    error: Option<Error>,
}

async fn send(client: &Client, call: &Call) -> Taken {
    let get = GetOptions::new;
    match call {
        Call::ListJobs(options) => taken(client.list_jobs(options.clone()).await),
        Call::ListJobsWithUnknownMembers => {
            let client = client.with(CallOptions::new().include_unknown_enum_members());
            taken(
                client
                    .list_jobs(ListOptions::new().top(questions::FEW))
                    .await,
            )
        }
        Call::MoreJobs(link) => page(client.job_pages_from(link).try_next().await),
        Call::GetJob(job, options) => taken(client.get_job(job, options.clone()).await),
        Call::ListUsers(job, options) => taken(client.list_users(job, options.clone()).await),
        Call::MoreUsers(link) => page(client.user_pages_from(link).try_next().await),
        Call::GetUser(job, user, options) => {
            taken(client.get_user(job, user, options.clone()).await)
        }
        Call::GetTask(task, options) => {
            taken(client.get_sharepoint_task(task, options.clone()).await)
        }
        Call::TaskByUser(user) => taken(
            client
                .get_sharepoint_task_by_source_user_principal_name(user, get())
                .await,
        ),
        Call::TaskBySite(site) => taken(
            client
                .get_sharepoint_task_by_source_site_url(site, get())
                .await,
        ),
        Call::TaskByGroup(group) => taken(
            client
                .get_sharepoint_task_by_source_group_mail_nickname(group, get())
                .await,
        ),
        Call::UserMapping(user) => taken(client.get_user_mapping(user, get()).await),
        Call::GroupMapping(group) => taken(client.get_group_mapping(group, get()).await),
    }
}

fn page<T: Serialize>(result: Result<Option<Response<T>>, Error>) -> Taken {
    match result.transpose() {
        Some(result) => taken(result),
        // A stream that ends before its first page was not asked anything.
        None => Taken {
            status: None,
            headers: Vec::new(),
            body: Body::Empty,
            library: Library {
                fails: Some("no page came".to_owned()),
                ..Library::default()
            },
            error: None,
        },
    }
}

fn taken<T: Serialize>(result: Result<Response<T>, Error>) -> Taken {
    match result {
        Ok(response) => Taken {
            status: Some(response.status().as_u16()),
            headers: headers(response.headers()),
            body: Body::read(&response.text()),
            library: Library {
                fails: None,
                left_out: response
                    .deviations()
                    .iter()
                    .map(|deviation| (deviation.pointer.clone(), deviation.reason.clone()))
                    .collect(),
                value: serde_json::to_value(response.value()).ok(),
            },
            error: None,
        },
        Err(error) => Taken {
            status: error.status().map(|status| status.as_u16()),
            headers: error.headers().map(headers).unwrap_or_default(),
            body: error.text().map_or(Body::Empty, |text| Body::read(&text)),
            library: Library {
                fails: Some(format!("{:?}", error.kind())),
                ..Library::default()
            },
            error: Some(error),
        },
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let pairs = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    pairs.collect()
}
